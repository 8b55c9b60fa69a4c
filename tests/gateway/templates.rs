//! What holes in paths and queries become.

use crate::harness::*;

async fn echo() -> Upstream {
    let up = Upstream::start().await;
    up.on("*", "/**", Reply::json(json!("ok")));
    up
}

/// A gateway whose POST sends one call with this path, made from the body's `v`.
async fn path(up: &Upstream, path: &str) -> Gateway {
    let route = format!(
        "[post]\ninput.body = {{ type = \"object\", additional = \"keep\" }}\n\
         calls.it = {{ upstream = \"up\", path = '{path}' }}"
    );
    serving(up, &route).await
}

#[tokio::test]
async fn a_hole_in_a_path_is_one_encoded_segment_whatever_it_holds() {
    let up = echo().await;
    let gateway = path(&up, "/a/{$body.v}/z").await;
    for (value, segment) in [
        (json!("plain-._~"), "plain-._~"),
        (json!("a/b"), "a%2Fb"),
        (json!("../../admin"), "..%2F..%2Fadmin"),
        (json!("..\\x"), "..%5Cx"),
        (json!("a?b=c#d"), "a%3Fb%3Dc%23d"),
        (json!("@evil.test:80"), "%40evil.test%3A80"),
        (json!("ä€😀"), "%C3%A4%E2%82%AC%F0%9F%98%80"),
        (json!(" +%&;=,"), "%20%2B%25%26%3B%3D%2C"),
        (json!("%2F"), "%252F"),
        (json!("..."), "..."),
        (json!("..;x"), "..%3Bx"),
        (json!(7), "7"),
        (json!(-1.5), "-1.5"),
        (json!(true), "true"),
        (json!("null"), "null"),
    ] {
        up.forget();
        gateway.post("/x", json!({"v": value})).await.assert_status(200);
        assert_eq!(up.requests()[0].target, format!("/a/{segment}/z"), "{value}");
    }
}

#[tokio::test]
async fn what_cannot_be_a_segment_is_a_400_where_the_client_made_it() {
    let up = echo().await;
    let gateway = path(&up, "/a/{$body.v}/z").await;
    for value in [
        json!(null),
        json!(""),
        json!("."),
        json!(".."),
        json!("%2e%2E"),
        json!(".%2e"),
        json!("%2e"),
        json!({"a": 1}),
        json!([null]),
        json!([".."]),
        json!([""]),
        json!([["a"]]),
    ] {
        gateway.post("/x", json!({"v": value})).await.assert_error(400, "BAD_REQUEST");
    }
    assert_eq!(up.total(), 0);
}

#[tokio::test]
async fn what_cannot_be_a_segment_is_a_500_where_we_or_an_upstream_made_it() {
    let up = echo().await;
    for (answer, hole) in [
        (json!(null), "$it"),
        (json!(".."), "$it"),
        (json!({}), "$it"),
        (json!(1), "\"\""),
        (json!(1), "$it | error"),
        (json!(1), "1, 2"),
    ] {
        up.on("GET", "/it", Reply::json(answer));
        let route = format!(
            "get.calls.it = {{ upstream = \"up\", path = \"/it\" }}\n\
             get.calls.next = {{ upstream = \"up\", path = '/n/{{{hole}}}' }}"
        );
        serving(&up, &route).await.get("/x").await.assert_error(500, "INTERNAL_ERROR");
    }
    assert!(up.requests().iter().all(|request| request.path() == "/it"));
}

#[tokio::test]
async fn dot_segments_put_together_from_pieces_are_refused() {
    let up = echo().await;
    for (template, bad, good) in [
        ("/a/.{$body.v}/z", json!("."), json!("x")),
        ("/a/%2e{$body.v}", json!("."), json!("x")),
        ("/a/{$body.v}{$body.v}", json!("."), json!("x")),
        ("/a/{$body.v}{$body.w}", json!(""), json!("x")),
    ] {
        up.forget();
        let gateway = path(&up, template).await;
        gateway.post("/x", json!({"v": bad, "w": ""})).await.assert_error(400, "BAD_REQUEST");
        assert_eq!(up.total(), 0, "{template}");
        gateway.post("/x", json!({"v": good, "w": "y"})).await.assert_status(200);
    }
}

#[tokio::test]
async fn an_array_that_fills_a_segment_is_several() {
    let up = echo().await;
    let gateway = path(&up, "/a/{$body.v}/z").await;
    for (value, target) in [(json!(["a", "b/c", 3]), "/a/a/b%2Fc/3/z"), (json!([]), "/a/z")] {
        up.forget();
        gateway.post("/x", json!({"v": value})).await.assert_status(200);
        assert_eq!(up.requests()[0].target, target);
    }
    let beside = path(&up, "/a/x-{$body.v}").await;
    beside.post("/x", json!({"v": ["a"]})).await.assert_error(400, "BAD_REQUEST");
}

