//! Several frontends and several providers on one gateway: nothing of one counts at another.

use super::*;

const APP: &str = "https://app.example.com";
const ADMIN: &str = "https://admin.example.com";

async fn two(app: &Idp, admin: &Idp) -> Gateway {
    let secret = upstream_mocks::CLIENT_SECRET;
    let client =
        format!("client_id = \"{}\"\nclient_secret = \"{secret}\"\n", upstream_mocks::CLIENT_ID);
    let text = format!(
        "[session]\nkeys = [\"0123456789abcdef0123456789abcdef\"]\n\
         [login.people]\nissuer = \"{}\"\n{client}\n[login.staff]\nissuer = \"{}\"\n{client}\n\
         [frontends.app]\norigin = \"{APP}\"\nlogin = \"people\"\n\
         [frontends.admin]\norigin = \"{ADMIN}\"\nroutes = \"routes-admin\"\nlogin = \"staff\"\n",
        app.issuer(),
        admin.issuer(),
    );
    let config = Gateway::config().gateway(&text).route("me.toml", ME);
    config.file("routes-admin/me.toml", ME).start().await
}

fn at(gateway: &Gateway, origin: &str, path: &str, cookies: &str) -> Request {
    let host = origin.trim_start_matches("https://");
    gateway.get(path).by_our_page().header("host", host).header("cookie", cookies)
}

/// `name=value` of what a reply sets under a name that begins so.
fn cookie(reply: &Answer, name: &str) -> String {
    let set = set_cookies(reply)
        .into_iter()
        .find(|one| one.starts_with(name) && !one.contains("Max-Age=0"));
    set.and_then(|one| one.split(';').next()).unwrap_or_else(|| panic!("{reply:?}")).to_owned()
}

/// Begins a login: the attempt's cookie, and the way back.
async fn begin(gateway: &Gateway, idp: &Idp, origin: &str) -> (String, String) {
    let reply = at(gateway, origin, "/auth/login", "").await;
    let back =
        idp.authorize(reply.assert_status(303).header("location").expect("a location"), "alice");
    (
        cookie(&reply, "__Host-Http-tx-"),
        back.strip_prefix(origin).expect("its own origin").to_owned(),
    )
}

async fn login(gateway: &Gateway, idp: &Idp, origin: &str) -> String {
    let (attempt, back) = begin(gateway, idp, origin).await;
    let reply = at(gateway, origin, &back, &attempt).await;
    cookie(reply.assert_status(200), COOKIE)
}

#[tokio::test]
async fn s2_a_session_of_one_frontend_is_none_at_another() {
    let (people, staff) = (Idp::start().await, Idp::start().await);
    let gateway = two(&people, &staff).await;
    let (app, admin) = (login(&gateway, &people, APP).await, login(&gateway, &staff, ADMIN).await);
    at(&gateway, APP, "/me", &app).await.assert_status(200);
    at(&gateway, ADMIN, "/me", &admin).await.assert_status(200);
    for (origin, cookies) in [(APP, &admin), (ADMIN, &app)] {
        let reply = at(&gateway, origin, "/me", cookies).await;
        assert_eq!(set_cookies(reply.assert_error(401, "UNAUTHORIZED")), [DELETED]);
        let reply = at(&gateway, origin, "/auth/session", cookies).await;
        reply.assert_data(200, json!({"authenticated": false}));
    }
    // Each is still good where it belongs.
    at(&gateway, APP, "/me", &app).await.assert_status(200);
    at(&gateway, ADMIN, "/me", &admin).await.assert_status(200);
}

#[tokio::test]
async fn s3_b25_an_answer_of_one_provider_is_not_redeemed_at_another() {
    let (people, staff) = (Idp::start().await, Idp::start().await);
    let gateway = two(&people, &staff).await;
    let (attempt, back) = begin(&gateway, &people, APP).await;
    let (other_attempt, other_back) = begin(&gateway, &staff, ADMIN).await;
    // The whole callback, with its cookie, at the other frontend.
    at(&gateway, ADMIN, &back, &attempt).await.assert_error(400, "BAD_REQUEST");
    // Both attempts are there, and the code and the issuer are the other's.
    let swapped = |back: &str, state_of: &str| {
        let state = |text: &str| parameter(&format!("{APP}{text}"), "state").expect("a state");
        back.replace(&encoded(&state(back)), &encoded(&state(state_of)))
    };
    let mixed = swapped(&other_back, &back);
    at(&gateway, APP, &mixed, &format!("{attempt}; {other_attempt}")).await.assert_status(400);
    assert_eq!((people.http().count("POST /token"), staff.http().count("POST /token")), (0, 0));
}

#[tokio::test]
async fn each_frontend_comes_back_to_its_own_origin_and_has_its_own_pages() {
    let (people, staff) = (Idp::start().await, Idp::start().await);
    let gateway = two(&people, &staff).await;
    let admin = login(&gateway, &staff, ADMIN).await;
    let request = |origin: &str| {
        let request = gateway.request("POST", "/auth/logout").header("host", "admin.example.com");
        request.header("cookie", &admin).header("origin", origin)
    };
    request(APP).await.assert_error(403, "CSRF_FAILED");
    let reply = request(ADMIN).await.assert_status(200).json();
    let url = reply["data"]["logout_url"].as_str().expect("a URL").to_owned();
    assert_eq!(parameter(&url, "post_logout_redirect_uri"), Some(format!("{ADMIN}/")));
    gateway.get("/auth/login").await.assert_error(404, "NOT_FOUND");
    stopped(gateway).await;
}
