//! No two sessions ever share an entry unless the config says so, whatever they ask.

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use super::*;

/// Who asks: the claims of a token, or nobody.
#[derive(Clone, Debug, PartialEq)]
struct Who(Option<Value>);

/// One request.
#[derive(Clone, Debug)]
struct Asked {
    who: Who,
    path: usize,
    query: Vec<(&'static str, String)>,
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![Just("a"), Just("b"), Just("a|b"), Just("a&b=c"), Just(""), Just("ä/..")]
        .prop_map(str::to_owned)
}

fn who() -> impl Strategy<Value = Who> {
    let roles = prop::collection::vec(prop_oneof![Just("admin"), Just("user")], 0..3);
    let tenant =
        prop_oneof![Just(Value::Null), Just(json!("t1")), Just(json!("t2")), Just(json!(1))];
    let subject = prop_oneof![Just("u1"), Just("u2"), Just("u1|t1")];
    let claims = (subject, roles, tenant, any::<bool>()).prop_map(|(sub, roles, tenant, more)| {
        let mut claims = json!({"sub": sub, "tenant": tenant, "roles": roles});
        if more {
            claims["jti"] = json!("another");
        }
        Who(Some(claims))
    });
    prop_oneof![1 => Just(Who(None)), 6 => claims]
}

fn asked() -> impl Strategy<Value = Vec<Asked>> {
    let query = prop::collection::vec((prop_oneof![Just("a"), Just("b")], word()), 0..3);
    let query = query.prop_map(|mut pairs: Vec<(&'static str, String)>| {
        pairs.sort();
        pairs.dedup_by_key(|pair| pair.0);
        pairs
    });
    let one = (who(), 0..PATHS.len(), query);
    let one = one.prop_map(|(who, path, query)| Asked { who, path, query });
    prop::collection::vec(one, 2..25)
}

const PATHS: &[&str] = &["/token", "/header", "/none", "/tenant"];

/// The routes, with a cache and without one.
fn config(up: &Upstream, kept: bool) -> Config {
    let cache = |text: &str| if kept { format!("cache = {text}\n") } else { String::new() };
    let call = |name: &str, more: &str| {
        format!(
            "session = \"optional\"\n\
             [get]\ninput.query.a = {{ type = \"string\" }}\ninput.query.b = {{ type = \"string\" }}\n\
             [get.calls.it]\nupstream = \"up\"\npath = \"/it/{name}\"\n\
             query = {{ a = \"{{$query.a}}\" }}\n{more}"
        )
    };
    let b = "headers = { x-b = \"{$query.b}\" }\n";
    let session = "headers = { x-b = \"{$query.b}\", x-sub = \"{$session.sub}\" }\n";
    let tenant = "headers = { x-tenant = \"{$session.claims.tenant}\" }\n";
    let own = cache(r#"{ ttl = "1h", tags = ["{$query.a}"] }"#);
    let by_tenant = cache(r#"{ ttl = "1h", scope_from = '$session.claims.tenant' }"#);
    Gateway::config()
        .upstream("up", up)
        .route("token.toml", &call("token", &format!("auth = \"user\"\n{b}{own}")))
        .route("header.toml", &call("header", &format!("{session}{own}")))
        .route("none.toml", &call("none", &format!("{b}{own}")))
        .route("tenant.toml", &call("tenant", &format!("{tenant}{by_tenant}")))
}

/// An upstream that says who has asked it for what: by the token's claims, and by what it was sent.
async fn echoing() -> Upstream {
    let up = Upstream::start().await;
    up.reply_with("GET", "/it/{any}", |request| {
        let claims = request.header("authorization").map(|token| {
            use base64::Engine as _;
            let payload = token.split('.').nth(1).expect("a payload");
            let bytes = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(payload).expect("base64");
            let claims: Value = serde_json::from_slice(&bytes).expect("JSON");
            // What is another in each token of the same user is nobody's business.
            json!([claims["sub"], claims["roles"], claims["tenant"]])
        });
        let sent = ["x-b", "x-sub", "x-tenant"].map(|name| request.header(name));
        Reply::json(json!([claims, request.target, sent]))
    });
    up
}

async fn send(gateway: &Gateway, asked: &Asked) -> (u16, Value) {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(&asked.query);
    let request = gateway.get(&format!("{}?{}", PATHS[asked.path], query.finish()));
    let request = match &asked.who.0 {
        Some(claims) => request.claims(claims.clone()),
        None => request,
    };
    let reply = request.await;
    (reply.status, reply.json()["data"].clone())
}

async fn says_what_an_uncached_one_says(all: Vec<Asked>) -> Result<(), TestCaseError> {
    let (up, plain) = (echoing().await, echoing().await);
    let kept = config(&up, true).start().await;
    let fresh = config(&plain, false).start().await;
    for asked in &all {
        let (kept, fresh) = (send(&kept, asked).await, send(&fresh, asked).await);
        prop_assert_eq!(kept, fresh, "{:?}", asked);
    }
    // What is alike for the upstream was asked for anew by each user, also where the user shows nowhere in it.
    for (path, name) in PATHS.iter().enumerate().filter(|(_, name)| **name != "/tenant") {
        let mut apart: Vec<Value> = Vec::new();
        for asked in all.iter().filter(|asked| asked.path == path) {
            let mut one = json!([asked.who.0, asked.query]);
            if let Some(claims) = one[0].as_object_mut() {
                claims.remove("jti");
            }
            // Nobody has no token to show.
            let is_sent = *name != "/token" || asked.who.0.is_some();
            if is_sent && !apart.contains(&one) {
                apart.push(one);
            }
        }
        prop_assert_eq!(up.count(&format!("GET /it{name}")), apart.len(), "{}", name);
    }
    Ok(())
}

#[test]
fn no_two_sessions_share_an_entry_unless_the_config_says_so() {
    let config =
        ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let outcome = runner.run(&asked(), |all| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(says_what_an_uncached_one_says(all))
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}
