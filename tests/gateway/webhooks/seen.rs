//! Deliveries that come again.

use tokio::io::AsyncWriteExt;

use super::*;

#[tokio::test]
async fn a_delivery_that_was_answered_with_2xx_is_not_served_again() {
    let service = service().await;
    let gateway = json_hook(&service, GITHUB).await;

    pushed(&gateway, r#"{"n":1}"#).await.assert_data(200, json!("told"));
    for _ in 0..3 {
        pushed(&gateway, r#"{"n":1}"#).await.assert_data(200, Value::Null);
    }
    assert_eq!(service.requests().len(), 1);
    pushed(&gateway, r#"{"n":2}"#).await.assert_data(200, json!("told"));
    assert_eq!(service.requests().len(), 2);
}

#[tokio::test]
async fn a_delivery_that_failed_is_served_again() {
    let service = service().await;
    let gateway = json_hook(&service, GITHUB).await;
    let failures = [Reply::status(500), Reply::status(409), Reply::reset()];
    for failure in failures {
        service.once("POST", "/told", failure);
        assert!(pushed(&gateway, "{}").await.status >= 400);
    }
    pushed(&gateway, "{}").await.assert_data(200, json!("told"));
    pushed(&gateway, "{}").await.assert_data(200, Value::Null);
    assert_eq!(service.requests().len(), 4);
}

#[tokio::test]
async fn a_delivery_is_known_by_its_signed_id_whatever_else_changes() {
    let service = service().await;
    let gateway = json_hook(&service, STRIPE).await;

    event(&gateway, r#"{"id":"evt_1","pending_webhooks":2}"#, 0)
        .await
        .assert_data(200, json!("told"));
    let again = event(&gateway, r#"{"id":"evt_1","pending_webhooks":1}"#, 60).await;
    again.assert_data(200, Value::Null);
    // An id that is none: the body it is.
    for body in [r#"{"id":""}"#, r#"{"id":null}"#, "{}"] {
        event(&gateway, body, 0).await.assert_data(200, json!("told"));
        event(&gateway, body, 1).await.assert_data(200, Value::Null);
    }
    assert_eq!(service.requests().len(), 4);
}

#[tokio::test]
async fn an_id_that_is_not_signed_makes_no_other_delivery() {
    let service = service().await;
    let gateway = json_hook(&service, GITHUB).await;
    pushed(&gateway, "{}").header("x-github-delivery", "1").await.assert_data(200, json!("told"));
    let replayed = pushed(&gateway, "{}").header("x-github-delivery", "2").await;
    replayed.assert_data(200, Value::Null);
    assert_eq!(service.requests().len(), 1);
}

#[tokio::test]
async fn an_own_scheme_names_a_delivery_by_a_program() {
    let service = service().await;
    let signature = r#"{ scheme = "hmac", secrets = ["${HOOK_SECRET}"], header = "x-sig", id_from = '$body.meta.id' }"#;
    let gateway = json_hook(&service, signature).await;
    let send = |body: &str| {
        let signature = hex(&mac(SECRET, body));
        delivery(&gateway, &[("x-sig", signature.as_str())], body)
    };
    send(r#"{"meta":{"id":7},"try":1}"#).await.assert_data(200, json!("told"));
    send(r#"{"meta":{"id":7},"try":2}"#).await.assert_data(200, Value::Null);
    send(r#"{"meta":{"id":"7"},"try":2}"#).await.assert_data(200, json!("told"));
    for none in [r#"{"meta":{"id":""},"a":1}"#, r#"{"meta":{"id":""},"a":2}"#, "{}", r#"{"a":1}"#] {
        send(none).await.assert_data(200, json!("told"));
        send(none).await.assert_data(200, Value::Null);
    }
    send(r#"{"meta":7}"#).await.assert_error(500, "INTERNAL_ERROR");
    assert_eq!(service.requests().len(), 6);
}

#[tokio::test]
async fn an_own_scheme_may_name_a_delivery_by_a_header() {
    let service = service().await;
    let signature = r#"{ scheme = "hmac", secrets = ["${HOOK_SECRET}"], header = "x-sig", id_from = '$headers."x-id"' }"#;
    let keys = "input.headers.x-id = { type = \"string\" }";
    let gateway = hook(&service, signature, keys, "body = \"raw\"").await;
    let send = |body: &str, id: &str| {
        let signature = hex(&mac(SECRET, body));
        delivery(&gateway, &[("x-sig", signature.as_str()), ("x-id", id)], body)
    };
    send("try 1", "a").await.assert_data(200, json!("told"));
    send("try 2", "a").await.assert_data(200, Value::Null);
    send("try 2", "b").await.assert_data(200, json!("told"));
    assert_eq!(service.requests().len(), 2);
}

#[tokio::test]
async fn routes_know_their_own_deliveries() {
    let service = service().await;
    let route = |path: &str| {
        format!(
            "[post]\nsignature = {GITHUB}\n[post.calls.told]\nupstream = \"service\"\n\
             method = \"POST\"\npath = \"{path}\"\nbody = \"raw\"\n"
        )
    };
    let config = Gateway::config().env("HOOK_SECRET", SECRET).upstream("service", &service);
    let config = config.open_route("hook.toml", &route("/told"));
    let gateway = config.open_route("other.toml", &route("/told")).start().await;

    pushed(&gateway, "{}").await.assert_status(200);
    let other = gateway.request("POST", "/other").body("application/json", "{}");
    other.header("x-hub-signature-256", &github("{}")).await.assert_status(200);
    assert_eq!(service.requests().len(), 2);
}

#[tokio::test]
async fn while_a_delivery_is_served_the_same_one_is_409() {
    let service = service().await;
    let gate = Gate::new();
    service.once("POST", "/told", Reply::json(json!({})).when(&gate));
    let gateway = json_hook(&service, GITHUB).await;

    let first = pushed(&gateway, "{}").sent();
    service.wait_for(1).await;
    let second = pushed(&gateway, "{}").await;
    second.assert_error(409, "CONFLICT");
    assert!(second.header("retry-after").is_some());
    gate.open();
    first.await.assert_data(200, json!("told"));
    pushed(&gateway, "{}").await.assert_data(200, Value::Null);
    assert_eq!(service.requests().len(), 1);
}

#[tokio::test]
async fn a_delivery_is_known_for_as_long_as_it_is_kept() {
    let service = service().await;
    let gateway = json_hook(&service, GITHUB).await;
    pushed(&gateway, "{}").await.assert_data(200, json!("told"));
    gateway.advance(7 * 24 * 3600 - 60);
    pushed(&gateway, "{}").await.assert_data(200, Value::Null);
    gateway.advance(120);
    pushed(&gateway, "{}").await.assert_data(200, json!("told"));
}

#[tokio::test]
async fn what_is_no_longer_known_is_too_old_where_the_time_is_signed() {
    let service = service().await;
    let short =
        r#"{ scheme = "stripe", secrets = ["${HOOK_SECRET}"], tolerance = "1m", keep = "2m" }"#;
    let gateway = json_hook(&service, short).await;
    let (time, body) = (now() + 55, r#"{"id":"evt_1"}"#);
    let captured = stripe(SECRET, time, body);
    let replay = || delivery(&gateway, &[("stripe-signature", &captured)], body);

    replay().await.assert_data(200, json!("told"));
    for _ in 0..30 {
        gateway.advance(10);
        let reply = replay().await;
        match reply.status {
            200 => reply.assert_data(200, Value::Null),
            _ => reply.assert_error(401, "UNAUTHORIZED"),
        };
    }
    replay().await.assert_error(401, "UNAUTHORIZED");
    assert_eq!(service.requests().len(), 1);
}

#[tokio::test]
async fn a_reply_that_is_no_2xx_leaves_a_delivery_unseen() {
    let service = service().await;
    let rest = "[[post.fail]]\nwhen = '$told.refuse == true'\nstatus = 422\ncode = \"NO\"\nmessage = \"no\"";
    let body = format!("body = \"raw\"\n{rest}");
    let gateway = hook(&service, GITHUB, "", &body).await;
    service.once("POST", "/told", Reply::json(json!({"refuse": true})));

    pushed(&gateway, "{}").await.assert_error(422, "NO");
    pushed(&gateway, "{}").await.assert_data(200, json!("told"));
    pushed(&gateway, "{}").await.assert_data(200, Value::Null);
    assert_eq!(service.requests().len(), 2);
}

#[tokio::test]
async fn every_try_of_a_delivery_sends_upstreams_the_same_key() {
    let service = service().await;
    let gateway = hook(&service, GITHUB, "", "body = \"raw\"\nidempotency_key = true").await;
    service.once("POST", "/told", Reply::status(500));

    pushed(&gateway, "{}").await.assert_error(502, "UPSTREAM_ERROR");
    // The client's own key is not signed, so it decides nothing.
    pushed(&gateway, "{}").header("idempotency-key", "mine").await.assert_status(200);
    pushed(&gateway, "[]").await.assert_status(200);
    let requests = service.requests();
    let keys: Vec<_> = requests.iter().map(|one| one.header("idempotency-key")).collect();
    assert!(keys[0].is_some());
    assert_eq!(keys[0], keys[1]);
    assert_ne!(keys[1], keys[2]);
}

#[tokio::test]
async fn a_sender_that_leaves_before_anything_was_changed_may_come_again() {
    let service = service().await;
    service.on("GET", "/look", Reply::json(json!({"ok": true})));
    service.once("GET", "/look", Reply::hang());
    let body = "json = '$look'\n[post.calls.look]\nupstream = \"service\"\npath = \"/look\"";
    let gateway = hook(&service, GITHUB, "", body).await;

    let mut sender = gateway.connect().await;
    let head = "POST /hook HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\nx-hub-signature-256: ";
    let request = format!("{head}{}\r\n\r\n{{}}", github("{}"));
    sender.write_all(request.as_bytes()).await.expect("it is written");
    service.wait_for(1).await;
    drop(sender);
    service.cancelled().await;

    // It is let go a moment after the sender has gone.
    let mut reply = pushed(&gateway, "{}").await;
    while reply.status == 409 {
        reply = pushed(&gateway, "{}").await;
    }
    reply.assert_data(200, json!("told"));
    assert_eq!(service.count("POST /told"), 1);
}
