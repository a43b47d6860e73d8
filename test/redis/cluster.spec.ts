// Redis as a cluster of three masters: what cannot work is said at boot, what is said there works, and the work is spread over all three.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { NestFactory } from '@nestjs/core';
import { Cluster, Redis } from 'ioredis';
import { AuthModule, LoginService, TokenService, type Clock } from 'nestjs-latchkey';
import type { Stores } from 'nestjs-latchkey/stores';
import { acknowledgeFlush, redisStores, type RedisClient } from 'nestjs-latchkey/redis';
import { FixedClock } from 'nestjs-latchkey/testing';
import { createCluster } from 'redis';
import { hasRedisCluster, redisCli, startRedisCluster } from '../support/redis.js';
import { requireOrSkip } from '../support/skips.js';
import { checkReady, testStores } from '../support/store-suite.js';

type NodeCluster = ReturnType<typeof nodeCluster>;
type Layout = { readonly prefix?: string; readonly shards?: number };

const { privateKey: keys } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ISSUER = 'https://issuer.example';

function nodeCluster(ports: readonly number[]) {
  return createCluster({ rootNodes: ports.map((port) => ({ url: `redis://127.0.0.1:${port}` })) });
}

function boot(client: RedisClient, layout: Layout = {}) {
  const auth = AuthModule.forRoot({ keys, stores: redisStores({ client, ...layout }) });
  return NestFactory.createApplicationContext(auth, { logger: false, abortOnError: false });
}

