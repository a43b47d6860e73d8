import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { gzipSync } from 'node:zlib';
import { AuthConfigurationError, AuthError } from '../../../libs/auth/src/core/base/errors.js';
import { type AuthEvent, onAuthEvent } from '../../../libs/auth/src/core/base/events.js';
import { RemoteKeySet } from '../../../libs/auth/src/core/issuers/remote-key-set.js';
import type { Resolve } from '../../../libs/auth/src/core/issuers/key-addresses.js';
import { type FetchDocument, KeyFetchError } from '../../../libs/auth/src/core/issuers/key-fetch.js';
import { VainTokens } from '../../../libs/auth/src/core/issuers/vain-tokens.js';
import type { DiscoveredKeys, JwksAddress } from '../../../libs/auth/src/core/issuers/trust-options.js';
import type { VerificationKey } from '../../../libs/auth/src/core/keys/keys.js';
import * as endpoint from '../../support/key-server.js';
import { NOW, forger, verdictOf } from '../support/token-forgery.js';
import { ManualClock } from '../../support/clocks.js';

const ISSUER = 'https://accounts.example';
const ada = forger('ES256', { kid: 'ada' });
const bob = forger('ES256', { kid: 'bob' });
const shown = ({ jwk: { d: _d, p: _p, q: _q, dp: _dp, dq: _dq, qi: _qi, ...jwk } }: typeof ada) => jwk;
const setOf = (...keys: (typeof ada)[]) => ({ keys: keys.map(shown) });
/** One token for each key id. */
const es256 = (kid?: string) => ({ alg: 'ES256' as const, kid, mark: kid ?? 'nameless' });

let server: endpoint.KeyServer;
let clock: ManualClock;
let events: AuthEvent[];
let stopListening: () => void;

beforeEach(async () => {
  server = await endpoint.keyServer(endpoint.serve(setOf(ada)));
  clock = new ManualClock(NOW * 1_000);
  events = [];
  stopListening = onAuthEvent((event) => void events.push(event));
});

afterEach(async () => {
  stopListening();
  await server.stop();
});

interface Changes {
  readonly keys?: Partial<JwksAddress & DiscoveredKeys>;
  readonly timeoutMs?: number;
  readonly resolve?: Resolve;
  readonly fetch?: FetchDocument;
  readonly allowPrivateAddresses?: boolean;
}

function remote({
  keys = {},
  timeoutMs = 2_000,
  resolve,
  fetch,
  allowPrivateAddresses = false,
}: Changes = {}): RemoteKeySet {
  return new RemoteKeySet({
    issuer: ISSUER,
    keys: { ...('discovery' in keys ? {} : { jwksUri: `${server.url}/jwks` }), ...keys } as JwksAddress,
    algorithms: ['ES256'],
    clock,
    timeoutMs,
    freshness: { maxAgeMs: 600_000, staleIfErrorMs: 3_600_000 },
    addresses: { allowLoopbackHttp: true, allowPrivateAddresses },
    resolve,
    fetch,
  });
}

const found = async (set: RemoteKeySet, kid?: string): Promise<string> => {
  try {
    return String((await set.find(es256(kid))).kid);
  } catch (error) {
    if (error instanceof AuthError) return error.code;
    throw error;
  }
};

const outcomes = () => events.filter(({ type }) => type === 'key_set_fetched' || type === 'key_set_failed').length;

/** Lets what runs in the background come to its end. */
const settled = async (count: number): Promise<void> => {
  while (outcomes() < count) await new Promise((resolve) => setImmediate(resolve));
};

const reasons = () => events.flatMap((event) => ('reason' in event ? [event.reason] : []));

const json = (value: unknown) => endpoint.serve(JSON.stringify(value));

const kidsOf = async (keys: readonly unknown[], kids: readonly (string | undefined)[]): Promise<string[]> => {
  server.answer(endpoint.serve({ keys }));
  const set = remote();
  return Promise.all(kids.map((kid) => found(set, kid)));
};

