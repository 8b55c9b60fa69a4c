//! What an upstream gets, to the last header.

use crate::harness::*;

async fn echo() -> Upstream {
    let up = Upstream::start().await;
    up.on("*", "/**", Reply::json(json!("ok")));
    up
}

/// Header names and values, in the order of the names.
fn headers(up: &Upstream) -> Vec<(String, String)> {
    let mut headers = up.requests()[0].headers.clone();
    headers.sort();
    headers
}

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[tokio::test]
async fn nothing_is_forwarded_unless_said() {
    let up = echo().await;
    let gateway = Gateway::config()
        .upstream_with("up", &up, "headers = { x-api-key = \"${KEY}\" }")
        .env("KEY", "k1")
        .open_route("x.toml", r#"get.calls.it = { upstream = "up", path = "/it" }"#)
        .start()
        .await;

    let reply = gateway
        .get("/x?secret=1&x-api-key=2")
        .header("x-api-key", "mine")
        .header("X_Api_Key", "mine")
        .header("cookie", "a=b; token=x")
        .header("authorization", "Basic eDp5")
        .header("accept", "text/html")
        .header("accept-encoding", "gzip, br")
        .header("accept-language", "de")
        .header("user-agent", "Mozilla")
        .header("x-forwarded-for", "1.2.3.4")
        .header("forwarded", "for=1.2.3.4")
        .header("x-request-id", "chosen")
        .header("traceparent", PARENT)
        .header("tracestate", "a=b")
        .header("baggage", "user=1")
        .header("referer", "https://evil.test/")
        .header("x-http-method-override", "DELETE")
        .header("x-user-id", "admin")
        .header("te", "trailers")
        .header("range", "bytes=0-1")
        .header("if-none-match", "x")
        .await;

    reply.assert_status(200);
    let request = &up.requests()[0];
    assert_eq!((request.target.as_str(), request.body.len()), ("/it", 0));
    let names: Vec<_> = headers(&up).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["accept", "host", "traceparent", "user-agent", "x-api-key", "x-request-id"]);
    let header = |name: &str| request.header(name).unwrap();
    assert_eq!(header("accept"), "application/json");
    assert_eq!(header("host"), up.address().to_string());
    assert!(header("user-agent").starts_with("frontdesk/"));
    assert_eq!(header("x-api-key"), "k1");
    assert_eq!(Some(header("x-request-id")), reply.header("x-request-id"));
    assert_ne!(header("x-request-id"), "chosen");
    let trace: Vec<_> = header("traceparent").split('-').collect();
    assert_eq!((trace[0], trace[1], trace[3]), ("00", "4bf92f3577b34da6a3ce929d0e0e4736", "01"));
    assert_ne!(trace[2], "00f067aa0ba902b7");
}

#[tokio::test]
async fn a_call_has_the_headers_of_its_upstream_and_its_own() {
    let up = echo().await;
    let lines = r#"headers = { x-key = "${KEY}", x-a = "upstream", x-b = "upstream", accept-language = "en" }"#;
    let route = r#"
        input.headers.accept-language = { type = "string", default = "en" }
        [get.calls.it]
        upstream = "up"
        path = "/it"
        [get.calls.it.headers]
        X-A = "call"
        x-b = false
        accept = "application/vnd.x+json"
        user-agent = "mine/1"
        accept-language = '{$headers."accept-language"}'
        x-null = "n{$query.none}"
        x-text = "ä {$query.text}!"
    "#;
    let route = format!(
        "input.query.none = {{ type = \"string\" }}\ninput.query.text = {{ type = \"string\" }}\n{route}"
    );
    let gateway = Gateway::config()
        .upstream_with("up", &up, lines)
        .env("KEY", "k")
        .open_route("x.toml", &route)
        .start()
        .await;

    gateway.get("/x?text=a%09b").header("accept-language", "de").await.assert_status(200);

    let request = &up.requests()[0];
    for (name, value) in [
        ("x-key", "k"),
        ("x-a", "call"),
        ("accept", "application/vnd.x+json"),
        ("user-agent", "mine/1"),
        ("accept-language", "de"),
        ("x-text", "ä a\tb!"),
    ] {
        assert_eq!(request.header_values(name), [value], "{name}");
    }
    assert_eq!(request.header("x-b"), None);
    assert_eq!(request.header("x-null"), None);
}

