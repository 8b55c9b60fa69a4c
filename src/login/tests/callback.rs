//! Callbacks, and what the token endpoint answers to a code.

use std::time::Duration;

use serde_json::json;
use upstream_mocks::Reply;

use super::super::*;
use super::desk::*;

/// A callback whose `iss` is this.
async fn named(desk: &Desk, issuer: Option<&str>) -> Result<Granted, Problem> {
    let attempt = Attempt::new().unwrap();
    let url = desk.provider.authorization_url(BACK, &attempt).await?;
    let back = desk.idp.authorize(&url, "u1");
    let code = parameter(&back, "code").unwrap();
    desk.provider.redeem(BACK, &attempt, Callback { code: &code, issuer }).await
}

#[tokio::test]
async fn s3_o9_b25_a_callback_of_another_issuer_is_no_token_request() {
    let desk = Desk::new().await;
    let issuer = desk.idp.issuer();
    let others = ["https://evil.example/", "", &(issuer.clone() + "/"), &issuer.to_uppercase()];
    for other in others {
        assert_bad(named(&desk, Some(other)).await, "another issuer's");
    }
    assert_bad(named(&desk, None).await, "does not name its issuer");
    assert_eq!(desk.asked("POST /token"), 0);
    named(&desk, Some(&issuer)).await.unwrap();

    let desk = Desk::new().await;
    desk.idp.says(json!({"authorization_response_iss_parameter_supported": null}));
    assert_bad(named(&desk, Some("https://evil.example/")).await, "another issuer's");
    assert_eq!(desk.asked("POST /token"), 0);
    named(&desk, None).await.unwrap();
}

#[tokio::test]
async fn s4_a_code_is_redeemed_once_and_with_its_own_verifier() {
    let desk = Desk::new().await;
    let (one, other) = (Attempt::new().unwrap(), Attempt::new().unwrap());
    let url = desk.provider.authorization_url(BACK, &one).await.unwrap();
    let stolen = desk.come_back(&desk.idp.authorize(&url, "u1"), &other).await;
    assert!(stolen.unwrap_err().is_invalid_grant());
    let back = desk.idp.authorize(&url, "u1");
    desk.come_back(&back, &one).await.unwrap();
    assert!(desk.come_back(&back, &one).await.unwrap_err().is_invalid_grant());
    let codes = ["", &"c".repeat(4097)];
    for code in codes {
        let callback = Callback { code, issuer: Some(&desk.idp.issuer()) };
        assert_bad(desk.provider.redeem(BACK, &one, callback).await, "a code that is none");
    }
    assert_eq!(desk.asked("POST /token"), 3);
}

#[tokio::test]
async fn an_answer_without_what_is_needed_is_bad() {
    let desk = Desk::new().await;
    let long = "t".repeat(16 * 1024 + 1);
    for (answer, cause) in [
        (json!({"id_token": null}), "no ID token"),
        (json!({"access_token": null}), "no access token"),
        (json!({"token_type": null}), "no bearer token"),
        (json!({"token_type": "DPoP"}), "no bearer token"),
        (json!({"token_type": "N_A"}), "no bearer token"),
        (json!({"token_type": ["Bearer"]}), "no bearer token"),
        (json!({"access_token": ""}), "a token that is none"),
        (json!({"access_token": 5}), "a token that is none"),
        (json!({"access_token": "a b"}), "a token that is none"),
        (json!({"access_token": "a\r\nx: y"}), "a token that is none"),
        (json!({"access_token": "ü"}), "a token that is none"),
        (json!({ "access_token": long }), "a token that is none"),
        (json!({"refresh_token": ""}), "a token that is none"),
        (json!({"refresh_token": ["x"]}), "a token that is none"),
        (json!({"id_token": {}}), "a token that is none"),
        (json!({"expires_in": "soon"}), "no number of seconds"),
        (json!({"expires_in": -1}), "no number of seconds"),
        (json!({"expires_in": 1.5}), "no number of seconds"),
        (json!({"expires_in": {}}), "no number of seconds"),
    ] {
        desk.idp.answers(answer);
        assert_bad(desk.log_in().await, cause);
    }
    for answer in [
        json!({"token_type": "bearer"}),
        json!({"token_type": "BEARER", "expires_in": "3599", "x": {"y": [1]}}),
        json!({"expires_in": u64::MAX}),
        json!({"expires_in": null, "refresh_token": null}),
    ] {
        desk.idp.answers(answer);
        desk.log_in().await.unwrap();
    }
}

#[tokio::test]
async fn s22_a_refusal_is_told_by_its_code_alone() {
    let desk = Desk::new().await;
    let refusal = |status, error: &str| {
        let text = "u1 has no code at.secret, see http://127.0.0.1/?code=x";
        let said = json!({"error": error, "error_description": text, "error_uri": text});
        Reply::json(said).with_status(status)
    };
    for status in [400, 401, 403] {
        desk.idp.http().once("POST", "/token", refusal(status, "invalid_client"));
        assert_eq!(desk.log_in().await.unwrap_err(), Problem::Refused("invalid_client".into()));
    }
    for odd in ["at.X8sdf7", "a\nb", "", &"a".repeat(41)] {
        desk.idp.http().once("POST", "/token", refusal(400, odd));
        let refused = desk.log_in().await.unwrap_err();
        assert_eq!(refused, Problem::Refused("an unknown code".into()));
    }
}

#[tokio::test]
async fn who_answers_nothing_of_use_is_away() {
    let desk = Desk::with(|settings| settings.timeout = Duration::from_millis(300)).await;
    desk.log_in().await.unwrap();
    let error = json!({"error": "invalid_grant"});
    let html = || Reply::text("<html>Sign in</html>").header("content-type", "text/html");
    for (reply, cause) in [
        (Reply::status(500), "status 500"),
        (Reply::json(error.clone()).with_status(503), "status 503"),
        (Reply::json(error.clone()).with_status(429), "status 429"),
        (Reply::json(json!({"error": "server_error"})).with_status(400), "status 400"),
        (Reply::json(json!({"error": 5})).with_status(400), "status 400"),
        (Reply::json(json!([error])).with_status(400), "status 400"),
        (html(), "not strict JSON"),
        (html().with_status(404), "status 404"),
        (Reply::status(302).header("location", "/token2"), "status 302"),
        (Reply::status(204), "status 204"),
        (Reply::text("{\"access_token\":\"a\",\"access_token\":\"b\"}"), "not strict JSON"),
        (Reply::text("{}").body(vec![b' '; 256 * 1024 + 1]), "more than 256 KiB"),
        (Reply::text(" ".repeat(300_000)).chunked(1000), "more than 256 KiB"),
        (Reply::hang(), "timed out"),
        (Reply::text("{\"a\":").longer_length(9).then(upstream_mocks::Then::Hang), "timed out"),
        (Reply::json(json!({})).drip(Duration::from_secs(1)), "timed out"),
        (Reply::close(), ""),
        (Reply::reset(), ""),
        (Reply::raw("SSH-2.0-OpenSSH_9.9\r\n", upstream_mocks::Then::Close), ""),
    ] {
        desk.idp.http().once("POST", "/token", reply);
        assert_away(desk.log_in().await, cause);
    }
    assert_eq!(desk.asked("GET /token2") + desk.asked("POST /token2"), 0);
    desk.log_in().await.unwrap();
}
