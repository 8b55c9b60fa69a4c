//! The order of calls: derived from what they read.

use crate::harness::*;

#[tokio::test]
async fn a_call_starts_the_moment_what_it_reads_is_there() {
    let (up, slow) = (Upstream::start().await, Gate::new());
    up.on("GET", "/slow", Reply::json(json!(1)).when(&slow));
    up.on("GET", "/quick", Reply::json(json!({"id": 7})));
    up.on("GET", "/then/*", Reply::json(json!("x")));
    up.on("GET", "/last/*", Reply::json(json!("y")));
    let route = r#"
        get.calls.slow = { upstream = "up", path = "/slow" }
        get.calls.quick = { upstream = "up", path = "/quick" }
        get.calls.second = { upstream = "up", path = "/then/{$quick.id}" }
        get.calls.third = { upstream = "up", path = "/last/{$second}" }
    "#;
    let gateway = serving(&up, route).await;

    let reply = gateway.get("/x").sent();
    up.wait_for(4).await;
    slow.open();

    let data = json!({"slow": 1, "quick": {"id": 7}, "second": "x", "third": "y"});
    reply.await.assert_data(200, data);
    assert_eq!((up.count("GET /then/7"), up.count("GET /last/x")), (1, 1));
}

#[tokio::test]
async fn calls_that_read_nothing_of_each_other_run_side_by_side() {
    let (up, gate) = (Upstream::start().await, Gate::new());
    up.on("GET", "/**", Reply::json(json!(1)).when(&gate));
    let route = r#"
        get.calls.a = { upstream = "up", path = "/a" }
        get.calls.b = { upstream = "up", path = "/b" }
        get.calls.c = { upstream = "up", path = "/c" }
    "#;
    let gateway = serving(&up, route).await;

    let reply = gateway.get("/x").sent();
    up.wait_for(3).await;
    gate.open();

    reply.await.assert_data(200, json!({"a": 1, "b": 1, "c": 1}));
}

#[tokio::test]
async fn what_a_query_a_header_a_body_and_when_read_is_waited_for_too() {
    let up = Upstream::start().await;
    up.on("GET", "/a", Reply::json(json!({"id": 1, "go": true, "list": [1, 2]})));
    up.on("*", "/b/**", Reply::json(json!("ok")));
    let route = r#"
        get.calls.a = { upstream = "up", path = "/a" }
        get.calls.by_query = { upstream = "up", path = "/b/query", query = { id = "{$a.id}" } }
        get.calls.by_header = { upstream = "up", path = "/b/header", headers = { x-id = "n{$a.id}" } }
        get.calls.by_body = { upstream = "up", path = "/b/body", method = "POST", json = "{id: $a.id}" }
        get.calls.asked = { upstream = "up", path = "/b/asked", when = "$a.go" }
        get.calls.every = { upstream = "up", path = "/b/{$item}", each = "$a.list" }
    "#;
    let gateway = serving(&up, route).await;

    gateway.get("/x").await.assert_status(200);

    let requests = up.requests();
    let find = |path: &str| requests.iter().find(|request| request.path() == path).unwrap();
    assert_eq!(requests[0].path(), "/a");
    assert_eq!(find("/b/query").query(), Some("id=1"));
    assert_eq!(find("/b/header").header("x-id"), Some("n1"));
    assert_eq!(find("/b/body").json(), json!({"id": 1}));
    find("/b/asked");
    find("/b/1");
    find("/b/2");
}

#[tokio::test]
async fn a_call_whose_when_is_not_true_is_skipped_and_null() {
    let up = Upstream::start().await;
    up.on("GET", "/**", Reply::json(json!({"active": false})));
    let route = r#"
        get.calls.user = { upstream = "up", path = "/user" }
        get.calls.posts = { upstream = "up", path = "/posts", when = "$user.active" }
        get.calls.likes = { upstream = "up", path = "/likes", when = "$user.missing" }
        get.response.shape = "{posts: $posts, skipped: $calls.posts.skipped, status: $calls.posts.status, error: $calls.posts.error, user: $calls.user.skipped, likes: $likes}"
    "#;
    let gateway = serving(&up, route).await;

    let reply = gateway.get("/x").await;

    let data = json!({"posts": null, "skipped": true, "status": null, "error": null, "user": false, "likes": null});
    reply.assert_data(200, data).assert_no_header("frontdesk-partial");
    assert_eq!(up.total(), 1);
}

#[tokio::test]
async fn a_call_that_reads_a_skipped_one_gets_its_fallback_or_null() {
    let up = Upstream::start().await;
    up.reply_with("GET", "/**", |request| Reply::json(json!(request.target)));
    let route = r#"
        get.calls.a = { upstream = "up", path = "/a", when = "false", fallback = { id = 5 } }
        get.calls.b = { upstream = "up", path = "/b", when = "false" }
        get.calls.c = { upstream = "up", path = "/c/{$a.id}", query = { b = "{$b.id}" } }
        get.response.shape = "[$a, $b, $c]"
    "#;
    let gateway = serving(&up, route).await;

    gateway.get("/x").await.assert_data(200, json!([{"id": 5}, null, "/c/5"]));
}

