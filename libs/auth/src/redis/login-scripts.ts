// What happens to sign-ins inside Redis, where a script is one step. A sign-in is one hash; each subject has one sorted set
// of the keys of its sign-ins, so that nothing ever walks the key space.
import { script, STORE_NOW_MS } from './client.js';

/** Lua: how long a key must live, in ms, so that it is not gone before its end by every clock: that of Redis and the caller's. */
const LIFE_MS = `${STORE_NOW_MS}
local function lifeMs(endsMs, nowMs, callerNowMs)
  return string.format('%.0f', math.max(1000, endsMs - nowMs, endsMs - tonumber(callerNowMs)))
end`;

/**
 * Records a new sign-in. Keys: the sign-in, those of its subject. Values: the moment (see `storeMoment`), nowMs of the caller, end of the
 * sign-in and of the index in ms, createdAt, then fields and values. ErrorResponses 0 where it was there. Those that expired by themselves are
 * still in the index: ten of the oldest are looked after, so that it does not grow for ever.
 */
export const OPEN = script(`${LIFE_MS}
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local nowMs = storeNowMs(ARGV[1])
redis.call('HSET', KEYS[1], 'index', KEYS[2], unpack(ARGV, 6))
redis.call('PEXPIRE', KEYS[1], lifeMs(ARGV[3], nowMs, ARGV[2]))
for _, key in ipairs(redis.call('ZRANGE', KEYS[2], 0, 9)) do
  if redis.call('EXISTS', key) == 0 then redis.call('ZREM', KEYS[2], key) end
end
redis.call('ZADD', KEYS[2], ARGV[5], KEYS[1])
local indexMs = lifeMs(ARGV[4], nowMs, ARGV[2])
if redis.call('PTTL', KEYS[2]) < tonumber(indexMs) then redis.call('PEXPIRE', KEYS[2], indexMs) end
return 1`);

/**
 * Replaces the live refresh token if the presented one is it, and not too many were replaced within the grace. Keys: the sign-in.
 * Values: presented jti, the next jti, grace in ms, how many are too many, the moment (see `storeMoment`), nowMs of the caller, end of
 * the new token in ms, then fields and values. ErrorResponses whether it did (1 or 0), the moment of Redis in ms, and the sign-in as it now
 * is.
 */
export const ROTATE = script(`${LIFE_MS}
local from, to, graceMs = ARGV[1], ARGV[2], tonumber(ARGV[3])
local nowMs = storeNowMs(ARGV[5])
local moment = string.format('%.0f', nowMs)
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
    redis.call('HSET', KEYS[1], 'currentJti', to, 'previousJti', from, 'rotatedAtMs', moment, unpack(ARGV, 8))
    if #earlier > 0 then
      redis.call('HSET', KEYS[1], 'replacedEarlier', cjson.encode(earlier))
    else
      redis.call('HDEL', KEYS[1], 'replacedEarlier')
    end
    local endsMs = math.min(tonumber(ARGV[7]), tonumber(redis.call('HGET', KEYS[1], 'absoluteExpiresAt')) * 1000)
    redis.call('PEXPIRE', KEYS[1], lifeMs(endsMs, nowMs, ARGV[6]))
  end
end
return { rotated, moment, redis.call('HGETALL', KEYS[1]) }`);

/** Reads a sign-in. Keys: the sign-in. */
export const FIND = script(`return redis.call('HGETALL', KEYS[1])`);

/** Notes a use. Keys: the sign-in. Values: now. */
export const TOUCH = script(`
local last = redis.call('HGET', KEYS[1], 'lastUsedAt')
if last and tonumber(last) < tonumber(ARGV[1]) then redis.call('HSET', KEYS[1], 'lastUsedAt', ARGV[1]) end
return 1`);

/** The sign-ins of a subject, newest first. Keys: those of the subject. */
export const LIST_OF_SUBJECT = script(`
local found = {}
for _, key in ipairs(redis.call('ZREVRANGE', KEYS[1], 0, -1)) do
  local login = redis.call('HGETALL', key)
  if #login > 0 then found[#found + 1] = login else redis.call('ZREM', KEYS[1], key) end
end
return found`);

/** Forgets a sign-in, in the index of its subject too. Keys: the sign-in. ErrorResponses how many were there. */
export const END = script(`
local index = redis.call('HGET', KEYS[1], 'index')
if index then redis.call('ZREM', index, KEYS[1]) end
return redis.call('DEL', KEYS[1])`);

/** Forgets the sign-ins of a subject but one. Keys: those of the subject, the one to spare. ErrorResponses how many were there. */
export const END_ALL = script(`
local ended = 0
for _, key in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if key ~= KEYS[2] then
    ended = ended + redis.call('DEL', key)
    redis.call('ZREM', KEYS[1], key)
  end
end
return ended`);
