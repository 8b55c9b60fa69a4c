//! Key rotation, floods, and providers that fail (`T8`, `T12`, `T13`).

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::super::forge::*;
use super::super::{Algorithm, Fetch, Http, Rejection};
use crate::fault::{Code, Fault};

fn desk() -> Desk {
    Desk::new([published(Algorithm::ES256)])
}

fn token(pair: &Pair, id: &str) -> String {
    pair.token(json!({"alg": "ES256", "kid": id}), claims(json!({"exp": NOW + 100_000})))
}

#[tokio::test]
async fn nothing_is_fetched_before_it_is_needed() {
    let (desk, pair) = (desk(), Pair::ec());
    desk.provider.publishes(&[pair.jwk("a")]);
    let expired = pair.token(json!({"alg": "ES256"}), claims(json!({"exp": 1})));
    Desk::assert_bad(desk.bearer(&expired).await, "expired");
    assert_eq!(desk.provider.asked(), 0);
    Desk::assert_good(&desk.bearer(&token(&pair, "a")).await);
    Desk::assert_good(&desk.bearer(&token(&pair, "a")).await);
    assert_eq!(desk.provider.asked(), 1);
}

#[tokio::test]
async fn many_wait_for_one_fetch() {
    let (desk, pair) = (desk(), Pair::ec());
    desk.provider.publishes(&[pair.jwk("a")]);
    desk.provider.close();
    let tokens: Vec<_> = (0..50).map(|_| token(&pair, "a")).collect();
    let all = futures_util::future::join_all(tokens.iter().map(|token| desk.bearer(token)));
    let (all, ()) = tokio::join!(all, async {
        settle().await;
        desk.provider.open();
    });
    all.iter().for_each(Desk::assert_good);
    assert_eq!(desk.provider.asked(), 1);
}

#[tokio::test]
async fn a_request_that_leaves_does_not_take_the_fetch_with_it() {
    let (desk, pair) = (desk(), Pair::ec());
    desk.provider.publishes(&[pair.jwk("a")]);
    desk.provider.close();
    let token = token(&pair, "a");
    tokio::select! {
        biased;
        () = settle() => {}
        _ = desk.bearer(&token) => panic!("the provider is closed"),
    }
    desk.provider.open();
    Desk::assert_good(&desk.bearer(&token).await);
    assert_eq!(desk.provider.asked(), 1);
}

#[tokio::test]
async fn t8_a_flood_of_unknown_kids_is_one_fetch_per_cooldown() {
    let (desk, pair) = (desk(), Pair::ec());
    desk.provider.publishes(&[pair.jwk("a")]);
    for id in 0..1000 {
        Desk::assert_bad(desk.bearer(&token(&pair, &format!("x{id}"))).await, "not the issuer's");
    }
    assert_eq!(desk.provider.asked(), 1, "cold");
    desk.clock.advance(30);
    for id in 0..1000 {
        Desk::assert_bad(desk.bearer(&token(&pair, &format!("x{id}"))).await, "not the issuer's");
    }
    assert_eq!(desk.provider.asked(), 2, "warm");
    Desk::assert_good(&desk.bearer(&token(&pair, "a")).await);
}

#[tokio::test]
async fn t12_a_new_kid_works_at_once() {
    let (desk, old, new) = (desk(), Pair::ec(), Pair::ec());
    desk.provider.publishes(&[old.jwk("a")]);
    Desk::assert_good(&desk.bearer(&token(&old, "a")).await);
    desk.provider.publishes(&[old.jwk("a"), new.jwk("b")]);
    Desk::assert_good(&desk.bearer(&token(&new, "b")).await);
    Desk::assert_good(&desk.bearer(&token(&old, "a")).await);
    assert_eq!(desk.provider.asked(), 2);
}

