//! Bodies: what is read of them, and what is not.

use tokio::io::AsyncWriteExt;

use crate::harness::*;

/// An endpoint that gives its body to a service, and back.
async fn echo(schema: &str) -> (Upstream, Gateway) {
    echo_with("", "", schema).await
}

async fn echo_with(server: &str, keys: &str, schema: &str) -> (Upstream, Gateway) {
    let service = Upstream::start().await;
    service.reply_with("POST", "/echo", |request| Reply::json(request.json()));
    let route = format!(
        r#"
        session = "none"
        [post]
        {keys}
        [post.input.body]
        {schema}
        [post.calls.saved]
        upstream = "service"
        method = "POST"
        path = "/echo"
        json = '$body'
        "#
    );
    let config = Gateway::config().gateway(server).upstream("service", &service);
    let gateway = config.route("echo.toml", &route).start().await;
    (service, gateway)
}

/// The mistakes of a reply, as `field: message (rule)`.
#[track_caller]
fn mistakes(reply: &Answer, code: &str) -> Vec<String> {
    reply.assert_error(400, code);
    let body = reply.json();
    let details = body["error"]["details"].as_array().expect("details");
    let line = |one: &Value| format!("{} {} {}", one["field"], one["message"], one["rule"]);
    details.iter().map(|one| line(one).replace('"', "")).collect()
}

#[tokio::test]
async fn members_that_were_not_offered_are_stripped_at_every_depth() {
    let (service, gateway) = echo(
        r#"
        type = "object"
        properties.name = { type = "string" }
        properties.free = { type = "object" }
        properties.items = { type = "array", items = { properties.sku = {} } }
        properties.address = { type = "object", properties.city = { type = "string" } }
        "#,
    )
    .await;

    let sent = json!({
        "role": "admin",
        "name": "Ada",
        "free": {"any": {"thing": 1}},
        "items": [{"sku": 1, "price": 0}, {"price": 0}],
        "address": {"city": "Paris", "verified": true},
    });
    let kept = json!({
        "name": "Ada",
        "free": {"any": {"thing": 1}},
        "items": [{"sku": 1}, {}],
        "address": {"city": "Paris"},
    });

    gateway.post("/echo", sent).await.assert_data(200, kept.clone());
    assert_eq!(service.requests()[0].json(), kept);
}

#[tokio::test]
async fn additional_members_are_refused_or_kept_where_that_is_said() {
    let (service, gateway) = echo(
        r#"
        type = "object"
        additional = "refuse"
        properties.name = {}
        properties.inner = { additional = "keep", properties.a = { type = "integer" } }
        "#,
    )
    .await;

    let kept = json!({"name": 1, "inner": {"a": 1, "b": {"c": 2}}});
    gateway.post("/echo", kept.clone()).await.assert_data(200, kept);

    let reply = gateway.post("/echo", json!({"name": 1, "role": 2, "x": 3})).await;
    let expected =
        ["body.role is not known here additional", "body.x is not known here additional"];
    assert_eq!(mistakes(&reply, "VALIDATION_ERROR"), expected);
    assert_eq!(service.total(), 1);
}

