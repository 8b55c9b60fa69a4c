//! Gateways of several configs on one Redis: what one means is not served where another means something else.

use upstream_mocks::CLIENT_SECRET;

use super::shared::{PATIENT, linked};
use super::*;

async fn gateway(redis: &Redis, up: &Upstream, tables: &str, lines: &str, text: &str) -> Gateway {
    let urls = [redis.url()];
    let stores = format!(
        "{tables}\n[stores]\ncache = \"redis\"\nredis = {{ url = {urls:?}, timeout = \"{PATIENT}\" }}\n"
    );
    let config = Gateway::config().gateway(&stores).upstream_with("up", up, lines);
    let gateway = config.route("x.toml", text).start().await;
    linked(&gateway).await;
    gateway
}

/// `[credentials.ours]` at a provider.
fn ours(idp: &Idp, client: &str, more: &str) -> String {
    let url = idp.issuer() + "/token";
    format!(
        "[credentials.ours]\ngrant = \"client_credentials\"\ntoken_url = \"{url}\"\n\
         client_id = \"{client}\"\nclient_secret = \"{CLIENT_SECRET}\"\n{more}\n"
    )
}

#[tokio::test]
async fn what_one_credential_was_answered_is_not_served_for_another_of_its_name() {
    let (redis, idp, other) = (Redis::start().await, Idp::start().await, Idp::start().await);
    let call = route(r#"{ ttl = "1h" }"#);
    let reply = call.replace("cache = {", "[get.response]\ncache = {");
    for text in [call, reply] {
        let up = counting().await;
        let ask = async |tables: String| {
            let lines = "auth = \"ours\"";
            said(&gateway(&redis, &up, &tables, lines, &text).await.get("/x").await)
        };
        let id = upstream_mocks::CLIENT_ID;
        assert_eq!(ask(ours(&idp, id, "")).await, is("miss", 1));
        assert_eq!(ask(ours(&idp, id, "")).await, is("hit", 1));
        assert_eq!(ask(ours(&other, id, "")).await, is("miss", 2), "another provider");
        assert_eq!(ask(ours(&idp, id, "scope = \"read\"")).await, is("miss", 3));
        assert_eq!(ask(ours(&idp, id, "audience = \"read\"")).await, is("miss", 4));
        assert_eq!(ask(ours(&idp, id, "")).await, is("hit", 1));
    }
}

#[tokio::test]
async fn a_reply_that_shows_roles_is_not_served_where_other_claims_are_roles() {
    let (redis, up) = (Redis::start().await, counting().await);
    let text = r#"
        session = "required"
        [get.response]
        shape = '[$session.roles, ($session | .scopes)]'
        cache = { ttl = "1h" }
    "#;
    let ask = async |line: &str| {
        let tables = format!("[session]\n{line}\n");
        let gateway = gateway(&redis, &up, &tables, "", text).await;
        let claims = json!({"sub": "u1", "roles": ["a"], "staff": ["b"], "scope": "c"});
        let reply = gateway.get("/x").claims(claims).await;
        (reply.header("frontdesk-cache").unwrap_or("none").to_owned(), reply.json()["data"].clone())
    };
    let is = |how: &str, data: Value| (how.to_owned(), data);
    assert_eq!(ask("").await, is("miss", json!([["a"], ["c"]])));
    assert_eq!(ask("").await, is("hit", json!([["a"], ["c"]])));
    assert_eq!(ask("roles_from = '$claims.staff'").await, is("miss", json!([["b"], ["c"]])));
    assert_eq!(ask("scopes_from = '$claims.staff'").await, is("miss", json!([["a"], ["b"]])));
}
