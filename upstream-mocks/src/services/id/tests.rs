use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};
use url::Url;

use super::{Provider, Settings};
use crate::services::Service;
use crate::wire::{Recorded, Reply};

const ISSUER: &str = "http://127.0.0.1:7008";
const BACK: &str = "https://localhost:8443/auth/callback?x=1";
/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const SECRET: (&str, &str) = ("client_secret", "dashboard-demo-client-secret");
const CLIENT: (&str, &str) = ("client_id", "dashboard");

/// A browser and a client in one, with the cookie that it has.
struct Login {
    provider: Arc<Provider>,
    cookie: String,
}

type Form<'a> = [(&'a str, &'a str)];

fn form(pairs: &Form<'_>) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// The pairs, with these instead of their namesakes.
fn with<'a>(pairs: &Form<'a>, others: &Form<'a>) -> Vec<(&'a str, &'a str)> {
    let kept = pairs.iter().filter(|(name, _)| others.iter().all(|(other, _)| other != name));
    kept.chain(others).copied().collect()
}

impl Login {
    fn new() -> Self {
        let clients = [
            ("dashboard".to_owned(), SECRET.1.to_owned()),
            ("ad min".to_owned(), "s%:+ecret".to_owned()),
        ];
        let settings = Settings {
            issuer: ISSUER.to_owned(),
            audience: "dashboard-api".to_owned(),
            clients: BTreeMap::from(clients),
            redirect_uris: vec!["https://app.example.com/callback".to_owned()],
            backchannel_logout_uri: None,
            access_ttl: 300,
        };
        let provider = Arc::new(Provider::new(settings).unwrap());
        Self { provider, cookie: String::new() }
    }

    fn send(&mut self, method: &str, target: &str, headers: &Form<'_>, body: &str) -> Reply {
        let mut headers: Vec<_> =
            headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        headers.push(("cookie".to_owned(), format!("other=1; {}", self.cookie)));
        let request = Recorded {
            method: method.to_owned(),
            target: target.to_owned(),
            headers,
            body: Bytes::copy_from_slice(body.as_bytes()),
            head: Bytes::new(),
            connection: 1,
            nth: 1,
        };
        let segments = request.segments();
        let path: Vec<_> = segments.iter().map(String::as_str).collect();
        let reply = self.provider.answer((method, &path), &request);
        if let Some(cookie) = reply.header_value("set-cookie") {
            self.cookie = cookie.split(';').next().unwrap().to_owned();
        }
        reply
    }

    fn get(&mut self, path: &str, pairs: &Form<'_>) -> Reply {
        self.send("GET", &format!("{path}?{}", form(pairs)), &[], "")
    }

    fn post(&mut self, path: &str, pairs: &Form<'_>) -> Reply {
        let kind = ("content-type", "application/x-www-form-urlencoded");
        self.send("POST", path, &[kind], &form(pairs))
    }

    /// The query of where an authorization request leads.
    fn led(&mut self, others: &Form<'_>) -> BTreeMap<String, String> {
        query(&self.get("/authorize", &with(&request(), others)))
    }

    fn code(&mut self, others: &Form<'_>) -> String {
        let silent = [("prompt", "none"), ("login_hint", "u1")];
        let mut led = self.led(&with(&silent, others));
        led.remove("code").unwrap_or_else(|| panic!("no code: {led:?}"))
    }

    fn redeem(&mut self, code: &str, others: &Form<'_>) -> (u16, Value) {
        let asked = [
            CLIENT,
            SECRET,
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", BACK),
            ("code_verifier", VERIFIER),
        ];
        body(&self.post("/token", &with(&asked, others)))
    }

    fn tokens(&mut self) -> Value {
        let code = self.code(&[]);
        let (status, tokens) = self.redeem(&code, &[]);
        assert_eq!(status, 200, "{tokens}");
        tokens
    }