#[tokio::test]
async fn t12_a_removed_kid_stops_after_the_refresh() {
    let (desk, pair) = (desk(), Pair::ec());
    desk.provider.publishes(&[pair.jwk("a")]);
    let token = token(&pair, "a");
    Desk::assert_good(&desk.bearer(&token).await);
    desk.provider.publishes(&[Pair::ec().jwk("b")]);
    desk.clock.advance(599);
    Desk::assert_good(&desk.bearer(&token).await);
    assert_eq!(desk.provider.asked(), 1);
    desk.clock.advance(1);
    Desk::assert_good(&desk.bearer(&token).await);
    settle().await;
    assert_eq!(desk.provider.asked(), 2, "in the background");
    Desk::assert_bad(desk.bearer(&token).await, "not the issuer's");
}

#[tokio::test]
async fn t12_keys_that_nobody_asked_for_are_fetched_first() {
    let (desk, pair) = (desk(), Pair::ec());
    desk.provider.publishes(&[pair.jwk("a")]);
    let token = token(&pair, "a");
    Desk::assert_good(&desk.bearer(&token).await);
    desk.provider.publishes(&[Pair::ec().jwk("b")]);
    desk.clock.advance(1200);
    Desk::assert_bad(desk.bearer(&token).await, "not the issuer's");
}

#[tokio::test]
async fn t12_a_kid_may_get_another_key() {
    let (desk, old, new) = (desk(), Pair::ec(), Pair::ec());
    desk.provider.publishes(&[old.jwk("a")]);
    Desk::assert_good(&desk.bearer(&token(&old, "a")).await);
    desk.provider.publishes(&[new.jwk("a")]);
    desk.clock.advance(600);
    Desk::assert_good(&desk.bearer(&token(&old, "a")).await);
    settle().await;
    Desk::assert_good(&desk.bearer(&token(&new, "a")).await);
    Desk::assert_bad(desk.bearer(&token(&old, "a")).await, "signature");
}

#[tokio::test]
async fn t13_a_provider_that_was_never_there_is_503() {
    let (desk, pair) = (desk(), Pair::ec());
    for _ in 0..100 {
        let rejection = desk.bearer(&token(&pair, "a")).await.unwrap_err();
        assert!(matches!(rejection, Rejection::NoKeys { .. }));
        let fault = Fault::from(rejection);
        assert_eq!((&fault.parts().code, fault.parts().status), (&Code::StoreUnavailable, 503));
        assert_eq!(fault.parts().retry_after, Some(5));
        assert!(fault.parts().cause.as_deref().unwrap().contains("refused"), "{fault:?}");
    }
    assert_eq!(desk.provider.asked(), 1);
    desk.provider.publishes(&[pair.jwk("a")]);
    desk.clock.advance(5);
    Desk::assert_good(&desk.bearer(&token(&pair, "a")).await);
}

