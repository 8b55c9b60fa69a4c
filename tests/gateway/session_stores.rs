//! Sessions in stores that several processes share, or that outlive one: against real servers and real processes.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use frontdesk::clock::{Clock, SystemClock};
use frontdesk::fault::Code;
use frontdesk::idempotency::{self, Begun, Claim, Records};
use frontdesk::seal::Keys;
use frontdesk::session::{self, Entries, Found, Live, Record, Sessions, Shared, Store, Who};
use frontdesk::store::{self, Target};

use crate::harness::{Redis, free_port};

/// An instance of the gateway as far as sessions need one.
struct Instance {
    shared: Shared,
    redis: store::Redis,
}

impl Instance {
    fn new(urls: &[String]) -> Self {
        let keys = Arc::new(Keys::new([vec![1; 32]]));
        let lives = (Duration::from_secs(600), Duration::from_secs(3600));
        let shared = Shared::new(Store::Redis, keys, lives, Arc::new(SystemClock));
        let target = Target::parse(urls, None, Duration::from_secs(2)).expect("URLs");
        Self { shared, redis: store::Redis::new(target) }
    }

    fn sessions(&self) -> Sessions<'_> {
        self.shared.reach(Entries::Redis(&self.redis))
    }

    async fn begin(&self, subject: &str) -> Arc<Live> {
        let began = self.sessions().begin(&Arc::from("shop"), record(subject)).await;
        began.expect("a session")
    }

    async fn lives(&self, live: &Live) -> bool {
        let found = self.sessions().find(&live.key, &live.frontend).await.expect("an answer");
        matches!(found, Found::Live(found) if found.identity.subject == live.identity.subject)
    }
}

fn record(subject: &str) -> Record {
    Record {
        login: "main".to_owned(),
        issuer: "https://id.example.com".to_owned(),
        subject: subject.to_owned(),
        sid: Some(format!("sid of {subject}")),
        claims: format!("{{\"sub\":\"{subject}\"}}"),
        id_token: None,
        access_token: "an access token".to_owned(),
        access_expires_at: None,
        access_granted_at: 0,
        refresh_token: Some("a refresh token".to_owned()),
    }
}

async fn until(holds: impl AsyncFn() -> bool) {
    for _ in 0..400 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("it does not come true");
}

/// All that is done to sessions, by two instances.
async fn assert_shared(one: &Instance, other: &Instance) {
    let mut began = Vec::new();
    for number in 0..40 {
        began.push(one.begin(&format!("u{}", number % 4)).await);
    }
    for live in &began {
        assert!(other.lives(live).await);
        let next = other.sessions().replace(live, record(&live.record.subject)).await;
        assert!(next.expect("an answer").is_some());
        assert!(one.lives(live).await);
    }
    let issuer = "https://id.example.com";
    assert_eq!(other.sessions().list(None).await.expect("a list").len(), 40);
    let of_one = one.sessions().list(Some(Who::Subject(issuer, "u1"))).await.expect("a list");
    assert_eq!(of_one.len(), 10);
    assert_eq!(other.sessions().end_all(Who::Subject(issuer, "u1")).await.expect("a count"), 10);
    assert_eq!(one.sessions().end_all(Who::Sid(issuer, "sid of u2")).await.expect("a count"), 10);
    for live in &began {
        let ended = ["u1", "u2"].contains(&&*live.identity.subject);
        assert_eq!(one.lives(live).await, !ended);
        assert_eq!(other.lives(live).await, !ended);
        let entry = live.key.entry();
        assert_eq!(other.sessions().end(entry).await.expect("an answer"), !ended);
    }
    assert!(one.sessions().list(None).await.expect("a list").is_empty());
    let late = other.sessions().begin(&Arc::from("shop"), record("u2")).await;
    assert_eq!(late.expect_err("a logout").parts().code, Code::Unauthorized);
    assert!(one.sessions().once(&[b"state"], Duration::from_secs(60)).await.expect("an answer"));
    assert!(!other.sessions().once(&[b"state"], Duration::from_secs(60)).await.expect("an answer"));
}

#[tokio::test]
async fn instances_share_sessions_in_one_redis() {
    let redis = Redis::start().await;
    let urls = [redis.url()];
    assert_shared(&Instance::new(&urls), &Instance::new(&urls)).await;
}

