//! How many requests are let in: policies, what they count by, when, and what replies say of it.

use crate::harness::*;

/// A gateway with these policies, and a route `/x` with these lines above its method.
fn limited(policies: &str, lines: &str) -> Config {
    Gateway::config().gateway(policies).route("x.toml", &format!("{lines}\n{SAYS_IP}"))
}

const SAYS_IP: &str = "[get.response]\nshape = '$request.ip'\n";
const OPEN: &str = "session = \"none\"\nrate_limits = [\"per_ip\"]";
const PER_IP: &str = "[rate_limits.per_ip]\nquota = \"3/min\"\n";

/// How many of so many requests are let in; the others are refused.
async fn let_in(count: usize, ask: impl Fn() -> Request) -> usize {
    let mut let_in = 0;
    for _ in 0..count {
        match ask().await {
            reply if reply.status == 429 => drop(reply.assert_error(429, "RATE_LIMITED")),
            _ => let_in += 1,
        }
    }
    let_in
}

fn number(reply: &Answer, name: &str) -> u64 {
    let text = reply.header(name).unwrap_or_else(|| panic!("no {name}: {reply:?}"));
    text.parse().expect("a number")
}

#[tokio::test]
async fn a_quota_lets_so_many_in_and_the_next_one_when_its_time_has_come() {
    let gateway = limited(PER_IP, OPEN).start().await;
    assert_eq!(let_in(10, || gateway.get("/x")).await, 3);
    gateway.advance(20);
    assert_eq!(let_in(5, || gateway.get("/x")).await, 1);
    gateway.advance(41);
    assert_eq!(let_in(5, || gateway.get("/x")).await, 2);
    gateway.advance(86_400);
    assert_eq!(let_in(5, || gateway.get("/x")).await, 3);
}

#[tokio::test]
async fn replies_say_how_the_client_stands() {
    let gateway = limited(PER_IP, OPEN).start().await;
    for left in ["2", "1", "0"] {
        let reply = gateway.get("/x").await;
        reply.assert_status(200).assert_header("ratelimit-policy", "\"per_ip\";q=3;w=60");
        reply.assert_header("x-ratelimit-limit", "3").assert_header("x-ratelimit-remaining", left);
        let reset = number(&reply, "x-ratelimit-reset");
        assert_eq!(reset, 60 - 20 * left.parse::<u64>().expect("a number"));
        reply.assert_header("ratelimit", &format!("\"per_ip\";r={left};t={reset}"));
        reply.assert_no_header("retry-after");
    }
    let reply = gateway.get("/x").await;
    reply.assert_error(429, "RATE_LIMITED").assert_header("content-type", "application/json");
    let wait = number(&reply, "retry-after");
    assert!((10..=20).contains(&wait), "{reply:?}");
    // The draft: the reset is the same moment.
    reply.assert_header("ratelimit", &format!("\"per_ip\";r=0;t={wait}"));
    reply.assert_header("ratelimit-policy", "\"per_ip\";q=3;w=60");
    reply.assert_header("x-ratelimit-limit", "3").assert_header("x-ratelimit-remaining", "0");
    assert_eq!(number(&reply, "x-ratelimit-reset"), wait);
    gateway.advance(wait);
    gateway.get("/x").await.assert_status(200);
}

#[tokio::test]
async fn a_burst_is_what_may_come_at_once() {
    let policy = "[rate_limits.per_ip]\nquota = \"60/h\"\nburst = 5\n";
    let gateway = limited(policy, OPEN).start().await;
    let reply = gateway.get("/x").await;
    reply.assert_header("ratelimit-policy", "\"per_ip\";q=60;w=3600");
    reply.assert_header("x-ratelimit-limit", "5").assert_header("x-ratelimit-remaining", "4");
    assert_eq!(let_in(20, || gateway.get("/x")).await, 4);
    gateway.advance(3600);
    assert_eq!(let_in(20, || gateway.get("/x")).await, 5);
}

#[tokio::test]
async fn a_cost_counts_for_more_than_one() {
    let policy = "[rate_limits.per_ip]\nquota = \"10/h\"\ncost = 4\n";
    let gateway = limited(policy, OPEN).start().await;
    gateway.get("/x").await.assert_header("x-ratelimit-remaining", "6");
    gateway.get("/x").await.assert_header("x-ratelimit-remaining", "2");
    let reply = gateway.get("/x").await;
    reply.assert_error(429, "RATE_LIMITED").assert_header("x-ratelimit-remaining", "2");
    assert!((700..=720).contains(&number(&reply, "retry-after")));
}

