import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe } from '@jest/globals';
import { Redis } from 'ioredis';
import type { Clock } from 'nestjs-latchkey';
import type { Stores } from 'nestjs-latchkey/stores';
import { redisStores, type RedisClient } from 'nestjs-latchkey/redis';
import { createClient } from 'redis';
import { hasRedis, startRedis } from '../support/redis.js';
import type { Server } from '../support/database-server.js';
import { requireOrSkip } from '../support/skips.js';
import { checkReady, testStores } from '../support/store-suite.js';

let prefix = '';

/** Stores with keys of their own, vouched for as at boot. */
async function freshStores(client: RedisClient, clock: Clock): Promise<Stores> {
  prefix = `${randomUUID()}:`;
  return joinedStores(client, clock);
}

/** Stores with the keys of those made last. */
async function joinedStores(client: RedisClient, clock: Clock): Promise<Stores> {
  const stores = await redisStores({ client, prefix }).useFactory(clock);
  await checkReady(stores);
  return stores;
}

function testOn(client: () => RedisClient): void {
  testStores(
    (clock) => freshStores(client(), clock),
    (clock) => joinedStores(client(), clock),
    200,
  );
}

requireOrSkip('redis-server', hasRedis())('Redis stores', () => {
  let server: (Server & { readonly url: string }) | undefined;
  beforeAll(async () => {
    server = await startRedis();
  }, 60_000);
  afterAll(() => server?.stop());

  describe('with node-redis', () => {
    let client: NodeRedis | undefined;
    beforeAll(async () => {
      client = await nodeRedis(server?.url ?? '');
    });
    afterAll(() => client?.destroy());
    testOn(() => connected(client));
  });

  describe('with ioredis', () => {
    let client: Redis | undefined;
    beforeAll(() => {
      client = new Redis(server?.url ?? '');
    });
    afterAll(() => client?.disconnect());
    testOn(() => connected(client));
  });
});

type NodeRedis = Awaited<ReturnType<typeof nodeRedis>>;

async function nodeRedis(url: string) {
  return createClient({ url }).connect();
}

function connected<Client>(client: Client | undefined): Client {
  if (!client) throw new Error('The client was not connected.');
  return client;
}