#[tokio::test]
async fn needs_waits_without_reading_and_passes_a_skip_or_a_failure_on() {
    let up = Upstream::start().await;
    up.on("GET", "/**", Reply::json(json!(1)));
    up.on("GET", "/bad", Reply::status(500));
    let route = r#"
        get.calls.ok = { upstream = "up", path = "/ok" }
        get.calls.off = { upstream = "up", path = "/off", when = "false" }
        get.calls.bad = { upstream = "up", path = "/bad", optional = true }
        get.calls.after_ok = { upstream = "up", path = "/after_ok", needs = ["ok"] }
        get.calls.after_off = { upstream = "up", path = "/after_off", needs = ["ok", "off"], fallback = "f" }
        get.calls.after_bad = { upstream = "up", path = "/after_bad", needs = ["bad"] }
        get.calls.later = { upstream = "up", path = "/later", needs = ["after_bad"] }
        get.response.shape = "{ok: $after_ok, off: $after_off, bad: $after_bad, later: $later, skipped: $calls.later.skipped}"
    "#;
    let gateway = serving(&up, route).await;

    let reply = gateway.get("/x").await;

    assert_eq!(
        reply.json()["data"],
        json!({"ok": 1, "off": "f", "bad": null, "later": null, "skipped": true}),
        "{reply:?}"
    );
    let paths: Vec<_> = up.requests().iter().map(|request| request.path().to_owned()).collect();
    assert_eq!(paths.len(), 3, "{paths:?}");
    // What was skipped has not failed.
    reply.assert_header("frontdesk-partial", "bad");
}

#[tokio::test]
async fn a_change_waits_for_the_change_that_it_needs() {
    let (up, gate) = (Upstream::start().await, Gate::new());
    up.on("POST", "/reserve", Reply::json(json!({"id": 1})).when(&gate));
    up.on("POST", "/charge", Reply::json(json!({"ok": true})));
    up.on("GET", "/read/*", Reply::json(json!(0)));
    let route = r#"
        post.calls.reserve = { upstream = "up", method = "POST", path = "/reserve" }
        post.calls.charge = { upstream = "up", method = "POST", path = "/charge", needs = ["reserve"] }
        post.calls.one = { upstream = "up", path = "/read/1" }
        post.calls.two = { upstream = "up", path = "/read/2", query = { one = "{$one}" } }
    "#;
    let gateway = serving(&up, route).await;

    let reply = gateway.poke("/x").sent();
    up.wait_for(3).await;
    assert_eq!(up.count("POST /charge"), 0);
    gate.open();

    reply.await.assert_status(200);
    assert_eq!(up.count("POST /charge"), 1);
}

#[tokio::test]
async fn a_change_is_not_sent_when_the_one_before_it_failed() {
    let up = Upstream::start().await;
    up.on("POST", "/reserve", Reply::status(409));
    let route = r#"
        post.calls.reserve = { upstream = "up", method = "POST", path = "/reserve" }
        post.calls.charge = { upstream = "up", method = "POST", path = "/charge", needs = ["reserve"] }
    "#;
    let gateway = serving(&up, route).await;

    gateway.poke("/x").await.assert_error(409, "CONFLICT");

    gateway.stopping().await;
    assert_eq!(up.total(), 1);
}

#[tokio::test]
async fn changes_that_say_so_run_side_by_side() {
    let (up, gate) = (Upstream::start().await, Gate::new());
    up.on("*", "/**", Reply::json(json!(1)).when(&gate));
    let route = r#"
        post.calls.a = { upstream = "up", method = "PUT", path = "/a" }
        post.calls.b = { upstream = "up", method = "DELETE", path = "/b", parallel = true }
    "#;
    let gateway = serving(&up, route).await;

    let reply = gateway.poke("/x").sent();
    up.wait_for(2).await;
    gate.open();

    reply.await.assert_data(200, json!({"a": 1, "b": 1}));
}

#[tokio::test]
async fn a_change_waits_for_allow_and_reads_do_not() {
    let (up, gate) = (Upstream::start().await, Gate::new());
    up.on("GET", "/owner", Reply::json(json!({"id": "ada"})).when(&gate));
    up.on("GET", "/other", Reply::json(json!(1)));
    up.on("DELETE", "/it", Reply::status(204));
    let route = r#"
        [delete]
        allow = '$owner.id == "ada"'
        calls.owner = { upstream = "up", path = "/owner" }
        calls.other = { upstream = "up", path = "/other" }
        calls.gone = { upstream = "up", method = "DELETE", path = "/it" }
    "#;
    let gateway = serving(&up, route).await;

    let reply = gateway.request("DELETE", "/x").sent();
    up.wait_for(2).await;
    assert_eq!(up.count("DELETE /it"), 0);
    gate.open();

    reply.await.assert_data(200, json!({"owner": {"id": "ada"}, "other": 1, "gone": null}));
}

