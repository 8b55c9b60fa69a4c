//! What a status means, and what a failure does.

use crate::harness::*;

async fn answering(reply: Reply) -> Upstream {
    let up = Upstream::start().await;
    up.on("*", "/**", reply);
    up
}

const ONE: &str = "get.calls.it = { upstream = \"up\", path = \"/it\" }";

#[tokio::test]
async fn a_status_of_a_read_means_what_the_common_rules_say() {
    let expected = [
        (400, 502, "UPSTREAM_ERROR"),
        (401, 502, "UPSTREAM_ERROR"),
        (402, 502, "UPSTREAM_ERROR"),
        (403, 502, "UPSTREAM_ERROR"),
        (404, 404, "NOT_FOUND"),
        (405, 502, "UPSTREAM_ERROR"),
        (406, 502, "UPSTREAM_ERROR"),
        (409, 409, "CONFLICT"),
        (410, 410, "GONE"),
        (412, 412, "PRECONDITION_FAILED"),
        (418, 502, "UPSTREAM_ERROR"),
        (422, 422, "UNPROCESSABLE"),
        (429, 503, "UPSTREAM_UNAVAILABLE"),
        (499, 502, "UPSTREAM_ERROR"),
        (500, 502, "UPSTREAM_ERROR"),
        (501, 502, "UPSTREAM_ERROR"),
        (502, 502, "UPSTREAM_ERROR"),
        (503, 503, "UPSTREAM_UNAVAILABLE"),
        (504, 502, "UPSTREAM_ERROR"),
        (599, 502, "UPSTREAM_ERROR"),
        (999, 502, "UPSTREAM_ERROR"),
        (300, 502, "UPSTREAM_ERROR"),
        (301, 502, "UPSTREAM_ERROR"),
        (302, 502, "UPSTREAM_ERROR"),
        (304, 502, "UPSTREAM_ERROR"),
        (307, 502, "UPSTREAM_ERROR"),
    ];
    let up = Upstream::start().await;
    let gateway = serving(&up, ONE).await;
    for (status, ours, code) in expected {
        up.on("GET", "/it", Reply::json(json!({"leak": "secret"})).with_status(status));
        let reply = gateway.get("/x").await;
        reply.assert_error(ours, code);
        assert!(!reply.body.contains("secret"), "{status}: {reply:?}");
        assert_eq!(reply.header("retry-after").is_some(), matches!(status, 429 | 503), "{status}");
    }
}

#[tokio::test]
async fn every_2xx_is_a_success() {
    let up = Upstream::start().await;
    let gateway = serving(&up, ONE).await;
    for status in [200, 201, 202, 203, 206, 299] {
        up.on("GET", "/it", Reply::json(json!({"a": 1})).with_status(status));
        gateway.get("/x").await.assert_data(200, json!({"a": 1}));
    }
    up.on("GET", "/it", Reply::status(204));
    gateway.get("/x").await.assert_data(200, json!(null));
}

#[tokio::test]
async fn an_empty_body_where_json_is_expected_is_502() {
    for status in [200, 201, 202] {
        let up = answering(Reply::status(status)).await;
        serving(&up, ONE).await.get("/x").await.assert_error(502, "UPSTREAM_ERROR");
    }
}

#[tokio::test]
async fn a_400_passes_where_a_body_was_sent() {
    let up = answering(Reply::json(json!({"error": "theirs"})).with_status(400)).await;
    let bodies = ["json = '{a: 1}'", "form = { a = \"1\" }", "body = \"raw\""];
    for body in bodies {
        let route = format!(
            "[post.calls.it]\nupstream = \"up\"\nmethod = \"POST\"\npath = \"/it\"\n{body}"
        );
        let reply = serving(&up, &route).await.post("/x", json!({})).await;
        reply.assert_error(400, "BAD_REQUEST");
        assert!(!reply.body.contains("theirs"), "{reply:?}");
    }
    let without = "post.calls.it = { upstream = \"up\", method = \"POST\", path = \"/it\" }";
    serving(&up, without).await.poke("/x").await.assert_error(502, "UPSTREAM_ERROR");
}

