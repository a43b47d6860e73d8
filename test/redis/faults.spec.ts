import { generateKeyPairSync } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { ConsoleLogger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Redis } from 'ioredis';
import { AuthModule, SystemClock, type AuthError } from 'nestjs-latchkey';
import type { Stores } from 'nestjs-latchkey/stores';
import { acknowledgeFlush, redisStores, type OnFlush } from 'nestjs-latchkey/redis';
import { hasRedis, useRedis } from '../support/redis.js';
import { startInstance } from '../support/login-model-harness.js';
import { requireOrSkip } from '../support/skips.js';
import { checkReady } from '../support/store-suite.js';
import { ManualClock } from '../support/clocks.js';

const NOW = 1_900_000_000;
const ISSUER = 'https://issuer.example';

const entry = { kind: 'token', issuer: ISSUER, id: 'jti-1', revokedAt: NOW, expiresAt: NOW + 60 } as const;
const login = {
  issuer: ISSUER,
  sid: 'sid-1',
  subject: 'user-1',
  currentJti: 'jti-1',
  currentIssuedAt: NOW,
  currentExpiresAt: NOW + 100,
  createdAt: NOW,
  lastUsedAt: NOW,
  absoluteExpiresAt: NOW + 1_000,
};
const rotation = {
  issuer: ISSUER,
  sid: 'sid-1',
  from: 'jti-1',
  to: { jti: 'jti-2', issuedAt: NOW, expiresAt: NOW + 5_000 },
  nowMs: NOW * 1_000,
  graceMs: 10_000,
};
const queryAt = (issuedAt: number) => ({ issuer: ISSUER, subject: 'user-1', jti: 'jti-1', sid: 'sid-1', issuedAt });

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'accepted',
    (error: AuthError) => error.code,
  );

