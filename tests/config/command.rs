//! What the command says.

use std::ffi::OsString;
use std::io::{self, Write};

use frontdesk::cli::{self, Outcome, World};

use crate::case::Case;

/// The exit code, what was written to stdout, and to stderr; `serve` has none.
pub(crate) fn run(case: &Case, arguments: &[&str]) -> (Option<u8>, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let arguments = ["frontdesk"].iter().chain(arguments).map(OsString::from);
    let world =
        World { environment: case, files: case, out: &mut out, err: &mut err, color: false };
    let code = match cli::run(arguments, world) {
        Outcome::Exit(code) => Some(code),
        Outcome::Serve(_) => None,
    };
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (code, text(out), text(err))
}

#[test]
fn check_counts_or_tells() {
    let (code, out, err) = run(&Case::good("dashboard"), &["check"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    insta::assert_snapshot!(out, @"config ok: 2 routes, 3 endpoints, 2 upstreams");
    let bad = Case::of(&[("routes/x.toml", "[get]\n")]);
    let (code, out, err) = run(&bad, &["check"]);
    assert_eq!((code, out.as_str()), (Some(1), ""));
    insta::assert_snapshot!(err);
    let (code, out, err) = run(&bad, &["check", "--format", "json"]);
    assert_eq!((code, err.as_str()), (Some(1), ""));
    insta::assert_snapshot!(out);
    let (code, out, _) = run(&Case::good("dashboard"), &["check", "--format", "json"]);
    assert_eq!((code, out.as_str()), (Some(0), "[]\n"));
}

#[test]
fn serve_hands_back_the_plan_or_says_why_not() {
    assert_eq!(run(&Case::good("dashboard"), &["serve"]).0, None);
    let (code, out, err) = run(&Case::of(&[("routes/x.toml", "[get]\n")]), &["serve"]);
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(err.ends_with("1 error; the gateway was not started\n"), "{err}");
}

#[test]
fn routes_are_a_table() {
    insta::assert_snapshot!(run(&Case::good("dashboard"), &["routes"]).1);
}

#[test]
fn explain_shows_what_waits_for_what_and_no_secret() {
    let case = Case::good("dashboard");
    let (code, out, err) = run(&case, &["explain", "GET", "/api/v1/dashboard"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(case.secrets().all(|secret| !out.contains(secret.as_str())), "{out}");
    insta::assert_snapshot!(out);
    let post = "/api/v1/posts/{id}/{...rest}";
    let (_, out, _) = run(&case, &["explain", "post", post]);
    insta::assert_snapshot!("explain_a_post", out);
    for other in ["/api/v1/posts/[id]/[...rest]", "/api/v1/posts/7/a/b%20c?x=1"] {
        assert_eq!(run(&case, &["explain", "POST", other]).1, out, "{other}");
    }
    insta::assert_snapshot!(run(&case, &["explain", "PUT", post]).1);
}

#[test]
fn explain_shows_how_a_webhook_is_signed() {
    let route = r#"
        session = "none"
        [post]
        signature = { scheme = "stripe", secrets = ["whsec_of-more-than-16", "whsec_of-more-than-16-too"] }
        [put]
        signature = { scheme = "github", secrets = ["whsec_of-more-than-16"], keep = "30d" }
        "#;
    let case = Case::of(&[("routes/hook.toml", route)]);
    for (method, lines) in [
        (
            "POST",
            "stripe, any of 2 secrets, within 5m\n               a delivery is known for 7d\n",
        ),
        ("PUT", "github, one secret\n               a delivery is known for 30d\n"),
    ] {
        let (_, out, _) = run(&case, &["explain", method, "/hook"]);
        assert!(out.contains(lines) && !out.contains("whsec"), "{out}");
    }
    let (_, out, _) = run(&case, &["routes"]);
    assert!(out.contains("POST    /hook  signature  "), "{out}");
}

#[test]
fn explain_says_who_may_read_replies_how_many_are_let_in_and_what_is_checked() {
    let gateway = r#"
        [rate_limits.few]
        quota = "60/min"
        [server]
        validate_responses = "log"
        [cors]
        origins = ["https://App.example.com", "https://*.example.com"]
        credentials = true
        "#;
    let route = r#"
        session = "none"
        rate_limits = ["few"]
        deadline = "90s"
        [get.response]
        shape = "1"
        schema = { type = "integer" }
        "#;
    let case = Case::of(&[("gateway.toml", gateway), ("routes/x.toml", route)]);
    let (_, out, _) = run(&case, &["explain", "GET", "/x"]);
    for line in [
        "  cors         https://app.example.com, https://*.example.com, with credentials\n",
        "  limit        few: 60/min, 60 at once, by address\n",
        "  deadline     90s\n",
        "  schema       checked: what it refuses is logged\n",
    ] {
        assert!(out.contains(line), "{line}{out}");
    }
}

#[test]
fn explain_says_what_there_is_instead() {
    let case = Case::good("dashboard");
    let (code, _, err) = run(&case, &["explain", "GET", "/api/v1/dashbord"]);
    assert_eq!(code, Some(2));
    insta::assert_snapshot!(err, @"error: no route leads to `/api/v1/dashbord`; did you mean `/api/v1/dashboard`?");
    let (code, _, err) = run(&case, &["explain", "DELETE", "/api/v1/dashboard"]);
    assert_eq!(code, Some(2));
    insta::assert_snapshot!(err, @"error: `/api/v1/dashboard` has no DELETE; it has GET, HEAD");
}

#[test]
fn wrong_use_is_2_and_help_is_0() {
    let case = Case::good("dashboard");
    for wrong in [&["chek"][..], &[], &["explain", "GET"], &["check", "--format", "xml"]] {
        let (code, out, err) = run(&case, wrong);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{wrong:?}");
        assert!(!err.is_empty());
    }
    for right in [&["--help"][..], &["--version"], &["version"], &["schema"], &["schema", "route"]]
    {
        let (code, out, err) = run(&case, right);
        assert_eq!((code, err.as_str()), (Some(0), ""), "{right:?}");
        assert!(!out.is_empty());
    }
    let (code, _, err) = run(&case, &["health", "localhost"]);
    assert_eq!(code, Some(2), "{err}");
}

#[test]
fn a_folder_that_is_not_there_is_a_mistake() {
    let (code, _, err) = run(&Case::good("dashboard"), &["--config", "/nowhere/at/all", "check"]);
    assert_eq!(code, Some(1));
    assert!(err.contains("/nowhere/at/all"), "{err}");
}

#[test]
fn a_reader_that_goes_away_is_no_mistake() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let case = Case::good("dashboard");
    let mut err = Vec::new();
    for arguments in [["frontdesk", "routes"], ["frontdesk", "--help"]] {
        let world = World {
            environment: &case,
            files: &case,
            out: &mut Closed,
            err: &mut err,
            color: false,
        };
        let outcome = cli::run(arguments.map(OsString::from), world);
        assert!(matches!(outcome, Outcome::Exit(0)), "{outcome:?}");
    }
}

/// Two frontends with a page each, one login, and two credentials.
fn with_frontends() -> Case {
    let gateway = r#"
        [session]
        keys = ["0123456789abcdef0123456789abcdef"]
        [login.main]
        issuer = "https://id.example.com/"
        client_id = "dashboard"
        client_secret = "a-secret-of-the-client"
        [frontends.app]
        origin = "https://app.example.com"
        login = "main"
        [frontends.admin]
        origin = "https://admin.example.com"
        routes = "routes-admin"
        [credentials.billing]
        grant = "client_credentials"
        login = "main"
        [credentials.for_user]
        grant = "exchange"
        token_url = "https://id.example.com/token"
        client_id = "gateway"
        client_secret = "a-secret-of-the-gateway"
        "#;
    let page = r#"
        session = "required"
        [get]
        unauthenticated = "login"
        calls.a = { upstream = "users", path = "/a", auth = "billing" }
        calls.b = { upstream = "users", path = "/b", auth = "for_user" }
        calls.c = { upstream = "users", path = "/c", auth = "user" }
        response = { envelope = "text", shape = '"\($a)\($b)\($c)"' }
        [post]
        csrf = "off"
        "#;
    let admin = "session = \"optional\"\n[get]\ncsrf = \"origin\"\n[put]\nsession = \"none\"\n";
    Case::of(&[
        ("gateway.toml", gateway),
        ("routes/page.toml", page),
        ("routes-admin/page.toml", admin),
        ("routes-admin/audit.toml", admin),
    ])
}

#[test]
fn routes_have_a_column_for_the_frontend() {
    let (_, out, _) = run(&with_frontends(), &["routes"]);
    insta::assert_snapshot!(out);
    let (_, out, _) = run(&with_frontends(), &["check"]);
    assert_eq!(out, "config ok: 3 routes, 6 endpoints, 1 upstream, 2 frontends, 1 login\n");
}

#[test]
fn explain_shows_the_endpoint_of_each_frontend_or_of_one() {
    let case = with_frontends();
    let (code, both, _) = run(&case, &["explain", "GET", "/page"]);
    assert_eq!(code, Some(0));
    insta::assert_snapshot!(both);
    let (_, app, _) = run(&case, &["explain", "GET", "/page", "--frontend", "app"]);
    let (_, admin, _) = run(&case, &["explain", "GET", "/page", "--frontend", "admin"]);
    assert_eq!(both, format!("{app}\n{admin}"));
    // Only one has a POST, and only the other an audit.
    let (_, post, _) = run(&case, &["explain", "POST", "/page"]);
    assert!(
        post.contains("  frontend     app\n") && post.contains("  csrf         off\n"),
        "{post}"
    );
    let (_, audit, _) = run(&case, &["explain", "PUT", "/audit"]);
    assert!(audit.contains("  frontend     admin\n") && !audit.contains("csrf"), "{audit}");
    for (arguments, said) in [
        (["GET", "/audit", "--frontend", "app"], "error: no route leads to `/audit`"),
        (
            ["GET", "/page", "--frontend", "amdin"],
            "error: no frontend is named `amdin`; did you mean `admin`?",
        ),
        (
            ["PATCH", "/page", "--frontend", "app"],
            "error: `/page` has no PATCH; it has GET, HEAD, POST",
        ),
    ] {
        let (code, _, err) = run(&case, &[&["explain"][..], &arguments].concat());
        assert_eq!(code, Some(2));
        assert!(err.starts_with(said), "{err}");
    }
}
