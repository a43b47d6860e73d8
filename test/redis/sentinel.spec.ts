// A master that dies and a replica that takes its place: nothing that was revoked and replicated comes back, and everything is answered
// again without a restart.
import { generateKeyPairSync } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { NestFactory } from '@nestjs/core';
import { Redis } from 'ioredis';
import { AuthModule, TokenService } from 'nestjs-latchkey';
import { redisStores, type RedisClient } from 'nestjs-latchkey/redis';
import { createSentinel } from 'redis';
import { hasRedis, startRedisSentinel } from '../support/redis.js';
import { requireOrSkip } from '../support/skips.js';

const { privateKey: keys } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

type Servers = Awaited<ReturnType<typeof startRedisSentinel>>;

interface Connection {
  readonly client: RedisClient;
  close(): void;
}

async function ioRedis({ name, port }: Servers): Promise<Connection> {
  const client = new Redis({ name, sentinels: [{ host: '127.0.0.1', port }] });
  client.on('error', () => {});
  return { client, close: () => client.disconnect() };
}

async function nodeRedis({ name, port }: Servers): Promise<Connection> {
  const client = createSentinel({ name, sentinelRootNodes: [{ host: '127.0.0.1', port }] });
  client.on('error', () => {});
  await client.connect();
  return { client: client as unknown as RedisClient, close: () => client.destroy() };
}

const closing: (() => unknown)[] = [];
afterEach(async () => {
  // Each of them, whatever another says: a server that stays would keep the tests from ending.
  const told = await Promise.allSettled(
    closing
      .splice(0)
      .reverse()
      .map(async (close) => close()),
  );
  expect(told.filter(({ status }) => status === 'rejected')).toEqual([]);
}, 30_000);

/** Retries, as a client does after a 503. */
async function persist<Answer>(work: () => Promise<Answer>): Promise<Answer> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (tries === 50 || (error as { code?: string }).code !== 'store_unavailable') throw error;
      await wait(100);
    }
  }
}

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'accepted',
    ({ code }) => code,
  );

requireOrSkip('redis-server', hasRedis())('stores behind Redis Sentinel', () => {
  describe.each([
    ['ioredis', ioRedis],
    ['node-redis', nodeRedis],
  ] as const)('by %s', (_, connect) => {
    it('go on after a fail-over, with all that was revoked', async () => {
      const servers = await startRedisSentinel();
      closing.push(() => servers.stop());
      const start = async (): Promise<TokenService> => {
        const { client, close } = await connect(servers);
        closing.push(close);
        const stores = redisStores({ client, push: true });
        const revocation = { freshness: { withinMs: 60_000 }, timeout: '1s' } as const;
        const auth = AuthModule.forRoot({ keys, stores, revocation });
        const app = await NestFactory.createApplicationContext(auth, { logger: false, abortOnError: false });
        closing.push(() => app.close());
        return app.get(TokenService);
      };
      const [here, there] = [await start(), await start()];
      const [living, revoked] = [await here.issue('ada'), await here.issue('ada')];
      await here.revoke(revoked.refreshToken);
      // Both know it: what one of them has still to read may be accepted for as long as its bound says.
      while ((await codeOf(there.verify(revoked.accessToken, { kind: 'access' }))) !== 'token_revoked') await wait(20);
      const operator = new Redis(servers.master.port);
      operator.on('error', () => {});
      const replicas = await operator.wait(1, 10_000).finally(() => operator.disconnect());
      expect(replicas).toBe(1);

      await servers.master.stop();
      const seen = new Set<string>();
      for (let code = ''; code !== 'accepted'; await wait(100)) {
        code = await codeOf(here.issue('ada'));
        if (code !== 'accepted') expect(code).toBe('store_unavailable');
        seen.add(await codeOf(here.refresh(revoked.refreshToken)));
        seen.add(await codeOf(there.verify(revoked.accessToken, { kind: 'access' })));
      }
      expect([...seen].filter((code) => code !== 'store_unavailable')).toEqual(['token_revoked']);

      const next = await persist(() => here.refresh(living.refreshToken));
      expect(await codeOf(persist(() => here.refresh(revoked.refreshToken)))).toBe('token_revoked');
      expect(await codeOf(there.verify(next.accessToken, { kind: 'access' }))).toBe('accepted');
      await persist(() => here.revoke(next.refreshToken));
      expect(await codeOf(here.verify(next.accessToken, { kind: 'access' }))).toBe('token_revoked');
      // Pushed by the new master, before it would have been read: every 30 seconds.
      const startedMs = performance.now();
      for (let code = ''; code !== 'token_revoked'; await wait(20))
        code = await codeOf(there.verify(next.accessToken, { kind: 'access' }));
      expect(performance.now() - startedMs).toBeLessThan(10_000);
    }, 90_000);
  });
});
