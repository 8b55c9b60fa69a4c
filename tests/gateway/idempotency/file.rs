//! Replies kept in a file: they outlive the process, whatever ends it.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::TempDir;

use super::*;

fn config(up: &Upstream, folder: &TempDir, route: &str) -> Config {
    config_at(up, &folder.path().join("data/kept.redb"), route)
}

fn config_at(up: &Upstream, file: &Path, route: &str) -> Config {
    let file = file.display();
    Gateway::config()
        .gateway(&format!("[stores]\nidempotency = \"file\"\nfile = \"{file}\"\n"))
        .upstream("up", up)
        .open_route("x.toml", route)
}

/// The same as [`order`], of a process. Nothing when it is killed before it has answered.
fn ask(program: &Program, key: &str) -> impl Future<Output = Option<Answer>> + use<> {
    let (url, key) = (format!("http://{}/x", program.address), key.to_owned());
    let asked = tokio::spawn(post(url, key));
    async move { asked.await.expect("no panic") }
}

async fn post(url: String, key: String) -> Option<Answer> {
    let sent = reqwest::Client::new()
        .post(url)
        .header("idempotency-key", key)
        .header("content-type", "application/json")
        .body("{\"sku\":1}")
        .send();
    let response = sent.await.ok()?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let bytes = response.bytes().await.ok()?.to_vec();
    Some(Answer { status, headers, body: String::from_utf8_lossy(&bytes).into_owned(), bytes })
}

#[tokio::test]
async fn a_kept_reply_outlives_the_process() {
    let (up, folder) = (shop().await, tempfile::tempdir().unwrap());
    let gateway = config(&up, &folder, ORDER).start().await;
    let first = order(&gateway, "k").await;
    first.assert_data(201, json!({"id": 1}));
    assert_replay(&order(&gateway, "k").await, &first);
    gateway.post("/x", json!({"sku": 2})).key("k").await.assert_error(422, "UNPROCESSABLE");
    gateway.stopping().await;

    let gateway = config(&up, &folder, ORDER).start().await;
    assert_replay(&order(&gateway, "k").await, &first);
    gateway.post("/x", json!({"sku": 2})).key("k").await.assert_error(422, "UNPROCESSABLE");
    gateway.advance(25 * 3600);
    order(&gateway, "k").await.assert_data(201, json!({"id": 2}));
}

#[tokio::test]
async fn a_key_in_flight_is_409_also_when_replies_are_kept_for_a_short_time() {
    let (up, gate, folder) = (Upstream::start().await, Gate::new(), tempfile::tempdir().unwrap());
    up.on("POST", "/orders", Reply::json(json!({"id": 1})).when(&gate));
    let gateway = config(&up, &folder, &short()).start().await;

    let first = order(&gateway, "k").sent();
    up.wait_for(1).await;
    gateway.advance(39);
    order(&gateway, "k").await.assert_error(409, "CONFLICT").assert_header("retry-after", "1");
    gate.open();
    let first = first.await;
    assert_replay(&order(&gateway, "k").await, &first);
    assert_eq!(up.total(), 1);
}

#[tokio::test]
async fn a_kept_reply_outlives_kill_9() {
    let (up, folder) = (shop().await, tempfile::tempdir().unwrap());
    let program = config(&up, &folder, ORDER).launch();
    let first = ask(&program, "k").await.unwrap();
    first.assert_data(201, json!({"id": 1}));
    program.signal("KILL");
    drop(program);

    let program = config(&up, &folder, ORDER).launch();
    assert_replay(&ask(&program, "k").await.unwrap(), &first);
    assert_eq!(up.total(), 1);
}

#[tokio::test]
async fn killed_after_a_change_was_sent_it_is_409_and_no_second_change() {
    let (up, folder) = (Upstream::start().await, tempfile::tempdir().unwrap());
    up.on("POST", "/orders", Reply::hang());
    let program = config(&up, &folder, ORDER).launch();
    let asked = ask(&program, "k");
    up.wait_for(1).await;
    program.signal("KILL");
    drop(program);
    assert!(asked.await.is_none());

    up.on("POST", "/orders", Reply::json(json!({"id": 2})));
    let gateway = config(&up, &folder, ORDER).start().await;
    for _ in 0..2 {
        let reply = order(&gateway, "k").await;
        reply.assert_error(409, "CONFLICT").assert_no_header("retry-after");
        let message = reply.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains("interrupted"), "{message}");
    }
    gateway.post("/x", json!({"sku": 2})).key("k").await.assert_error(422, "UNPROCESSABLE");
    assert_eq!(up.total(), 1);
    gateway.advance(25 * 3600);
    order(&gateway, "k").await.assert_data(201, json!({"id": 2}));
}

#[tokio::test]
async fn a_stop_that_cuts_a_change_short_makes_no_second_one() {
    let (up, folder) = (Upstream::start().await, tempfile::tempdir().unwrap());
    up.on("POST", "/orders", Reply::hang());
    let server = "drain_timeout = \"1s\"\n";
    let config = || {
        let file = folder.path().join("kept.redb");
        let stores =
            format!("{server}\n[stores]\nidempotency = \"file\"\nfile = \"{}\"\n", file.display());
        let route = ORDER.replace("json =", "timeout = \"60s\", json =");
        let route = format!("deadline = \"60s\"\n{route}");
        Gateway::config().gateway(&stores).upstream("up", &up).open_route("x.toml", &route)
    };
    let gateway = config().start().await;
    let client = order_and_leave(&gateway, "k").await;
    up.wait_for(1).await;
    gateway.stopping().await;
    drop(client);

    let gateway = config().start().await;
    let reply = order(&gateway, "k").await;
    reply.assert_error(409, "CONFLICT").assert_no_header("retry-after");
    assert_eq!(up.total(), 1);
}