const discovered = () => ({ discovery: true as const, metadataUri: `${server.url}/metadata` });
const metadata = (changes: object = {}) => ({ issuer: ISSUER, jwks_uri: `${server.url}/jwks`, ...changes });
const provider = (document: unknown) =>
  endpoint.routes({ '/metadata': endpoint.serve(JSON.stringify(document)), '/jwks': endpoint.serve(setOf(ada)) });

const inward: Resolve = async () => [{ address: '127.0.0.1', family: 4 }];

describe('A remote key set without cached keys', () => {
  it('fetches nothing before the first token', async () => {
    const set = remote();
    expect(set.isReady).toBe(false);
    expect(server.requests).toHaveLength(0);
    await expect(found(set, 'ada')).resolves.toBe('ada');
    expect(server.requests).toHaveLength(1);
  });

  it('makes one fetch for a thousand first requests at once', async () => {
    const set = remote();
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => found(set, 'ada')));
    expect(new Set(answers)).toEqual(new Set(['ada']));
    expect(server.requests).toHaveLength(1);
  });

  it('reports "unavailable" to all callers of a failed fetch, and shares the next attempt', async () => {
    server.answer(endpoint.refuse(500));
    const set = remote();
    const answers = await Promise.all(Array.from({ length: 100 }, () => found(set, 'ada')));
    expect(new Set(answers)).toEqual(new Set(['keys_unavailable']));
    expect(server.requests).toHaveLength(1);
    server.answer(endpoint.serve(setOf(ada)));
    clock.seconds += 1;
    const later = await Promise.all(Array.from({ length: 100 }, () => found(set, 'ada')));
    expect(new Set(later)).toEqual(new Set(['ada']));
    expect(server.requests).toHaveLength(2);
  });

  it('does not fetch again before its back-off is over, and reports when to retry', async () => {
    server.answer(endpoint.refuse(500));
    const set = remote();
    for (const restSeconds of [1, 2, 4, 8, 16, 30, 30]) {
      await found(set, 'ada');
      const before = server.requests.length;
      const error = await Promise.resolve(set.find(es256('ada'))).catch((cause: unknown) => cause);
      expect(error).toMatchObject({ code: 'keys_unavailable', retryAfterSeconds: restSeconds });
      expect(server.requests).toHaveLength(before);
      clock.seconds += restSeconds;
    }
  });

  const failures: readonly (readonly [string, endpoint.Behaviour])[] = [
    ['a byte every so often', endpoint.trickle(20)],
    ['silence', endpoint.silence],
    ['404', endpoint.refuse(404)],
    ['401', endpoint.refuse(401)],
    ['403', endpoint.refuse(403)],
    ['500', endpoint.refuse(500)],
    ['204', endpoint.refuse(204)],
    ['HTML', endpoint.serve('<html>Please accept our terms</html>')],
    ['text', endpoint.serve('OK')],
    ['an empty body', endpoint.serve('')],
    ['null', json(null)],
    ['a list', json([])],
    ['an empty object', json({})],
    ['keys that are null', json({ keys: null })],
    ['keys that are an object', json({ keys: {} })],
    ['keys that are none', json({ keys: [null, 1, 'x', []] })],
    ['a compression bomb', endpoint.bomb(64 * 1024 * 1024)],
    ['endless nesting', endpoint.serve(`{"keys":${'['.repeat(100_000)}`)],
    ['keys twice', endpoint.serve(`{"keys":[],"keys":${JSON.stringify(setOf(ada).keys)}}`)],
    ['a body cut short', endpoint.cutShort(JSON.stringify(setOf(ada)).slice(0, -1))],
    ['a body cut short although its text is complete', endpoint.cutShort(JSON.stringify(setOf(ada)))],
    ['a chunk cut short', endpoint.cutChunk],
    ['a reset connection', endpoint.reset],
    ['a length that is too small', endpoint.serve(setOf(ada), { 'content-length': '20' })],
    ['300 MB', endpoint.flood(300 * 1024 * 1024)],
    ['an encoding that was not requested', endpoint.serve(setOf(ada), { 'content-encoding': 'zstd' })],
    ['what says that it is gzip and is not', endpoint.serve(setOf(ada), { 'content-encoding': 'gzip' })],
    ['101 keys', json({ keys: Array.from({ length: 101 }, () => shown(ada)) })],
    ['a set of one private key', json({ keys: [ada.jwk] })],
    ['a set of one secret', json({ keys: [forger('HS256', { kid: 'ada' }).jwk] })],
  ];

  it.each(failures)('answers "unavailable" to %s, and recovers without a restart', async (_, behaviour) => {
    server.answer(behaviour);
    const set = remote({ timeoutMs: 150 });
    await expect(found(set, 'ada')).resolves.toBe('keys_unavailable');
    expect(server.requests).toHaveLength(1);
    expect(events).toEqual([{ type: 'key_set_failed', issuer: ISSUER, reason: expect.any(String) }]);
    server.answer(endpoint.serve(setOf(ada)));
    clock.seconds += 1;
    await expect(found(set, 'ada')).resolves.toBe('ada');
  });

  it('does not follow a redirect, wherever it leads', async () => {
    const other = await endpoint.keyServer(endpoint.serve(setOf(ada)));
    server.answer(endpoint.refuse(302, { location: `${other.url}/jwks` }));
    await expect(found(remote(), 'ada')).resolves.toBe('keys_unavailable');
    expect(other.requests).toHaveLength(0);
    await other.stop();
  });

  it('answers "unavailable" if the connection or the name resolution fails', async () => {
    await server.stop();
    await expect(found(remote(), 'ada')).resolves.toBe('keys_unavailable');
    const nowhere = { keys: { jwksUri: 'https://keys.example/jwks' } };
    const unknown = remote({ ...nowhere, resolve: () => Promise.reject(new Error('ENOTFOUND')) });
    await expect(found(unknown, 'ada')).resolves.toBe('keys_unavailable');
    const slow = remote({ ...nowhere, resolve: () => new Promise(() => {}), timeoutMs: 50 });
    await expect(found(slow, 'ada')).resolves.toBe('keys_unavailable');
  });

  it('keeps less than 5 MB of a body of 300 MB, and aborts the download', async () => {
    server.answer(endpoint.flood(300 * 1024 * 1024));
    await found(remote(), 'ada');
    clock.seconds += 60;
    const before = process.memoryUsage();
    await found(remote(), 'ada');
    const after = process.memoryUsage();
    expect(after.heapUsed + after.external - before.heapUsed - before.external).toBeLessThan(5 * 1024 * 1024);
    await server.stop();
    expect(server.sentBytes()).toBeLessThan(32 * 1024 * 1024);
  });

  it('reads a compressed set', async () => {
    const body = gzipSync(JSON.stringify(setOf(ada)));
    server.answer(endpoint.serve(body, { 'content-encoding': 'gzip' }));
    await expect(found(remote(), 'ada')).resolves.toBe('ada');
  });
});

