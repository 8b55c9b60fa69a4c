use std::time::{Duration, Instant};

use super::*;
use crate::diagnostic::Problem;
use crate::value::{self, DuplicateKeys};

struct Vars(Vec<Value>);

impl Scope for Vars {
    fn get(&self, slot: Slot) -> Value {
        self.0[usize::from(slot)].clone()
    }
}

fn json(text: &str) -> Value {
    let limits = value::Limits { max_depth: 200, duplicate_keys: DuplicateKeys::LastWins };
    value::parse(text.as_bytes(), &limits).expect(text)
}

fn compile(source: &str) -> Result<Program, Vec<Problem>> {
    Program::compile(source, &Library::empty(), &mut |_| Ok(0))
}

async fn run(source: &str, x: &str) -> Result<Value, Error> {
    let program = compile(source).unwrap_or_else(|problems| panic!("{source}: {problems:?}"));
    program.run(&Vars(vec![json(x)]), &Limits::default()).await
}

/// Programs that kill a naive interpreter: by memory, by time, by the stack.
const RUNAWAYS: &[&str] = &[
    "reduce range(100000) as $i (0; [.])",
    "reduce range(100000) as $i (0; {a: .})",
    "reduce range(40) as $i (0; [., .]) | tojson",
    "reduce range(40) as $i (0; [., .])",
    "reduce range(60) as $i (0; [., .]) | . == (reduce range(60) as $i (0; [., .]))",
    "reduce range(60) as $i (0; [., .]) | [.] | contains([reduce range(60) as $i (0; [., .])])",
    "reduce range(60) as $i (0; [., .]) | flatten",
    "reduce range(60) as $i (0; [., .]) | error",
    "reduce range(60) as $i (0; [., .]) | try (. + 1) catch .",
    "reduce range(60) as $i (0; [., .]) | [..]",
    "\"x\" * 10000000000",
    "reduce range(100) as $i (\"x\"; . + .)",
    "reduce range(100) as $i ([1]; . + .)",
    "reduce range(100000) as $i (3; . * .)",
    "[reduce range(40) as $i (\"x\"; . + .) | explode]",
    "reduce range(40) as $i ([\"x\"]; . + .) | join(\"xxxxxxxxxxxxxxxxxxxxxxxx\")",
    "def f: f; f",
    "def f: f, f; f",
    "def f: 1, f; [f]",
    "def f: [f]; f",
    "def f: 1 + f; f",
    "def f($x): f($x + 1); f(0)",
    "def f: def g: f; g | g; f",
    "null | path(def f: .a | f; f)",
    "null | [path(def f: (.a | f), .; f)]",
    "null | path(last(limit(1000000; recurse(.a))))",
    "null | path(last(limit(15000; recurse(.a)))) | length",
    "null | last(limit(1000000; recurse(.a)))",
    "null | (def f: .a | f; f) |= 1",
    "null | (def f: .a, f; f) |= 1",
    "null | limit(100000; repeat(.)) |= 1",
    "last(range(1000000000000))",
    "[range(1000000000)]",
    "[limit(1000000000; repeat(\"x\"))]",
    "0 | until(false; . + 1)",
    "[0 | while(true; . + 1)]",
    "[0 | recurse(. + 1)]",
    "label $f | repeat(1)",
    "0 | [.[1000000000]?] | .[1000000000] = 1",
    "null | .[1e18] = 1",
    "[[range(300)] | combinations(5)]",
    "[range(1000)] | combinations(1000)",
    "def f: reduce .[] as $x (0; f); [1] | f",
    "def f: . as [$a] | f; [[1]] | f",
    "def f(g): def h: g | h; h; f(. + 1)",
    "def f(g): g | f(g); 0 | f([.])",
    "def f: try error catch f; f",
    "def f: (f | f) // f; f",
    "def f: if f then f else f end; f",
    "def f: {a: f}; f",
    "def f: \"\\(f)\"; f",
    "def f: f as $x | $x; f",
    "def f: -f; f",
    "def f: f[0]; f",
    "def f: .[f]; f",
    "def f: f |= .; f",
    "def f: label $x | f; f",
    "def f: first(f); f",
    "def f: limit(3; f); f",
    "def f: [1] | sort_by(f); f",
    "def f: foreach f as $x (0; 1); f",
    "\"[\" * 100000 | fromjson",
    "\"[\" * 100000 + \"]\" * 100000 | fromjson",
    "\"(\" * 1000 | test(.)",
    "\"a\" * 100000 | test(\"(a{1,100}){1,100}b\")",
    "\"a\" * 1000000 | [test(\"(a?){50}a{50}\"), test(\"(a|aa|aaa)*b\"), test(\"(.*)(.*)(.*)(.*)b\")]",
    "[range(100000) | tostring | test(.)] | all",
    "\"ab\" * 500000 | gsub(\"a\"; \"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\")",
    "[\"a\" * 1000000 | splits(\"\")]",
    "[\"a\" * 1000000 | match(\"\"; \"g\")]",
    "1 | strftime(\"%255d\" * 100000)",
    "[range(100000)] | map(tostring) | [.[] | ascii_downcase] | group_by(.) | [.[] | .[0]] | sort | unique | join(\"\") | @base64 | @uri | explode | implode | length | [range(.)] | length",
    "[range(200000)] | . - .",
    "[range(100000)] | [.[] as $x | index($x)]",
    "[range(3000)] | [indices([1])] | [range(100000)] | contains([range(100000)])",
    "[range(1000)] | map({(tostring): .}) | add | [range(1000) as $i | . + {($i | tostring): 1}]",
    "[limit(100000; repeat(nan))] | sort",
    "1e1000 | tojson | [range(1e1000)]",
    "\"1\" * 1000000 | tonumber | . + 1 | . * . | tojson",
    "reduce range(300) as $i (1; . * 1000000007)",
];

/// They end as an error or with a harmless value, each in time, in a thread of a worker's size.
#[test]
fn runaways_end() {
    for source in RUNAWAYS {
        let started = Instant::now();
        let worker = std::thread::Builder::new().stack_size(2 << 20);
        let run = worker.spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(run(&format!("null | {source}"), "null"))
        });
        let output = run.expect("a thread").join().expect("it lives");
        let took = started.elapsed();
        println!(
            "{took:?} {source}: {}",
            match &output {
                Ok(value) => value.to_string(),
                Err(error) => error.to_string(),
            }
        );
        assert!(took < Duration::from_secs(10), "{source} took {took:?}");
        assert!(!matches!(output, Err(Error::Bug(_))), "{source}: {output:?}");
    }
}
