//! Our dialect against the real jq: `jq/common.txt` holds programs that both must answer alike.
//! What differs on purpose stands in `docs/jq.md`; what only newer versions of jq have, in `jq/newer.txt`.

use std::collections::HashMap;
use std::process::Command;

use frontdesk::jq::{Library, Limits, Program, Scope, Slot};
use frontdesk::value::{self, DuplicateKeys, Value};

const COMMON: &str = include_str!("jq/common.txt");
const NEWER: &str = include_str!("jq/newer.txt");

struct Case {
    program: &'static str,
    x: &'static str,
}

struct X(Value);

impl Scope for X {
    fn get(&self, _: Slot) -> Value {
        self.0.clone()
    }
}

fn cases() -> Vec<Case> {
    let mut x = "null";
    let mut cases = vec![];
    for line in COMMON.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match line.strip_prefix("= ") {
            Some(input) => x = input,
            None => cases.push(Case { program: line, x }),
        }
    }
    cases
}

fn json(text: &str) -> Value {
    let limits = value::Limits { max_depth: 200, duplicate_keys: DuplicateKeys::LastWins };
    value::parse(text.as_bytes(), &limits).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// A stream of any length, as `[…]` gathers it; `Err` with the reason where the program fails.
async fn ours(program: &str, x: &Value) -> Result<Value, String> {
    // what has no input is given the null that `jq --null-input` gives
    let gathered = format!("null | [{program}\n]");
    let program = Program::compile(&gathered, &Library::empty(), &mut |_| Ok(0));
    let program = program.map_err(|problems| format!("{problems:?}"))?;
    let output = program.run(&X(x.clone()), &Limits::default()).await;
    output.map_err(|error| error.to_string())
}

/// Runs all of them in one process.
fn theirs(cases: &[Case]) -> Vec<Result<Value, String>> {
    let mut program = String::from("[");
    for (at, case) in cases.iter().enumerate() {
        let comma = if at > 0 { ",\n" } else { "" };
        let tried = format!("(try {{ok: [{}\n]}} catch {{error: tojson}})", case.program);
        program.push_str(&format!("{comma}($all[{at}] as $x | null | {tried})"));
    }
    program.push(']');
    let inputs: Vec<&str> = cases.iter().map(|case| case.x).collect();
    let inputs = format!("[{}]", inputs.join(","));
    let run = Command::new("jq")
        .args(["--null-input", "--compact-output", "--argjson", "all", &inputs, &program])
        .output()
        .unwrap_or_else(|error| panic!("jq is needed; `make test` installs it: {error}"));
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let output = json(&String::from_utf8_lossy(&run.stdout));
    let outcome = |value: &Value| match value.get("ok") {
        Some(value) => Ok(value.clone()),
        None => Err(value.to_json()),
    };
    output.as_array().unwrap_or_default().iter().map(outcome).collect()
}

#[tokio::test]
async fn common_programs_give_what_jq_gives() {
    let cases = cases();
    assert!(cases.len() >= 150, "{} programs", cases.len());
    let mut differences = vec![];
    let mut seen = HashMap::new();
    for (case, theirs) in cases.iter().zip(theirs(&cases)) {
        if let Some(before) = seen.insert((case.program, case.x), ()) {
            differences.push(format!("{} is there twice {before:?}", case.program));
        }
        let ours = ours(case.program, &json(case.x)).await;
        match (&ours, &theirs) {
            (Ok(ours), Ok(theirs)) if ours == theirs => {}
            (Err(_), Err(_)) => {}
            _ => differences.push(format!(
                "{}\n  ours:   {}\n  theirs: {}",
                case.program,
                show(&ours),
                show(&theirs)
            )),
        }
    }
    assert!(differences.is_empty(), "\n{}", differences.join("\n"));
}

#[tokio::test]
async fn newer_programs_give_what_the_manual_says() {
    let lines: Vec<&str> =
        NEWER.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    for pair in lines.chunks(2) {
        let ours = ours(pair[0], &Value::Null).await;
        let expected = format!("[{}]", pair[1]);
        assert_eq!(show(&ours), expected.replace(", ", ","), "{}", pair[0]);
    }
}

fn show(outcome: &Result<Value, String>) -> String {
    match outcome {
        Ok(value) => value.to_json(),
        Err(error) => format!("an error: {error}"),
    }
}
