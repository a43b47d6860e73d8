// The signing keys of the application while they are rotated and reloaded.
import { describe, expect, it } from '@jest/globals';
import type { JWK } from 'jose';
import { AuthConfigurationError } from '../../../libs/auth/src/core/base/errors.js';
import { generatePrivateJwk } from '../../../libs/auth/src/core/keys/key-import.js';
import {
  ephemeralKeys,
  KeyRing,
  type KeyRingInput,
  KeySource,
  staticKeys,
} from '../../../libs/auth/src/core/keys/key-ring.js';
import { signJws } from '../../../libs/auth/src/core/tokens/jws.js';
import { ownAccessProfile, ownRefreshProfile } from '../../../libs/auth/src/core/tokens/profiles.js';
import { TokenVerifier } from '../../../libs/auth/src/core/tokens/token-verifier.js';
import {
  accessClaims,
  AUDIENCE,
  forge,
  forger,
  ISSUER,
  LIFETIME,
  NOW,
  TOLERANCE,
  verdictOf,
} from '../support/token-forgery.js';
import { ManualClock } from '../../support/clocks.js';

const OVERLAP = LIFETIME + TOLERANCE;

/** A source whose keys a test changes, and that reports a change when the test says so. */
class ScriptedKeys extends KeySource {
  loads = 0;
  changed: () => void = () => {};
  watched = false;

  constructor(public input: KeyRingInput | Error) {
    super();
  }

  override async load(): Promise<KeyRingInput> {
    this.loads += 1;
    if (this.input instanceof Error) throw this.input;
    return this.input;
  }

  override watch(changed: () => void): () => void {
    this.changed = changed;
    this.watched = true;
    return () => {
      this.watched = false;
    };
  }
}

const named = (kid: string): JWK => forger('ES256', { kid }).jwk;

async function openRing(input: KeyRingInput) {
  const clock = new ManualClock(NOW * 1_000);
  const source = new ScriptedKeys(input);
  const problems: unknown[] = [];
  const ring = await KeyRing.open({
    source,
    clock,
    overlapSeconds: OVERLAP,
    onProblem: (problem) => problems.push(problem),
  });
  const common = {
    issuer: ISSUER,
    algorithms: ring.algorithms,
    toleranceSeconds: TOLERANCE,
    maxLifetimeSeconds: LIFETIME,
  };
  const profiles = { access: ownAccessProfile({ audience: AUDIENCE, ...common }), refresh: ownRefreshProfile(common) };
  const verifier = new TokenVerifier({ issuers: [{ issuer: ISSUER, keys: ring, profiles }], clock });
  const issue = (changes: object = {}) =>
    signJws(
      { typ: 'at+jwt' },
      accessClaims({ iat: clock.seconds, exp: clock.seconds + LIFETIME, ...changes }),
      ring.signingKey,
    );
  const verdict = (token: string) => verdictOf(verifier.verify(token, 'access'));
  const kids = () => ring.publicJwks().keys.map(({ kid }) => kid);
  return { clock, source, problems, ring, issue, verdict, kids };
}

async function problemsOf(input: KeyRingInput): Promise<readonly string[]> {
  const options = { source: staticKeys(input), clock: new ManualClock(NOW * 1_000), overlapSeconds: OVERLAP };
  try {
    await KeyRing.open(options);
    return [];
  } catch (error) {
    if (error instanceof AuthConfigurationError) return error.problems;
    throw error;
  }
}

