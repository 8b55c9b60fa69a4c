//! `envelope = "text"`: the payload is a text, and the whole body. For pages.

use crate::harness::*;

async fn answering(json: &str) -> Upstream {
    let up = Upstream::start().await;
    let reply = Reply::status(200).header("content-type", "application/json");
    up.on("*", "/**", reply.body(json.to_owned()));
    up
}

const IT: &str = "get.calls.it = { upstream = \"up\", path = \"/it\" }\n";

#[tokio::test]
async fn a_text_is_the_whole_body_as_it_is() {
    let up = answering(r#""<p>\"ä€\"</p>\n""#).await;
    let route = format!("{IT}get.response.envelope = \"text\"");
    let reply = serving(&up, &route).await.get("/x").await;
    reply.assert_status(200);
    assert_eq!(reply.body, "<p>\"ä€\"</p>\n");
    reply.assert_header("content-type", "text/plain; charset=utf-8");
    reply.assert_header("x-content-type-options", "nosniff");
}

#[tokio::test]
async fn the_endpoint_says_what_kind_of_text_it_is() {
    let up = answering(r#"{"name":"a"}"#).await;
    let route = format!(
        r#"
        {IT}
        [get.response]
        envelope = "text"
        shape = '"<h1>\($it.name)</h1>"'
        headers.content-type = "text/html; charset=utf-8"
        "#
    );
    let reply = serving(&up, &route).await.get("/x").await;
    assert_eq!(reply.body, "<h1>a</h1>");
    reply.assert_header("content-type", "text/html; charset=utf-8");
}

#[tokio::test]
async fn what_is_no_text_is_a_fault_of_ours() {
    for json in ["null", "1", "[\"a\"]", "{\"a\":1}"] {
        let up = answering(json).await;
        let route = format!("{IT}get.response.envelope = \"text\"");
        let reply = serving(&up, &route).await.get("/x").await;
        reply.assert_error(500, "INTERNAL_ERROR");
        reply.assert_header("content-type", "application/json");
    }
}

#[tokio::test]
async fn faults_have_the_form_that_all_have() {
    let up = Upstream::start().await;
    up.on("*", "/**", Reply::status(404));
    let route = format!("{IT}get.response.envelope = \"text\"");
    serving(&up, &route).await.get("/x").await.assert_error(404, "NOT_FOUND");
}

#[tokio::test]
async fn a_text_is_no_larger_than_a_reply_may_be() {
    let route = "session = \"none\"\n[get.response]\nenvelope = \"text\"\nshape = '\"x\" * 2000'\n";
    let gateway = Gateway::config().gateway("max_reply = \"1KiB\"\n").route("x.toml", route);
    gateway.start().await.get("/x").await.assert_error(500, "INTERNAL_ERROR");
    let route = route.replace("2000", "900");
    let gateway = Gateway::config().gateway("max_reply = \"1KiB\"\n").route("x.toml", &route);
    assert_eq!(gateway.start().await.get("/x").await.body.len(), 900);
}

#[tokio::test]
async fn what_was_missing_stands_in_the_header() {
    let up = Upstream::start().await;
    up.on("*", "/**", Reply::status(500));
    let route = r#"
        [get.calls.it]
        upstream = "up"
        path = "/it"
        fallback = "instead"
        [get.response]
        envelope = "text"
    "#;
    let reply = serving(&up, route).await.get("/x").await;
    assert_eq!((reply.status, reply.body.as_str()), (200, "instead"));
    reply.assert_header("frontdesk-partial", "it");
}

#[tokio::test]
async fn nothing_stands_beside_a_text() {
    let route =
        "session = \"none\"\n[get.response]\nenvelope = \"text\"\nshape = '\"x\"'\nextra.a = '1'";
    let mistakes = Gateway::config().route("x.toml", route).mistakes();
    assert!(mistakes.contains("`extra` needs the envelope"), "{mistakes}");
}