#[tokio::test]
async fn a_401_or_403_passes_where_the_users_own_token_was_sent() {
    for (status, code) in [(401, "UNAUTHORIZED"), (403, "FORBIDDEN")] {
        let up = answering(Reply::status(status)).await;
        let call = "session = \"required\"\nget.calls.it = { upstream = \"up\", path = \"/it\"";
        let gateway = Gateway::config()
            .upstream("up", &up)
            .route("users.toml", &format!("{call}, auth = \"user\" }}"))
            .route("ours.toml", &format!("{call} }}"))
            .start()
            .await;

        let reply = gateway.get("/users").user("ada").await;
        reply.assert_error(status, code);
        assert_eq!(reply.header("www-authenticate").is_some(), status == 401, "{reply:?}");
        gateway.get("/ours").user("ada").await.assert_error(502, "UPSTREAM_ERROR");
    }
}

#[tokio::test]
async fn retry_after_is_the_upstreams_own_within_reason() {
    let up = Upstream::start().await;
    let gateway = serving(&up, ONE).await;
    let expected = [
        (Some("7"), "7"),
        (None, "1"),
        (Some("0"), "1"),
        (Some("-5"), "1"),
        (Some("soon"), "1"),
        (Some("999999999999999999999999"), "1"),
        (Some("86400"), "3600"),
        (Some("Fri, 31 Dec 2100 23:59:59 GMT"), "3600"),
        (Some("Sun, 06 Nov 1994 08:49:37 GMT"), "1"),
    ];
    for (theirs, ours) in expected {
        let busy = Reply::status(503);
        let busy = match theirs {
            Some(text) => busy.header("retry-after", text),
            None => busy,
        };
        up.on("GET", "/it", busy);
        gateway
            .get("/x")
            .await
            .assert_error(503, "UPSTREAM_UNAVAILABLE")
            .assert_header("retry-after", ours);
    }
}

#[tokio::test]
async fn on_status_says_what_a_status_means() {
    let route = r#"
        [get.calls.it]
        upstream = "up"
        path = "/it"
        [get.calls.it.on_status]
        200 = "fail"
        404 = "null"
        410 = { value = { gone = true, list = [1, 2.5, "x"] } }
        402 = "pass"
        429 = "pass"
        409 = "fail"
        302 = "null"
        500 = { status = 418, code = "TEAPOT", message = "Too hot" }
    "#;
    let up = Upstream::start().await;
    let gateway = serving(&up, route).await;
    let say = |status| up.on("GET", "/it", Reply::status(status).header("retry-after", "8"));

    say(404);
    gateway.get("/x").await.assert_data(200, json!(null));
    say(302);
    gateway.get("/x").await.assert_data(200, json!(null));
    say(410);
    gateway.get("/x").await.assert_data(200, json!({"gone": true, "list": [1, 2.5, "x"]}));
    say(402);
    gateway.get("/x").await.assert_error(402, "BAD_REQUEST");
    say(429);
    gateway.get("/x").await.assert_error(429, "RATE_LIMITED").assert_header("retry-after", "8");
    for status in [200, 409] {
        say(status);
        gateway.get("/x").await.assert_error(502, "UPSTREAM_ERROR");
    }
    say(500);
    let reply = gateway.get("/x").await;
    reply.assert_error(418, "TEAPOT");
    assert_eq!(reply.json()["error"]["message"], "Too hot");
}

#[tokio::test]
async fn an_own_fault_describes_what_the_upstream_said() {
    let route = r#"
        input.query.card = { type = "string" }
        [get.calls.it]
        upstream = "up"
        path = "/it"
        on_status.402 = { status = 402, code = "CARD_DECLINED", message = "The card {$query.card} was declined", details = '[{field: "card", message: $error.body.reason, status: $error.status, code: $error.code}]' }
    "#;
    let up = answering(Reply::json(json!({"reason": "no money"})).with_status(402)).await;
    let gateway = serving(&up, route).await;

    let reply = gateway.get("/x?card=4242").await;

    reply.assert_error(402, "CARD_DECLINED");
    let error = &reply.json()["error"];
    assert_eq!(error["message"], "The card 4242 was declined");
    let details =
        json!([{"field": "card", "message": "no money", "status": 402, "code": "CARD_DECLINED"}]);
    assert_eq!(error["details"], details);
}