#[tokio::test]
async fn one_budget_wherever_a_policy_is_used() {
    let gateway = limited(PER_IP, OPEN)
        .open_route(
            "y.toml",
            "rate_limits = ['per_ip']\n[get]\nresponse.shape = '1'\n[post]\nresponse.shape = '1'",
        )
        .start()
        .await;
    gateway.get("/x").await.assert_status(200);
    gateway.get("/y").await.assert_status(200);
    gateway.poke("/y").await.assert_status(200);
    gateway.head("/x").await.assert_status(429);
}

#[tokio::test]
async fn what_is_not_there_or_not_limited_is_not_counted() {
    let gateway = limited(PER_IP, OPEN).open_route("free.toml", SAYS_IP).start().await;
    for _ in 0..10 {
        gateway.get("/nothing").await.assert_error(404, "NOT_FOUND").assert_no_header("ratelimit");
        gateway
            .poke("/x")
            .await
            .assert_error(405, "METHOD_NOT_ALLOWED")
            .assert_no_header("ratelimit");
        let reply = gateway.get("/free").await;
        reply
            .assert_status(200)
            .assert_no_header("ratelimit")
            .assert_no_header("x-ratelimit-limit");
    }
    assert_eq!(let_in(10, || gateway.get("/x")).await, 3);
}

#[tokio::test]
async fn a_preflight_costs_nothing_and_a_refusal_can_be_read() {
    let cors = format!("{PER_IP}[cors]\norigins = [\"https://app.test\"]\n");
    let gateway = limited(&cors, OPEN).start().await;
    for _ in 0..10 {
        let preflight = gateway.request("OPTIONS", "/x").header("origin", "https://app.test");
        let preflight = preflight.header("access-control-request-method", "GET").await;
        preflight.assert_status(204).assert_no_header("ratelimit");
    }
    assert_eq!(let_in(10, || gateway.get("/x")).await, 3);
    let reply = gateway.get("/x").header("origin", "https://app.test").await;
    reply.assert_error(429, "RATE_LIMITED");
    reply.assert_header("access-control-allow-origin", "https://app.test");
    let exposed = reply.header("access-control-expose-headers").expect("a list");
    assert!(exposed.contains("ratelimit") && exposed.contains("retry-after"), "{exposed}");
}

#[tokio::test]
async fn policies_of_all_levels_count_and_an_empty_list_clears() {
    let policies =
        "[rate_limits.wide]\nquota = \"5/min\"\n[rate_limits.narrow]\nquota = \"2/min\"\n";
    let route = |lines: &str| format!("{lines}\n[get]\nresponse.shape = '1'");
    let gateway = Gateway::config()
        .gateway(policies)
        .route("_defaults.toml", "session = 'none'\nrate_limits = ['wide']\n")
        .route("both.toml", &route("rate_limits = ['narrow', 'wide']"))
        .route("none.toml", "[get]\nrate_limits = []\nresponse.shape = '1'\n")
        .route("anew/_defaults.toml", "rate_limits = []\n")
        .route("anew/narrow.toml", &route("rate_limits = ['narrow']"))
        .start()
        .await;
    let reply = gateway.get("/both").await;
    let policies: Vec<_> =
        reply.header("ratelimit-policy").expect("policies").split(", ").collect();
    assert_eq!(policies.len(), 2, "{reply:?}");
    assert!(policies.contains(&"\"wide\";q=5;w=60") && policies.contains(&"\"narrow\";q=2;w=60"));
    // The nearest to its end.
    reply.assert_header("x-ratelimit-limit", "2").assert_header("x-ratelimit-remaining", "1");
    gateway.get("/none").await.assert_status(200).assert_no_header("ratelimit-policy");
    let reply = gateway.get("/anew/narrow").await;
    reply.assert_header("ratelimit-policy", "\"narrow\";q=2;w=60");
    reply.assert_header("x-ratelimit-remaining", "0");
    gateway.get("/both").await.assert_error(429, "RATE_LIMITED");
}

