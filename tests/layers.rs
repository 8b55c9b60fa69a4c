//! Which module may use which, checked.
//!
//! `MAY_USE` is the one place where this is written down. A module is listed after everything it
//! uses, so that reading the table downwards is reading the gateway from the bottom up, and a
//! cycle cannot be written.

#![expect(clippy::expect_used, reason = "a test")]

use std::fs;
use std::path::{Path, PathBuf};

const MAY_USE: &[(&str, &str)] = &[
    ("clock", ""),
    ("diagnostic", ""),
    ("fault", ""),
    ("flight", ""),
    ("telemetry", ""),
    ("value", ""),
    ("cookie", ""),
    ("seal", ""),
    ("identity", "value"),
    ("config", "diagnostic"),
    ("jq", "diagnostic fault value"),
    ("template", "diagnostic fault value jq"),
    ("store", "clock fault telemetry"),
    ("cache", "clock fault store telemetry"),
    ("cors", "fault"),
    ("csrf", "fault"),
    ("encoding", ""),
    ("idempotency", "clock fault store telemetry"),
    ("limit", "clock fault store telemetry"),
    ("token", "clock cookie fault identity value telemetry"),
    ("session", "clock fault identity seal store telemetry"),
    ("login", "clock fault identity token telemetry"),
    ("credential", "clock fault flight identity login telemetry"),
    ("signature", "clock fault"),
    ("upstream", "fault value telemetry"),
    ("validate", "fault value"),
    (
        "plan",
        "cookie credential csrf encoding fault login seal value jq template store cache cors idempotency limit \
         session signature token upstream validate",
    ),
    (
        "compile",
        "cookie credential csrf diagnostic encoding fault login seal telemetry config plan value jq template \
         store cache cors idempotency limit session signature token upstream validate",
    ),
    (
        "pipeline",
        "clock cookie credential csrf encoding fault flight identity login seal telemetry plan value jq template \
         store cache cors idempotency limit session signature token upstream validate",
    ),
    (
        "server",
        "clock diagnostic fault telemetry value config compile plan pipeline cache limit session \
         token upstream",
    ),
    (
        "cli",
        "clock diagnostic telemetry value jq template session token validate config plan compile \
         server",
    ),
];
const MAX_LINES: usize = 300;

#[test]
fn modules_stand_below_all_they_use() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut complaints = table_out_of_order();
    for file in rust_files(&root) {
        let text = fs::read_to_string(&file).expect("readable source");
        let module = module_of(&root, &file);
        let mut complain = |what: String| complaints.push(format!("{}: {what}", file.display()));

        let lines = text.lines().take_while(|line| *line != "#[cfg(test)]").count();
        if lines > MAX_LINES && !file.ends_with("tests.rs") {
            complain(format!("{lines} lines, the limit is {MAX_LINES}"));
        }
        if ["lib", "main"].contains(&module.as_str()) {
            continue;
        }
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == module) else {
            complain(format!("module `{module}` is not in the table"));
            continue;
        };
        for used in used_modules(&text) {
            let listed = MAY_USE.iter().any(|(name, _)| *name == used);
            if listed && used != module && !allowed.split(' ').any(|name| name == used) {
                complain(format!("`{module}` must not use `{used}`"));
            }
        }
    }
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

fn table_out_of_order() -> Vec<String> {
    let position = |wanted: &str| MAY_USE.iter().position(|(name, _)| *name == wanted);
    let entries = MAY_USE
        .iter()
        .flat_map(|(name, uses)| uses.split_whitespace().map(move |used| (*name, used)));
    entries
        .filter(|(name, used)| position(used) >= position(name) || position(used).is_none())
        .map(|(name, used)| format!("the table lists `{used}` for `{name}`, but not above it"))
        .collect()
}

/// The top-level modules a file names: `crate::plan::Route` gives `plan`, `crate::{plan::A, fault}` gives both.
fn used_modules(text: &str) -> Vec<String> {
    let code: String = text.lines().filter_map(|line| line.split("//").next()).collect();
    code.split("crate::").skip(1).flat_map(first_names).collect()
}

fn first_names(path: &str) -> Vec<String> {
    let Some(group) = path.strip_prefix('{') else {
        return vec![name(path)];
    };
    let (mut depth, mut names, mut item) = (0, vec![], String::new());
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(name(&std::mem::take(&mut item))),
            _ => item.push(c),
        }
    }
    names.push(name(&item));
    names
}

fn name(path: &str) -> String {
    path.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

fn module_of(root: &Path, file: &Path) -> String {
    let inner = file.strip_prefix(root).expect("inside src");
    let first = inner.iter().next().expect("a file").to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(dir).expect("readable dir").flatten().map(|entry| entry.path());
    paths
        .flat_map(|path| match path.is_dir() {
            true => rust_files(&path),
            false => vec![path],
        })
        .filter(|path| path.extension().is_some_and(|x| x == "rs"))
        .collect()
}
