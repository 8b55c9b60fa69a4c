//! The few pages that a login shows.

use super::*;

#[tokio::test]
async fn pages_are_text_and_links_and_nothing_runs_in_them() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    let reply = browser(&gateway).navigate("/auth/callback?state=x&code=<script>").await;
    reply.assert_status(400).assert_header("x-content-type-options", "nosniff");
    let policy = reply.header("content-security-policy").expect("a policy");
    assert_eq!(
        policy,
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    assert!(!reply.body.contains("script") && !reply.body.contains("style"), "{reply:?}");
    assert!(reply.body.starts_with("<!doctype html>\n<html lang=\"en\">"), "{reply:?}");
    let id = reply.header("x-request-id").expect("an id");
    assert!(reply.body.contains(id), "{reply:?}");
}

#[tokio::test]
async fn what_a_page_asks_for_gets_the_usual_shape_of_errors() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    let request = gateway.get("/auth/callback").header("accept", "text/html");
    let reply = request.header("sec-fetch-mode", "cors").header("sec-fetch-dest", "empty").await;
    reply.assert_error(403, "FORBIDDEN").assert_header("content-type", "application/json");
    gateway.get("/auth/callback").await.assert_error(400, "BAD_REQUEST");
}