#[tokio::test]
async fn who_is_refused_by_one_policy_has_spent_nothing_of_another() {
    let policies =
        "[rate_limits.wide]\nquota = \"10/h\"\n[rate_limits.narrow]\nquota = \"2/min\"\n";
    let gateway =
        limited(policies, "session = 'none'\nrate_limits = ['wide', 'narrow']").start().await;
    assert_eq!(let_in(30, || gateway.get("/x")).await, 2);
    let reply = gateway.get("/x").await;
    let standing = reply.header("ratelimit").expect("a standing");
    assert!(standing.contains("\"wide\";r=8;"), "{reply:?}");
    let wait = number(&reply, "retry-after");
    assert!((20..=30).contains(&wait));
    gateway.advance(wait);
    gateway.get("/x").await.assert_status(200);
}

#[tokio::test]
async fn a_session_has_its_budget_from_wherever_and_with_whatever_token_it_comes() {
    let policy = "[rate_limits.per_user]\nquota = \"3/min\"\nby = \"session\"\n";
    let gateway = limited(policy, "session = 'required'\nrate_limits = ['per_user']").start().await;
    let get = || gateway.get("/x");
    get().claims(json!({"sub": "alice"})).await.assert_status(200);
    get().claims(json!({"sub": "alice", "jti": "2"})).await.assert_status(200);
    get().by_our_page().cookie_user("alice").await.assert_status(200);
    get().claims(json!({"sub": "alice", "jti": "3"})).await.assert_error(429, "RATE_LIMITED");
    get().user("bob").await.assert_status(200);
    // Who is refused for their session has not been counted.
    for _ in 0..5 {
        get().await.assert_error(401, "UNAUTHORIZED").assert_no_header("ratelimit");
    }
}

#[tokio::test]
async fn without_a_session_the_address_counts() {
    let policy = "[rate_limits.per_user]\nquota = \"3/min\"\nby = \"session\"\n";
    let gateway = limited(policy, "session = 'optional'\nrate_limits = ['per_user']").start().await;
    assert_eq!(let_in(5, || gateway.get("/x")).await, 3);
    assert_eq!(let_in(5, || gateway.get("/x").user("alice")).await, 3);
}

#[tokio::test]
async fn a_session_is_limited_before_its_roles_are_asked_for() {
    let policy = "[rate_limits.per_user]\nquota = \"1/min\"\nby = \"session\"\n";
    let lines = "session = 'required'\nroles = ['admin']\nrate_limits = ['per_user']";
    let gateway = limited(policy, lines).start().await;
    gateway.get("/x").user("alice").await.assert_error(403, "FORBIDDEN");
    gateway.get("/x").user("alice").await.assert_error(429, "RATE_LIMITED");
}

#[tokio::test]
async fn an_address_is_limited_before_its_token_is_looked_at() {
    let gateway = limited(PER_IP, "session = 'required'\nrate_limits = ['per_ip']").start().await;
    for number in 0..3 {
        let reply = gateway.get("/x").bearer(&format!("guess.number.{number}")).await;
        reply.assert_error(401, "UNAUTHORIZED").assert_header("x-ratelimit-limit", "3");
    }
    gateway.get("/x").bearer("guess.number.4").await.assert_error(429, "RATE_LIMITED");
    gateway.get("/x").user("alice").await.assert_error(429, "RATE_LIMITED");
}

#[tokio::test]
async fn a_credential_has_its_budget_good_or_bad_and_before_it_is_checked() {
    let policy = "[rate_limits.per_token]\nquota = \"2/min\"\nby = \"credential\"\n";
    let gateway =
        limited(policy, "session = 'required'\nrate_limits = ['per_token']").start().await;
    let (one, other) = (token(json!({"sub": "alice", "jti": "1"})), token(json!({"sub": "alice"})));
    assert_eq!(let_in(5, || gateway.get("/x").bearer(&one)).await, 2);
    // The same token, however it is written or sent.
    let spelled = gateway.get("/x").header("authorization", &format!("BEARER   {one}"));
    spelled.await.assert_error(429, "RATE_LIMITED");
    let cookie = gateway.get("/x").header("cookie", &format!("a=b; token={one}"));
    cookie.await.assert_error(429, "RATE_LIMITED");
    assert_eq!(let_in(5, || gateway.get("/x").bearer(&other)).await, 2);
    for status in [401, 401, 429, 429] {
        gateway.get("/x").bearer("no.good.token").await.assert_status(status);
    }
    // No token, or it is not clear which: the address.
    gateway.get("/x").await.assert_error(401, "UNAUTHORIZED");
    let two = || gateway.get("/x").bearer(&one).header("cookie", &format!("token={other}"));
    two().await.assert_error(400, "BAD_REQUEST");
    two().await.assert_error(429, "RATE_LIMITED");
}

