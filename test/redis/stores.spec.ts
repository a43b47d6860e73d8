// The stores on one Redis, by each client and each way to set it up, and as a user of Redis who may do no more than the documentation says.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import type { Clock } from 'nestjs-latchkey';
import type { Stores } from 'nestjs-latchkey/stores';
import { redisStores, type RedisClient } from 'nestjs-latchkey/redis';
import { createClient } from 'redis';
import { root } from '../support/repository.js';
import { hasRedis, startRedis } from '../support/redis.js';
import { testOneUse } from '../support/one-use-suite.js';
import { requireOrSkip } from '../support/skips.js';
import { checkReady, testStores } from '../support/store-suite.js';

/** A client as it comes: with these, whole applications are run, too. */
const PLAIN = {};

const USER = { username: 'latchkey', password: 'PASSWORD' };

/** The rights of the user that docs/redis.md shows. */
function documentedRights(): string[] {
  const text = readFileSync(join(root, 'docs/redis.md'), 'utf8');
  const [, rule = ''] = /```text\nACL SETUSER latchkey ([^`]*)```/.exec(text) ?? [];
  return rule.trim().split(/\s+/);
}

interface Connection {
  readonly client: RedisClient;
  close(): void;
}

async function nodeRedis(url: string, options: object = {}): Promise<Connection> {
  const client = createClient({ url, ...options });
  await client.connect();
  return { client: client as RedisClient, close: () => client.destroy() };
}

async function ioRedis(url: string, options: object = {}): Promise<Connection> {
  const client = new Redis(url, options);
  return { client, close: () => client.disconnect() };
}

requireOrSkip('redis-server', hasRedis())('Redis stores', () => {
  let server: Awaited<ReturnType<typeof startRedis>>;
  let operator: Redis;
  beforeAll(async () => {
    server = await startRedis();
    operator = new Redis(server.url);
    await operator.acl('SETUSER', USER.username, ...documentedRights());
  }, 60_000);
  afterAll(async () => {
    operator?.disconnect();
    await server?.stop();
  });

  describe.each([
    ['node-redis, which speaks RESP3', nodeRedis, PLAIN],
    ['node-redis that speaks RESP2', nodeRedis, { RESP: 2 }],
    ['node-redis with a key prefix', nodeRedis, { keyPrefix: 'app:' }],
    ['node-redis as a user with few rights', nodeRedis, USER],
    ['ioredis', ioRedis, PLAIN],
    ['ioredis with a key prefix', ioRedis, { keyPrefix: 'app:' }],
    ['ioredis that joins commands', ioRedis, { enableAutoPipelining: true }],
    ['ioredis as a user with few rights', ioRedis, USER],
  ] as const)('with %s', (_, connect, options) => {
    let connection: Connection;
    beforeAll(async () => {
      connection = await connect(server.url, options);
    });
    afterAll(() => connection?.close());

    let prefix = '';
    /** Stores with the keys of those made last. */
    const joinedStores = async (clock: Clock): Promise<Stores> => {
      const stores = await redisStores({ client: connection.client, prefix, push: true }).useFactory(clock);
      await checkReady(stores);
      return stores;
    };
    /** Stores with keys of their own, with the sentinel that the boot writes. */
    const freshStores = (clock: Clock): Promise<Stores> => {
      prefix = `latchkey:${randomUUID()}:`;
      return joinedStores(clock);
    };
    testStores(freshStores, joinedStores, 30);
    if (options === PLAIN) testOneUse(freshStores, joinedStores);
  });

  it('give the documented user no right that is not used', async () => {
    const rights = documentedRights().filter((right) => right.startsWith('+'));
    const stats = await operator.info('commandstats');
    const used = (right: string): boolean => stats.includes(`cmdstat_${right.slice(1)}:`);
    // What only cluster clients request, and what a closed connection does not answer.
    const elsewhere = ['+cluster|slots', '+unsubscribe', '+ping'];
    expect(rights.filter((right) => !used(right) && !elsewhere.includes(right))).toEqual([]);
    expect(rights.length).toBeGreaterThan(20);
  });
});
