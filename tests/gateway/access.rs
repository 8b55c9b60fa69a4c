//! Whether who asks may: `roles`, `scopes`, `allow`, `deny_status`.

use crate::harness::*;

async fn users() -> Upstream {
    let users = Upstream::start().await;
    users.on("*", "/**", Reply::json(json!({"tenant": "t1"})));
    users
}

const CALL: &str = r#"
    [get.calls.user]
    upstream = "users"
    path = "/user"
"#;

#[tokio::test]
async fn lists_of_all_levels_must_hold() {
    let users = users().await;
    let top = "session = \"required\"\nroles = [\"staff\", \"robot\"]\nscopes = [\"a\"]\n";
    let route = format!(
        "roles = [\"admin\", \"support\"]\nscopes = [\"b\"]\n[get]\nscopes = [\"c\"]\n{CALL}"
    );
    let gateway = Gateway::config()
        .upstream("users", &users)
        .route("_defaults.toml", top)
        .route("x.toml", &route)
        .start()
        .await;
    let ask = async |roles: &[&str], scope: &str| {
        gateway.get("/x").claims(json!({"roles": roles, "scope": scope})).await
    };

    for (roles, scope) in [
        (&["staff"][..], "a b c"),
        (&["admin"], "a b c"),
        (&["admin", "support"], "a b c"),
        (&["staff", "robot"], "a b c"),
        (&[], "a b c"),
        (&["staff", "admin"], "a b"),
        (&["staff", "admin"], "b c"),
        (&["staff", "admin"], "a c"),
        (&["staff", "admin"], ""),
        (&["STAFF", "ADMIN"], "a b c"),
        (&["staff admin"], "a b c"),
        (&["staff", "admin"], "abc"),
    ] {
        ask(roles, scope).await.assert_error(403, "FORBIDDEN");
    }
    assert_eq!(users.total(), 0);
    ask(&["staff", "support"], "a b c").await.assert_status(200);
    ask(&["x", "robot", "admin"], "c d b a").await.assert_status(200);
    assert_eq!(users.total(), 2);
}

#[tokio::test]
async fn s24_only_all_conditions_together_let_in() {
    let users = users().await;
    let route = format!(
        "session = \"required\"\nroles = [\"admin\"]\nscopes = [\"read\"]\nallow = '$session.claims.acr == \"2\"'\n\
         [get]\nallow = '$user.tenant == $session.claims.tenant'\n{CALL}"
    );
    let gateway = Gateway::config().upstream("users", &users).route("x.toml", &route).start().await;
    for combination in 0..16 {
        let pick =
            |bit: u8, yes: &'static str| if combination >> bit & 1 == 1 { yes } else { "no" };
        let claims = json!({
            "roles": [pick(0, "admin")], "scope": pick(1, "read"), "acr": pick(2, "2"), "tenant": pick(3, "t1"),
        });
        users.forget();
        let reply = gateway.get("/x").claims(claims).await;
        match combination {
            15 => reply.assert_status(200),
            _ => reply.assert_error(403, "FORBIDDEN"),
        };
        // Only the condition over the call needs the call.
        assert_eq!(users.total(), usize::from(combination & 7 == 7), "{combination:04b}");
    }
}

#[tokio::test]
async fn an_allow_without_calls_is_decided_before_anything_is_sent() {
    let users = users().await;
    let route = format!(
        "session = \"required\"\nallow = '$session.claims.tenant == $params.tenant'\n{CALL}
         [post.calls.made]\nupstream = \"users\"\nmethod = \"POST\"\npath = \"/made\"\n"
    );
    let config = Gateway::config().upstream("users", &users);
    let gateway = config.route("t/[tenant].toml", &route).start().await;
    let claims = json!({"tenant": "t1"});
    gateway.get("/t/t2").claims(claims.clone()).await.assert_error(403, "FORBIDDEN");
    let post = gateway.request("POST", "/t/t2").claims(claims.clone()).await;
    post.assert_error(403, "FORBIDDEN");
    assert_eq!(users.total(), 0);
    gateway.get("/t/t1").claims(claims.clone()).await.assert_status(200);
    gateway.request("POST", "/t/t1").claims(claims).await.assert_status(200);
    assert_eq!(users.total(), 2);
}

#[tokio::test]
async fn what_changes_something_waits_for_an_allow_over_calls() {
    let users = Upstream::start().await;
    let gate = Gate::new();
    users.on("GET", "/posts/p1", Reply::json(json!({"author": "alice"})).when(&gate));
    users.on("DELETE", "/posts/p1", Reply::status(204));
    let route = r#"
        session = "required"
        allow = '$post.author == $session.sub'
        [calls.post]
        upstream = "users"
        path = "/posts/{$params.id}"
        [delete.calls.gone]
        upstream = "users"
        method = "DELETE"
        path = "/posts/{$params.id}"
    "#;
    let config = Gateway::config().upstream("users", &users);
    let gateway = config.route("posts/[id].toml", route).start().await;

    let asking = tokio::spawn(gateway.request("DELETE", "/posts/p1").user("alice").into_future());
    users.wait_for(1).await;
    assert_eq!(users.count("DELETE /posts/p1"), 0, "not before the answer");
    gate.open();
    asking.await.expect("a reply").assert_status(200);
    assert_eq!(users.count("DELETE /posts/p1"), 1);

    let mallory = gateway.request("DELETE", "/posts/p1").user("mallory").await;
    mallory.assert_error(403, "FORBIDDEN");
    assert_eq!(users.count("DELETE /posts/p1"), 1);
    assert!(!mallory.body.contains("alice"), "{mallory:?}");
}

