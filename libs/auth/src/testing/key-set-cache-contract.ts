// The contract of shared key set caches as a list of cases: every sentence of the port, for any test runner.
import assert from 'node:assert/strict';
import type { CachedKeySet, KeySetCache } from '../issuers.js';

/** Makes an empty cache for one case. */
export type MakeKeySetCache = () => KeySetCache | Promise<KeySetCache>;

/** One sentence of the port, as a test. */
export interface KeySetCacheCase {
  readonly name: string;
  /** Rejects with an `AssertionError` of `node:assert` if the cache breaks its promise. */
  run(makeCache: MakeKeySetCache): Promise<void>;
}

const NOW_MS = 1_900_000_000_000;
const LEASE_MS = 6_000;
const ADDRESS = 'https://accounts.example/jwks';

const setAt = (fetchedAtMs: number, body = `{"keys":[${fetchedAtMs}]}`): CachedKeySet => ({
  body,
  fetchedAtMs,
  freshUntilMs: fetchedAtMs + 600_000,
});

const leaseFor = (holder: string, nowMs = NOW_MS, address = ADDRESS) => ({ address, holder, nowMs, leaseMs: LEASE_MS });

/** Of concurrent callers, those that got the lease. */
async function winners(cache: KeySetCache, nowMs: number): Promise<readonly string[]> {
  const holders = Array.from({ length: 8 }, (_, index) => `holder-${index}-${nowMs}`);
  const granted = await Promise.all(holders.map((holder) => cache.lease(leaseFor(holder, nowMs))));
  return holders.filter((_, index) => granted[index]);
}

async function assertHeld(cache: KeySetCache, nowMs: number): Promise<void> {
  assert.equal(await cache.lease(leaseFor('late', nowMs)), false);
}

const cases: Readonly<Record<string, (cache: KeySetCache) => Promise<void>>> = {
  'has nothing for an address that was never stored': async (cache) => {
    assert.equal(await cache.get(ADDRESS), undefined);
  },

  'gives back what was stored, up to 256 KiB and in every script': async (cache) => {
    const set = setAt(NOW_MS, JSON.stringify({ keys: [{ kid: 'ключ 🔑' }], blank: ' '.repeat(260_000) }));
    await cache.put(ADDRESS, set);
    assert.deepEqual({ ...(await cache.get(ADDRESS)) }, set);
  },

  'keeps the set that was fetched last, whatever the order in which they arrive': async (cache) => {
    for (const fetchedAtMs of [NOW_MS + 1, NOW_MS, NOW_MS + 2, NOW_MS + 1])
      await cache.put(ADDRESS, setAt(fetchedAtMs));
    assert.deepEqual({ ...(await cache.get(ADDRESS)) }, setAt(NOW_MS + 2));
    await Promise.all([5, 9, 7, 8, 6].map((offset) => cache.put(ADDRESS, setAt(NOW_MS + offset))));
    assert.equal((await cache.get(ADDRESS))?.fetchedAtMs, NOW_MS + 9);
  },

  'keeps a set whose freshness has ended': async (cache) => {
    await cache.put(ADDRESS, setAt(1));
    assert.equal((await cache.get(ADDRESS))?.fetchedAtMs, 1);
  },

  'tells addresses apart to the last character, however long they are': async (cache) => {
    const addresses = [
      ADDRESS,
      `${ADDRESS}/`,
      ADDRESS.toUpperCase(),
      `${ADDRESS}?${'a'.repeat(480)}`,
      `${ADDRESS}?${'a'.repeat(479)}b`,
    ];
    for (const [index, address] of addresses.entries()) {
      assert.equal(await cache.get(address), undefined);
      assert.equal(await cache.lease(leaseFor('one', NOW_MS, address)), true);
      await cache.put(address, setAt(NOW_MS + index));
    }
    const stored = await Promise.all(addresses.map((address) => cache.get(address)));
    assert.deepEqual(
      stored.map((set) => set?.fetchedAtMs),
      addresses.map((_, index) => NOW_MS + index),
    );
  },

  'grants the lease to exactly one of many who ask at once': async (cache) => {
    assert.equal((await winners(cache, NOW_MS)).length, 1);
    assert.equal((await winners(cache, NOW_MS + 1)).length, 0);
  },

  'keeps the lease of a holder that died until it has run out, and then grants it to exactly one': async (cache) => {
    await cache.lease(leaseFor('ended'));
    await assertHeld(cache, NOW_MS + LEASE_MS - 1);
    assert.equal((await winners(cache, NOW_MS + LEASE_MS)).length, 1);
    assert.equal((await winners(cache, NOW_MS + LEASE_MS)).length, 0);
  },

  'frees a lease that its holder gives back, and no other': async (cache) => {
    await cache.lease(leaseFor('one'));
    await cache.release(ADDRESS, 'another');
    await assertHeld(cache, NOW_MS);
    await cache.release(ADDRESS, 'one');
    await cache.release(ADDRESS, 'one');
    assert.equal(await cache.lease(leaseFor('two')), true);
    await cache.release(ADDRESS, 'one');
    await assertHeld(cache, NOW_MS);
  },

  'ignores the release of a lease that is not held': async (cache) => {
    await cache.release(ADDRESS, 'unknown');
    assert.equal(await cache.lease(leaseFor('one')), true);
  },

  'keeps sets and leases apart': async (cache) => {
    await cache.lease(leaseFor('one'));
    assert.equal(await cache.get(ADDRESS), undefined);
    await cache.put(ADDRESS, setAt(NOW_MS));
    await assertHeld(cache, NOW_MS);
    await cache.release(ADDRESS, 'one');
    assert.deepEqual({ ...(await cache.get(ADDRESS)) }, setAt(NOW_MS));
  },
};

/**
 * What every `KeySetCache` must do, in the words of the port. Nothing waits: time is passed.
 *
 * @example
 * ```ts
 * import { describe, it } from 'node:test';
 * import { MemoryKeySetCache } from 'nestjs-latchkey/issuers';
 * import { keySetCacheContract } from 'nestjs-latchkey/testing';
 *
 * describe('MemoryKeySetCache', () => {
 *   for (const { name, run } of keySetCacheContract) it(name, () => run(async () => new MemoryKeySetCache()));
 * });
 * ```
 */
export const keySetCacheContract: readonly KeySetCacheCase[] = Object.entries(cases).map(([name, test]) => ({
  name,
  run: async (makeCache) => test(await makeCache()),
}));
