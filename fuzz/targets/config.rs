//! The config: whatever the files hold, every mistake has its place in one of them, and what compiles can start.

#![no_main]

use std::path::Path;
use std::sync::Arc;

use frontdesk::clock::SystemClock;
use frontdesk::compile;
use frontdesk::diagnostic::{Diagnostic, Sources};
use frontdesk::pipeline::State;
use frontdesk::token::Http;
use fuzz::{FOLDER, Memory, SECRET};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &str| {
    let files = Memory::split(input);
    let (sources, result) = compile::load(Path::new(FOLDER), &files, &files);
    match result {
        Ok(plan) => {
            let started = State::new(plan, Arc::new(SystemClock), Arc::new(Http::new()));
            assert!(started.is_ok(), "{:?}", started.err());
        }
        Err(mistakes) => {
            assert!(!mistakes.is_empty(), "refused without a reason");
            mistakes.iter().for_each(|mistake| has_its_place(&sources, mistake));
            let said = sources.render(&mistakes, false) + &sources.to_json(&mistakes).to_string();
            assert!(input.contains(SECRET) || !said.contains(SECRET), "a secret in {said}");
        }
    }
});

fn has_its_place(sources: &Sources, mistake: &Diagnostic) {
    // Only folders have no place; they are named instead.
    assert!(!mistake.labels.is_empty() || mistake.title.contains(FOLDER), "{mistake:?}");
    for label in &mistake.labels {
        let span = &label.span;
        let source = sources.source(span.start).unwrap_or_else(|| panic!("{mistake:?}"));
        assert!(span.start <= span.end && span.end <= source.span().end, "{mistake:?}");
    }
}
