//! `[credentials.NAME]` with `grant = "client_credentials"`: the gateway shows itself.

use upstream_mocks::{CLIENT_ID, CLIENT_SECRET};

use super::*;

const BILL: &str = r#"
session = "none"
[get.calls.bill]
upstream = "billing"
path = "/bill"
"#;

struct Billing {
    idp: Idp,
    billing: Upstream,
    gateway: Gateway,
}

impl Billing {
    async fn new() -> Self {
        let of_login = "login = \"main\"\naudience = \"billing\"\nscope = \"read write\"";
        Self::start(|_| of_login.to_owned(), 1).await
    }

    async fn start(keys: impl FnOnce(&Idp) -> String, workers: usize) -> Self {
        let (idp, billing) = (Idp::start().await, Upstream::start().await);
        billing.on("GET", "/bill", Reply::json(json!(12)));
        let table =
            format!("[credentials.billing]\ngrant = \"client_credentials\"\n{}\n", keys(&idp));
        let gateway = Gateway::config()
            .gateway(&login_at(&idp, &table))
            .workers(workers)
            .upstream_with("billing", &billing, "auth = \"billing\"")
            .route("bill.toml", BILL)
            .start()
            .await;
        Self { idp, billing, gateway }
    }

    fn given(&self) -> usize {
        self.idp.given("client_credentials")
    }

    fn asked(&self) -> usize {
        self.idp.http().count("POST /token")
    }
}

#[tokio::test]
async fn the_gateways_own_token_is_asked_for_once_by_all_workers() {
    let desk = Billing::start(|_| "login = \"main\"\naudience = \"billing\"".into(), 4).await;
    for reply in join_all((0..50).map(|_| desk.gateway.get("/bill").into_future())).await {
        reply.assert_data(200, json!(12));
    }
    assert_eq!(desk.given(), 1);
    let sent = sent(&desk.billing);
    assert!(sent[0].starts_with("cc.") && sent.iter().all(|token| *token == sent[0]), "{sent:?}");
}

#[tokio::test]
async fn audience_and_scope_are_asked_for() {
    let desk = Billing::new().await;
    desk.gateway.get("/bill").await.assert_status(200);
    let requests = desk.idp.http().requests();
    let form = requests.last().expect("a request").form_pairs();
    let value = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| &**value);
    assert_eq!(value("grant_type"), Some("client_credentials"));
    assert_eq!((value("audience"), value("scope")), (Some("billing"), Some("read write")));
}

#[tokio::test]
async fn a_token_endpoint_of_its_own_needs_no_login() {
    let own = |idp: &Idp| {
        let url = idp.issuer() + "/token";
        format!(
            "token_url = \"{url}\"\nclient_id = \"{CLIENT_ID}\"\nclient_secret = \"{CLIENT_SECRET}\""
        )
    };
    let desk = Billing::start(own, 1).await;
    desk.gateway.get("/bill").await.assert_data(200, json!(12));
    assert_eq!((desk.given(), desk.idp.http().total()), (1, 1), "nothing is discovered");
}

#[tokio::test]
async fn the_gateways_own_token_is_asked_for_anew_before_it_ends() {
    let desk = Billing::new().await;
    desk.gateway.get("/bill").await.assert_status(200);
    desk.gateway.advance(240);
    desk.gateway.get("/bill").await.assert_status(200);
    assert_eq!(desk.given(), 1);
    desk.gateway.advance(40);
    desk.gateway.get("/bill").await.assert_status(200);
    until(|| desk.given() == 2).await;
    desk.gateway.advance(301);
    desk.gateway.get("/bill").await.assert_status(200);
    assert_eq!(desk.given(), 3);
}

#[tokio::test]
async fn a_token_of_ours_that_is_not_taken_is_replaced_once_and_then_it_is_502() {
    let desk = Billing::new().await;
    desk.billing.once("GET", "/bill", Reply::status(401));
    desk.gateway.get("/bill").await.assert_data(200, json!(12));
    assert_eq!((desk.given(), desk.billing.total()), (2, 2));
    desk.billing.on("GET", "/bill", Reply::status(401));
    for _ in 0..3 {
        desk.gateway.get("/bill").await.assert_error(502, "UPSTREAM_ERROR");
    }
    assert_eq!((desk.given(), desk.billing.total()), (3, 6), "not every request asks for another");
    desk.billing.on("GET", "/bill", Reply::status(403));
    desk.gateway.get("/bill").await.assert_error(502, "UPSTREAM_ERROR");
    assert_eq!((desk.given(), desk.billing.total()), (3, 7));
}

#[tokio::test]
async fn a_provider_that_gives_no_token_is_left_alone_for_a_while() {
    let desk = Billing::new().await;
    desk.idp.http().once("POST", "/token", Reply::status(500));
    let failed = desk.gateway.get("/bill").await;
    failed.assert_error(503, "UPSTREAM_UNAVAILABLE").assert_header("retry-after", "1");
    desk.gateway.get("/bill").await.assert_error(503, "UPSTREAM_UNAVAILABLE");
    assert_eq!((desk.asked(), desk.billing.total()), (1, 0));
    desk.gateway.advance(1);
    desk.gateway.get("/bill").await.assert_data(200, json!(12));

    let refused = Reply::json(json!({"error": "invalid_scope"})).with_status(400);
    desk.gateway.advance(301);
    desk.idp.http().once("POST", "/token", refused);
    desk.gateway.get("/bill").await.assert_error(502, "UPSTREAM_ERROR");
}
