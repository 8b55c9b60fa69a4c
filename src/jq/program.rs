//! A compiled program.

use std::fmt;
use std::sync::Arc;

use jaq_core::Filter;
use jaq_core::load::parse::Term;
use jaq_core::load::span;

use crate::diagnostic::Problem;
use crate::value::{SmolStr, Value};

use super::glue::Kind;
use super::walk::{Findings, Found, Input, Step, Walk};
use super::{Error, Library, Limits, Read, Scope, Slot, build, names, run, syntax};

/// A compiled program. Cheap to clone; shared by all threads.
#[derive(Clone)]
pub struct Program(Arc<Inner>);

struct Inner {
    source: String,
    reads: Vec<Read>,
    /// Of the variables, each once, in the order in which the body has them.
    slots: Vec<Slot>,
    body: Body,
}

enum Body {
    /// `$a`, `$a.b`: run without jaq.
    Path(Vec<SmolStr>),
    Filter(Compiled),
}

#[derive(Clone)]
struct Compiled(Arc<Filter<Kind>>);

impl AsRef<Filter<Kind>> for Compiled {
    fn as_ref(&self) -> &Filter<Kind> {
        &self.0
    }
}

impl Program {
    /// Compiles a program. `scope` is asked once per [`Read`], in their order, and gives its slot or what is wrong with it.
    ///
    /// Reports all mistakes that it finds at once, in the order of the text.
    pub fn compile(
        source: &str,
        library: &Library,
        scope: &mut dyn FnMut(&Read) -> Result<Slot, Problem>,
    ) -> Result<Self, Vec<Problem>> {
        let analysed = syntax::with_room(source, || analyse(source, library));
        let (term, findings, mut problems) = analysed.unwrap_or_else(too_complex)?;
        let mut vars: Vec<(&str, Slot)> = vec![];
        let mut reads = vec![];
        for found in &findings.reads {
            let read = read_of(source, found);
            match names::refused_variable(source, found.var).map_or_else(|| scope(&read), Err) {
                Err(problem) => problems.push(problem),
                Ok(_) if vars.iter().any(|(var, _)| *var == found.var) => {}
                Ok(slot) => vars.push((found.var, slot)),
            }
            reads.push(read);
        }
        let names: Vec<&str> = vars.iter().map(|(var, _)| *var).collect();
        let body = syntax::with_room(source, || {
            if problems.is_empty() {
                return body(term, &findings, library, &names).map_err(|message| {
                    vec![Problem { range: 0..source.len(), message, help: None }]
                });
            }
            problems.sort_by_key(|problem| problem.range.start);
            // a tree that is nested deeply needs the room to be dropped, too
            drop(term);
            Err(problems)
        });
        Ok(Self(Arc::new(Inner {
            source: source.to_owned(),
            reads,
            slots: vars.iter().map(|(_, slot)| *slot).collect(),
            body: body.unwrap_or_else(too_complex)?,
        })))
    }

    /// The variables that it reads, in the order of the text.
    pub fn reads(&self) -> &[Read] {
        &self.0.reads
    }

    /// The slots that it reads, each once.
    pub fn slots(&self) -> &[Slot] {
        &self.0.slots
    }

    /// The text it was compiled from.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// Runs it to its one output.
    ///
    /// Short runs end on the calling thread; a longer one goes on in a thread of its own, and is given up after 2 s.
    /// Needs a tokio runtime with a timer.
    pub async fn run(&self, scope: &dyn Scope, limits: &Limits) -> Result<Value, Error> {
        let filter = match &self.0.body {
            Body::Path(path) => return follow(&scope.get(self.0.slots[0]), path),
            Body::Filter(filter) => filter,
        };
        let vars: Vec<Value> = self.0.slots.iter().map(|slot| scope.get(*slot)).collect();
        let output = match run::short(&filter.0, vars.clone(), limits.steps) {
            Some(output) => output?,
            None => run::long(filter.clone(), vars, limits.steps).await?,
        };
        if output.is_longer_than(limits.output) {
            return Err(Error::Budget("output"));
        }
        Ok(output)
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Program({:?})", self.0.source)
    }
}

type Analysed<'s> = (Term<&'s str>, Findings<'s>, Vec<Problem>);

fn analyse<'s>(source: &'s str, library: &Library) -> Result<Analysed<'s>, Vec<Problem>> {
    let term = syntax::program(source)?;
    let mut walk = Walk::new(library);
    walk.term(&term, Input::Own);
    let findings = walk.into_findings();
    let problems = names::problems(source, &findings, library);
    Ok((term, findings, problems))
}

fn body<'s>(
    term: Term<&'s str>,
    findings: &Findings<'s>,
    library: &'s Library,
    vars: &[&'s str],
) -> Result<Body, String> {
    let head = match &term {
        Term::Path(head, _) => head,
        term => term,
    };
    match (head, &findings.reads[..]) {
        (Term::Var(_), [read]) if read.plain => {
            Ok(Body::Path(read.steps.iter().map(|step| step.name.as_str().into()).collect()))
        }
        _ => {
            let filter = build::build(term, &findings.callees, library, vars)?;
            Ok(Body::Filter(Compiled(Arc::new(filter))))
        }
    }
}

fn too_complex<T>() -> Result<T, Vec<Problem>> {
    let message = "the program is nested too deeply".to_owned();
    Err(vec![Problem { range: 0..0, message, help: None }])
}

fn read_of(source: &str, found: &Found<'_>) -> Read {
    let var = span(source, found.var);
    Read {
        var: found.var[1..].into(),
        path: found.steps.iter().map(|step| step.name.as_str().into()).collect(),
        path_spans: found.steps.iter().map(|step| step_span(source, step, var.end)).collect(),
        span: var,
        computed: found.computed,
    }
}

/// With its quotes; the place `after` the variable where a step has no text.
fn step_span(source: &str, step: &Step<'_>, after: usize) -> std::ops::Range<usize> {
    let (Some(first), Some(last)) = (step.parts.first(), step.parts.last()) else {
        return after..after;
    };
    let (start, end) = (span(source, first).start, span(source, last).end);
    let quoted = source[..start].ends_with('"') && source[end..].starts_with('"');
    if quoted { start - 1..end + 1 } else { start..end }
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
                return Err(Error::Failed(format!("Cannot index {} with \"{key}\"", other.kind())));
            }
        };
    }
    Ok(value.clone())
}
