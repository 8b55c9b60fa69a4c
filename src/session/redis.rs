//! Sessions in Redis, shared by all instances. Each step that changes a session is one script, of one key.
//!
//! - `frontdesk:session:HEX` is a session, HEX its entry: a hash of `version`, `idle` and `absolute` (when it ends, in
//!   milliseconds since 1970, by our clock), `about` (JSON), `subject` and `sid` (its indexes), and `sealed`. Or it is the
//!   mark of one that has ended: `ended`.
//! - `frontdesk:sessions:subject:HEX`, `frontdesk:sessions:sid:HEX` and `frontdesk:sessions:all:H` are sorted sets of
//!   entries by `absolute`. In a cluster they live on other servers. So an index has an entry before its session is
//!   written, and until the session has ended or could not be there any more: there may be entries without a session, but
//!   never a session without its entries.
//! - `frontdesk:sessions:ended:HEX` says that all of a session at a provider have ended, also those about to begin.
//! - `frontdesk:session:once:HEX`, `frontdesk:session:lease:HEX`.
//!
//! Each ends by itself.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream;

use super::row::{Entry, Hash, Inserted, Listed, MARK, Row, Standing, Swapped, millis};
use super::scripts::{END, INDEX, INSERT, RELEASE, SWAP, TOUCH};
use crate::fault::Fault;
use crate::store::{Away, Redis, cmd};

pub(super) async fn insert(
    redis: &Redis,
    entry: Entry,
    row: &Row,
    now: Duration,
) -> Result<Inserted, Fault> {
    let (subject, sid) = (row.subject(), row.sid);
    for index in indexes(&entry, &subject, sid.as_ref()) {
        let mut call = INDEX.key(index);
        call.arg(&entry.0[..]).arg(millis(row.absolute_until)).arg(millis(now));
        let () = redis.run(&call).await?;
    }
    let about = serde_json::to_vec(&*row.about).map_err(Fault::internal)?;
    let mut call = INSERT.key(name(&entry));
    call.arg(row.version).arg(millis(row.idle_until)).arg(millis(row.absolute_until));
    call.arg(about).arg(&subject[..]).arg(sid.as_ref().map_or(&[][..], |sid| &sid[..]));
    call.arg(&row.sealed[..]).arg(lasts(row.until(), now));
    if !redis.run::<bool>(&call).await? {
        return Ok(Inserted::Ended);
    }
    // Whoever ends them from now on finds the session; who has done so before has left this.
    let Some(sid) = sid else { return Ok(Inserted::Done) };
    if redis.ask::<bool>(cmd("EXISTS").arg(ended(&sid))).await? {
        end(redis, entry, now).await?;
        return Ok(Inserted::Ended);
    }
    Ok(Inserted::Done)
}

pub(super) async fn standing(
    redis: &Redis,
    entry: Entry,
    now: Duration,
) -> Result<Option<Standing>, Fault> {
    let mut ask = cmd("HMGET");
    ask.arg(name(&entry)).arg("version").arg("idle").arg("absolute");
    let (version, idle, absolute): (Option<u64>, Option<u64>, Option<u64>) =
        redis.ask(&ask).await?;
    Ok(read(version, idle, absolute, now))
}

pub(super) async fn get(redis: &Redis, entry: Entry, now: Duration) -> Result<Option<Row>, Fault> {
    let mut ask = cmd("HMGET");
    ask.arg(name(&entry)).arg("version").arg("idle").arg("absolute");
    ask.arg("about").arg("sid").arg("sealed");
    let found: Found = redis.ask(&ask).await?;
    let (version, idle, absolute, about, sid, sealed) = found;
    let Some(standing) = read(version, idle, absolute, now) else { return Ok(None) };
    let Standing { version, idle_until, absolute_until } = standing;
    let about = serde_json::from_slice(&about.unwrap_or_default());
    let about = Arc::new(about.map_err(|_| Fault::internal(STRANGE))?);
    let sid = sid.and_then(|sid| Hash::try_from(sid.as_slice()).ok());
    let sealed = Bytes::from(sealed.unwrap_or_default());
    Ok(Some(Row { version, idle_until, absolute_until, about, sid, sealed }))
}

