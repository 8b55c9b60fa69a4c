//! What looking for a session costs, and what a file of very many does to it. In this process: nothing else is measured.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use frontdesk::clock::{Clock, SystemClock};
use frontdesk::seal::Keys;
use frontdesk::session::{Entries, File, Found, Key, Memory, Record, Sessions, Shared, Store};
use frontdesk::store::{self, Redis, Target};
use futures_util::future::join_all;

use crate::Failure;
use crate::process::{Running, free_address};
use crate::table::median;

/// CPU microseconds of a check, at most: with what is in this process, and with Redis.
const MOST_HERE: f64 = 5.0;
const MOST_REDIS: f64 = 20.0;
/// Milliseconds until a file of very many can be used, at most.
const LONGEST_START: f64 = 1000.0;
/// How many times slower a look into such a file may be than into one of a few.
const FLAT: f64 = 2.0;
const FEW: usize = 1_000;
const MANY: usize = 100_000;

/// Measures all, and says whether the limits hold.
pub(crate) async fn bench() -> Result<bool, Failure> {
    let mut table = Table { text: String::from(HEAD), all_hold: true };
    let shared = shared(Store::Memory(Memory::new(1 << 30)));
    let cost = warm(&shared, None, FEW, 200).await?;
    table.row("check, memory, CPU us", cost, MOST_HERE)?;

    let (redis, _server) = redis().await?;
    let at_redis = self::shared(Store::Redis);
    let cost = warm(&at_redis, Some(&redis), FEW, 40).await?;
    table.row("check, Redis, CPU us", cost, MOST_REDIS)?;

    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench/sessions");
    let _ = fs::remove_dir_all(&folder);
    let few = file(&folder.join("few.redb"), FEW, &mut table).await?;
    let many = file(&folder.join("many.redb"), MANY, &mut table).await?;
    table.row("look into 100,000 / into 1,000", many / few, FLAT)?;
    fs::remove_dir_all(&folder)?;
    writeln!(io::stdout(), "\n{}", table.text)?;
    Ok(table.all_hold)
}

/// All about a file of so many sessions; how long a look into it takes when nothing is at hand.
async fn file(path: &Path, count: usize, table: &mut Table) -> Result<f64, Failure> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let open = |path: &Path| -> Result<(Shared, f64), Failure> {
        let begun = Instant::now();
        let file = store::File::open(path, vec![File::tables(Arc::clone(&clock))])?;
        let took = begun.elapsed().as_secs_f64() * 1e3;
        Ok((shared(Store::File(File::new(Arc::new(file), 64 << 20))), took))
    };
    let (first, _) = open(path)?;
    let begun = Instant::now();
    let keys = fill(first.reach(entries(&first, None)?), count).await?;
    let rate = count as f64 / begun.elapsed().as_secs_f64();
    writeln!(io::stderr(), "{count} sessions: {rate:.0} logins a second")?;
    let killed = path.with_extension("killed");
    fs::copy(path, &killed)?;
    fs::File::open(&killed)?.sync_all()?;
    let bytes = fs::metadata(path)?.len() as f64 / f64::from(1 << 20);
    writeln!(io::stderr(), "{count} sessions: {bytes:.0} MiB")?;
    drop(first);

    let before = cpu()?;
    let (_, after_kill) = open(&killed)?;
    writeln!(io::stderr(), "{count} sessions: {:.0} ms CPU to start", (cpu()? - before) / 1e3)?;
    let (again, after_close) = open(path)?;
    let sessions = again.reach(entries(&again, None)?);
    let mut looks = Vec::new();
    for key in keys.iter().step_by(count.div_ceil(500)) {
        let begun = Instant::now();
        look(sessions, key).await?;
        looks.push(begun.elapsed().as_secs_f64() * 1e6);
    }
    let cold = median(looks.into_iter());
    writeln!(io::stderr(), "{count} sessions: {cold:.1} us for a first look")?;
    if count == MANY {
        table.row("100,000 in a file: start, ms", after_close, LONGEST_START)?;
        table.row("the same after kill -9, ms", after_kill, LONGEST_START)?;
        let cost = checks(sessions, &keys[..FEW], 200).await?;
        table.row("check, file, CPU us", cost, MOST_HERE)?;
    }
    Ok(cold)
}

async fn warm(
    shared: &Shared,
    redis: Option<&Redis>,
    count: usize,
    rounds: usize,
) -> Result<f64, Failure> {
    let sessions = shared.reach(entries(shared, redis)?);
    let keys = fill(sessions, count).await?;
    checks(sessions, &keys, rounds).await
}

