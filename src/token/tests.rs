//! Attacks on tokens and where they end. The names are those of the threat list: `T` JWT, `J` RFC 8725.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::forge::*;
use super::*;
use crate::fault::Fault;

fn hs256() -> (Desk, Pair) {
    (Desk::new([issuer(Algorithm::HS256, KeySource::Secret(SECRET.to_vec()))]), Pair::secret())
}

fn with_pem(algorithm: Algorithm, pair: &Pair) -> Desk {
    Desk::new([issuer(algorithm, KeySource::Pem(pair.pem()))])
}

/// Each as the claims of a well signed token.
async fn refuses(changes: &[Value], cause: &str) {
    let (desk, pair) = hs256();
    for change in changes {
        let token = pair.token(json!({"alg": "HS256"}), claims(change.clone()));
        Desk::assert_bad(desk.bearer(&token).await, cause);
    }
}

async fn refuses_header(changes: &[Value], cause: &str) {
    let (desk, pair) = hs256();
    for change in changes {
        let mut header = json!({"alg": "HS256"});
        header.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        Desk::assert_bad(desk.bearer(&pair.token(header, claims(json!({})))).await, cause);
    }
}

#[tokio::test]
async fn takes_every_algorithm_from_a_pem() {
    for (algorithm, pair) in [
        (Algorithm::RS256, Pair::rsa()),
        (Algorithm::PS256, Pair::rsa()),
        (Algorithm::ES256, Pair::ec()),
        (Algorithm::EdDSA, Pair::ed()),
    ] {
        let token = pair.token(json!({"alg": algorithm.name()}), claims(json!({})));
        Desk::assert_good(&with_pem(algorithm, &pair).bearer(&token).await);
        let other = match pair {
            Pair::Ec(_) => Pair::ec(),
            _ => Pair::ed(),
        };
        let forged = other.token(json!({"alg": algorithm.name()}), claims(json!({})));
        Desk::assert_bad(with_pem(algorithm, &pair).bearer(&forged).await, "signature");
    }
}

#[tokio::test]
async fn takes_what_another_library_writes() {
    use jsonwebtoken::{EncodingKey, Header, encode};
    let (desk, _) = hs256();
    let key = EncodingKey::from_secret(SECRET);
    let token = encode(&Header::default(), &claims(json!({"n": 1.5})), &key).unwrap();
    Desk::assert_good(&desk.bearer(&token).await);
}

