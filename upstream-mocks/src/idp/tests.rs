use super::*;

fn request(idp: &Idp, more: &str) -> String {
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"; // RFC 7636, appendix B
    format!(
        "{}/authorize?response_type=code&client_id={CLIENT_ID}&redirect_uri=http%3A%2F%2Fa%2Fcb\
         &scope=openid%20offline_access&state=s1&nonce=n1&code_challenge={challenge}\
         &code_challenge_method=S256{more}",
        idp.issuer()
    )
}

async fn ask(idp: &Idp, form: &str) -> (u16, Value) {
    let client = reqwest::Client::new();
    let request = client.post(idp.issuer() + "/token");
    let secret = "s3cret%3A%20with%2Bodd%2Fcharacters%25";
    let request = request.basic_auth(CLIENT_ID, Some(secret)).body(form.to_owned());
    let reply = request.send().await.unwrap();
    let status = reply.status().as_u16();
    (status, serde_json::from_str(&reply.text().await.unwrap()).unwrap())
}

async fn redeem(idp: &Idp) -> (u16, Value) {
    let back = idp.authorize(&request(idp, ""), "u1");
    let pairs = crate::wire::form_pairs(back.split_once('?').unwrap().1);
    let code = &pairs.iter().find(|(name, _)| name == "code").unwrap().1;
    assert!(pairs.contains(&("iss".to_owned(), idp.issuer())));
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let form = format!(
        "grant_type=authorization_code&code={code}&redirect_uri=http%3A%2F%2Fa%2Fcb&code_verifier={verifier}"
    );
    let first = ask(idp, &form).await;
    assert_eq!(ask(idp, "grant_type=authorization_code&code=x").await.0, 400);
    first
}

#[tokio::test]
async fn a_code_gives_tokens_and_refresh_tokens_rotate() {
    let idp = Idp::start().await;
    let (status, tokens) = redeem(&idp).await;
    assert_eq!((status, &tokens["token_type"]), (200, &json!("Bearer")));
    let old = tokens["refresh_token"].as_str().unwrap().to_owned();
    let (status, new) = ask(&idp, &format!("grant_type=refresh_token&refresh_token={old}")).await;
    assert_eq!((status, new["refresh_token"] == json!(old)), (200, false));
    assert!(idp.is_alive("u1"));

    let again = ask(&idp, &format!("grant_type=refresh_token&refresh_token={old}")).await;
    assert_eq!(again, (400, json!({"error": "invalid_grant"})));
    assert_eq!((idp.reused(), idp.is_alive("u1"), idp.given("refresh_token")), (1, false, 1));
}

#[tokio::test]
async fn it_says_what_it_is_told() {
    let idp = Idp::start().await;
    idp.says(json!({"jwks_uri": null, "x": 1}));
    idp.answers(json!({"token_type": "mac", "id_token": null}));
    let text = reqwest::get(idp.issuer() + "/.well-known/openid-configuration").await.unwrap();
    let said: Value = serde_json::from_str(&text.text().await.unwrap()).unwrap();
    assert_eq!((&said["jwks_uri"], &said["x"]), (&Value::Null, &json!(1)));
    let (_, tokens) = redeem(&idp).await;
    assert_eq!((&tokens["token_type"], tokens.get("id_token")), (&json!("mac"), None));
    assert!(idp.secrets().contains(&tokens["access_token"].as_str().unwrap().to_owned()));
}

#[tokio::test]
async fn a_stranger_gets_nothing() {
    let idp = Idp::start().await;
    let reply = reqwest::Client::new().post(idp.issuer() + "/token").basic_auth("x", Some("y"));
    assert_eq!(reply.send().await.unwrap().status(), 401);
}
