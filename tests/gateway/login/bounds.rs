//! What somebody without an account can make the gateway do.

use futures_util::future::join_all;

use super::*;

#[tokio::test]
async fn only_an_attempt_whose_code_is_redeemed_is_remembered() {
    let idp = Idp::start().await;
    let redis = Redis::start().await;
    let stores = format!(
        "\n[stores]\nsessions = \"redis\"\nredis = {{ url = \"{}\", timeout = \"30s\" }}\n",
        redis.url()
    );
    let gateway = config(&idp, "", &stores).start().await;
    for (parameters, status) in [
        ("error=access_denied", 403),
        ("error=server_error", 503),
        ("x=y", 400),
        ("code=", 400),
        ("code=c&iss=https%3A%2F%2Fevil.test", 400),
        (&*format!("code={}", "c".repeat(4097)), 400),
    ] {
        let eve = browser(&gateway);
        let back = eve.begins_login(&idp, "eve").await;
        let state = parameter(&format!("{ORIGIN}{back}"), "state").expect("a state");
        let page = eve.navigate(&format!("/auth/callback?{parameters}&state={state}")).await;
        page.assert_status(status);
        assert_eq!(eve.cookie(), "", "{parameters}");
    }
    assert_eq!(redis.ask::<u64>(&["DBSIZE"]).await, 0);
    let eve = browser(&gateway);
    let back = eve.begins_login(&idp, "eve").await;
    let cookies = eve.cookie();
    eve.navigate(&back).await.assert_status(200);
    let marks: Vec<String> = redis.ask(&["KEYS", "frontdesk:session:once:*"]).await;
    assert_eq!(marks.len(), 1);
    // That cookie, kept, does not make the code count again.
    let again = gateway.get(&back).header("cookie", &cookies).await;
    again.assert_error(400, "BAD_REQUEST");
    assert_eq!(idp.http().count("POST /token"), 1);
}

#[tokio::test]
async fn so_many_codes_are_redeemed_at_once_and_who_is_too_many_may_try_again() {
    let idp = Idp::start().await;
    let gateway = config(&idp, "", "timeout = \"60s\"").start().await;
    let gate = Gate::new();
    let mut backs = Vec::new();
    for number in 0..72 {
        let browser = browser(&gateway);
        let back = browser.begins_login(&idp, &format!("u{number}")).await;
        backs.push((browser, back));
    }
    let refusal = Reply::json(json!({"error": "invalid_grant"})).with_status(400);
    for _ in 0..64 {
        idp.http().once("POST", "/token", refusal.clone().when(&gate));
    }
    let (first, more) = backs.split_at(64);
    let first = join_all(first.iter().map(|(browser, back)| browser.navigate(back)));
    let more = async {
        while idp.http().count("POST /token") < 64 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        for (browser, back) in more {
            let reply = browser.navigate(back).await;
            reply.assert_status(503);
            assert!(reply.header("retry-after").is_some() && set_cookies(&reply).is_empty());
        }
        assert_eq!(idp.http().count("POST /token"), 64);
        gate.open();
    };
    let (first, ()) = tokio::join!(first, more);
    assert!(first.iter().all(|reply| reply.status == 400));
    for (browser, back) in &backs[64..] {
        browser.navigate(back).await.assert_status(200);
    }
}

const MAYBE: &str = "session = 'optional'\n[get.response]\nshape = '1'\n";
const LIMITED: &str =
    "rate_limits = [\"per_ip\"]\n[rate_limits.per_ip]\nquota = \"1/h\"\nburst = 4\n";

#[tokio::test]
async fn requests_for_the_paths_of_a_login_are_counted_by_address() {
    let idp = Idp::start().await;
    let text = format!("trusted_proxies = ['127.0.0.1']\n{}", login_at(&idp, LIMITED));
    let gateway = Gateway::config().gateway(&text).route("maybe.toml", MAYBE).start().await;
    let from = |path: &str, address: &str| gateway.get(path).header("x-forwarded-for", address);
    let first = from("/auth/login", "6.6.6.6").await;
    first.assert_status(303).assert_header("ratelimit-policy", "\"per_ip\";q=1;w=3600");
    first.assert_header("x-ratelimit-remaining", "3");
    from("/auth/session", "6.6.6.6").await.assert_status(200);
    from("/auth/callback", "6.6.6.6").await.assert_status(400);
    from("/auth/logout", "6.6.6.6").await.assert_status(405);
    for path in ["login", "callback", "session", "logout", "backchannel-logout"] {
        let reply = from(&format!("/auth/{path}"), "6.6.6.6").await;
        reply.assert_error(429, "RATE_LIMITED").assert_header("cache-control", "no-store");
        reply.assert_header("x-ratelimit-remaining", "0");
        assert!(reply.header("retry-after").is_some(), "{path}");
    }
    // A person sees a page.
    let page = from("/auth/login", "6.6.6.6").header("sec-fetch-mode", "navigate");
    let page = page.header("sec-fetch-dest", "document").header("accept", "text/html").await;
    page.assert_status(429).assert_header("content-type", "text/html; charset=utf-8");
    assert!(page.header("set-cookie").is_none() && page.header("retry-after").is_some());
    // Others, and other paths, have not asked.
    from("/auth/login", "7.7.7.7").await.assert_status(303);
    from("/maybe", "6.6.6.6").await.assert_status(200);
    from("/auth/nothing", "6.6.6.6").await.assert_status(404);
}

#[tokio::test]
async fn requests_for_the_paths_of_a_login_are_counted_by_what_the_request_says() {
    let idp = Idp::start().await;
    let limited = LIMITED.replace("burst = 4", "key_from = '$request.path'");
    let gateway = config(&idp, "", &limited).start().await;
    gateway.get("/auth/login").await.assert_status(303);
    gateway.get("/auth/login").await.assert_error(429, "RATE_LIMITED");
    gateway.get("/auth/session").await.assert_status(200);
}
