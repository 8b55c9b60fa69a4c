//! jq programs: a first line of JSON for `$x`, then the program. It is refused with a place, or ends within its budget.

#![no_main]

use std::time::{Duration, Instant};

use frontdesk::diagnostic::Problem;
use frontdesk::jq::{Error, Library, Limits, Program, Scope, Slot};
use frontdesk::value::{self, DuplicateKeys, MAX_DEPTH, Value};
use fuzz::{first_line, wait};
use libfuzzer_sys::fuzz_target;

/// So little that a run stays on this thread, other than where it needs more stack.
const RUN: Limits = Limits { steps: 10_000, output: 64 << 10 };
const READ: value::Limits =
    value::Limits { max_depth: 64, duplicate_keys: DuplicateKeys::LastWins };

struct One(Value);

impl Scope for One {
    fn get(&self, _: Slot) -> Value {
        self.0.clone()
    }
}

fuzz_target!(|input: &str| {
    let (json, source) = first_line(input);
    let scope = One(value::parse(json.as_bytes(), &READ).unwrap_or_default());
    if let Err(problems) = Library::parse(source) {
        have_their_places(source, &problems);
    }
    let program = match Program::compile(source, &Library::empty(), &mut |_| Ok(0)) {
        Ok(program) => program,
        Err(problems) => return have_their_places(source, &problems),
    };
    for read in program.reads() {
        assert_eq!(source[read.span.clone()], format!("${}", read.var));
        assert_eq!(read.path.len(), read.path_spans.len());
        assert!(read.path_spans.iter().all(|span| source.get(span.clone()).is_some()));
    }
    let started = Instant::now();
    let output = wait(program.run(&scope, &RUN));
    assert!(started.elapsed() < Duration::from_secs(3), "took {:?}", started.elapsed());
    match output {
        Ok(output) => is_a_value(&output),
        Err(error) => assert!(!matches!(error, Error::Bug(_)), "{error}"),
    }
});

fn is_a_value(output: &Value) {
    assert!(output.depth() <= MAX_DEPTH);
    let text = output.to_json();
    assert!(text.len() <= RUN.output);
    let limits = value::Limits { max_depth: MAX_DEPTH, ..READ };
    let back = value::parse(text.as_bytes(), &limits).expect("what is written is JSON");
    assert_eq!(back.to_json(), text);
}

fn have_their_places(source: &str, problems: &[Problem]) {
    assert!(!problems.is_empty(), "refused without a reason");
    for problem in problems {
        assert!(source.get(problem.range.clone()).is_some(), "{problem:?}");
    }
}