#[tokio::test]
async fn every_mistake_is_listed_with_its_place() {
    let (service, gateway) = echo(
        r#"
        type = "object"
        required = ["title", "items"]
        properties.title = { type = "string", pattern = "^.{3,}$" }
        properties.kind = { enum = ["a", 1, true] }
        properties.limit = { type = ["integer", "null"], maximum = 5 }
        properties.tags = { type = "array", items = { type = "string" } }
        properties.items = { type = "array" }
        properties.deep = { required = ["x"], properties.x = {} }
        "#,
    )
    .await;

    let reply = gateway
        .post(
            "/echo",
            json!({"title": "a", "kind": false, "limit": 6, "tags": ["a", 1, null], "deep": {}}),
        )
        .await;

    insta::assert_snapshot!(mistakes(&reply, "VALIDATION_ERROR").join("\n"), @r"
    body.title does not have the form that is expected pattern
    body.kind must be one of a, 1, true enum
    body.limit must be at most 5 maximum
    body.tags[1] must be text type
    body.tags[2] must be text type
    body.deep.x is required required
    body.items is required required
    ");
    assert_eq!(service.total(), 0);
}

#[tokio::test]
async fn defaults_of_members_are_filled_in() {
    let (_service, gateway) = echo(
        r#"
        type = "object"
        properties.quantity = { type = "integer", default = 1 }
        properties.note = { type = ["string", "null"], default = "none" }
        "#,
    )
    .await;

    gateway
        .post("/echo", json!({"note": null}))
        .await
        .assert_data(200, json!({"note": null, "quantity": 1}));
}

#[tokio::test]
async fn a_list_of_many_mistakes_has_an_end() {
    let (_service, gateway) = echo(
        r#"type = "array"
                items = { type = "integer" }"#,
    )
    .await;

    let reply = gateway.post("/echo", Value::from(vec!["x"; 5000])).await;

    assert_eq!(mistakes(&reply, "VALIDATION_ERROR").len(), 100);
}

#[tokio::test]
async fn what_is_not_json_is_told_with_line_and_column() {
    let (service, gateway) = echo("").await;
    let mut told = String::new();
    for body in [
        "{\"a\": 1,\n  \"b\" 2}",
        "{\"a\": 1}}",
        "[1,]",
        "{'a': 1}",
        "nul",
        " ",
        "",
        "\"\u{1}\"",
        "[01]",
        "[NaN]",
        "\"\\ud800\"",
        "{\"a\": 1, \"a\": 2}",
        "{\"a\": {\"b\": 1, \"\\u0062\": 2}}",
        "\u{feff}{}",
    ] {
        let reply = gateway.request("POST", "/echo").body("application/json", body).await;
        let mistake = mistakes(&reply, "INVALID_JSON").join(", ");
        told.push_str(&format!("{body:?}\n    {mistake}\n"));
    }
    insta::assert_snapshot!(told, @r#"
    "{\"a\": 1,\n  \"b\" 2}"
        body expected `:` (line 2, column 7) json
    "{\"a\": 1}}"
        body expected nothing after the value (line 1, column 9) json
    "[1,]"
        body expected a value (line 1, column 4) json
    "{'a': 1}"
        body expected a key (line 1, column 2) json
    "nul"
        body expected a value (line 1, column 1) json
    " "
        body unexpected end (line 1, column 2) json
    ""
        body unexpected end (line 1, column 1) json
    "\"\u{1}\""
        body a control character in a string (line 1, column 2) json
    "[01]"
        body a number must not start with 0 (line 1, column 3) json
    "[NaN]"
        body expected a value (line 1, column 2) json
    "\"\\ud800\""
        body a lone surrogate (line 1, column 2) json
    "{\"a\": 1, \"a\": 2}"
        body duplicate key (line 1, column 10) json
    "{\"a\": {\"b\": 1, \"\\u0062\": 2}}"
        body duplicate key (line 1, column 16) json
    "\u{feff}{}"
        body expected a value (line 1, column 1) json
    "#);
    let latin = gateway.request("POST", "/echo").body("application/json", b"\"caf\xe9\"".to_vec());
    let told = mistakes(&latin.await, "INVALID_JSON");
    assert_eq!(told, ["body invalid UTF-8 (line 1, column 5) json"]);
    assert_eq!(service.total(), 0);
}

#[tokio::test]
async fn a_body_may_be_so_deep_and_no_deeper() {
    let (_service, gateway) = echo_with("max_json_depth = 8\n", "", "").await;
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);

    let fits = gateway.request("POST", "/echo").body("application/json", nested(8)).await;
    fits.assert_status(200);
    let reply = gateway.request("POST", "/echo").body("application/json", nested(9)).await;
    assert!(mistakes(&reply, "INVALID_JSON")[0].contains("column 9"), "{reply:?}");
    let reply =
        gateway.request("POST", "/echo").body("application/json", "[".repeat(500_000)).await;
    reply.assert_error(400, "INVALID_JSON");
    gateway.request("POST", "/echo").body("application/json", "1").await.assert_status(200);
}

#[tokio::test]
async fn only_json_in_utf_8_is_read() {
    let (service, gateway) = echo("").await;
    let kinds = [
        "application/json",
        "Application/JSON; Charset=\"UTF-8\"",
        "application/merge-patch+json",
        "application/json;charset=utf8;version=1",
    ];
    for kind in kinds {
        gateway.request("POST", "/echo").body(kind, "{}").await.assert_status(200);
    }
    assert_eq!(service.total(), kinds.len());
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=latin1",
        "application/jsonx",
        "+json",
        "text/json",
        "",
    ] {
        let reply = gateway.request("POST", "/echo").body(kind, "{}").await;
        reply.assert_error(415, "UNSUPPORTED_MEDIA_TYPE");
    }
    assert_eq!(service.total(), kinds.len());
}

