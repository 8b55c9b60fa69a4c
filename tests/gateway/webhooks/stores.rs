//! Deliveries in each store.

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::*;

fn stored(service: &Upstream, stores: &str) -> Config {
    let stores = format!("[stores]\n{stores}\n");
    config(service, GITHUB, "", "body = \"raw\"").gateway(&stores)
}

fn in_redis(redis: &Redis) -> String {
    format!("idempotency = \"redis\"\nredis = {{ url = \"{}\", timeout = \"2s\" }}", redis.url())
}

fn in_file(folder: &tempfile::TempDir) -> String {
    let file = folder.path().join("kept.redb");
    format!("idempotency = \"file\"\nfile = \"{}\"", file.display())
}

/// A delivery to a process, whose reply nobody has read yet.
async fn push(program: &Program) -> TcpStream {
    let mut sender = TcpStream::connect(program.address).await.expect("a connection");
    let head = "POST /hook HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\nx-hub-signature-256: ";
    let request = format!("{head}{}\r\n\r\n{{}}", github("{}"));
    sender.write_all(request.as_bytes()).await.expect("it is written");
    sender
}

#[tokio::test]
async fn a_delivery_is_served_once_whatever_the_store() {
    let (redis, folder) = (Redis::start().await, tempfile::tempdir().expect("a folder"));
    for stores in ["idempotency = \"memory\"".to_owned(), in_file(&folder), in_redis(&redis)] {
        let (service, gate) = (service().await, Gate::new());
        service.once("POST", "/told", Reply::status(500));
        service.once("POST", "/told", Reply::json(json!({})).when(&gate));
        let gateway = stored(&service, &stores).start().await;

        pushed(&gateway, "{}").await.assert_error(502, "UPSTREAM_ERROR");
        let served = pushed(&gateway, "{}").sent();
        service.wait_for(2).await;
        pushed(&gateway, "{}").await.assert_error(409, "CONFLICT");
        gate.open();
        served.await.assert_data(200, json!("told"));
        pushed(&gateway, "{}").await.assert_data(200, Value::Null);
        assert_eq!(service.requests().len(), 2, "{stores}");
    }
}

#[tokio::test]
async fn gateways_that_share_redis_know_each_others_deliveries() {
    let (redis, service) = (Redis::start().await, service().await);
    let one = stored(&service, &in_redis(&redis)).start().await;
    let other = stored(&service, &in_redis(&redis)).start().await;

    pushed(&one, "{}").await.assert_data(200, json!("told"));
    pushed(&other, "{}").await.assert_data(200, Value::Null);
    let keys: Vec<String> = redis.ask(&["KEYS", "*"]).await;
    assert_eq!(keys.len(), 1, "{keys:?}");
    let left: i64 = redis.ask(&["PTTL", &keys[0]]).await;
    let week = 7 * 24 * 3600 * 1000;
    assert!((week - 60_000..=week).contains(&left), "{left}");
}

#[tokio::test]
async fn a_store_that_is_away_is_503_and_nothing_is_sent() {
    let (mut redis, service) = (Redis::start().await, service().await);
    let gateway = stored(&service, &in_redis(&redis)).start().await;
    redis.kill();

    let away = pushed(&gateway, "{}").await;
    away.assert_error(503, "STORE_UNAVAILABLE");
    assert!(away.header("retry-after").is_some());
    // Who is not believed need not wait for a store.
    let forged = delivery(&gateway, &[("x-hub-signature-256", "sha256=00")], "{}").await;
    forged.assert_error(401, "UNAUTHORIZED");
    assert_eq!(service.requests().len(), 0);

    redis.begin().await;
    let mut reply = pushed(&gateway, "{}").await;
    while reply.status == 503 {
        reply = pushed(&gateway, "{}").await;
    }
    reply.assert_data(200, json!("told"));
    assert_eq!(service.requests().len(), 1);
}

#[tokio::test]
async fn a_delivery_that_was_served_is_2xx_also_where_the_store_has_gone_meanwhile() {
    let (mut redis, service, gate) = (Redis::start().await, service().await, Gate::new());
    service.once("POST", "/told", Reply::json(json!({})).when(&gate));
    let gateway = stored(&service, &in_redis(&redis)).start().await;

    let served = pushed(&gateway, "{}").sent();
    service.wait_for(1).await;
    redis.kill();
    gate.open();
    served.await.assert_data(200, json!("told"));
}

#[tokio::test]
async fn a_file_knows_deliveries_after_a_restart() {
    let (folder, service) = (tempfile::tempdir().expect("a folder"), service().await);
    let program = stored(&service, &in_file(&folder)).launch();
    let mut sender = push(&program).await;
    assert_eq!(read_replies(&mut sender, "POST").await[0].status, 200);
    program.stop();

    let gateway = stored(&service, &in_file(&folder)).start().await;
    pushed(&gateway, "{}").await.assert_data(200, Value::Null);
    assert_eq!(service.requests().len(), 1);
}

#[tokio::test]
async fn a_delivery_that_a_dying_gateway_has_left_is_served_again() {
    let (folder, service) = (tempfile::tempdir().expect("a folder"), service().await);
    service.once("POST", "/told", Reply::hang());
    let program = stored(&service, &in_file(&folder)).launch();
    let _sender = push(&program).await;
    service.wait_for(1).await;
    program.signal("KILL");
    drop(program);

    let gateway = stored(&service, &in_file(&folder)).start().await;
    pushed(&gateway, "{}").await.assert_data(200, json!("told"));
    assert_eq!(service.requests().len(), 2);
}
