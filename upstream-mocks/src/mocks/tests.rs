use std::time::Duration;

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::{Fault, Mocks, Options, Reply, Upstream};

async fn start() -> Mocks {
    Mocks::start(Options::default()).await.unwrap()
}

async fn get(mocks: &Mocks, service: &str, path: &str) -> reqwest::Result<String> {
    let request = Client::new().get(mocks.url(service) + path);
    request.header("x-api-key", mocks.key(service)).send().await?.text().await
}

async fn control(mocks: &Mocks, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
    let url = format!("{}/_control/{path}", mocks.url("users"));
    let reply = Client::new().request(method, url).body(body.to_string()).send().await.unwrap();
    (reply.status(), serde_json::from_str(&reply.text().await.unwrap()).unwrap_or_default())
}

#[tokio::test]
async fn every_service_insists_on_its_key() {
    let mocks = start().await;
    for service in crate::GUARDED {
        let url = mocks.url(service);
        assert_eq!(reqwest::get(url.clone() + "/x").await.unwrap().status(), 401);
        assert_eq!(reqwest::get(url.clone() + "/health").await.unwrap().status(), 200);
        let wrong = Client::new().get(url.clone() + "/x").header("x-api-key", "wrong");
        assert_eq!(wrong.send().await.unwrap().status(), 401);
        let right = Client::new().get(url + "/x").header("x-api-key", mocks.key(service));
        let doubled = right.try_clone().unwrap().header("x-api-key", mocks.key(service));
        assert_eq!(right.send().await.unwrap().status(), 404);
        assert_eq!(doubled.send().await.unwrap().status(), 401);
    }
}

#[tokio::test]
async fn faults_change_replies() {
    let mocks = start().await;
    let right = get(&mocks, "users", "/users/u1").await.unwrap();
    let answer = async |fault| {
        mocks.fault("users", "/users/*", fault);
        get(&mocks, "users", "/users/u1")
            .await
            .map_err(|error| error.is_decode() || error.is_body())
    };
    assert!(answer(Fault::Status(503)).await.unwrap().contains("on demand"));
    assert!(answer(Fault::Garbage).await.unwrap().starts_with("<html>"));
    assert_eq!(answer(Fault::Delay(Duration::from_millis(1))).await.unwrap(), right);
    assert_eq!(answer(Fault::Drip(Duration::from_micros(1))).await.unwrap(), right);
    assert_eq!(answer(Fault::Truncate).await, Err(true));
    assert_eq!(answer(Fault::WrongLength).await, Err(true));
    assert_eq!(answer(Fault::Close).await, Err(false));
    assert_eq!(answer(Fault::Reset).await, Err(false));
    let body = json!({"a": 1});
    let custom = Fault::Answer { status: 409, headers: vec![], body: body.clone() };
    assert_eq!(answer(custom).await.unwrap(), body.to_string());
    mocks.heal();
    assert_eq!(get(&mocks, "users", "/users/u1").await.unwrap(), right);
    assert_eq!(mocks.count("users", "GET /users/u1"), 11);
}

#[tokio::test]
async fn a_fault_may_be_for_some_requests_only() {
    let mocks = start().await;
    mocks.fault_times("users", "GET /users/u1", Fault::Garbage, 2);
    let is_garbage = async |path| get(&mocks, "users", path).await.unwrap().starts_with('<');
    assert!(!is_garbage("/users/u2").await);
    assert!(is_garbage("/users/u1").await);
    assert!(is_garbage("/users/u1").await);
    assert!(!is_garbage("/users/u1").await);
}

#[tokio::test]
async fn an_idle_close_hits_reused_connections() {
    let mocks = start().await;
    mocks.fault("users", "/**", Fault::IdleClose);
    let address = mocks.url("users").replace("http://", "");
    let key = mocks.key("users");
    let request = format!("GET /teams/t1 HTTP/1.1\r\nx-api-key: {key}\r\n\r\n");
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.repeat(2).as_bytes()).await.unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).await.unwrap();
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 1);
    assert_eq!(mocks.count("users", "GET /teams/t1"), 2);
}