#[tokio::test]
async fn killed_before_a_change_was_sent_the_key_is_free() {
    let (up, folder) = (shop().await, tempfile::tempdir().unwrap());
    up.on("GET", "/checked", Reply::json(json!(true)));
    up.once("GET", "/checked", Reply::hang());
    let route = format!(
        "{}\n[post.calls.checked]\nupstream = \"up\"\npath = \"/checked\"",
        ORDER.replace("json =", "needs = [\"checked\"], json =")
    );
    let program = config(&up, &folder, &route).launch();
    let asked = ask(&program, "k");
    up.wait_for(1).await;
    program.signal("KILL");
    drop(program);
    assert!(asked.await.is_none());

    let program = config(&up, &folder, &route).launch();
    let reply = ask(&program, "k").await.unwrap();
    reply.assert_status(201).assert_no_header("idempotency-replayed");
    assert_eq!(up.count("POST /orders"), 1);
}

/// Kills it again and again in the middle of things. What was answered stays answered, and no key is two changes.
#[tokio::test]
async fn crash_after_crash_no_key_is_lost_and_none_is_two_changes() {
    let (up, folder) = (Upstream::start().await, tempfile::tempdir().unwrap());
    up.reply_with("POST", "/orders", |request| {
        let id = request.header("x-request-id").unwrap_or_default();
        Reply::json(json!({ "id": id })).with_status(201)
    });
    let route = ORDER.replace("json = '$body'", "json = '{key: $request.idempotency_key}'");
    let mut known: HashMap<String, Answer> = HashMap::new();
    for round in 0..8_i32 {
        let program = config(&up, &folder, &route).launch();
        // All of before come back.
        for (key, first) in &known {
            assert_replay(&ask(&program, key).await.unwrap(), first);
        }
        let sent_before = up.total();
        let asking: Vec<_> = (0..40)
            .map(|at| format!("r{}-{}", round - at % 2, at / 4))
            .map(|key| (ask(&program, &key), key))
            .collect();
        up.wait_for(sent_before + 1 + usize::try_from(round % 4).unwrap()).await;
        program.signal("KILL");
        drop(program);
        for (asked, key) in asking {
            let answer = asked.await;
            let first = answer.filter(|answer| {
                answer.status == 201 && answer.header("idempotency-replayed").is_none()
            });
            if let Some(first) = first {
                assert!(known.insert(key, first).is_none());
            }
        }
    }
    let mut changes: HashMap<String, usize> = HashMap::new();
    for request in up.requests() {
        *changes.entry(request.json()["key"].to_string()).or_default() += 1;
    }
    assert!(changes.len() >= 8, "{changes:?}");
    assert!(changes.values().all(|count| *count == 1), "{changes:?}");
}

#[tokio::test]
async fn many_keys_at_once_share_the_file() {
    let (up, folder) = (shop().await, tempfile::tempdir().unwrap());
    let gateway = config(&up, &folder, ORDER).gateway("\nrate_limits = \"memory\"\n").start().await;

    for again in [false, true] {
        let asked: Vec<_> = (0..200).map(|at| order(&gateway, &format!("k{at}")).sent()).collect();
        for reply in asked {
            let reply = reply.await;
            reply.assert_status(201);
            assert_eq!(reply.header("idempotency-replayed").is_some(), again);
        }
    }
    assert_eq!(up.total(), 200);
}

#[tokio::test]
async fn a_hundred_equal_requests_are_one_change() {
    let (up, folder) = (shop().await, tempfile::tempdir().unwrap());
    let gateway = config(&up, &folder, ORDER).start().await;

    let asked: Vec<_> = (0..100).map(|_| order(&gateway, "k").sent()).collect();
    for reply in asked {
        let reply = reply.await;
        assert!([201, 409].contains(&reply.status), "{reply:?}");
    }
    assert_eq!(up.total(), 1);
}

#[tokio::test]
async fn the_file_is_nobody_elses_to_read() {
    let (up, folder) = (shop().await, tempfile::tempdir().unwrap());
    let gateway = config(&up, &folder, ORDER).start().await;
    order(&gateway, "k").await.assert_status(201);

    let mode = |path: &str| fs::metadata(folder.path().join(path)).unwrap().permissions().mode();
    assert_eq!(mode("data") & 0o777, 0o700);
    assert_eq!(mode("data/kept.redb") & 0o777, 0o600);
}

#[tokio::test]
async fn a_file_that_cannot_be_used_is_told_at_start() {
    let (up, folder) = (shop().await, tempfile::tempdir().unwrap());
    let fails = |file: &Path| {
        let (code, said) = Program::fails(config_at(&up, file, ORDER));
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains(&file.display().to_string()), "{said}");
        assert!(said.contains("the gateway was not started"), "{said}");
        said
    };

    let taken = folder.path().join("data/kept.redb");
    let running = config(&up, &folder, ORDER).launch();
    assert!(fails(&taken).contains("is in use by another process"));
    ask(&running, "k").await.unwrap().assert_status(201);
    running.signal("KILL");
    drop(running);

    let bytes = fs::read(&taken).unwrap();
    for (name, bytes) in [
        ("other.redb", b"this is no such file".to_vec()),
        ("long.redb", b"x".repeat(100_000)),
        ("half.redb", bytes[..bytes.len() / 2].to_vec()),
        (
            "changed.redb",
            bytes
                .iter()
                .enumerate()
                .map(|(at, byte)| if at > 600 { !byte } else { *byte })
                .collect(),
        ),
    ] {
        let file = folder.path().join(name);
        fs::write(&file, bytes).unwrap();
        fails(&file);
    }
    fails(&taken.join("below/a/file.redb"));
    fails(folder.path());
}
