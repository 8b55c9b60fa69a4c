//! The room's connection to Redis, against real servers: TLS, passwords, sentinels, a cluster, restarts and silence.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use frontdesk::store::{self, Away, Script, Target, cmd};

use crate::harness::*;

const PATIENT: Duration = Duration::from_secs(30);

fn connect(urls: &[String]) -> store::Redis {
    store::Redis::new(Target::parse(urls, None, PATIENT).expect("a target"))
}

async fn set(redis: &store::Redis, key: &str) -> Result<String, Away> {
    redis.ask(cmd("SET").arg(key).arg("v")).await
}

async fn add(redis: &store::Redis, key: &str) -> Result<i64, Away> {
    let script = Script::new("return redis.call('INCRBY', KEYS[1], ARGV[1])");
    redis.run(script.key(key).arg(5)).await
}

/// Repeats it until it is so.
async fn until(is_so: impl AsyncFn() -> bool) {
    let asking = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), asking).await.expect("it comes to be so");
}

#[tokio::test]
async fn commands_and_scripts_are_answered() {
    let server = Redis::start().await;
    let redis = connect(&[server.url()]);
    assert_eq!(set(&redis, "a").await.expect("an answer"), "OK");
    assert_eq!(add(&redis, "n").await.expect("an answer"), 5);
    // The server has forgotten the script.
    let _: () = server.ask(&["SCRIPT", "FLUSH"]).await;
    assert_eq!(add(&redis, "n").await.expect("an answer"), 10);
    // What the server refuses breaks nothing.
    let refused = add(&redis, "a").await.expect_err("text is no number");
    assert!(refused.to_string().contains("not an integer"), "{refused}");
    assert_eq!(add(&redis, "n").await.expect("an answer"), 15);
    let (database, all) = (format!("{}/3", server.url()), server.url());
    set(&connect(&[database]), "b").await.expect("an answer");
    let found: bool = connect(&[all]).ask(cmd("EXISTS").arg("b")).await.expect("an answer");
    assert!(!found);
}

#[tokio::test]
async fn a_password_is_used_and_never_shown() {
    let server = Redis::start_with(&["--requirepass", "s3cr3t:/@"]).await;
    let url = |password: &str| format!("redis://:{password}@127.0.0.1:{}", server.port());
    let redis = connect(&[url("s3cr3t%3A%2F%40")]);
    assert_eq!(set(&redis, "a").await.expect("an answer"), "OK");
    for wrong in [url("wr0ng"), server.url()] {
        let why = set(&connect(&[wrong]), "a").await.expect_err("no way in");
        assert!(!format!("{why} {why:?}").contains("wr0ng"), "{why}");
    }
    let target = Target::parse(&[url("s3cr3t")], None, PATIENT).expect("a target");
    assert!(!format!("{target:?}").contains("s3cr3t"));
    let sentinel = "redis+sentinel://:s3cr3t@127.0.0.1:1/m".to_owned();
    let target = Target::parse(&[sentinel], None, PATIENT).expect("a target");
    assert!(!format!("{target:?}").contains("s3cr3t"));
    for wrong in
        ["http://:s3cr3t@x", "redis://:s3cr3t@", "redis+sentinel://:s3cr3t@x:y/m", "s3cr3t"]
    {
        let why = Target::parse(&[wrong.to_owned()], None, PATIENT).expect_err("no target");
        assert!(!why.contains("s3cr3t"), "{why}");
    }
}

#[test]
fn a_database_is_a_number_that_redis_takes_and_nothing_else_is_passed_over() {
    for good in [
        "redis://h/15",
        "redis+unix:///s?db=3",
        "redis+sentinel://h/m",
        "redis+sentinel://h,i:1/m/3",
    ] {
        Target::parse(&[good.to_owned()], None, PATIENT).expect(good);
    }
    for wrong in [
        "redis://h/-1",
        "redis://h/2147483648",
        "redis://h/x",
        "redis+unix:///s?db=-1",
        "redis+sentinel://h/m/-1",
        "redis+sentinel://h/m/x",
        "redis+sentinel://h/m/3/4",
        "redis+sentinel://h/m?x=1",
        "redis+sentinel://h/m#insecure",
    ] {
        Target::parse(&[wrong.to_owned()], None, PATIENT).expect_err(wrong);
    }
}