#[tokio::test]
async fn a_hanging_request_can_be_cancelled() {
    let mocks = start().await;
    mocks.fault("users", "/**", Fault::Hang);
    let request = Client::new().get(mocks.url("users")).header("x-api-key", mocks.key("users"));
    let request = tokio::spawn(request.send());
    mocks.wait_for("users", 1).await;
    request.abort();
    mocks.cancelled("users").await;
    assert_eq!(mocks.cancellations("users"), 1);
}

#[tokio::test]
async fn faults_and_logs_are_steered_over_http() {
    let mocks = start().await;
    let fault = json!({"path": "GET /users/*", "fault": "status", "status": 429, "times": 3,
        "headers": {"retry-after": "7"}, "body": "slow down"});
    let (status, listed) = control(&mocks, Method::PUT, "faults", fault.clone()).await;
    assert_eq!((status.as_u16(), &listed), (200, &json!([fault])));
    assert_eq!(get(&mocks, "users", "/users/u1?x=%20").await.unwrap(), "slow down");

    let (_, requests) = control(&mocks, Method::GET, "requests?path=/users/*", Value::Null).await;
    assert_eq!(requests[0]["path"], "/users/u1");
    assert_eq!(requests[0]["query"], "x=%20");
    let (_, counts) = control(&mocks, Method::GET, "counts", Value::Null).await;
    assert_eq!(counts["requests"], json!({"GET /users/u1": 1}));

    let (_, listed) = control(&mocks, Method::GET, "faults", Value::Null).await;
    assert_eq!(listed[0]["times"], 2);
    assert_eq!(control(&mocks, Method::DELETE, "faults", Value::Null).await.0, 204);
    assert!(get(&mocks, "users", "/users/u1").await.unwrap().contains("Ada"));
    let (status, wrong) = control(&mocks, Method::PUT, "faults", json!({"fault": "x"})).await;
    assert_eq!(status, 400);
    assert!(wrong["error"].as_str().unwrap().contains("one of close delay"));
}

#[tokio::test]
async fn every_fault_is_read_as_it_is_written() {
    let ms = Duration::from_millis(5);
    for fault in [
        Fault::Answer { status: 200, headers: vec![], body: json!([1]) },
        Fault::Close,
        Fault::Delay(ms),
        Fault::Drip(ms),
        Fault::Garbage,
        Fault::Hang,
        Fault::IdleClose,
        Fault::Reset,
        Fault::Status(500),
        Fault::Truncate,
        Fault::WrongLength,
    ] {
        assert_eq!(Fault::from_json(&fault.to_json()), Ok(fault));
    }
}

#[tokio::test]
async fn tokens_are_signed_by_the_published_key() {
    let mocks = start().await;
    let text = async |path: &str| {
        reqwest::get(mocks.url("token") + path).await.unwrap().text().await.unwrap()
    };
    let keys = text("/.well-known/jwks.json").await;
    let keys: jsonwebtoken::jwk::JwkSet = serde_json::from_str(&keys).unwrap();
    let decode = |token: &str| {
        let header = jsonwebtoken::decode_header(token).unwrap();
        assert_eq!(header.typ.as_deref(), Some("at+jwt"));
        let key = keys.find(&header.kid.unwrap()).unwrap();
        let key = jsonwebtoken::DecodingKey::from_jwk(key).unwrap();
        let mut rules = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::ES256);
        rules.set_audience(&["dashboard-api"]);
        rules.set_issuer(&["https://id.demo.test/"]);
        jsonwebtoken::decode::<Value>(token, &key, &rules).map(|data| data.claims)
    };
    let claims = decode(&text("/token?sub=u1&roles=admin,support&scope=a+b").await).unwrap();
    assert_eq!(claims["sub"], "u1");
    assert_eq!(claims["roles"], json!(["admin", "support"]));
    assert_eq!(claims["scope"], "a b");
    assert!(decode(&text("/token?sub=u1&ttl=-600").await).is_err());

    let asked = json!({"sub": "u2", "claims": {"tenant": "acme"}}).to_string();
    let reply = Client::new().post(mocks.url("token") + "/token").body(asked).send().await.unwrap();
    let reply: Value = serde_json::from_str(&reply.text().await.unwrap()).unwrap();
    assert_eq!(decode(reply["access_token"].as_str().unwrap()).unwrap()["tenant"], "acme");
    assert!(decode(&mocks.token("u3", &json!({"aud": "another"})).unwrap()).is_err());
    assert_eq!(text("/token").await, json!({"error": "`sub`: whose token?"}).to_string());
}

