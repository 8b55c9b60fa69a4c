use insta::assert_snapshot;

use super::*;

/// What is said about one route file.
fn route(text: &str) -> String {
    said(&Memory::of(&[("routes/users.toml", text)]))
}

fn gateway(text: &str) -> String {
    said(&Memory::of(&[("gateway.toml", text)]))
}

#[test]
fn no_such_folder() {
    assert_snapshot!(said(&Memory::default()));
}

#[test]
fn toml_syntax_all_of_it() {
    assert_snapshot!(gateway("[server\nworkers = \n\n[admin]\nlisten = \"x\nx y = 1\n"));
}

#[test]
fn a_key_twice() {
    assert_snapshot!(gateway("[server]\nworkers = 1\nworkers = 2\n"));
}

#[test]
fn unknown_keys_in_several_files() {
    let files = Memory::of(&[
        ("upstreams.toml", "[_defaults]\ntimout = '1s'\n[users]\nurl = 'x'\n[posts]\nurl = 'y'\n"),
        ("gateway.toml", "[serve]\nworkers = 1\n[server]\nwibble = 1\n"),
        ("routes/users.toml", "[get]\nsesion = 'none'\n[get.call.x]\npath = '/'\n"),
    ]);
    assert_snapshot!(said(&files));
}

#[test]
fn key_under_the_wrong_table() {
    let file = "session = 'none'\n\n[get]\nsummary = 'x'\n\n[get.calls.a]\npath = '/a'\n\n\
                [get.calls.b]\npath = '/b'\ndeadline = '3s'\n";
    assert_snapshot!(route(file));
}

#[test]
fn key_under_the_wrong_table_of_the_top() {
    assert_snapshot!(route("[calls.a]\npath = '/a'\nsession = 'none'\n"));
}

#[test]
fn a_key_of_an_inline_table_belongs_nowhere_else() {
    let file = "[get.calls.a]\non_status = { 404 = { stats = 1, timeout = '1s' } }\n";
    assert_snapshot!(route(file));
}

#[test]
fn wrong_types() {
    let file = "session = 1\nroles = 'admin'\ndeadline = 3\nget = 'x'\n\n[post]\nallow = true\n\
                max_body = [1]\ndeny_status = '404'\ninput.query = 1\nfail = [1]\n\
                calls.x = { parallel = 'yes', headers = { a = true }, on_status = { 1 = 2 } }\n\
                calls.y = { each_limit = -1, fallback = { a = 1 } }\n";
    assert_snapshot!(route(file));
}

#[test]
fn dates_and_infinities() {
    let file = "[get.calls.a]\nfallback = { at = 1979-05-27, x = [1.5, inf], n = -nan }\n";
    assert_snapshot!(route(file));
}

#[test]
fn too_large_integer() {
    assert_snapshot!(gateway(&format!("[server]\nworkers = 1{}\n", "0".repeat(40))));
}

#[test]
fn bad_durations_and_sizes() {
    let file = "[server]\nkeep_alive = '1.5s'\ndrain_timeout = '3'\nmax_body = '1 MiB'\n\
                max_reply = '1GB'\nmax_uri = '99999999999999MiB'\n";
    assert_snapshot!(gateway(file));
}

#[test]
fn two_files_for_one_path() {
    let files = Memory::of(&[
        ("routes/(staff)/users.toml", "[get]\n"),
        ("routes/users/index.toml", "[get]\n"),
        ("routes/a/[...rest].toml", "[get]\n"),
        ("routes/a/[[...rest]].toml", "[get]\n"),
    ]);
    assert_snapshot!(said(&files));
}

#[test]
fn two_names_for_one_segment() {
    let files = Memory::of(&[
        ("routes/users/[id].toml", "[get]\n"),
        ("routes/users/[slug]/posts.toml", "\n[get]\n"),
    ]);
    assert_snapshot!(said(&files));
}

#[test]
fn names_that_are_no_segments() {
    let files = Memory::of(&[
        ("routes/[id.toml", "[get]\n"),
        ("routes/[Id].toml", "[get]\n"),
        ("routes/[...a]/b.toml", "[get]\n"),
        ("routes/[id]/x/[id].toml", "[get]\n"),
        ("routes/[[x]]/c.toml", "[get]\n"),
        ("routes/(group).toml", ""),
    ]);
    assert_snapshot!(said(&files));
}

#[test]
fn unreadable_files() {
    let files = Memory::of(&[("routes/users.toml", "allow = { file = \"gone.jq\" }\n")])
        .bytes("gateway.toml", None)
        .bytes("upstreams.toml", Some(b"[users]\nurl = \"caf\xe9\"\n"));
    assert_snapshot!(said(&files));
}

#[test]
fn a_secret_in_a_program() {
    let files = Memory::of(&[
        ("routes/users.toml", "[get]\nallow = \"\\t$x == \\\"${KEY}\\\"\"\n"),
        ("lib.jq", "def key:\n  \"${KEY}\";\n"),
    ]);
    assert_snapshot!(said(&files));
}

#[test]
fn long_lines_and_control_characters() {
    let file =
        format!("[server]\nlisten = [{}]\nx = \"\\u001b[31m\u{202e}\"\n", "'a', ".repeat(200));
    let said = gateway(&file.replace("listen", "listem"));
    assert!(said.lines().all(|line| line.chars().count() < 200), "{said}");
    assert!(!said.contains(['\u{1b}', '\u{202e}']));
    assert_snapshot!(said);
}

#[test]
fn as_json() {
    let files = Memory::of(&[("gateway.toml", "[server]\n\"é\" = 1\n"), ("routes/[.toml", "")]);
    let loaded = load(Path::new("config"), &files);
    let json = loaded.sources.to_json(&loaded.diagnostics);
    assert_snapshot!(serde_json::to_string_pretty(&json).unwrap());
    let nowhere = load(Path::new("config"), &Memory::default());
    assert_snapshot!(nowhere.sources.to_json(&nowhere.diagnostics));
}

#[test]
fn a_table_under_the_wrong_table() {
    let file = "[get]\n[get.calls.a]\npath = '/a'\n[get.calls.a.response]\nstatus = 201\n";
    assert_snapshot!(route(file));
}

#[test]
fn defaults_where_there_are_none() {
    assert_snapshot!(gateway("[tokens._defaults]\nleeway = '1s'\n[telemetry]\nslow = '1s'\n"));
}