/// CPU microseconds for each check.
async fn checks(sessions: Sessions<'_>, keys: &[Key], rounds: usize) -> Result<f64, Failure> {
    for key in keys {
        look(sessions, key).await?;
    }
    let before = cpu()?;
    for _ in 0..rounds {
        for keys in keys.chunks(CONNECTIONS) {
            for found in join_all(keys.iter().map(|key| look(sessions, key))).await {
                found?;
            }
        }
    }
    Ok((cpu()? - before) / (rounds * keys.len()) as f64)
}

async fn look(sessions: Sessions<'_>, key: &Key) -> Result<(), Failure> {
    thread_local!(static FRONTEND: Arc<str> = Arc::from("shop"));
    let frontend = FRONTEND.with(Arc::clone);
    match sessions.find(key, &frontend).await {
        Ok(Found::Live(_)) => Ok(()),
        other => Err(format!("{other:?}").into()),
    }
}

async fn fill(sessions: Sessions<'_>, count: usize) -> Result<Vec<Key>, Failure> {
    let frontend = Arc::from("shop");
    let mut keys = Vec::with_capacity(count);
    let numbers: Vec<usize> = (0..count).collect();
    for numbers in numbers.chunks(250) {
        let begun = numbers.iter().map(|number| sessions.begin(&frontend, record(*number)));
        for live in join_all(begun).await {
            keys.push(live.map_err(|fault| format!("{fault:?}"))?.key.clone());
        }
    }
    Ok(keys)
}

/// Sizes as providers make them.
fn record(number: usize) -> Record {
    Record {
        login: "main".to_owned(),
        issuer: "https://id.example.com/realms/shop".to_owned(),
        subject: format!("user-{number}"),
        sid: Some(format!("session-{number}")),
        claims: format!("{{\"sub\":\"user-{number}\",\"roles\":\"{}\"}}", "r".repeat(600)),
        id_token: None,
        access_token: "a".repeat(1200),
        access_expires_at: None,
        access_granted_at: 0,
        refresh_token: Some("r".repeat(800)),
    }
}

fn shared(store: Store) -> Shared {
    let keys = Arc::new(Keys::new([vec![7; 32]]));
    let lives = (Duration::from_secs(3600), Duration::from_secs(12 * 3600));
    Shared::new(store, keys, lives, Arc::new(SystemClock))
}

fn entries<'a>(shared: &'a Shared, redis: Option<&'a Redis>) -> Result<Entries<'a>, Failure> {
    Ok(match &shared.store {
        Store::Memory(memory) => Entries::Memory(memory),
        Store::File(file) => Entries::File(file),
        Store::Redis => Entries::Redis(redis.ok_or("no Redis")?),
    })
}

async fn redis() -> Result<(Redis, Running), Failure> {
    let address = free_address()?;
    let port = address.rsplit(':').next().unwrap_or_default();
    let mut command = Command::new("redis-server");
    command.args(["--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
    let server = Running::start(&mut command)?;
    crate::gate::wait_for(&address).await?;
    let target = Target::parse(&[format!("redis://{address}")], None, Duration::from_secs(5))?;
    Ok((Redis::new(target), server))
}

/// Microseconds that all threads of this process have run: the first field of `proc_pid_schedstat(5)`.
pub(crate) fn cpu() -> Result<f64, Failure> {
    let mut nanoseconds = 0.0;
    for thread in fs::read_dir("/proc/self/task")? {
        let text = fs::read_to_string(thread?.path().join("schedstat"))?;
        nanoseconds += text.split(' ').next().ok_or("no schedstat")?.parse::<f64>()?;
    }
    Ok(nanoseconds / 1e3)
}

struct Table {
    text: String,
    all_hold: bool,
}

impl Table {
    fn row(&mut self, name: &str, value: f64, limit: f64) -> Result<(), Failure> {
        let holds = value <= limit;
        self.all_hold &= holds;
        let verdict = if holds { "holds" } else { "MISSED" };
        writeln!(self.text, "| {name:<30} | {value:>8.2} | {limit:>7.0} | {verdict:>7} |")?;
        Ok(())
    }
}

/// So many look at the same time.
const CONNECTIONS: usize = 32;

const HEAD: &str = "\
| sessions                       |          | at most |         |
| ------------------------------ | -------: | ------: | ------: |
";
