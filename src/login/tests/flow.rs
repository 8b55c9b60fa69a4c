//! What is asked of a good provider, and what comes of it.

use upstream_mocks::{Idp, Reply};

use super::super::*;
use super::desk::*;
use crate::identity::Token;

#[tokio::test]
async fn a_login_gives_verified_tokens() {
    let desk = Desk::new().await;
    let granted = desk.log_in().await.unwrap();
    let id = granted.id_token.as_ref().unwrap();
    assert_eq!((&*id.issuer, &*id.subject), (&*desk.idp.issuer(), "u1"));
    assert_eq!(id.sid.as_deref(), desk.idp.sid("u1").as_deref());
    assert_eq!(claims(&granted)["email"], "u1@id.test");
    assert!(granted.access_token.reveal().starts_with("at."));
    assert!(granted.refresh_token.as_ref().unwrap().reveal().starts_with("rt."));
    let life = granted.access_expires_at.unwrap() - desk.idp.now();
    assert!((298..=300).contains(&life), "{life}");
    let shown = format!("{granted:?}");
    assert!(desk.idp.secrets().iter().all(|secret| !shown.contains(secret)), "{shown}");
}

#[tokio::test]
async fn b2_o3_the_authorization_request_is_a_code_flow_with_pkce_state_and_nonce() {
    let desk = Desk::with(|settings| {
        settings.params = vec![("prompt".into(), "select account".into())];
        settings.resource = vec!["https://a.example/".into(), "https://b.example/".into()];
    })
    .await;
    let endpoint = desk.idp.issuer() + "/authorize?tenant=a%20b";
    desk.idp.says(serde_json::json!({ "authorization_endpoint": endpoint }));
    let attempt = Attempt {
        state: "s".into(),
        nonce: "n".into(),
        verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into(),
    };
    let url = desk.provider.authorization_url(BACK, &attempt).await.unwrap();
    assert!(url.starts_with(&(endpoint + "&")), "{url}");
    for (name, value) in [
        ("tenant", "a b"),
        ("response_type", "code"),
        ("client_id", "dashboard"),
        ("redirect_uri", BACK),
        ("scope", "openid offline_access"),
        ("state", "s"),
        ("nonce", "n"),
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        ("code_challenge_method", "S256"),
        ("prompt", "select account"),
    ] {
        assert_eq!(parameters(&url, name), [value], "{name}");
    }
    assert_eq!(parameters(&url, "resource"), ["https://a.example/", "https://b.example/"]);
}

#[tokio::test]
async fn attempts_are_never_alike_and_not_shown() {
    let (one, other) = (Attempt::new().unwrap(), Attempt::new().unwrap());
    let all = [&one.state, &one.nonce, &one.verifier, &other.state, &other.nonce, &other.verifier];
    let different: std::collections::HashSet<_> = all.iter().collect();
    assert_eq!(different.len(), 6);
    assert!(all.iter().all(|text| text.len() == 43));
    assert_eq!(format!("{one:?}"), "Attempt(***)");
}

#[tokio::test]
async fn a_refresh_gives_new_tokens_and_keeps_the_resource() {
    let resource = "https://api.example/";
    let desk = Desk::with(|settings| settings.resource = vec![resource.into()]).await;
    let granted = desk.log_in().await.unwrap();
    let old = granted.refresh_token.unwrap();
    let new = desk.provider.refresh(&old, "u1").await.unwrap();
    assert_ne!(new.access_token, granted.access_token);
    assert_ne!(new.refresh_token.as_ref(), Some(&old));
    assert_eq!(&*new.id_token.unwrap().subject, "u1");
    for form in desk.forms() {
        assert!(form.contains(&("resource".into(), resource.into())), "{form:?}");
    }

    let again = desk.provider.refresh(&old, "u1").await.unwrap_err();
    assert!(again.is_invalid_grant(), "{again}");
    assert_eq!((desk.idp.reused(), desk.idp.is_alive("u1")), (1, false));
}

#[tokio::test]
async fn a_refresh_may_keep_its_token_and_bring_no_id_token() {
    let desk = Desk::new().await;
    desk.idp.keeps_refresh_tokens();
    desk.idp.access_ttl(None);
    let granted = desk.log_in().await.unwrap();
    desk.idp.answers(serde_json::json!({"id_token": null}));
    let new = desk.provider.refresh(&granted.refresh_token.unwrap(), "u1").await.unwrap();
    assert!(new.refresh_token.is_none() && new.id_token.is_none());
    assert_eq!(new.access_expires_at, None);
}

