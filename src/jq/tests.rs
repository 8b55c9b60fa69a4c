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
        assert!(took < Duration::from_secs(10), "{source} took {took:?}");
        assert!(!matches!(output, Err(Error::Bug(_))), "{source}: {output:?}");
    }
}

const MISTAKES: &[&str] = &[
    "",
    "$x.",
    "$x | map(",
    "$x | map(.a]",
    "\"abc",
    "{a: 1",
    "$x +",
    "$x $x",
    "$x | if .a then 1",
    "if $x then 1 else 2",
    "$x as y | 1",
    "reduce $x as $y (1)",
    "${TOKEN}",
    "$x | .a == ${TOKEN}",
    "$x & 1",
    "'x'",
    "\"\\q\"",
    "import \"a\" as a; 1",
    "include \"a\"; 1",
    "$x as [$a] ?// $a | $a",
    ".",
    ".name",
    "$x + .name",
    "..",
    ".[0]",
    "[.[] | .a]",
    "{name}",
    "{a: $x, \"b\"}",
    "\"a \\(.name)\"",
    "length",
    "map(.x)",
    "$x[.a]",
    "first(.a)",
    "def f: .a; f",
    "def f(g): g; f(.a)",
    "def f(g): $x | g; f(.a) + .b",
    "select($x)",
    "reduce .[] as $i (0; . + $i)",
    "if . then 1 else 2 end",
    "$x.a = 1",
    "env.HOME",
    "$ENV.HOME",
    "$__loc__",
    "input",
    "[inputs]",
    "$x | debug",
    "$x | stderr",
    "halt",
    "$x | halt_error",
    "input_filename",
    "lenght",
    "$x | lenght",
    "$x | ascci_downcase",
    "$x | frobnicate",
    "$x | map",
    "$x | sub(\"a\")",
    "$x | strftime_unchecked(\"%d\")",
    "def f($a): a; f(1)",
    "def f(g): f(g | g); $x | f(.)",
    "def f(g): def h: f(.a); h; $x | f(.b)",
    "$x | break $out",
    "$x | .a, nope, .b | nopes",
];

