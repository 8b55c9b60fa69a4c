//! What Redis does with one key, in one step.

use std::sync::LazyLock;

use crate::store::Script;

/// Adds an entry; throws away those whose time is over. The index lasts as long as the last of them.
pub(super) static INDEX: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3])
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
local lasts = math.max(tonumber(ARGV[2]) - tonumber(ARGV[3]), 1)
if redis.call('PTTL', KEYS[1]) < lasts then redis.call('PEXPIRE', KEYS[1], string.format('%d', lasts)) end",
    )
});

/// Nothing is written over another session, nor over the mark of one.
pub(super) static INSERT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[1], 'idle', ARGV[2], 'absolute', ARGV[3],
    'about', ARGV[4], 'subject', ARGV[5], 'sid', ARGV[6], 'sealed', ARGV[7])
redis.call('PEXPIRE', KEYS[1], ARGV[8])
return 1",
    )
});

/// How long it lasts stays as it is: somebody may move that at the same time.
pub(super) static SWAP: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local found = redis.call('HMGET', KEYS[1], 'version', 'idle', 'absolute')
if not found[1] then return 'ended' end
if math.min(tonumber(found[2]), tonumber(found[3])) <= tonumber(ARGV[3]) then return 'ended' end
if tonumber(found[1]) + 1 ~= tonumber(ARGV[1]) then return 'changed' end
redis.call('HSET', KEYS[1], 'version', ARGV[1], 'sealed', ARGV[2])
return 'done'",
    )
});

/// Only from where it was when it was read, and never beyond its end in any case.
pub(super) static TOUCH: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local found = redis.call('HMGET', KEYS[1], 'version', 'idle', 'absolute')
if not found[1] then return end
local now, idle, absolute = tonumber(ARGV[3]), tonumber(found[2]), tonumber(found[3])
if math.min(idle, absolute) <= now or idle ~= tonumber(ARGV[1]) then return end
local to = math.min(tonumber(ARGV[2]), absolute)
if to <= idle then return end
redis.call('HSET', KEYS[1], 'idle', string.format('%d', to))
redis.call('PEXPIRE', KEYS[1], string.format('%d', to - now))",
    )
});

/// Tells whether there was one, and its indexes. A mark stays as it is.
pub(super) static END: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local found = redis.call('HMGET', KEYS[1], 'version', 'idle', 'absolute', 'subject', 'sid')
local live = found[1] and math.min(tonumber(found[2]), tonumber(found[3])) > tonumber(ARGV[2])
if live or (ARGV[1] == '1' and redis.call('EXISTS', KEYS[1]) == 0) then
    redis.call('DEL', KEYS[1])
    redis.call('HSET', KEYS[1], 'ended', 1)
    redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
return {live and 1 or 0, found[4] or '', found[5] or ''}",
    )
});

pub(super) static RELEASE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end",
    )
});
