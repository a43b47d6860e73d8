import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { MemoryKeySetCache } from 'nestjs-latchkey/issuers';
import { RedisKeySetCache, type RedisClient } from 'nestjs-latchkey/redis';
import { KeySetEntity, TypeOrmKeySetCache } from 'nestjs-latchkey/typeorm';
import { keySetCacheContract } from 'nestjs-latchkey/testing';
import { createClient } from 'redis';
import { DataSource } from 'typeorm';
import * as endpoint from '../support/key-server.js';
import { hasRedis, startRedis } from '../support/redis.js';
import { root } from '../support/repository.js';
import { freePort, temporaryFolder } from '../support/database-server.js';
import { requireOrSkip } from '../support/skips.js';
import { openDataSource } from '../support/typeorm-suite.js';

const JWK = {
  kty: 'EC',
  crv: 'P-256',
  kid: 'one',
  x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
  y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
};

describe('A key set cache in memory', () => {
  for (const { name, run } of keySetCacheContract) it(name, () => run(() => new MemoryKeySetCache()));
});

describe('A key set cache in SQL', () => {
  it('reports at boot what is missing', async () => {
    const bare = await new DataSource({
      type: 'better-sqlite3',
      database: ':memory:',
      entities: [KeySetEntity],
    }).initialize();
    await expect(new TypeOrmKeySetCache(bare).checkReady()).rejects.toThrow(/latchkey_key_sets is missing/);
    await bare.destroy();
    const ready = await openDataSource({ type: 'better-sqlite3', database: ':memory:' });
    await expect(new TypeOrmKeySetCache(ready).checkReady()).resolves.toBeUndefined();
    await ready.destroy();
  });

  describe('shared by processes', () => {
    let server: endpoint.KeyServer;
    let folder: string;

    beforeEach(async () => {
      folder = temporaryFolder('key-sets');
      server = await endpoint.keyServer(endpoint.serve({ keys: [JWK] }));
      const made = await openDataSource({ type: 'better-sqlite3', database: join(folder, 'keys.sqlite') });
      await made.destroy();
    });

    afterEach(async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    it('makes one fetch for eight processes that start cold at the same time', async () => {
      const outcomes = await Promise.all(Array.from({ length: 8 }, () => startCold(`${server.url}/jwks`, folder)));
      expect(outcomes).toEqual(Array.from({ length: 8 }, () => 'token_invalid'));
      expect(server.requests).toEqual(['/jwks']);
    }, 60_000);
  });
});

requireOrSkip('redis-server', hasRedis())('A key set cache in Redis', () => {
  let server: Awaited<ReturnType<typeof startRedis>>;
  let nodeRedis: ReturnType<typeof createClient>;
  let ioRedis: Redis;

  beforeAll(async () => {
    server = await startRedis();
    nodeRedis = createClient({ url: server.url });
    await nodeRedis.connect();
    ioRedis = new Redis(server.url);
  }, 60_000);

  afterAll(async () => {
    nodeRedis.destroy();
    ioRedis.disconnect();
    await server.stop();
  });

  const clients: Readonly<Record<string, () => RedisClient>> = {
    'node-redis': () => nodeRedis,
    ioredis: () => ioRedis,
  };

  describe.each(Object.entries(clients))('by %s', (_name, clientOf) => {
    const fresh = () => new RedisKeySetCache(clientOf(), { prefix: `${randomUUID()}:` });
    for (const { name, run } of keySetCacheContract) it(name, () => run(fresh));
  });

  it('leaves nothing for ever: Redis expires sets after their last use, and leases of dead processes', async () => {
    const prefix = `${randomUUID()}:`;
    const cache = new RedisKeySetCache(nodeRedis, { prefix });
    await cache.put('https://one.example', { body: '{}', fetchedAtMs: 1, freshUntilMs: 600_001 });
    await cache.lease({ address: 'https://one.example', holder: 'dead', nowMs: 1, leaseMs: 6_000 });
    const keys = (await nodeRedis.keys(`${prefix}*`)).toSorted();
    const lives = await Promise.all(keys.map((key) => nodeRedis.pTTL(key)));
    const [leaseMs = -1, setMs = -1] = lives;
    expect([keys.length, setMs > 86_400_000 && setMs <= 87_000_000, leaseMs > 0 && leaseMs <= 6_000]).toEqual([
      2,
      true,
      true,
    ]);
  });

  it('grants an expired lease again, however slow the clock of the process', async () => {
    const cache = new RedisKeySetCache(ioRedis, { prefix: `${randomUUID()}:` });
    const request = { address: 'https://one.example', nowMs: 1 };
    await cache.lease({ ...request, holder: 'dead', leaseMs: 1 });
    const taken = () => cache.lease({ ...request, holder: 'next', leaseMs: 6_000 });
    let isTaken = false;
    for (let attempt = 0; attempt < 1_000 && !isTaken; attempt += 1) isTaken = await taken();
    expect(isTaken).toBe(true);
  });

  it('works after Redis lost its scripts', async () => {
    const cache = new RedisKeySetCache(nodeRedis, { prefix: `${randomUUID()}:` });
    await nodeRedis.scriptFlush();
    await expect(cache.get('https://one.example')).resolves.toBeUndefined();
  });

  it('reports at boot that Redis does not answer', async () => {
    await expect(new RedisKeySetCache(nodeRedis).checkReady()).resolves.toBeUndefined();
    const nowhere = new Redis({ host: '127.0.0.1', port: await freePort(), retryStrategy: () => null });
    nowhere.on('error', () => {});
    await expect(new RedisKeySetCache(nowhere).checkReady()).rejects.toThrow('Redis is not ready');
    nowhere.disconnect();
  });
});

/** A process that verifies one token, and prints the code of the refusal: the signature can only be verified with the key. */
async function startCold(address: string, folder: string): Promise<string> {
  const script = join(root, 'test/support/verify-once.js');
  const child = spawn(process.execPath, [script, address, join(folder, 'keys.sqlite')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += String(chunk);
  });
  await once(child, 'close');
  return said.trim();
}
