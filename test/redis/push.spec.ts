// Revocations that are pushed: a process that reads the blocklist only every half minute receives them at once, and one whose connection
// for that is lost still keeps its bound.
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { NestFactory } from '@nestjs/core';
import { Cluster, Redis } from 'ioredis';
import { AuthModule, TokenService } from 'nestjs-latchkey';
import { redisStores, type RedisClient } from 'nestjs-latchkey/redis';
import { createClient, createClientPool, createCluster } from 'redis';
import { hasRedis, hasRedisCluster, startRedis, startRedisCluster } from '../support/redis.js';
import { requireOrSkip } from '../support/skips.js';

const { privateKey: keys } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
/** The most that may be chosen: a process reads by itself every 30 seconds then. */
const LONG_MS = 60_000;
/** Far below that, and far above what a push takes on a busy machine. */
const SOON_MS = 10_000;

interface Options {
  readonly push?: boolean;
  readonly withinMs?: number;
  readonly prefix?: string;
  readonly shards?: number;
}

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(client: RedisClient, { withinMs = LONG_MS, ...options }: Options = {}): Promise<TokenService> {
  const stores = redisStores({ client, push: true, ...options });
  const auth = AuthModule.forRoot({ keys, stores, revocation: { freshness: { withinMs }, timeout: '1s' } });
  const app = await NestFactory.createApplicationContext(auth, { logger: false, abortOnError: false });
  closing.push(() => app.close());
  return app.get(TokenService);
}

const isRevoked = (tokens: TokenService, token: string): Promise<boolean> =>
  tokens.verify(token, { kind: 'access' }).then(
    () => false,
    ({ code }) => code === 'token_revoked',
  );

/** How long a revocation by one process took to count at another, in milliseconds; `undefined` if it did not in that time. */
async function reach(from: TokenService, to: TokenService, withinMs: number): Promise<number | undefined> {
  const { accessToken } = await from.issue('ada');
  expect(await isRevoked(to, accessToken)).toBe(false);
  await from.revoke(accessToken);
  const startedMs = performance.now();
  while (performance.now() - startedMs < withinMs) {
    if (await isRevoked(to, accessToken)) return performance.now() - startedMs;
    await wait(2);
  }
  return undefined;
}

/** Both are in step: they have read once, and listen. */
const settled = (): Promise<void> => wait(500);