#[tokio::test]
async fn rediss_is_tls_by_the_authority_that_is_written() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/gateway/tls");
    let (certificate, key) = (format!("{folder}/upstream.pem"), format!("{folder}/upstream.key"));
    let (port, ca) = (free_port().to_string(), format!("{folder}/ca.pem"));
    let _server = Redis::start_with(&[
        "--tls-port",
        &port,
        "--tls-cert-file",
        &certificate,
        "--tls-key-file",
        &key,
        "--tls-ca-cert-file",
        &ca,
        "--tls-auth-clients",
        "no",
    ])
    .await;
    let url = |host: &str| vec![format!("rediss://{host}:{port}")];
    let pem = std::fs::read(ca).expect("a certificate");
    let with_ca = |host| {
        store::Redis::new(Target::parse(&url(host), Some(pem.clone()), PATIENT).expect("a target"))
    };
    assert_eq!(set(&with_ca("127.0.0.1"), "a").await.expect("an answer"), "OK");
    let other_name = set(&with_ca("localhost"), "a").await;
    other_name.expect_err("a certificate for another name");
    set(&connect(&url("127.0.0.1")), "a").await.expect_err("nobody vouches for it");
}

#[tokio::test]
async fn a_connection_that_the_server_closed_is_opened_again_unnoticed() {
    let mut server = Redis::start().await;
    let redis = connect(&[server.url()]);
    set(&redis, "a").await.expect("an answer");
    for _ in 0..5 {
        let _: i64 = server.ask(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]).await;
        until(async || {
            let info: String = server.ask(&["INFO", "clients"]).await;
            info.contains("connected_clients:1\r")
        })
        .await;
        set(&redis, "a").await.expect("an answer");
    }
    server.kill();
    server.begin().await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    set(&redis, "a").await.expect("an answer");
}

#[tokio::test]
async fn a_server_that_went_away_is_found_again() {
    let mut server = Redis::start().await;
    let redis = connect(&[server.url()]);
    set(&redis, "a").await.expect("an answer");
    for _ in 0..2 {
        server.kill();
        let start = Instant::now();
        for _ in 0..100 {
            set(&redis, "a").await.expect_err("nobody there");
        }
        assert!(start.elapsed() < PATIENT, "{:?}", start.elapsed());
        server.begin().await;
        until(async || set(&redis, "a").await.is_ok()).await;
    }
}

#[tokio::test]
async fn silence_is_waited_for_once_and_ends_with_the_first_word() {
    let server = Redis::start().await;
    let timeout = Duration::from_millis(500);
    let target = Target::parse(&[server.url()], None, timeout).expect("a target");
    let redis = store::Redis::new(target);
    until(async || set(&redis, "a").await.is_ok()).await;
    server.freeze();
    let start = Instant::now();
    // Those who ask at the same time wait at the same time.
    let asking = (0..20).map(|_| set(&redis, "a"));
    assert!(futures_util::future::join_all(asking).await.iter().all(Result::is_err));
    for _ in 0..200 {
        set(&redis, "a").await.expect_err("silence");
    }
    assert!(start.elapsed() < 20 * timeout, "{:?}", start.elapsed());
    server.thaw();
    until(async || set(&redis, "a").await.is_ok()).await;
}

/// A program of Redis, which ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn asked(port: u16, command: &[&str]) -> Result<String, String> {
    let client = redis::Client::open(format!("redis://127.0.0.1:{port}")).expect("a URL");
    let mut connection =
        client.get_multiplexed_async_connection().await.map_err(|e| e.to_string())?;
    let mut asked = redis::cmd(command[0]);
    asked.arg(&command[1..]);
    let answer: Result<redis::Value, _> = asked.query_async(&mut connection).await;
    answer.map(|value| format!("{value:?}")).map_err(|error| error.to_string())
}

