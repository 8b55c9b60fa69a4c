//! What tests need: a provider that obeys, who speaks with it, and a clock for both.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use serde_json::{Value, json};
use upstream_mocks::{CLIENT_ID, CLIENT_SECRET, Idp, SigningKey};
use url::Url;

use super::super::*;
use crate::clock::{Clock, SystemClock};

pub(super) const BACK: &str = "https://app.example.com/auth/callback";

pub(super) struct Desk {
    pub(super) idp: Idp,
    pub(super) provider: Provider,
    clock: Arc<Ahead>,
}

#[derive(Default)]
pub(super) struct Ahead(AtomicU64);

impl Clock for Ahead {
    fn now(&self) -> Duration {
        SystemClock.now() + Duration::from_secs(self.0.load(SeqCst))
    }
}

pub(super) fn settings(at: At) -> Settings {
    Settings {
        name: "main".into(),
        at,
        client_id: CLIENT_ID.into(),
        client: ClientAuth::Secret(CLIENT_SECRET.into()),
        scopes: vec!["openid".into(), "offline_access".into()],
        params: vec![],
        resource: vec![],
        timeout: Duration::from_secs(5),
    }
}

impl Desk {
    pub(super) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(super) async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let idp = Idp::start().await;
        let mut settings = settings(At::Issuer(idp.issuer().into()));
        change(&mut settings);
        let clock = Arc::new(Ahead::default());
        let provider = Provider::new(settings, clock.clone()).unwrap();
        Self { idp, provider, clock }
    }

    /// The gateway's own key; the provider knows it.
    pub(super) async fn with_key(key: SigningKey) -> Self {
        let pem = key.private_pem().as_bytes().to_vec();
        let desk = Self::with(|settings| settings.client = ClientAuth::Key(pem)).await;
        desk.idp.client_key(&key);
        desk
    }

    /// Time goes by for the gateway and the provider.
    pub(super) fn advance(&self, seconds: u64) {
        self.clock.0.fetch_add(seconds, SeqCst);
        self.idp.advance(seconds);
    }

    pub(super) fn advance_ours(&self, seconds: u64) {
        self.clock.0.fetch_add(seconds, SeqCst);
    }

    /// Somebody logs in.
    pub(super) async fn log_in(&self) -> Result<Granted, Problem> {
        let attempt = Attempt::new().unwrap();
        let url = self.provider.authorization_url(BACK, &attempt).await?;
        let back = self.idp.authorize(&url, "u1");
        let granted = self.come_back(&back, &attempt).await;
        self.assert_quiet(&granted);
        granted
    }

    /// Somebody logs in, and the ID token is made of the usual claims.
    pub(super) async fn shown(
        &self,
        make: impl FnOnce(Value) -> String,
    ) -> Result<Granted, Problem> {
        let attempt = Attempt::new().unwrap();
        let url = self.provider.authorization_url(BACK, &attempt).await?;
        let token = make(self.usual(&attempt.nonce));
        self.idp.answers(json!({"id_token": token}));
        let back = self.idp.authorize(&url, "u1");
        let granted = self.come_back(&back, &attempt).await;
        self.assert_quiet(&granted);
        granted
    }

    /// The claims of a good ID token.
    pub(super) fn usual(&self, nonce: &str) -> Value {
        let now = self.idp.now();
        json!({
            "iss": self.idp.issuer(), "aud": CLIENT_ID, "sub": "u1", "iat": now, "exp": now + 300,
            "nonce": nonce,
        })
    }

    /// ID tokens with each of these claims are refused, for this reason.
    pub(super) async fn refuses(&self, changes: impl IntoIterator<Item = Value>, cause: &str) {
        for change in changes {
            self.idp.id_tokens(change);
            assert_bad(self.log_in().await, cause);
        }
        self.idp.id_tokens(json!({}));
    }

    /// ID tokens with each of these claims are accepted.
    pub(super) async fn accepts(&self, changes: impl IntoIterator<Item = Value>) {
        for change in changes {
            self.idp.id_tokens(change.clone());
            let granted = self.log_in().await;
            assert!(granted.is_ok(), "{granted:?} for {change}");
        }
    }

    /// The callback with these parameters.
    pub(super) async fn come_back(
        &self,
        back: &str,
        attempt: &Attempt,
    ) -> Result<Granted, Problem> {
        let code = parameter(back, "code").unwrap();
        let issuer = parameter(back, "iss");
        let callback = Callback { code: &code, issuer: issuer.as_deref() };
        self.provider.redeem(BACK, attempt, callback).await
    }

    /// What goes wrong is told without a secret.
    pub(super) fn assert_quiet<T: std::fmt::Debug>(&self, outcome: &Result<T, Problem>) {
        if let Err(problem) = outcome {
            let shown = format!("{problem:?} {problem}");
            for secret in self.idp.secrets() {
                assert!(!shown.contains(&secret), "{shown}");
            }
            assert!(!shown.contains("http://"), "{shown}");
        }
    }

    pub(super) fn asked(&self, key: &str) -> usize {
        self.idp.http().count(key)
    }

    /// The reply of a provider that is good, and that knows nothing of having been asked.
    pub(super) async fn metadata(&self) -> Value {
        let url = self.idp.issuer() + "/.well-known/openid-configuration";
        let text = reqwest::get(url).await.unwrap().text().await.unwrap();
        self.idp.http().forget();
        serde_json::from_str(&text).unwrap()
    }

    /// The forms that the token endpoint got.
    pub(super) fn forms(&self) -> Vec<Vec<(String, String)>> {
        let requests = self.idp.http().requests();
        let posts = requests.iter().filter(|request| request.key() == "POST /token");
        posts.map(|request| request.form_pairs()).collect()
    }
}

/// Waits for what happens in the background.
pub(super) async fn until(mut done: impl FnMut() -> bool) {
    let patience = Duration::from_secs(30);
    let happens = async {
        while !done() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(patience, happens).await.expect("it happens");
}

pub(super) const DISCOVERY: &str = "GET /.well-known/openid-configuration";

pub(super) fn parameter(url: &str, name: &str) -> Option<String> {
    let url = Url::parse(url).unwrap();
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

pub(super) fn parameters(url: &str, name: &str) -> Vec<String> {
    let url = Url::parse(url).unwrap();
    let named = url.query_pairs().filter(|(key, _)| key == name);
    named.map(|(_, value)| value.into_owned()).collect()
}

#[track_caller]
pub(super) fn assert_bad<T: std::fmt::Debug>(outcome: Result<T, Problem>, cause: &str) {
    match outcome {
        Err(Problem::Bad(why)) => assert!(why.contains(cause), "{why} is not {cause}"),
        other => panic!("{other:?} is not {cause}"),
    }
}

#[track_caller]
pub(super) fn assert_away<T: std::fmt::Debug>(outcome: Result<T, Problem>, cause: &str) {
    match outcome {
        Err(Problem::Away(why)) => assert!(why.contains(cause), "{why} is not {cause}"),
        other => panic!("{other:?} is not {cause}"),
    }
}

pub(super) fn claims(granted: &Granted) -> Value {
    serde_json::from_str(&granted.id_token.as_ref().unwrap().claims).unwrap()
}
