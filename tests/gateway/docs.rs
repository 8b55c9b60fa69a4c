//! What the README promises, against what is there. `UPDATE_DOCS=1` writes the tables anew.

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
