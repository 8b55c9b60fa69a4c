//! Hearing what other instances revalidate, and knowing whether it is heard.

use std::pin::pin;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout, timeout_at};

use super::announce::KEPT;
use super::record::read_tags;
use super::scripts::BEACON;
use super::{CHANNEL, Shared, hex};
use crate::cache::entries::Entries;
use crate::cache::entry::Payload;
use crate::cache::tags::Tick;
use crate::store::{Aside, Messages, Value, cmd};

impl Shared {
    /// Hears what others revalidate, for as long as it is polled. While it is not heard, nothing is served that is older than
    /// `[cache] away_ttl`; when it is heard again, what this process has is gone, since any of it may have been revalidated.
    pub async fn run<T: Payload>(&self, entries: &Entries<T>) {
        for attempt in 0.. {
            let channels = [CHANNEL.to_owned(), self.beacon()];
            let why = match self.target.subscribe(&channels, attempt).await {
                Ok((messages, aside)) => self.follow(entries, messages, &aside).await,
                Err(away) => away.to_string(),
            };
            self.lost(entries, attempt, &why);
            sleep(PAUSE).await;
        }
    }

    /// Follows one connection until it ends, and says why.
    async fn follow<T: Payload>(
        &self,
        entries: &Entries<T>,
        messages: Messages,
        aside: &Aside,
    ) -> String {
        match timeout(FIRST, self.arrive(aside)).await {
            Ok(Ok(())) => {}
            Ok(Err(why)) => return why,
            Err(_) => return "no answer".to_owned(),
        }
        match select(pin!(self.hear(entries, messages)), pin!(self.beat(aside))).await {
            Either::Left((why, _)) | Either::Right((why, _)) => why,
        }
    }

    /// Looks whether these are the servers that were there before. What others took over may lack the last revalidations, and
    /// still have what they were about: then all is revalidated.
    async fn arrive(&self, aside: &Aside) -> Result<(), String> {
        warn_of_eviction(aside).await;
        let said: Value =
            aside.ask(cmd("INFO").arg("server")).await.map_err(|why| why.to_string())?;
        let mut runs = Vec::new();
        collect_runs(&said, &mut runs);
        runs.sort_unstable();
        let runs = runs.join(" ");
        let mut ask = cmd("GET");
        let before: Option<String> =
            aside.ask(ask.arg(RUN)).await.map_err(|why| why.to_string())?;
        if before.as_deref() == Some(&runs) {
            return Ok(());
        }
        self.untold.add_all();
        self.catch_up(aside).await.map_err(|why| why.to_string())?;
        let mut note = cmd("SET");
        note.arg(RUN).arg(&runs).arg("PX").arg(KEPT);
        aside.ask::<()>(&note).await.map_err(|why| why.to_string())
    }

    /// Takes in what comes, until nothing does.
    async fn hear<T: Payload>(&self, entries: &Entries<T>, mut messages: Messages) -> String {
        let beacon = self.beacon();
        let (mut until, mut is_late) = (Instant::now() + FIRST, false);
        loop {
            match timeout_at(until, messages.next()).await {
                Ok(Some((channel, said))) if channel == beacon => {
                    (until, is_late) = (Instant::now() + SILENCE, false);
                    self.found(entries, &said);
                }
                Ok(Some((_, said))) => self.take_in(entries, &said),
                Ok(None) => return "the connection has ended".to_owned(),
                Err(_) if is_late => return format!("nothing heard for {:?}", SILENCE + GRACE),
                // It may be that this process has stood still.
                Err(_) => (until, is_late) = (Instant::now() + GRACE, true),
            }
        }
    }

    /// Says again and again that somebody listens, after what could not be said before.
    async fn beat(&self, aside: &Aside) -> String {
        let mut ticks = interval(BEAT);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let beacon = self.beacon();
        loop {
            ticks.tick().await;
            let mut call = BEACON.key(&beacon);
            let said = async {
                self.catch_up(aside).await?;
                aside.run::<i64>(call.arg(&beacon)).await
            };
            if let Err(why) = said.await {
                return why.to_string();
            }
        }
    }