/// What people read when a program is wrong.
#[test]
fn mistakes() {
    let mut shown = String::new();
    for source in MISTAKES {
        shown.push_str(&format!("{source}\n"));
        let problems = match compile(source) {
            Ok(_) => panic!("{source} compiles"),
            Err(problems) => problems,
        };
        for Problem { range, message, help } in problems {
            let marks = format!("{}{}", " ".repeat(range.start), "^".repeat(range.len().max(1)));
            let help = help.map(|help| format!(" ({help})")).unwrap_or_default();
            shown.push_str(&format!("{marks} {message}{help}\n"));
        }
        shown.push('\n');
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn programs_without_an_input() {
    for source in [
        "$x",
        "[limit(3; $x[])]",
        "[range(5)]",
        "[range(0; $x; 2)]",
        "$x | map(.a)",
        "first($x[])",
        "any($x[]; .a)",
        "all($x[]; .a)",
        "now",
        "now | todate",
        "error(\"x\")",
        "[$x, 1] | add",
        "add($x[])",
        "if $x then $x end",
        "try error(\"x\") catch .",
        "reduce $x[] as $i (0; . + $i)",
        "foreach $x[] as $i (0; . + $i; [.])",
        "empty",
        "isvalid($x)",
        "$x as [$a, {b: $c}] | $a + $c",
        "IN($x; 1, 2)",
        "INDEX($x[]; .id)",
        "pow(2; 3)",
        "nth(2; $x[])",
        "@base64 \"\\($x)\"",
        "\"a\\($x)\"",
        "isempty($x[])",
        "{$x, a: 1, (\"b\"): 2}",
        "def f: .a; $x | f",
        "def f(g): $x | g; f(.a)",
        "def f($a): $a + 1; f($x)",
        "label $f | 1, break $f",
        "null",
        "true",
        "not_null($x)",
        "infinite",
        "-$x",
        "$x.a // $x.b // 3",
        "$x.a?",
        "$x[\"a b\"].c[0:2]",
        "[] | length",
        "$x | walk(if type == \"object\" then del(.a) else . end)",
        "# a comment\n$x",
        "{} | .a = $x",
        "def f(g): if . > 3 then . else . + 1 | f(g) end; 0 | f(.)",
        "limit(1; 2, 3)",
        "[skip(1; 2, 3)]",
    ] {
        let library = Library::parse("def not_null(f): [f] | map(select(. != null)) | length > 0;");
        let program = Program::compile(source, &library.expect("a library"), &mut |_| Ok(0));
        assert!(program.is_ok(), "{source}: {program:?}");
    }
}

#[test]
fn reads() {
    let source = "$users[0].name + $x.a.\"b c\"[\"d\"]?.e[].f + $calls[$x.key].status as $y | $y + {$z} + \"\\($x.a)\" + ($x | .q)";
    let program = compile(source).expect("compiles");
    let mut shown = String::new();
    for read in program.reads() {
        assert_eq!(&source[read.span.clone()], format!("${}", read.var));
        let spans: Vec<_> = read.path_spans.iter().map(|span| &source[span.clone()]).collect();
        let Read { var, path, computed, .. } = read;
        shown.push_str(&format!(
            "{var} {path:?} {spans:?}{}\n",
            if *computed { " computed" } else { "" }
        ));
    }
    insta::assert_snapshot!(shown, @r#"
    users [] []
    x ["a", "b c", "d", "e"] ["a", "\"b c\"", "\"d\"", "e"]
    calls [] [] computed
    x ["key"] ["key"]
    z [] []
    x ["a"] ["a"]
    x [] []
    "#);
    assert_eq!(program.slots().len(), 4);
}

#[test]
fn reads_ask_the_scope_and_show_what_it_finds() {
    let mut asked = vec![];
    let problems = Program::compile("$a + $b + nope + $a", &Library::empty(), &mut |read| {
        asked.push(read.var.clone());
        Err(Problem { range: read.span.clone(), message: format!("no {}", read.var), help: None })
    });
    let messages: Vec<_> = problems.err().into_iter().flatten().map(|p| p.message).collect();
    assert_eq!(asked, ["a", "b", "a"]);
    assert_eq!(messages, ["no a", "no b", "unknown filter `nope`", "no a"]);
}

#[tokio::test]
async fn outputs_and_errors() {
    assert_eq!(run("$x.a.b", r#"{"a": {"b": 1.10}}"#).await, Ok(json("1.10")));
    assert_eq!(run("$x.a.b", r#"{"a": null}"#).await, Ok(Value::Null));
    let failed = |text: &str| Err(Error::Failed(text.to_owned()));
    assert_eq!(run("$x.a.b", r#"{"a": 5}"#).await, failed("Cannot index number with \"b\""));
    assert_eq!(run("$x | .a.b", r#"{"a": 5}"#).await, failed("Cannot index number with \"b\""));
    assert_eq!(run("empty", "1").await, Err(Error::NotOne(0)));
    assert_eq!(run("$x[]", "[1, 2]").await, Err(Error::NotOne(2)));
    assert_eq!(run("error({a: $x})", "1").await, failed("{\"a\":1}"));
    assert_eq!(run("error(null)", "1").await, failed("null"));
}

#[tokio::test]
async fn what_is_not_touched_passes_unchanged() {
    let text = r#"{"z":1.10,"a":[9007199254740993,123456789012345678901234567890,-0,1e400,1.0],"é":"\u0000\u007f ","":{}}"#;
    for source in [
        "$x",
        "$x | .",
        "[$x][0]",
        "{x: $x}.x",
        "$x + {}",
        "$x | with_entries(.)",
        "$x | tojson | fromjson",
    ] {
        let output = run(source, text).await.expect(source);
        assert_eq!(output.to_json(), json(text).to_json(), "{source}");
    }
    assert_eq!(json(text).to_json(), text.replace("\\u007f", "\u{7f}"));
}

#[tokio::test]
async fn long_programs_compile_and_run() {
    let bindings: String = (0..400).map(|i| format!("  ($x | . + {i}) as $v{i} |\n")).collect();
    let nested = format!("{}1{}", "[".repeat(150), "]".repeat(150));
    let sum = vec!["$x"; 3000].join(" + ");
    let branches: String = (0..300).map(|i| format!("elif $x == {i} then \"{i}\"\n")).collect();
    for (source, expected) in [
        (format!("{bindings} $v399"), "400"),
        (format!("{nested} | flatten[0]"), "1"),
        (sum, "3000"),
        (format!("if false then 0 {branches} else 0 end"), "\"1\""),
    ] {
        assert_eq!(run(&source, "1").await, Ok(json(expected)), "{}", &source[..40]);
    }
    for source in [
        "(".repeat(60_000),
        "[".repeat(100_000),
        "-".repeat(100_000),
        "1|".repeat(60_000),
        "def f:".repeat(20_000),
        "if 1 then ".repeat(10_000),
    ] {
        assert!(compile(&source).is_err());
    }
}

#[tokio::test]
async fn a_number_that_starts_with_zeros_is_written_as_json() {
    let long = format!("{}7", "0".repeat(1300));
    for (source, expected) in [
        ("01.5", "1.5"),
        ("007", "7"),
        ("00", "0"),
        ("00.0", "0.0"),
        ("01e999", "1e999"),
        (&long, "7"),
    ] {
        let output = run(source, "null").await.expect(source);
        assert_eq!(output.to_json(), expected, "{source}");
    }
}

/// And not another time, which is what comes of integers that overflow.
#[tokio::test]
async fn a_time_out_of_range_is_an_error() {
    for time in ["1425599425599621", "-1425599425599621", "1e300", "[2015, 127, 5, 0, 0, 0]"] {
        for filter in ["gmtime", "localtime", "mktime", "strftime(\"%Y\")", "strflocaltime(\"%Y\")"]
        {
            let output = run(&format!("$x | {filter}"), time).await;
            assert!(matches!(output, Err(Error::Failed(_))), "{time} | {filter}: {output:?}");
        }
    }
    assert_eq!(run("$x | gmtime | mktime", "253402000000").await, Ok(json("253402000000")));
}

#[tokio::test]
async fn the_library() {
    let source = "def add($n): . + $n;\n# a comment; with a semicolon def\ndef twice(f): f | f;\ndef add($n): . - $n;\ndef low: twice(add(1)) | tostring | @csv \"\\([.])\";";
    let library = Library::parse(source).expect("a library");
    let program = Program::compile("$x | low", &library, &mut |_| Ok(0)).expect("compiles");
    assert_eq!(program.run(&Vars(vec![json("5")]), &Limits::default()).await, Ok("\"3\"".into()));

    let wrong = |source: &str| -> Vec<String> {
        let problems = Library::parse(source).expect_err(source);
        problems.into_iter().map(|problem| problem.message).collect()
    };
    assert_eq!(wrong("def f: $users;"), ["a definition of the library cannot read `$users`"]);
    assert_eq!(wrong("def f: nope;"), ["unknown filter `nope`"]);
    assert_eq!(wrong("def f: 1; 2"), ["expected a definition"]);
    assert_eq!(wrong("def f: 1"), ["expected `;`, found the end"]);
    assert_eq!(wrong("def f: g; def g: 1;"), ["unknown filter `g`"]);
    assert!(Library::parse("").is_ok());
}

#[test]
fn holes_end_by_jqs_lexing() {
    for (text, hole) in [
        ("$x}", "$x"),
        ("$x}}", "$x"),
        ("{a: 1} | .a} rest", "{a: 1} | .a"),
        ("\"}\"}", "\"}\""),
        ("\"\\(\"}\")}\"}", "\"\\(\"}\")}\""),
        ("$x # }\n}", "$x # }\n"),
        ("}", ""),
        ("$x | map(.a)}/b", "$x | map(.a)"),
    ] {
        assert_eq!(hole_end(text), Ok(hole.len()), "{text}");
    }
    for text in ["$x", "\"}", "(}", "[1}", "{a: 1", "$x & 1}", ""] {
        assert!(hole_end(text).is_err(), "{text}");
    }
}

/// In a thread of a worker's size, which a lexer that calls itself would overflow.
#[test]
fn holes_may_be_nested_as_deeply_as_their_size_allows() {
    let worker = std::thread::Builder::new().stack_size(2 << 20);
    let look = worker.spawn(|| {
        for (open, close) in [("(", ")"), ("[", "]"), ("{a:", "}"), ("\"\\(", ")\"")] {
            let depth = (100 << 10) / (open.len() + close.len());
            let program = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            assert_eq!(hole_end(&format!("{program}}}")), Ok(program.len()), "{open}");
            assert!(hole_end(&open.repeat(depth)).is_err(), "{open}");
        }
    });
    look.expect("a thread").join().expect("it lives");
}

proptest::proptest! {
    /// No text makes the compiler panic, and every place it names is in the text.
    #[test]
    fn any_text_compiles_or_not(source in "[$.a-c\\[\\](){}|,:;\"\\\\?0-9 #=+-]{0,40}|(def |f|:|;|\\.|\\$x| as |\\||if | then | else | end|try |reduce |\\(|\\)|[a-z]{1,3}){0,12}") {
        if let Err(problems) = compile(&source) {
            proptest::prop_assert!(!problems.is_empty());
            for problem in problems {
                proptest::prop_assert!(source.get(problem.range.clone()).is_some(), "{:?}", problem);
            }
        }
        if let Ok(end) = hole_end(&source) {
            proptest::prop_assert_eq!(source.as_bytes()[end], b'}');
        }
    }
}
