// How attempts are limited by several processes on one store.
import { beforeEach, describe, expect, it } from '@jest/globals';
import { AttemptLimiter, type AttemptVerdict } from '../../../libs/auth/src/core/stores/attempt-limiter.js';
import { MemoryOneTimeStore } from '../../../libs/auth/src/core/stores/memory-stores.js';
import { ManualClock } from '../../support/clocks.js';

const LIMIT = { name: 'sign-in', limit: 10, windowSeconds: 60 } as const;

const allowed = (verdicts: readonly AttemptVerdict[]): number => verdicts.filter((verdict) => verdict.allowed).length;
const many = (count: number, take: () => Promise<AttemptVerdict>): Promise<AttemptVerdict[]> =>
  Promise.all(Array.from({ length: count }, take));

/** Counts what it is asked. */
class CountingStore extends MemoryOneTimeStore {
  asked = 0;

  override async consume(id: string, expiresAt: number): Promise<boolean> {
    this.asked += 1;
    // Another turn of the event loop, as of a store elsewhere: calls come between.
    await new Promise((resolve) => setImmediate(resolve));
    return super.consume(id, expiresAt);
  }
}

describe('an attempt limiter', () => {
  let clock: ManualClock;
  let store: CountingStore;
  beforeEach(() => {
    clock = new ManualClock();
    clock.seconds = 1_900_000_020;
    store = new CountingStore(clock);
  });

  const limiter = (more: Partial<typeof LIMIT | { limit: number }> = {}): AttemptLimiter =>
    new AttemptLimiter(store, clock, { ...LIMIT, ...more });

  it('allows as many attempts as the limit says, and tells when to try again', async () => {
    const one = limiter();
    expect(allowed(await many(10, () => one.take('ada')))).toBe(10);
    clock.advance(20);
    expect(await one.take('ada')).toEqual({ allowed: false, retryAfterSeconds: 40 - (1_900_000_020 % 60) });
    expect(await one.take('grace')).toEqual({ allowed: true });
    clock.advance(60);
    expect(await one.take('ada')).toEqual({ allowed: true });
  });

  it.each([1, 10, 16, 17, 300])(
    'never allows more than %i, however many come at once to however many processes',
    async (limit) => {
      const processes = Array.from({ length: 3 }, () => limiter({ limit }));
      const verdicts = await Promise.all(processes.map((each) => many(limit * 2, () => each.take('ada'))));
      const count = allowed(verdicts.flat());
      expect(count).toBeLessThanOrEqual(limit);
      expect(count).toBeGreaterThanOrEqual(limit <= 16 ? limit : Math.floor(limit * 0.8));
    },
  );

  it('asks the store no more once a window is full', async () => {
    const one = limiter();
    for (let times = 0; times < 12; times += 1) await one.take('ada');
    const before = store.asked;
    expect(allowed(await many(1_000, () => one.take('ada')))).toBe(0);
    expect(store.asked).toBe(before);
  });

  it('asks a store that other processes have filled for a few places, and not for each', async () => {
    const one = limiter({ limit: 300 });
    for (let times = 0; times < 600; times += 1) await one.take('ada');
    const before = store.asked;
    expect(await limiter({ limit: 300 }).take('ada')).toMatchObject({ allowed: false });
    expect(store.asked - before).toBeLessThanOrEqual(16);
  });

  it.each([17, 100, 300])('asks no more once it knows that others filled all of %i places', async (limit) => {
    const other = limiter({ limit });
    for (let times = 0; times < limit * 2; times += 1) await other.take('ada');
    const one = limiter({ limit });
    const before = store.asked;
    expect(allowed(await many(500, () => one.take('ada')))).toBe(0);
    for (let times = 0; times < 500; times += 1) await one.take('ada');
    expect(store.asked - before).toBeLessThanOrEqual(limit + 500);
  });

  it('does not take a place for taken whose answer failed', async () => {
    const one = limiter({ limit: 20 });
    const consume = store.consume.bind(store);
    for (let times = 0; times < 20; times += 1) {
      store.consume = () => Promise.reject(new Error('connect ECONNREFUSED'));
      await expect(one.take('ada')).rejects.toMatchObject({ code: 'store_unavailable' });
      store.consume = consume;
      expect(await one.take('ada')).toEqual({ allowed: true });
    }
    expect(await one.take('ada')).toMatchObject({ allowed: false });
  });

  it('keeps two limits apart, and any two keys', async () => {
    const [one, other] = [
      limiter({ limit: 1 }),
      new AttemptLimiter(store, clock, { ...LIMIT, name: 'mail', limit: 1 }),
    ];
    for (const key of ['ada', 'ADA', 'ada ', '', ':', 'x'.repeat(1_000)]) {
      expect(await one.take(key)).toEqual({ allowed: true });
      expect(await other.take(key)).toEqual({ allowed: true });
      expect(await one.take(key)).toMatchObject({ allowed: false });
    }
  });

  it('cannot tell while its store is down, and has not counted then', async () => {
    const one = limiter({ limit: 1 });
    const consume = store.consume.bind(store);
    store.consume = () => Promise.reject(new Error('connect ECONNREFUSED'));
    await expect(one.take('ada')).rejects.toMatchObject({ code: 'store_unavailable', status: 503 });
    store.consume = consume;
    expect(await one.take('ada')).toEqual({ allowed: true });
  });

  it.each([
    [{ limit: 0 }, 'limit is 0'],
    [{ limit: 1.5 }, 'limit is 1.5'],
    [{ windowSeconds: 100_000 }, 'windowSeconds is 100000'],
    [{ name: '' }, 'name'],
  ])('is not made with %p', (options, problem) => {
    expect(() => new AttemptLimiter(store, clock, { ...LIMIT, ...options })).toThrow(problem);
  });
});
