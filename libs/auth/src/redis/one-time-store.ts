// What was used once, in Redis: one key for each use, which expires by itself.
import type { Clock } from '../core/internal.js';
import { OneTimeStore } from '../stores.js';
import { run, script, storeMoment, STORE_NOW_MS, yesOrNo, type RedisClient } from './client.js';
import type { Keys } from './keys.js';

/** How a store of what was used is made. */
export interface RedisOneTimeStoreOptions {
  readonly client: RedisClient;
  readonly keys: Keys;
  readonly clock: Clock;
}

/** How long a use is kept after its end, in ms: longer than the clock of any server may lag behind that of Redis. */
const KEPT_MS = 3_600_000;

/**
 * Uses an id. Keys: the use. Values: its end in ms, nowMs of the caller, the time (see `storeMoment`), how long it is kept after its
 * end in ms. Answers 1 if it was new. It lives until its end by every clock.
 */
const CONSUME = script(`${STORE_NOW_MS}
local now = math.min(storeNowMs(ARGV[3]), tonumber(ARGV[2]))
local lifeMs = math.max(0, tonumber(ARGV[1]) - now) + tonumber(ARGV[4])
if redis.call('SET', KEYS[1], '1', 'NX', 'PX', string.format('%.0f', lifeMs)) then return 1 end
return 0`);

/** The used one-time tokens in Redis. */
export class RedisOneTimeStore extends OneTimeStore {
  constructor(private readonly options: RedisOneTimeStoreOptions) {
    super();
  }

  override async consume(id: string, expiresAt: number): Promise<boolean> {
    const { client, keys, clock } = this.options;
    const values = [Math.ceil(expiresAt) * 1_000, clock.nowMs(), storeMoment(clock), KEPT_MS];
    return yesOrNo(await run(client, CONSUME, { keys: [keys.oneTime(id)], values }));
  }

  /** Redis expires uses by itself. Resolves 0. */
  override async prune(): Promise<number> {
    return 0;
  }
}
