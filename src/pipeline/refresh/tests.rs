use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use upstream_mocks::{CLIENT_ID, CLIENT_SECRET, Gate, Idp, Reply};

use super::Outcome;
use super::due::{Due, of};
use super::flight::{Reach, fly};
use crate::clock::{Clock, SystemClock};
use crate::fault::Code;
use crate::login::{At, Attempt, Callback, ClientAuth, Granted, Provider, Settings};
use crate::seal::Keys;
use crate::session::{Entries, Found, Live, Memory, Record, Sessions, Shared, Store};

/// The machine's clock and what a test has added.
#[derive(Default)]
struct Later(AtomicU64);

impl Clock for Later {
    fn now(&self) -> Duration {
        SystemClock.now() + Duration::from_secs(self.0.load(Ordering::SeqCst))
    }
}

/// Sessions of one provider, without a gateway around them.
struct Desk {
    idp: Idp,
    provider: Provider,
    shared: Shared,
    clock: Arc<Later>,
}

impl Desk {
    async fn new() -> Self {
        let (idp, clock) = (Idp::start().await, Arc::new(Later::default()));
        let settings = Settings {
            name: "main".into(),
            at: At::Issuer(idp.issuer().into()),
            client_id: CLIENT_ID.into(),
            client: ClientAuth::Secret(CLIENT_SECRET.into()),
            scopes: vec!["openid".into(), "offline_access".into()],
            params: Vec::new(),
            resource: Vec::new(),
            timeout: Duration::from_secs(5),
        };
        let provider = Provider::new(settings, clock.clone()).expect("good settings");
        let keys = Arc::new(Keys::new([vec![7; 32]]));
        let lives = (Duration::from_secs(1800), Duration::from_secs(8 * 3600));
        let store = Store::Memory(Memory::new(1 << 20));
        Self { idp, provider, shared: Shared::new(store, keys, lives, clock.clone()), clock }
    }

    fn sessions(&self) -> Sessions<'_> {
        let Store::Memory(memory) = &self.shared.store else { unreachable!("it is in memory") };
        self.shared.reach(Entries::Memory(memory))
    }

    fn reach(&self) -> Reach<'_> {
        Reach { sessions: self.sessions(), provider: &self.provider, clock: &*self.clock }
    }

    async fn granted(&self) -> Granted {
        let (attempt, back) = (Attempt::new().expect("randomness"), "http://127.0.0.1/cb");
        let url = self.provider.authorization_url(back, &attempt).await.expect("a URL");
        let callback = self.idp.authorize(&url, "u1");
        let callback = url::Url::parse(&callback).expect("a URL");
        let value = |name: &str| {
            let mut pairs = callback.query_pairs();
            pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
        };
        let (code, issuer) = (value("code").expect("a code"), value("iss"));
        let callback = Callback { code: &code, issuer: issuer.as_deref() };
        self.provider.redeem(back, &attempt, callback).await.expect("tokens")
    }

    /// Somebody logs in.
    async fn login(&self) -> Arc<Live> {
        let granted = self.granted().await;
        let id_token = granted.id_token.expect("an ID token");
        let record = Record {
            login: "main".into(),
            issuer: id_token.issuer.to_string(),
            subject: id_token.subject.to_string(),
            sid: id_token.sid.map(|sid| sid.to_string()),
            claims: id_token.claims.into(),
            id_token: None,
            access_token: granted.access_token.reveal().into(),
            access_expires_at: granted.access_expires_at,
            access_granted_at: self.clock.now().as_secs(),
            refresh_token: granted.refresh_token.map(|token| token.reveal().into()),
        };
        self.sessions().begin(&"app".into(), record).await.expect("a session")
    }

    async fn find(&self, live: &Live) -> Option<Arc<Live>> {
        match self.sessions().find(&live.key, &live.frontend).await.expect("a store") {
            Found::Live(live) => Some(live),
            Found::Ended | Found::Forged => None,
        }
    }

    async fn refreshed(&self, live: &Arc<Live>) -> Arc<Live> {
        match fly(self.reach(), live).await {
            Outcome::Live(next) => next,
            Outcome::Ended => panic!("it has ended"),
            Outcome::Failed(fault) => panic!("{fault:?}"),
        }
    }

    fn refreshes(&self) -> usize {
        self.idp.given("refresh_token")
    }
}

