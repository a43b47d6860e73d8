import { beforeEach, describe, expect, it } from '@jest/globals';
import { CircuitBreaker } from '../../../libs/auth/src/core/stores/circuit-breaker.js';
import { AuthError } from '../../../libs/auth/src/core/base/errors.js';
import { onAuthEvent } from '../../../libs/auth/src/core/base/events.js';
import { withCircuitBreakers } from '../../../libs/auth/src/core/stores/guarded-stores.js';
import { MemoryLoginStore, MemoryBlocklistStore } from '../../../libs/auth/src/core/stores/memory-stores.js';
import { checkStores, type RevocationKind, type Stores } from '../../../libs/auth/src/core/stores/stores.js';
import { ManualClock } from '../../support/clocks.js';

/** A blocklist that answers, fails, or never answers, as the test says. */
class ScriptedStore extends MemoryBlocklistStore {
  mood: 'well' | 'broken' | 'silent' = 'well';
  asked = 0;

  override async find(): Promise<RevocationKind | undefined> {
    this.asked += 1;
    if (this.mood === 'broken') throw new Error('connection refused');
    if (this.mood === 'silent') return new Promise(() => {});
    return undefined;
  }

  override async prune(): Promise<number> {
    if (this.mood === 'broken') throw new Error('connection refused');
    return 3;
  }
}

const query = { issuer: 'https://issuer.example', subject: 'user-1', jti: 'jti-1' };

