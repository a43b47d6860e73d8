// The change feed of the blocklist in Redis, where Redis loses what it held: no machine that follows it may miss what comes after.
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import type { BlocklistStore } from 'nestjs-latchkey/stores';
import { redisStores } from 'nestjs-latchkey/redis';
import { FixedClock } from 'nestjs-latchkey/testing';
import { FeedReader } from '../support/change-feed-reader.js';
import { hasRedis, useRedis } from '../support/redis.js';
import { requireOrSkip } from '../support/skips.js';
import { checkReady } from '../support/store-suite.js';

describe.each([1, 4])('of %d shards', (shards) => testFeed(shards));

function testFeed(shards: number): void {
  requireOrSkip('redis-server', hasRedis())('the change feed in Redis', () => {
    const redis = useRedis();
    let clock: FixedClock;
    let revocations: BlocklistStore;
    let reader: FeedReader;

    beforeEach(async () => {
      clock = new FixedClock();
      revocations = await boot();
      reader = new FeedReader(revocations);
      // The sentinel is older than the second of the first revocation, as it nearly always is.
      clock.advance('1s');
    });

    const boot = async (): Promise<BlocklistStore> => {
      const stores = await redisStores({ client: redis.client, shards }).useFactory(clock);
      await checkReady(stores);
      return stores.revocations;
    };
    const revoke = (id: string) => {
      const now = clock.nowSeconds();
      return revocations.add({ kind: 'token', issuer: 'i', id, revokedAt: now, expiresAt: now + 60 });
    };

    it('starts again after a flush, also if the counter has the same value as before', async () => {
      await revoke('before');
      await reader.read();
      await redis.client.flushall();
      await boot();
      // Within the same second, so that the new count begins with the number that the reader has.
      await revoke('after');
      expect(await reader.read()).toEqual({ ids: ['after'], restarted: true });
    });

    it('reports changes after an unacknowledged flush, once it is acknowledged', async () => {
      await revoke('before');
      await reader.read();
      await redis.client.flushall();
      await revoke('after');
      await expect(reader.read()).rejects.toThrow('emptied');
      await boot();
      expect(await reader.read()).toEqual({ ids: ['after'], restarted: true });
    });

    it('starts again if Redis was restored to an earlier state, with the sentinel', async () => {
      await revoke('kept');
      const comeBack = await snapshotOf(redis.client);
      for (const id of ['lost', 'lost too']) await revoke(id);
      await reader.read();
      await comeBack();
      await revoke('after');
      // Where there are several shards, that of 'kept' lost nothing and goes on.
      expect(await reader.read()).toEqual({ ids: shards === 1 ? ['kept', 'after'] : ['after'], restarted: true });
    });

    it('reports what is revoked after a fail-over that lost the last change, though the counts are equal', async () => {
      await revoke('kept');
      const comeBack = await snapshotOf(redis.client);
      await revoke('lost');
      await reader.read();
      await comeBack();
      clock.advance('1s');
      await revoke('after');
      expect((await reader.read()).ids).toContain('after');
    });

    it('continues above every cursor after all entries, and the counter with them, have expired', async () => {
      await revoke('before');
      await reader.read();
      clock.advance('60s');
      await expire(redis.client);
      await revoke('after');
      expect((await reader.read()).ids).toEqual(['after']);
      await revoke('later');
      expect(await reader.read()).toEqual({ ids: ['later'], restarted: false });
    });
  });
}

/** Copies all keys, like an older snapshot or a replica that lags. Returns a function that restores them. */
async function snapshotOf(client: Redis): Promise<() => Promise<void>> {
  const keys = await client.keys('*');
  const kept = await Promise.all(
    keys.map(async (key) => ({ key, lifeMs: await client.pttl(key), value: await client.dumpBuffer(key) })),
  );
  return async () => {
    await client.flushall();
    for (const { key, lifeMs, value } of kept) await client.restore(key, Math.max(0, lifeMs), value);
  };
}

/** Ends at once what has an end, as the passing of time does. */
async function expire(client: Redis): Promise<void> {
  for (const key of await client.keys('*')) if ((await client.pttl(key)) >= 0) await client.del(key);
}
