//! Running a program in its budget: at first on the calling thread, and if that is not enough once more in a thread of its own.
//!
//! A program is pure, so running it again from the start is safe. What stops it is in `value::meter`: steps, the
//! stack, the depth of values and the clock. `docs/jq.md` says what is charged.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use jaq_core::{Ctx, Exn, Filter, Vars};
use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout_at;

use crate::value::meter::{Metered, Stop};
use crate::value::{Value, cut};

use super::Error;
use super::glue::{Kind, Table};

/// Steps on the calling thread: a few milliseconds.
const SHORT: u64 = 20_000;
/// How far a short run may go down the stack. Workers have 2 MiB; closures and paths that were chained need some more when they are dropped.
const SHORT_STACK: usize = 640 << 10;
/// How far a long run may go down the stack.
const LONG_STACK: usize = 48 << 20;
/// What dropping chains of closures or paths may need, for each step that made one longer.
const STACK_PER_STEP: usize = 96;
/// From the moment a long run is asked for, waiting for its turn included.
const TIME: Duration = Duration::from_secs(2);

/// As many long runs at once as there are cores.
static TURNS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Arc::new(Semaphore::new(cores))
});

/// A run on the calling thread; `None` if it is a long one.
pub(super) fn short(
    filter: &Filter<Kind>,
    vars: Vec<Value>,
    steps: u64,
) -> Option<Result<Value, Error>> {
    let short = steps.min(SHORT);
    match metered(filter, vars, Metered::start(short, SHORT_STACK, None)) {
        Ok(output) => Some(output),
        Err(Stop::Fuel) if steps <= SHORT => Some(Err(spent(Stop::Fuel))),
        Err(Stop::Fuel | Stop::Stack | Stop::Deadline) => None,
        Err(Stop::Depth) => Some(Err(spent(Stop::Depth))),
    }
}

/// A run in a thread of its own.
pub(super) async fn long(
    filter: impl AsRef<Filter<Kind>> + Send + 'static,
    vars: Vec<Value>,
    steps: u64,
) -> Result<Value, Error> {
    let deadline = Instant::now() + TIME;
    let late = |_| spent(Stop::Deadline);
    let turn = timeout_at(deadline.into(), TURNS.clone().acquire_owned()).await.map_err(late)?;
    let (send, receive) = oneshot::channel();
    let chains = usize::try_from(steps).unwrap_or(usize::MAX).saturating_mul(STACK_PER_STEP);
    let thread = std::thread::Builder::new().name("jq".to_owned());
    let thread = thread.stack_size((LONG_STACK + (16 << 20)).saturating_add(chains));
    let thread = thread.spawn(move || {
        let meter = Metered::start(steps, LONG_STACK, Some(deadline));
        let output = metered(filter.as_ref(), vars, meter).unwrap_or_else(|stop| Err(spent(stop)));
        drop(turn);
        // whoever asked may be gone
        _ = send.send(output);
    });
    thread.map_err(|error| Error::Bug(error.to_string()))?;
    let bug = |_| Error::Bug("the thread ended".to_owned());
    timeout_at(deadline.into(), receive).await.map_err(late)?.map_err(bug)?
}

fn spent(stop: Stop) -> Error {
    Error::Budget(match stop {
        Stop::Fuel => "steps",
        Stop::Stack => "recursion",
        Stop::Depth => "nesting",
        Stop::Deadline => "time",
    })
}

fn metered(
    filter: &Filter<Kind>,
    vars: Vec<Value>,
    meter: Metered,
) -> Result<Result<Value, Error>, Stop> {
    let output = catch_unwind(AssertUnwindSafe(|| one_output(filter, vars)));
    drop(meter);
    output.or_else(|payload| match payload.downcast::<Stop>() {
        Ok(stop) => Err(*stop),
        Err(_) => Ok(Err(Error::Bug("a panic".to_owned()))),
    })
}

fn one_output(filter: &Filter<Kind>, vars: Vec<Value>) -> Result<Value, Error> {
    let context = Ctx::<Kind>::new(Table(&filter.lut), Vars::new(vars));
    let mut outputs = filter.id.run((context, Value::Null));
    let output = outputs.next().ok_or(Error::NotOne(0))?.map_err(failed)?;
    match outputs.next() {
        None => Ok(output),
        Some(Ok(_)) => Err(Error::NotOne(2)),
        Some(Err(exception)) => Err(failed(exception)),
    }
}

fn failed(exception: Exn<'_, Value>) -> Error {
    match exception.get_err().map(jaq_core::Error::into_val) {
        Ok(Value::Str(text)) => Error::Failed(cut(&text, 1000).to_owned()),
        Ok(value) => Error::Failed(value.to_string()),
        Err(_) => Error::Failed("it broke out of a label that is not there".to_owned()),
    }
}
