// What is done about an emptied Redis: nobody knows what had been revoked, so that everything issued before counts as revoked.
import { SystemClock, type Clock } from '../core/base/clock.js';
import { readInteger } from '../core/stores/row.js';
import { run, storeMoment, type RedisClient } from './client.js';
import { DEFAULT_PREFIX, Keys } from './keys.js';
import { VOUCH, VOUCH_AFTER } from './revocation-scripts.js';

/** Which Redis was emptied. */
export interface AcceptFlushOptions {
  /** The prefix that `redisStores()` was given. @defaultValue `latchkey:` */
  readonly prefix?: string | undefined;
}

/**
 * Lets an application go on after its Redis was emptied, where `onFlush` is `refuse` and every answer is 503: the blocklist counts as
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
  { prefix = DEFAULT_PREFIX }: AcceptFlushOptions = {},
): Promise<number> {
  return vouchAfterFlush(client, new Keys(prefix), new SystemClock());
}

/** Sets the sentinel of a Redis that is used for the first time, if there is none. Resolves what it says. */
export async function vouch(client: RedisClient, { sentinel }: Keys, clock: Clock): Promise<number> {
  const since = await run(client, VOUCH, { keys: [sentinel], values: [clock.nowSeconds()] });
  return readInteger({ since }, 'since');
}

/** Sets the sentinel of a Redis that was emptied while somebody used it, if there is none. Resolves what it says. */
export async function vouchAfterFlush(client: RedisClient, { sentinel }: Keys, clock: Clock): Promise<number> {
  const values = [clock.nowSeconds(), storeMoment(clock)];
  const since = await run(client, VOUCH_AFTER, { keys: [sentinel], values });
  return readInteger({ since }, 'since');
}