describe('A remote key set that is fetched at boot', () => {
  it('refuses to boot without a valid set, and names issuer and reason', async () => {
    server.answer(endpoint.refuse(500));
    await expect(remote().open()).rejects.toThrow(AuthConfigurationError);
    await expect(remote().open()).rejects.toThrow(/"https:\/\/accounts.example".*status 500/);
  });

  it('has its keys before the first token', async () => {
    const set = remote();
    await set.open();
    expect(set.isReady).toBe(true);
    await expect(found(set, 'ada')).resolves.toBe('ada');
    expect(server.requests).toHaveLength(1);
  });
});

describe('A remote key set with cached keys', () => {
  let set: RemoteKeySet;

  beforeEach(async () => {
    set = remote();
    await set.open();
  });

  it('returns a key without a fetch and without waiting', () => {
    const key = set.find(es256('ada'));
    expect(key).not.toBeInstanceOf(Promise);
    expect(server.requests).toHaveLength(1);
  });

  it('makes at most two fetches for 10,000 tokens with unknown key ids within a minute', async () => {
    clock.seconds += 120;
    const answers: Record<string, number> = {};
    for (let request = 0; request < 10_000; request += 1) {
      const answer = found(set, `unknown-${request}`);
      expect(set.find(es256('ada'))).not.toBeInstanceOf(Promise);
      const code = await answer;
      answers[code] = (answers[code] ?? 0) + 1;
      clock.seconds += 0.006;
    }
    expect(server.requests).toHaveLength(1 + 2);
    // Only the two that the provider was asked for were answered; the others came too early to ask.
    expect(answers).toEqual({ unknown_key: 2, keys_unavailable: 9_998 });
  }, 60_000);

  it('reports "unavailable" for a key that was rotated right after the fetch, and finds it at the next fetch', async () => {
    server.answer(endpoint.serve(setOf(ada, bob)));
    clock.seconds += 10;
    const error = await Promise.resolve(set.find(es256('bob'))).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: 'keys_unavailable', retryAfterSeconds: 20 });
    expect(server.requests).toHaveLength(1);
    clock.seconds += 20;
    await expect(found(set, 'bob')).resolves.toBe('bob');
    expect(server.requests).toHaveLength(2);
  });

  it('refuses a token finally once the provider was asked after it arrived, whichever request caused the fetch', async () => {
    clock.seconds += 10;
    await expect(found(set, 'withdrawn')).resolves.toBe('keys_unavailable');
    clock.seconds += 25;
    await expect(found(set, 'flood')).resolves.toBe('unknown_key');
    clock.seconds += 1;
    await expect(found(set, 'withdrawn')).resolves.toBe('unknown_key');
    await expect(found(set, 'flood-2')).resolves.toBe('keys_unavailable');
    expect(server.requests).toHaveLength(2);
  });

  it('does not count a fetch that began before the token arrived, though others wait with it', async () => {
    let answerIt = (): void => {};
    const waiting = new Promise<void>((resolve) => (answerIt = resolve));
    const keys = JSON.stringify(setOf(ada));
    const slow = remote({
      fetch: async () => {
        await waiting;
        return { body: Buffer.from(keys), cacheControl: undefined };
      },
    });
    const first = found(slow, 'first');
    clock.seconds += 1;
    const second = found(slow, 'second');
    answerIt();
    expect(await Promise.all([first, second])).toEqual(['unknown_key', 'keys_unavailable']);
  });

  it('remembers a bounded number of tokens with unknown keys', () => {
    const vain = new VainTokens();
    expect(vain.firstSeenMs('honest', 1)).toBe(1);
    expect(vain.firstSeenMs('honest', 2)).toBe(1);
    for (let token = 0; token < 4_096; token += 1) vain.firstSeenMs(`flood-${token}`, 3);
    expect(vain.firstSeenMs('honest', 4)).toBe(4);
  });

  it('finds a new key at once, with one fetch for all its tokens', async () => {
    server.answer(endpoint.serve(setOf(ada, bob)));
    clock.seconds += 31;
    const answers = await Promise.all(Array.from({ length: 100 }, () => found(set, 'bob')));
    expect(new Set(answers)).toEqual(new Set(['bob']));
    expect(server.requests).toHaveLength(2);
  });

  it('reports "unavailable" for an unknown key id while the provider is down, because the key may be new', async () => {
    clock.seconds += 31;
    server.answer(endpoint.refuse(500));
    await expect(found(set, 'bob')).resolves.toBe('keys_unavailable');
    await expect(found(set, 'ada')).resolves.toBe('ada');
  });

  it('refuses a withdrawn key after the next refresh', async () => {
    server.answer(endpoint.serve(setOf(bob)));
    clock.seconds += 599;
    await expect(found(set, 'ada')).resolves.toBe('ada');
    await settled(2);
    await expect(found(set, 'ada')).resolves.toBe('unknown_key');
    await expect(found(set, 'bob')).resolves.toBe('bob');
  });

  it('refuses a withdrawn key at once if no token asked for longer than the set is fresh', async () => {
    server.answer(endpoint.serve(setOf(bob)));
    clock.seconds += 601;
    await expect(found(set, 'ada')).resolves.toBe('unknown_key');
    expect(server.requests).toHaveLength(2);
  });

  it('refreshes in the background before the set expires, so that no request waits', async () => {
    clock.seconds += 481;
    expect(set.find(es256('ada'))).not.toBeInstanceOf(Promise);
    await settled(2);
    expect(server.requests).toHaveLength(2);
    clock.seconds += 400;
    expect(set.find(es256('ada'))).not.toBeInstanceOf(Promise);
    expect(server.requests).toHaveLength(2);
  });

  it('returns the same object for as long as the key is in the set', async () => {
    const before = await set.find(es256('ada'));
    server.answer(endpoint.serve(setOf(bob, ada)));
    clock.seconds += 601;
    expect(await set.find(es256('ada'))).toBe(before);
    expect(await set.find(es256('bob'))).not.toBe(before);
  });

  it('refuses no valid token during an hour of outage, and recovers within 30 seconds of its end', async () => {
    const provider = { isDown: false, fetches: 0, keys: setOf(ada) };
    const steady = remote({
      fetch: async () => {
        provider.fetches += 1;
        if (provider.isDown) throw new KeyFetchError('the connection failed');
        return { body: Buffer.from(JSON.stringify(provider.keys)), cacheControl: undefined };
      },
    });
    const answers = new Set<string>();
    const everySecond = async (seconds: number): Promise<void> => {
      for (let second = 0; second < seconds; second += 1) {
        answers.add(await found(steady, 'ada'));
        await new Promise((resolve) => setImmediate(resolve));
        clock.seconds += 1;
      }
    };
    // The worst time for an outage to begin: just before the set would have been refreshed.
    await everySecond(480);
    Object.assign(provider, { isDown: true, fetches: 0 });
    await everySecond(3_600);
    expect(answers).toEqual(new Set(['ada']));
    expect(provider.fetches).toBeGreaterThan(3_600 / 30 - 5);
    expect(provider.fetches).toBeLessThan(3_600 / 30 + 10);
    Object.assign(provider, { isDown: false, fetches: 0, keys: setOf(ada, bob) });
    await everySecond(30);
    expect(provider.fetches).toBe(1);
    await expect(found(steady, 'bob')).resolves.toBe('bob');
  }, 60_000);

  it('does not use a set for ever: one hour beyond its age the answer is "unavailable"', async () => {
    server.answer(endpoint.refuse(500));
    clock.seconds += 600 + 3_599;
    await expect(found(set, 'ada')).resolves.toBe('ada');
    clock.seconds += 1;
    await expect(found(set, 'ada')).resolves.toBe('keys_unavailable');
  });

  it('lets only one request wait while the provider does not answer at all', async () => {
    const impatient = remote({ timeoutMs: 50 });
    await impatient.open();
    server.answer(endpoint.silence);
    clock.seconds += 601;
    await expect(found(impatient, 'ada')).resolves.toBe('ada');
    const before = server.requests.length;
    clock.seconds += 1;
    const answer = impatient.find(es256('ada'));
    server.answer(endpoint.serve(setOf(ada)));
    await expect(answer).resolves.toMatchObject({ kid: 'ada' });
    expect(events.filter(({ type }) => type === 'key_set_failed')).toHaveLength(1);
    impatient.close();
    expect(server.requests.length).toBeLessThanOrEqual(before + 1);
  });

  it.each([
    ['max-age=0', 60],
    ['no-store', 60],
    ['no-cache, max-age=3600', 60],
    ['public, max-age=1800', 1_800],
    ['max-age=31536000', 86_400],
    ['max-age=99999999999999', 600],
    ['immutable', 600],
  ])('is fresh for a bounded time if the provider sends %s', async (cacheControl, seconds) => {
    server.answer(endpoint.serve(setOf(ada), { 'cache-control': cacheControl }));
    const bounded = remote();
    await bounded.open();
    const before = server.requests.length;
    clock.seconds += seconds * 0.8 - 1;
    bounded.find(es256('ada'));
    expect(server.requests).toHaveLength(before);
    const fetches = events.length;
    clock.seconds += 2;
    bounded.find(es256('ada'));
    await settled(fetches + 1);
    expect(server.requests).toHaveLength(before + 1);
  });

  it('fetches again when the clock was set back, instead of trusting the set for as long as the step', async () => {
    clock.seconds -= 86_400;
    server.answer(endpoint.serve(setOf(bob)));
    await expect(found(set, 'bob')).resolves.toBe('bob');
  });

  it('does not extend its back-off by a step back of the clock', async () => {
    server.answer(endpoint.refuse(500));
    clock.seconds += 601;
    await found(set, 'ada');
    clock.seconds -= 86_400;
    server.answer(endpoint.serve(setOf(bob)));
    await found(set, 'ada');
    await settled(3);
    await expect(found(set, 'bob')).resolves.toBe('bob');
  });

  it('fetches nothing after the shutdown, and aborts a fetch in progress', async () => {
    const closing = remote({ timeoutMs: 60_000 });
    server.answer(endpoint.silence);
    const answer = found(closing, 'ada');
    while (server.requests.length < 2) await new Promise((resolve) => setImmediate(resolve));
    closing.close();
    await expect(answer).resolves.toBe('keys_unavailable');
    clock.seconds += 3_600;
    await expect(found(closing, 'ada')).resolves.toBe('keys_unavailable');
    expect(server.requests).toHaveLength(2);
  });
});

