//! What a running program has spent. Costs nothing to speak of where no program runs.
//!
//! Every operation on values pays here by its size. When the budget is gone the thread unwinds with a [`Stop`], which no
//! `try` of a program can catch; `jq` catches it around the run. The panic hook is not called.

use std::cell::Cell;
use std::panic::resume_unwind;
use std::time::Instant;

/// What was used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Steps.
    Fuel,
    /// Room on the thread's stack.
    Stack,
    /// Nesting of a value.
    Depth,
    /// Time.
    Deadline,
}

/// Steps between two looks at the clock.
const SLICE: u64 = 1024;

#[derive(Clone, Copy)]
struct Rest {
    fuel: u64,
    deadline: Option<Instant>,
}

const OFF: Rest = Rest { fuel: u64::MAX, deadline: None };

thread_local! {
    static FUEL: Cell<u64> = const { Cell::new(SLICE) };
    static LOWEST: Cell<usize> = const { Cell::new(0) };
    static REST: Cell<Rest> = const { Cell::new(OFF) };
}

/// Switches the meter on for this thread until it is dropped.
pub(crate) struct Metered(());

impl Metered {
    /// `stack` is how many bytes the run may go below this call.
    pub(crate) fn start(fuel: u64, stack: usize, deadline: Option<Instant>) -> Self {
        REST.set(Rest { fuel, deadline });
        FUEL.set(0);
        LOWEST.set(stack_pointer().saturating_sub(stack));
        Self(())
    }
}

impl Drop for Metered {
    fn drop(&mut self) {
        REST.set(OFF);
        FUEL.set(SLICE);
        LOWEST.set(0);
    }
}

/// Pays for one evaluated term or one compared value, and checks the stack.
#[inline]
pub(crate) fn tick() {
    if stack_pointer() < LOWEST.get() {
        stop(Stop::Stack)
    }
    charge(1);
}

/// Pays for `steps`.
#[inline]
pub(crate) fn charge(steps: u64) {
    let fuel = FUEL.get();
    if fuel < steps {
        return refill(steps - fuel);
    }
    FUEL.set(fuel - steps);
}

/// Pays for work on so many bytes.
#[inline]
pub(crate) fn charge_bytes(bytes: usize) {
    charge(1 + (bytes as u64 >> 6));
}

/// What the rest of the budget allows in bytes.
pub(crate) fn bytes_left() -> usize {
    let fuel = REST.get().fuel.saturating_add(FUEL.get());
    usize::try_from(fuel.saturating_mul(64)).unwrap_or(usize::MAX)
}

/// Ends the run.
#[cold]
#[inline(never)]
pub(crate) fn stop(why: Stop) -> ! {
    resume_unwind(Box::new(why))
}

#[cold]
#[inline(never)]
fn refill(missing: u64) {
    let Rest { fuel, deadline } = REST.get();
    if fuel < missing {
        stop(Stop::Fuel)
    }
    if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
        stop(Stop::Deadline)
    }
    let slice = SLICE.min(fuel - missing);
    REST.set(Rest { fuel: fuel - missing - slice, deadline });
    FUEL.set(slice);
}

#[inline]
fn stack_pointer() -> usize {
    let here = 0u8;
    &raw const here as usize
}
