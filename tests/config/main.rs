//! What the config says, whole: every folder in `config/bad` is a config with mistakes and the text that people then
//! read; every folder in `config/good` compiles. `UPDATE=1 cargo test --test config` writes the texts anew.

#![expect(clippy::expect_used, reason = "a test")]

mod caches;
mod case;
mod command;
mod logins;
mod meaning;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use case::Case;

fn cases(kind: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config").join(kind);
    let entries = fs::read_dir(folder).expect("a folder of cases").flatten();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    folders.sort();
    folders
}

/// What is said about a config with mistakes.
fn said(folder: &Path) -> (String, Case) {
    let case = Case::open(folder.to_owned());
    let (sources, result) = case.load();
    let mistakes = result.err().unwrap_or_default();
    (format!("{}\n", sources.render(&mistakes, false)), case)
}

#[test]
fn mistakes_are_all_told_as_expected() {
    #[expect(clippy::disallowed_methods, reason = "how the texts are written anew")]
    let update = std::env::var("UPDATE").is_ok();
    let mut wrong = Vec::new();
    for folder in cases("bad") {
        let (text, _) = said(&folder);
        let file = folder.join("expected.txt");
        if update {
            fs::write(&file, &text).expect("the text can be written");
        }
        let expected = fs::read_to_string(&file).unwrap_or_default();
        if text != expected || text.starts_with("0 errors") {
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            wrong.push(format!("== {name}: expected\n{expected}\n== but got\n{text}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_mistake_shows_a_secret() {
    for folder in cases("bad") {
        let (text, case) = said(&folder);
        for value in case.secrets().filter(|value| value.len() > 3) {
            for line in value.lines().filter(|line| line.len() > 3) {
                assert!(!text.contains(line), "{}: {text}", folder.display());
            }
        }
    }
}

#[test]
fn good_configs_compile() {
    for folder in cases("good") {
        let (sources, result) = Case::open(folder.clone()).load();
        let mistakes = result.err().unwrap_or_default();
        assert!(mistakes.is_empty(), "{}\n{}", folder.display(), sources.render(&mistakes, false));
    }
}

#[test]
fn the_demo_compiles() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let (sources, result) = Case::new(folder, HashMap::new()).load();
    let mistakes = result.err().unwrap_or_default();
    assert!(mistakes.is_empty(), "{}", sources.render(&mistakes, false));
}

#[test]
fn the_demo_in_containers_compiles() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().expect("a folder");
    copy(&root.join("config"), folder.path());
    let secrets = root.join("compose/secrets").display().to_string();
    for file in ["gateway.toml", "upstreams.toml"] {
        let text = std::fs::read_to_string(root.join("compose").join(file)).expect("a file");
        let text = text.replace("/run/secrets", &secrets);
        std::fs::write(folder.path().join(file), text).expect("a file");
    }
    let (sources, result) = Case::new(folder.path().to_owned(), HashMap::new()).load();
    let mistakes = result.err().unwrap_or_default();
    assert!(mistakes.is_empty(), "{}", sources.render(&mistakes, false));
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder").flatten() {
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &to)
        } else {
            std::fs::copy(&path, &to).map(drop).expect("a copy")
        }
    }
}

/// Titles are found by how they are written: behind `wrong(place,`, `Diagnostic::at(place,`,
/// `Wrong::value(place,` or `title =`.
#[test]
fn every_mistake_has_a_case() {
    let titles = r#"(?:wrong\(\s*[^,"]+,|(?:Diagnostic::at|Wrong::value|Wrong::key)\([^,"]+,|title =|Err\()\s*(?:format!\(\s*)?"((?:[^"\\]|\\.)+)""#;
    let titles = regex::Regex::new(titles).expect("a pattern");
    let hole = regex::Regex::new(r"\\\{[^}]*\\\}").expect("a pattern");
    let texts: Vec<String> = cases("bad").iter().map(|folder| said(folder).0).collect();
    let mut missing = Vec::new();
    let folder = |name| Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(name);
    let folders = ["compile", "validate"].map(|name| fs::read_dir(folder(name)));
    for file in folders.into_iter().flat_map(|folder| folder.expect("the sources").flatten()) {
        if file.file_name() == "tests.rs" {
            continue;
        }
        let source = fs::read_to_string(file.path()).expect("readable source");
        for title in titles.captures_iter(&source) {
            let pattern = regex::escape(&title[1].replace("\\\"", "\"")).replace("\\}\\}", "}");
            let pattern = hole.replace_all(&pattern, "(?:.*)");
            let pattern = regex::Regex::new(&pattern).expect("a pattern");
            if !texts.iter().any(|text| pattern.is_match(text)) {
                missing.push(format!("{}: {}", file.path().display(), &title[1]));
            }
        }
    }
    assert!(missing.is_empty(), "no case in tests/config/bad shows:\n{}", missing.join("\n"));
}