describe('The keys of a remote set', () => {
  it.each([
    ['private members', bob.jwk, /secret member "d"/],
    ['a secret', forger('HS256', { kid: 'bob' }).jwk, /secret member "k"/],
    ['a use that is not signing', { ...shown(bob), use: 'enc' }, /not for signatures/],
    ['operations that are not verifying', { ...shown(bob), key_ops: ['sign'] }, /key_ops/],
    ['another algorithm', { ...shown(bob), alg: 'ES384' }, /fits none/],
    ['a curve that is not listed', shown(forger('ES384', { kid: 'bob' })), /fits none/],
    ['a type that is not listed', shown(forger('RS256', { kid: 'bob' })), /fits none/],
    ['a point that is not on its curve', { ...shown(bob), x: shown(ada).x }, /./],
    ['an unknown type', { kty: 'XYZ', kid: 'bob' }, /kty/],
    ['a key id that is not a string', { ...shown(bob), kid: 7 }, /kid/],
  ])('leave out one with %s, report it, and keep the others', async (_, bad, reason) => {
    await expect(kidsOf([null, bad, 'x', shown(ada)], ['ada', 'bob'])).resolves.toEqual(['ada', 'unknown_key']);
    expect(reasons()).toContainEqual(expect.stringMatching(reason));
    expect(JSON.stringify(events)).not.toContain(String(bob.jwk.d));
  });

  it('leave out both of two different keys with the same id', async () => {
    const twin = { ...shown(bob), kid: 'ada' };
    await expect(kidsOf([shown(ada), twin, shown(bob)], ['ada', 'bob'])).resolves.toEqual(['unknown_key', 'bob']);
    expect(events).toContainEqual(expect.objectContaining({ type: 'key_ignored', kid: 'ada' }));
  });

  it('are one key if the same key is listed twice', async () => {
    await expect(kidsOf([shown(ada), shown(ada)], ['ada', undefined])).resolves.toEqual(['ada', 'ada']);
  });

  it('are not found by an id for a key without one', async () => {
    const { kid: _, ...nameless } = shown(ada);
    await expect(kidsOf([nameless], ['ada', undefined])).resolves.toEqual(['unknown_key', 'undefined']);
  });

  it('are tried one after the other for a token that names none', async () => {
    server.answer(endpoint.serve(setOf(ada, bob)));
    const set = remote();
    const first = await set.find(es256());
    const second = await set.find({ ...es256(), tried: [first] });
    expect([first.kid, second.kid]).toEqual(['ada', 'bob']);
    expect(await set.find({ ...es256(), known: second })).toBe(second);
    await expect(
      verdictOf(Promise.resolve().then(() => set.find({ ...es256(), tried: [first, second] }))),
    ).resolves.toBe('unknown_key');
  });

  it('without "alg" and "use" serve only the listed algorithms', async () => {
    const { alg: _, ...rsa } = shown(forger('RS256', { kid: 'rsa' }));
    server.answer(endpoint.serve({ keys: [rsa] }));
    const set = new RemoteKeySet({
      issuer: ISSUER,
      keys: { jwksUri: server.url },
      algorithms: ['RS256', 'ES256'],
      clock,
      timeoutMs: 2_000,
      freshness: { maxAgeMs: 600_000, staleIfErrorMs: 0 },
      addresses: { allowLoopbackHttp: true, allowPrivateAddresses: false },
    });
    const key: VerificationKey = await set.find({ alg: 'RS256', kid: 'rsa' });
    expect(key.algorithms).toEqual(['RS256']);
    await expect(verdictOf(Promise.resolve().then(() => set.find({ alg: 'PS256', kid: 'rsa' })))).resolves.toBe(
      'algorithm_not_allowed',
    );
  });

  it('are read from their own members, whatever a certificate beside them says', async () => {
    await expect(kidsOf([{ ...shown(ada), x5c: ['bm90IGEgY2VydGlmaWNhdGU='] }], ['ada'])).resolves.toEqual(['ada']);
    expect(reasons()).toContainEqual(expect.stringMatching(/x5c/));
  });
});