#[tokio::test]
async fn a_catch_all_goes_on_segment_by_segment() {
    let up = echo().await;
    let gateway = Gateway::config()
        .upstream("up", &up)
        .open_route(
            "f/[[...path]].toml",
            r#"get.calls.it = { upstream = "up", path = "/files/{$params.path}" }"#,
        )
        .start()
        .await;
    for (asked, sent) in
        [("/f/a/b%20c/d", "/files/a/b%20c/d"), ("/f/a%3Fb", "/files/a%3Fb"), ("/f", "/files")]
    {
        up.forget();
        gateway.get(asked).await.assert_status(200);
        assert_eq!(up.requests()[0].target, sent);
    }
}

#[tokio::test]
async fn items_that_the_client_gave_are_the_clients_mistake() {
    let up = echo().await;
    let route = r#"
        [post]
        input.body = { type = "object", additional = "keep" }
        calls.all = { upstream = "up", path = "/a/{$item}", each = "$body.ids" }
    "#;
    let gateway = serving(&up, route).await;

    gateway.post("/x", json!({"ids": ["a", ".."]})).await.assert_error(400, "BAD_REQUEST");
    gateway.post("/x", json!({"ids": ["a", null]})).await.assert_error(400, "BAD_REQUEST");
    assert!(up.requests().iter().all(|request| request.path() == "/a/a"));
}

#[tokio::test]
async fn a_query_leaves_null_out_and_repeats_an_array() {
    let up = echo().await;
    let route = r#"
        [post]
        input.body = { type = "object", additional = "keep" }
        [post.calls.it]
        upstream = "up"
        path = "/it"
        query = { v = "{$body.v}", around = "a{$body.w}b", "odd key&" = "x" }
    "#;
    let gateway = serving(&up, route).await;
    for (body, query) in [
        (json!({}), "odd%20key%26=x"),
        (json!({"v": "", "w": ""}), "v=&around=ab&odd%20key%26=x"),
        (json!({"v": "a&b=c", "w": "ä +"}), "v=a%26b%3Dc&around=a%C3%A4%20%2Bb&odd%20key%26=x"),
        (json!({"v": ["a", 1, false, null]}), "v=a&v=1&v=false&odd%20key%26=x"),
        (json!({"v": []}), "odd%20key%26=x"),
        (json!({"v": "\r\nx: y\u{0}"}), "v=%0D%0Ax%3A%20y%00&odd%20key%26=x"),
    ] {
        up.forget();
        gateway.post("/x", body).await.assert_status(200);
        assert_eq!(up.requests()[0].query(), Some(query));
    }
    up.forget();
    for bad in [json!({"v": {}}), json!({"v": [[1]]}), json!({"v": [{}]}), json!({"w": [1]})] {
        gateway.post("/x", bad).await.assert_error(500, "INTERNAL_ERROR");
    }
    assert_eq!(up.total(), 0);
}

#[tokio::test]
async fn a_call_without_query_has_no_question_mark() {
    let up = echo().await;
    let route = "input.query.q = { type = \"string\" }\nget.calls.it = { upstream = \"up\", path = \"/it\", query = { q = \"{$query.q}\" } }";
    serving(&up, route).await.get("/x").await.assert_status(200);
    assert_eq!(up.requests()[0].target, "/it");
}

#[tokio::test]
async fn numbers_print_without_a_needless_fraction() {
    let up = echo().await;
    let gateway = path(&up, "/n/{$body.v}").await;
    for (text, sent) in [
        ("1", "1"),
        ("12345678901234567890123456789", "12345678901234567890123456789"),
        ("0.1", "0.1"),
        ("-0.5", "-0.5"),
    ] {
        up.forget();
        let body = format!("{{\"v\": {text}}}");
        gateway.request("POST", "/x").body("application/json", body).await.assert_status(200);
        assert_eq!(up.requests()[0].target, format!("/n/{sent}"));
    }
    let halves = path(&up, "/n/{$body.v / 2}").await;
    up.forget();
    halves.post("/x", json!({"v": 40})).await.assert_status(200);
    assert_eq!(up.requests()[0].target, "/n/20");
}

#[tokio::test]
async fn braces_are_written_twice_and_a_hole_ends_where_jq_says() {
    let up = echo().await;
    let route = r#"
        [get.calls.it]
        upstream = "up"
        path = '/{{x}}/{"}" + ({a: "y{"} | .a)}'
        query = { f = "{{}}$${x}" }
    "#;
    serving(&up, route).await.get("/x").await.assert_status(200);
    let request = &up.requests()[0];
    assert_eq!(request.segments(), ["{x}", "}y{"]);
    assert_eq!(request.query_value("f").unwrap(), "{}${x}");
}
