//! Records in Redis, shared by all instances. Each step is one script, so that no two of them ever mix.

use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;

use super::claim::{Begun, Claim, hex};
use crate::fault::Fault;
use crate::store::{Redis, Script};

/// A hash per key, `frontdesk:idempotency:HEX`: `state` (`held`, `sent`, `done`), `owner`, `print`, and `record` of what is
/// done, or `lease`, until when whoever has sent something is believed to be still at it. It ends by itself.
pub(super) async fn begin(redis: &Redis, claim: &Claim, lease: Duration) -> Result<Begun, Fault> {
    let mut call = BEGIN.key(name(claim));
    call.arg(&claim.owner).arg(&claim.fingerprint[..]).arg(millis(lease));
    let answer: Vec<Vec<u8>> = redis.run(&call).await?;
    let mut answer = answer.into_iter();
    let state = answer.next().unwrap_or_default();
    Ok(match (state.as_slice(), answer.next()) {
        (b"new", _) => Begun::New,
        (b"held", _) => Begun::InFlight,
        (b"lost", _) => Begun::Lost,
        (b"other", _) => Begun::Other,
        (b"done", Some(record)) => Begun::Done(Bytes::from(record)),
        _ => return Err(Fault::internal("redis holds something else under a key of ours")),
    })
}

pub(super) async fn sent(redis: &Redis, claim: &Claim, keep: Duration) -> Result<bool, Fault> {
    let mut call = SENT.key(name(claim));
    call.arg(&claim.owner).arg(millis(keep));
    Ok(redis.run(&call).await?)
}

pub(super) async fn finish(
    redis: &Redis,
    claim: &Claim,
    record: Bytes,
    keep: Duration,
) -> Result<bool, Fault> {
    let mut call = FINISH.key(name(claim));
    call.arg(&claim.owner).arg(&claim.fingerprint[..]).arg(millis(keep)).arg(&record[..]);
    Ok(redis.run(&call).await?)
}

pub(super) async fn release(redis: &Redis, claim: &Claim) -> Result<(), Fault> {
    let mut call = RELEASE.key(name(claim));
    call.arg(&claim.owner);
    let _: bool = redis.run(&call).await?;
    Ok(())
}

fn name(claim: &Claim) -> String {
    format!("frontdesk:idempotency:{}", hex(&claim.key))
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Who held it and sends keeps the rest of its lease, after which it is no longer believed to be at it.
static BEGIN: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local found = redis.call('HMGET', KEYS[1], 'state', 'print', 'owner', 'record', 'lease')
local state = found[1]
if not state then
    local now = redis.call('TIME')
    local lease = now[1] * 1000 + math.floor(now[2] / 1000) + ARGV[3]
    redis.call('HSET', KEYS[1], 'state', 'held', 'owner', ARGV[1], 'print', ARGV[2], 'lease', string.format('%d', lease))
    redis.call('PEXPIRE', KEYS[1], ARGV[3])
    return {'new'}
end
if found[2] ~= ARGV[2] then return {'other'} end
if state == 'done' then return {'done', found[4]} end
if found[3] == ARGV[1] then return {'new'} end
if state == 'sent' then
    local now = redis.call('TIME')
    if now[1] * 1000 + math.floor(now[2] / 1000) > tonumber(found[5] or 0) then return {'lost'} end
end
return {'held'}",
    )
});

/// Only who holds it: what comes late, after it was made free, must not take it again. It ends no earlier than its lease.
static SENT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'state', 'sent')
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 1",
    )
});

static FINISH: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local owner = redis.call('HGET', KEYS[1], 'owner')
if owner and owner ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'state', 'done', 'owner', ARGV[1], 'print', ARGV[2], 'record', ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1",
    )
});

static RELEASE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local found = redis.call('HMGET', KEYS[1], 'owner', 'state')
if found[1] ~= ARGV[1] or found[2] == 'done' then return 0 end
return redis.call('DEL', KEYS[1])",
    )
});
