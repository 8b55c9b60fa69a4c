//! Nothing that is secret leaves: not to the browser, not to the log (`S22`, `O10`).

use super::*;

#[tokio::test]
async fn s22_no_token_code_or_cookie_stands_in_a_log_or_a_body() {
    let idp = Idp::start().await;
    let level = "\n[telemetry]\nlevel = \"trace\"\n";
    let program = config(&idp, "", level).launch();
    let alice = Browser::at(format!("http://{}", program.address));
    let mut bodies = Vec::new();
    let mut secrets = Vec::new();
    let back = alice.begins_login(&idp, "alice").await;
    secrets.extend(
        alice
            .cookie()
            .split("; ")
            .filter_map(|pair| pair.split_once('='))
            .map(|(_, value)| value.to_owned()),
    );
    secrets.extend(
        ["state", "nonce"].iter().filter_map(|name| parameter(&format!("{ORIGIN}{back}"), name)),
    );
    bodies.push(alice.navigate(&back).await);
    secrets.extend(
        alice
            .cookie()
            .split("; ")
            .filter_map(|pair| pair.split_once('='))
            .map(|(_, value)| value.to_owned()),
    );
    for path in ["/me", "/maybe", "/auth/session", "/page"] {
        bodies.push(alice.fetch(path).await);
    }
    // What goes wrong says no more.
    bodies.push(alice.navigate(&back).await);
    idp.id_tokens(json!({"nonce": "another"}));
    let second = Browser::at(format!("http://{}", program.address));
    let back = second.begins_login(&idp, "bob").await;
    bodies.push(second.navigate(&back).await);
    bodies.push(alice.post("/auth/logout").await);
    let stop = tokio::task::spawn_blocking(move || program.stop());
    let (_, lines) = stop.await.expect("it stops");
    secrets.extend(idp.secrets());
    secrets.push(idp.sid("alice").expect("a sid"));
    assert!(secrets.len() > 8, "{secrets:?}");
    for secret in &secrets {
        let in_log = lines.iter().find(|line| line.contains(&**secret));
        assert_eq!(in_log, None, "{secret}");
        let in_body = bodies.iter().find(|reply| reply.body.contains(&**secret));
        assert!(in_body.is_none(), "{secret}: {in_body:?}");
    }
    // Who logs in and out stands there, by a hash that opens nothing.
    let has = |message: &str| lines.iter().any(|line| line.contains(message));
    assert!(
        has("a session has begun") && has("a session has ended") && has("a sign-in failed"),
        "{lines:#?}"
    );
}
