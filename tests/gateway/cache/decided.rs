//! What decides a whole reply is in its key, wherever it is read: in a fault, or past what `scope_from` names.

use super::*;

/// A route whose one call may say that there is nothing: in words that read `$session` and `$query`.
fn telling(cache: &str) -> String {
    format!(
        r#"
        session = "optional"
        input.query.q = {{ type = "string" }}
        [get.calls.it]
        upstream = "up"
        path = "/it"
        [get.calls.it.on_status.404]
        status = 404
        code = "NONE"
        message = "{{$session.sub}} has no {{$query.q}}"
        details = '[$session.claims.tenant, $query.q, $error.status]'
        [get.response]
        cache = {cache}
        "#
    )
}

/// Each scope that may keep what [`telling`] says of one user, so that no other gets it.
const SCOPES: [&str; 3] = [
    "scope = \"session\"",
    "scope_from = '$session | .claims.tenant'",
    "scope_from = 'if $session.sub and $session.claims then 1 else 2 end'",
];

fn told(reply: &Answer) -> (String, Value) {
    let error = &reply.json()["error"];
    (error["message"].as_str().unwrap_or_default().to_owned(), error["details"].clone())
}

fn is_told(user: &str, tenant: &str, q: &str) -> (String, Value) {
    (format!("{user} has no {q}"), json!([tenant, q, 404]))
}

#[tokio::test]
async fn a_fault_that_is_kept_is_kept_for_all_that_its_words_read() {
    let up = Upstream::start().await;
    up.on("GET", "/it", Reply::status(404));
    for scope in SCOPES {
        let cache = format!("{{ ttl = \"1h\", negative_ttl = \"1h\", {scope} }}");
        let gateway = with(&up, &telling(&cache)).await;
        for how in ["miss", "hit"] {
            for (user, tenant, q) in
                [("alice", "t", "tea"), ("bob", "t", "tea"), ("bob", "t", "milk")]
            {
                let ask = gateway.get(&format!("/x?q={q}"));
                let reply = ask.claims(json!({"sub": user, "tenant": tenant})).await;
                assert_eq!(told(&reply), is_told(user, tenant, q), "{scope}");
                assert_eq!(reply.header("frontdesk-cache") == Some("hit"), how == "hit", "{scope}");
            }
        }
    }
}

#[tokio::test]
async fn who_asks_at_the_same_time_does_not_get_a_fault_in_another_ones_words() {
    let up = Upstream::start().await;
    for scope in SCOPES {
        let gate = Gate::new();
        let held = gate.clone();
        up.reply_with("GET", "/it", move |_| Reply::status(404).when(&held));
        up.forget();
        let gateway = with(&up, &telling(&format!("{{ ttl = \"1h\", {scope} }}"))).await;
        let ask = |user: &str, q: &str| {
            gateway.get(&format!("/x?q={q}")).claims(json!({"sub": user, "tenant": "t"})).sent()
        };
        let asked = [ask("alice", "tea"), ask("bob", "tea"), ask("alice", "milk")];
        up.wait_for(3).await;
        gate.open();
        let said = [("alice", "tea"), ("bob", "tea"), ("alice", "milk")];
        for (reply, (user, q)) in asked.into_iter().zip(said) {
            assert_eq!(told(&reply.await), is_told(user, "t", q), "{scope}");
        }
    }
}

#[tokio::test]
async fn scope_from_opens_no_more_of_a_reply_than_the_reply_reads_of_the_session() {
    let up = counting().await;
    for (scope, shape) in [
        ("$session | length", "$session.sub"),
        ("if $session.sub then 1 else 2 end", "$session.sub"),
        ("$session.claims | .tenant", "$session.claims.sub"),
        ("$session.claims | .tenant", "$session.claims | .sub"),
        ("$session | .claims.tenant", "$session | .sub"),
    ] {
        let text = format!(
            "session = \"optional\"\n[get.calls.it]\nupstream = \"up\"\npath = \"/it\"\n\
             [get.response]\nshape = '$it | ({shape})'\n\
             cache = {{ ttl = \"1h\", scope_from = '{scope}' }}\n"
        );
        let gateway = with(&up, &text).await;
        for how in ["miss", "hit"] {
            for user in ["alice", "bob"] {
                let claims = json!({"sub": user, "tenant": "t", "iat": 1, "exp": now() + 600});
                let reply = gateway.get("/x").claims(claims).await;
                reply.assert_data(200, json!(user)).assert_header("frontdesk-cache", how);
            }
        }
    }
}

#[tokio::test]
async fn what_a_call_of_the_reply_sends_of_the_session_tells_replies_apart() {
    let up = Upstream::start().await;
    up.reply_with("GET", "/**", |request| {
        Reply::json(json!({"for": request.header("x-user"), "at": request.target}))
    });
    let config = Gateway::config();
    let config = config.upstream_with("up", &up, "headers = { x-user = \"{$session.sub}\" }");
    let text = r#"
        session = "optional"
        [get.calls.it]
        upstream = "up"
        path = "/it/{$session.claims.tenant}"
        when = '$session.claims.tenant != null'
        [get.response]
        cache = { ttl = "1h", scope_from = '$session | [.claims.tenant]' }
    "#;
    let gateway = config.route("x.toml", text).start().await;
    for how in ["miss", "hit"] {
        for user in ["alice", "bob"] {
            let reply = gateway.get("/x").claims(json!({"sub": user, "tenant": "t"})).await;
            reply.assert_data(200, json!({"for": user, "at": "/it/t"}));
            reply.assert_header("frontdesk-cache", how);
        }
    }
}

#[tokio::test]
async fn scope_from_shares_a_reply_that_reads_no_more_than_it_does() {
    let up = counting().await;
    let text = r#"
        session = "optional"
        [get.calls.it]
        upstream = "up"
        path = "/{$session.claims.tenant}"
        [get.response]
        shape = '$it + {tenant: $session.claims.tenant}'
        cache = { ttl = "1h", scope_from = '$session.claims.tenant' }
    "#;
    let gateway = with(&up, text).await;
    for (user, tenant, how, n) in
        [("alice", "t", "miss", 1), ("bob", "t", "hit", 1), ("bob", "u", "miss", 2)]
    {
        let reply = gateway.get("/x").claims(json!({"sub": user, "tenant": tenant})).await;
        reply.assert_data(200, json!({"n": n, "tenant": tenant}));
        reply.assert_header("frontdesk-cache", how);
    }
}