#[tokio::test]
async fn control_characters_in_a_header_fail_the_call_before_it_is_sent() {
    let up = echo().await;
    let route = r#"
        input.query.text = { type = "string" }
        get.calls.it = { upstream = "up", path = "/it", headers = { x-text = "{$query.text}" } }
    "#;
    let gateway = serving(&up, route).await;

    for bad in ["%0d%0ax-admin:%201", "%0a", "%00", "a%0d", "%7f", "%1b"] {
        let reply = gateway.get(&format!("/x?text={bad}")).await;
        assert!([400, 500].contains(&reply.status), "{bad}: {reply:?}");
    }
    assert_eq!(up.total(), 0);
}

#[tokio::test]
async fn an_array_or_an_object_is_no_header() {
    for value in ["[1, 2]", "[]", "({a: 1})"] {
        let up = echo().await;
        let route = format!(
            "get.calls.it = {{ upstream = \"up\", path = \"/it\", headers = {{ x = '{{{value}}}' }} }}"
        );
        serving(&up, &route).await.get("/x").await.assert_error(500, "INTERNAL_ERROR");
        assert_eq!(up.total(), 0, "{value}");
    }
}

#[tokio::test]
async fn the_users_token_is_sent_where_auth_says_so() {
    let up = echo().await;
    let route = "session = \"optional\"\nget.calls.it = { upstream = \"up\", path = \"/it\", auth = \"user\" }";
    let gateway = Gateway::config().upstream("up", &up).route("x.toml", route).start().await;
    let token = token(json!({"sub": "ada"}));

    gateway.get("/x").header("authorization", &format!("Bearer {token}")).await.assert_status(200);
    gateway
        .get("/x")
        .by_our_page()
        .header("cookie", &format!("token={token}"))
        .await
        .assert_status(200);
    gateway.get("/x").await.assert_error(401, "UNAUTHORIZED");

    assert_eq!(up.total(), 2);
    for request in up.requests() {
        assert_eq!(request.header_values("authorization"), [format!("Bearer {token}")]);
        assert_eq!(request.header("cookie"), None);
    }
}

#[tokio::test]
async fn identity_headers_come_from_the_session() {
    let up = echo().await;
    let gateway = Gateway::config()
        .upstream_with("up", &up, "headers = { x-user-id = \"{$session.sub}\", x-request = \"{$request.method} {$request.id}\" }")
        .route("x.toml", "session = \"optional\"\nget.calls.it = { upstream = \"up\", path = \"/it\" }")
        .start()
        .await;

    let reply = gateway.get("/x").user("ada").header("x-user-id", "eve").await;
    gateway.get("/x").header("x-user-id", "eve").await.assert_status(200);

    let requests = up.requests();
    assert_eq!(requests[0].header_values("x-user-id"), ["ada"]);
    assert_eq!(
        requests[0].header("x-request"),
        Some(&*format!("GET {}", reply.header("x-request-id").unwrap()))
    );
    assert_eq!(requests[1].header("x-user-id"), None);
}

#[tokio::test]
async fn json_goes_out_as_the_program_made_it() {
    let up = echo().await;
    let route = r#"
        [post]
        input.body = { type = "object", additional = "keep" }
        calls.it = { upstream = "up", method = "POST", path = "/it", json = '{b: $body.b, a: $body.a, all: $body}' }
    "#;
    let gateway = serving(&up, route).await;

    let body = r#"{"b": 123456789012345678901234567890, "a": 1.10, "z": "\u00e4\u0000/"}"#;
    gateway.request("POST", "/x").body("application/json", body).await.assert_status(200);

    let request = &up.requests()[0];
    assert_eq!(request.header_values("content-type"), ["application/json"]);
    assert_eq!(
        request.text(),
        r#"{"b":123456789012345678901234567890,"a":1.10,"all":{"b":123456789012345678901234567890,"a":1.10,"z":"ä\u0000/"}}"#
    );
    assert_eq!(request.header("content-length").unwrap(), request.body.len().to_string());
}

