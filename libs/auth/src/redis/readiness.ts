// The look at Redis before the first request: that it does what a first request will do, and that it keeps what it is given.
import { randomUUID } from 'node:crypto';
import { AuthConfigurationError, readString, withTimeout } from '../core/internal.js';
import { run, script, STORE_NOW_MS, yesOrNo, type RedisClient } from './client.js';
import type { Keys, Shard } from './keys.js';

const PATIENCE_MS = 5_000;

/**
 * Does one small thing in Redis. Clients queue commands while they are not connected, so that it is given a limit.
 * @throws {AuthConfigurationError} if it does not succeed
 */
export async function checkRedis(work: () => Promise<unknown>): Promise<void> {
  try {
    await withTimeout(PATIENCE_MS, work);
  } catch (error) {
    if (error instanceof AuthConfigurationError) throw error;
    const reason = error instanceof Error ? error.message : 'unknown error';
    throw new AuthConfigurationError([sentenceOf(reason)]);
  }
}

const SENTENCES: readonly (readonly [RegExp, string])[] = [
  [
    /CROSSSLOT|non local key/,
    'Redis is a cluster, and the keys of one step would lie on different servers. Spread the blocklist over the cluster, ' +
      "redisStores({ shards: 16 }), or keep everything in one slot, redisStores({ prefix: '{latchkey}:' }).",
  ],
  [/^MOVED|^ASK/, 'Redis is a cluster, and the client is not one for clusters. Pass createCluster() or new Cluster().'],
  [/READONLY/, 'Redis is a replica, which nothing can be written to. Connect the client to the master.'],
  [
    /channel/,
    'The user of Redis may not publish or not subscribe. Allow it +publish, +subscribe and the channel, for example &latchkey:*, or leave out push.',
  ],
  [
    /NOPERM|can't run this command|ACL failure/,
    'The user of Redis may not do what the stores do. Allow it @read, @write, @scripting and TIME on the keys of the prefix.',
  ],
];

function sentenceOf(reason: string): string {
  const [, known] = SENTENCES.find(([pattern]) => pattern.test(reason)) ?? [];
  return known ?? `Redis is not ready (${reason}). Start it, and connect the client before it is passed.`;
}

// One of each command that the scripts of both stores use, on keys that are deleted at the end.
const PROBE = script(`${STORE_NOW_MS}
local now = string.format('%.0f', storeNowMs(''))
for _, key in ipairs(KEYS) do redis.call('EXISTS', key) end
redis.call('HSET', KEYS[1], 'probe', cjson.encode({ { 'probe', tonumber(now) } }), 'other', now)
redis.call('PEXPIRE', KEYS[1], 1000)
redis.call('HGET', KEYS[1], 'probe')
redis.call('HMGET', KEYS[1], 'probe', 'other')
redis.call('HGETALL', KEYS[1])
redis.call('HDEL', KEYS[1], 'other')
redis.call('ZADD', KEYS[2], now, KEYS[1])
redis.call('PTTL', KEYS[2])
redis.call('ZRANGE', KEYS[2], 0, 9)
redis.call('ZREVRANGE', KEYS[2], 0, -1)
redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'WITHSCORES', 'LIMIT', 0, 1)
redis.call('ZREM', KEYS[2], KEYS[1])
redis.call('INCR', KEYS[3])
redis.call('SET', KEYS[3], now, 'PX', 1000)
redis.call('MGET', KEYS[3])
for _, key in ipairs(KEYS) do redis.call('DEL', key) end
return 1`);

/**
 * Does in Redis what a first sign-in and a first revocation will do, on keys of its own: on a cluster, on a replica and as a user who may
 * not write, reading alone would succeed.
 */
export async function probe(client: RedisClient, probes: readonly string[]): Promise<void> {
  if (!yesOrNo(await run(client, PROBE, { keys: probes, values: [] })))
    throw new Error('a script was not run to its end');
}

/** The same in each shard of the blocklist, so on each server that holds some of it. */
export async function probeShards(client: RedisClient, { shards }: Keys): Promise<void> {
  const id = randomUUID();
  await Promise.all(shards.map((shard) => probe(client, shard.probes(id))));
}

// A user of the server that may not read this gets no warning.
const MEMORY = script(`
local memory = redis.pcall('INFO', 'memory')
return type(memory) == 'string' and memory or ''`);

/**
 * Looks whether Redis, on a cluster each server that holds some of the blocklist, evicts keys when it is full: a revoked token would
 * become valid again.
 * @throws {AuthConfigurationError} if it does
 */
export async function checkKeepsKeys(client: RedisClient, { shards }: Keys): Promise<void> {
  await Promise.all(shards.map((shard) => checkKeepsKeysOf(client, shard)));
}

async function checkKeepsKeysOf(client: RedisClient, { sentinel }: Shard): Promise<void> {
  const memory = readString({ memory: await run(client, MEMORY, { keys: [sentinel], values: [] }) }, 'memory');
  const policy = /^maxmemory_policy:(\S+)/m.exec(memory)?.[1] ?? 'noeviction';
  const isLimited = /^maxmemory:[1-9]/m.test(memory);
  if (isLimited && policy !== 'noeviction')
    throw new AuthConfigurationError([
      `Redis evicts keys when it is full (maxmemory-policy ${policy}): a revoked token would become valid again. Set it to ` +
        'noeviction, or say `allowEviction: true` to redisStores().',
    ]);
}
