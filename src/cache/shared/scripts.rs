//! What Redis does in one step. Times are microseconds since 1970 by the clock of Redis, which is the same for all.

use std::sync::LazyLock;

use crate::store::Script;

/// A record that may be served as it is; or whether it falls to whoever asks to make another one, with what there was.
///
/// KEYS: the record, the lease. ARGV: who asks, how long a lease lasts (ms), when somebody else's must have begun, when
/// the record began that is known to be gone, and whether the old one is wanted while somebody makes another (1). Returns the time, what it is, and the record: when it began and was made, how
/// long it is good, its tags and its payload.
pub(super) static BEGIN: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local found = redis.call('HMGET', KEYS[1], 'began', 'made', 'fresh', 'lives', 'tags')
local function answer(what)
    return {now, what, found[1], found[2], found[4], found[5], redis.call('HGET', KEYS[1], 'payload')}
end
if found[1] and tonumber(found[1]) <= tonumber(ARGV[4]) then found = {false, false, false, false, false} end
if found[3] and now < tonumber(found[3]) then return answer('found') end
local lease = redis.call('GET', KEYS[2])
local since = lease and tonumber(string.match(lease, '^%d+'))
if since and since >= tonumber(ARGV[3]) then
    if ARGV[5] == '1' and found[1] then return answer('theirs') end
    return {now, 'theirs', false, false, false, false, false}
end
redis.call('SET', KEYS[2], string.format('%.0f:', now) .. ARGV[1], 'PX', ARGV[2])
return answer('ours')",
    )
});

/// Writes a record, unless there is one that began later and is good, and gives the lease back, unless it is somebody else's.
///
/// KEYS: the record, the lease. ARGV: whose the lease is; when the record began; how old it is and how long it is served
/// (µs); how long it is good for what, its tags, its payload; and how long it is kept (ms).
pub(super) static KEEP: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local lease = redis.call('GET', KEYS[2])
if lease and string.sub(lease, -#ARGV[1]) == ARGV[1] then redis.call('DEL', KEYS[2]) end
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local before = redis.call('HMGET', KEYS[1], 'began', 'fresh')
if before[1] and tonumber(before[1]) > tonumber(ARGV[2]) and now < tonumber(before[2] or 0) then return end
local made = now - tonumber(ARGV[3])
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'began', ARGV[2], 'made', string.format('%.0f', made),
    'fresh', string.format('%.0f', made + tonumber(ARGV[4])), 'lives', ARGV[5], 'tags', ARGV[6], 'payload', ARGV[7])
redis.call('PEXPIRE', KEYS[1], ARGV[8])",
    )
});

/// KEYS: the lease. ARGV: whose it is, and how much longer it lasts (ms); 0 gives it back.
pub(super) static HOLD: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local lease = redis.call('GET', KEYS[1])
if not lease or string.sub(lease, -#ARGV[1]) ~= ARGV[1] then return end
if ARGV[2] == '0' then redis.call('DEL', KEYS[1]) else redis.call('PEXPIRE', KEYS[1], ARGV[2]) end",
    )
});

/// Notes that tags are revalidated now, and says so to all who listen.
///
/// KEYS: of the tags. ARGV: the channel, who says it with the tags that are meant, and how long it is known (ms). Returns
/// how many have heard it, and the time. A clock that was set back takes nothing back.
pub(super) static REVALIDATE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
for _, key in ipairs(KEYS) do
    local before = tonumber(redis.call('GET', key)) or 0
    redis.call('SET', key, string.format('%.0f', math.max(before, now)), 'PX', ARGV[3])
end
return {redis.call('PUBLISH', ARGV[1], ARGV[2] .. string.format('%016.0f', now)), now}",
    )
});

/// Says to oneself what time it is. It is written, too, so that a server that takes no writes any more does not pass it on.
///
/// KEYS: one of ours. ARGV: the channel.
pub(super) static BEACON: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local time = redis.call('TIME')
redis.call('SET', KEYS[1], 1, 'PX', 10000)
return redis.call('PUBLISH', ARGV[1], string.format('%016.0f', time[1] * 1000000 + time[2]))",
    )
});