describe('The network addresses of a remote key set', () => {
  const published = '93.184.216.34';
  const named = { jwksUri: 'https://keys.example/jwks' };

  it.each([
    '127.0.0.1',
    '10.1.2.3',
    '169.254.169.254',
    '192.168.1.1',
    '100.64.0.1',
    '::1',
    'fd00::1',
    '::ffff:10.0.0.1',
  ])('are refused if a public host name resolves to %s', async (address) => {
    await expect(found(remote({ keys: named, resolve: async () => [{ address, family: 4 }] }))).resolves.toBe(
      'keys_unavailable',
    );
    expect(reasons()).toEqual(['the name has no permitted address']);
  });

  it('are checked for every connection, so that DNS rebinding is refused', async () => {
    const answers = [published, '127.0.0.1'];
    const asked: string[] = [];
    const resolve: Resolve = async (host) => {
      asked.push(host);
      return [{ address: answers[asked.length - 1] ?? '127.0.0.1', family: 4 }];
    };
    const set = remote({ keys: named, resolve, timeoutMs: 50 });
    await found(set);
    clock.seconds += 1;
    await found(set);
    expect(asked).toEqual(['keys.example', 'keys.example']);
    expect(reasons()[1]).toBe('the name has no permitted address');
  });

  it('of the loopback interface are permitted for a loopback host name alone', async () => {
    const local = remote({
      keys: { jwksUri: `${server.url.replace('127.0.0.1', 'localhost')}/jwks` },
      resolve: inward,
    });
    await expect(found(local, 'ada')).resolves.toBe('ada');
    const disguised = remote({ keys: named, resolve: inward, allowPrivateAddresses: true });
    await expect(found(disguised, 'ada')).resolves.toBe('keys_unavailable');
  });

  it.each(['0.0.0.0', '::', '169.254.169.254', 'fe80::1'])('are never %s, whatever is allowed', async (address) => {
    const disguised = remote({
      keys: named,
      resolve: () => Promise.resolve([{ address, family: address.includes(':') ? 6 : 4 }]),
      allowPrivateAddresses: true,
    });
    await expect(found(disguised, 'ada')).resolves.toBe('keys_unavailable');
    expect(reasons()[0]).toBe('the name has no permitted address');
  });

  it.each([
    'http://keys.example/jwks',
    'https://ada:secret@keys.example/jwks',
    'ftp://keys.example',
    'https://10.0.0.1/jwks',
    'nonsense',
  ])('are refused before any connection: %s', async (jwksUri) => {
    await expect(found(remote({ keys: { jwksUri } }))).resolves.toBe('keys_unavailable');
    expect(reasons()).toEqual([expect.stringMatching(/^the address /)]);
  });
});

