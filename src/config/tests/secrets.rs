use std::time::Duration;

use insta::assert_snapshot;

use super::*;

fn given(variables: &[(&str, &str)]) -> Given {
    let variables = variables.iter().map(|(name, value)| ((*name).into(), (*value).into()));
    Given { variables: variables.collect(), files: HashMap::default() }
}

#[test]
fn references_are_looked_up() {
    let mut environment = given(&[("A", "1"), ("EMPTY", "")]);
    environment.files.insert("config/run/key".into(), "two\r\n\n".into());
    environment.files.insert("/run/key".into(), "one\n".into());
    for (text, expected) in [
        ("plain", Some(("plain", false))),
        ("", Some(("", false))),
        ("a${A}b", Some(("a1b", true))),
        ("$${A}$$", Some(("${A}$$", false))),
        ("${EMPTY}", None),
        ("${EMPTY:-}", Some(("", true))),
        ("${EMPTY:-x}", Some(("x", true))),
        ("${NONE:-}", Some(("", true))),
        ("${NONE:-a:-b}", Some(("a:-b", true))),
        ("${file:run/key}", Some(("two\r\n", true))),
        ("${file:/run/key}", Some(("one", true))),
        ("${NONE}", None),
        ("${file:none}", None),
        ("${}", None),
        ("${a b}", None),
        ("${A", None),
    ] {
        let (value, mistakes, _) = resolved::<String>(text, &environment);
        let value = value.map(|found| (found.value, found.secret));
        let expected = expected.map(|(value, secret)| (value.to_owned(), secret));
        assert_eq!(value, expected, "{text}");
        assert_eq!(mistakes.is_empty(), value.is_some(), "{text}");
    }
}

#[test]
fn values_of_other_types() {
    let environment =
        given(&[("N", "12"), ("B", "true"), ("D", "3s"), ("S", "64KiB"), ("F", "1.5")]);
    assert_eq!(resolved::<u64>("${N}", &environment).0.unwrap().value, 12);
    assert!(resolved::<bool>("${B}", &environment).0.unwrap().value);
    assert_eq!(resolved::<f64>("${F}", &environment).0.unwrap().value, 1.5);
    let duration = resolved::<Duration>("${D}", &environment).0.unwrap();
    assert_eq!((duration.value, duration.secret), (Duration::from_secs(3), true));
    assert_eq!(resolved::<Size>("${S}", &environment).0.unwrap().value, Size(65536));
}

#[test]
fn what_is_missing_is_named() {
    let files = Memory::of(&[(
        "gateway.toml",
        "[admin]\ntoken = \"\\t${ADMIN_TOKEN}${OTHER}\"\n[server]\nworkers = \"${W}\"\n\
         origin = \"${file:origin.txt} ${oops\"\n",
    )]);
    let loaded = load(Path::new("config"), &files);
    let tree = loaded.tree.unwrap();
    let environment = given(&[("W", "many-s3cret")]);
    let secrets = Secrets { sources: &loaded.sources, environment: &environment };
    let mut out = loaded.diagnostics;
    tree.gateway.admin.token.unwrap().resolve(secrets, &mut out);
    tree.gateway.server.workers.resolve(secrets, &mut out);
    tree.gateway.server.origin.resolve(secrets, &mut out);
    let ca = Plain { span: 0..0, raw: Raw::Text("ca.pem".to_owned()) };
    assert!(secrets.file(&ca, &mut out).is_none());
    assert_snapshot!(loaded.sources.render(&out, false));
}

#[test]
fn a_secret_is_data_and_in_no_message() {
    let hostile = "\"'''{jq} $ ${A} $${ {{ \\(1)\n[server]\nx = 1 \u{1b}[31m";
    let environment = given(&[("A", hostile)]);
    let (value, mistakes, _) = resolved::<String>("<${A}>", &environment);
    assert_eq!(value.unwrap().value, format!("<{hostile}>"));
    assert!(mistakes.is_empty());
    let mut said = String::new();
    said += &shown(resolved::<u64>("${A}", &environment));
    said += &shown(resolved::<f64>("${A}", &environment));
    said += &shown(resolved::<bool>("${A}", &environment));
    said += &shown(resolved::<Duration>("${A}", &environment));
    said += &shown(resolved::<Size>("${A}", &environment));
    assert_eq!(said.matches("error: ").count(), 5);
    for part in ["jq}", "{{", "[server]", "x = 1", "31m"] {
        assert!(!said.contains(part), "{said}");
    }
}

fn shown<T>((value, mistakes, sources): (Option<Resolved<T>>, Vec<Diagnostic>, Sources)) -> String {
    assert!(value.is_none());
    sources.render(&mistakes, false)
}
