import { beforeEach, describe, expect, it } from '@jest/globals';
import { AuthError } from '../../../libs/auth/src/core/base/errors.js';
import { type FetchDocument, KeyFetchError } from '../../../libs/auth/src/core/issuers/key-fetch.js';
import { KeySetCache, MemoryKeySetCache } from '../../../libs/auth/src/core/issuers/key-set-cache.js';
import { RemoteKeySet } from '../../../libs/auth/src/core/issuers/remote-key-set.js';
import { NOW, forger } from '../support/token-forgery.js';
import { ManualClock } from '../../support/clocks.js';

const ADDRESS = 'https://accounts.example/jwks';
const ada = forger('ES256', { kid: 'ada' });
const bob = forger('ES256', { kid: 'bob' });
const bodyOf = (...keys: (typeof ada)[]): string =>
  JSON.stringify({ keys: keys.map(({ jwk }) => ({ ...jwk, d: undefined })) });

let clock: ManualClock;
let cache: MemoryKeySetCache;
const provider = { fetches: 0, isDown: false, body: '' };

beforeEach(() => {
  clock = new ManualClock(NOW * 1_000);
  cache = new MemoryKeySetCache();
  Object.assign(provider, { fetches: 0, isDown: false, body: bodyOf(ada) });
});

const fetchIt: FetchDocument = async () => {
  provider.fetches += 1;
  await new Promise((resolve) => setImmediate(resolve));
  if (provider.isDown) throw new KeyFetchError('the connection failed');
  return { body: Buffer.from(provider.body), cacheControl: undefined };
};

/** What one process holds. */
function processWith(sharedCache: KeySetCache = cache, timeoutMs = 2_000): RemoteKeySet {
  return new RemoteKeySet({
    issuer: 'https://accounts.example',
    keys: { jwksUri: ADDRESS, sharedCache },
    algorithms: ['ES256'],
    clock,
    timeoutMs,
    freshness: { maxAgeMs: 600_000, staleIfErrorMs: 3_600_000 },
    addresses: { allowLoopbackHttp: false, allowPrivateAddresses: false },
    fetch: fetchIt,
  });
}

async function found(set: RemoteKeySet, kid: string): Promise<string> {
  try {
    return String((await set.find({ alg: 'ES256', kid, mark: kid })).kid);
  } catch (error) {
    if (error instanceof AuthError) return error.code;
    throw error;
  }
}

const lease = (holder: string) => ({ address: ADDRESS, holder, nowMs: clock.nowMs(), leaseMs: 6_000 });

describe('Processes that share fetched key sets', () => {
  it('make one fetch together when eight start cold at once', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => found(processWith(), 'ada')));
    expect(new Set(answers)).toEqual(new Set(['ada']));
    expect(provider.fetches).toBe(1);
  });

  it('make one fetch together when their shared set expires', async () => {
    const all = Array.from({ length: 8 }, () => processWith());
    await Promise.all(all.map((each) => found(each, 'ada')));
    clock.seconds += 601;
    await Promise.all(all.map((each) => found(each, 'ada')));
    expect(provider.fetches).toBe(2);
  });

  it('ask the provider for a key that the shared set does not have', async () => {
    const [one, other] = [processWith(), processWith()];
    await found(one, 'ada');
    await found(other, 'ada');
    provider.body = bodyOf(ada, bob);
    clock.seconds += 31;
    await expect(found(one, 'bob')).resolves.toBe('bob');
    expect(provider.fetches).toBe(2);
    await expect(found(other, 'bob')).resolves.toBe('bob');
    expect(provider.fetches).toBe(2);
  });

  it('ask once in 30 seconds together for unknown keys', async () => {
    const all = Array.from({ length: 8 }, () => processWith());
    await Promise.all(all.map((each) => found(each, 'ada')));
    clock.seconds += 31;
    const answers: string[] = [];
    for (const each of all) answers.push(await found(each, 'unknown'));
    expect(provider.fetches).toBe(2);
    // Only the process that fetched knows that it fetched after the token arrived; a shared set may be older.
    expect(answers).toEqual(['unknown_key', ...Array.from({ length: 7 }, () => 'keys_unavailable')]);
    clock.seconds += 31;
    for (const each of all) await found(each, 'another');
    for (const each of all) await expect(found(each, 'unknown')).resolves.toBe('unknown_key');
  });

  it('take over the lease of a dead process, once it has expired', async () => {
    await cache.lease(lease('dead'));
    const answer = found(processWith(), 'ada');
    await new Promise((resolve) => setImmediate(resolve));
    expect(provider.fetches).toBe(0);
    clock.seconds += 6;
    await expect(answer).resolves.toBe('ada');
    expect(provider.fetches).toBe(1);
  });

  it('wait for another process no longer than for the provider', async () => {
    await cache.lease(lease('dead'));
    await expect(found(processWith(cache, 50), 'ada')).resolves.toBe('keys_unavailable');
    expect(provider.fetches).toBe(0);
  });

  it('give the lease back when the fetch failed, so that another may try', async () => {
    provider.isDown = true;
    await expect(found(processWith(), 'ada')).resolves.toBe('keys_unavailable');
    provider.isDown = false;
    await expect(found(processWith(), 'ada')).resolves.toBe('ada');
    expect(provider.fetches).toBe(2);
  });

  it('never share anything but a key set', async () => {
    provider.body = '<html>';
    await expect(found(processWith(), 'ada')).resolves.toBe('keys_unavailable');
    expect(await cache.get(ADDRESS)).toBeUndefined();
  });

  it('validate a shared set again, and fetch if it is not a key set', async () => {
    const nowMs = clock.nowMs();
    await cache.put(ADDRESS, { body: '{"keys":[]}', fetchedAtMs: nowMs, freshUntilMs: nowMs + 600_000 });
    await expect(found(processWith(), 'ada')).resolves.toBe('ada');
    expect(provider.fetches).toBe(1);
  });

  it('use a set of another process during an outage, for an hour beyond its age', async () => {
    await found(processWith(), 'ada');
    provider.isDown = true;
    clock.seconds += 600 + 3_599;
    await expect(found(processWith(), 'ada')).resolves.toBe('ada');
    clock.seconds += 1;
    await expect(found(processWith(), 'ada')).resolves.toBe('keys_unavailable');
  });

  it('fetch for themselves while the cache is down or silent', async () => {
    class Broken extends MemoryKeySetCache {
      override lease(): Promise<boolean> {
        return Promise.reject(new Error('ECONNREFUSED'));
      }
    }
    class Silent extends MemoryKeySetCache {
      override lease(): Promise<boolean> {
        return new Promise(() => {});
      }
    }
    for (const down of [new Broken(), new Silent()]) await expect(found(processWith(down), 'ada')).resolves.toBe('ada');
    expect(provider.fetches).toBe(2);
  });

  it('keep a fetched set that could not be shared', async () => {
    class ReadOnly extends MemoryKeySetCache {
      override put(): Promise<void> {
        return Promise.reject(new Error('read only'));
      }
    }
    await expect(found(processWith(new ReadOnly()), 'ada')).resolves.toBe('ada');
  });
});