describe('a key ring', () => {
  it('signs with the current key, verifies with all, and publishes all', async () => {
    const [current, next, old] = [
      forger('ES256', { kid: 'now' }),
      forger('RS256', { kid: 'soon' }),
      forger('ES256', { kid: 'old' }),
    ];
    const { ring, issue, verdict, kids } = await openRing({
      current: current.jwk,
      next: next.jwk,
      retired: [{ key: old.jwk }],
    });
    expect(ring.signingKey).toMatchObject({ kid: 'now', alg: 'ES256' });
    expect(kids()).toEqual(['now', 'soon', 'old']);
    expect(await verdict(await issue())).toBe('OK');
    for (const by of [current, next, old]) {
      expect(await verdict(forge({ alg: by.alg, kid: by.kid, typ: 'at+jwt' }, accessClaims(), by))).toBe('OK');
    }
  });

  it('publishes nothing that is not public', async () => {
    const { ring } = await openRing({
      current: named('a'),
      next: await generatePrivateJwk('RS256'),
      retired: [{ key: await generatePrivateJwk('EdDSA') }],
    });
    const names = ring.publicJwks().keys.flatMap((key) => Object.keys(key));
    expect(new Set(names)).toEqual(new Set(['kty', 'crv', 'x', 'y', 'n', 'e', 'use', 'alg', 'kid']));
  });

  it('publishes no secret', async () => {
    const { kids, issue, verdict } = await openRing({
      current: await generatePrivateJwk('HS256'),
      next: await generatePrivateJwk('HS512'),
    });
    expect(kids()).toEqual([]);
    expect(await verdict(await issue())).toBe('OK');
  });

  it('refuses a token of a key that it does not hold, whatever its id', async () => {
    const { verdict } = await openRing({ current: named('now') });
    const stranger = forger('ES256', { kid: 'now' });
    const header = { alg: 'ES256', kid: 'now', typ: 'at+jwt' };
    expect(await verdict(forge(header, accessClaims(), stranger))).toBe('token_invalid');
    expect(await verdict(forge({ ...header, kid: 'other' }, accessClaims(), stranger))).toBe('unknown_key');
  });

  it('lists the algorithms of its kind of key, never secrets beside key pairs', async () => {
    expect((await openRing({ current: named('a') })).ring.algorithms).toContain('PS512');
    expect((await openRing({ current: named('a') })).ring.algorithms).not.toContain('HS256');
    const secret = await openRing({ current: await generatePrivateJwk('HS384') });
    expect(secret.ring.algorithms).toEqual(['HS256', 'HS384', 'HS512']);
  });

  it('retires a key at its time, to the second', async () => {
    const old = forger('ES256', { kid: 'old' });
    const { clock, verdict, kids } = await openRing({
      current: named('now'),
      retired: [{ key: old.jwk, until: NOW + 60 }],
    });
    const token = forge({ alg: 'ES256', kid: 'old', typ: 'at+jwt' }, accessClaims(), old);
    clock.seconds = NOW + 59;
    expect(await verdict(token)).toBe('OK');
    expect(kids()).toEqual(['now', 'old']);
    clock.seconds = NOW + 60;
    expect(await verdict(token)).toBe('unknown_key');
    expect(kids()).toEqual(['now']);
  });
});

