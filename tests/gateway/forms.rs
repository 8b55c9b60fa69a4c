//! HTML forms, where an endpoint accepts them: the same typed body.

use crate::harness::*;

const FORM: &str = "application/x-www-form-urlencoded";

const SCHEMA: &str = r#"
    required = ["name"]
    [post.input.body.properties]
    name = { type = "string", trim = true, minLength = 2 }
    age = { type = "integer", minimum = 0, maximum = 150 }
    news = { type = "boolean", default = false }
    tags = { type = "array", items = { type = "string", maxLength = 3 } }
    sizes = { type = "array", items = { type = "integer" } }
    color = { enum = ["red", 7] }
"#;

async fn echo(server: &str, keys: &str, schema: &str) -> (Upstream, Gateway) {
    let service = Upstream::start().await;
    service.reply_with("POST", "/echo", |request| Reply::json(request.json()));
    let route = format!(
        "session = \"none\"\n[post]\n{keys}\n[post.calls.saved]\nupstream = \"service\"\nmethod = \"POST\"\n\
         path = \"/echo\"\njson = '$body'\n[post.input.body]\n{schema}"
    );
    let config = Gateway::config().gateway(server).upstream("service", &service);
    let gateway = config.route("echo.toml", &route).start().await;
    (service, gateway)
}

#[track_caller]
fn mistakes(reply: &Answer) -> Vec<String> {
    reply.assert_error(400, "VALIDATION_ERROR");
    let details = reply.json()["error"]["details"].clone();
    let line = |one: &Value| format!("{}: {} ({})", one["field"], one["message"], one["rule"]);
    details.as_array().expect("details").iter().map(|one| line(one).replace('"', "")).collect()
}

#[tokio::test]
async fn a_form_is_the_same_typed_body() {
    let (service, gateway) = echo("", "accept = [\"json\", \"form\"]", SCHEMA).await;
    let typed = json!({
        "name": "Ada L", "age": 36, "tags": ["a", "é&"], "sizes": [1], "color": 7, "news": false
    });

    let form = "name=+Ada+L%20&age=36&tags=a&tags=%C3%A9%26&sizes=1&color=7&admin=true";
    let reply = gateway.request("POST", "/echo").body(FORM, form).await;
    reply.assert_data(200, typed.clone());
    let charset = format!("{FORM}; charset=UTF-8");
    gateway.request("POST", "/echo").body(&charset, form).await.assert_data(200, typed.clone());
    assert_eq!(service.requests()[0].json(), typed);

    gateway.post("/echo", typed.clone()).await.assert_data(200, typed);
    // Empty counts as absent, except for text.
    let reply = gateway.request("POST", "/echo").body(FORM, "name=ab&age=&tags=").await;
    reply.assert_data(200, json!({"name": "ab", "tags": [""], "news": false}));
}

