//! What the README promises, against what is there. `UPDATE_DOCS=1` writes the tables anew.

use std::path::Path;

use frontdesk::fault::Code;

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");

#[test]
fn the_readme_lists_every_error_code() {
    let rows = Code::ALL
        .iter()
        .map(|code| format!("| {} | `{}` | {} |\n", code.status(), code.name(), code.sentence()));
    let table = format!("| status | code | |\n| --- | --- | --- |\n{}", rows.collect::<String>());
    let readme = std::fs::read_to_string(README).expect("a README");
    let (before, rest) = readme.split_once("<!-- errors -->\n").expect("the mark");
    let (found, after) = rest.split_once("<!-- /errors -->").expect("the end mark");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let new = format!("{before}<!-- errors -->\n{table}<!-- /errors -->{after}");
        std::fs::write(README, new).expect("it is written");
        return;
    }
    assert_eq!(found, table, "run with UPDATE_DOCS=1");
}

#[test]
fn the_security_table_names_tests_that_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let table = std::fs::read_to_string(root.join("docs/security.md")).expect("the table");
    let mut code = String::new();
    for folder in ["src", "tests"] {
        add_rust_files(&root.join(folder), &mut code);
    }
    // Names of tests have several words; other code in the table has a blank, a quote or one word.
    let is_name = |text: &&str| {
        text.matches('_').count() >= 2
            && text.chars().all(|c| c == '_' || c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    let names: Vec<_> = table.split('`').filter(is_name).collect();
    assert!(names.len() > 80, "{names:?}");
    let missing: Vec<_> =
        names.iter().filter(|name| !code.contains(&format!("fn {name}("))).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let rows = [
        ("H", 10),
        ("P", 10),
        ("T", 16),
        ("J", 12),
        ("C", 8),
        ("W", 12),
        ("B", 26),
        ("O", 19),
        ("K", 10),
    ];
    for (family, count) in rows {
        for number in 1..=count {
            assert!(table.contains(&format!("\n| {family}{number} |")), "{family}{number}");
        }
    }
}

fn add_rust_files(folder: &Path, code: &mut String) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            add_rust_files(&path, code);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            *code += &std::fs::read_to_string(path).expect("a file");
        }
    }
}
