// Fetched key sets in Redis, so that many processes ask a provider once. Sets and leases expire by themselves.
import { readOptionalString, readInteger } from '../core/internal.js';
import type { CheckedStore } from '../stores.js';
import { KeySetCache, type CachedKeySet, type LeaseRequest } from '../issuers.js';
import { listOf, run, yesOrNo, type RedisClient, type Script } from './client.js';
import { GET_SET, PUT_SET, RELEASE_LEASE, TAKE_LEASE } from './key-set-scripts.js';
import { DEFAULT_PREFIX, Keys } from './keys.js';
import { checkRedis } from './readiness.js';

/** Where key sets are kept in Redis. */
export interface RedisKeySetCacheOptions {
  /**
   * What every key begins with. It may be that of `redisStores()`.
   * @defaultValue `latchkey:`
   */
  readonly prefix?: string | undefined;
}

// The most that `staleIfError` may be: a set that ended longer ago is never used.
const KEPT_STALE_MS = 24 * 60 * 60 * 1_000;

/**
 * Shares fetched key sets in Redis 7 or later: name it as `sharedCache` of the issuers in `trust`. The client is yours, node-redis
 * or ioredis: you connect it and you close it. Redis may throw these keys away whenever it likes.
 *
 * @example
 * ```ts
 * import { AuthModule } from 'nestjs-latchkey';
 * import { RedisKeySetCache } from 'nestjs-latchkey/redis';
 * import { createClient } from 'redis';
 *
 * const client = createClient({ url: 'redis://127.0.0.1:6379' });
 * await client.connect();
 * const sharedCache = new RedisKeySetCache(client);
 * export const auth = AuthModule.forRoot({
 *   trust: [{ issuer: 'https://accounts.example.com', audience: 'courses', keys: { discovery: true, sharedCache } }],
 * });
 * ```
 */
export class RedisKeySetCache extends KeySetCache implements CheckedStore {
  readonly #keys: Keys;

  constructor(
    private readonly client: RedisClient,
    { prefix = DEFAULT_PREFIX }: RedisKeySetCacheOptions = {},
  ) {
    super();
    this.#keys = new Keys(prefix);
  }

  override async get(address: string): Promise<CachedKeySet | undefined> {
    const [body, fetchedAtMs, freshUntilMs] = listOf(await this.#run(GET_SET, this.#keys.keySet(address)), 3);
    const row = { body, fetchedAtMs, freshUntilMs };
    const text = readOptionalString(row, 'body');
    if (text === undefined) return undefined;
    return {
      body: text,
      fetchedAtMs: readInteger(row, 'fetchedAtMs'),
      freshUntilMs: readInteger(row, 'freshUntilMs'),
    };
  }

  override async put(address: string, { body, fetchedAtMs, freshUntilMs }: CachedKeySet): Promise<void> {
    const lifeMs = Math.max(0, freshUntilMs - fetchedAtMs) + KEPT_STALE_MS;
    const fields = ['body', body, 'fetchedAtMs', fetchedAtMs, 'freshUntilMs', freshUntilMs];
    yesOrNo(await this.#run(PUT_SET, this.#keys.keySet(address), [fetchedAtMs, lifeMs, ...fields]));
  }

  override async lease({ address, holder, nowMs, leaseMs }: LeaseRequest): Promise<boolean> {
    return yesOrNo(await this.#run(TAKE_LEASE, this.#keys.keySetLease(address), [holder, nowMs, leaseMs]));
  }

  override async release(address: string, holder: string): Promise<void> {
    yesOrNo(await this.#run(RELEASE_LEASE, this.#keys.keySetLease(address), [holder]));
  }

  async checkReady(): Promise<void> {
    await checkRedis(() => this.get(''));
  }

  #run(script: Script, key: string, values: readonly (string | number)[] = []): Promise<unknown> {
    return run(this.client, script, { keys: [key], values });
  }
}
