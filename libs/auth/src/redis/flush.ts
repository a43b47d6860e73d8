// Handles an emptied Redis: it is unknown what had been revoked, so that everything issued before counts as revoked.
import { SystemClock, type Clock, readInteger } from '../core/internal.js';
import { run, storeMoment, type RedisClient } from './client.js';
import { DEFAULT_PREFIX, Keys, type Shard } from './keys.js';
import { claimLayout } from './layout.js';
import { INIT_SENTINEL, RESTORE_SENTINEL } from './revocation-scripts.js';

/** Which Redis was emptied. */
export interface AcceptFlushOptions {
  /** The prefix that `redisStores()` was given. @defaultValue `latchkey:` */
  readonly prefix?: string | undefined;
  /** The number of shards that `redisStores()` was given. @defaultValue 1 */
  readonly shards?: number | undefined;
}

/**
 * Lets an application go on after its Redis was emptied, if `onFlush` is `refuse` and every answer is 503: the blocklist counts as
 * complete from the next second on, and everything issued before is refused. Does nothing to a Redis that was not emptied.
 *
 * @returns since when the blocklist is complete, in epoch seconds
 * @example
 * ```ts
 * import { acknowledgeFlush } from 'nestjs-latchkey/redis';
 * import { createClient } from 'redis';
 *
 * export async function goOn(): Promise<void> {
 *   const client = await createClient({ url: 'redis://127.0.0.1:6379' }).connect();
 *   await acknowledgeFlush(client);
 *   await client.close();
 * }
 * ```
 */
export async function acknowledgeFlush(
  client: RedisClient,
  { prefix = DEFAULT_PREFIX, shards }: AcceptFlushOptions = {},
): Promise<number> {
  return restoreSentinels(client, new Keys(prefix, shards), new SystemClock());
}

/** Sets the sentinels of a Redis that is used for the first time, if there is none. Resolves the latest. */
export async function initSentinels(client: RedisClient, keys: Keys, clock: Clock): Promise<number> {
  const values = [clock.nowSeconds(), storeMoment(clock)];
  return inEachShard(client, keys, ({ sentinel }) => run(client, INIT_SENTINEL, { keys: [sentinel], values }));
}

/** Sets the sentinels of a Redis that was emptied in use, if there is none. Resolves the latest. */
export async function restoreSentinels(client: RedisClient, keys: Keys, clock: Clock): Promise<number> {
  const values = [clock.nowSeconds(), storeMoment(clock)];
  return inEachShard(client, keys, ({ sentinel }) => run(client, RESTORE_SENTINEL, { keys: [sentinel], values }));
}

/** In all shards at once, so that what is issued from now on is refused by none of them. */
async function inEachShard(client: RedisClient, keys: Keys, set: (shard: Shard) => Promise<unknown>): Promise<number> {
  await claimLayout(client, keys);
  const moments = await Promise.all(keys.shards.map(set));
  return Math.max(...moments.map((since) => readInteger({ since }, 'since')));
}