describe('a rotation', () => {
  it('publishes every key before its first token, and keeps it until its last token expires', async () => {
    const [one, two, three] = [named('one'), named('two'), named('three')];
    const { clock, source, ring, issue, verdict, kids } = await openRing({ current: one, next: two });
    const tokens: string[] = [];
    for (const step of [
      { current: one, next: two },
      { current: two, next: three, retired: [{ key: one, until: NOW + 100 + OVERLAP }] },
      { current: two, next: three, retired: [{ key: one, until: NOW + 100 + OVERLAP }] },
    ]) {
      clock.seconds += 100;
      const published = kids();
      source.input = step;
      expect(await ring.reload()).toBe(true);
      expect(published).toContain(ring.signingKey.kid);
      tokens.push(await issue());
      for (const token of tokens) expect(await verdict(token)).toBe('OK');
    }
  });

  it('that drops a key before its tokens have expired keeps it until then, and reports it', async () => {
    const [one, two] = [named('one'), named('two')];
    const { clock, source, ring, issue, verdict, problems, kids } = await openRing({ current: one, next: two });
    const token = await issue();
    source.input = { current: two };
    expect(await ring.reload()).toBe(true);
    expect(ring.signingKey.kid).toBe('two');
    expect(kids()).toEqual(['two', 'one']);
    expect(problems.map(String)).toEqual([expect.stringContaining('keys lets "one" go before')]);
    expect(await verdict(token)).toBe('OK');
    clock.seconds = NOW + OVERLAP - 1;
    expect(await ring.reload()).toBe(true);
    expect(kids()).toEqual(['two', 'one']);
    clock.seconds = NOW + OVERLAP;
    expect(kids()).toEqual(['two']);
    expect(await ring.reload()).toBe(true);
    expect(problems).toHaveLength(2);
    expect(await verdict(token)).toBe('unknown_key');
  });

  it('that retires a key too early, because this process saw it late, keeps it longer', async () => {
    const [one, two] = [named('one'), named('two')];
    const { clock, source, ring, issue, verdict, problems } = await openRing({ current: one, next: two });
    source.input = { current: two, retired: [{ key: one, until: NOW + OVERLAP }] };
    clock.seconds = NOW + 30;
    const late = await issue();
    expect(await ring.reload()).toBe(true);
    expect(problems).toEqual([]);
    clock.seconds = NOW + 30 + OVERLAP - 1 - TOLERANCE;
    expect(await verdict(late)).toBe('OK');
    clock.seconds = NOW + 30 + OVERLAP;
    expect(await verdict(late)).toBe('unknown_key');
  });

  it('remembers a key that signed before the last step, too', async () => {
    const [one, two, three] = [named('one'), named('two'), named('three')];
    const { clock, source, ring, kids } = await openRing({ current: one });
    source.input = { current: two, retired: [{ key: one }] };
    expect(await ring.reload()).toBe(true);
    clock.seconds += 10;
    source.input = { current: three };
    expect(await ring.reload()).toBe(true);
    expect(kids()).toEqual(['three', 'two', 'one']);
  });

  it('never reuses the id of a key for another', async () => {
    const { source, ring, problems } = await openRing({ current: named('one'), next: named('two') });
    source.input = { current: named('one') };
    expect(await ring.reload()).toBe(false);
    source.input = { current: named('two'), compromised: ['one'] };
    expect(await ring.reload()).toBe(false);
    expect(problems.map(String)).toEqual([
      expect.stringContaining('keys gives the id "one" to another key'),
      expect.stringContaining('keys gives the id "two" to another key'),
    ]);
  });

  it('may remove a stolen key at once, if it is marked as stolen', async () => {
    const [one, two] = [named('one'), named('two')];
    const { source, ring, issue, verdict, kids } = await openRing({ current: one });
    const token = await issue();
    source.input = { current: two, retired: [{ key: one }], compromised: ['one'] };
    expect(await ring.reload()).toBe(true);
    expect(await verdict(token)).toBe('unknown_key');
    expect(kids()).toEqual(['two']);
  });

  it('evicts verified signatures together with their key', async () => {
    const [one, two] = [named('one'), named('two')];
    const { source, ring, issue, verdict } = await openRing({ current: one });
    const token = await issue();
    expect(await verdict(token)).toBe('OK');
    source.input = { current: two, compromised: ['one'] };
    expect(await ring.reload()).toBe(true);
    expect(await verdict(token)).toBe('unknown_key');
    source.input = { current: named('one'), retired: [{ key: two }] };
    expect(await ring.reload()).toBe(true);
    expect(await verdict(token)).toBe('token_invalid');
  });

  it('never changes from key pairs to secrets at run time', async () => {
    const { source, ring, problems } = await openRing({ current: named('one') });
    source.input = { current: await generatePrivateJwk('HS256'), compromised: ['one'] };
    expect(await ring.reload()).toBe(false);
    expect(String(problems[0])).toContain('needs a restart');
  });
});

