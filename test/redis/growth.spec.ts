// What Redis holds of what has ended: nothing, however long an application runs without its lists being read or pruned.
import { beforeEach, expect, it } from '@jest/globals';
import type { Stores } from 'nestjs-latchkey/stores';
import { redisStores } from 'nestjs-latchkey/redis';
import { FixedClock } from 'nestjs-latchkey/testing';
import { hasRedis, useRedis } from '../support/redis.js';
import { requireOrSkip } from '../support/skips.js';
import { checkReady } from '../support/store-suite.js';

const MANY = 30;

requireOrSkip('redis-server', hasRedis())('Redis stores without pruning', () => {
  const redis = useRedis();
  let clock: FixedClock;
  let stores: Stores;

  beforeEach(async () => {
    clock = new FixedClock();
    stores = await redisStores({ client: redis.client }).useFactory(clock);
    await checkReady(stores);
  });

  const revoke = (id: string) => {
    const now = clock.nowSeconds();
    return stores.revocations.add({ kind: 'token', issuer: 'i', id, revokedAt: now, expiresAt: now + 60 });
  };
  const signIn = (sid: string) => {
    const now = clock.nowSeconds();
    const [current, moments] = [
      { currentJti: sid, currentIssuedAt: now, currentExpiresAt: now + 60 },
      { createdAt: now, lastUsedAt: now, absoluteExpiresAt: now + 600 },
    ];
    return stores.logins.open({ issuer: 'i', sid, subject: 'user-1', ...current, ...moments });
  };
  /** How many members the sorted sets of such names have, each. */
  const sizes = async (pattern: string): Promise<number[]> => {
    const keys = await redis.client.keys(pattern);
    return Promise.all(keys.map((key) => redis.client.zcard(key)));
  };
  /** Expires the logins at once. */
  const expireSignIns = async (): Promise<void> => {
    await redis.client.del(await redis.client.keys('latchkey:sign-in:*'));
  };

  it('remove expired revocations from every list when the next one is made', async () => {
    for (const id of ['a', 'b', 'c']) await revoke(id);
    expect(await sizes('latchkey:revocations:*')).toEqual([3, 3, 3]);
    clock.advance('60s');
    await revoke('d');
    expect(await sizes('latchkey:revocations:*')).toEqual([1, 1, 1]);
  });

  it('keep in every list a revocation that expires in a second when the next one is made', async () => {
    await revoke('a');
    clock.advance('59s');
    await revoke('b');
    expect(await sizes('latchkey:revocations:*')).toEqual([2, 2, 2]);
  });

  it('hold no more ids of logins than there are, if each one expires before the next', async () => {
    for (let at = 0; at < MANY; at += 1) {
      await signIn(`sid-${at}`);
      expect(await sizes('latchkey:sign-ins:*')).toEqual([1]);
      await expireSignIns();
    }
  });

  it('remove the ids of many logins that expired together, in steps', async () => {
    for (let at = 0; at < MANY; at += 1) await signIn(`sid-${at}`);
    await expireSignIns();
    // Younger than those that expired: only the oldest are looked at.
    clock.advance('1s');
    for (const sid of ['one', 'two', 'three']) await signIn(sid);
    expect(await sizes('latchkey:sign-ins:*')).toEqual([3]);
  });

  it('hold no more ids of logins than there are, if each one is ended before the next', async () => {
    // Ten that stay: a new login cleans up only among the ten oldest, and finds these.
    for (let at = 0; at < 10; at += 1) await signIn(`old-${at}`);
    clock.advance('1s');
    for (let at = 0; at < MANY; at += 1) {
      await signIn(`sid-${at}`);
      await stores.logins.end('i', `sid-${at}`);
    }
    expect(await sizes('latchkey:sign-ins:*')).toEqual([10]);
  });
});