    fn refresh(&mut self, token: &Value, others: &Form<'_>) -> (u16, Value) {
        let token = token.as_str().unwrap();
        let asked = [CLIENT, SECRET, ("grant_type", "refresh_token"), ("refresh_token", token)];
        body(&self.post("/token", &with(&asked, others)))
    }

    fn claims(&self, typ: &str, token: &Value) -> Value {
        self.provider.key.claims(typ, token.as_str().unwrap()).unwrap()
    }
}

fn request() -> [(&'static str, &'static str); 8] {
    [
        CLIENT,
        ("redirect_uri", BACK),
        ("response_type", "code"),
        ("scope", "openid profile offline_access"),
        ("state", "a state&"),
        ("nonce", "n-1"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]
}

fn body(reply: &Reply) -> (u16, Value) {
    let (status, body) = reply.parts();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

fn text(reply: &Reply) -> (u16, String) {
    let (status, body) = reply.parts();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn query(reply: &Reply) -> BTreeMap<String, String> {
    let (status, body) = text(reply);
    assert_eq!(status, 303, "{body}");
    let location = Url::parse(reply.header_value("location").unwrap()).unwrap();
    location.query_pairs().into_owned().collect()
}

#[test]
fn a_login_gives_tokens_of_the_user_who_was_picked() {
    let mut login = Login::new();

    let (status, page) = text(&login.get("/authorize", &request()));
    assert_eq!(status, 200);
    assert!(page.contains("name=\"user\" value=\"u2\""), "{page}");
    assert!(page.contains("name=\"state\" value=\"a state&amp;\""), "{page}");
    let led = query(&login.post("/authorize", &with(&request(), &[("user", "u2")])));
    assert_eq!((led["x"].as_str(), led["state"].as_str()), ("1", "a state&"));
    assert_eq!(led["iss"], ISSUER);

    let (status, tokens) = login.redeem(&led["code"], &[]);
    assert_eq!((status, &tokens["token_type"]), (200, &json!("Bearer")));
    assert_eq!(tokens["expires_in"], 300);
    let id = login.claims("JWT", &tokens["id_token"]);
    assert_eq!((&id["iss"], &id["aud"]), (&json!(ISSUER), &json!("dashboard")));
    assert_eq!((&id["sub"], &id["name"]), (&json!("u2"), &json!("Alan Turing")));
    assert_eq!((&id["email"], &id["roles"]), (&json!("user2@example.com"), &json!(["support"])));
    assert_eq!((&id["nonce"], &id["amr"]), (&json!("n-1"), &json!(["pwd"])));
    assert!(id["sid"].is_string() && id["auth_time"].is_i64() && id["picture"].is_string());
    let access = login.claims("at+jwt", &tokens["access_token"]);
    assert_eq!((&access["iss"], &access["aud"]), (&json!(ISSUER), &json!("dashboard-api")));
    assert_eq!((&access["sub"], &access["roles"]), (&json!("u2"), &json!(["support"])));
    assert_eq!(access["scope"], "openid profile offline_access");
    assert_eq!(access["exp"].as_i64().unwrap() - access["iat"].as_i64().unwrap(), 300);
}

#[test]
fn a_provider_tells_where_all_is() {
    let mut login = Login::new();
    let (_, told) = body(&login.get("/.well-known/openid-configuration", &[]));
    assert_eq!(told["issuer"], ISSUER);
    assert_eq!(told["authorization_response_iss_parameter_supported"], true);
    for name in ["authorization_endpoint", "jwks_uri", "userinfo_endpoint", "end_session_endpoint"]
    {
        let path = told[name].as_str().unwrap().strip_prefix(ISSUER).unwrap().to_owned();
        assert!(![404, 405].contains(&login.get(&path, &[]).parts().0), "{name}");
    }
    for name in ["token_endpoint", "revocation_endpoint"] {
        let path = told[name].as_str().unwrap().strip_prefix(ISSUER).unwrap().to_owned();
        assert_eq!(body(&login.post(&path, &[])).0, 401, "{name}");
    }
}

#[test]
fn who_is_logged_in_goes_on_or_is_another() {
    let mut login = Login::new();
    let none = [("prompt", "none")];
    assert_eq!(login.led(&none)["error"], "login_required");
    assert_eq!(login.led(&none)["iss"], ISSUER);
    query(&login.post("/authorize", &with(&request(), &[("user", "u1")])));

    let (_, page) = text(&login.get("/authorize", &request()));
    assert!(page.contains("Ada Lovelace") && page.contains("Use another user"), "{page}");
    assert!(!page.contains("Alan Turing"));
    assert!(login.led(&none).contains_key("code"));
    let (_, again) = text(&login.get("/authorize", &with(&request(), &[("prompt", "login")])));
    assert!(again.contains("Alan Turing"));
    let (_, other) = text(&login.post("/authorize", &with(&request(), &[("user", "other")])));
    assert!(other.contains("Alan Turing"));

    let first = login.cookie.clone();
    query(&login.post("/authorize", &with(&request(), &[("user", "u1")])));
    assert_eq!(login.cookie, first);
    login.provider.advance(100);
    assert_eq!(login.led(&with(&none, &[("max_age", "99")]))["error"], "login_required");
    query(&login.post("/authorize", &with(&request(), &[("user", "u2")])));
    assert_ne!(login.cookie, first);
    login.cookie = first;
    assert_eq!(login.led(&none)["error"], "login_required");
}

#[test]
fn a_test_without_a_browser_names_the_user() {
    let mut login = Login::new();
    let silent = |user| [("prompt", "none"), ("login_hint", user)];
    assert!(login.led(&silent("u300")).contains_key("code"));
    for unknown in ["u301", "u0", "u01", "x"] {
        login.cookie = String::new();
        assert_eq!(login.led(&silent(unknown))["error"], "login_required", "{unknown}");
    }
    let (_, page) = text(&login.get("/authorize", &with(&request(), &[("login_hint", "u77")])));
    assert!(page.find("value=\"u77\"").unwrap() < page.find("value=\"u1\"").unwrap());
}

#[test]
fn nobody_is_sent_to_strangers() {
    let mut login = Login::new();
    for (name, value) in [
        ("client_id", "nobody"),
        ("redirect_uri", "https://evil.example.com/"),
        ("redirect_uri", "https://app.example.com/callback/x"),
        ("redirect_uri", "http://127.0.0.1.evil.example.com/"),
        ("redirect_uri", "http://localhost/#x"),
        ("redirect_uri", "myapp://localhost/"),
        ("redirect_uri", "javascript:alert(1)"),
        ("redirect_uri", ""),
    ] {
        let reply = login.get("/authorize", &with(&request(), &[(name, value)]));
        assert_eq!((reply.parts().0, reply.header_value("location")), (400, None), "{value}");
    }
    let doubled = [&request()[..], &[("redirect_uri", "http://localhost/")]].concat();
    assert_eq!(login.get("/authorize", &doubled).parts().0, 400);
    let known = [("redirect_uri", "https://app.example.com/callback"), ("prompt", "none")];
    assert_eq!(login.led(&known)["error"], "login_required");
    assert_eq!(login.led(&with(&known, &[("redirect_uri", "http://[::1]:1/")]))["iss"], ISSUER);
}

#[test]
fn a_page_shows_parameters_as_text() {
    let mut login = Login::new();
    let evil = "\"><script>alert('1')</script>";
    let (_, page) = text(&login.get("/authorize", &with(&request(), &[("state", evil)])));
    assert!(!page.contains("<script") && page.contains("&lt;script&gt;"), "{page}");
    assert_eq!(
        query(&login.post("/authorize", &with(&request(), &[("state", evil), ("user", "u1")])))["state"],
        evil
    );
}

#[test]
fn requests_for_codes_have_pkce() {
    let mut login = Login::new();
    for (name, value, error) in [
        ("code_challenge", "", "invalid_request"),
        ("code_challenge", "short", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge_method", "", "invalid_request"),
        ("response_type", "token", "unsupported_response_type"),
        ("response_mode", "fragment", "invalid_request"),
        ("prompt", "none login", "invalid_request"),
        ("request", "e30.e30.", "request_not_supported"),
    ] {
        let led = login.led(&[(name, value)]);
        assert_eq!(led["error"], error, "{name} {value}");
        assert_eq!((led["state"].as_str(), led["iss"].as_str()), ("a state&", ISSUER));
    }
}

#[test]
fn a_code_is_bound_and_used_once() {
    let mut login = Login::new();
    for wrong in [
        ("redirect_uri", "https://localhost:8443/auth/callback"),
        ("code_verifier", "another-verifier-of-more-than-forty-three-characters"),
        ("code", "x"),
    ] {
        let code = login.code(&[]);
        let (status, refused) = login.redeem(&code, &[wrong]);
        assert_eq!((status, &refused["error"]), (400, &json!("invalid_grant")), "{wrong:?}");
    }
    let code = login.code(&[]);
    let other = [("client_id", "ad min"), ("client_secret", "s%:+ecret")];
    assert_eq!(login.redeem(&code, &other).1["error"], "invalid_grant");
    assert_eq!(login.redeem(&code, &[]).1["error"], "invalid_grant");
    let code = login.code(&[]);
    assert_eq!(login.redeem(&code, &[("code_verifier", "")]).1["error"], "invalid_request");

    let code = login.code(&[]);
    login.provider.advance(60);
    assert_eq!(login.redeem(&code, &[]).1["error"], "invalid_grant");

    let code = login.code(&[]);
    let (_, tokens) = login.redeem(&code, &[]);
    assert_eq!(login.redeem(&code, &[]).1["error"], "invalid_grant");
    assert_eq!(login.refresh(&tokens["refresh_token"], &[]).1["error"], "invalid_grant");
}

#[test]
fn a_client_shows_its_secret_in_one_place() {
    let mut login = Login::new();
    let mut ask = |credentials: Option<&str>, pairs: &Form<'_>| {
        let mut headers = vec![("content-type", "application/x-www-form-urlencoded")];
        headers.extend(credentials.map(|credentials| ("authorization", credentials)));
        let pairs = with(&[("grant_type", "client_credentials")], pairs);
        let reply = login.send("POST", "/token", &headers, &form(&pairs));
        (
            reply.parts().0,
            body(&reply).1["error"].clone(),
            reply.header_value("www-authenticate").is_some(),
        )
    };
    let basic = "Basic YWQrbWluOnMlMjUlM0ElMkJlY3JldA=="; // ad+min:s%25%3A%2Becret
    assert_eq!(ask(Some(basic), &[]), (200, Value::Null, false));
    assert_eq!(ask(None, &[CLIENT, SECRET]), (200, Value::Null, false));
    let refused = (401, json!("invalid_client"), true);
    assert_eq!(ask(None, &[CLIENT]), refused);
    assert_eq!(ask(None, &[CLIENT, ("client_secret", "wrong")]), refused);
    assert_eq!(ask(None, &[]), refused);
    assert_eq!(ask(Some("Basic ZGFzaGJvYXJkOndyb25n"), &[]), refused);
    assert_eq!(ask(Some("Bearer x"), &[]), refused);
    let invalid = (400, json!("invalid_request"), false);
    assert_eq!(ask(Some(basic), &[SECRET]), invalid);
    assert_eq!(ask(Some(basic), &[CLIENT]), invalid);
}

#[test]
fn refresh_tokens_rotate_and_reuse_revokes_the_grant() {
    let mut login = Login::new();
    let first = login.tokens()["refresh_token"].clone();
    assert_eq!(login.refresh(&first, &[("scope", "openid all")]).1["error"], "invalid_scope");
    let (status, second) = login.refresh(&first, &[("scope", "openid")]);
    assert_eq!((status, &second["scope"]), (200, &json!("openid")));
    let id = login.claims("JWT", &second["id_token"]);
    assert_eq!((&id["sub"], &id["nonce"]), (&json!("u1"), &Value::Null));
    let other = [("client_id", "ad min"), ("client_secret", "s%:+ecret")];
    assert_eq!(login.refresh(&second["refresh_token"], &other).1["error"], "invalid_grant");
    let (status, third) = login.refresh(&second["refresh_token"], &[]);
    assert_eq!((status, login.provider.reused()), (200, 0));
    assert_eq!(third["scope"], "openid profile offline_access");

    assert_eq!(login.refresh(&first, &[]).1["error"], "invalid_grant");
    assert_eq!(login.provider.reused(), 1);
    assert_eq!(login.refresh(&third["refresh_token"], &[]).1["error"], "invalid_grant");
    assert_eq!(login.provider.count("refresh_token"), 6);
    assert_eq!(login.provider.count("authorization_code"), 1);

    let code = login.code(&[("scope", "openid")]);
    assert_eq!(login.redeem(&code, &[]).1["refresh_token"], Value::Null);
}

#[test]
fn tokens_are_for_whom_they_were_asked() {
    let mut login = Login::new();
    let code = login.code(&[("resource", "https://a.example.com")]);
    let (_, tokens) = login.redeem(&code, &[]);
    assert_eq!(login.claims("at+jwt", &tokens["access_token"])["aud"], "https://a.example.com");
    let refresh = |login: &mut Login, resource| {
        login.refresh(&tokens["refresh_token"], &[("resource", resource)]).1["error"].clone()
    };
    assert_eq!(refresh(&mut login, "https://b.example.com"), "invalid_target");
    assert_eq!(refresh(&mut login, "https://a.example.com"), Value::Null);

    let own = [CLIENT, SECRET, ("grant_type", "client_credentials"), ("audience", "billing")];
    let (_, own) = body(&login.post("/token", &[&own[..], &[("audience", "mail")]].concat()));
    let claims = login.claims("at+jwt", &own["access_token"]);
    assert_eq!(
        (&claims["aud"], &claims["sub"]),
        (&json!(["billing", "mail"]), &json!("dashboard"))
    );
    let unknown = [CLIENT, SECRET, ("grant_type", "password")];
    assert_eq!(body(&login.post("/token", &unknown)).1["error"], "unsupported_grant_type");
}

#[test]
fn an_access_token_is_exchanged_for_one_with_another_audience() {
    let mut login = Login::new();
    let tokens = login.tokens();
    let exchange = |login: &mut Login, token: &Value, others: &Form<'_>| {
        let asked = [
            CLIENT,
            SECRET,
            ("grant_type", super::discovery::EXCHANGE),
            ("subject_token", token.as_str().unwrap()),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
            ("audience", "billing"),
        ];
        body(&login.post("/token", &with(&asked, others)))
    };
    login.provider.advance(100);
    let (status, first) = exchange(&mut login, &tokens["access_token"], &[("scope", "openid")]);
    assert_eq!((status, first["expires_in"].as_i64().unwrap() <= 200), (200, true), "{first}");
    assert_eq!(first["issued_token_type"], "urn:ietf:params:oauth:token-type:access_token");
    let claims = login.claims("at+jwt", &first["access_token"]);
    assert_eq!((&claims["aud"], &claims["sub"]), (&json!("billing"), &json!("u1")));
    assert_eq!(
        (&claims["act"], &claims["scope"]),
        (&json!({"sub": "dashboard"}), &json!("openid"))
    );
    assert_eq!(claims["roles"], json!(["admin", "support"]));
    let (_, second) = exchange(&mut login, &first["access_token"], &[]);
    let act = &login.claims("at+jwt", &second["access_token"])["act"];
    assert_eq!(act["act"], json!({"sub": "dashboard"}));

    let mut error =
        |token: &Value, others: &Form<'_>| exchange(&mut login, token, others).1["error"].clone();
    assert_eq!(error(&tokens["id_token"], &[]), "invalid_request");
    assert_eq!(error(&tokens["refresh_token"], &[]), "invalid_request");
    assert_eq!(error(&tokens["access_token"], &[("audience", "")]), "invalid_request");
    assert_eq!(error(&first["access_token"], &[("scope", "profile")]), "invalid_scope");
    login.provider.advance(201);
    assert_eq!(exchange(&mut login, &tokens["access_token"], &[]).1["error"], "invalid_request");
}

#[test]
fn what_is_revoked_is_over() {
    let mut login = Login::new();
    let tokens = login.tokens();
    let revoke = |login: &mut Login, token: &Value| {
        login.post("/revoke", &[CLIENT, SECRET, ("token", token.as_str().unwrap())]).parts().0
    };
    let userinfo = |login: &mut Login| {
        let token = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
        body(&login.send("GET", "/userinfo", &[("authorization", &token)], ""))
    };
    assert_eq!(userinfo(&mut login).1["name"], "Ada Lovelace");
    assert_eq!(revoke(&mut login, &tokens["access_token"]), 200);
    assert_eq!(userinfo(&mut login).0, 401);
    assert_eq!(revoke(&mut login, &json!("unknown")), 200);
    assert_eq!(login.post("/revoke", &[CLIENT, ("token", "x")]).parts().0, 401);
    assert_eq!(revoke(&mut login, &tokens["refresh_token"]), 200);
    assert_eq!(login.refresh(&tokens["refresh_token"], &[]).1["error"], "invalid_grant");

    let others = login.tokens();
    login.provider.revoke_grants("u2");
    let (status, others) = login.refresh(&others["refresh_token"], &[]);
    assert_eq!(status, 200);
    login.provider.revoke_grants("u1");
    assert_eq!(login.refresh(&others["refresh_token"], &[]).0, 400);
}

#[test]
fn a_logout_with_a_hint_leads_back_at_once() {
    let mut login = Login::new();
    let tokens = login.tokens();
    let hint = tokens["id_token"].as_str().unwrap();
    login.provider.advance(100_000);
    let back = ("post_logout_redirect_uri", "http://127.0.0.1:8080/");
    let reply = login.get("/logout", &[("id_token_hint", hint), back, ("state", "s 1")]);
    assert_eq!(reply.header_value("location"), Some("http://127.0.0.1:8080/?state=s+1"));
    assert_eq!(login.cookie, "id_session=");
    assert_eq!(login.led(&[("prompt", "none")])["error"], "login_required");
    assert_eq!(login.get("/logout", &[("id_token_hint", hint), back]).parts().0, 303);
}

#[test]
fn a_logout_without_a_good_hint_asks() {
    let mut login = Login::new();
    let tokens = login.tokens();
    let back = ("post_logout_redirect_uri", "http://127.0.0.1:8080/");
    let hint = tokens["id_token"].as_str().unwrap();
    let access = tokens["access_token"].as_str().unwrap();
    for asked in [
        vec![back],
        vec![back, ("id_token_hint", "x")],
        vec![back, ("id_token_hint", access)],
        vec![back, ("id_token_hint", hint), ("client_id", "ad min")],
        vec![back, ("confirmed", "yes")],
    ] {
        let (status, page) = text(&login.get("/logout", &asked));
        assert!(status == 200 && page.contains("Sign out?"), "{page}");
    }
    assert!(login.led(&[("prompt", "none")]).contains_key("code"));
    let stranger = ("post_logout_redirect_uri", "https://evil.example.com/");
    assert_eq!(login.get("/logout", &[("id_token_hint", hint), stranger]).parts().0, 400);
    assert_eq!(login.post("/logout", &[back, ("confirmed", "yes")]).parts().0, 303);
    assert_eq!(login.led(&[("prompt", "none")])["error"], "login_required");
    assert!(text(&login.get("/logout", &[])).1.contains("You are signed out"));
}
