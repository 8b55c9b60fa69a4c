//! `POST /revalidate` on the admin listener, and `frontdesk revalidate`.

use std::ffi::OsString;

use frontdesk::cli::{self, Outcome, World};
use frontdesk::config::{Disk, Process};

use super::*;

const TOKEN: &str = "a-token-of-operators";

async fn start(up: &Upstream) -> Gateway {
    let text = route(r#"{ ttl = "1h", stale = "1h", tags = ["posts", "post:é|1"] }"#);
    Gateway::config().upstream("up", up).admin_token(TOKEN).route("x.toml", &text).start().await
}

fn says(gateway: &Gateway, body: &str) -> Request {
    gateway
        .admin_with("POST", "/revalidate")
        .bearer(TOKEN)
        .body("application/json", body.to_owned())
}

#[tokio::test]
async fn an_operator_revalidates_by_tags() {
    let up = counting().await;
    let gateway = start(&up).await;
    for (n, tags) in
        [json!(["posts"]), json!(["post:é|1"]), json!(["a", "posts", "posts"])].iter().enumerate()
    {
        assert_eq!(ask(&gateway).await, is("miss", n + 1));
        assert_eq!(ask(&gateway).await, is("hit", n + 1));
        let reply = says(&gateway, &json!({ "tags": tags }).to_string()).await;
        let count = tags.as_array().expect("tags").len();
        reply.assert_json(200, json!({"revalidated": count, "instances": 1}));
        reply.assert_header("cache-control", "no-store");
    }
    assert_eq!(ask(&gateway).await, is("miss", 4));
    for tags in [json!(["post"]), json!(["Posts", "posts ", "post:e|1"])] {
        says(&gateway, &json!({ "tags": tags }).to_string()).await.assert_status(200);
        assert_eq!(ask(&gateway).await, is("hit", 4), "tags are exact: {tags}");
    }
}

#[tokio::test]
async fn only_who_has_the_token_revalidates() {
    let up = counting().await;
    let gateway = start(&up).await;
    assert_eq!(ask(&gateway).await, is("miss", 1));
    let body = r#"{"tags": ["posts"]}"#;
    for value in ["", "Bearer", "Bearer x", "Basic a-token-of-operators", TOKEN] {
        let reply = gateway.admin_with("POST", "/revalidate").header("authorization", value);
        let reply = reply.body("application/json", body).await;
        reply.assert_error(401, "UNAUTHORIZED").assert_header("www-authenticate", "Bearer");
    }
    let none = gateway.admin_with("POST", "/revalidate").body("application/json", body).await;
    none.assert_error(401, "UNAUTHORIZED");
    let public = gateway.request("POST", "/revalidate").bearer(TOKEN);
    public.body("application/json", body).await.assert_error(404, "NOT_FOUND");
    assert_eq!(ask(&gateway).await, is("hit", 1));

    let open = with(&up, &route(r#"{ ttl = "1h" }"#)).await;
    says(&open, body).await.assert_error(403, "FORBIDDEN");
}

#[tokio::test]
async fn what_is_not_clear_revalidates_nothing() {
    let up = counting().await;
    let gateway = start(&up).await;
    assert_eq!(ask(&gateway).await, is("miss", 1));
    let many = json!({ "tags": vec!["posts"; 1001] }).to_string();
    let long = json!({ "tags": ["x".repeat(1025), "posts"] }).to_string();
    let large = json!({ "tags": ["x".repeat(2 << 20), "posts"] }).to_string();
    for (body, status) in [
        ("", 400),
        ("posts", 400),
        ("[\"posts\"]", 400),
        ("{}", 400),
        (r#"{"tags": []}"#, 400),
        (r#"{"tags": "posts"}"#, 400),
        (r#"{"tags": ["posts", 1]}"#, 400),
        (r#"{"tags": [["posts"]]}"#, 400),
        (r#"{"tag": ["posts"]}"#, 400),
        (r#"{"tags": ["posts"], "all": true}"#, 400),
        (r#"{"tags": ["a"], "tags": ["posts"]}"#, 400),
        (r#"{"tags": ["posts"]"#, 400),
        (r#"{"tags": ["posts", ""]}"#, 400),
        (r#"{"tags": [" ", "posts"]}"#, 400),
        (&long, 400),
        (&many, 400),
        (&large, 413),
    ] {
        let reply = says(&gateway, body).await;
        assert_eq!(reply.status, status, "{}: {}", &body[..body.len().min(80)], reply.body);
        assert_eq!(ask(&gateway).await, is("hit", 1));
    }
    for method in ["GET", "PUT", "DELETE"] {
        let reply = gateway.admin_with(method, "/revalidate").bearer(TOKEN).await;
        reply.assert_error(405, "METHOD_NOT_ALLOWED").assert_header("allow", "POST");
    }
    gateway.admin("/revalidate/x").bearer(TOKEN).await.assert_status(404);
}

/// The command, at a gateway that runs: the exit code, stdout and stderr.
fn run(gateway: &Gateway, token: &str, arguments: &[&str]) -> (Option<u8>, String, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!("[admin]\nlisten = \"{}\"\n{token}\n", gateway.admin);
    std::fs::write(folder.path().join("gateway.toml"), text).expect("a file");
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let config = folder.path().as_os_str();
    let first =
        [OsString::from("frontdesk"), "--config".into(), config.into(), "revalidate".into()];
    let arguments = first.into_iter().chain(arguments.iter().map(OsString::from));
    let world =
        World { environment: &Process, files: &Disk, out: &mut out, err: &mut err, color: false };
    let code = match cli::run(arguments, world) {
        Outcome::Exit(code) => Some(code),
        Outcome::Serve(_) => None,
    };
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (code, text(out), text(err))
}

#[tokio::test]
async fn the_command_revalidates() {
    let up = counting().await;
    let gateway = start(&up).await;
    let token = format!("token = \"{TOKEN}\"");
    assert_eq!(ask(&gateway).await, is("miss", 1));
    let (code, out, err) = run(&gateway, &token, &["posts"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert_eq!(out, "1 tag is revalidated on 1 instance\n");
    assert_eq!(ask(&gateway).await, is("miss", 2));
    let (_, out, _) = run(&gateway, &token, &["a", "post:é|1", "--format", "json"]);
    let said: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(said, json!({"revalidated": 2, "instances": 1}));
    assert_eq!(ask(&gateway).await, is("miss", 3));

    let (code, _, err) = run(&gateway, "token = \"wrong\"", &["posts"]);
    assert_eq!(code, Some(1));
    assert!(err.contains("Show the token") && !err.contains("wrong\""), "{err}");
    let long = "x".repeat(1025);
    for wrong in [&[][..], &[""], &["posts", " "], &["posts", &long]] {
        assert_eq!(run(&gateway, &token, wrong).0, Some(2));
    }
    assert_eq!(ask(&gateway).await, is("hit", 3));
}