#[tokio::test]
async fn where_no_session_is_looked_for_a_new_token_is_no_new_budget() {
    let policy = "[rate_limits.per_token]\nquota = \"2/min\"\nby = \"credential\"\n";
    let gateway = limited(policy, "session = 'none'\nrate_limits = ['per_token']").start().await;
    for (number, status) in [200, 200, 429, 429].into_iter().enumerate() {
        gateway.get("/x").bearer(&format!("made.up.{number}")).await.assert_status(status);
    }
}

#[tokio::test]
async fn a_program_gives_the_key_and_null_counts_by_address() {
    let policy = "[rate_limits.per_tenant]\nquota = \"2/min\"\nkey_from = '$params.tenant | if . == \"none\" then null else . end'\n";
    let gateway = Gateway::config()
        .gateway(policy)
        .open_route("[tenant]/x.toml", "rate_limits = ['per_tenant']\n[get]\nresponse.shape = '1'")
        .start()
        .await;
    assert_eq!(let_in(4, || gateway.get("/a/x")).await, 2);
    assert_eq!(let_in(4, || gateway.get("/b/x")).await, 2);
    assert_eq!(let_in(4, || gateway.get("/none/x")).await, 2);
}

#[tokio::test]
async fn each_policy_counts_as_early_as_what_it_reads_allows() {
    let policies = "[rate_limits.a]\nquota = \"1/h\"\nkey_from = '$request.path'\n\
                    [rate_limits.s]\nquota = \"1/h\"\nkey_from = '$session.claims.tenant'\n\
                    [rate_limits.i]\nquota = \"1/h\"\nkey_from = '[$body.mail, $session.sub]'\n";
    let route = |policy: &str| {
        format!(
            "session = 'required'\nrate_limits = ['{policy}']\n[post]\n\
             input.body = {{ required = ['mail'], properties.mail = {{ type = 'string' }} }}\nresponse.shape = '1'"
        )
    };
    let config = Gateway::config().gateway(policies);
    let config = config.route("a.toml", &route("a")).route("s.toml", &route("s"));
    let gateway = config.route("i.toml", &route("i")).start().await;
    let (good, bad) = (json!({"mail": "a@b.c"}), json!({}));
    let who = |path: &str, body: &Value| {
        gateway.post(path, body.clone()).claims(json!({"sub": "u", "tenant": "t"}))
    };
    // By the head: a request without a session has been counted.
    gateway.post("/a", good.clone()).await.assert_error(401, "UNAUTHORIZED");
    who("/a", &good).await.assert_error(429, "RATE_LIMITED");
    // By the session: not that one, but one whose body is wrong.
    gateway.post("/s", good.clone()).await.assert_error(401, "UNAUTHORIZED");
    who("/s", &bad)
        .await
        .assert_error(400, "VALIDATION_ERROR")
        .assert_header("x-ratelimit-remaining", "0");
    who("/s", &good).await.assert_error(429, "RATE_LIMITED");
    // By the body: not that one either.
    who("/i", &bad).await.assert_error(400, "VALIDATION_ERROR").assert_no_header("ratelimit");
    who("/i", &good).await.assert_status(200);
    who("/i", &good).await.assert_error(429, "RATE_LIMITED");
    who("/i", &json!({"mail": "other@b.c"})).await.assert_status(200);
}