#[tokio::test]
async fn sentinels_know_the_new_master() {
    let mut master = Redis::start().await;
    let port = master.port().to_string();
    let replica = Redis::start_with(&["--replicaof", "127.0.0.1", &port]).await;
    let linked = async || {
        asked(replica.port(), &["INFO", "replication"])
            .await
            .is_ok_and(|info| info.contains("master_link_status:up"))
    };
    until(linked).await;
    let folder = tempfile::tempdir().expect("a folder");
    let (config, sentinel) = (folder.path().join("sentinel.conf"), free_port());
    let text = format!(
        "port {sentinel}\nbind 127.0.0.1\ndir {}\nsentinel monitor mymaster 127.0.0.1 {port} 1\n\
         sentinel down-after-milliseconds mymaster 300\nsentinel failover-timeout mymaster 2000\n",
        folder.path().display()
    );
    std::fs::write(&config, text).expect("a file");
    let _sentinel = Running(
        Command::new("redis-server")
            .arg(&config)
            .arg("--sentinel")
            .stdout(Stdio::null())
            .spawn()
            .expect("it starts"),
    );
    let knows = async || {
        asked(sentinel, &["SENTINEL", "replicas", "mymaster"])
            .await
            .is_ok_and(|known| known.contains(&replica.port().to_string()))
    };
    until(knows).await;
    let url = format!("redis+sentinel://127.0.0.1:{},127.0.0.1:{sentinel}/mymaster", free_port());
    let redis = connect(&[url]);
    set(&redis, "a").await.expect("an answer");
    assert_eq!(add(&redis, "n").await.expect("an answer"), 5);
    master.kill();
    set(&redis, "b").await.expect_err("no master");
    until(async || set(&redis, "b").await.is_ok()).await;
    assert!(
        asked(replica.port(), &["GET", "b"])
            .await
            .is_ok_and(|answer| answer.contains("\"v\"") || answer.contains("'v'"))
    );
}

#[tokio::test]
async fn a_cluster_answers_whoever_has_the_key() {
    let mut nodes = Vec::new();
    for _ in 0..3 {
        let bus = free_port().to_string();
        let arguments = ["--cluster-enabled", "yes", "--cluster-port", &bus];
        nodes.push(Redis::start_with(&arguments).await);
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
    let redis = connect(&urls);
    assert!(redis.is_cluster());
    until(async || set(&redis, "a").await.is_ok()).await;
    for number in 0..50 {
        assert_eq!(set(&redis, &format!("key-{number}")).await.expect("an answer"), "OK");
        assert_eq!(add(&redis, &format!("n-{number}")).await.expect("an answer"), 5);
    }
    // Limits by different keys are on different nodes.
    let policies = "[rate_limits.per_ip]\nquota = \"30/h\"\n[rate_limits.wide]\nquota = \"40/h\"\n\
                    [rate_limits.per_user]\nquota = \"10/h\"\nby = \"session\"\n[rate_limits.per_token]\nquota = \"20/h\"\nby = \"credential\"\n";
    let stores = format!(
        "[stores]\nrate_limits = \"redis\"\nredis = {{ url = {urls:?}, timeout = \"30s\" }}\n"
    );
    let route = "session = 'required'\nrate_limits = ['per_ip', 'wide', 'per_user', 'per_token']\n[get]\nresponse.shape = '1'\n";
    let gateway = Gateway::config()
        .gateway(&format!("{stores}{policies}"))
        .route("x.toml", route)
        .start()
        .await;
    for (user, status) in [("alice", 200), ("bob", 200), ("carol", 200), ("dave", 429)] {
        for _ in 0..10 {
            gateway.get("/x").user(user).await.assert_status(status);
        }
    }
}
