//! The reply: its payload, its envelope, its headers and status.

use crate::harness::*;

async fn answering(json: &str) -> Upstream {
    let up = Upstream::start().await;
    let reply = Reply::status(200).header("content-type", "application/json");
    up.on("*", "/**", reply.body(json.to_owned()));
    up
}

const IT: &str = "get.calls.it = { upstream = \"up\", path = \"/it\" }\n";

#[tokio::test]
async fn without_a_shape_the_one_call_is_the_payload() {
    let up = answering("[1]").await;
    serving(&up, IT).await.get("/x").await.assert_data(200, json!([1]));
}

#[tokio::test]
async fn without_a_shape_several_calls_are_an_object_of_the_methods_own() {
    let up = answering("1").await;
    let route = r#"
        [calls.shared]
        upstream = "up"
        path = "/shared"
        [get.calls.b]
        upstream = "up"
        path = "/b/{$shared}"
        [get.calls.a]
        upstream = "up"
        path = "/a"
    "#;
    let reply = serving(&up, route).await.get("/x").await;
    reply.assert_status(200);
    assert_eq!(reply.body, r#"{"data":{"b":1,"a":1}}"#);
}

#[tokio::test]
async fn numbers_text_and_the_order_of_keys_come_through_unchanged() {
    let exact = concat!(
        r#"{"z":9007199254740993,"a":123456789012345678901234567890,"dec":1.10,"neg":-0.0,"#,
        r#""exp":1E400,"tiny":1e-400,"long":3.14159265358979323846264338327950288,"#,
        r#""text":"ä€😀\u0000\n\"\\/","":{"":[]},"list":[true,false,null]}"#
    );
    let up = answering(exact).await;
    for route in [
        IT.to_owned(),
        format!("{IT}get.response.shape = \"$it\""),
        format!("{IT}get.response.shape = \"[$it] | .[0] | with_entries(.)\""),
    ] {
        let reply = serving(&up, &route).await.get("/x").await;
        reply.assert_status(200);
        assert_eq!(reply.body, format!("{{\"data\":{exact}}}"), "{route}");
    }
}

#[tokio::test]
async fn the_envelope_can_be_left_off() {
    let up = answering(r#"{"a":1}"#).await;
    let route = format!("{IT}get.response.envelope = \"none\"");
    serving(&up, &route).await.get("/x").await.assert_json(200, json!({"a": 1}));
}

#[tokio::test]
async fn without_an_envelope_the_header_tells_what_is_missing() {
    let up = answering("x").await;
    let route = r#"
        [get]
        calls.it = { upstream = "up", path = "/it", fallback = [] }
        response.envelope = "none"
    "#;
    let reply = serving(&up, route).await.get("/x").await;
    reply.assert_json(200, json!([])).assert_header("frontdesk-partial", "it");
}

#[tokio::test]
async fn extra_members_stand_beside_data() {
    let up = answering("[1, 2, 3]").await;
    let route = format!(
        "{IT}get.response.extra = {{ pagination = '{{total: ($it | length)}}', next = \"null\" }}"
    );
    let reply = serving(&up, &route).await.get("/x").await;
    let expected = json!({"data": [1, 2, 3], "pagination": {"total": 3}, "next": null});
    reply.assert_json(200, expected);
}

#[tokio::test]
async fn headers_are_templates() {
    let up = answering(r#"{"id": "a b", "none": null, "n": 3}"#).await;
    let route = format!(
        "{IT}[get.response.headers]\nlocation = '/x/{{$it.id | @uri}}'\nx-none = 'a{{$it.none}}'\nx-n = '{{$it.n}}'\ncache-control = 'no-store'\n"
    );
    let reply = serving(&up, &route).await.get("/x").await;
    reply
        .assert_status(200)
        .assert_header("location", "/x/a%20b")
        .assert_header("x-n", "3")
        .assert_header("cache-control", "no-store")
        .assert_no_header("x-none");
}

#[tokio::test]
async fn a_header_that_cannot_be_one_is_500_and_not_a_second_header() {
    for value in [r#""a\r\nset-cookie: x=1""#, r#""a\u0000""#, "[1]", "{}"] {
        let up = answering(value).await;
        let route = format!("{IT}get.response.headers.x-it = '{{$it}}'");
        let reply = serving(&up, &route).await.get("/x").await;
        reply.assert_error(500, "INTERNAL_ERROR").assert_no_header("set-cookie");
        reply.assert_no_header("x-it");
    }
}

#[tokio::test]
async fn upstream_headers_are_not_passed_on() {
    let up = Upstream::start().await;
    let reply = Reply::json(json!(1)).header("set-cookie", "a=b").header("x-internal", "1");
    up.on("GET", "/it", reply.header("server", "x").header("etag", "\"1\""));
    let reply = serving(&up, IT).await.get("/x").await;
    for name in ["set-cookie", "x-internal", "server"] {
        reply.assert_no_header(name);
    }
    assert_ne!(reply.header("etag"), Some("\"1\""), "the tag is our own body's");
}

#[tokio::test]
async fn the_status_is_written_or_made_by_a_program() {
    let up = answering(r#"{"new": true}"#).await;
    let fixed = format!("{IT}get.response.status = 202");
    serving(&up, &fixed).await.get("/x").await.assert_data(202, json!({"new": true}));

    for (program, status) in [
        ("if $it.new then 201 else 200 end", 201),
        ("$calls.it.status", 200),
        ("400 / 2", 200),
        ("\"201\"", 500),
        ("199", 500),
        ("600", 500),
        ("200.5", 500),
        ("null", 500),
        ("$it | error", 500),
    ] {
        let route = format!("{IT}get.response = {{ shape = '$it', status_from = '{program}' }}");
        serving(&up, &route).await.get("/x").await.assert_status(status);
    }
}

#[tokio::test]
async fn a_204_has_no_body() {
    let up = answering("1").await;
    let route = "[delete]\ncalls.it = { upstream = \"up\", method = \"DELETE\", path = \"/it\" }\nresponse.status = 204";
    let reply = serving(&up, route).await.request("DELETE", "/x").await;
    reply.assert_status(204).assert_no_header("content-length");
    assert_eq!(reply.body, "");
}

#[tokio::test]
async fn errors_may_be_problems() {
    let up = Upstream::start().await;
    let route = r#"
        errors = "problem"
        input.query.n = { type = "integer" }
        [get]
        calls.it = { upstream = "up", path = "/it" }
        [[get.fail]]
        when = "$it == 1"
        status = 409
        code = "ONE"
        message = "It is one"
        details = "[{field: \"it\"}]"
    "#;
    let gateway = serving(&up, route).await;

    let missing = gateway.get("/x").await;
    missing.assert_status(404).assert_header("content-type", "application/problem+json");
    assert_eq!(
        missing.json(),
        json!({
            "type": "about:blank",
            "title": "Not Found",
            "status": 404,
            "detail": "There is nothing here.",
            "code": "NOT_FOUND",
            "request_id": missing.header("x-request-id").unwrap(),
        })
    );

    up.on("GET", "/it", Reply::json(json!(1)));
    let own = gateway.get("/x").await.json();
    let seen = [&own["title"], &own["status"], &own["detail"], &own["code"], &own["errors"]];
    assert_eq!(json!(seen), json!(["Conflict", 409, "It is one", "ONE", [{"field": "it"}]]));

    let invalid = gateway.get("/x?n=x").await;
    invalid.assert_status(400).assert_header("content-type", "application/problem+json");
    assert_eq!(invalid.json()["errors"][0]["field"], "query.n");
}

#[tokio::test]
async fn a_reply_that_is_too_large_is_500_in_the_form_of_the_endpoint() {
    let up = answering(&format!("\"{}\"", "x".repeat(1 << 20))).await;
    let route = format!("errors = \"problem\"\n{IT}get.response.shape = \"[range(20) | $it]\"");
    let reply = serving(&up, &route).await.get("/x").await;
    reply.assert_status(500).assert_header("content-type", "application/problem+json");
    assert_eq!(reply.json()["code"], "INTERNAL_ERROR");
}

#[tokio::test]
async fn a_shape_gives_exactly_one_value() {
    let up = answering("[1, 2]").await;
    for shape in ["$it[]", "$it | empty", "$it | error", "$it.name", "$it + {}"] {
        let route = format!("{IT}get.response.shape = '{shape}'");
        let reply = serving(&up, &route).await.get("/x").await;
        reply.assert_error(500, "INTERNAL_ERROR");
        assert_eq!(reply.json()["error"]["message"], "Something went wrong.");
    }
}

#[tokio::test]
async fn a_runaway_shape_is_a_fault_and_others_are_served_meanwhile() {
    let up = answering("[0]").await;
    for runaway in [
        "[$it | recurse(.[0]?, .)]",
        "def f: f; $it | f",
        "[$it | limit(1e12; repeat(1))] | length",
        "reduce range(1e9) as $i ($it[0]; . + $i)",
        "reduce range(1e6) as $i ($it; [., .])",
        "($it | tostring) * 1e10",
        "[range($it | length * 1e9)]",
        "reduce range(64) as $i ($it | tostring; . + .)",
        "$it | until(false; .)",
    ] {
        let route = format!("{IT}get.response.shape = '''{runaway}'''");
        let config = Gateway::config().upstream("up", &up).open_route("x.toml", &route);
        let gateway = config.open_route("y.toml", "[get.response]\nshape = '1'").start().await;

        let started = std::time::Instant::now();
        let bad = gateway.get("/x").sent();
        gateway.get("/y").await.assert_data(200, json!(1));
        bad.await.assert_error(500, "INTERNAL_ERROR");
        // The promise is 2 s; the machine may be busy.
        assert!(started.elapsed().as_secs() < 6, "{runaway} took {:?}", started.elapsed());
        gateway.get("/y").await.assert_data(200, json!(1));
    }
}

#[tokio::test]
async fn the_request_id_is_in_every_reply() {
    let up = answering("1").await;
    let gateway = serving(&up, IT).await;
    let mut seen = Vec::new();
    for (method, path, status) in
        [("GET", "/x", 200), ("GET", "/none", 404), ("POST", "/x", 405), ("HEAD", "/x", 200)]
    {
        let reply = gateway.request(method, path).await;
        reply.assert_status(status);
        seen.push(reply.header("x-request-id").expect("an id").to_owned());
    }
    seen.dedup();
    assert_eq!(seen.len(), 4);
}
