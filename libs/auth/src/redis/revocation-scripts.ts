// What happens to the blocklist inside Redis, where a script is one step. An entry is one string: "revokedAt expiresAt
// spares {json}"; the scripts read the numbers and never open the JSON.
import { script, STORE_NOW_MS } from './client.js';

const READ_NUMBERS = `
local function numbers(value)
  local revokedAt, expiresAt, spares, json = string.match(value, '^(%d+) (%d+) (%d) (.*)$')
  return tonumber(revokedAt), tonumber(expiresAt), spares, json
end`;

// Nothing is deleted earlier than its end by both clocks: that of the caller, and that of Redis.
const EARLIEST_NOW = `${STORE_NOW_MS}
local function earliestNow(now, moved)
  return math.min(tonumber(now), math.floor(storeNowMs(moved) / 1000))
end`;

/**
 * Adds an entry or merges it with the live one there. Keys: the entry, by time, by end, by change, the count of changes. Values: now,
 * kind, revokedAt, expiresAt, spares (1 if it has an `exceptSid`), json, the time (see `storeMoment`), the channel. Answers 1 if the key
 * was new. Subscribers only learn that something changed; a user of Redis who may not publish revokes all the same.
 */
export const ADD = script(`${READ_NUMBERS}${EARLIEST_NOW}
local now = earliestNow(ARGV[1], ARGV[7])
local revokedAt, expiresAt, spares, json = tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5], ARGV[6]
local isNew = 1
local there = redis.call('GET', KEYS[1])
if there then
  local thereRevokedAt, thereExpiresAt, thereSpares, thereJson = numbers(there)
  if thereExpiresAt > now then
    isNew = 0
    expiresAt = math.max(expiresAt, thereExpiresAt)
    local stricter = revokedAt > thereRevokedAt or (revokedAt == thereRevokedAt and spares == '0')
    if ARGV[2] ~= 'subject' or not stricter then
      revokedAt, spares, json = thereRevokedAt, thereSpares, thereJson
    end
  end
end
local value = string.format('%.0f %.0f %s ', revokedAt, expiresAt, spares) .. json
local lifeMs = math.max(1, (expiresAt - now) * 1000)
redis.call('SET', KEYS[1], value, 'PX', lifeMs)
local change = redis.call('INCR', KEYS[5])
local nowMs = storeNowMs(ARGV[7])
if change < nowMs then
  -- A count that had ended, or lost its last steps in a fail-over, goes on above all that was read of it.
  change = nowMs
  redis.call('SET', KEYS[5], string.format('%.0f', change))
end
if redis.call('PTTL', KEYS[5]) < lifeMs then redis.call('PEXPIRE', KEYS[5], lifeMs) end
for index, score in pairs({ [KEYS[2]] = revokedAt, [KEYS[3]] = expiresAt, [KEYS[4]] = change }) do
  redis.call('ZADD', index, score, KEYS[1])
  if redis.call('PTTL', index) < lifeMs then redis.call('PEXPIRE', index, lifeMs) end
end
local ended = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now, 'LIMIT', 0, 100)
if #ended > 0 then
  for at = 2, 4 do redis.call('ZREM', KEYS[at], unpack(ended)) end
end
redis.pcall('PUBLISH', ARGV[8], 'changed')
return isNew`);

/** Reads several strings in one step. */
export const READ = script(`return redis.call('MGET', unpack(KEYS))`);

/** The newest live entries. Keys: by time. Values: now, limit. Index members that have ended are passed over, for ten rounds. */
export const LIST = script(`${READ_NUMBERS}
local now, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
local found, from = {}, 0
for _ = 1, 10 do
  local keys = redis.call('ZREVRANGE', KEYS[1], from, from + limit - 1)
  if #keys == 0 then break end
  for _, value in ipairs(redis.call('MGET', unpack(keys))) do
    if value and #found < limit and select(2, numbers(value)) > now then found[#found + 1] = value end
  end
  if #found == limit then break end
  from = from + #keys
end
return found`);

/** How many entries one run of {@link TRIM} takes out at most. */
export const TRIMMED_AT_ONCE = 1_000;

/**
 * Takes up to 1,000 ended entries out of the list. Keys: by end, by time, by change. Values: now, the time (see `storeMoment`). Answers
 * how many.
 */
export const TRIM = script(`${EARLIEST_NOW}
local ended = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', earliestNow(ARGV[1], ARGV[2]), 'LIMIT', 0, ${TRIMMED_AT_ONCE})
if #ended > 0 then
  for _, index in ipairs(KEYS) do redis.call('ZREM', index, unpack(ended)) end
end
return #ended`);

/**
 * What changed after a number. Keys: the sentinel, the count of changes, by change. Values: the sentinel as it was, the number (-1 for
 * everything), how many at most. Answers the sentinel, whether it began again (1 or 0), the number to go on from, how many were
 * looked at, and the entries. Scripts are one step, so that numbers are in the order in which changes can be seen.
 */
export const CHANGES = script(`
local sentinel = redis.call('GET', KEYS[1])
local count = tonumber(redis.call('GET', KEYS[2]) or '0')
local after, restarted = tonumber(ARGV[2]), 0
if after >= 0 and (sentinel ~= ARGV[1] or count < after) then after, restarted = -1, 1 end
local from = '(' .. string.format('%.0f', after)
local found = redis.call('ZRANGEBYSCORE', KEYS[3], from, '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[3])
local keys, last = {}, after
for at = 1, #found, 2 do
  keys[#keys + 1] = found[at]
  last = tonumber(found[at + 1])
end
if #keys < tonumber(ARGV[3]) then last = count end
local entries = {}
for _, value in ipairs(#keys > 0 and redis.call('MGET', unpack(keys)) or {}) do
  if value then entries[#entries + 1] = value end
end
return { sentinel, restarted, string.format('%.0f', last), #keys, entries }`);

/** Writes a number down if there is none. Keys: where. Values: the number. Answers what is there. */
export const NOTE_ONCE = script(`redis.call('SET', KEYS[1], ARGV[1], 'NX') return redis.call('GET', KEYS[1])`);

/**
 * Sets the sentinel if there is none: since now, by whichever clock is ahead, because a process whose clock is behind would call it complete
 * since a time before Redis was emptied. Keys: the sentinel. Values: now, the time (see `storeMoment`). Answers what it says.
 */
export const INIT_SENTINEL = script(`${STORE_NOW_MS}
local now = math.max(tonumber(ARGV[1]), math.floor(storeNowMs(ARGV[2]) / 1000))
redis.call('SET', KEYS[1], string.format('%.0f', now), 'NX')
return redis.call('GET', KEYS[1])`);

/**
 * The same for a Redis that was emptied: from the next second on, by whichever clock is ahead, so that what was issued and revoked in
 * this very second is refused too. Keys: the sentinel. Values: now, the time (see `storeMoment`).
 */
export const RESTORE_SENTINEL = script(`${STORE_NOW_MS}
local now = math.max(tonumber(ARGV[1]), math.floor(storeNowMs(ARGV[2]) / 1000))
redis.call('SET', KEYS[1], string.format('%.0f', now + 1), 'NX')
return redis.call('GET', KEYS[1])`);