#[tokio::test]
async fn tells_who_it_is() {
    let (desk, pair) = hs256();
    let text = format!(
        r#"{{"iss":"{ISSUER}","aud":["x","api"],"sub":"alice","exp":{}.9,"id":123456789012345678901234567890}}"#,
        NOW + 300
    );
    let token = pair.raw(r#"{"alg":"HS256","typ":"at+jwt"}"#, &text);
    let session = desk.bearer(&token).await.unwrap().unwrap();
    let identity = &session.identity;
    assert_eq!(
        (&*identity.tokens, &*identity.issuer, &*identity.subject),
        ("main", ISSUER, "alice")
    );
    assert_eq!((identity.expires_at, &*identity.claims), (NOW + 300, &*text));
    assert_eq!((identity.token.reveal(), session.cookie.as_deref()), (&*token, None));
    let shown = format!("{session:?} {:?}", identity.token);
    assert!(!shown.contains(&token[..20]) && !shown.contains("alice"), "{shown}");

    let by_cookie = desk.cookie(&format!("a=b; token={token}")).await.unwrap().unwrap();
    assert_eq!(by_cookie.cookie.as_deref(), Some("token"));
    assert!(Arc::ptr_eq(&by_cookie.identity, identity), "verified once");
}

#[tokio::test]
async fn nobody_is_nobody() {
    let (desk, _) = hs256();
    assert!(desk.show(&[], &[]).await.unwrap().is_none());
    assert!(desk.cookie("theme=dark; tokens=x; =;;=").await.unwrap().is_none());
}

#[tokio::test]
async fn t1_no_algorithm_is_no_signature() {
    for name in ["none", "None", "nOnE", "NONE", "", "hs256", "HS512", "ES256K", "HS256 "] {
        refuses_header(&[json!({"alg": name})], "algorithm").await;
    }
    refuses_header(&[json!({"alg": null}), json!({"alg": ["HS256"]})], "alg").await;
    let (desk, pair) = hs256();
    let token = pair.token(json!({"alg": "HS256"}), claims(json!({})));
    let (message, _) = token.rsplit_once('.').unwrap();
    Desk::assert_bad(desk.bearer(&format!("{message}.")).await, "signature");
    let unsigned = pair.token(json!({"alg": "none"}), claims(json!({})));
    let (message, _) = unsigned.rsplit_once('.').unwrap();
    Desk::assert_bad(desk.bearer(&format!("{message}.")).await, "algorithm");
}

#[tokio::test]
async fn t2_a_public_key_is_no_secret() {
    let desk = with_pem(Algorithm::RS256, &Pair::rsa());
    let forged = Pair::Secret(Pair::rsa().pem()).token(json!({"alg": "HS256"}), claims(json!({})));
    Desk::assert_bad(desk.bearer(&forged).await, "algorithm");
}

#[tokio::test]
async fn t3_a_key_serves_one_algorithm() {
    let desk = with_pem(Algorithm::RS256, &Pair::rsa());
    for algorithm in ["PS256", "ES256", "EdDSA"] {
        let token = Pair::rsa().token(json!({"alg": algorithm}), claims(json!({})));
        Desk::assert_bad(desk.bearer(&token).await, "algorithm");
    }
    let mut both = published(Algorithm::RS256);
    both.algorithms.push(Algorithm::PS256);
    let desk = Desk::new([both]);
    let mut jwk = Pair::rsa().jwk("a");
    jwk["alg"] = "RS256".into();
    desk.provider.publishes(&[jwk]);
    let token = Pair::rsa().token(json!({"alg": "PS256", "kid": "a"}), claims(json!({})));
    Desk::assert_bad(desk.bearer(&token).await, "not the key's");
    let token = Pair::rsa().token(json!({"alg": "RS256", "kid": "a"}), claims(json!({})));
    Desk::assert_good(&desk.bearer(&token).await);
}

#[tokio::test]
async fn t4_times_are_numbers() {
    let no_number = |name: &str| {
        let texts = [json!("9999999999"), json!(true), json!([NOW]), json!({})];
        texts.map(|value| json!({ name: value })).to_vec()
    };
    for name in ["exp", "nbf", "iat"] {
        refuses(&no_number(name), "not a number").await;
        refuses(&[json!({name: -1}), json!({name: -0.5}), json!({name: -1e300})], "none").await;
    }
    refuses(&[json!({"exp": null})], "no `exp`").await;
    let (desk, pair) = hs256();
    for exp in ["1e400", "-1e400", "NaN", "Infinity", "0x7fffffff", "null"] {
        let text =
            claims(json!({"exp": 7})).to_string().replace("\"exp\":7", &format!("\"exp\":{exp}"));
        Desk::assert_bad(desk.bearer(&pair.raw(r#"{"alg":"HS256"}"#, &text)).await, "");
    }
    let token = pair.token(json!({"alg": "HS256"}), claims(json!({"exp": 1e300, "nbf": 0.5})));
    Desk::assert_good(&desk.bearer(&token).await);
}

#[tokio::test]
async fn t5_audience_issuer_and_subject_have_their_types() {
    let wrong = [json!(123), json!({}), json!(["api", 1]), json!(null), json!(true)];
    refuses(&wrong.map(|aud| json!({ "aud": aud })), "no `aud`").await;
    let foreign = [json!([]), json!("API"), json!("api "), json!(["x"]), json!("")];
    refuses(&foreign.map(|aud| json!({ "aud": aud })), "not ours").await;
    let wrong = [json!(["a", ISSUER]), json!({}), json!(5), json!(null)];
    refuses(&wrong.map(|iss| json!({ "iss": iss })), "no `iss`").await;
    let foreign = [json!("https://id.example.com"), json!("https://evil.example/"), json!("")];
    refuses(&foreign.map(|iss| json!({ "iss": iss })), "issuer").await;
    let wrong = [json!(5), json!(""), json!(["alice"]), json!(null), json!({})];
    refuses(&wrong.map(|sub| json!({ "sub": sub })), "no `sub`").await;
}

#[tokio::test]
async fn t6_what_must_be_understood_is_not() {
    let headers = [
        json!({"crit": ["x"]}),
        json!({"crit": []}),
        json!({"crit": ["exp"], "exp": 1}),
        json!({"b64": false}),
        json!({"b64": true}),
        json!({"zip": "DEF"}),
    ];
    refuses_header(&headers, "not supported").await;
}

#[tokio::test]
async fn t7_a_token_does_not_bring_its_key() {
    let (real, evil) = (Pair::ec(), Pair::ec());
    let desk = Desk::new([published(Algorithm::ES256)]);
    desk.provider.publishes(&[real.jwk("a")]);
    let header = json!({
        "alg": "ES256", "kid": "a", "jwk": evil.jwk("a"), "jku": "http://127.0.0.1:1/jwks",
        "x5u": "http://127.0.0.1:1/cert", "x5c": ["MA=="],
    });
    Desk::assert_bad(
        desk.bearer(&evil.token(header.clone(), claims(json!({})))).await,
        "signature",
    );
    Desk::assert_good(&desk.bearer(&real.token(header, claims(json!({})))).await);
    assert_eq!(desk.provider.asked(), 1);
}

#[tokio::test]
async fn t8_a_kid_is_only_compared() {
    let pair = Pair::ec();
    let desk = Desk::new([published(Algorithm::ES256)]);
    desk.provider.publishes(&[pair.jwk("a"), Pair::ec().jwk("b")]);
    for id in ["../../etc/passwd", "' or 1", "http://evil/", "", "A", &"k".repeat(10_000)] {
        let token = pair.token(json!({"alg": "ES256", "kid": id}), claims(json!({})));
        Desk::assert_bad(desk.bearer(&token).await, "");
    }
    let token = pair.token(json!({"alg": "ES256", "kid": 5}), claims(json!({})));
    Desk::assert_bad(desk.bearer(&token).await, "text");
    let token = pair.token(json!({"alg": "ES256"}), claims(json!({})));
    Desk::assert_bad(desk.bearer(&token).await, "more than one key");
}

#[tokio::test]
async fn t9_a_name_stands_once() {
    let (desk, pair) = hs256();
    let good = claims(json!({})).to_string();
    let twice = good.replace("\"sub\":\"alice\"", "\"sub\":\"alice\",\"sub\":\"bob\"");
    Desk::assert_bad(desk.bearer(&pair.raw(r#"{"alg":"HS256"}"#, &twice)).await, "strict");
    let header = r#"{"alg":"HS256","alg":"HS256"}"#;
    Desk::assert_bad(desk.bearer(&pair.raw(header, &good)).await, "strict");
    let deep = good.replace("\"alice\"", "\"alice\",\"x\":[{\"a\":1,\"a\":2}]");
    Desk::assert_bad(desk.bearer(&pair.raw(r#"{"alg":"HS256"}"#, &deep)).await, "strict");
}

#[tokio::test]
async fn t10_an_issuer_has_its_own_keys() {
    let (a, b) = (Pair::ec(), Pair::ec());
    let mut other = issuer(Algorithm::ES256, KeySource::Pem(b.pem()));
    (other.name, other.issuer) = ("other".into(), "https://b.example/".into());
    let desk = Desk::new([issuer(Algorithm::ES256, KeySource::Pem(a.pem())), other]);
    let says_b = claims(json!({"iss": "https://b.example/"}));
    let header = json!({"alg": "ES256", "kid": "same"});
    Desk::assert_bad(desk.bearer(&a.token(header.clone(), says_b.clone())).await, "signature");
    let session = desk.bearer(&b.token(header, says_b)).await.unwrap().unwrap();
    assert_eq!(&*session.identity.tokens, "other");
}

#[tokio::test]
async fn t11_tokens_of_other_kinds_are_refused() {
    let kinds = ["logout+jwt", "id_token+jwt", "dpop+jwt", "application/logout+jwt", "", "jwt "];
    refuses_header(&kinds.map(|kind| json!({ "typ": kind })), "typ").await;
    refuses_header(&[json!({"typ": ["JWT"]}), json!({"typ": null})], "text").await;
    refuses(&[json!({"at_hash": "x"}), json!({"c_hash": "x"})], "ID token").await;
    let logout = "http://schemas.openid.net/event/backchannel-logout";
    refuses(&[json!({"events": {logout: {}}})], "logout token").await;
    refuses(&[json!({"aud": "dashboard-client"})], "aud").await;
    let (desk, pair) = hs256();
    for kind in ["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt", "Application/JWT"] {
        let token = pair.token(json!({"alg": "HS256", "typ": kind}), claims(json!({"events": 1})));
        Desk::assert_good(&desk.bearer(&token).await);
    }
}

#[tokio::test]
async fn t14_nonsense_ends_before_anything_is_decoded() {
    let (desk, pair) = hs256();
    let good = pair.token(json!({"alg": "HS256"}), claims(json!({})));
    let many = [
        "%".into(),
        "".into(),
        "..".into(),
        "a.b".into(),
        "é.é.é".into(),
        ".".repeat(100_000),
        "a".repeat(1 << 20),
        format!("{good}."),
        format!("{good}="),
        format!("{good} {good}"),
        good.replace('.', "=."),
        good.replacen('.', "+.", 1),
        format!("{}\0", good),
    ];
    for token in many {
        Desk::assert_bad(desk.bearer(&token).await, "");
    }
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(3000), "]".repeat(3000));
    Desk::assert_bad(desk.bearer(&pair.raw(r#"{"alg":"HS256"}"#, &deep)).await, "strict");
    Desk::assert_bad(desk.bearer(&pair.raw(&deep, &deep)).await, "strict");
}

#[tokio::test]
async fn t16_clocks_may_disagree_by_the_leeway() {
    let (desk, pair) = hs256();
    let token = |change| pair.token(json!({"alg": "HS256"}), claims(change));
    Desk::assert_good(&desk.bearer(&token(json!({"exp": NOW - 29}))).await);
    Desk::assert_bad(desk.bearer(&token(json!({"exp": NOW - 30}))).await, "expired");
    Desk::assert_good(&desk.bearer(&token(json!({"nbf": NOW + 30}))).await);
    Desk::assert_bad(desk.bearer(&token(json!({"nbf": NOW + 31}))).await, "not valid yet");
    Desk::assert_bad(desk.bearer(&token(json!({"nbf": NOW as f64 + 30.5}))).await, "not valid yet");
}

#[tokio::test]
async fn a_kept_token_expires() {
    let (desk, pair) = hs256();
    let token = pair.token(json!({"alg": "HS256"}), claims(json!({})));
    Desk::assert_good(&desk.bearer(&token).await);
    desk.clock.advance(329);
    Desk::assert_good(&desk.bearer(&token).await);
    desk.clock.advance(1);
    Desk::assert_bad(desk.bearer(&token).await, "expired");
}

#[tokio::test]
async fn s12_one_credential_only() {
    let (desk, pair) = hs256();
    let token = pair.token(json!({"alg": "HS256"}), claims(json!({})));
    let (bearer, cookie) = (format!("Bearer {token}"), format!("token={token}"));
    for (authorization, cookies) in [
        (vec![&*bearer, &*bearer], vec![]),
        (vec![&*bearer], vec![&*cookie]),
        (vec!["Basic eDp5"], vec![&*cookie]),
        (vec![], vec![&*cookie, &*cookie]),
        (vec![], vec!["token=evil; a=b", &*cookie]),
        (vec![], vec![&*format!("{cookie}; token=evil")]),
    ] {
        let rejection = desk.show(&authorization, &cookies).await.unwrap_err();
        assert_eq!(Fault::from(rejection).parts().status, 400);
    }
    Desk::assert_good(&desk.show(&[&bearer], &["tokens=x; theme=dark"]).await);
    let twice = desk.cookie("token=a; token=b").await.unwrap_err();
    assert_eq!(twice.stale_cookie().map(|name| &**name), Some("token"));
}

#[tokio::test]
async fn a_token_comes_where_its_issuer_says() {
    let pair = Pair::secret();
    let token = pair.token(json!({"alg": "HS256"}), claims(json!({})));
    let mut only_cookie = issuer(Algorithm::HS256, KeySource::Secret(SECRET.to_vec()));
    only_cookie.bearer = false;
    let mut other = issuer(Algorithm::EdDSA, KeySource::Pem(Pair::ed().pem()));
    (other.issuer, other.cookie) = ("https://b.example/".into(), None);

    let desk = Desk::new([only_cookie, other]);
    Desk::assert_good(&desk.cookie(&format!("token={token}")).await);
    Desk::assert_bad(desk.bearer(&token).await, "place");

    let (desk, _) = hs256();
    for header in ["Basic eDp5", "Bearer", "Bearer ", "bearer", "", "Bearerx", "Token x", &token] {
        Desk::assert_bad(desk.show(&[header], &[]).await, "");
    }
    Desk::assert_good(&desk.show(&[&format!("bearer {token}")], &[]).await);
    let bad = desk.cookie("token=x").await.unwrap_err();
    assert!(matches!(&bad, Rejection::BadCookie { name, .. } if &**name == "token"));
    Desk::assert_bad(Err(bad), "");
}

proptest! {
    #[test]
    fn any_bytes_are_refused(token: Vec<u8>, dots in 0_usize..4) {
        let (desk, _) = hs256();
        let mut header = b"Bearer ".to_vec();
        header.extend(token);
        header.extend(b".e30".repeat(dots));
        let credentials = Credentials { authorization: &[&header], cookie: &[] };
        let shown = futures_util::FutureExt::now_or_never(desk.verifier.verify(&credentials));
        let refused = matches!(shown, Some(Err(Rejection::BadBearer { .. })));
        prop_assert!(refused);
    }

    #[test]
    fn any_change_of_a_token_is_refused(at in 0_usize..200, byte: u8) {
        let (desk, pair) = hs256();
        let mut token = pair.token(json!({"alg": "HS256"}), claims(json!({}))).into_bytes();
        let at = at % token.len();
        prop_assume!(token[at] != byte);
        token[at] = byte;
        let header = [b"Bearer ".as_slice(), &token].concat();
        let credentials = Credentials { authorization: &[&header], cookie: &[] };
        let shown = futures_util::FutureExt::now_or_never(desk.verifier.verify(&credentials));
        let refused = matches!(shown, Some(Err(Rejection::BadBearer { .. })));
        prop_assert!(refused);
    }
}
