//! What is kept by `[cache]`: whether memory is as large as was said, and whether a look costs the same however many entries
//! there are. In this process and in others of its kind: nothing else is measured.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, fs};

use frontdesk::cache::{Entries, Entry, Key, Lives, Look, Payload, Tag};
use frontdesk::clock::{Clock, SystemClock};
use frontdesk::upstream::Answer;
use frontdesk::value::{DuplicateKeys, Limits, parse};
use http::{HeaderMap, HeaderValue};

use crate::Failure;
use crate::process::Running;
use crate::sessions::cpu;
use crate::table::median;

/// Resident bytes for each byte that is configured, at most.
const MOST_MEMORY: f64 = 1.3;
/// CPU microseconds of a look, its key included, at most; the slowest of a hundred; and by how much more with a million
/// entries than with a thousand.
const MOST_CPU: f64 = 3.0;
const MOST_P99: f64 = 25.0;
const FLAT: f64 = 2.0;
/// Of looks for what was kept, at least.
const LEAST_HITS: f64 = 0.999;
const MILLION: u64 = 1_000_000;
/// Bytes; a million entries are several times as large.
const TIGHT: usize = 256 << 20;
const LOOKS: u64 = 200_000;

/// Measures all, and says whether the limits hold.
pub(crate) fn bench() -> Result<bool, Failure> {
    let mut table = Table { text: String::from(HEAD), all_hold: true };
    let (tight, count) = in_a_process_of_its_own(TIGHT)?;
    table.at_most(&format!("RSS / size, 256 MiB, {count} of 10^6 stay"), tight, MOST_MEMORY)?;
    let (ample, count) = in_a_process_of_its_own(usize::MAX)?;
    table.at_most(&format!("RSS / size, all of 10^6 stay: {count}"), ample, MOST_MEMORY)?;
    let mut costs = Vec::new();
    for (exponent, count) in [(3, 1_000), (4, 10_000), (5, 100_000), (6, MILLION)] {
        let looks = looks(count)?;
        table.at_least(&format!("10^{exponent} entries: hit rate"), looks.hits, LEAST_HITS)?;
        table.at_most(&format!("10^{exponent} entries: look, CPU us"), looks.cpu, MOST_CPU)?;
        let middle = format!("10^{exponent} entries: look, p99 us (p50 {:.2})", looks.p50);
        table.at_most(&middle, looks.p99, MOST_P99)?;
        costs.push(looks.cpu);
    }
    table.at_most("look, CPU us more at 10^6 than at 10^3", costs[3] - costs[0], FLAT)?;
    writeln!(io::stdout(), "\n{}", table.text)?;
    Ok(table.all_hold)
}

/// Memory that somebody has had before would be had again: each figure has its own process.
fn in_a_process_of_its_own(max_size: usize) -> Result<(f64, u64), Failure> {
    let mut command = Command::new(env::current_exe()?);
    command.args(["--cache-memory", &max_size.to_string()]);
    let (_running, lines) = Running::start_and_hear(&mut command, 1)?;
    let line = lines.first().ok_or("no figure")?;
    let (ratio, count) = line.split_once(' ').ok_or("no figure")?;
    Ok((ratio.parse()?, count.parse()?))
}

/// Says what a million entries take, by what they may: resident bytes for each byte, and how many have stayed.
pub(crate) fn memory(max_size: usize) -> Result<(), Failure> {
    let entries = entries(max_size);
    let before = resident()?;
    for number in 0..MILLION {
        keep(&entries, number, answer(number)?);
    }
    entries.tidy();
    let (count, bytes) = entries.size();
    let size = if max_size == usize::MAX { bytes as f64 } else { max_size as f64 };
    let ratio = (resident()? - before) / size;
    writeln!(io::stderr(), "{count} entries, {:.0} MiB as weighed", bytes as f64 / MIB)?;
    writeln!(io::stdout(), "{ratio} {count}")?;
    Ok(())
}

struct Looks {
    hits: f64,
    cpu: f64,
    p50: f64,
    p99: f64,
}