#[tokio::test]
async fn an_own_fault_copes_with_any_error_body() {
    let route = r#"
        [get.calls.it]
        upstream = "up"
        path = "/it"
        on_status.500 = { status = 500, code = "THEIRS", details = "$error.body" }
        on_status.501 = { status = 501, code = "BROKEN", details = "$error.body.a.b" }
    "#;
    let up = Upstream::start().await;
    let gateway = serving(&up, route).await;
    let say = |status, body: &[u8]| {
        up.on("GET", "/it", Reply::status(status).body(body.to_vec()));
    };
    for (body, details) in [
        (&b"{\"a\":12345678901234567890123}"[..], "{\"a\":12345678901234567890123}"),
        (b"<html>", "\"<html>\""),
        (b"", "null"),
        (b"\xff\xfe", "null"),
    ] {
        say(500, body);
        let reply = gateway.get("/x").await;
        reply.assert_error(500, "THEIRS");
        assert!(reply.body.contains(&format!("\"details\":{details}")), "{reply:?}");
    }
    say(501, b"\"text\"");
    gateway.get("/x").await.assert_error(500, "INTERNAL_ERROR");
}

#[tokio::test]
async fn the_first_required_call_to_fail_decides_at_once_and_the_rest_is_cancelled() {
    let up = Upstream::start().await;
    up.on("GET", "/hang", Reply::hang());
    up.on("GET", "/first", Reply::status(409));
    let route = r#"
        get.calls.hang = { upstream = "up", path = "/hang" }
        get.calls.first = { upstream = "up", path = "/first" }
        get.calls.next = { upstream = "up", path = "/next", query = { a = "{$hang.x}" } }
        get.calls.other = { upstream = "up", path = "/other", needs = ["first"] }
    "#;
    let gateway = serving(&up, route).await;

    gateway.get("/x").await.assert_error(409, "CONFLICT");

    assert_eq!(up.cancelled().await.path(), "/hang");
    gateway.stopping().await;
    assert_eq!(up.total(), 2);
}

#[tokio::test]
async fn of_two_failures_the_first_in_time_decides() {
    let (up, gate) = (Upstream::start().await, Gate::new());
    up.on("GET", "/a", Reply::status(410).when(&gate));
    up.on("GET", "/b", Reply::status(422));
    let route = r#"
        get.calls.a = { upstream = "up", path = "/a" }
        get.calls.b = { upstream = "up", path = "/b" }
    "#;
    let gateway = serving(&up, route).await;

    gateway.get("/x").await.assert_error(422, "UNPROCESSABLE");
    gate.open();
}

#[tokio::test]
async fn a_change_that_was_sent_runs_to_its_end_when_something_else_fails() {
    let (up, gate) = (Upstream::start().await, Gate::new());
    up.on("POST", "/change", Reply::json(json!(1)).when(&gate));
    up.on("GET", "/bad", Reply::status(500));
    let route = r#"
        post.calls.change = { upstream = "up", method = "POST", path = "/change" }
        post.calls.bad = { upstream = "up", path = "/bad/{$wait}" }
        post.calls.wait = { upstream = "up", path = "/wait" }
        post.calls.later = { upstream = "up", method = "POST", path = "/later", needs = ["change"] }
    "#;
    up.on("GET", "/bad/*", Reply::status(500));
    let waits = Gate::new();
    up.on("GET", "/wait", Reply::json(json!(1)).when(&waits));
    let gateway = serving(&up, route).await;

    let reply = gateway.poke("/x").sent();
    up.wait_for(2).await;
    waits.open();
    reply.await.assert_error(502, "UPSTREAM_ERROR");
    let stopping = gateway.stopping();
    gate.open();
    stopping.await;

    assert_eq!(up.cancellations(), 0);
    assert_eq!((up.count("POST /change"), up.count("POST /later")), (1, 0));
}

#[tokio::test]
async fn an_optional_call_that_fails_yields_its_fallback_and_the_reply_says_so() {
    let up = Upstream::start().await;
    up.on("GET", "/ok", Reply::json(json!("ok")));
    up.on("GET", "/bad", Reply::status(500));
    up.on("GET", "/busy", Reply::status(503));
    let route = r#"
        get.calls.ok = { upstream = "up", path = "/ok" }
        get.calls.bad = { upstream = "up", path = "/bad", fallback = { views = 0 } }
        get.calls.busy = { upstream = "up", path = "/busy", optional = true }
        get.calls.next = { upstream = "up", path = "/ok", query = { v = "{$bad.views}" } }
        get.response.shape = "{ok: $ok, bad: $bad, busy: $busy, next: $next, error: $calls.bad.error, status: $calls.busy.status}"
    "#;
    let gateway = serving(&up, route).await;

    let reply = gateway.get("/x").await;

    let error = json!({"status": 500, "code": "UPSTREAM_ERROR", "body": null});
    reply.assert_header("frontdesk-partial", "bad, busy").assert_json(
        200,
        json!({
            "data": {"ok": "ok", "bad": {"views": 0}, "busy": null, "next": "ok", "error": error, "status": 503},
            "meta": {"partial": [
                {"call": "bad", "code": "UPSTREAM_ERROR"},
                {"call": "busy", "code": "UPSTREAM_UNAVAILABLE"},
            ]},
        }),
    );
}