#[tokio::test]
async fn mistakes_of_a_form_are_told_as_those_of_json() {
    let (service, gateway) = echo("", "accept = \"form\"", SCHEMA).await;

    let form = "age=x&news=yes&name=+a+&tags=long&sizes=1&sizes=b&color=blue&age=1";
    let reply = gateway.request("POST", "/echo").body(FORM, form).await;
    insta::assert_snapshot!(mistakes(&reply).join("\n"), @r"
    body.age: must be given once (type)
    body.news: must be true or false (type)
    body.name: must have at least 2 characters (minLength)
    body.tags[0]: must have at most 3 characters (maxLength)
    body.sizes[1]: must be a whole number (type)
    body.color: must be one of red, 7 (enum)
    ");
    let reply = gateway.request("POST", "/echo").body(FORM, "").await;
    assert_eq!(mistakes(&reply), ["body.name: is required (required)"]);
    assert_eq!(service.total(), 0);
}

#[tokio::test]
async fn a_field_that_is_given_twice_is_not_missing_as_well() {
    let (_service, gateway) = echo("", "accept = \"form\"", SCHEMA).await;

    let reply = gateway.request("POST", "/echo").body(FORM, "name=abc&name=def&age=-1").await;

    assert_eq!(
        mistakes(&reply),
        ["body.name: must be given once (type)", "body.age: must be at least 0 (minimum)"]
    );
}

#[tokio::test]
async fn an_integer_of_a_form_is_digits() {
    let (_service, gateway) = echo("", "accept = \"form\"", SCHEMA).await;
    for age in ["1000e-1", "1E1", "1.0", "1e999"] {
        let form = format!("name=abc&age={age}&sizes={age}");
        let reply = gateway.request("POST", "/echo").body(FORM, form).await;
        assert_eq!(
            mistakes(&reply),
            [
                "body.age: must be a whole number (type)",
                "body.sizes[0]: must be a whole number (type)"
            ]
        );
    }
}

#[tokio::test]
async fn a_packed_body_is_415_and_two_content_types_are_400() {
    let (service, gateway) = echo("", "accept = [\"json\", \"form\"]", "type = \"object\"").await;
    for (kind, body) in [(FORM, "a=1"), ("application/json", "{}")] {
        let send = |name: &str, value: &str| {
            gateway.request("POST", "/echo").header(name, value).body(kind, body)
        };
        for coding in ["gzip", "identity, br", "x"] {
            let reply = send("content-encoding", coding).await;
            reply.assert_error(415, "UNSUPPORTED_MEDIA_TYPE");
            assert!(reply.body.contains("Content-Encoding"), "{reply:?}");
        }
        send("content-encoding", "Identity").await.assert_status(200);
        let request = format!(
            "POST /echo HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: {kind}\r\n\
             content-type: {kind}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let replies = gateway.exchange(request, "").await;
        replies[0].assert_error(400, "BAD_REQUEST");
    }
    assert_eq!(service.total(), 2);
}

#[tokio::test]
async fn only_what_is_accepted_is_read() {
    let (json_only, json_gateway) = echo("", "", "type = \"object\"").await;
    json_gateway.request("POST", "/echo").body(FORM, "a=1").await.assert_status(415);
    let (form_only, form_gateway) = echo("", "accept = \"form\"", "type = \"object\"").await;
    let reply = form_gateway.post("/echo", json!({"a": 1})).await;
    reply.assert_error(415, "UNSUPPORTED_MEDIA_TYPE");
    for kind in [format!("{FORM}; charset=latin1"), "multipart/form-data; boundary=x".to_owned()] {
        let reply = form_gateway.request("POST", "/echo").body(&kind, "a=1").await;
        reply.assert_error(415, "UNSUPPORTED_MEDIA_TYPE");
    }
    assert_eq!(json_only.total() + form_only.total(), 0);
    form_gateway
        .request("POST", "/echo")
        .body(FORM, "a=1&a=2&b=")
        .await
        .assert_data(200, json!({"a": ["1", "2"], "b": ""}));
}

#[tokio::test]
async fn a_form_that_is_none_is_400() {
    let (service, gateway) =
        echo("max_parameters = 3\n", "accept = \"form\"", "type = \"object\"").await;
    for form in [&b"a=%zz"[..], b"a=%", b"a=%ff", b"a=\xff", b"a=1&b=2&c=3&d=4"] {
        let reply = gateway.request("POST", "/echo").body(FORM, form.to_vec()).await;
        reply.assert_error(400, "BAD_REQUEST");
    }
    assert_eq!(service.total(), 0);
}

#[tokio::test]
async fn unknown_fields_of_a_form_are_refused_where_that_is_said() {
    let schema = "additional = \"refuse\"\nproperties.a = { type = \"integer\" }";
    let (_service, gateway) = echo("", "accept = \"form\"", schema).await;

    let reply = gateway.request("POST", "/echo").body(FORM, "a=1&b=2&b=3").await;

    assert_eq!(mistakes(&reply), ["body.b: is not known here (additional)"]);
}

#[tokio::test]
async fn a_raw_body_is_not_read_whatever_it_says_it_is() {
    let service = Upstream::start().await;
    service.on("POST", "/raw", Reply::status(204));
    let route = "session = \"none\"\n[post]\naccept = \"raw\"\n[post.calls.sent]\nupstream = \"service\"\n\
                 method = \"POST\"\npath = \"/raw\"\nbody = \"raw\"";
    let gateway =
        Gateway::config().upstream("service", &service).route("raw.toml", route).start().await;

    for kind in ["application/json", FORM, "image/png"] {
        gateway.request("POST", "/raw").body(kind, "{no json").await.assert_status(200);
    }
    assert_eq!(service.requests()[2].text(), "{no json");
}