requireOrSkip('redis-server', hasRedis())('Redis stores', () => {
  const redis = useRedis();
  let clock: ManualClock;

  beforeEach(async () => {
    clock = new ManualClock(NOW * 1_000);
  });

  const boot = async (
    options: { onFlush?: OnFlush; prefix?: string; allowEviction?: boolean; shards?: number } = {},
  ): Promise<Stores> => {
    const stores = await redisStores({ client: redis.client, ...options }).useFactory(clock);
    await checkReady(stores);
    return stores;
  };

  it('put every key under their prefix, and give every key an expiry, except the sentinels', async () => {
    const { logins, revocations } = await boot({ prefix: 'mine:' });
    await logins.open(login);
    await logins.rotate(rotation);
    await revocations.add(entry);
    const keys = await redis.client.keys('*');
    expect(keys.filter((key) => !key.startsWith('mine:'))).toEqual([]);
    const endless = await Promise.all(keys.map(async (key) => ((await redis.client.pttl(key)) < 0 ? key : '')));
    expect(endless.filter((key) => key !== '').sort()).toEqual(['mine:sentinel', 'mine:shards']);
  });

  it('keep a login no longer than its absolute end, however late its newest token expires', async () => {
    const { logins } = await boot();
    await logins.open(login);
    await logins.rotate(rotation);
    const [key] = await redis.client.keys('latchkey:sign-in:*');
    const lifeMs = await redis.client.pttl(key ?? '');
    expect(lifeMs).toBeGreaterThan(100_000);
    expect(lifeMs).toBeLessThanOrEqual(1_000_000);
  });

  it('name keys so that no issuer and id collide with another pair, nor with other keys', async () => {
    const { revocations } = await boot();
    await redis.client.set('latchkey', 'a value of another application');
    await revocations.add({ ...entry, issuer: 'a:b', id: 'c' });
    await revocations.add({ ...entry, issuer: 'a', id: '","b' });
    expect(await revocations.find({ issuer: 'a', subject: 'u', jti: 'b:c' })).toBeUndefined();
    expect(await revocations.find({ issuer: 'a","', subject: 'u', jti: 'b' })).toBeUndefined();
    expect(await redis.client.get('latchkey')).toBe('a value of another application');
  });

  it('never scan the key space', async () => {
    await redis.client.config('RESETSTAT');
    const { logins, revocations } = await boot();
    await logins.open(login);
    await logins.list({ issuer: ISSUER, id: 'user-1' }, NOW);
    await logins.endAll({ issuer: ISSUER, id: 'user-1' });
    await revocations.add(entry);
    await revocations.list({ now: NOW, limit: 10 });
    await revocations.prune(NOW);
    expect(await redis.client.info('commandstats')).not.toMatch(/cmdstat_(keys|scan)/);
  });

  it('continue after the server lost their scripts', async () => {
    const { logins } = await boot();
    await logins.open(login);
    await redis.client.script('FLUSH');
    expect((await logins.rotate(rotation)).outcome).toBe('rotated');
  });

  it('remove an expired login from the list of its subject', async () => {
    const { logins } = await boot();
    await logins.open(login);
    await redis.client.del(await redis.client.keys('latchkey:sign-in:*'));
    expect(await logins.list({ issuer: ISSUER, id: 'user-1' }, NOW)).toEqual([]);
    expect(await redis.client.keys('latchkey:sign-ins:*')).toEqual([]);
  });

  it('remove expired entries from the list of revocations', async () => {
    const { revocations } = await boot();
    await revocations.add(entry);
    clock.seconds = NOW + 60;
    await revocations.prune(clock.seconds);
    expect(await redis.client.keys('latchkey:revocations:*')).toEqual([]);
  });

  it.each([
    ['an entry', 'latchkey:token:*', 'nonsense'],
    ['the sentinel', 'latchkey:sentinel', 'soon'],
  ])('are unavailable if %s holds invalid data', async (_, pattern, value) => {
    const { revocations } = await boot();
    await revocations.add(entry);
    const [key] = await redis.client.keys(pattern);
    await redis.client.set(key ?? '', value);
    await expect(revocations.find(queryAt(NOW))).rejects.toThrow();
  });

  it('are unavailable if a login lacks a field', async () => {
    const { logins } = await boot();
    await logins.open(login);
    const [key] = await redis.client.keys('latchkey:sign-in:*');
    await redis.client.hdel(key ?? '', 'currentExpiresAt');
    await expect(logins.find(ISSUER, 'sid-1')).rejects.toThrow('currentExpiresAt');
  });

  describe.each([1, 16])('of %d shards, when Redis was emptied', (shards) => {
    it('are unavailable for revocations, and keep recording', async () => {
      const { revocations } = await boot({ shards });
      await redis.client.flushall();
      await expect(revocations.find(queryAt(NOW))).rejects.toThrow('emptied');
      await expect(revocations.subjectRevokedAt({ issuer: ISSUER, id: 'user-1' })).rejects.toThrow('emptied');
      await expect(revocations.add(entry)).resolves.toBe(true);
    });

    it('answer again after the next start, and refuse tokens issued before it', async () => {
      const { revocations } = await boot({ shards });
      await redis.client.flushall();
      clock.seconds = NOW + 50;
      await boot({ shards });
      expect(await revocations.find(queryAt(NOW + 49))).toBe('subject');
      expect(await revocations.find(queryAt(NOW + 50))).toBeUndefined();
    });

    it('answer again once an operator acknowledges it, and refuse tokens issued before', async () => {
      const { revocations } = await boot({ prefix: 'mine:', shards });
      await redis.client.flushall();
      await expect(revocations.find(queryAt(NOW))).rejects.toThrow('acknowledgeFlush()');
      const since = await acknowledgeFlush(redis.client, { prefix: 'mine:', shards });
      expect(await revocations.find(queryAt(since - 1))).toBe('subject');
      expect(await revocations.find(queryAt(since))).toBeUndefined();
      // Acknowledging twice does not sign out users who signed in meanwhile.
      for (const key of await redis.client.keys('mine:*sentinel')) await redis.client.set(key, String(since - 60));
      expect(await acknowledgeFlush(redis.client, { prefix: 'mine:', shards })).toBe(since - 60);
    });

    it('with `barrier` refuse tokens issued before it was noticed, and none later', async () => {
      const { revocations } = await boot({ onFlush: 'barrier', shards });
      await redis.client.flushall();
      clock.seconds = NOW + 50;
      expect(await revocations.find(queryAt(NOW + 50))).toBe('subject');
      expect(await revocations.find(queryAt(NOW + 51))).toBeUndefined();
      clock.seconds = NOW + 500;
      expect(await revocations.find(queryAt(NOW + 49))).toBe('subject');
      expect(await revocations.find(queryAt(NOW + 51))).toBeUndefined();
    });

    it.each(['barrier', 'refuse'] as const)(
      'with `%s` refuse tokens issued, revoked and lost within one second',
      async (onFlush) => {
        const present = new SystemClock();
        const stores = await redisStores({ client: redis.client, onFlush, shards }).useFactory(present);
        await checkReady(stores);
        const { privateKey: keys } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
        const { instance, close } = await startInstance({ stores, clock: present, keys });
        const told = (token: string) => codeOf(instance.tokens.verify(token, { kind: 'access' }));
        // From the beginning of a second, so that all of it is in one.
        await wait(1_000 - (Date.now() % 1_000));
        const { accessToken } = await instance.tokens.issue('ada');
        await instance.tokens.revoke(accessToken);
        await redis.client.flushall();
        if (onFlush === 'refuse') await acknowledgeFlush(redis.client, { shards });
        expect(await told(accessToken)).toBe('token_revoked');
        // A login of now is accepted at once.
        const next = await instance.tokens.issue('ada');
        expect(await told(next.accessToken)).toBe('accepted');
        await expect(instance.tokens.refresh(next.refreshToken)).resolves.toBeDefined();
        await close();
      },
    );

    it('with `barrier` do not refuse for ever what has no issue time', async () => {
      const { revocations } = await boot({ onFlush: 'barrier', shards });
      await redis.client.flushall();
      expect(await revocations.find({ issuer: ISSUER, subject: 'user-1' })).toBeUndefined();
    });

    it('keep the first time of the sentinel when another process starts', async () => {
      const { revocations } = await boot({ shards });
      clock.seconds = NOW + 500;
      await boot({ shards });
      expect(await revocations.find(queryAt(NOW + 10))).toBeUndefined();
    });
  });

  describe('at boot', () => {
    it.each([
      [{ allowEviction: true }, ['allowEviction is true: if Redis is full, revoked tokens become valid again']],
      [{ onFlush: 'barrier' }, ['onFlush is barrier: an emptied Redis signs all users out']],
      [{ onFlush: 'refuse', allowEviction: false }, []],
    ] as const)('warn of %j', async (options, expected) => {
      const warned: string[] = [];
      const logger = new (class extends ConsoleLogger {
        override warn(message: unknown): void {
          warned.push(String(message));
        }
      })({ logLevels: ['warn'] });
      const module = AuthModule.forRoot({ stores: redisStores({ client: redis.client, ...options }) });
      const app = await NestFactory.createApplicationContext(module, { logger });
      await app.close();
      const about = warned.filter((message) => message.startsWith('redisStores: '));
      expect(about).toEqual(expected.map((sentence) => expect.stringContaining(sentence)));
    });

    it('report that Redis does not answer, and what to do', async () => {
      const unreachable = new Redis({
        port: 1,
        lazyConnect: true,
        retryStrategy: () => null,
        enableOfflineQueue: false,
      });
      unreachable.on('error', () => {});
      const stores = await redisStores({ client: unreachable }).useFactory(clock);
      await expect(checkReady(stores)).rejects.toThrow('Redis is not ready');
    });

    it('refuse a Redis user without write permission, and say so', async () => {
      await redis.client.acl(
        'SETUSER',
        'reader',
        'on',
        '>secret',
        '~*',
        '+@read',
        '+@scripting',
        '+@connection',
        '+info',
      );
      const reader = new Redis({ ...redis.client.options, username: 'reader', password: 'secret' });
      const stores = await redisStores({ client: reader, prefix: 'unused:' }).useFactory(clock);
      await expect(checkReady(stores)).rejects.toThrow('@write');
      reader.disconnect();
    });

    it('remove what they wrote to probe the server', async () => {
      await boot({ prefix: 'tried:' });
      expect((await redis.client.keys('tried:*')).sort()).toEqual(['tried:sentinel', 'tried:shards']);
    });

    it('refuse a Redis that evicts keys when it is full, unless told to accept it', async () => {
      await redis.client.config('SET', 'maxmemory', '100mb', 'maxmemory-policy', 'allkeys-lru');
      try {
        await expect(boot()).rejects.toThrow('noeviction');
        await expect(boot({ allowEviction: true })).resolves.toBeDefined();
        await redis.client.config('SET', 'maxmemory-policy', 'noeviction');
        await expect(boot()).resolves.toBeDefined();
      } finally {
        await redis.client.config('SET', 'maxmemory', '0', 'maxmemory-policy', 'noeviction');
      }
    });

    it('refuse an empty prefix', () => {
      expect(() => redisStores({ client: redis.client, prefix: '' })).toThrow('prefix');
    });
  });
});
