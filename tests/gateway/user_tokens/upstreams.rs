//! What an upstream says about a user's token.

use super::*;

/// Takes every token but those that it has seen by now.
fn takes_new_tokens_only(users: &Upstream, method: &str, path: &str) {
    let known = sent(users);
    users.reply_with(method, path, move |request| {
        let token = request.header("authorization").expect("a token");
        let is_known = known.iter().any(|known| token.ends_with(known));
        if is_known { Reply::status(401) } else { Reply::json(json!("taken")) }
    });
}

async fn with_route(file: &str, route: &str) -> Desk {
    let (idp, users) = (Idp::start().await, users().await);
    let gateway = config(&idp, &users, "", "").route(file, route).start().await;
    Desk { idp, users, gateway }
}

#[tokio::test]
async fn a_token_that_is_not_taken_is_refreshed_and_the_call_sent_again() {
    let desk = Desk::new().await;
    let alice = desk.login("u1").await;
    desk.users.once("GET", "/me", Reply::status(401));
    alice.fetch("/me").await.assert_data(200, json!("me"));
    let sent = desk.sent();
    assert_eq!((sent.len(), sent[0] == sent[1], desk.refreshes()), (2, false, 1));
    // What follows uses the new one.
    alice.fetch("/me").await.assert_status(200);
    assert_eq!((desk.last_sent(), desk.refreshes()), (sent[1].clone(), 1));
}

#[tokio::test]
async fn a_second_401_passes_and_where_nothing_helps_not_every_request_refreshes() {
    let desk = Desk::new().await;
    let alice = desk.login("u1").await;
    desk.users.on("GET", "/me", Reply::status(401));
    alice.fetch("/me").await.assert_error(401, "UNAUTHORIZED");
    assert_eq!((desk.users.total(), desk.refreshes()), (2, 1));
    for _ in 0..5 {
        alice.fetch("/me").await.assert_error(401, "UNAUTHORIZED");
    }
    assert_eq!((desk.users.total(), desk.refreshes()), (7, 1));
    desk.advance(1);
    desk.users.once("GET", "/me", Reply::status(401));
    desk.users.once("GET", "/me", Reply::json(json!("me")));
    alice.fetch("/me").await.assert_status(200);
    assert_eq!(desk.refreshes(), 2);
    // An upstream's no is not the session's end.
    alice.fetch("/plain").await.assert_data(200, json!("u1"));
}

#[tokio::test]
async fn a_403_passes_and_refreshes_nothing() {
    let desk = Desk::new().await;
    let alice = desk.login("u1").await;
    desk.users.on("GET", "/me", Reply::status(403));
    alice.fetch("/me").await.assert_error(403, "FORBIDDEN");
    assert_eq!((desk.users.total(), desk.refreshes()), (1, 0));
}

#[tokio::test]
async fn a_change_is_sent_again_as_it_was() {
    let route = r#"
        session = "required"
        [post]
        input.body = { type = "object", properties.title = { type = "string" } }
        [post.calls.made]
        upstream = "users"
        method = "POST"
        path = "/things"
        json = '{title: $body.title}'
        idempotency_key = true
    "#;
    let desk = with_route("things.toml", route).await;
    let alice = desk.login("u1").await;
    desk.users.on("POST", "/things", Reply::json(json!("made")));
    desk.users.once("POST", "/things", Reply::status(401));
    let asked = desk.gateway.post("/things", json!({"title": "x"}));
    let asked = asked.header("cookie", &alice.cookie()).header("x-csrf", "1");
    asked.header("sec-fetch-site", "same-origin").await.assert_data(200, json!("made"));
    let [first, second] = &desk.users.requests()[..] else { panic!("two requests") };
    assert_eq!(first.json(), json!({"title": "x"}));
    assert_eq!(first.text(), second.text());
    assert_eq!(first.header("idempotency-key"), second.header("idempotency-key"));
    assert_ne!(first.header("authorization"), second.header("authorization"));
    assert_eq!(desk.refreshes(), 1);
}

