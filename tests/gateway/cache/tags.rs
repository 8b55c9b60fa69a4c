//! What is fetched anew because something was changed.

use super::*;

/// [`route`] with these tags, and a change that revalidates others. The call is held by its own path.
fn tagged(tags: &str, revalidate: &str) -> String {
    let read =
        route(&format!(r#"{{ ttl = "1h", stale = "1h", stale_if_error = "1h", tags = {tags} }}"#));
    read + &change(revalidate)
}

fn change(revalidate: &str) -> String {
    format!(
        "[post]\nrevalidate = {revalidate}\n\
         [post.calls.done]\nupstream = \"up\"\nmethod = \"POST\"\npath = \"/done\"\n"
    )
}

/// An upstream whose `/it` counts, and that does what it is told.
async fn upstream() -> Upstream {
    let up = counting().await;
    up.on("POST", "/done", Reply::json(json!({"id": "7", "tags": ["a", "b"]})));
    up
}

/// Whether an entry with these tags is gone after a change that revalidates these.
async fn is_gone(tags: &str, revalidate: &str) -> bool {
    let up = upstream().await;
    let gateway = with(&up, &tagged(tags, revalidate)).await;
    assert_eq!(ask(&gateway).await, is("miss", 1));
    gateway.poke("/x").await.assert_status(200);
    match ask(&gateway).await {
        hit if hit == is("hit", 1) => false,
        miss => {
            assert_eq!(miss, is("miss", 2), "it is gone, and not served stale");
            true
        }
    }
}

#[tokio::test]
async fn a_change_ends_what_has_its_tags_and_nothing_else() {
    for (tags, revalidate, gone) in [
        (r#"["posts"]"#, r#"["posts"]"#, true),
        (r#"["users", "posts"]"#, r#"["posts", "others"]"#, true),
        (r#"["posts"]"#, r#"["post", "posts:1", "Posts", "posts "]"#, false),
        (r#"[]"#, r#"["posts"]"#, false),
        (r#"["post:7"]"#, r#"["post:{$done.id}"]"#, true),
        (r#"["post:8"]"#, r#"["post:{$done.id}"]"#, false),
        (r#"["b"]"#, r#"["{$done.tags}"]"#, true),
        (r#"["post:"]"#, r#"["post:{$done.nothing}"]"#, false),
        // Nothing is no tag.
        (r#"["{$calls.it.error // \"\"}"]"#, r#"["{$done.none // \"\"}"]"#, false),
        (r#"["t", "{[\"\", \" \"]}"]"#, r#"["{[\"\", \" \"]}"]"#, false),
        (r#"["{[\"\", \"x\"]}"]"#, r#"["{[\"\", \"x\"]}"]"#, true),
        // Tags that read the answer.
        (r#"["n:{$it.n}"]"#, r#"["n:1"]"#, true),
        (r#"["n:{$it.n}"]"#, r#"["n:2"]"#, false),
        (r#"["{[$it.n, \"x\"]}"]"#, r#"["x"]"#, true),
        (r#"["s:{$calls.it.status}"]"#, r#"["s:200"]"#, true),
    ] {
        assert_eq!(is_gone(tags, revalidate).await, gone, "{tags} after {revalidate}");
    }
}

#[tokio::test]
async fn whoever_has_the_reply_to_a_change_sees_it() {
    let up = upstream().await;
    let config = Gateway::config().workers(4).upstream("up", &up);
    let gateway = config.route("x.toml", &tagged(r#"["t"]"#, r#"["t"]"#)).start().await;
    for round in 1..50 {
        assert_eq!(ask(&gateway).await, is("miss", round));
        assert_eq!(ask(&gateway).await, is("hit", round));
        gateway.poke("/x").await.assert_status(200);
    }
}

#[tokio::test]
async fn a_change_that_was_refused_ends_nothing_and_one_that_may_have_been_made_does() {
    for (what, reply, gone) in [
        ("400", Reply::status(400), false),
        ("409", Reply::status(409), false),
        ("500", Reply::status(500), false),
        ("no answer", Reply::close(), true),
        ("half an answer", Reply::json(json!({"id": 1})).truncated(), true),
        ("no answer in time", Reply::hang(), true),
        ("no JSON", Reply::text("{"), true),
    ] {
        let up = upstream().await;
        up.on("POST", "/done", reply);
        let text = tagged(r#"["t"]"#, r#"["t"]"#) + "timeout = \"200ms\"\n";
        let gateway = with(&up, &text).await;
        assert_eq!(ask(&gateway).await, is("miss", 1));
        let failed = gateway.poke("/x").await;
        assert!(failed.status >= 400, "{what}: {failed:?}");
        assert_eq!(ask(&gateway).await, if gone { is("miss", 2) } else { is("hit", 1) }, "{what}");
    }
}

#[tokio::test]
async fn a_change_that_was_made_counts_though_the_reply_is_a_fault() {
    let up = upstream().await;
    let fail = "[[post.fail]]\nwhen = 'true'\nstatus = 409\ncode = \"TOO_BAD\"\n";
    let gateway = with(&up, &(tagged(r#"["t"]"#, r#"["t"]"#) + fail)).await;
    assert_eq!(ask(&gateway).await, is("miss", 1));
    gateway.poke("/x").await.assert_error(409, "TOO_BAD");
    assert_eq!(ask(&gateway).await, is("miss", 2));
}

#[tokio::test]
async fn a_change_that_ends_after_the_reply_counts_again() {
    let up = upstream().await;
    let gate = Gate::new();
    up.on("POST", "/done", Reply::json(json!({"id": 1})).when(&gate));
    let text = tagged(r#"["t"]"#, r#"["t"]"#).replace("[post]", "[post]\ndeadline = \"100ms\"");
    let gateway = with(&up, &text).await;
    gateway.poke("/x").await.assert_error(504, "UPSTREAM_TIMEOUT");
    let (how, n) = ask(&gateway).await;
    assert_eq!((how.as_str(), ask(&gateway).await.0.as_str()), ("miss", "hit"));
    gate.open();
    // What was fetched between the reply and the end of the change is from before it.
    while ask(&gateway).await.1 == n {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_began_before_a_change_is_neither_kept_nor_joined_after_it() {
    for tags in [r#"["t"]"#, r#"["t:{$it.n}", "t"]"#] {
        let up = upstream().await;
        let gate = Gate::new();
        up.once("GET", "/it", Reply::json(json!({"n": 99})).when(&gate));
        let gateway = with(&up, &tagged(tags, r#"["t"]"#)).await;
        let before = gateway.get("/x").sent();
        up.wait_for(1).await;
        gateway.poke("/x").await.assert_status(200);
        // Not joined: it would wait for the gate.
        assert_eq!(ask(&gateway).await, is("miss", 1));
        gate.open();
        // Who asked before it may see what was before it.
        assert_eq!(said(&before.await).1, json!(99));
        assert_eq!(ask(&gateway).await, is("hit", 1), "{tags}: not kept");
    }
}

#[tokio::test]
async fn what_was_fetched_before_a_change_in_the_same_request_is_not_kept_after_it() {
    let up = upstream().await;
    let gate = Gate::new();
    up.on("GET", "/slow", Reply::json(0).when(&gate));
    // `plain` and `it` send the same; `it` is sent after `slow`, when the change is made.
    let text = format!(
        "session = \"none\"\n\
         [get.calls.plain]\nupstream = \"up\"\npath = \"/it\"\n\
         [get.calls.slow]\nupstream = \"up\"\npath = \"/slow\"\n\
         [get.calls.it]\nupstream = \"up\"\npath = \"/it\"\nneeds = [\"slow\"]\n\
         cache = {{ ttl = \"1h\", tags = [\"t\"] }}\n{}",
        change(r#"["t"]"#)
    );
    let gateway = with(&up, &text).await;
    let reply = gateway.get("/x").sent();
    up.wait_for(2).await;
    gateway.poke("/x").await.assert_status(200);
    gate.open();
    let reply = reply.await.json();
    assert_eq!((&reply["data"]["plain"]["n"], &reply["data"]["it"]["n"]), (&json!(1), &json!(2)));
}

#[tokio::test]
async fn equal_requests_of_one_request_are_one_also_where_one_of_them_is_kept() {
    let up = counting().await;
    let text = format!(
        "{}[get.calls.plain]\nupstream = \"up\"\npath = \"/it\"\nneeds = [\"it\"]\n",
        route(r#"{ ttl = "1h" }"#)
    );
    let gateway = with(&up, &text).await;
    let reply = gateway.get("/x").await.json();
    assert_eq!(reply["data"], json!({"it": {"n": 1}, "plain": {"n": 1}}));
    assert_eq!(up.total(), 1);
}

#[tokio::test]
async fn a_tag_that_fails_fails_its_call_and_one_of_a_change_its_reply() {
    let up = upstream().await;
    for tag in [r#"["{$request.path | tonumber}"]"#, r#"["{$it.n | error}"]"#, r#"["{$it}"]"#] {
        let gateway = with(&up, &tagged(tag, "[]")).await;
        for _ in 0..2 {
            gateway.get("/x").await.assert_error(500, "INTERNAL_ERROR");
        }
    }
    let up = upstream().await;
    let gateway = with(&up, &tagged(r#"["t"]"#, r#"["{$done}", "t"]"#)).await;
    assert_eq!(ask(&gateway).await, is("miss", 1));
    gateway.poke("/x").await.assert_error(500, "INTERNAL_ERROR");
    assert_eq!(ask(&gateway).await, is("miss", 2), "the other tag counts all the same");
}

#[tokio::test]
async fn tags_that_read_more_than_what_is_sent_keep_entries_apart() {
    let up = upstream().await;
    let read = "input.query.who = { type = \"string\" }\n";
    for tags in [r#"["who:{$query.who}"]"#, r#"["who:{$query.who}:{$it.n | . * 0}"]"#] {
        let up2 = upstream().await;
        let revalidate = if tags.contains("it.n") { r#"["who:b:0"]"# } else { r#"["who:b"]"# };
        let text = tagged(tags, revalidate)
            .replace("[get.calls.it]", &format!("[get]\n{read}[get.calls.it]"));
        let gateway = with(&up2, &text).await;
        let ask = async |who: &str| said(&gateway.get(&format!("/x?who={who}")).await);
        assert_eq!((ask("a").await, ask("b").await), (is("miss", 1), is("miss", 2)));
        gateway.poke("/x").await.assert_status(200);
        assert_eq!((ask("a").await, ask("b").await), (is("hit", 1), is("miss", 3)));
    }
    drop(up);
}

#[tokio::test]
async fn a_reply_of_an_answer_that_allow_has_read_before_a_revalidation_is_not_kept() {
    let (up, gate) = (counting().await, Gate::new());
    let held = gate.clone();
    up.reply_with("GET", "/slow", move |_| Reply::json(json!({"in": true})).when(&held));
    let text = r#"
        session = "none"
        [get]
        allow = '$it.n > 0 and $slow.in'
        [get.calls.it]
        upstream = "up"
        path = "/it"
        cache = { ttl = "1h", scope = "shared", tags = ["t"] }
        [get.calls.slow]
        upstream = "up"
        path = "/slow"
        needs = ["it"]
        [get.response]
        shape = '$it'
        cache = { ttl = "1h", scope = "shared" }
        [post]
        revalidate = ["t"]
        [post.calls.change]
        upstream = "up"
        method = "POST"
        path = "/change"
    "#;
    let gateway = with(&up, text).await;
    let before = gateway.get("/x").sent();
    up.wait_for(2).await;
    gateway.poke("/x").await.assert_status(200);
    gate.open();
    assert_eq!(before.await.json()["data"]["n"], 1);
    let after = gateway.get("/x").await;
    after.assert_header("frontdesk-cache", "miss");
    assert_ne!(after.json()["data"]["n"], 1);
}

#[tokio::test]
async fn an_entry_has_a_thousand_tags_at_most_and_each_of_them_once() {
    let of_call = route(
        r#"{ ttl = "1h", tags = ['{[range($it.most) | tostring]}', '{[range($it.most) | tostring] | reverse}'] }"#,
    );
    let of_reply =
        "session = \"none\"\n[get.calls.it]\nupstream = \"up\"\npath = \"/it\"\n[get.response]\n"
            .to_owned()
            + r#"cache = { ttl = "1h", tags = ['{[range($it.most) | tostring]}', '{[range($it.most) | tostring] | reverse}'] }"#;
    for text in [of_call, of_reply] {
        for (most, how) in [(1000, "hit"), (1001, "bypass")] {
            let up = Upstream::start().await;
            up.on("GET", "/it", Reply::json(json!({ "most": most })));
            let gateway = with(&up, &text).await;
            gateway.get("/x").await.assert_data(200, json!({ "most": most }));
            gateway.get("/x").await.assert_header("frontdesk-cache", how);
        }
    }
}