#[tokio::test]
async fn a_refresh_replaces_the_tokens_and_moves_no_end_of_the_session() {
    let desk = Desk::new().await;
    let live = desk.login().await;
    desk.clock.0.fetch_add(200, Ordering::SeqCst);
    let next = desk.refreshed(&live).await;
    assert_ne!(next.record.access_token, live.record.access_token);
    assert_ne!(next.record.refresh_token, live.record.refresh_token);
    assert_eq!(next.absolute_until, live.absolute_until);
    assert_eq!(next.version, live.version + 1);
    let found = desk.find(&live).await.expect("it lives");
    assert_eq!(found.record, next.record);
    assert_eq!(found.absolute_until, live.absolute_until);
}

#[tokio::test]
async fn what_the_provider_does_not_send_stays() {
    let desk = Desk::new().await;
    let live = desk.login().await;
    desk.idp.keeps_refresh_tokens();
    desk.idp.answers(json!({"id_token": null, "expires_in": null}));
    let next = desk.refreshed(&live).await;
    assert_eq!(next.record.refresh_token, live.record.refresh_token);
    assert_eq!(next.record.claims, live.record.claims);
    assert_eq!(next.record.access_expires_at, None, "nobody has said when it ends");
}

#[tokio::test]
async fn s16_instances_that_share_a_store_refresh_once_between_them() {
    let desk = Desk::new().await;
    let live = desk.login().await;
    // Each flight stands for an instance: inside one, all share a flight.
    let all = join_all((0..20).map(|_| desk.refreshed(&live))).await;
    assert_eq!(desk.refreshes(), 1);
    assert_eq!(desk.idp.reused(), 0);
    assert!(desk.idp.is_alive("u1"));
    assert!(all.iter().all(|one| one.record == all[0].record && one.version == 2));
    // Who comes late with what it was before sees what has come of it.
    desk.refreshed(&live).await;
    assert_eq!(desk.refreshes(), 1);
}

#[tokio::test]
async fn s17_a_session_that_ends_during_its_refresh_stays_dead_and_what_was_granted_is_revoked() {
    let desk = Desk::new().await;
    let live = desk.login().await;
    let ending = async {
        // The request for new tokens is the first one behind that for the code.
        while desk.refreshes() == 0 {
            tokio::task::yield_now().await;
        }
        desk.sessions().end(live.key.entry()).await.expect("a store");
    };
    let (outcome, ()) = tokio::join!(fly(desk.reach(), &live), ending);
    assert!(matches!(outcome, Outcome::Ended));
    assert!(desk.find(&live).await.is_none());
    assert!(!desk.idp.is_alive("u1"), "what was granted is revoked");
    assert_eq!(desk.idp.http().count("POST /revoke"), 2);
}

#[tokio::test]
async fn s18_a_grant_that_is_over_ends_the_session() {
    let desk = Desk::new().await;
    let live = desk.login().await;
    desk.idp.end("u1");
    assert!(matches!(fly(desk.reach(), &live).await, Outcome::Ended));
    assert!(desk.find(&live).await.is_none());
}

#[tokio::test]
async fn s18_a_grant_that_is_over_is_looked_for_in_the_store_before_the_session_ends() {
    let desk = Desk::new().await;
    let live = desk.login().await;
    let gate = Gate::new();
    let over = Reply::json(json!({"error": "invalid_grant"})).with_status(400);
    desk.idp.http().once("POST", "/token", over.when(&gate));
    let meanwhile = async {
        desk.idp.http().wait_for(4).await;
        // Somebody whose lease was over has used the refresh token before us.
        let record = Record { access_token: "theirs".into(), ..live.record.clone() };
        desk.sessions().replace(&live, record).await.expect("a store").expect("it lives");
        gate.open();
    };
    let (next, ()) = tokio::join!(desk.refreshed(&live), meanwhile);
    assert_eq!(next.record.access_token, "theirs");
}