    fn take_in<T: Payload>(&self, entries: &Entries<T>, said: &[u8]) {
        let Some((name, time, tags)) = parts(said) else {
            // Whatever it was, it was said where revalidations are.
            entries.tags.revalidate_all();
            return;
        };
        if name == self.name {
            self.is_heard(entries.tags.now(), time);
            return;
        }
        let tick = match read_tags(tags) {
            Some(tags) if !tags.is_empty() => entries.tags.revalidate(&tags),
            _ => entries.tags.revalidate_all(),
        };
        self.heard.note(tick, time);
        self.is_heard(tick, time);
    }

    /// All that was revalidated up to this time is heard; unless something may have been missed before.
    fn is_heard(&self, tick: Tick, time: u64) {
        if self.is_here() {
            self.upto.note(tick, time);
        }
    }

    /// It is heard what was said at this time.
    fn found<T: Payload>(&self, entries: &Entries<T>, said: &[u8]) {
        let Some(time) = read_time(said) else { return };
        if self.is_here() {
            self.upto.note(entries.tags.now(), time);
            return;
        }
        entries.clear();
        self.upto.note(entries.tags.now(), time);
        if self.back.load(Ordering::Acquire) == LOST {
            self.back.store(time, Ordering::Release);
        }
        self.is_here.store(true, Ordering::Release);
        entries.cap(Duration::MAX);
        tracing::info!("what other instances revalidate is heard");
    }

    fn lost<T: Payload>(&self, entries: &Entries<T>, attempt: usize, why: &str) {
        entries.cap(self.away_ttl);
        self.back.store(LOST, Ordering::Release);
        if self.is_here.swap(false, Ordering::AcqRel) || attempt == 0 {
            tracing::warn!(
                cause = why,
                "what other instances revalidate is not heard: the cache keeps nothing for long"
            );
        }
    }

    fn beacon(&self) -> String {
        format!("frontdesk:cache:beacon:{}", hex(&self.name))
    }
}

/// Says where a Redis that is full lets go of the times of tags before the records that they are about: what was revalidated
/// would come back. Not every user may ask.
async fn warn_of_eviction(aside: &Aside) {
    let mut ask = cmd("CONFIG");
    ask.arg("GET").arg("maxmemory-policy");
    let said: Vec<String> = aside.ask(&ask).await.unwrap_or_default();
    let policy = said.last().map_or("", String::as_str);
    if !matches!(policy, "" | "noeviction" | "volatile-ttl") {
        tracing::warn!(
            policy,
            "a full Redis may forget what was revalidated: set its maxmemory-policy to noeviction or volatile-ttl"
        );
    }
}

/// Who says it, when it was, and of which tags.
fn parts(said: &[u8]) -> Option<([u8; 16], u64, &[u8])> {
    let (name, rest) = said.split_first_chunk::<16>()?;
    let (tags, time) = rest.split_last_chunk::<16>()?;
    Some((*name, read_time(time)?, tags))
}

fn read_time(said: &[u8]) -> Option<u64> {
    std::str::from_utf8(said).ok()?.parse().ok()
}

/// The names of the servers' runs, of one server or of all.
fn collect_runs(said: &Value, runs: &mut Vec<String>) {
    let mut text = |text: &str| {
        let run = text.lines().find_map(|line| line.strip_prefix("run_id:"));
        runs.extend(run.map(|run| run.trim().to_owned()));
    };
    match said {
        Value::BulkString(bytes) => text(&String::from_utf8_lossy(bytes)),
        Value::SimpleString(simple) => text(simple),
        Value::VerbatimString { text: verbatim, .. } => text(verbatim),
        Value::Array(all) => all.iter().for_each(|one| collect_runs(one, runs)),
        Value::Map(all) => all.iter().for_each(|(_, one)| collect_runs(one, runs)),
        _ => {}
    }
}

/// It will be back some time.
const LOST: u64 = u64::MAX;
const RUN: &str = "frontdesk:cache:run";
/// How often it is said that somebody listens.
const BEAT: Duration = Duration::from_millis(200);
/// Who hears nothing for so long, and for a moment more, hears nothing.
const SILENCE: Duration = Duration::from_millis(450);
const GRACE: Duration = Duration::from_millis(50);
/// How long the first word may take.
const FIRST: Duration = Duration::from_secs(1);
/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(250);