requireOrSkip('redis-cli', hasRedisCluster())('stores on a Redis Cluster', () => {
  let cluster: Awaited<ReturnType<typeof startRedisCluster>> | undefined;
  let node: NodeCluster | undefined;
  let io: Cluster | undefined;
  let masters: Redis[] = [];
  beforeAll(async () => {
    cluster = await startRedisCluster();
    node = nodeCluster(cluster.ports);
    await node.connect();
    io = new Cluster(cluster.ports.map((port) => ({ host: '127.0.0.1', port })));
    masters = cluster.ports.map((port) => new Redis({ host: '127.0.0.1', port }));
  }, 120_000);
  afterAll(async () => {
    for (const master of masters) master.disconnect();
    io?.disconnect();
    node?.destroy();
    await cluster?.stop();
  });

  const clientOf = (name: string): RedisClient => {
    const found = name === 'ioredis' ? io : node;
    if (found === undefined) throw new Error('The cluster did not start.');
    return found as RedisClient;
  };
  const storesOf = async (client: RedisClient, clock: Clock, layout: Layout): Promise<Stores> => {
    const stores = await redisStores({ client, ...layout }).useFactory(clock);
    await checkReady(stores);
    return stores;
  };

  describe.each(['node-redis', 'ioredis'])('by %s', (name) => {
    it('do not start with one shard and a prefix that has no hash tag, and say what to write', async () => {
      await expect(boot(clientOf(name), { prefix: `${name}:` })).rejects.toThrow(/shards: 16.*prefix: '\{latchkey\}:'/);
    });

    describe.each([
      ['in 16 shards', (id: string) => ({ prefix: `${id}:`, shards: 16 })],
      ['in one slot', (id: string) => ({ prefix: `{${id}}:` })],
    ] as const)('%s', (_, layoutOf) => {
      it('sign in, refresh, list, end and revoke', async () => {
        const app = await boot(clientOf(name), layoutOf(`app-${name}`));
        const [tokens, logins] = [app.get(TokenService), app.get(LoginService)];
        const { issuer, id } = (await tokens.issue('ada')).subject;
        const pair = await tokens.issue('ada');
        const next = await tokens.refresh(pair.refreshToken);
        expect((await tokens.refresh(pair.refreshToken)).sid).toBe(pair.sid);
        expect(await logins.list({ issuer, id })).toHaveLength(2);
        await logins.endAll({ issuer, id }, { exceptSid: pair.sid });
        expect(await logins.list({ issuer, id })).toHaveLength(1);
        await tokens.revoke(next.accessToken);
        await expect(tokens.verify(next.accessToken, { kind: 'access' })).rejects.toMatchObject({
          code: 'token_revoked',
        });
        await tokens.revoke(next.refreshToken);
        await expect(tokens.refresh(next.refreshToken)).rejects.toMatchObject({ code: 'token_revoked' });
        await app.close();
      });

      let layout: Layout = {};
      testStores(
        (clock) => storesOf(clientOf(name), clock, (layout = layoutOf(randomUUID()))),
        (clock) => storesOf(clientOf(name), clock, layout),
        50,
      );
    });
  });

  it('do not start with a client of a single node', async () => {
    const single = new Redis({ port: cluster?.ports[0] ?? 0, host: '127.0.0.1' });
    const tags = ['{a}:', '{b}:', '{c}:', '{d}:', '{e}:', '{f}:', '{g}:', '{h}:'];
    const layouts: Layout[] = [...tags.map((prefix) => ({ prefix })), { prefix: 'single:', shards: 16 }];
    const told = await Promise.allSettled(layouts.map((layout) => boot(single, layout)));
    const reasons = told.flatMap((each) => (each.status === 'rejected' ? String(each.reason) : []));
    expect(told.at(-1)?.status).toBe('rejected');
    expect(reasons.length).toBeGreaterThan(1);
    for (const reason of reasons) expect(reason).toContain('createCluster()');
    for (const each of told) if (each.status === 'fulfilled') await each.value.close();
    single.disconnect();
  });

  describe('in 16 shards', () => {
    const clock = new FixedClock();
    const entryOf = (id: string) => {
      const now = clock.nowSeconds();
      return { kind: 'token', issuer: ISSUER, id, revokedAt: now, expiresAt: now + 600 } as const;
    };
    const loginOf = (sid: string, subject: string) => {
      const now = clock.nowSeconds();
      const current = { currentJti: sid, currentIssuedAt: now, currentExpiresAt: now + 60 };
      return {
        issuer: ISSUER,
        sid,
        subject,
        ...current,
        createdAt: now,
        lastUsedAt: now,
        absoluteExpiresAt: now + 600,
      };
    };
    const slots = new Map<string, Promise<unknown>>();
    const slotOf = (key: string): Promise<unknown> => {
      const slot = slots.get(key) ?? Promise.resolve(masters[0]?.cluster('KEYSLOT', key));
      slots.set(key, slot);
      return slot;
    };
    const slotsOf = async (used: readonly string[]) => [...new Set(await Promise.all(used.map(slotOf)))];
    /** Does everything that a store can do, for several users. */
    const doAll = async ({ logins, revocations }: Stores): Promise<void> => {
      const to = { issuedAt: clock.nowSeconds(), expiresAt: clock.nowSeconds() + 60 };
      for (let user = 0; user < 20; user += 1) {
        const subject = `user-${user}`;
        for (const sid of [`${subject}-a`, `${subject}-b`, `${subject}-c`]) await logins.open(loginOf(sid, subject));
        const [sid, from] = [`${subject}-a`, `${subject}-a`];
        const rotation = { issuer: ISSUER, sid, from, to: { jti: `${sid}-2`, ...to }, nowMs: clock.nowMs() };
        await logins.rotate({ ...rotation, graceMs: 1_000 });
        await logins.touch(ISSUER, sid, clock.nowSeconds() + 1);
        await logins.list({ issuer: ISSUER, id: subject }, clock.nowSeconds());
        await logins.end(ISSUER, sid);
        await logins.endAll({ issuer: ISSUER, id: subject }, `${subject}-b`);
        await revocations.add(entryOf(`jti-${user}`));
        await revocations.find({ issuer: ISSUER, subject, jti: `jti-${user}`, sid, issuedAt: clock.nowSeconds() });
        await revocations.subjectRevokedAt({ issuer: ISSUER, id: subject });
      }
      await revocations.changesSince?.(undefined, 100);
      await revocations.list({ now: clock.nowSeconds(), limit: 100 });
      await revocations.prune(clock.nowSeconds());
    };

    it('touch one slot in each script, and use every node', async () => {
      const stores = await storesOf(clientOf('ioredis'), clock, { prefix: 'spread:', shards: 16 });
      const watched = await Promise.all(masters.map(watch));
      await doAll(stores);
      const scripts = await Promise.all(watched.map((stop) => stop()));
      for (const used of scripts.flat()) expect(await slotsOf(used)).toHaveLength(1);
      const counts = scripts.map(({ length }) => length);
      const total = counts.reduce((sum, count) => sum + count);
      expect(total).toBeGreaterThan(300);
      for (const count of counts) expect(count).toBeGreaterThan(total / 6);
    });

    it('do not start if the blocklist has another number of shards, and say what to do', async () => {
      const client = clientOf('node-redis');
      await (await boot(client, { prefix: 'numbered:', shards: 16 })).close();
      await expect(boot(client, { prefix: 'numbered:', shards: 8 })).rejects.toThrow(
        "shards is 8, and the blocklist under 'numbered:' has 16",
      );
      await (await boot(client, { prefix: 'numbered:', shards: 16 })).close();
    });

    it('answer from other nodes if one was emptied, and for its part once that is accepted', async () => {
      const layout = { prefix: 'emptied:', shards: 16 };
      const { revocations } = await storesOf(clientOf('ioredis'), clock, layout);
      const ids = Array.from({ length: 60 }, (_, at) => `jti-${at}`);
      for (const id of ids) await revocations.add(entryOf(id));
      await masters[1]?.flushall();
      const find = (jti: string) =>
        Promise.resolve(
          revocations.find({ issuer: ISSUER, subject: `${jti}-owner`, jti, issuedAt: clock.nowSeconds() }),
        ).then(
          (kind) => kind ?? 'accepted',
          (error: Error) => error.message,
        );
      const told = await Promise.all(ids.map(find));
      expect(new Set(told)).toEqual(new Set(['token', expect.stringContaining('acknowledgeFlush()')]));
      await expect(revocations.changesSince?.(undefined, 10)).rejects.toThrow('acknowledgeFlush()');
      await acknowledgeFlush(clientOf('ioredis'), layout);
      expect(new Set(await Promise.all(ids.map(find)))).toEqual(new Set(['token', 'subject']));
      expect(await revocations.changesSince?.(undefined, 10)).toMatchObject({ restarted: false });
    });

    it.each(['node-redis', 'ioredis'])(
      'accept nothing that was revoked while slots move to another node: %s',
      async (name) => {
        const layout = { prefix: `moved-${name}:`, shards: 64 };
        const { revocations } = await storesOf(clientOf(name), clock, layout);
        const ids = Array.from({ length: 100 }, (_, at) => `jti-${at}`);
        for (const id of ids) await revocations.add(entryOf(id));
        const find = (jti: string): Promise<string> =>
          Promise.resolve(revocations.find({ issuer: ISSUER, subject: 'ada', jti, issuedAt: clock.nowSeconds() })).then(
            (kind) => kind ?? 'accepted',
            () => 'unavailable',
          );
        const moved = new AbortController();
        const [from, to] = await Promise.all(masters.map((master) => master.cluster('MYID')));
        const port = String(cluster?.ports[0]);
        const slots = ['--cluster-from', String(from), '--cluster-to', String(to), '--cluster-slots', '1500'];
        const moving = redisCli('--cluster', 'reshard', `127.0.0.1:${port}`, ...slots, '--cluster-yes').finally(() =>
          moved.abort(),
        );
        const seen = { revoked: new Set<string>(), others: new Set<string>() };
        let added = 0;
        for (let at = 0; !moved.signal.aborted; at += 1) {
          seen.revoked.add(await find(ids[at % ids.length] ?? ''));
          seen.others.add(await find(`living-${at}`));
          const id = `added-${at}`;
          const isAdded = await revocations.add(entryOf(id)).catch(() => undefined);
          if (isAdded === true) seen.revoked.add(await find(id));
          if (isAdded === true) added += 1;
        }
        await moving;
        expect([...seen.revoked].filter((told) => told !== 'unavailable')).toEqual(['token']);
        expect([...seen.others].filter((told) => told !== 'unavailable')).toEqual(['accepted']);
        expect(added).toBeGreaterThan(0);
        for (const id of ids) expect(await find(id)).toBe('token');
        expect(await find('living')).toBe('accepted');
      },
      120_000,
    );
  });
});

/** Watches a machine. Answers how to stop, and of which keys each script that it ran made use. */
async function watch(master: Redis): Promise<() => Promise<string[][]>> {
  const monitor = await master.monitor();
  const scripts: string[][] = [];
  monitor.on('monitor', (_time: string, args: string[], source: string) => {
    const [command = '', ...values] = args;
    if (/^evalsha|^eval$/i.test(command)) scripts.push(values.slice(2, 2 + Number(values[1])));
    else if (source === 'lua' && values[0] !== undefined && !/^(publish|info|time)$/i.test(command))
      scripts.at(-1)?.push(...(command.toUpperCase() === 'MGET' ? values : values.slice(0, 1)));
  });
  return async () => {
    await master.ping();
    monitor.disconnect();
    return scripts;
  };
}
