//! `/sessions` on the admin listener, and `frontdesk sessions`: who is logged in, and an end to it.

use std::ffi::OsString;

use frontdesk::cli::{self, Outcome, World};
use frontdesk::config::{Disk, Process};
use upstream_mocks::Idp;

use crate::harness::*;

const TOKEN: &str = "a-token-of-operators";
const ME: &str = "session = \"required\"\n[get]\nresponse.shape = '$session.sub'\n";

/// A gateway whose sessions are in this store.
async fn start(idp: &Idp, stores: &str) -> Gateway {
    let login = login_at(idp, stores);
    Gateway::config().gateway(&login).admin_token(TOKEN).route("me.toml", ME).start().await
}

async fn who(browser: &Browser) -> u16 {
    browser.fetch("/me").await.status
}

fn ids(list: &Answer) -> Vec<String> {
    let list = list.json();
    let sessions = list["sessions"].as_array().expect("sessions");
    sessions.iter().map(|one| one["id"].as_str().expect("an id").to_owned()).collect()
}

#[tokio::test]
async fn an_operator_sees_and_ends_sessions_in_every_store() {
    let redis = Redis::start().await;
    let stores = [
        String::new(),
        "[stores]\nsessions = \"file\"\n".to_owned(),
        format!("[stores]\nsessions = \"redis\"\nredis = {{ url = \"{}\" }}\n", redis.url()),
    ];
    for store in stores {
        let idp = Idp::start().await;
        let gateway = start(&idp, &store).await;
        let login = |user: &'static str| Browser::at(gateway.url("")).logs_in(&idp, user);
        let (one, two, other) = (login("u1").await, login("u1").await, login("u2").await);

        let all = gateway.admin("/sessions").bearer(TOKEN).await;
        assert_eq!(all.json()["total"], 3, "{store}: {}", all.body);
        let issuer = all.json()["sessions"][0]["iss"].as_str().expect("an issuer").to_owned();
        let mine = gateway.admin(&format!("/sessions?sub=u1&iss={issuer}")).bearer(TOKEN).await;
        assert_eq!(ids(&mine).len(), 2, "{}", mine.body);
        let session = &mine.json()["sessions"][0];
        assert_eq!((&session["sub"], &session["login"]), (&json!("u1"), &json!("main")));
        let left = session["idle_left"].as_u64().expect("seconds");
        assert!((1700..=1800).contains(&left), "{left}");
        for browser in [&one, &two, &other] {
            let cookie = browser.cookie();
            let value = cookie.split('=').nth(1).expect("a value");
            assert!(!all.body.contains(value) && !all.body.contains("token"), "{}", all.body);
        }

        let path = format!("/sessions/{}", ids(&mine)[0]);
        let ended = gateway.admin_with("DELETE", &path).bearer(TOKEN).await;
        ended.assert_json(200, json!({ "ended": 1 }));
        gateway.admin_with("DELETE", &path).bearer(TOKEN).await.assert_error(404, "NOT_FOUND");
        let mut left = [who(&one).await, who(&two).await];
        left.sort_unstable();
        assert_eq!(left, [200, 401], "{store}");
        let ended = gateway.admin_with("DELETE", "/sessions?sub=u1").bearer(TOKEN).await;
        ended.assert_json(200, json!({ "ended": 1 }));
        assert_eq!((who(&one).await, who(&two).await, who(&other).await), (401, 401, 200));
        let ended = gateway.admin_with("DELETE", "/sessions?all=true").bearer(TOKEN).await;
        ended.assert_json(200, json!({ "ended": 1 }));
        assert_eq!(who(&other).await, 401);
        let none = gateway.admin("/sessions").bearer(TOKEN).await;
        none.assert_json(200, json!({ "total": 0, "sessions": [] }));
    }
}

#[tokio::test]
async fn only_who_has_the_token_is_served() {
    let idp = Idp::start().await;
    let gateway = start(&idp, "").await;
    let browser = Browser::at(gateway.url("")).logs_in(&idp, "u1").await;
    for value in ["", "Bearer", "Bearer ", "Bearer x", "Basic a-token-of-operators", TOKEN] {
        for method in ["GET", "DELETE"] {
            let path = "/sessions?all=true";
            let reply = gateway.admin_with(method, path).header("authorization", value).await;
            reply.assert_error(401, "UNAUTHORIZED");
            reply.assert_header("www-authenticate", "Bearer");
        }
    }
    gateway.admin("/sessions").await.assert_error(401, "UNAUTHORIZED");
    let twice = gateway.admin("/sessions").bearer(TOKEN).bearer("x").await;
    twice.assert_error(401, "UNAUTHORIZED");
    // A cookie shows a user, and no operator.
    let user = gateway.admin("/sessions").header("cookie", &browser.cookie()).await;
    user.assert_error(401, "UNAUTHORIZED");
    assert_eq!(who(&browser).await, 200);
    // And the public listener has no such thing.
    gateway.get("/sessions").bearer(TOKEN).await.assert_error(404, "NOT_FOUND");
}