/// Looks for any of so many, each as likely as the others.
fn looks(count: u64) -> Result<Looks, Failure> {
    let entries = entries(usize::MAX);
    let answer = Arc::new(answer(7)?);
    for number in 0..count {
        keep_shared(&entries, number, Arc::clone(&answer));
    }
    entries.tidy();
    let any = |round: u64| round.wrapping_mul(0x9E37_79B9_7F4A_7C15) % count;
    let is_there = |number| matches!(entries.look(&key(number)), Look::Fresh(_));
    let mut hits = 0;
    let mut costs = Vec::new();
    for _ in 0..3 {
        let before = cpu()?;
        for round in 0..LOOKS {
            hits += u64::from(is_there(any(round)));
        }
        costs.push((cpu()? - before) / LOOKS as f64);
    }
    let cost = median(costs.into_iter());
    let mut times: Vec<Duration> = (0..LOOKS)
        .map(|round| {
            let begun = Instant::now();
            hits += u64::from(is_there(any(round)));
            begun.elapsed()
        })
        .collect();
    times.sort_unstable();
    let time = |part: usize| times[times.len() * part / 100].as_secs_f64() * 1e6;
    let hits = hits as f64 / (4 * LOOKS) as f64;
    Ok(Looks { hits, cpu: cost, p50: time(50), p99: time(99) })
}

/// What the gateway keeps of a call.
struct Kept(Arc<Answer>);

impl Payload for Kept {
    fn weight(&self) -> usize {
        self.0.weight()
    }

    fn encode(&self) -> Option<Vec<u8>> {
        None
    }

    fn decode(_: bytes::Bytes) -> Option<Self> {
        None
    }
}

fn entries(max_size: usize) -> Entries<Kept> {
    Entries::new(max_size, Arc::new(SystemClock))
}

fn key(number: u64) -> Key {
    Key::of("call").part(b"GET").part(&number.to_be_bytes()).end()
}

fn keep(entries: &Entries<Kept>, number: u64, answer: Answer) {
    keep_shared(entries, number, Arc::new(answer));
}

fn keep_shared(entries: &Entries<Kept>, number: u64, answer: Arc<Answer>) {
    let tags = [Tag::of("users"), Tag::of(&format!("user:{number}"))];
    let hour = Duration::from_secs(3600);
    let lives = Lives { fresh: hour, ..Lives::default() };
    let made_at = SystemClock.steady();
    let entry = Entry::new(Kept(answer), tags.into(), entries.tags.now(), made_at, lives);
    entries.keep(key(number), &Arc::new(entry));
}

/// From 100 bytes of JSON to 3 KB, most of them small; every fourth is text.
fn answer(number: u64) -> Result<Answer, Failure> {
    let items = match number % 16 {
        0 => 30,
        rest => 1 + rest / 3,
    };
    let items = (0..items).map(|item| {
        let (id, name) = (number * 31 + item, number % 977);
        format!(
            "{{\"id\":{id},\"name\":\"Somebody {name}\",\"email\":\"somebody-{id}@example.com\",\"score\":{id}.5}}"
        )
    });
    let body = format!("[{}]", items.collect::<Vec<_>>().join(","));
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    headers.insert("date", HeaderValue::from_static("Sat, 21 Nov 2026 10:00:00 GMT"));
    headers.insert("etag", HeaderValue::from_str(&format!("\"{number:x}\""))?);
    let came = Answer::new(200, headers, body.into());
    if !number.is_multiple_of(4) {
        let limits = Limits { max_depth: 100, duplicate_keys: DuplicateKeys::LastWins };
        let value = parse(&came.body, &limits).map_err(|error| error.to_string())?;
        let _ = came.json.set(value);
    }
    Ok(came.compact(true))
}

/// Bytes of this process that are in memory: the second field of `proc_pid_statm(5)`.
fn resident() -> Result<f64, Failure> {
    let text = fs::read_to_string("/proc/self/statm")?;
    let pages: f64 = text.split(' ').nth(1).ok_or("no statm")?.parse()?;
    Ok(pages * 4096.0)
}

struct Table {
    text: String,
    all_hold: bool,
}

impl Table {
    fn at_most(&mut self, name: &str, value: f64, limit: f64) -> Result<(), Failure> {
        self.row(name, value, &format!("<= {limit}"), value <= limit)
    }

    fn at_least(&mut self, name: &str, value: f64, limit: f64) -> Result<(), Failure> {
        self.row(name, value, &format!(">= {limit}"), value >= limit)
    }

    fn row(&mut self, name: &str, value: f64, limit: &str, holds: bool) -> Result<(), Failure> {
        self.all_hold &= holds;
        let verdict = if holds { "holds" } else { "MISSED" };
        writeln!(self.text, "| {name:<42} | {value:>8.3} | {limit:>8} | {verdict:>7} |")?;
        Ok(())
    }
}

const MIB: f64 = (1 << 20) as f64;

const HEAD: &str = "\
| cache                                      |          |    limit |         |
| ------------------------------------------ | -------: | -------: | ------: |
";
