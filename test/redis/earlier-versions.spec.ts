// What an earlier version left in Redis: logins whose names a client with a key prefix wrote with that prefix in front, and a field that
// is no longer read.
import { expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { redisStores } from 'nestjs-latchkey/redis';
import type { Stores } from 'nestjs-latchkey/stores';
import { FixedClock } from 'nestjs-latchkey/testing';
import { hasRedis, useRedis } from '../support/redis.js';
import { requireOrSkip } from '../support/skips.js';
import { checkReady } from '../support/store-suite.js';

requireOrSkip('redis-server', hasRedis())('logins that an earlier version opened', () => {
  const redis = useRedis();

  it.each(['', 'app:'])('are listed, used and ended, with the key prefix "%s" of the client', async (keyPrefix) => {
    const clock = new FixedClock();
    const client = new Redis({ ...redis.client.options, keyPrefix });
    try {
      const stores = await redisStores({ client }).useFactory(clock);
      await checkReady(stores);
      for (const sid of ['a', 'b', 'c', 'd']) await stores.logins.open(loginOf(sid, clock.nowSeconds()));
      await asBefore(redis.client);
      const { logins } = stores;
      const sids = async () => (await logins.list(owner, clock.nowSeconds())).map(({ sid }) => sid).toSorted();
      expect(await sids()).toEqual(['a', 'b', 'c', 'd']);
      const to = { jti: 'next', issuedAt: clock.nowSeconds(), expiresAt: clock.nowSeconds() + 60 };
      const rotation = { issuer: 'i', sid: 'a', from: 'a', to, nowMs: clock.nowMs(), graceMs: 1_000 };
      expect((await logins.rotate(rotation)).outcome).toBe('rotated');
      expect(await logins.end('i', 'b')).toBe(true);
      expect(await sids()).toEqual(['a', 'c', 'd']);
      expect(await logins.endAll(owner, 'a')).toBe(2);
      expect(await sids()).toEqual(['a']);
      const [list = ''] = await redis.client.keys('*sign-ins:*');
      expect(await redis.client.zcard(list)).toBe(1);
    } finally {
      client.disconnect();
    }
  });
});

const owner = { issuer: 'i', id: 'user-1' };

function loginOf(sid: string, now: number): Parameters<Stores['logins']['open']>[0] {
  const current = { currentJti: sid, currentIssuedAt: now, currentExpiresAt: now + 60 };
  return {
    issuer: 'i',
    sid,
    subject: owner.id,
    ...current,
    createdAt: now,
    lastUsedAt: now,
    absoluteExpiresAt: now + 600,
  };
}

/** Rewrites what was written as it was written before: the full name of each key in the list, and the list in each login. */
async function asBefore(client: Redis): Promise<void> {
  const [list = ''] = await client.keys('*sign-ins:*');
  const logins = await client.keys('*sign-in:*');
  expect(logins).toHaveLength(4);
  await client.del(list);
  for (const [at, login] of logins.entries()) {
    await client.zadd(list, at, login);
    await client.hset(login, 'index', list);
  }
}