#[tokio::test]
async fn a_form_goes_out_encoded() {
    let up = echo().await;
    let route = r#"
        [post]
        input.body = { type = "object", additional = "keep" }
        calls.it = { upstream = "up", method = "POST", path = "/it", form = { "a b" = "{$body.text}", list = "{$body.list}", none = "{$body.none}", n = "{$body.n}" } }
    "#;
    let gateway = serving(&up, route).await;

    let body = json!({"text": "1&b=2 +ä\r\n", "list": ["x", null, 2, true], "n": 2.0});
    gateway.post("/x", body).await.assert_status(200);

    let request = &up.requests()[0];
    assert_eq!(request.header_values("content-type"), ["application/x-www-form-urlencoded"]);
    let pairs = [("a b", "1&b=2 +ä\r\n"), ("list", "x"), ("list", "2"), ("list", "true")];
    let mut expected: Vec<_> = pairs.map(|(a, b)| (a.to_owned(), b.to_owned())).into();
    expected.push(("n".to_owned(), request.form_pairs().last().unwrap().1.clone()));
    assert_eq!(request.form_pairs(), expected);
    assert!(["2", "2.0"].contains(&expected[4].1.as_str()));
}

#[tokio::test]
async fn a_raw_body_goes_out_byte_by_byte_with_its_content_type() {
    let up = echo().await;
    let route = r#"put.calls.it = { upstream = "up", method = "PUT", path = "/it", body = "raw" }"#;
    let gateway = serving(&up, route).await;
    let bytes: Vec<u8> = (0..=255).collect();

    let reply = gateway.request("PUT", "/x").body("image/x-odd; a=\"b c\"", bytes.clone()).await;

    reply.assert_status(200);
    let request = &up.requests()[0];
    assert_eq!(request.body, bytes);
    assert_eq!(request.header_values("content-type"), ["image/x-odd; a=\"b c\""]);
}

#[tokio::test]
async fn a_change_without_a_body_says_so() {
    let up = echo().await;
    let route = r#"post.calls.it = { upstream = "up", method = "POST", path = "/it" }"#;
    serving(&up, route).await.poke("/x").await.assert_status(200);

    let request = &up.requests()[0];
    assert_eq!(request.header("content-type"), None);
    assert_eq!(request.header_values("content-length"), ["0"]);
}

#[tokio::test]
async fn secrets_are_data_wherever_they_stand() {
    let up = echo().await;
    let odd = "a\"b'c{$session.sub}{{}}$${X}/../?x=1&y#z%2e%00 ä\\";
    let lines = "headers = { x-key = \"k-${ODD}\" }\nquery = { key = \"${ODD}\", plain = \"p\" }";
    let route = r#"
        [get.calls.it]
        upstream = "up"
        path = "/a/${ODD}/b-${ODD}"
        query = { plain = "q" }
    "#;
    let gateway = Gateway::config()
        .upstream_with("up", &up, lines)
        .env("ODD", odd)
        .open_route("x.toml", route)
        .start()
        .await;

    gateway.get("/x").await.assert_status(200);

    let request = &up.requests()[0];
    assert_eq!(
        request.segments(),
        ["a", odd, "b", "x"].map(|part| match part {
            "b" => format!("b-{odd}"),
            other => other.to_owned(),
        })[..3]
            .to_vec()
    );
    assert_eq!(request.header_values("x-key"), [format!("k-{odd}")]);
    assert_eq!(request.query_value("key").unwrap(), odd);
    assert_eq!(request.query_value("plain").unwrap(), "q");
    assert_eq!(request.query_pairs().len(), 2);
}

#[tokio::test]
async fn a_secret_with_a_line_break_is_no_header() {
    let up = echo().await;
    let mistakes = Gateway::config()
        .upstream_with("up", &up, "headers = { x-key = \"${KEY}\" }")
        .env("KEY", "a\r\nx-admin: 1")
        .open_route("x.toml", r#"get.calls.it = { upstream = "up", path = "/it" }"#)
        .mistakes();

    assert!(mistakes.contains("this secret cannot stand in a header"), "{mistakes}");
    assert!(!mistakes.contains("admin"), "{mistakes}");
}

#[tokio::test]
async fn the_base_path_of_an_upstream_stands_before_the_path() {
    let up = echo().await;
    for base in ["/v1/api", "/v1/api/"] {
        up.forget();
        let gateway = Gateway::config()
            .upstream_at("up", &format!("{}{base}", up.url()), "")
            .open_route("x.toml", r#"get.calls.it = { upstream = "up", path = "/it" }"#)
            .start()
            .await;
        gateway.get("/x").await.assert_status(200);
        assert_eq!(up.requests()[0].target, "/v1/api/it");
    }
}