#[tokio::test]
async fn anything_but_true_is_a_no() {
    let users = users().await;
    for program in
        ["1", "\"true\"", "null", "{}", "[true]", "error(\"x\")", "$session.claims | .a.b.c"]
    {
        let route = format!("session = \"required\"\nallow = '{program}'\n{CALL}");
        let config = Gateway::config().upstream("users", &users).route("x.toml", &route);
        let reply = config.start().await.get("/x").claims(json!({"a": 1})).await;
        reply.assert_error(403, "FORBIDDEN");
    }
    assert_eq!(users.total(), 0);
}

#[tokio::test]
async fn an_allow_whose_call_failed_lets_nobody_in() {
    let users = Upstream::start().await;
    users.on("GET", "/user", Reply::status(500));
    let route = "session = \"required\"\nallow = '$user.blocked | not'\n";
    let optional = format!("{route}{CALL}\noptional = true");
    let config = Gateway::config().upstream("users", &users);
    let gateway = config
        .route("x.toml", &format!("{route}{CALL}"))
        .route("y.toml", &optional.replace("| not", "== false"))
        .start()
        .await;
    gateway.get("/x").user("a").await.assert_error(502, "UPSTREAM_ERROR");
    gateway.get("/y").user("a").await.assert_error(403, "FORBIDDEN");
}

#[tokio::test]
async fn deny_status_404_looks_like_a_path_that_is_not_there() {
    let users = users().await;
    let hidden = |what: &str| format!("session = \"required\"\ndeny_status = 404\n{what}\n{CALL}");
    let gateway = Gateway::config()
        .upstream("users", &users)
        .route("role.toml", &hidden("roles = [\"admin\"]"))
        .route("scope.toml", &hidden("scopes = [\"admin\"]"))
        .route("allow.toml", &hidden("allow = 'false'"))
        .route("call.toml", &hidden("allow = '$user.tenant == \"t2\"'"))
        .start()
        .await;
    let nothing = gateway.get("/nothing").user("a").await;
    for path in ["/role", "/scope", "/allow", "/call"] {
        let reply = gateway.get(path).user("a").await;
        reply.assert_error(404, "NOT_FOUND");
        assert_eq!(reply.json()["error"]["message"], nothing.json()["error"]["message"]);
        let names = |reply: &Answer| reply.headers.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&reply), names(&nothing));
    }
    assert_eq!(users.total(), 1, "only what `allow` reads");
}

#[tokio::test]
async fn an_optional_session_that_is_not_there_has_no_roles() {
    let users = users().await;
    let route = format!("session = \"optional\"\nroles = [\"admin\"]\n{CALL}");
    let gateway = Gateway::config().upstream("users", &users).route("x.toml", &route).start().await;
    gateway.get("/x").await.assert_error(403, "FORBIDDEN");
    assert_eq!(users.total(), 0);
    gateway.get("/x").claims(json!({"roles": ["admin"]})).await.assert_status(200);
}

#[tokio::test]
async fn roles_and_scopes_that_are_no_list_of_texts_are_none() {
    let users = users().await;
    let route = |list: &str| format!("session = \"required\"\n{list}\n{CALL}");
    let gateway = Gateway::config()
        .upstream("users", &users)
        .gateway("[session]\nroles_from = '$claims.r'\nscopes_from = '$claims.s | if . == 0 then error else . end'\n")
        .route("role.toml", &route("roles = [\"admin\"]"))
        .route("scope.toml", &route("scopes = [\"admin\"]"))
        .route("any.toml", "session = \"required\"\n[get.response]\nshape = '[$session.roles, $session.scopes]'")
        .start()
        .await;
    for odd in [
        json!("admin"),
        json!({"admin": true}),
        json!(["admin", 1]),
        json!([["admin"]]),
        json!(["admin", null]),
        json!(true),
        json!(0),
        json!(null),
    ] {
        let claims = json!({"r": odd, "s": odd});
        gateway.get("/role").claims(claims.clone()).await.assert_error(403, "FORBIDDEN");
        gateway.get("/scope").claims(claims.clone()).await.assert_error(403, "FORBIDDEN");
        gateway.get("/any").claims(claims).await.assert_data(200, json!([[], []]));
    }
    assert_eq!(users.total(), 0);
    let good = json!({"r": ["admin"], "s": ["admin"]});
    gateway.get("/role").claims(good.clone()).await.assert_status(200);
    gateway.get("/scope").claims(good).await.assert_status(200);
}

#[tokio::test]
async fn lists_that_let_nobody_in_or_need_a_session_are_mistakes() {
    let mistakes = |text: &str| Gateway::config().route("x.toml", text).mistakes();
    let shape = "[get.response]\nshape = '1'\n";
    for (text, wanted) in [
        ("session = \"none\"\nroles = [\"a\"]\n", "`roles` needs a session"),
        ("session = \"none\"\nscopes = [\"a\"]\n", "`scopes` needs a session"),
        ("session = \"required\"\nroles = []\n", "`roles` is empty"),
        ("", "does not say whether it needs a session"),
    ] {
        let shown = mistakes(&format!("{text}{shape}"));
        assert!(shown.contains(wanted), "{shown}");
    }
}