#[tokio::test]
async fn equal_keys_are_one_however_they_are_written() {
    let policy = "[rate_limits.per_what]\nquota = \"1/h\"\nkey_from = '$body'\n";
    let lines = "rate_limits = ['per_what']\n[post]\ninput.body = { additional = 'keep' }\nresponse.shape = '1'";
    let gateway = Gateway::config().gateway(policy).open_route("x.toml", lines).start().await;
    let send = |body: &'static str| gateway.poke("/x").body("application/json", body);
    send(r#"{"a": 1, "b": [2, "1"]}"#).await.assert_status(200);
    for same in [
        r#"{"a": 1.0, "b": [2, "1"]}"#,
        r#"{"b":[2e0,"\u0031"],"a":1}"#,
        r#"{"a": 10e-1, "b": [2.000, "1"]}"#,
    ] {
        send(same).await.assert_error(429, "RATE_LIMITED");
    }
    for other in
        [r#"{"a": "1", "b": [2, "1"]}"#, r#"{"a": 1, "b": [2, 1]}"#, r#"{"a": 1.5, "b": [2]}"#]
    {
        send(other).await.assert_status(200);
    }
}

#[tokio::test]
async fn a_key_that_fails_lets_nobody_in_and_counts_by_address() {
    let policy = "[rate_limits.odd]\nquota = \"2/h\"\nkey_from = '$query.q | tonumber'\n";
    let lines =
        "rate_limits = ['odd']\ninput.query.q = { type = 'string' }\n[get]\nresponse.shape = '1'";
    let gateway = Gateway::config().gateway(policy).open_route("x.toml", lines).start().await;
    gateway.get("/x?q=1").await.assert_status(200);
    for text in ["one", "two"] {
        let reply = gateway.get(&format!("/x?q={text}")).await;
        reply.assert_error(400, "BAD_REQUEST");
        assert!(reply.header("ratelimit").is_some(), "{reply:?}");
        assert!(!reply.body.contains(text), "{reply:?}");
    }
    for text in ["three", "[]"] {
        gateway.get(&format!("/x?q={text}")).await.assert_error(429, "RATE_LIMITED");
    }
    gateway.get("/x?q=1").await.assert_status(200);
    gateway.get("/x?q=1").await.assert_error(429, "RATE_LIMITED");
}

#[tokio::test]
async fn a_key_that_fails_whatever_is_sent_is_our_mistake_and_counts_too() {
    let policy = "[rate_limits.per_ip]\nquota = \"2/h\"\nkey_from = '$request.method | tonumber'\n";
    let gateway = limited(policy, OPEN).start().await;
    for _ in 0..2 {
        gateway.get("/x").await.assert_error(500, "INTERNAL_ERROR");
    }
    gateway.get("/x").await.assert_error(429, "RATE_LIMITED");
}

#[tokio::test]
async fn no_upstream_hears_of_a_request_that_is_refused() {
    let users = Upstream::start().await;
    users.on("POST", "/it", Reply::json(json!("done")));
    let route = "session = 'none'\nrate_limits = ['per_ip']\n[post.calls.it]\nupstream = 'users'\nmethod = 'POST'\npath = '/it'\n";
    let config = Gateway::config().gateway(PER_IP).upstream("users", &users);
    let gateway = config.route("x.toml", route).start().await;
    assert_eq!(let_in(10, || gateway.poke("/x")).await, 3);
    assert_eq!(users.total(), 3);
}

#[tokio::test]
async fn a_refusal_is_not_kept_for_the_next_try() {
    let policy = "[rate_limits.per_mail]\nquota = \"1/h\"\nkey_from = '$body.mail'\n";
    let lines = "rate_limits = ['per_mail']\n[post]\nidempotency = 'required'\n\
                 input.body.properties.mail = { type = 'string' }\nresponse.shape = '1'\n";
    let gateway = Gateway::config().gateway(policy).open_route("x.toml", lines).start().await;
    let send = |key| gateway.post("/x", json!({"mail": "a@b.c"})).header("idempotency-key", key);
    send("first-key-of-many").await.assert_status(200);
    send("other-key-of-many").await.assert_error(429, "RATE_LIMITED");
    gateway.advance(3600);
    send("other-key-of-many").await.assert_status(200);
}

#[tokio::test]
async fn all_workers_count_together() {
    let policy = "workers = 4\n[rate_limits.per_ip]\nquota = \"50/h\"\n";
    let gateway = limited(policy, OPEN).start().await;
    let clients = (0..8).map(|_| async {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let mut let_in = 0;
        for _ in 0..25 {
            let reply = client.get(gateway.url("/x")).send().await.expect("a reply");
            let_in += usize::from(reply.status() == 200);
        }
        let_in
    });
    let let_in: usize = futures_util::future::join_all(clients).await.into_iter().sum();
    assert_eq!(let_in, 50);
}

#[tokio::test]
async fn a_refusal_can_be_a_problem() {
    let policy = "[rate_limits.per_ip]\nquota = \"1/h\"\n";
    let gateway = limited(policy, &format!("errors = 'problem'\n{OPEN}")).start().await;
    gateway.get("/x").await.assert_status(200);
    let reply = gateway.get("/x").await;
    reply.assert_status(429).assert_header("content-type", "application/problem+json");
    let problem = reply.json();
    assert_eq!(problem["type"], "https://iana.org/assignments/http-problem-types#quota-exceeded");
    assert_eq!((&problem["code"], &problem["status"]), (&json!("RATE_LIMITED"), &json!(429)));
    assert_eq!(problem["violated-policies"], json!(["per_ip"]));
}
