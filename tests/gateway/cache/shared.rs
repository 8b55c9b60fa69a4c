//! Gateways that share what is kept in a real Redis, and hear of each other's revalidations.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::*;

/// Something that is read and changed.
pub(super) struct Posts {
    pub(super) up: Upstream,
    count: Arc<AtomicUsize>,
}

impl Posts {
    pub(super) async fn start() -> Self {
        let (up, count) = (Upstream::start().await, Arc::new(AtomicUsize::new(0)));
        let read = Arc::clone(&count);
        up.reply_with("GET", "/**", move |_| {
            Reply::json(json!({ "n": read.load(Ordering::SeqCst) }))
        });
        let added = Arc::clone(&count);
        up.reply_with("POST", "/posts", move |_| {
            Reply::json(json!({ "n": added.fetch_add(1, Ordering::SeqCst) + 1 }))
        });
        Self { up, count }
    }

    /// A gateway in front of them that shares its cache in the Redis at these addresses, which has so long to answer.
    pub(super) async fn behind(&self, urls: &[String], timeout: &str) -> Gateway {
        let stores = format!(
            "[stores]\ncache = \"redis\"\nredis = {{ url = {urls:?}, timeout = \"{timeout}\" }}\n"
        );
        let config = Gateway::config().gateway(&stores).workers(2).admin_token(ADMIN);
        let config = config.upstream("up", &self.up).route("posts/[id].toml", READ);
        let config = config.route("pages/[id].toml", PAGE);
        let config =
            config.route("stale/[id].toml", &READ.replace(LIVES, "ttl = \"10ms\", stale = \"1h\""));
        let excused = READ.replace(LIVES, "ttl = \"10ms\", stale_if_error = \"1h\"");
        let config = config.route("excused/[id].toml", &format!("{excused}timeout = \"500ms\"\n"));
        config.route("posts/index.toml", CHANGE).start().await
    }

    pub(super) fn now(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }
}

pub(super) const ADMIN: &str = "the-token-of-the-operators-of-this-gateway";

const READ: &str = r#"
session = "none"
[get.calls.it]
upstream = "up"
path = "/posts/{$params.id}"
cache = { ttl = "1h", stale_if_error = "1h", scope = "shared", tags = ["posts"] }
"#;

/// Of [`READ`].
const LIVES: &str = "ttl = \"1h\", stale_if_error = \"1h\"";

/// Pages of which each has the same call.
const PAGE: &str = r#"
session = "none"
[get.calls.it]
upstream = "up"
path = "/posts/all"
cache = { ttl = "1h", scope = "shared", tags = ["posts"] }
[get.response]
shape = '{ n: $it.n, page: $params.id }'
cache = { ttl = "1h", scope = "shared" }
"#;

const CHANGE: &str = r#"
session = "none"
[post]
revalidate = ["posts"]
[post.calls.it]
upstream = "up"
method = "POST"
path = "/posts"
"#;

/// Longer than any machine needs.
pub(super) const PATIENT: &str = "30s";

pub(super) async fn until(is_so: impl AsyncFn() -> bool) {
    let asking = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), asking).await.expect("it comes to be so");
}

/// Waits until it hears what others revalidate.
pub(super) async fn linked(gateway: &Gateway) {
    until(async || !is_missing(gateway).await).await;
}

pub(super) async fn is_missing(gateway: &Gateway) -> bool {
    let ready = gateway.admin("/readyz").await;
    ready.assert_status(200);
    let said = ready.json();
    assert_eq!(said["status"], "ready");
    said["missing"] == json!(["redis"])
}

/// What a gateway says of a post: where it is from, and how many there were.
pub(super) async fn read(gateway: &Gateway, id: &str) -> (String, Value) {
    let reply = gateway.get(&format!("/posts/{id}")).await;
    reply.assert_status(200);
    said(&reply)
}

pub(super) async fn change(gateway: &Gateway) -> usize {
    let reply = gateway.post("/posts", json!({})).by_our_page().await;
    let n = reply.assert_status(200).json()["data"]["n"].as_u64().expect("a number");
    usize::try_from(n).expect("a number")
}