requireOrSkip('redis-server', hasRedis())('revocations pushed by Redis', () => {
  let server: Awaited<ReturnType<typeof startRedis>>;
  let operator: Redis;
  beforeAll(async () => {
    server = await startRedis();
    operator = new Redis(server.url);
  }, 60_000);
  afterAll(async () => {
    operator?.disconnect();
    await server?.stop();
  });

  const io = (options: object = {}): Redis => {
    const client = new Redis(server.port, '127.0.0.1', options);
    client.on('error', () => {});
    closing.push(() => client.disconnect());
    return client;
  };
  const ready = async (client: Redis): Promise<RedisClient> => {
    await once(client, 'ready');
    return client;
  };
  const node = async (options: object = {}): Promise<RedisClient> => {
    const client = createClient({ url: server.url, ...options });
    client.on('error', () => {});
    closing.push(() => client.destroy());
    return (await client.connect()) as RedisClient;
  };
  const subscribers = async (channel = 'latchkey:revoked') =>
    Number(((await operator.pubsub('NUMSUB', channel)) as unknown[])[1]);

  it.each([
    ['ioredis', () => io(), {}],
    ['ioredis with a key prefix', () => io({ keyPrefix: 'app:' }), {}],
    ['ioredis that queues nothing while it is not connected', () => ready(io({ enableOfflineQueue: false })), {}],
    ['node-redis', () => node(), {}],
    ['node-redis with a key prefix', () => node({ keyPrefix: 'app:' }), {}],
    ['node-redis that speaks RESP2', () => node({ RESP: 2 }), {}],
    ['node-redis, in shards', () => node(), { prefix: 'sharded:', shards: 16 }],
  ] as const)('reach a process that reads every half minute: %s', async (_, clientOf, options) => {
    const [here, there] = [await start(await clientOf(), options), await start(await clientOf(), options)];
    await settled();
    expect(await reach(here, there, SOON_MS)).toBeLessThan(SOON_MS);
  });

  it('reach it from a process that listens to nothing, and not one that does not listen', async () => {
    const deaf = await start(await node(), { push: false });
    const listening = await start(await node());
    await settled();
    expect(await reach(listening, deaf, 1_000)).toBeUndefined();
    expect(await reach(deaf, listening, SOON_MS)).toBeLessThan(SOON_MS);
  });

  it('say on the channel that something changed, and no id, token or subject', async () => {
    const heard: string[] = [];
    const listener = operator.duplicate();
    closing.push(() => listener.disconnect());
    listener.on('message', (_, message: string) => heard.push(message));
    await listener.subscribe('latchkey:revoked');
    const tokens = await start(io());
    await operator.publish('latchkey:revoked', 'begin');
    const { accessToken, refreshToken } = await tokens.issue('ada');
    await tokens.revoke(accessToken);
    await tokens.revoke(refreshToken);
    await operator.publish('latchkey:revoked', 'end');
    while (!heard.includes('end')) await wait(5);
    expect(heard.slice(heard.indexOf('begin'))).toEqual(['begin', 'changed', 'changed', 'end']);
  });

  it('are not undone, nor made, by what anyone else says on the channel', async () => {
    const [here, there] = [await start(io()), await start(io())];
    const { accessToken } = await here.issue('ada');
    const revoked = await here.issue('ada');
    await here.revoke(revoked.accessToken);
    for (const lie of ['', 'restart', JSON.stringify({ entries: [], restarted: true }), '{', '\0'])
      await operator.publish('latchkey:revoked', lie);
    await wait(200);
    expect([await isRevoked(there, accessToken), await isRevoked(there, revoked.accessToken)]).toEqual([false, true]);
  });

  it.each(['ioredis', 'node-redis'])('are heard again after the connection was killed: %s', async (name) => {
    const client = () => (name === 'ioredis' ? io() : node());
    const [here, there] = [await start(await client(), { push: false }), await start(await client())];
    while ((await subscribers()) !== 1) await wait(5);
    await operator.client('KILL', 'TYPE', 'pubsub');
    await settled();
    while ((await subscribers()) !== 1) await wait(5);
    expect(await reach(here, there, SOON_MS)).toBeLessThan(SOON_MS);
  });

  it.each(['ioredis', 'node-redis'])('count within the bound while nothing can listen: %s', async (name) => {
    const user = `listener-${name}`;
    await operator.acl('SETUSER', user, 'on', '>secret', '~*', '&*', '+@all');
    const as = { username: user, password: 'secret' };
    const client = () => (name === 'ioredis' ? io(as) : node(as));
    const here = await start(io(), { push: false });
    const there = await start(await client(), { withinMs: 1_000 });
    while ((await subscribers()) !== 1) await wait(5);
    // Redis closes what listens without leave, and gives no leave to come back.
    await operator.acl('SETUSER', user, 'resetchannels');
    while ((await subscribers()) !== 0) await wait(5);
    for (let times = 0; times < 3; times += 1) expect(await reach(here, there, 1_000 + 50)).toBeLessThan(1_000 + 50);
    expect(await subscribers()).toBe(0);
    await operator.acl('SETUSER', user, '&*');
    while ((await subscribers()) !== 1) await wait(5);
  });

  it.each(['ioredis', 'node-redis'])(
    'are read once it listens again, if they were said meanwhile: %s',
    async (name) => {
      const user = `returning-${name}`;
      await operator.acl('SETUSER', user, 'on', '>secret', '~*', '&*', '+@all');
      const as = { username: user, password: 'secret' };
      const here = await start(io(), { push: false });
      const there = await start(await (name === 'ioredis' ? io(as) : node(as)));
      while ((await subscribers()) !== 1) await wait(5);
      await settled();
      await operator.acl('SETUSER', user, 'resetchannels');
      while ((await subscribers()) !== 0) await wait(5);
      expect(await reach(here, there, 500)).toBeUndefined();
      const { accessToken } = await here.issue('ada');
      await here.revoke(accessToken);
      await operator.acl('SETUSER', user, '&*');
      const startedMs = performance.now();
      while (!(await isRevoked(there, accessToken))) await wait(5);
      expect(performance.now() - startedMs).toBeLessThan(SOON_MS);
    },
  );

  it('leave no connection behind when the application closes, nor when it does not start', async () => {
    const before = await subscribers();
    await start(io());
    await start(await node());
    while ((await subscribers()) !== before + 2) await wait(5);
    for (const close of closing.splice(0).reverse()) await close();
    while ((await subscribers()) !== before) await wait(5);
    await operator.acl('SETUSER', 'mute', 'on', '>secret', '~*', 'resetchannels', '+@all');
    const as = { username: 'mute', password: 'secret' };
    await expect(start(io(as))).rejects.toThrow('&latchkey:*');
    await expect(start(await node(as))).rejects.toThrow('&latchkey:*');
    await wait(100);
    const list = String(await operator.client('LIST'));
    expect(list.match(/user=mute/g) ?? []).toHaveLength(2);
  });

  it('need a client that can be duplicated', async () => {
    const pool = createClientPool({ url: server.url });
    await pool.connect();
    closing.push(() => pool.destroy());
    await expect(start(pool as unknown as RedisClient)).rejects.toThrow('duplicate()');
  });
});

requireOrSkip('redis-cli', hasRedisCluster())('revocations pushed by a Redis Cluster', () => {
  let cluster: Awaited<ReturnType<typeof startRedisCluster>>;
  beforeAll(async () => {
    cluster = await startRedisCluster();
  }, 120_000);
  afterAll(() => cluster?.stop());

  const clients: Readonly<Record<string, () => Promise<RedisClient>>> = {
    'node-redis': async () => {
      const client = createCluster({ rootNodes: cluster.ports.map((port) => ({ url: `redis://127.0.0.1:${port}` })) });
      client.on('error', () => {});
      await client.connect();
      closing.push(() => client.destroy());
      return client as unknown as RedisClient;
    },
    ioredis: async () => {
      const client = new Cluster(cluster.ports.map((port) => ({ host: '127.0.0.1', port })));
      closing.push(() => client.disconnect());
      return client;
    },
  };

  describe.each(['node-redis', 'ioredis'])('by %s', (name) => {
    it('reach every process from every shard', async () => {
      const options = { prefix: `${name}:`, shards: 16 };
      const client = async () => (await clients[name]?.()) as RedisClient;
      const [here, there] = [await start(await client(), options), await start(await client(), options)];
      await settled();
      for (let times = 0; times < 20; times += 1) expect(await reach(here, there, SOON_MS)).toBeLessThan(SOON_MS);
    });
  });
});