#[tokio::test]
async fn items_that_are_not_taken_share_one_refresh() {
    let route = r#"
        session = "required"
        [get.calls.all]
        upstream = "users"
        path = "/things/{$item}"
        each = '[range(20)]'
        each_parallel = 20
    "#;
    let desk = with_route("all.toml", route).await;
    let alice = desk.login("u1").await;
    alice.fetch("/me").await.assert_status(200);
    takes_new_tokens_only(&desk.users, "GET", "/things/{id}");
    alice.fetch("/all").await.assert_data(200, json!(vec!["taken"; 20]));
    assert_eq!((desk.users.total(), desk.refreshes(), desk.idp.reused()), (41, 1, 0));
}

#[tokio::test]
async fn equal_calls_share_their_second_request_too() {
    let call = "upstream = \"users\"\npath = \"/shared\"\n";
    let route = format!(
        "session = \"required\"\n[get.calls.one]\n{call}[get.calls.other]\n{call}\
         [get.response]\nshape = '[$one, $other]'\n"
    );
    let desk = with_route("both.toml", &route).await;
    let alice = desk.login("u1").await;
    alice.fetch("/me").await.assert_status(200);
    takes_new_tokens_only(&desk.users, "GET", "/shared");
    alice.fetch("/both").await.assert_data(200, json!(["taken", "taken"]));
    assert_eq!((desk.users.count("GET /shared"), desk.refreshes()), (2, 1));
}

#[tokio::test]
async fn requests_at_once_whose_token_is_not_taken_share_one_refresh() {
    let desk = Desk::new().await;
    let alice = desk.login("u1").await;
    alice.fetch("/me").await.assert_status(200);
    takes_new_tokens_only(&desk.users, "GET", "/me");
    for reply in join_all((0..30).map(|_| alice.fetch("/me"))).await {
        reply.assert_data(200, json!("taken"));
    }
    assert_eq!((desk.refreshes(), desk.idp.reused()), (1, 0));
}

#[tokio::test]
async fn a_401_whose_refresh_fails_passes_and_one_whose_grant_is_over_ends_the_session() {
    let desk = Desk::new().await;
    let alice = desk.login("u1").await;
    desk.users.on("GET", "/me", Reply::status(401));
    desk.idp.http().once("POST", "/token", Reply::status(500));
    alice.fetch("/me").await.assert_error(401, "UNAUTHORIZED");
    alice.fetch("/plain").await.assert_status(200);
    desk.idp.end("u1");
    desk.advance(2);
    alice.fetch("/me").await.assert_error(401, "SESSION_EXPIRED");
    assert_eq!(alice.cookie(), "");
}

#[tokio::test]
async fn a_users_own_token_is_sent_once_and_its_401_passes() {
    let desk = Desk::new().await;
    desk.users.on("GET", "/me", Reply::status(401));
    desk.gateway.get("/me").user("u1").await.assert_error(401, "UNAUTHORIZED");
    assert_eq!((desk.users.total(), desk.asked()), (1, 0));
}

#[tokio::test]
async fn without_a_session_a_call_with_the_users_token_is_never_sent() {
    let route = ME.replace("\"required\"", "\"optional\"");
    let desk = with_route("maybe.toml", &route).await;
    desk.gateway.get("/maybe").await.assert_error(401, "UNAUTHORIZED");
    assert_eq!(desk.users.total(), 0);
    let alice = desk.login("u1").await;
    alice.fetch("/maybe").await.assert_data(200, json!("me"));
}

#[tokio::test]
async fn calls_behind_one_that_was_refreshed_use_the_new_token() {
    let route = r#"
        session = "required"
        [get.calls.first]
        upstream = "users"
        path = "/first"
        [get.calls.second]
        upstream = "users"
        path = "/second/{$first}"
    "#;
    let desk = with_route("chain.toml", route).await;
    let alice = desk.login("u1").await;
    desk.users.on("GET", "/first", Reply::json(json!("x")));
    desk.users.once("GET", "/first", Reply::status(401));
    desk.users.on("GET", "/second/x", Reply::json(json!(1)));
    alice.fetch("/chain").await.assert_status(200);
    let sent = desk.sent();
    assert_eq!((sent.len(), sent[1] == sent[2], desk.refreshes()), (3, true, 1));
}