/// Version, ends, whose it is, `sid`, and the record.
type Found =
    (Option<u64>, Option<u64>, Option<u64>, Option<Vec<u8>>, Option<Vec<u8>>, Option<Vec<u8>>);

pub(super) async fn swap(
    redis: &Redis,
    entry: Entry,
    version: u64,
    sealed: &[u8],
    now: Duration,
) -> Result<Swapped, Fault> {
    let mut call = SWAP.key(name(&entry));
    call.arg(version).arg(sealed).arg(millis(now));
    Ok(match redis.run::<String>(&call).await?.as_str() {
        "done" => Swapped::Done,
        "changed" => Swapped::Changed,
        _ => Swapped::Ended,
    })
}

pub(super) async fn touch(
    redis: &Redis,
    entry: Entry,
    from: Duration,
    to: Duration,
    now: Duration,
) -> Result<(), Fault> {
    let mut call = TOUCH.key(name(&entry));
    call.arg(millis(from)).arg(millis(to)).arg(millis(now));
    let () = redis.run(&call).await?;
    Ok(())
}

pub(super) async fn end(redis: &Redis, entry: Entry, now: Duration) -> Result<bool, Fault> {
    end_as(redis, entry, false, now).await
}

/// `about_to_begin`: a mark is left also where no session is there yet.
async fn end_as(
    redis: &Redis,
    entry: Entry,
    about_to_begin: bool,
    now: Duration,
) -> Result<bool, Fault> {
    let mut call = END.key(name(&entry));
    call.arg(u8::from(about_to_begin)).arg(millis(now)).arg(millis(MARK));
    let (live, subject, sid): (bool, Vec<u8>, Vec<u8>) = redis.run(&call).await?;
    if let Ok(subject) = Hash::try_from(subject.as_slice()) {
        let sid = Hash::try_from(sid.as_slice()).ok();
        for index in indexes(&entry, &subject, sid.as_ref()) {
            // What is left over ends by itself.
            let removed: Result<(), Away> =
                redis.ask(cmd("ZREM").arg(index).arg(&entry.0[..])).await;
            let _ = removed;
        }
    }
    Ok(live)
}

pub(super) async fn end_all(
    redis: &Redis,
    index: Hash,
    mark: bool,
    now: Duration,
) -> Result<usize, Fault> {
    if mark {
        let mut ask = cmd("SET");
        ask.arg(ended(&index)).arg(1).arg("PX").arg(millis(MARK));
        let () = redis.ask(&ask).await?;
    }
    let mut count = 0;
    for entry in of(redis, &index, now).await? {
        count += usize::from(end_as(redis, entry, true, now).await?);
    }
    Ok(count)
}

pub(super) async fn list(
    redis: &Redis,
    index: Option<Hash>,
    now: Duration,
) -> Result<Vec<Listed>, Fault> {
    let mut entries = Vec::new();
    match &index {
        Some(index) => entries = of(redis, index, now).await?,
        None => {
            for part in 0..PARTS {
                entries.extend(range(redis, all(part), now).await?);
            }
        }
    }
    let rows = stream::iter(entries);
    let rows = rows.map(async |entry| Ok((entry, get(redis, entry, now).await?)));
    let rows: Vec<Result<_, Fault>> = rows.buffered(AT_ONCE).collect().await;
    let listed = |found: Result<(Entry, Option<Row>), Fault>| {
        found.map(|(entry, row)| Some(row?.listed(entry))).transpose()
    };
    rows.into_iter().filter_map(listed).collect()
}

