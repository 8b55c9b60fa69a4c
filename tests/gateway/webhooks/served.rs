//! Deliveries that are believed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;

/// 24 bytes, as base64: the least that Standard Webhooks asks for.
const STANDARD_SECRET: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

#[tokio::test]
async fn a_signed_delivery_of_each_scheme_is_served() {
    let body = r#"{"id":"evt_1","event_id":"Ev1"}"#;
    let time = now();
    let over_time = |before: String| mac(SECRET, format!("{before}{body}"));
    let standard = STANDARD.decode(STANDARD_SECRET).expect("base64");
    let standard = mac(standard, format!("msg_1.{time}.{body}"));
    let schemes = [
        (STRIPE.to_owned(), vec![("Stripe-Signature", stripe(SECRET, time, body))]),
        (GITHUB.to_owned(), vec![("X-Hub-Signature-256", github(body))]),
        (
            r#"{ scheme = "slack", secrets = ["${HOOK_SECRET}"] }"#.to_owned(),
            vec![
                ("X-Slack-Request-Timestamp", time.to_string()),
                ("X-Slack-Signature", format!("v0={}", hex(&over_time(format!("v0:{time}:"))))),
            ],
        ),
        (
            r#"{ scheme = "shopify", secrets = ["${HOOK_SECRET}"] }"#.to_owned(),
            vec![("X-Shopify-Hmac-Sha256", STANDARD.encode(mac(SECRET, body)))],
        ),
        (
            format!("{{ scheme = \"standard-webhooks\", secrets = [\"whsec_{STANDARD_SECRET}\"] }}"),
            vec![
                ("webhook-id", "msg_1".to_owned()),
                ("webhook-timestamp", time.to_string()),
                ("webhook-signature", format!("v1,AAAA v1,{}", STANDARD.encode(standard))),
            ],
        ),
        (
            r#"{ scheme = "hmac", secrets = ["${HOOK_SECRET}"], header = "x-sig", encoding = "base64", prefix = "v=" }"#
                .to_owned(),
            vec![("x-sig", format!("v={}", STANDARD.encode(mac(SECRET, body))))],
        ),
    ];
    for (signature, headers) in schemes {
        let service = service().await;
        let gateway = json_hook(&service, &signature).await;
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();

        delivery(&gateway, &headers, body).await.assert_data(200, json!("told"));
        assert_eq!(service.requests()[0].json(), json!({"id": "evt_1", "event_id": "Ev1"}));

        let other = body.replace("evt_1", "evt_2");
        let refused = delivery(&gateway, &headers, other).await;
        refused.assert_error(401, "UNAUTHORIZED");
        assert_eq!(service.requests().len(), 1, "{signature}");
    }
}

#[tokio::test]
async fn githubs_own_example_is_good() {
    let service = service().await;
    let github = r#"{ scheme = "github", secrets = ["It's a Secret to Everybody"] }"#;
    let gateway = raw_hook(&service, github).await;
    let signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    let request = gateway.request("POST", "/hook").body("text/plain", "Hello, World!");
    request.header("x-hub-signature-256", signature).await.assert_status(200);
}

#[tokio::test]
async fn what_is_forwarded_raw_is_what_was_signed() {
    let service = service().await;
    let gateway = raw_hook(&service, GITHUB).await;
    let body = b"{\"b\": 1,\n \"a\":2 , \"a\":3}\x00\xff";

    let request = gateway.request("POST", "/hook").body("application/x-odd; q=1", body.to_vec());
    request.header("x-hub-signature-256", &github(body)).await.assert_status(200);

    let told = &service.requests()[0];
    assert_eq!(told.body, &body[..]);
    assert_eq!(told.header("content-type"), Some("application/x-odd; q=1"));
    assert_eq!(told.header("x-hub-signature-256"), None);
}

#[tokio::test]
async fn two_secrets_are_good_while_one_is_being_replaced() {
    let service = service().await;
    let both = r#"{ scheme = "stripe", secrets = ["the-new-secret-of-ours", "${HOOK_SECRET}"] }"#;
    let gateway = json_hook(&service, both).await;
    for (index, secret) in ["the-new-secret-of-ours", SECRET].into_iter().enumerate() {
        let body = format!("{{\"id\":\"evt_{index}\"}}");
        let signature = stripe(secret, now(), &body);
        delivery(&gateway, &[("stripe-signature", &signature)], body).await.assert_status(200);
    }
    let body = "{\"id\":\"evt_3\"}";
    let signature = stripe("some-other-secret-of-ours", now(), body);
    let reply = delivery(&gateway, &[("stripe-signature", &signature)], body).await;
    reply.assert_error(401, "UNAUTHORIZED");
}

#[tokio::test]
async fn a_header_may_hold_many_signatures() {
    let service = service().await;
    let gateway = json_hook(&service, STRIPE).await;
    let (time, body) = (now(), r#"{"id":"evt_1"}"#);
    let wrong = format!("v1={}", "ab".repeat(32));
    let header = format!("{},{}", stripe(SECRET, time, body), vec![&wrong[..]; 400].join(","));

    delivery(&gateway, &[("stripe-signature", &header)], body).await.assert_status(200);
    let all_wrong = format!("t={time},{}", vec![&wrong[..]; 400].join(","));
    let reply = delivery(&gateway, &[("stripe-signature", &all_wrong)], body).await;
    reply.assert_error(401, "UNAUTHORIZED");
}

#[tokio::test]
async fn large_and_chunked_bodies_are_checked_whole() {
    let service = service().await;
    let gateway = hook(&service, GITHUB, "max_body = \"4MiB\"", "body = \"raw\"").await;
    let large = vec![b'x'; 3 * 1024 * 1024];
    let headers = [("x-hub-signature-256", &*github(&large))];
    delivery(&gateway, &headers, large.clone()).await.assert_status(200);
    let mut changed = large;
    changed[2_000_000] = b'y';
    delivery(&gateway, &headers, changed).await.assert_error(401, "UNAUTHORIZED");

    let chunked = |chunks: &str| {
        format!(
            "POST /hook HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\
             x-hub-signature-256: {}\r\n\r\n{chunks}",
            github("hello world")
        )
    };
    let good = gateway.exchange(chunked("6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n"), "POST").await;
    assert_eq!(good[0].status, 200);
    let bad = gateway.exchange(chunked("6\r\nhello \r\n5\r\nWorld\r\n0\r\n\r\n"), "POST").await;
    bad[0].assert_error(401, "UNAUTHORIZED");
    assert_eq!(service.requests().len(), 2);
}

#[tokio::test]
async fn cookies_tokens_and_origins_mean_nothing_to_a_webhook() {
    let service = service().await;
    let gateway = json_hook(&service, GITHUB).await;
    let unsigned = delivery(&gateway, &[("origin", "https://evil.test")], "{}").cookie_user("u1");
    unsigned.await.assert_error(401, "UNAUTHORIZED");
    let headers = [
        ("x-hub-signature-256", &*github("{}")),
        ("origin", "https://evil.test"),
        ("sec-fetch-site", "cross-site"),
        ("authorization", "Bearer nonsense"),
    ];
    delivery(&gateway, &headers, "{}").cookie_user("u1").await.assert_status(200);
}
