use insta::assert_snapshot;

use super::*;

#[test]
fn an_empty_config_is_all_defaults() {
    let (_, tree) = tree(&[("readme.md", "")]);
    assert!(matches!(tree.gateway.server.max_headers.raw, Raw::Literal(100)));
    assert_eq!(tree.gateway.server.listen.len(), 1);
    assert!(tree.gateway.tokens.is_empty() && tree.upstreams.upstreams.is_empty());
    assert!(tree.routes["routes"].is_empty() && tree.lib.is_none());
    assert!(matches!(tree.call_defaults.each_limit.unwrap().raw, Raw::Literal(100)));
}

#[test]
fn the_defaults_name_every_key() {
    let text = include_str!("../defaults.toml");
    let (_, rest) = text.split_once("[gateway.server]").unwrap();
    for (header, keys) in [
        ("[gateway.server]", Server::KEYS),
        ("[gateway.admin]", Admin::KEYS),
        ("[gateway.tokens._defaults]", Tokens::KEYS),
        ("[gateway.session]", Session::KEYS),
        ("[gateway.rate_limits._defaults]", RateLimit::KEYS),
        ("[gateway.cors]", Cors::KEYS),
        ("[gateway.cache]", Cache::KEYS),
        ("[gateway.telemetry]", Telemetry::KEYS),
        ("[upstreams._defaults]", Upstream::KEYS),
        ("[call]", Call::KEYS),
        ("[signature]", Signature::KEYS),
        ("[cache]", Caching::KEYS),
        (
            "[route]",
            &[
                "session",
                "deadline",
                "summary",
                "roles",
                "scopes",
                "allow",
                "deny_status",
                "errors",
                "csrf",
                "rate_limits",
                "cors",
                "idempotency",
                "idempotency_keep",
                "signature",
                "max_body",
                "calls",
                "fail",
                "revalidate",
            ],
        ),
    ] {
        let section = text.split_once(header).unwrap().1.split("\n[").next().unwrap();
        for key in keys {
            let named = |line: &str| line.trim_start_matches("# ").starts_with(&format!("{key} ="));
            assert!(section.lines().any(named), "{header} names no `{key}`");
        }
    }
    assert!(rest.lines().all(|line| line.len() < 120));
}

#[test]
fn defaults_are_merged_key_by_key() {
    let (sources, tree) = tree(&[
        (
            "gateway.toml",
            "[server]\nlisten = ['a', 'b']\n[tokens.main]\nissuer = 'x'\nleeway = '1s'\n",
        ),
        (
            "upstreams.toml",
            "[_defaults]\ntimeout = '9s'\nheaders = { a = '1', b = '2' }\n\
             [users]\nheaders = { b = false }\n[posts]\ntimeout = '1s'\n",
        ),
    ]);
    assert_eq!(tree.gateway.server.listen.len(), 2);
    let text = |span: &crate::diagnostic::Span| sources.text(span).to_owned();
    let main = &tree.gateway.tokens["main"];
    assert_eq!(text(&main.leeway.span), "'1s'");
    assert_eq!(text(&main.jwks_refresh.span), "\"10m\"");
    assert_eq!(text(&main.span), "[tokens.main]");
    let users = &tree.upstreams.upstreams["users"];
    assert_eq!(text(&users.timeout.span), "'9s'");
    assert_eq!(text(&users.connect_timeout.span), "\"500ms\"");
    assert!(matches!(users.headers["b"], HeaderValue::Off(_)));
    assert!(matches!(users.headers["a"], HeaderValue::Set(_)));
    assert_eq!(text(&tree.upstreams.upstreams["posts"].timeout.span), "'1s'");
    assert_eq!(tree.upstreams.upstreams.len(), 2);
}

#[test]
fn routes_have_paths_and_defaults() {
    let (_, tree) = tree(&[
        ("routes/_defaults.toml", "deadline = '1s'\n"),
        ("routes/index.toml", ""),
        ("routes/api/_defaults.toml", "session = 'none'\n"),
        ("routes/api/(staff)/users/index.toml", "[put]\n[get]\n"),
        ("routes/api/users/[id].toml", ""),
        ("routes/api/files/[...path].toml", ""),
        ("routes/api/docs/[[...path]].toml", ""),
        ("routes/api/notes.md", "not a route"),
        ("routes/..data/x.toml", "hidden"),
    ]);
    let routes = tree.routes["routes"].iter().map(|route| {
        let defaults: Vec<_> = route.defaults.iter().map(|file| file.shared.span.start).collect();
        let methods: Vec<_> = route.file.methods.keys().map(|method| method.name()).collect();
        assert!(defaults.is_sorted_by(|a, b| a > b), "nearest first");
        format!("{} {} {} {methods:?}", route.pattern, route.file_name, defaults.len())
    });
    assert_snapshot!(routes.collect::<Vec<_>>().join("\n"));
}

#[test]
fn programs_come_from_files() {
    let (sources, tree) = tree(&[
        ("routes/a/x.toml", "allow = { file = '../../jq/x.jq' }\n[get.response]\nshape = '1'\n"),
        ("routes/a/y.toml", "allow = { file = '../../jq/x.jq' }\n"),
        ("jq/x.jq", "\n$session != null\n"),
        ("lib.jq", "def a: 1;\n"),
    ]);
    let allow = tree.routes["routes"][0].file.shared.allow.clone().unwrap();
    assert_eq!(allow.text, "\n$session != null\n");
    let place = sources.place(sources.inside(&allow.span, 1..9).start);
    assert_eq!((place.line, place.column), (2, 1));
    assert_eq!(tree.lib.unwrap().text, "def a: 1;\n");
}

#[test]
fn any_toml_keeps_its_order_and_places() {
    let (sources, tree) = tree(&[(
        "routes/x.toml",
        "[get.calls.z]\nfallback = { b = 1, a = [0x10, 1.5, 'x'] }\n[get.calls.a]\n[[get.fail]]\n",
    )]);
    let get = &tree.routes["routes"][0].file.methods[&Method::Get];
    assert_eq!(get.calls.keys().map(|name| name.text.as_str()).collect::<Vec<_>>(), ["z", "a"]);
    assert_eq!(get.fail.as_ref().unwrap().len(), 1);
    let Value::Table(fallback) = get.calls["z"].fallback.clone().unwrap().value else { panic!() };
    assert_eq!(fallback.keys().map(|name| name.text.as_str()).collect::<Vec<_>>(), ["b", "a"]);
    let Value::List(list) = &fallback["a"].value else { panic!() };
    assert!(matches!(list[0].value, Value::Integer(16)));
    assert_eq!(sources.text(&list[2].span), "'x'");
}

#[test]
fn schemas_of_the_files() {
    assert_snapshot!(serde_json::to_string_pretty(&schema()).unwrap());
}

#[test]
fn a_config_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let missing = load(&folder.path().join("none"), &Disk);
    assert!(missing.tree.is_none() && missing.diagnostics.len() == 1);
    std::fs::create_dir_all(folder.path().join("routes/a")).unwrap();
    std::fs::write(folder.path().join("routes/a/[id].toml"), "allow = { file = '../../x.jq' }")
        .unwrap();
    std::fs::write(folder.path().join("x.jq"), "true").unwrap();
    let loaded = load(folder.path(), &Disk);
    assert!(loaded.diagnostics.is_empty());
    let tree = loaded.tree.unwrap();
    assert_eq!(tree.routes["routes"][0].pattern.to_string(), "/a/[id]");
    assert_eq!(tree.routes["routes"][0].file.shared.allow.as_ref().unwrap().text, "true");
}
