// Owns what happens to the blocklist inside Redis, where a script is one step. An entry is one string: "revokedAt expiresAt
// spares {json}"; the scripts read the numbers and never open the JSON.
import { script } from './client.js';

const READ_NUMBERS = `
local function numbers(value)
  local revokedAt, expiresAt, spares, json = string.match(value, '^(%d+) (%d+) (%d) (.*)$')
  return tonumber(revokedAt), tonumber(expiresAt), spares, json
end`;

/**
 * Adds an entry or merges it with the live one there. Keys: the entry, by moment, by end. Values: now, kind, revokedAt,
 * expiresAt, spares (1 where it has an `exceptSid`), json. Answers 1 if the key was new.
 */
export const ADD = script(`${READ_NUMBERS}
local now = tonumber(ARGV[1])
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
for index, score in pairs({ [KEYS[2]] = revokedAt, [KEYS[3]] = expiresAt }) do
  redis.call('ZADD', index, score, KEYS[1])
  if redis.call('PTTL', index) < lifeMs then redis.call('PEXPIRE', index, lifeMs) end
end
local ended = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now, 'LIMIT', 0, 100)
if #ended > 0 then
  redis.call('ZREM', KEYS[2], unpack(ended))
  redis.call('ZREM', KEYS[3], unpack(ended))
end
return isNew`);

/** Reads several strings in one step. */
export const READ = script(`return redis.call('MGET', unpack(KEYS))`);

/** The newest live entries. Keys: by moment. Values: now, limit. Index members that have ended are passed over, for ten rounds. */
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

/** Takes up to 1,000 ended entries out of the list. Keys: by moment, by end. Values: now. Answers how many. */
export const TRIM = script(`
local ended = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[1], 'LIMIT', 0, 1000)
if #ended > 0 then
  redis.call('ZREM', KEYS[1], unpack(ended))
  redis.call('ZREM', KEYS[2], unpack(ended))
end
return #ended`);

/** Sets the sentinel where there is none. Keys: the sentinel. Values: now. */
export const VOUCH = script(`redis.call('SET', KEYS[1], ARGV[1], 'NX') return redis.call('GET', KEYS[1])`);
