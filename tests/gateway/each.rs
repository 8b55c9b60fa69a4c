//! `each`: one request per item.

use crate::harness::*;

/// An `each` call `all` over these items, with further keys.
fn over(items: &str, more: &str) -> String {
    format!("[get.calls.all]\nupstream = \"up\"\npath = \"/{{$item}}\"\neach = '{items}'\n{more}\n")
}

/// Answers a path with its last segment.
async fn echo() -> Upstream {
    let up = Upstream::start().await;
    up.reply_with("*", "/**", |request| Reply::json(json!(request.segments().pop())));
    up
}

#[tokio::test]
async fn answers_stand_in_the_order_of_the_items() {
    let (up, gate) = (echo().await, Gate::new());
    up.on("GET", "/a", Reply::json(json!("a")).when(&gate));
    let gateway = serving(&up, &over(r#"["a", "b", "c"]"#, "")).await;

    let reply = gateway.get("/x").sent();
    up.wait_for(3).await;
    gate.open();

    reply.await.assert_data(200, json!(["a", "b", "c"]));
}

#[tokio::test]
async fn as_many_requests_are_in_flight_as_was_said() {
    let up = echo().await;
    let gates = [Gate::new(), Gate::new(), Gate::new(), Gate::new()];
    for (index, gate) in gates.iter().enumerate() {
        up.on("GET", &format!("/{index}"), Reply::json(json!(index)).when(gate));
    }
    let gateway = serving(&up, &over("[0, 1, 2, 3]", "each_parallel = 2")).await;

    let reply = gateway.get("/x").sent();
    for in_flight in 2..4 {
        assert_eq!(up.wait_for(in_flight).await.len(), in_flight);
        gates[in_flight - 1].open();
    }
    // The first item still hangs: it takes one place, and holds nobody else back.
    up.wait_for(4).await;
    gates[3].open();
    gates[0].open();

    reply.await.assert_data(200, json!([0, 1, 2, 3]));
}

#[tokio::test]
async fn no_items_are_no_requests() {
    for none in ["[]", "null"] {
        let up = echo().await;
        let gateway = serving(&up, &over(none, "")).await;
        gateway.get("/x").await.assert_data(200, json!([]));
        assert_eq!(up.total(), 0);
    }
}

#[tokio::test]
async fn too_many_items_or_no_array_fail_the_call_as_a_whole() {
    for bad in ["[1, 2, 3]", r#""text""#, "{}", "7", "error(\"no\")"] {
        let up = echo().await;
        let required = serving(&up, &over(bad, "each_limit = 2")).await;
        required.get("/x").await.assert_error(500, "INTERNAL_ERROR");

        let optional = serving(&up, &over(bad, "each_limit = 2\nfallback = 0")).await;
        let reply = optional.get("/x").await;
        let partial = json!([{"call": "all", "code": "INTERNAL_ERROR"}]);
        reply.assert_json(200, json!({"data": null, "meta": {"partial": partial}}));
        assert_eq!(up.total(), 0, "{bad}");
    }
}

#[tokio::test]
async fn an_item_that_fails_yields_the_fallback_of_an_item() {
    let up = echo().await;
    up.on("GET", "/2", Reply::status(404));
    up.on("GET", "/4", Reply::status(503));
    let route = over("[1, 2, 3, 4]", "fallback = { name = \"?\" }");
    let gateway = serving(&up, &route).await;

    let reply = gateway.get("/x").await;

    let partial = json!([{"call": "all", "code": "UPSTREAM_ERROR", "items": [1, 3]}]);
    let data = json!(["1", {"name": "?"}, "3", {"name": "?"}]);
    reply.assert_json(200, json!({"data": data, "meta": {"partial": partial}}));
    reply.assert_header("frontdesk-partial", "all");
}

#[tokio::test]
async fn an_optional_item_that_fails_is_null() {
    let up = echo().await;
    up.on("GET", "/2", Reply::status(500));
    let route = over(
        "[1, 2]",
        "optional = true\n[get.response]\nshape = '{all: $all, calls: [$calls.all[] | {status, skipped, code: .error.code}]}'",
    );
    let gateway = serving(&up, &route).await;

    let reply = gateway.get("/x").await;

    let calls = json!([
        {"status": 200, "skipped": false, "code": null},
        {"status": 500, "skipped": false, "code": "UPSTREAM_ERROR"},
    ]);
    assert_eq!(reply.json()["data"], json!({"all": ["1", null], "calls": calls}), "{reply:?}");
}

#[tokio::test]
async fn a_skipped_call_has_no_items_and_is_null() {
    let up = echo().await;
    let route = over(
        "[1]",
        "when = 'false'\nfallback = 0\n[get.response]\nshape = '[$all, $calls.all.skipped]'",
    );
    let gateway = serving(&up, &route).await;

    gateway.get("/x").await.assert_data(200, json!([null, true]));
}

#[tokio::test]
async fn nothing_passes_in_an_each_call() {
    for status in [400, 404, 409, 410, 412, 422] {
        let up = echo().await;
        up.on("GET", "/2", Reply::status(status));
        let gateway = serving(&up, &over("[1, 2]", "")).await;
        gateway.get("/x").await.assert_error(502, "UPSTREAM_ERROR");
    }
}

#[tokio::test]
async fn on_status_counts_per_item() {
    let up = echo().await;
    up.on("GET", "/2", Reply::status(404));
    up.on("GET", "/3", Reply::status(410));
    let more = "on_status = { 404 = \"null\", 410 = { value = { gone = true } } }";
    let gateway = serving(&up, &over("[1, 2, 3]", more)).await;

    gateway.get("/x").await.assert_data(200, json!(["1", null, {"gone": true}]));
}

#[tokio::test]
async fn an_own_fault_may_read_the_item_and_the_error() {
    let up = echo().await;
    up.on("GET", "/2", Reply::json(json!({"why": "sold out"})).with_status(409));
    let more = r#"on_status = { 409 = { status = 409, code = "SOLD_OUT", message = "Item {$item} is sold out", details = "{item: $item, why: $error.body.why}" } }"#;
    let gateway = serving(&up, &over("[1, 2]", more)).await;

    let reply = gateway.get("/x").await;

    reply.assert_error(409, "SOLD_OUT");
    let error = &reply.json()["error"];
    assert_eq!(error["message"], "Item 2 is sold out");
    assert_eq!(error["details"], json!({"item": 2, "why": "sold out"}));
}

#[tokio::test]
async fn equal_requests_are_sent_once_also_across_calls() {
    let (up, gate) = (Upstream::start().await, Gate::new());
    up.on("*", "/**", Reply::json(json!("it")).when(&gate));
    let route = r#"
        [get.calls.all]
        upstream = "up"
        path = "/{$item}"
        each = '[1, 2, 1, 1]'
        [get.calls.one]
        upstream = "up"
        path = "/1"
        [get.calls.later]
        upstream = "up"
        path = '/{if $one == "it" then 1 else 3 end}'
        [get.calls.other]
        upstream = "up"
        path = "/1"
        headers = { x-other = "1" }
        [get.calls.head]
        upstream = "up"
        path = "/1"
        method = "HEAD"
        [get.response]
        shape = '[$all, $one, $later, $other, $head]'
    "#;
    let gateway = serving(&up, route).await;

    let reply = gateway.get("/x").sent();
    up.wait_for(4).await;
    gate.open();

    reply.await.assert_data(200, json!([["it", "it", "it", "it"], "it", "it", "it", null]));
    // Once without the header, once with it, and the HEAD.
    let count = |header: bool| {
        let mut requests = up.requests();
        requests.retain(|request| request.method == "GET" && request.path() == "/1");
        requests.iter().filter(|request| request.header("x-other").is_some() == header).count()
    };
    assert_eq!((count(false), count(true), up.total()), (1, 1, 4));
}

#[tokio::test]
async fn changes_are_never_joined() {
    let up = echo().await;
    let gateway = serving(&up, &over("[1, 1]", "method = \"POST\"")).await;

    gateway.get("/x").await.assert_data(200, json!(["1", "1"]));
    assert_eq!(up.count("POST /1"), 2);
}

#[tokio::test]
async fn the_first_item_to_fail_decides_though_an_earlier_one_hangs() {
    let up = echo().await;
    up.on("GET", "/1", Reply::hang());
    up.on("GET", "/2", Reply::status(429).header("retry-after", "9"));
    let gateway = serving(&up, &over("[1, 2, 3, 4]", "each_parallel = 2")).await;

    let reply = gateway.get("/x").await;

    reply.assert_error(503, "UPSTREAM_UNAVAILABLE").assert_header("retry-after", "9");
    assert_eq!(up.cancelled().await.path(), "/1");
}

#[tokio::test]
async fn after_a_change_has_failed_no_further_item_is_sent_and_what_was_sent_ends() {
    let (up, gate) = (echo().await, Gate::new());
    up.on("POST", "/1", Reply::json(json!(1)).when(&gate));
    up.on("POST", "/2", Reply::status(500));
    let more = "method = \"POST\"\neach_parallel = 2";
    let gateway = serving(&up, &over("[1, 2, 3, 4, 5]", more)).await;

    gateway.get("/x").await.assert_error(502, "UPSTREAM_ERROR");
    let stopping = gateway.stopping();
    gate.open();
    stopping.await;

    assert_eq!((up.total(), up.cancellations()), (2, 0));
}

#[tokio::test]
async fn what_has_come_by_the_deadline_is_kept() {
    let up = echo().await;
    up.on("GET", "/2", Reply::hang());
    let route = format!("deadline = \"300ms\"\n{}", over("[1, 2, 3]", "fallback = 0"));
    let gateway = serving(&up, &route).await;

    let reply = gateway.get("/x").await;

    let partial = json!([{"call": "all", "code": "UPSTREAM_TIMEOUT", "items": [1]}]);
    reply.assert_json(200, json!({"data": ["1", 0, "3"], "meta": {"partial": partial}}));
}

#[tokio::test]
async fn the_timeout_is_per_item() {
    let up = echo().await;
    up.on("GET", "/2", Reply::hang());
    let more = "timeout = \"200ms\"\neach_parallel = 1\noptional = true";
    let gateway = serving(&up, &over("[1, 2, 3]", more)).await;

    let reply = gateway.get("/x").await;

    let partial = json!([{"call": "all", "code": "UPSTREAM_TIMEOUT", "items": [1]}]);
    reply.assert_json(200, json!({"data": ["1", null, "3"], "meta": {"partial": partial}}));
}

#[tokio::test]
async fn items_may_be_objects_and_bodies_read_them() {
    let up = Upstream::start().await;
    up.reply_with("POST", "/users/*", |request| Reply::json(request.json()));
    let route = r#"
        [post.calls.all]
        upstream = "up"
        method = "POST"
        path = "/users/{$item.id}"
        json = '{name: $item.name, again: $item}'
        each = '[{id: "a/b", name: "Ada"}]'
    "#;
    let gateway = serving(&up, route).await;

    let reply = gateway.poke("/x").await;

    reply.assert_data(200, json!([{"name": "Ada", "again": {"id": "a/b", "name": "Ada"}}]));
    assert_eq!(up.requests()[0].path(), "/users/a%2Fb");
}