#[tokio::test]
async fn what_one_has_asked_for_the_other_has() {
    let (redis, posts) = (Redis::start().await, Posts::start().await);
    let urls = [redis.url()];
    let (one, two) = (posts.behind(&urls, PATIENT).await, posts.behind(&urls, PATIENT).await);
    linked(&one).await;
    linked(&two).await;
    assert_eq!(read(&one, "a").await, is("miss", 0));
    assert_eq!(read(&two, "a").await, is("hit", 0));
    assert_eq!(read(&two, "a").await, is("hit", 0));
    let keys: Vec<String> = redis.ask(&["KEYS", "*"]).await;
    assert!(keys.iter().any(|key| key.starts_with("frontdesk:cache:entry:")), "{keys:?}");
    assert!(!keys.iter().any(|key| key.starts_with("frontdesk:cache:lease:")), "{keys:?}");
    for key in &keys {
        let ends: i64 = redis.ask(&["PTTL", key]).await;
        assert!(ends > 0, "{key} stays for ever");
    }
    assert_eq!(posts.up.total(), 1);
}

#[tokio::test]
async fn what_is_changed_on_one_is_seen_on_the_other_within_50_ms() {
    let (redis, posts) = (Redis::start().await, Posts::start().await);
    let urls = [redis.url()];
    let (one, two) = (posts.behind(&urls, PATIENT).await, posts.behind(&urls, PATIENT).await);
    linked(&one).await;
    linked(&two).await;
    let mut times = Vec::new();
    for _ in 0..41 {
        read(&one, "a").await;
        let (_, before) = read(&two, "a").await;
        let n = change(&one).await;
        let start = Instant::now();
        assert_ne!(before, json!(n));
        until(async || read(&two, "a").await.1 == json!(n)).await;
        times.push(start.elapsed());
        assert_eq!(read(&one, "a").await.1, json!(n), "at once on the one that was asked");
    }
    times.sort();
    assert!(times[times.len() / 2] < Duration::from_millis(50), "{times:?}");
    assert!(times[times.len() - 1] < Duration::from_secs(5), "{times:?}");
}

#[tokio::test]
async fn a_page_made_of_an_answer_that_was_revalidated_unheard_does_not_outlive_the_hearing() {
    let (redis, posts) = (Redis::start().await, Posts::start().await);
    let wire = Slow::start(redis.port()).await;
    let late = posts.behind(&[format!("redis://127.0.0.1:{}", wire.port())], PATIENT).await;
    let other = posts.behind(&[redis.url()], PATIENT).await;
    linked(&late).await;
    linked(&other).await;
    let page =
        async |gateway: &Gateway, id: &str| said(&gateway.get(&format!("/pages/{id}")).await).1;
    assert_eq!(page(&late, "warm").await, json!(0));
    wire.delay_told(Duration::from_millis(150));
    let n = change(&other).await;
    let pages: Vec<_> = (0..5).map(|id| id.to_string()).collect();
    for id in &pages {
        page(&late, id).await;
    }
    until(async || page(&late, "warm").await == json!(n)).await;
    for id in &pages {
        assert_eq!(page(&other, id).await, json!(n), "{id} by the other");
        assert_eq!(page(&late, id).await, json!(n), "{id} by the late one");
    }
}

#[tokio::test]
async fn what_only_the_other_has_had_is_served_stale_and_excuses_an_upstream_that_is_slow() {
    let (redis, posts, gate) = (Redis::start().await, Posts::start().await, Gate::new());
    let urls = [redis.url()];
    let (one, two) = (posts.behind(&urls, PATIENT).await, posts.behind(&urls, PATIENT).await);
    linked(&one).await;
    linked(&two).await;
    for route in ["stale", "excused"] {
        one.get(&format!("/{route}/a")).await.assert_status(200);
    }
    let entries: Vec<String> = redis.ask(&["KEYS", "frontdesk:cache:entry:*"]).await;
    assert_eq!(entries.len(), 2);
    tokio::time::sleep(Duration::from_millis(20)).await;
    posts.up.on("GET", "/posts/a", Reply::json(json!({ "n": 7 })).when(&gate));
    for route in ["stale", "excused"] {
        let reply = two.get(&format!("/{route}/a")).await;
        assert_eq!(said(&reply), is("stale", 0), "{route}");
    }
    gate.open();
    until(async || said(&two.get("/stale/a").await).1 == json!(7)).await;
}