#[tokio::test]
async fn an_allow_over_calls_that_says_no_stops_every_change() {
    let up = Upstream::start().await;
    up.on("GET", "/owner", Reply::json(json!({"id": "eve"})));
    let route = r#"
        [delete]
        allow = '$owner.id == "ada"'
        deny_status = 404
        calls.owner = { upstream = "up", path = "/owner" }
        calls.gone = { upstream = "up", method = "DELETE", path = "/it" }
    "#;
    let gateway = serving(&up, route).await;

    gateway.request("DELETE", "/x").await.assert_error(404, "NOT_FOUND");

    gateway.stopping().await;
    assert_eq!(up.total(), 1);
}

#[tokio::test]
async fn an_allow_that_reads_no_call_is_decided_before_anything_is_sent() {
    let up = Upstream::start().await;
    up.on("GET", "/a", Reply::json(json!(1)));
    for no in ["false", "null", "\"yes\"", "1", "error(\"x\")", "true, true", "empty"] {
        let route =
            format!("[get]\nallow = '''{no}'''\ncalls.a = {{ upstream = \"up\", path = \"/a\" }}");
        let gateway = serving(&up, &route).await;

        gateway.get("/x").await.assert_error(403, "FORBIDDEN");

        gateway.stopping().await;
        assert_eq!(up.total(), 0, "{no}");
    }
}

#[tokio::test]
async fn an_inherited_call_that_nothing_reads_is_not_sent() {
    let up = Upstream::start().await;
    up.on("GET", "/**", Reply::json(json!(1)));
    let defaults = r#"
        session = "none"
        [calls.me]
        upstream = "up"
        path = "/me"
        [calls.unread]
        upstream = "up"
        path = "/unread"
    "#;
    let gateway = Gateway::config()
        .upstream("up", &up)
        .route("_defaults.toml", defaults)
        .route("x.toml", "[get.response]\nshape = '{me: $me}'")
        .start()
        .await;

    gateway.get("/x").await.assert_data(200, json!({"me": 1}));
    assert_eq!(up.total(), 1);
}

#[tokio::test]
async fn an_endpoint_may_have_no_calls() {
    let up = Upstream::start().await;
    let gateway = serving(&up, "[get.response]\nshape = '{ok: true}'").await;

    gateway.get("/x").await.assert_data(200, json!({"ok": true}));
}

#[tokio::test]
async fn a_head_call_answers_with_its_head() {
    let up = Upstream::start().await;
    // The length is that of the body that a GET would have: no reason to refuse it.
    let answer = Reply::json(json!("x".repeat(2000))).header("x-total", "12");
    up.on("HEAD", "/count", answer.header("content-encoding", "gzip"));
    let route = r#"
        [get]
        calls.count = { upstream = "up", method = "HEAD", path = "/count", max_response = "1KB" }
        response.shape = '{total: $calls.count.headers."x-total", status: $calls.count.status, body: $count}'
    "#;
    let gateway = serving(&up, route).await;

    let reply = gateway.get("/x").await;

    reply.assert_data(200, json!({"total": "12", "status": 200, "body": null}));
}

#[tokio::test]
async fn a_post_that_only_reads_is_no_change() {
    let (up, gate) = (Upstream::start().await, Gate::new());
    up.on("POST", "/search", Reply::json(json!([1])).when(&gate));
    let route = r#"
        [get]
        calls.a = { upstream = "up", method = "POST", path = "/search", json = '{q: "x"}', reads = true }
        calls.b = { upstream = "up", method = "POST", path = "/search", json = '{q: "x"}', reads = true }
        calls.c = { upstream = "up", method = "POST", path = "/search", json = '{q: "y"}', reads = true }
    "#;
    let gateway = serving(&up, route).await;

    let reply = gateway.get("/x").sent();
    up.wait_for(2).await;
    gate.open();

    reply.await.assert_data(200, json!({"a": [1], "b": [1], "c": [1]}));
    assert_eq!(up.total(), 2);
}

#[tokio::test]
async fn every_method_is_served_and_sent() {
    let up = Upstream::start().await;
    up.reply_with("*", "/it", |request| Reply::json(json!(request.method)));
    let methods = ["GET", "POST", "PUT", "PATCH", "DELETE"];
    let tables = methods.map(|method| {
        let table = method.to_lowercase();
        format!("[{table}.calls.it]\nupstream = \"up\"\nmethod = \"{method}\"\npath = \"/it\"\n")
    });
    let gateway = serving(&up, &tables.concat()).await;

    for method in methods {
        gateway.request(method, "/x").await.assert_data(200, json!(method));
    }
    let head = gateway.head("/x").await;
    head.assert_status(200).assert_header("content-type", "application/json");
    assert_eq!(head.body, "");
}
