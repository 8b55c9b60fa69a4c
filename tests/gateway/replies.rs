//! What a reply looks like.

use crate::harness::*;

#[tokio::test]
async fn a_call_becomes_the_data_of_the_reply() {
    let users = Upstream::start().await;
    users.on("GET", "/users/{id}", Reply::json(json!({"id": "u1", "name": "Ada"})));
    let route = r#"
        session = "none"
        [get.calls.user]
        upstream = "users"
        path = "/users/{$params.id}"
    "#;
    let gateway =
        Gateway::config().upstream("users", &users).route("users/[id].toml", route).start().await;

    let reply = gateway.get("/users/u1").await;

    reply.assert_data(200, json!({"id": "u1", "name": "Ada"}));
    reply.assert_header("content-type", "application/json");
    assert_eq!(reply.header("x-request-id"), users.requests()[0].header("x-request-id"));
}