describe('a reload', () => {
  it('that throws keeps the last valid ring, and is reported', async () => {
    const { source, ring, issue, verdict, problems } = await openRing({ current: named('one') });
    const token = await issue();
    source.input = new Error('the vault is closed');
    expect(await ring.reload()).toBe(false);
    source.input = { current: { kty: 'RSA', n: 'AQAB', e: 'AQAB' } };
    expect(await ring.reload()).toBe(false);
    expect(await verdict(token)).toBe('OK');
    expect(await verdict(await issue())).toBe('OK');
    expect(problems).toHaveLength(2);
    expect(String(problems[0])).toContain('the vault is closed');
  });

  it('happens when the source reports a change, until the ring is closed', async () => {
    const { source, ring } = await openRing({ current: named('one') });
    source.input = { current: named('two'), retired: [{ key: named('x') }], compromised: ['one'] };
    source.changed();
    expect(await ring.reload()).toBe(true);
    expect(source.loads).toBe(2);
    expect(ring.signingKey.kid).toBe('two');
    ring.close();
    expect(source.watched).toBe(false);
  });

  it('is shared by parallel callers', async () => {
    const { source, ring } = await openRing({ current: named('one') });
    expect(await Promise.all([ring.reload(), ring.reload(), ring.reload()])).toEqual([true, true, true]);
    expect(source.loads).toBe(2);
    await ring.reload();
    expect(source.loads).toBe(3);
  });
});

describe('an invalid ring', () => {
  it('is refused with two keys under one id', async () => {
    expect(await problemsOf({ current: named('one'), next: named('one') })).toEqual([
      'keys holds two keys with the id "one"',
    ]);
    const same = named('one');
    expect(await problemsOf({ current: same, retired: [{ key: same }] })).toHaveLength(1);
  });

  it('is refused with secrets and key pairs together', async () => {
    expect(await problemsOf({ current: named('one'), next: await generatePrivateJwk('HS256') })).toEqual([
      'keys mixes secrets and key pairs',
    ]);
  });

  it('is refused with an invalid time', async () => {
    for (const until of [Number.NaN, '2030-01-01' as never]) {
      expect(await problemsOf({ current: named('one'), retired: [{ key: named('two'), until }] })).toHaveLength(1);
    }
  });

  it('is refused with a stolen key as the current one', async () => {
    expect(await problemsOf({ current: named('one'), compromised: ['one'] })).toEqual([
      'keys.current (kid "one") is listed as compromised',
    ]);
  });

  it('is refused with all of its problems at once, each with its place', async () => {
    const weak: JWK = { kty: 'oct', k: 'AAAA' };
    const problems = await problemsOf({
      current: weak,
      next: named('fine'),
      retired: [{ key: named('also fine') }, { key: weak }],
    });
    expect(problems).toEqual([
      expect.stringMatching(/^keys\.current has 3 bytes/),
      expect.stringMatching(/^keys\.retired\[1\] has 3 bytes/),
    ]);
  });
});

describe('the built-in key sources', () => {
  const options = { clock: new ManualClock(NOW * 1_000), overlapSeconds: OVERLAP };

  it('accept one key, or a ring', async () => {
    expect((await KeyRing.open({ ...options, source: staticKeys(named('one')) })).signingKey.kid).toBe('one');
    expect((await KeyRing.open({ ...options, source: staticKeys(JSON.stringify(named('one'))) })).signingKey.kid).toBe(
      'one',
    );
    expect((await KeyRing.open({ ...options, source: staticKeys({ current: named('one') }) })).signingKey.kid).toBe(
      'one',
    );
  });

  it('create a key that stays the same while the process runs', async () => {
    const source = ephemeralKeys();
    const ring = await KeyRing.open({ ...options, source });
    const { kid, alg } = ring.signingKey;
    expect(alg).toBe('ES256');
    expect(await ring.reload()).toBe(true);
    expect(ring.signingKey.kid).toBe(kid);
    expect((await KeyRing.open({ ...options, source: ephemeralKeys('HS256') })).signingKey.alg).toBe('HS256');
    ring.close();
  });
});
