// What happens to logins inside Redis, where a script is one step. A login is one hash; each subject has one sorted set of the
// names of its logins, so that nothing ever walks the key space. Each script touches one key: on a cluster both lie where their own
// name sends them. The login is what decides; the list of a subject may hold the name of one that was deleted, and lacks none that is
// issued.
import { script, STORE_NOW_MS } from './client.js';

/** Lua: how long a key must live, in ms, so that it is not gone before its end by every clock: that of Redis and the caller's. */
const LIFE_MS = `${STORE_NOW_MS}
local function lifeMs(endsMs, nowMs, callerNowMs)
  return string.format('%.0f', math.max(1000, endsMs - nowMs, endsMs - tonumber(callerNowMs)))
end`;

/**
 * Records a new login. Keys: the login. Values: the time (see `storeMoment`), nowMs of the caller, end of the login in ms, then
 * fields and values. Answers 0 if it was there.
 */
export const OPEN = script(`${LIFE_MS}
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV, 4))
redis.call('PEXPIRE', KEYS[1], lifeMs(ARGV[3], storeNowMs(ARGV[1]), ARGV[2]))
return 1`);

/** How many of the oldest names of a subject a new login looks after. */
const OLDEST = 10;

/**
 * Names a login in the list of its subject. Keys: the list. Values: the time (see `storeMoment`), nowMs of the caller, end of the
 * list in ms, createdAt, the name. Answers the oldest names: logins expire by themselves, and their names do not.
 */
export const NAME = script(`${LIFE_MS}
local oldest = redis.call('ZRANGE', KEYS[1], 0, ${OLDEST - 1})
redis.call('ZADD', KEYS[1], ARGV[4], ARGV[5])
local endsMs = lifeMs(ARGV[3], storeNowMs(ARGV[1]), ARGV[2])
if redis.call('PTTL', KEYS[1]) < tonumber(endsMs) then redis.call('PEXPIRE', KEYS[1], endsMs) end
return oldest`);

/** The names of the logins of a subject, newest first. Keys: the list. */
export const NAMES = script(`return redis.call('ZREVRANGE', KEYS[1], 0, -1)`);

/** Takes names out of the list of a subject. Keys: the list. Values: the names. */
export const UNNAME = script(`return redis.call('ZREM', KEYS[1], unpack(ARGV))`);

/** Whether a login is there. Keys: the login. */
export const EXISTS = script(`return redis.call('EXISTS', KEYS[1])`);

/**
 * Replaces the live refresh token if the presented one is it, and not too many were replaced within the grace. Keys: the login.
 * Values: presented jti, the next jti, grace in ms, how many are too many, the time (see `storeMoment`), nowMs of the caller, end of
 * the new token in ms, then fields and values. Answers whether it did (1 or 0), the time of Redis in ms, and the login as it now
 * is.
 */
export const ROTATE = script(`${LIFE_MS}
local from, to, graceMs = ARGV[1], ARGV[2], tonumber(ARGV[3])
local nowMs = storeNowMs(ARGV[5])
local time = string.format('%.0f', nowMs)
local rotated = 0
if from ~= '' and redis.call('HGET', KEYS[1], 'currentJti') == from then
  local previous, at, list = unpack(redis.call('HMGET', KEYS[1], 'previousJti', 'rotatedAtMs', 'replacedEarlier'))
  local replaced = cjson.decode(list or '[]')
  if previous and at then replaced[#replaced + 1] = { previous, tonumber(at) } end
  local within, earlier = 0, {}
  for _, pair in ipairs(replaced) do
    if math.max(0, nowMs - pair[2]) < graceMs then
      within = within + 1
      if pair[1] ~= to then earlier[#earlier + 1] = pair end
    end
  end
  if within < tonumber(ARGV[4]) then
    rotated = 1
    redis.call('HSET', KEYS[1], 'currentJti', to, 'previousJti', from, 'rotatedAtMs', time, unpack(ARGV, 8))
    if #earlier > 0 then
      redis.call('HSET', KEYS[1], 'replacedEarlier', cjson.encode(earlier))
    else
      redis.call('HDEL', KEYS[1], 'replacedEarlier')
    end
    local endsMs = math.min(tonumber(ARGV[7]), tonumber(redis.call('HGET', KEYS[1], 'absoluteExpiresAt')) * 1000)
    redis.call('PEXPIRE', KEYS[1], lifeMs(endsMs, nowMs, ARGV[6]))
  end
end
return { rotated, time, redis.call('HGETALL', KEYS[1]) }`);

/** Reads a login. Keys: the login. */
export const FIND = script(`return redis.call('HGETALL', KEYS[1])`);

/** Notes a use. Keys: the login. Values: now. */
export const TOUCH = script(`
local last = redis.call('HGET', KEYS[1], 'lastUsedAt')
if last and tonumber(last) < tonumber(ARGV[1]) then redis.call('HSET', KEYS[1], 'lastUsedAt', ARGV[1]) end
return 1`);

/** Deletes a login. Keys: the login. Answers a list of its subject, which is empty if the login was not there. */
export const END = script(`
local subject = redis.call('HGET', KEYS[1], 'subject')
redis.call('DEL', KEYS[1])
return { subject or nil }`);