#[tokio::test]
async fn an_operator_revalidates_on_all_instances() {
    let (redis, posts) = (Redis::start().await, Posts::start().await);
    let urls = [redis.url()];
    let (one, two) = (posts.behind(&urls, PATIENT).await, posts.behind(&urls, PATIENT).await);
    linked(&one).await;
    linked(&two).await;
    read(&two, "a").await;
    let told = one.admin_with("POST", "/revalidate").bearer(ADMIN);
    let told = told.json(json!({ "tags": ["posts"] })).await;
    told.assert_json(200, json!({ "revalidated": 1, "instances": 2 }));
    until(async || posts.up.total() == 2 || read(&two, "a").await.0 == "miss").await;
}

#[tokio::test]
async fn however_many_ask_on_all_instances_one_call_is_made() {
    let (redis, posts) = (Redis::start().await, Posts::start().await);
    let gate = Gate::new();
    posts.up.on("GET", "/posts/hot", Reply::json(json!({ "n": 7 })).when(&gate));
    let urls = [redis.url()];
    let (one, two) = (posts.behind(&urls, PATIENT).await, posts.behind(&urls, PATIENT).await);
    linked(&one).await;
    linked(&two).await;
    let asking = join_all((0..300).map(|n| read(if n % 2 == 0 { &one } else { &two }, "hot")));
    let opening = async {
        posts.up.wait_for(1).await;
        // The other instance finds somebody at it, and asks again and again.
        let polls = async || {
            let stats: String = redis.ask(&["INFO", "commandstats"]).await;
            let calls = stats.lines().find_map(|line| line.strip_prefix("cmdstat_evalsha:calls="));
            calls.and_then(|calls| calls.split(',').next()?.parse::<u32>().ok()).unwrap_or(0)
        };
        let before = polls().await;
        until(async || polls().await > before + 20).await;
        gate.open();
    };
    let (said, ()) = futures_util::future::join(asking, opening).await;
    assert!(said.iter().all(|(_, n)| *n == json!(7)), "{said:?}");
    assert_eq!(posts.up.total(), 1);
}

#[tokio::test]
async fn a_cluster_shares_and_tells_too() {
    let mut nodes = Vec::new();
    for _ in 0..3 {
        let bus = free_port().to_string();
        nodes.push(Redis::start_with(&["--cluster-enabled", "yes", "--cluster-port", &bus]).await);
    }
    let created = Command::new("redis-cli")
        .args(["--cluster", "create"])
        .args(nodes.iter().map(|node| format!("127.0.0.1:{}", node.port())))
        .args(["--cluster-yes"])
        .output()
        .expect("redis-cli runs");
    assert!(created.status.success(), "{created:?}");
    let mut urls: Vec<_> = nodes.iter().map(Redis::url).collect();
    let posts = Posts::start().await;
    let one = posts.behind(&urls, PATIENT).await;
    urls.rotate_left(1);
    let two = posts.behind(&urls, PATIENT).await;
    linked(&one).await;
    linked(&two).await;
    // What began within a second of a revalidation is not believed where clocks may differ; and a start is one.
    let next = AtomicUsize::new(0);
    until(async || {
        let id = next.fetch_add(1, Ordering::SeqCst).to_string();
        read(&one, &id).await;
        read(&two, &id).await.0 == "hit"
    })
    .await;
    for _ in 0..5 {
        read(&two, "a").await;
        let n = change(&one).await;
        until(async || read(&two, "a").await.1 == json!(n)).await;
        assert_eq!(read(&one, "a").await.1, json!(n));
    }
}