#[tokio::test]
async fn an_optional_change_that_fails_is_partial_too() {
    let up = answering(Reply::status(500)).await;
    let route = "post.calls.log = { upstream = \"up\", method = \"POST\", path = \"/log\", optional = true }";
    let reply = serving(&up, route).await.poke("/x").await;

    let partial = json!({"partial": [{"call": "log", "code": "UPSTREAM_ERROR"}]});
    reply.assert_json(200, json!({"data": null, "meta": partial}));
}

#[tokio::test]
async fn fail_rules_are_asked_in_order_once_all_calls_are_settled() {
    let route = r#"
        input.query.n = { type = "integer", default = 0 }
        [get.calls.posts]
        upstream = "up"
        path = "/posts"
        [get.calls.likes]
        upstream = "up"
        path = "/likes"
        optional = true
        [[get.fail]]
        when = '$posts == []'
        status = 404
        code = "NO_POSTS"
        message = "There are {$posts | length} posts, {{n}} is {$query.n}"
        details = '{asked: $query.n, likes: $calls.likes.error.code}'
        [[get.fail]]
        when = '$query.n > 5'
        status = 422
        code = "TOO_MANY"
        [[get.fail]]
        when = '$query.n > 1'
        status = 409
        code = "CONFLICT"
    "#;
    let up = Upstream::start().await;
    up.on("GET", "/posts", Reply::json(json!([])));
    up.on("GET", "/likes", Reply::status(503));
    let gateway = serving(&up, route).await;

    let reply = gateway.get("/x?n=9").await;
    reply.assert_error(404, "NO_POSTS").assert_no_header("frontdesk-partial");
    let error = &reply.json()["error"];
    assert_eq!(error["message"], "There are 0 posts, {n} is 9");
    assert_eq!(error["details"], json!({"asked": 9, "likes": "UPSTREAM_UNAVAILABLE"}));

    up.on("GET", "/posts", Reply::json(json!([1])));
    gateway.get("/x?n=9").await.assert_error(422, "TOO_MANY");
    gateway.get("/x?n=2").await.assert_error(409, "CONFLICT");
    assert_eq!(gateway.get("/x").await.json()["data"], json!({"posts": [1], "likes": null}));
}

#[tokio::test]
async fn a_fail_rule_that_cannot_be_asked_is_500() {
    let route = "[[get.fail]]\nwhen = '1 | error'\nstatus = 404\ncode = \"NEVER\"";
    let up = Upstream::start().await;
    serving(&up, route).await.get("/x").await.assert_error(500, "INTERNAL_ERROR");
}

#[tokio::test]
async fn expect_says_how_the_answer_is_read() {
    let up = Upstream::start().await;
    up.on("GET", "/text", Reply::text("{not json} ä"));
    up.on("GET", "/none", Reply::text("garbage"));
    up.on("GET", "/empty", Reply::status(200));
    up.on("GET", "/latin", Reply::status(200).body(&b"\xe4"[..]));
    let route = r#"
        get.calls.text = { upstream = "up", path = "/text", expect = "text" }
        get.calls.none = { upstream = "up", path = "/none", expect = "none" }
        get.calls.empty = { upstream = "up", path = "/empty", expect = "text" }
        get.calls.latin = { upstream = "up", path = "/latin", expect = "text", fallback = "?" }
        get.response.shape = "[$text, $none, $empty, $latin]"
    "#;
    let gateway = serving(&up, route).await;

    let reply = gateway.get("/x").await;

    assert_eq!(reply.json()["data"], json!(["{not json} ä", null, "", "?"]), "{reply:?}");
    reply.assert_header("frontdesk-partial", "latin");
}