#[tokio::test]
async fn t13_old_keys_serve_while_the_provider_fails() {
    let (desk, pair) = (desk(), Pair::ec());
    desk.provider.publishes(&[pair.jwk("a")]);
    Desk::assert_good(&desk.bearer(&token(&pair, "a")).await);
    let many: Vec<Value> = (0..101).map(|id| pair.jwk(&id.to_string())).collect();
    for reply in [
        Err("timed out".to_owned()),
        Ok("<html>Sign in</html>".into()),
        Ok("".into()),
        Ok("[]".into()),
        Ok("{}".into()),
        Ok(r#"{"keys":{}}"#.into()),
        Ok(r#"{"keys":[],"keys":[]}"#.into()),
        Ok(json!({ "keys": many }).to_string().into()),
    ] {
        desk.provider.says(reply);
        let before = desk.provider.asked();
        desk.clock.advance(1200);
        for _ in 0..10 {
            Desk::assert_good(&desk.bearer(&token(&pair, "a")).await);
            settle().await;
        }
        assert_eq!(desk.provider.asked(), before + 1);
    }
}

#[tokio::test]
async fn keys_for_other_uses_are_passed_over() {
    let pair = Pair::ec();
    let with = |name: &str, value: Value| {
        let mut jwk = pair.jwk("a");
        jwk[name] = value;
        jwk
    };
    let bad = [
        with("use", json!("enc")),
        with("key_ops", json!(["sign"])),
        with("alg", json!("ES384")),
        with("crv", json!("P-384")),
        with("kty", json!("RSA")),
        with("kty", json!("new")),
        with("x", json!("AAAA")),
        with("y", json!("A".repeat(43))),
        with("kid", json!(5)),
        Pair::secret().jwk("a"),
        Pair::ed().jwk("a"),
    ];
    for jwk in bad {
        let desk = desk();
        desk.provider.publishes(&[jwk]);
        Desk::assert_bad(desk.bearer(&token(&pair, "a")).await, "not the issuer's");
    }
    let good = [
        with("use", json!("sig")),
        with("key_ops", json!(["sign", "verify"])),
        with("alg", json!("ES256")),
        with("x5c", json!(["AAAA"])),
    ];
    for jwk in good {
        let desk = desk();
        desk.provider.publishes(&[json!({"kty": "new"}), json!(5), jwk, Pair::ed().jwk("a")]);
        Desk::assert_good(&desk.bearer(&token(&pair, "a")).await);
    }
}

#[tokio::test]
async fn a_short_rsa_key_is_passed_over() {
    let (desk, pair) = (Desk::new([published(Algorithm::RS256)]), Pair::rsa());
    let mut jwk = pair.jwk("a");
    jwk["n"] = json!("w".repeat(128 * 4 / 3));
    desk.provider.publishes(&[jwk]);
    let token = pair.token(json!({"alg": "RS256", "kid": "a"}), claims(json!({})));
    Desk::assert_bad(desk.bearer(&token).await, "not the issuer's");
}

#[tokio::test]
async fn every_algorithm_works_from_a_key_set() {
    for (algorithm, pair) in [
        (Algorithm::RS256, Pair::rsa()),
        (Algorithm::PS256, Pair::rsa()),
        (Algorithm::ES256, Pair::ec()),
        (Algorithm::EdDSA, Pair::ed()),
    ] {
        let desk = Desk::new([published(algorithm)]);
        desk.provider.publishes(&[pair.jwk("a")]);
        let token = pair.token(json!({"alg": algorithm.name()}), claims(json!({})));
        Desk::assert_good(&desk.bearer(&token).await);
    }
}

/// What `Http` makes of a server that answers with these bytes and then hangs.
async fn fetched(reply: impl Into<Bytes>, timeout: Duration) -> Result<Bytes, String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/jwks?key=secret", listener.local_addr().unwrap());
    let reply = reply.into();
    let server = async {
        let (mut socket, _) = listener.accept().await.unwrap();
        let _ = socket.read(&mut [0; 4096]).await;
        let _ = socket.write_all(&reply).await;
        std::future::pending::<()>().await;
    };
    let http = Http::with_timeout(timeout);
    let result = tokio::select! {
        result = http.fetch(&url) => result,
        () = server => unreachable!("it hangs"),
    };
    assert!(!format!("{result:?}").contains("secret"), "{result:?}");
    result
}

#[tokio::test]
async fn t13_fetching_is_bounded() {
    let long = Duration::from_secs(60);
    let ok =
        |body: &str| format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    assert_eq!(fetched(ok("{}"), long).await.unwrap(), "{}");
    let huge = fetched(ok(&" ".repeat(256 * 1024 + 1)), long).await;
    assert_eq!(huge.unwrap_err(), "more than 256 KiB");
    let elsewhere =
        "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(fetched(elsewhere, long).await.unwrap_err(), "status 302");
    let garbage = fetched("SSH-2.0-OpenSSH_9.9\r\n\r\n", long).await;
    assert!(garbage.is_err());
    let slow = fetched("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{", Duration::from_millis(20));
    assert!(slow.await.unwrap_err().contains("timed out"));
}