describe('guarded stores', () => {
  let clock: ManualClock;
  let store: ScriptedStore;
  let stores: Stores;

  beforeEach(() => {
    clock = new ManualClock();
    store = new ScriptedStore(clock);
    stores = withCircuitBreakers({ revocations: store, logins: new MemoryLoginStore(clock) }, clock, {
      timeoutMs: 5,
    });
  });

  const find = async () => stores.revocations.find(query);
  const refusal = async (): Promise<AuthError> => {
    const error = await find().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (error instanceof AuthError) return error;
    throw new Error('The call was not refused.');
  };
  const fail = async (times: number): Promise<void> => {
    for (let at = 0; at < times; at += 1) await refusal();
  };

  it('pass through the answer of the store', async () => {
    expect(await find()).toBeUndefined();
    expect(store.asked).toBe(1);
  });

  it('turn every rejection into "store unavailable", with the cause and a time to retry', async () => {
    store.mood = 'broken';
    const error = await refusal();
    expect(error.code).toBe('store_unavailable');
    expect(error.cause).toEqual(new Error('connection refused'));
    expect(error.retryAfterSeconds).toBe(1);
  });

  it('do not let a store choose another error than "unavailable"', async () => {
    stores = withCircuitBreakers({ ...stores, revocations: refusing(new AuthError('token_invalid')) }, clock);
    expect((await refusal()).code).toBe('store_unavailable');
  });

  it('refuse when the store does not answer within the limit', async () => {
    store.mood = 'silent';
    expect(String((await refusal()).cause)).toContain('5 ms');
  });

  it('stop calling the store after five failures in a row', async () => {
    store.mood = 'silent';
    await fail(5);
    expect(store.asked).toBe(5);
    await fail(20);
    expect(store.asked).toBe(5);
  });

  it('keep calling the store when failures are not in a row', async () => {
    for (let round = 0; round < 3; round += 1) {
      store.mood = 'broken';
      await fail(4);
      store.mood = 'well';
      await find();
    }
    expect(store.asked).toBe(15);
  });

  it('let one call a second probe the store, while all others are refused at once', async () => {
    store.mood = 'silent';
    await fail(5);
    clock.ms += 999;
    await fail(1);
    expect(store.asked).toBe(5);
    clock.ms += 1;
    await Promise.all(Array.from({ length: 8 }, refusal));
    expect(store.asked).toBe(6);
    clock.ms += 1_000;
    await fail(3);
    expect(store.asked).toBe(7);
  });

  it('recover within two seconds, without a restart', async () => {
    store.mood = 'broken';
    await fail(5);
    clock.ms += 1_000;
    await fail(1);
    store.mood = 'well';
    clock.ms += 1_000;
    expect(await find()).toBeUndefined();
    await Promise.all(Array.from({ length: 8 }, find));
    expect(store.asked).toBe(15);
  });

  it('recover although the clock was set back meanwhile', async () => {
    store.mood = 'broken';
    await fail(5);
    store.mood = 'well';
    clock.ms -= 3_600_000;
    expect(await find()).toBeUndefined();
  });

  it('do not stay open longer because calls in progress fail late', async () => {
    store.mood = 'broken';
    await Promise.all(Array.from({ length: 30 }, refusal));
    store.mood = 'well';
    clock.ms += 1_000;
    expect(await find()).toBeUndefined();
  });

  it('protect each store separately, so that one that is down does not affect the other', async () => {
    store.mood = 'broken';
    await fail(5);
    expect(await stores.logins.find('https://issuer.example', 'sid-1')).toBeUndefined();
  });

  it('prune without counting towards the breaker, and refuse like the rest when it breaks', async () => {
    expect(await stores.revocations.prune(0)).toBe(3);
    store.mood = 'broken';
    for (let at = 0; at < 6; at += 1)
      await expect(stores.revocations.prune(0)).rejects.toMatchObject({ code: 'store_unavailable' });
    store.mood = 'well';
    expect(await find()).toBeUndefined();
  });

  it('are not wrapped twice', () => {
    expect(withCircuitBreakers(stores, clock)).toEqual(stores);
    expect(withCircuitBreakers(stores, clock).revocations).toBe(stores.revocations);
  });

  it('report once that a store failed, and once that it recovered', async () => {
    const told: unknown[] = [];
    const stop = onAuthEvent((event) => void told.push(event));
    store.mood = 'broken';
    await fail(8);
    clock.ms += 1_000;
    await fail(2);
    store.mood = 'well';
    clock.ms += 1_000;
    await find();
    await find();
    stop();
    expect(told).toEqual([
      { type: 'store_failed', store: 'revocations' },
      { type: 'store_recovered', store: 'revocations' },
    ]);
  });

  it('pass through the change feed, and are unavailable if a store has none', async () => {
    await store.add({ kind: 'token', issuer: 'i', id: 'a', revokedAt: 1, expiresAt: 9_999_999_999 });
    expect((await stores.revocations.changesSince?.(undefined, 10))?.entries).toHaveLength(1);
    const mute = Object.assign(new MemoryBlocklistStore(clock), { changesSince: undefined });
    const guarded = withCircuitBreakers({ revocations: mute, logins: stores.logins }, clock);
    await expect(guarded.revocations.changesSince?.(undefined, 10)).rejects.toMatchObject({
      code: 'store_unavailable',
    });
  });

  it('pass through the warnings of a store at boot', async () => {
    await expect(checkStores(stores)).resolves.toBeUndefined();
    const unready = Object.assign(new MemoryBlocklistStore(clock), {
      checkReady: () => Promise.reject(new Error('The table is missing.')),
    });
    const guarded = withCircuitBreakers({ revocations: unready, logins: stores.logins }, clock);
    await expect(checkStores(guarded)).rejects.toMatchObject({ problems: ['The table is missing.'] });
  });
});

describe('a breaker', () => {
  it('reports whether it is open', async () => {
    const clock = new ManualClock();
    const breaker = new CircuitBreaker(clock, { failures: 1 });
    expect(breaker.isOpen).toBe(false);
    await expect(breaker.run(() => Promise.reject(new Error('down')))).rejects.toBeInstanceOf(AuthError);
    expect(breaker.isOpen).toBe(true);
  });

  it('handles work that throws before it returns a promise', async () => {
    const breaker = new CircuitBreaker(new ManualClock());
    await expect(breaker.run(throwAtOnce)).rejects.toMatchObject({ code: 'store_unavailable' });
  });
});

function throwAtOnce(): Promise<void> {
  throw new TypeError('not a promise yet');
}

function refusing(error: Error): MemoryBlocklistStore {
  return Object.assign(new MemoryBlocklistStore(), {
    async find() {
      throw error;
    },
  });
}
