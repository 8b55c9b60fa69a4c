-- GCRA for one request, over one key per policy: all of them count it, or none.
-- KEYS[i] holds when the budget is full again; ARGV has interval (µs), burst and cost of each.
-- Returns for each what is left, and how long to wait (µs; 0: let in).

-- The server's time, for all gateways the same. It counts from 2023, so that fractions of a µs still fit.
local time = redis.call('TIME')
local now = (time[1] - 1700000000) * 1000000 + time[2]

local budgets, refused = {}, false
for i, key in ipairs(KEYS) do
  local interval, burst, cost = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
  local latest = now + interval * burst
  -- A server whose clock was set back keeps nobody out for longer than an empty budget would.
  local before = math.min(math.max(tonumber(redis.call('GET', key) or now), now), latest)
  local after = before + interval * cost
  -- Less than a µs is rounding.
  local wait = after - latest >= 1 and math.ceil(after - latest) or 0
  refused = refused or wait > 0
  budgets[i] = { before = before, after = after, latest = latest, interval = interval, wait = wait }
end

local answer = {}
for i, key in ipairs(KEYS) do
  local budget = budgets[i]
  local full_at = refused and budget.before or budget.after
  if not refused then
    redis.call('SET', key, string.format('%.3f', full_at), 'PX', math.ceil((full_at - now) / 1000) + 1)
  end
  -- The thousandth is for rounding, too.
  answer[2 * i - 1] = math.max(0, math.floor((budget.latest - full_at) / budget.interval + 0.001))
  answer[2 * i] = budget.wait
end
return answer
