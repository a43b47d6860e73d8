// redisStores(): what an application names in `stores`.
import { AuthConfigurationError, Clock, nameHint } from '../core/internal.js';
import type { Stores, StoresFactory } from '../stores.js';
import type { RedisClient } from './client.js';
import { DEFAULT_PREFIX, Keys } from './keys.js';
import { RedisOneTimeStore } from './one-time-store.js';
import { RedisLoginStore } from './login-store.js';
import { RedisBlocklistStore, type OnFlush } from './blocklist-store.js';

/** Which Redis to use, and how. */
export type RedisStoresOptions = {
  /**
   * What every key begins with. On a cluster, a hash tag in it (`{latchkey}:`) puts all keys into one slot, and so on one server.
   * @defaultValue `latchkey:`
   */
  readonly prefix?: string | undefined;
  /**
   * On a cluster: how many shards the blocklist has, 1 to 256, which are spread over the servers. Logins are spread without it. Each
   * process must say the same number; one that says another does not start. A reading of what changed asks each shard once.
   * @defaultValue 1
   */
  readonly shards?: number | undefined;
  /** What to do when Redis was emptied. @defaultValue `refuse` */
  readonly onFlush?: OnFlush | undefined;
  /**
   * Whether a revocation reaches other processes within milliseconds, if `revocation.freshness` is `{ withinMs }`. It takes one more
   * connection of each process, a duplicate of the client, which is closed with the application. What is said there is only that
   * something changed: the bound of `withinMs` holds without it.
   * @defaultValue false
   */
  readonly push?: boolean | undefined;
  /** Starts although Redis may evict entries when it is full, so that revoked tokens become valid again. @defaultValue false */
  readonly allowEviction?: boolean | undefined;
} & (
  | {
      /** A client of node-redis or ioredis, connected. */
      readonly client: RedisClient;
    }
  | {
      /** The injection token of such a client. */
      readonly inject: unknown;
    }
);

/**
 * Keeps revocations, sign-ins and used one-time tokens in Redis 7 or later. The client is yours: you connect it and you close it. Redis must not
 * throw keys away when it is full: set `maxmemory-policy noeviction`.
 *
 * @throws {AuthConfigurationError} naming an option that is not there, or what is accepted for one
 * @throws {TypeError} if the prefix is empty, or the number of shards cannot be
 * @example
 * ```ts
 * import { AuthModule } from 'nestjs-latchkey';
 * import { redisStores } from 'nestjs-latchkey/redis';
 * import { createClient } from 'redis';
 *
 * const client = createClient({ url: 'redis://127.0.0.1:6379' });
 * await client.connect();
 * export const auth = AuthModule.forRoot({ stores: redisStores({ client }) });
 * ```
 */
export function redisStores(options: RedisStoresOptions): StoresFactory {
  const problems = problemsOf(options);
  if (problems.length > 0) throw new AuthConfigurationError(problems);
  const keys = new Keys(options.prefix ?? DEFAULT_PREFIX, options.shards);
  const { onFlush, allowEviction, push } = options;
  const makeStores = (clock: Clock, client: RedisClient): Stores => ({
    revocations: new RedisBlocklistStore({ client, keys, clock, onFlush, allowEviction, push }),
    logins: new RedisLoginStore({ client, keys, clock }),
    oneTime: new RedisOneTimeStore({ client, keys, clock }),
  });
  const warnings = warningsOf(options);
  return 'client' in options
    ? { warnings, inject: [Clock], useFactory: (clock: Clock) => makeStores(clock, options.client) }
    : { warnings, inject: [Clock, options.inject], useFactory: makeStores };
}

const OPTIONS = ['client', 'inject', 'prefix', 'shards', 'push', 'onFlush', 'allowEviction'];
const VALUES: Readonly<Record<string, readonly unknown[]>> = {
  push: [true, false],
  allowEviction: [true, false],
  onFlush: ['refuse', 'barrier'],
};

/** Options that are not there, and values that mean nothing. */
function problemsOf(options: object): readonly string[] {
  return Object.entries(options).flatMap(([name, value]) => {
    if (!OPTIONS.includes(name)) return [`${name} is not an option of redisStores; ${nameHint(name, OPTIONS)}`];
    const accepted = VALUES[name];
    if (value === undefined || accepted === undefined || accepted.includes(value)) return [];
    return [`${name} of redisStores is ${JSON.stringify(value)}; accepted is ${accepted.join(' or ')}`];
  });
}

/** What is chosen open, with its consequence. */
function warningsOf({ allowEviction, onFlush }: RedisStoresOptions): readonly string[] {
  const warnings: readonly (readonly [boolean, string])[] = [
    [
      allowEviction === true,
      'redisStores: allowEviction is true: if Redis is full, revoked tokens become valid again.',
    ],
    [
      onFlush === 'barrier',
      'redisStores: onFlush is barrier: an emptied Redis signs all users out, without confirmation.',
    ],
  ];
  return warnings.filter(([holds]) => holds).map(([, sentence]) => sentence);
}