#[tokio::test]
async fn instances_share_sessions_in_a_cluster() {
    let mut nodes = Vec::new();
    for _ in 0..3 {
        let bus = free_port().to_string();
        nodes.push(Redis::start_with(&["--cluster-enabled", "yes", "--cluster-port", &bus]).await);
    }
    let addresses = nodes.iter().map(|node| format!("127.0.0.1:{}", node.port()));
    let created = Command::new("redis-cli")
        .args(["--cluster", "create"])
        .args(addresses)
        .args(["--cluster-yes"])
        .output()
        .expect("redis-cli runs");
    assert!(created.status.success(), "{created:?}");
    let urls: Vec<_> = nodes.iter().map(Redis::url).collect();
    let (one, other) = (Instance::new(&urls), Instance::new(&urls));
    until(async || one.sessions().once(&[b"up"], Duration::from_secs(1)).await.is_ok()).await;
    assert_shared(&one, &other).await;
    for node in &nodes {
        let held: u64 = node.ask(&["DBSIZE"]).await;
        assert!(held > 0);
    }
}

#[tokio::test]
async fn a_store_that_is_away_is_503_and_its_sessions_are_back_with_it() {
    let redis = Redis::start().await;
    let urls = [redis.url()];
    let instance = Instance::new(&urls);
    let live = instance.begin("u1").await;
    redis.freeze();
    let sessions = instance.sessions();
    let found = sessions.find(&live.key, &live.frontend).await;
    assert_eq!(found.expect_err("nobody answers").parts().code, Code::StoreUnavailable);
    let began = sessions.begin(&live.frontend, record("u2")).await;
    assert_eq!(began.expect_err("nobody answers").parts().code, Code::StoreUnavailable);
    redis.thaw();
    until(async || sessions.find(&live.key, &live.frontend).await.is_ok()).await;
    assert!(instance.lives(&live).await);
}

/// Each key ends by itself, so that a store never fills up with what nobody needs.
#[tokio::test]
async fn nothing_stays_in_redis_for_ever() {
    let redis = Redis::start().await;
    let instance = Instance::new(&[redis.url()]);
    let (kept, ended) = (instance.begin("u1").await, instance.begin("u2").await);
    let sessions = instance.sessions();
    sessions.lease(kept.key.entry(), [1; 32], Duration::from_secs(10)).await.expect("an answer");
    sessions.once(&[b"state"], Duration::from_secs(10)).await.expect("an answer");
    sessions.end(ended.key.entry()).await.expect("an answer");
    sessions.end_all(Who::Sid("https://id.example.com", "nobody")).await.expect("an answer");
    let keys: Vec<String> = redis.ask(&["KEYS", "*"]).await;
    assert!(keys.len() >= 7, "{keys:?}");
    for key in keys {
        assert!(key.starts_with("frontdesk:session"), "{key}");
        let left: i64 = redis.ask(&["TTL", &key]).await;
        assert!((0..=3600).contains(&left), "{key}: {left}");
    }
}

/// Sessions and kept replies are in one file, which a process opens once.
#[tokio::test]
async fn one_file_has_sessions_and_kept_replies() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.redb");
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let open = || {
        let tables = vec![
            idempotency::File::tables(Arc::clone(&clock)),
            session::File::tables(Arc::clone(&clock)),
        ];
        let file = Arc::new(store::File::open(&path, tables).expect("a file"));
        let kept = idempotency::File::new(Arc::clone(&file), Arc::clone(&clock));
        let keys = Arc::new(Keys::new([vec![1; 32]]));
        let lives = (Duration::from_secs(600), Duration::from_secs(3600));
        let store = Store::File(session::File::new(file, 1 << 20));
        (kept, Shared::new(store, keys, lives, Arc::clone(&clock)))
    };
    let claim = Claim { key: [1; 32], fingerprint: [2; 32], owner: "a request".to_owned() };

    let (kept, shared) = open();
    let Store::File(file) = &shared.store else { panic!("a file") };
    let sessions = shared.reach(Entries::File(file));
    let records = Records::File(&kept);
    let lease = Duration::from_secs(10);
    assert_eq!(records.begin(&claim, lease).await.expect("an answer"), Begun::New);
    let live = sessions.begin(&Arc::from("shop"), record("u1")).await.expect("a session");
    let reply = bytes::Bytes::from_static(b"a reply");
    let keep = Duration::from_secs(60);
    assert!(records.finish(&claim, reply.clone(), keep).await.expect("an answer"));
    drop((kept, shared));

    let (kept, shared) = open();
    let Store::File(file) = &shared.store else { panic!("a file") };
    let found = shared.reach(Entries::File(file)).find(&live.key, &live.frontend).await;
    assert!(matches!(found, Ok(Found::Live(_))));
    let begun = Records::File(&kept).begin(&claim, lease).await.expect("an answer");
    assert_eq!(begun, Begun::Done(reply));
}