#[tokio::test]
async fn s18_a_provider_that_is_away_leaves_the_session_as_it_is() {
    let desk = Desk::new().await;
    let live = desk.login().await;
    let http = desk.idp.http();
    let refused = |code: &str| Reply::json(json!({"error": code})).with_status(400);
    for reply in [
        Reply::status(500),
        Reply::status(429),
        Reply::close(),
        Reply::text("<html>"),
        refused("invalid_client"),
        refused("temporarily_unavailable"),
    ] {
        http.once("POST", "/token", reply);
        let Outcome::Failed(fault) = fly(desk.reach(), &live).await else { panic!("it failed") };
        assert_eq!(fault.parts().code, Code::UpstreamUnavailable, "{fault:?}");
        assert_eq!(desk.find(&live).await.expect("it lives").version, 1);
    }
    // The lease is given back each time, so that the next one need not wait for its end.
    desk.refreshed(&live).await;
}

#[tokio::test]
async fn an_id_token_of_somebody_else_changes_nothing() {
    let desk = Desk::new().await;
    let live = desk.login().await;
    desk.idp.id_tokens(json!({"sub": "u2"}));
    assert!(matches!(fly(desk.reach(), &live).await, Outcome::Failed(_)));
    assert_eq!(desk.find(&live).await.expect("it lives").record, live.record);
}

#[tokio::test]
async fn who_waits_for_another_instance_takes_its_place_when_it_has_failed() {
    let desk = Desk::new().await;
    let live = desk.login().await;
    let (entry, other) = (live.key.entry(), [9; 32]);
    assert!(desk.sessions().lease(entry, other, Duration::from_secs(30)).await.expect("a store"));
    let failing = async {
        tokio::time::sleep(Duration::from_millis(60)).await;
        assert_eq!(desk.refreshes(), 0);
        desk.sessions().release(entry, other).await.expect("a store");
    };
    tokio::join!(desk.refreshed(&live), failing);
    assert_eq!(desk.refreshes(), 1);
}

#[tokio::test]
async fn who_waits_for_another_instance_hears_that_the_session_has_ended() {
    let desk = Desk::new().await;
    let live = desk.login().await;
    let entry = live.key.entry();
    let lease = desk.sessions().lease(entry, [9; 32], Duration::from_secs(30)).await;
    assert!(lease.expect("a store"));
    let ending = async { desk.sessions().end(entry).await.expect("a store") };
    let (outcome, ended) = tokio::join!(fly(desk.reach(), &live), ending);
    assert!(ended && matches!(outcome, Outcome::Ended));
    assert_eq!(desk.refreshes(), 0);
}

#[test]
fn a_token_is_due_before_its_end_and_not_in_the_first_half_of_its_life() {
    let at = |granted: u64, ends: Option<u64>, now: u64, spread: u8| {
        let record = Record {
            login: String::new(),
            issuer: String::new(),
            subject: String::new(),
            sid: None,
            claims: String::new(),
            id_token: None,
            access_token: String::new(),
            access_expires_at: ends,
            access_granted_at: granted,
            refresh_token: None,
        };
        of(&record, Duration::from_secs(now), Duration::from_secs(60), spread)
    };
    assert_eq!(at(1000, Some(1300), 1239, 0), Due::Not);
    assert_eq!(at(1000, Some(1300), 1240, 0), Due::Soon);
    assert_eq!(at(1000, Some(1300), 1240, 255), Due::Not, "others begin later");
    assert_eq!(at(1000, Some(1300), 1255, 255), Due::Soon, "but not much");
    assert_eq!(at(1000, Some(1300), 1299, 0), Due::Soon);
    assert_eq!(at(1000, Some(1300), 1300, 0), Due::Over);
    assert_eq!(at(1000, Some(1020), 1009, 0), Due::Not);
    assert_eq!(at(1000, Some(1020), 1010, 0), Due::Soon);
    assert_eq!(at(1000, None, u64::MAX / 2, 0), Due::Not, "an upstream will say when");
    assert_eq!(at(1000, Some(1000), 1000, 0), Due::Over);
    assert_eq!(at(1000, Some(u64::MAX), 2000, 255), Due::Not);
    assert_eq!(at(u64::MAX, Some(5), 2000, 0), Due::Over);
}