describe('Discovery', () => {
  it('finds the keys at the URL that the metadata name, and fetches the metadata once a day', async () => {
    server.answer(provider(metadata()));
    const set = remote({ keys: discovered() });
    await expect(found(set, 'ada')).resolves.toBe('ada');
    clock.seconds += 601;
    await expect(found(set, 'ada')).resolves.toBe('ada');
    expect(server.requests).toEqual(['/metadata', '/jwks', '/jwks']);
  });

  it.each([
    ['another issuer', { issuer: 'https://evil.example' }],
    ['an issuer with a slash more', { issuer: `${ISSUER}/` }],
    ['no issuer', { issuer: undefined }],
    ['a list of issuers', { issuer: [ISSUER] }],
    ['no key set', { jwks_uri: undefined }],
    ['a key set on plain http elsewhere', { jwks_uri: 'http://keys.example/jwks' }],
    ['nothing readable', undefined],
  ])('refuses metadata with %s', async (_, changes) => {
    server.answer(provider(changes === undefined ? 'metadata' : metadata(changes)));
    const set = remote({ keys: discovered() });
    await expect(found(set, 'ada')).resolves.toBe('keys_unavailable');
    expect(server.requests).toEqual(['/metadata']);
    await expect(remote({ keys: discovered() }).open()).rejects.toThrow(AuthConfigurationError);
  });

  it('finds the keys of an issuer that signs access tokens under another name, as AD FS states', async () => {
    const adfs = { issuer: 'https://adfs.example/adfs', access_token_issuer: ISSUER };
    server.answer(provider(metadata(adfs)));
    await expect(found(remote({ keys: discovered() }), 'ada')).resolves.toBe('ada');
    server.answer(provider(metadata({ ...adfs, access_token_issuer: 'https://evil.example' })));
    await expect(found(remote({ keys: discovered() }), 'ada')).resolves.toBe('keys_unavailable');
    server.answer(provider(metadata({ ...adfs, access_token_issuer: [ISSUER] })));
    await expect(found(remote({ keys: discovered() }), 'ada')).resolves.toBe('keys_unavailable');
  });

  it('fetches the metadata again when the keys have moved', async () => {
    server.answer(provider(metadata()));
    const set = remote({ keys: discovered() });
    await found(set, 'ada');
    server.answer(
      endpoint.routes({
        '/metadata': endpoint.serve(metadata({ jwks_uri: `${server.url}/new` })),
        '/new': endpoint.serve(setOf(bob)),
      }),
    );
    clock.seconds += 601;
    await found(set, 'ada');
    clock.seconds += 1;
    await settled(2);
    await found(set, 'ada');
    await settled(3);
    await expect(found(set, 'bob')).resolves.toBe('bob');
  });
});