#[tokio::test]
async fn a_body_without_a_type_is_refused_and_none_at_all_is_missed() {
    let (service, gateway) = echo(r#"type = "object""#).await;
    let host = gateway.address;

    let untyped = format!(
        "POST /echo HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{{}}"
    );
    gateway.exchange(untyped, "POST").await[0].assert_error(415, "UNSUPPORTED_MEDIA_TYPE");
    let reply = gateway.request("POST", "/echo").await;
    assert_eq!(mistakes(&reply, "VALIDATION_ERROR"), ["body is required required"]);
    assert_eq!(service.total(), 0);
}

#[tokio::test]
async fn numbers_and_key_order_come_through_as_they_were_written() {
    let (service, gateway) = echo("").await;
    service.reply_with("POST", "/echo", |request| {
        Reply::status(200).header("content-type", "application/json").body(request.body.clone())
    });
    let body = r#"{"z":1.10,"a":9007199254740993,"m":123456789012345678901234567890,"e":1e400}"#;

    let reply = gateway.request("POST", "/echo").body("application/json", body).await;

    assert_eq!(service.requests()[0].text(), body);
    assert_eq!(reply.body, format!(r#"{{"data":{body}}}"#));
}

#[tokio::test]
async fn an_announced_body_that_is_too_large_is_refused_before_it_comes() {
    let (service, gateway) = echo_with("", r#"max_body = "1KiB""#, "").await;
    let mut stream = gateway.connect().await;
    let head = format!(
        "POST /echo HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: 1025\r\n\r\n",
        gateway.address
    );

    // Not a byte of it is sent.
    stream.write_all(head.as_bytes()).await.expect("it is written");
    let replies = read_until_closed(&mut stream, "POST").await;

    assert_eq!(replies.len(), 1, "{replies:?}");
    replies[0].assert_error(413, "PAYLOAD_TOO_LARGE").assert_last();
    assert_eq!(service.total(), 0);
}

#[tokio::test]
async fn a_chunked_body_is_refused_as_soon_as_it_is_too_large() {
    let (service, gateway) = echo_with("", r#"max_body = "1KiB""#, "").await;
    let mut stream = gateway.connect().await;
    let head = format!(
        "POST /echo HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n",
        gateway.address
    );
    let chunk = format!("200\r\n{}\r\n", "[".repeat(512));

    // The end of it is never sent.
    stream.write_all(format!("{head}{chunk}{chunk}").as_bytes()).await.expect("it is written");
    stream.write_all(b"1\r\n[\r\n").await.expect("it is written");
    let replies = read_until_closed(&mut stream, "POST").await;

    assert_eq!(replies.len(), 1, "{replies:?}");
    replies[0].assert_error(413, "PAYLOAD_TOO_LARGE").assert_last();
    assert_eq!(service.total(), 0);
}

#[tokio::test]
async fn a_client_that_goes_on_sending_still_gets_its_413() {
    let (_service, gateway) = echo_with("", r#"max_body = "1KiB""#, "").await;

    for _ in 0..5 {
        let mut stream = gateway.connect().await;
        let head = format!(
            "POST /echo HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: 1000000\r\n\r\n",
            gateway.address
        );
        stream.write_all(head.as_bytes()).await.expect("it is written");
        stream.write_all(&vec![b' '; 1_000_000]).await.expect("nobody resets the connection");
        let replies = read_until_closed(&mut stream, "POST").await;
        replies[0].assert_error(413, "PAYLOAD_TOO_LARGE").assert_last();
    }
}

#[tokio::test]
async fn a_body_of_just_the_limit_is_read() {
    let (service, gateway) = echo_with("max_body = \"1KiB\"\n", "", "").await;
    let text = |length: usize| format!("\"{}\"", "x".repeat(length - 2));

    let fits = gateway.request("POST", "/echo").body("application/json", text(1024)).await;
    fits.assert_status(200);
    let reply = gateway.request("POST", "/echo").body("application/json", text(1025)).await;
    reply.assert_error(413, "PAYLOAD_TOO_LARGE");
    assert_eq!(service.total(), 1);
}

#[tokio::test]
async fn a_chunked_body_is_read_to_its_end() {
    let (_service, gateway) = echo("").await;
    let head = format!(
        "POST /echo HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n",
        gateway.address
    );
    let chunks = "3;ext=\"x\"\r\n{\"a\r\n4\r\n\":1}\r\n0\r\ntrailer: x\r\n\r\n";

    let replies = gateway.exchange(head + chunks, "POST").await;

    assert_eq!(replies[0].body, r#"{"data":{"a":1}}"#);
}

#[tokio::test]
async fn a_body_that_breaks_off_reaches_no_service() {
    let (service, gateway) = echo("").await;
    let mut stream = gateway.connect().await;
    let head = format!(
        "POST /echo HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{{}}",
        gateway.address
    );

    stream.write_all(head.as_bytes()).await.expect("it is written");
    stream.shutdown().await.expect("it is closed");
    let replies = read_until_closed(&mut stream, "POST").await;

    assert!(replies.iter().all(|reply| reply.status == 400), "{replies:?}");
    gateway.post("/echo", json!({})).await.assert_status(200);
    assert_eq!(service.total(), 1);
}

#[tokio::test]
async fn a_body_that_does_not_come_in_time_is_408() {
    let (service, gateway) = echo_with("", r#"deadline = "50ms""#, "").await;
    for framing in ["content-length: 10\r\n\r\n[", "transfer-encoding: chunked\r\n\r\n5\r\n["] {
        let mut stream = gateway.connect().await;
        let head = format!(
            "POST /echo HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n{framing}",
            gateway.address
        );

        stream.write_all(head.as_bytes()).await.expect("it is written");
        let replies = read_until_closed(&mut stream, "POST").await;

        assert_eq!(replies.len(), 1, "{replies:?}");
        replies[0].assert_error(408, "REQUEST_TIMEOUT").assert_last();
    }
    assert_eq!(service.total(), 0);
}

#[tokio::test]
async fn a_raw_body_is_passed_on_byte_by_byte_with_its_type() {
    let service = Upstream::start().await;
    service.on("POST", "/raw", Reply::status(204));
    let route = r#"
        session = "none"
        [post.calls.sent]
        upstream = "service"
        method = "POST"
        path = "/raw"
        body = "raw"
    "#;
    let gateway =
        Gateway::config().upstream("service", &service).route("raw.toml", route).start().await;

    let bytes = b"\x00\xff{not json\r\n\r\n".to_vec();
    let reply = gateway.request("POST", "/raw").body("image/x; a=b", bytes.clone()).await;

    reply.assert_status(200);
    let request = &service.requests()[0];
    assert_eq!(request.body, bytes);
    assert_eq!(request.header("content-type"), Some("image/x; a=b"));
}

#[tokio::test]
async fn the_body_of_a_get_is_nobody_s_business() {
    let route = "session = \"none\"\n[get.response]\nshape = '1'";
    let gateway = Gateway::config().route("one.toml", route).start().await;

    let reply = gateway.request("GET", "/one").body("application/json", "{nonsense").await;

    reply.assert_data(200, json!(1));
}