#[tokio::test]
async fn the_way_out_leads_over_the_provider_where_it_has_one() {
    let desk = Desk::new().await;
    let token = desk.log_in().await.unwrap().id_token.unwrap().token;
    let back = "https://app.example.com/";
    let url = desk.provider.logout_url(back, None).await.unwrap().unwrap();
    assert!(url.starts_with(&(desk.idp.issuer() + "/logout?")), "{url}");
    assert_eq!(parameters(&url, "client_id"), ["dashboard"]);
    assert_eq!(parameters(&url, "post_logout_redirect_uri"), [back]);
    assert!(parameters(&url, "id_token_hint").is_empty());
    let url = desk.provider.logout_url(back, Some(&token)).await.unwrap().unwrap();
    assert_eq!(parameters(&url, "id_token_hint"), [token.reveal()]);

    let desk = Desk::new().await;
    desk.idp.says(serde_json::json!({"end_session_endpoint": null}));
    assert_eq!(desk.provider.logout_url(back, None).await.unwrap(), None);
}

#[tokio::test]
async fn what_is_revoked_counts_no_more() {
    let desk = Desk::new().await;
    let token = desk.log_in().await.unwrap().refresh_token.unwrap();
    desk.provider.revoke(&token, true).await.unwrap();
    assert!(!desk.idp.is_alive("u1"));
    assert!(desk.provider.refresh(&token, "u1").await.unwrap_err().is_invalid_grant());

    let desk = Desk::new().await;
    desk.idp.says(serde_json::json!({"revocation_endpoint": null}));
    let token = desk.log_in().await.unwrap().refresh_token.unwrap();
    desk.provider.revoke(&token, true).await.unwrap();
    assert!(desk.idp.is_alive("u1"));
}

#[tokio::test]
async fn the_gateway_gets_a_token_of_its_own_and_exchanges_those_of_users() {
    let desk = Desk::with(|settings| settings.resource = vec!["https://a.example/".into()]).await;
    let own = desk.provider.client_credentials(Some("billing"), Some("read")).await.unwrap();
    assert!(own.access_token.reveal().starts_with("cc."));
    let user = desk.log_in().await.unwrap().access_token;
    let exchanged = desk.provider.exchange(&user, Some("billing"), None).await.unwrap();
    assert!(exchanged.access_token.reveal().starts_with("xt."));
    let forms = desk.forms();
    let text = |form: usize| {
        forms[form].iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(text(0), @r"
    grant_type=client_credentials
    scope=read
    audience=billing
    ");
    insta::assert_snapshot!(text(2).replace(user.reveal(), "[user]"), @r"
    grant_type=urn:ietf:params:oauth:grant-type:token-exchange
    subject_token=[user]
    subject_token_type=urn:ietf:params:oauth:token-type:access_token
    requested_token_type=urn:ietf:params:oauth:token-type:access_token
    audience=billing
    ");
    let foreign = desk.provider.exchange(&Token::new("at.x"), None, None).await.unwrap_err();
    assert!(foreign.is_invalid_grant());
    let last = desk.forms().pop().unwrap();
    assert!(last.contains(&("resource".into(), "https://a.example/".into())));
}

#[tokio::test]
async fn a_token_endpoint_alone_is_enough_for_tokens_without_a_login() {
    let idp = Idp::start().await;
    let settings = settings(At::TokenUrl(idp.issuer() + "/token"));
    let provider = Provider::new(settings, std::sync::Arc::new(crate::clock::SystemClock)).unwrap();
    let own = provider.client_credentials(None, None).await.unwrap();
    assert!(own.access_token.reveal().starts_with("cc."));
    provider.revoke(&own.access_token, false).await.unwrap();
    assert_bad(provider.refresh(&own.access_token, "u1").await, "token endpoint alone");
    assert_bad(provider.logged_out("x").await, "token endpoint alone");
    idp.http().once("POST", "/token", Reply::status(404));
    assert_away(provider.client_credentials(None, None).await, "status 404");
    let asked: Vec<_> = idp.http().requests().iter().map(|request| request.key()).collect();
    assert_eq!(asked, ["POST /token", "POST /token"]);
}