#[tokio::test]
async fn without_a_token_in_the_config_nobody_is_served() {
    let gateway = Gateway::config().route("me.toml", ME).start().await;
    for value in ["", "Bearer ", "Bearer x"] {
        let reply = gateway.admin("/sessions").header("authorization", value).await;
        reply.assert_error(403, "FORBIDDEN");
        assert!(reply.body.contains("no `token` in `[admin]`"), "{}", reply.body);
    }
}

#[tokio::test]
async fn what_is_not_clear_ends_nobodys_session() {
    let idp = Idp::start().await;
    let gateway = start(&idp, "").await;
    let browser = Browser::at(gateway.url("")).logs_in(&idp, "u1").await;
    for (method, path, status) in [
        ("DELETE", "/sessions", 400),
        ("DELETE", "/sessions?all=yes", 400),
        ("DELETE", "/sessions?subject=u1", 400),
        ("DELETE", "/sessions?sub=u2&sub=u1", 400),
        ("DELETE", "/sessions/", 400),
        ("DELETE", "/sessions/u1", 400),
        ("DELETE", "/sessions?sub=u2", 200),
        ("DELETE", "/sessions?sub=u1&iss=https://other.test", 200),
        ("DELETE", "/sessions?sub=u1&frontend=admin", 200),
        ("POST", "/sessions?all=true", 405),
        ("GET", "/sessions/0", 405),
    ] {
        let reply = gateway.admin_with(method, path).bearer(TOKEN).await;
        assert_eq!(reply.status, status, "{method} {path}: {}", reply.body);
        assert_eq!(who(&browser).await, 200, "{method} {path}");
    }
}

/// The command, at a gateway that runs: the exit code, stdout and stderr.
fn run(gateway: &Gateway, token: &str, arguments: &[&str]) -> (Option<u8>, String, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!("[admin]\nlisten = \"{}\"\n{token}\n", gateway.admin);
    std::fs::write(folder.path().join("gateway.toml"), text).expect("a file");
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let config = folder.path().as_os_str();
    let first = [OsString::from("frontdesk"), "--config".into(), config.into(), "sessions".into()];
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
async fn the_command_lists_and_revokes() {
    let idp = Idp::start().await;
    let gateway = start(&idp, "").await;
    let one = Browser::at(gateway.url("")).logs_in(&idp, "u1").await;
    let two = Browser::at(gateway.url("")).logs_in(&idp, "u2").await;
    let token = format!("token = \"{TOKEN}\"");

    let (code, out, err) = run(&gateway, &token, &["list"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(out.starts_with("SUB  ISS ") && out.lines().count() == 3, "{out}");
    let (_, out, _) = run(&gateway, &token, &["list", "--sub", "u2", "--format", "json"]);
    let list: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((&list["total"], &list["sessions"][0]["sub"]), (&json!(1), &json!("u2")));
    let id = list["sessions"][0]["id"].as_str().expect("an id");

    let (code, out, _) = run(&gateway, &token, &["revoke", "--sub", "u1"]);
    assert_eq!((code, out.as_str()), (Some(0), "1 session has ended\n"));
    assert_eq!((who(&one).await, who(&two).await), (401, 200));
    let (code, _, err) = run(&gateway, &token, &["revoke"]);
    assert_eq!(code, Some(1));
    assert!(err.contains("Say whose sessions end"), "{err}");
    assert_eq!(run(&gateway, &token, &["revoke", "--id", id, "--all"]).0, Some(2));
    let (code, out, _) = run(&gateway, &token, &["revoke", "--id", id]);
    assert_eq!((code, out.as_str()), (Some(0), "1 session has ended\n"));
    assert_eq!(who(&two).await, 401);
    let (code, _, err) = run(&gateway, &token, &["revoke", "--id", id]);
    assert_eq!((code, err.as_str()), (Some(1), "error: There is no such session.\n"));
    let (code, out, _) = run(&gateway, &token, &["revoke", "--all"]);
    assert_eq!((code, out.as_str()), (Some(0), "0 sessions have ended\n"));

    let (code, _, err) = run(&gateway, "token = \"wrong\"", &["list"]);
    assert_eq!(code, Some(1));
    assert!(err.contains("Show the token") && !err.contains("wrong\""), "{err}");
    gateway.stop();
}