pub(super) async fn once(
    redis: &Redis,
    what: &Hash,
    until: Duration,
    now: Duration,
) -> Result<bool, Fault> {
    let mut ask = cmd("SET");
    ask.arg(marked(what)).arg(1).arg("NX").arg("PX").arg(lasts(until, now));
    Ok(redis.ask::<Option<String>>(&ask).await?.is_some())
}

pub(super) async fn seen(redis: &Redis, what: &Hash) -> Result<bool, Fault> {
    Ok(redis.ask(cmd("EXISTS").arg(marked(what))).await?)
}

pub(super) async fn lease(
    redis: &Redis,
    entry: Entry,
    owner: &Hash,
    until: Duration,
    now: Duration,
) -> Result<bool, Fault> {
    let mut ask = cmd("SET");
    ask.arg(leased(&entry)).arg(&owner[..]).arg("NX").arg("PX").arg(lasts(until, now));
    Ok(redis.ask::<Option<String>>(&ask).await?.is_some())
}

pub(super) async fn release(redis: &Redis, entry: Entry, owner: &Hash) -> Result<(), Fault> {
    let mut call = RELEASE.key(leased(&entry));
    call.arg(&owner[..]);
    let () = redis.run(&call).await?;
    Ok(())
}

/// How it stands, unless it has ended: a mark has none of these.
fn read(
    version: Option<u64>,
    idle: Option<u64>,
    absolute: Option<u64>,
    now: Duration,
) -> Option<Standing> {
    let idle_until = Duration::from_millis(idle?);
    let absolute_until = Duration::from_millis(absolute?);
    let live = now < idle_until.min(absolute_until);
    live.then_some(Standing { version: version?, idle_until, absolute_until })
}

/// The entries of a user's, or of a provider session's.
async fn of(redis: &Redis, index: &Hash, now: Duration) -> Result<Vec<Entry>, Fault> {
    let mut entries = range(redis, subject(index), now).await?;
    entries.extend(range(redis, provider(index), now).await?);
    Ok(entries)
}

async fn range(redis: &Redis, key: String, now: Duration) -> Result<Vec<Entry>, Fault> {
    let mut ask = cmd("ZRANGEBYSCORE");
    ask.arg(key).arg(format!("({}", millis(now))).arg("+inf");
    let entries: Vec<Vec<u8>> = redis.ask(&ask).await?;
    let entry = |bytes: Vec<u8>| Hash::try_from(bytes.as_slice()).map(Entry);
    Ok(entries.into_iter().filter_map(|bytes| entry(bytes).ok()).collect())
}

fn indexes(entry: &Entry, of: &Hash, sid: Option<&Hash>) -> impl Iterator<Item = String> {
    let part = usize::from(entry.0[0]) % PARTS;
    [Some(subject(of)), sid.map(provider), Some(all(part))].into_iter().flatten()
}

fn name(entry: &Entry) -> String {
    format!("frontdesk:session:{}", entry.hex())
}

fn marked(what: &Hash) -> String {
    format!("frontdesk:session:once:{}", Entry(*what).hex())
}

fn leased(entry: &Entry) -> String {
    format!("frontdesk:session:lease:{}", entry.hex())
}

fn subject(index: &Hash) -> String {
    format!("frontdesk:sessions:subject:{}", Entry(*index).hex())
}

fn provider(index: &Hash) -> String {
    format!("frontdesk:sessions:sid:{}", Entry(*index).hex())
}

fn ended(index: &Hash) -> String {
    format!("frontdesk:sessions:ended:{}", Entry(*index).hex())
}

fn all(part: usize) -> String {
    format!("frontdesk:sessions:all:{part:x}")
}

/// Milliseconds from now on; one at least, which Redis asks for.
fn lasts(until: Duration, now: Duration) -> u64 {
    millis(until).saturating_sub(millis(now)).max(1)
}

/// All sessions are in so many indexes, so that none gets too big and no server has them all.
const PARTS: usize = 16;
/// How many are read at the same time.
const AT_ONCE: usize = 64;
const STRANGE: &str = "redis holds something else under a key of ours";
