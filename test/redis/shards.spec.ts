// The number of shards of the blocklist, on one Redis: processes with different numbers must never run side by side, because
// neither would receive what the other revoked.
import { beforeEach, describe, expect, it } from '@jest/globals';
import { SystemClock } from 'nestjs-latchkey';
import type { Stores } from 'nestjs-latchkey/stores';
import { acknowledgeFlush, redisStores } from 'nestjs-latchkey/redis';
import { FixedClock } from 'nestjs-latchkey/testing';
import { hasRedis, useRedis } from '../support/redis.js';
import { requireOrSkip } from '../support/skips.js';
import { checkReady } from '../support/store-suite.js';

const ISSUER = 'https://issuer.example';

describe('the options of shards', () => {
  const client = { evalSha: async () => 1, eval: async () => 1 };

  it.each([0, -1, 1.5, 257, Number.NaN, '16' as never])('refuse %p', (shards) => {
    expect(() => redisStores({ client, shards })).toThrow(
      `shards is ${shards}; accepted is a whole number from 1 to 256`,
    );
  });

  it('refuse a hash tag beside several shards, which would put them into one slot', () => {
    expect(() => redisStores({ client, prefix: '{a}:', shards: 2 })).toThrow("prefix is '{a}:' and shards is 2");
    expect(() => redisStores({ client, prefix: '{a}:', shards: 1 })).not.toThrow();
  });
});

describe('other options', () => {
  const client = { evalSha: async () => 1, eval: async () => 1 };

  it.each([
    [{ shard: 16 }, 'shard is not an option of redisStores'],
    [{ push: 'yes' }, 'push of redisStores is "yes"; accepted is true or false'],
    [{ allowEviction: 1 }, 'allowEviction of redisStores is 1; accepted is true or false'],
    [{ onFlush: 'ignore' }, 'onFlush of redisStores is "ignore"; accepted is refuse or barrier'],
  ])('refuse %j', (options, told) => {
    expect(() => redisStores({ client, ...(options as object) })).toThrow(told);
  });
});

requireOrSkip('redis-server', hasRedis())('the number of shards', () => {
  const redis = useRedis();
  let clock: FixedClock;
  beforeEach(() => {
    clock = new FixedClock();
  });

  const boot = async (shards?: number, onFlush?: 'barrier'): Promise<Stores> => {
    const stores = await redisStores({ client: redis.client, shards, onFlush }).useFactory(clock);
    await checkReady(stores);
    return stores;
  };
  const entryOf = (id: string, revokedAt = clock.nowSeconds()) =>
    ({ kind: 'token', issuer: ISSUER, id, revokedAt, expiresAt: clock.nowSeconds() + 600 }) as const;

  it.each([
    [1, 16],
    [16, 1],
    [16, 8],
  ])('that was %d is not taken for %d by a process that starts later', async (first, second) => {
    await boot(first);
    await expect(boot(second)).rejects.toThrow(`shards is ${second}, and the blocklist under 'latchkey:' has ${first}`);
    await expect(boot(first)).resolves.toBeDefined();
  });

  it('was one before it was written down', async () => {
    await redis.client.set('latchkey:sentinel', clock.nowSeconds());
    await expect(boot(16)).rejects.toThrow("shards is 16, and the blocklist under 'latchkey:' has 1");
    await expect(boot()).resolves.toBeDefined();
  });

  it('can be changed as the refusal says, and what was issued before is refused', async () => {
    const { revocations } = await boot(1);
    await revocations.add(entryOf('jti'));
    await redis.client.del('latchkey:shards', 'latchkey:sentinel');
    clock.advance('1s');
    const changed = await boot(16);
    const issuedAt = clock.nowSeconds() - 1;
    expect(await changed.revocations.find({ issuer: ISSUER, subject: 'ada', jti: 'jti', issuedAt })).toBe('subject');
    // A process that still runs with the old number publishes nothing any more.
    await expect(revocations.find({ issuer: ISSUER, subject: 'ada', jti: 'jti', issuedAt })).rejects.toThrow(
      'is missing',
    );
    await expect(boot(1)).rejects.toThrow('has 16');
  });

  it('is asked again by a process that would go on by itself after a flush', async () => {
    const { revocations } = await boot(1, 'barrier');
    await redis.client.flushall();
    await boot(16);
    await expect(revocations.find({ issuer: ISSUER, subject: 'ada', jti: 'jti' })).rejects.toThrow('has 16');
  });

  it('is not changed by an acknowledgement that names another', async () => {
    await boot(16);
    await expect(acknowledgeFlush(redis.client)).rejects.toThrow('has 16');
    await expect(acknowledgeFlush(redis.client, { shards: 16 })).resolves.toBe(clock.nowSeconds());
  });

  it('says nothing about the time before a shard was emptied, whatever the clock of the process that starts next', async () => {
    class Slow extends SystemClock {
      override nowMs = () => super.nowMs() - 600_000;
    }
    const stores = async (of: SystemClock) => {
      const made = await redisStores({ client: redis.client, shards: 4 }).useFactory(of);
      await checkReady(made);
      return made.revocations;
    };
    await stores(new SystemClock());
    const lost = (await redis.client.keys('latchkey:*')).filter((key) => key !== 'latchkey:shards');
    await redis.client.del(...lost);
    const revocations = await stores(new Slow());
    const issuedAt = new SystemClock().nowSeconds() - 300;
    expect(await revocations.find({ issuer: ISSUER, subject: 'ada', jti: 'jti', issuedAt })).toBe('subject');
  });

  it('lists the newest of all shards first, and deletes expired entries in each', async () => {
    const { revocations } = await boot(4);
    const ids = Array.from({ length: 40 }, (_, at) => `jti-${at}`);
    for (const [at, id] of ids.entries()) await revocations.add(entryOf(id, clock.nowSeconds() + at));
    const newest = await revocations.list({ now: clock.nowSeconds(), limit: 5 });
    expect(newest.map(({ id }) => id)).toEqual(['jti-39', 'jti-38', 'jti-37', 'jti-36', 'jti-35']);
    expect(await redis.client.keys('latchkey:*revocations:*')).toHaveLength(12);
    clock.advance('600s');
    await revocations.prune(clock.nowSeconds());
    expect(await redis.client.keys('latchkey:*revocations:*')).toEqual([]);
  });
});