#[tokio::test]
async fn a_key_for_no_service_is_refused() {
    let keys = [("user".to_owned(), "x".to_owned())].into();
    assert!(Mocks::start(Options { keys, ..Options::default() }).await.is_err());
}

#[tokio::test]
async fn a_login_needs_no_browser_and_its_end_is_told() {
    let mocks = start().await;
    let client = Upstream::start().await;
    client.on("POST", "/auth/backchannel-logout", Reply::status(204));
    mocks.id().set_backchannel_logout_uri(&(client.url() + "/auth/backchannel-logout"));
    let metadata = mocks.url("id") + "/.well-known/openid-configuration";
    let metadata = reqwest::get(metadata).await.unwrap().text().await.unwrap();
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    assert_eq!(metadata["issuer"], mocks.url("id"));

    // RFC 7636, appendix B.
    let asked = "client_id=dashboard&redirect_uri=http://localhost/x&response_type=code\
        &scope=openid&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM\
        &code_challenge_method=S256&prompt=none&login_hint=u1";
    let never = reqwest::redirect::Policy::none();
    let browser = Client::builder().redirect(never).build().unwrap();
    let url = format!("{}?{asked}", metadata["authorization_endpoint"].as_str().unwrap());
    let reply = browser.get(url).send().await.unwrap();
    let location = reply.headers()["location"].to_str().unwrap();
    let code = location.split(['=', '&']).nth(1).unwrap();
    let redeem = format!(
        "grant_type=authorization_code&code={code}&redirect_uri=http://localhost/x\
         &code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    );
    let redeem = browser
        .post(metadata["token_endpoint"].as_str().unwrap())
        .header("content-type", "application/x-www-form-urlencoded")
        .header("authorization", "Basic ZGFzaGJvYXJkOmRhc2hib2FyZC1kZW1vLWNsaWVudC1zZWNyZXQ=")
        .body(redeem);
    mocks.fault_times("id", "POST /token", Fault::Status(503), 1);
    assert_eq!(redeem.try_clone().unwrap().send().await.unwrap().status(), 503);
    assert_eq!(redeem.send().await.unwrap().status(), 200);
    assert_eq!(mocks.count("id", "POST /token"), 2);
    assert_eq!(mocks.id().count("authorization_code"), 1);

    assert!(mocks.id().end_sessions("u2").await.is_empty());
    assert_eq!(mocks.id().end_sessions("u1").await, [204]);
    let (name, token) = client.requests()[0].form_pairs().remove(0);
    let header = jsonwebtoken::decode_header(&token).unwrap();
    assert_eq!((name.as_str(), header.typ.as_deref()), ("logout_token", Some("logout+jwt")));
    let claims = jsonwebtoken::dangerous::insecure_decode::<Value>(&token).unwrap().claims;
    assert_eq!((&claims["aud"], &claims["sub"]), (&json!("dashboard"), &json!("u1")));
    assert!(claims["sid"].is_string() && claims["nonce"].is_null());
    let event = "http://schemas.openid.net/event/backchannel-logout";
    assert_eq!(claims["events"], json!({event: {}}));
    assert!(mocks.id().end_sessions("u1").await.is_empty());
}

#[tokio::test]
async fn the_page_comes_with_its_program_and_style() {
    let mocks = start().await;
    for (path, kind) in
        [("/", "text/html"), ("/app.js", "text/javascript"), ("/app.css", "text/css")]
    {
        let reply = reqwest::get(mocks.url("web") + path).await.unwrap();
        assert_eq!(reply.headers()["content-type"], format!("{kind}; charset=utf-8"));
        assert!(reply.text().await.unwrap().len() > 1000);
    }
    assert_eq!(reqwest::get(mocks.url("web") + "/x").await.unwrap().status(), 404);
}
