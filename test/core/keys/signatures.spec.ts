// Attacks on algorithms, keys and signatures.
import { createHmac, createPublicKey, type JsonWebKey } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { JWK } from 'jose';
import { algorithms, isSymmetric } from '../../../libs/auth/src/core/keys/algorithms.js';
import { importOwnKey, importPublicKey } from '../../../libs/auth/src/core/keys/key-import.js';
import { parseJws, verifySignature } from '../../../libs/auth/src/core/tokens/jws.js';
import { type Algorithm, type KeySet, selectKey } from '../../../libs/auth/src/core/keys/keys.js';
import { TokenVerifier } from '../../../libs/auth/src/core/tokens/token-verifier.js';
import {
  accessClaims,
  NOW,
  forge,
  type Forger,
  forger,
  ISSUER,
  oneIssuer,
  trusting,
  verdictOf,
} from '../support/token-forgery.js';
import { ManualClock } from '../../support/clocks.js';

type Fixture = Awaited<ReturnType<typeof oneIssuer>>;
const fixtures = new Map<Algorithm, Fixture>();

function fixture(alg: Algorithm): Fixture {
  const found = fixtures.get(alg);
  if (found === undefined) throw new Error(`no fixture for ${alg}`);
  return found;
}

const headerOf = ({ alg, kid }: Forger) => ({ alg, kid, typ: 'at+jwt' });
const goodOf = ({ by }: Fixture) => forge(headerOf(by), accessClaims(), by);

/** The token of the fixture with its signature changed. */
function withSignature(alg: Algorithm, change: (signature: Buffer) => Buffer): string {
  const [header, payload, signature = ''] = goodOf(fixture(alg)).split('.');
  return `${header}.${payload}.${change(Buffer.from(signature, 'base64url')).toString('base64url')}`;
}

/** An HMAC token under any bytes, with the id of another key. */
function hmacToken(secret: string | Buffer, { kid }: Forger, alg = 'HS256'): string {
  const hash = `sha${alg.slice(2)}`;
  return forge({ alg, kid, typ: 'at+jwt' }, accessClaims(), {
    sign: (input) => createHmac(hash, secret).update(input).digest(),
  });
}

beforeAll(async () => {
  for (const alg of algorithms) fixtures.set(alg, await oneIssuer(alg));
});

describe.each(algorithms)('a token signed %s', (alg) => {
  it('is accepted under its own key and refused under another', async () => {
    const { by, verdict } = fixture(alg);
    expect(await verdict(goodOf(fixture(alg)))).toBe('OK');
    expect(await verdict(forge(headerOf(by), accessClaims(), forger(alg)))).toBe('token_invalid');
  });

  it('reports its key, but no id of a shared secret, which may be derived from it', async () => {
    const { by, verifier } = fixture(alg);
    const { key } = await verifier.verify(goodOf(fixture(alg)), 'access');
    expect(key).toEqual({ kid: isSymmetric(alg) ? undefined : by.kid, alg });
  });

  it('is refused with a signature of zeros, of ones, or of anything of the right length', async () => {
    const { verdict } = fixture(alg);
    expect(await verdict(withSignature(alg, (signature) => Buffer.alloc(signature.length)))).toBe('token_invalid');
    expect(await verdict(withSignature(alg, (signature) => Buffer.alloc(signature.length, 0xff)))).toBe(
      'token_invalid',
    );
    expect(await verdict(withSignature(alg, (signature) => Buffer.from(signature).reverse()))).toBe('token_invalid');
  });

  it('is refused with a signature of zero bytes, one byte, one too few and one too many', async () => {
    const { verdict } = fixture(alg);
    const changes: readonly ((signature: Buffer) => Buffer)[] = [
      () => Buffer.alloc(0),
      (signature) => signature.subarray(0, 1),
      (signature) => signature.subarray(0, -1),
      (signature) => signature.subarray(1),
      (signature) => Buffer.concat([signature, Buffer.alloc(1)]),
      (signature) => Buffer.concat([Buffer.alloc(1), signature]),
    ];
    for (const change of changes) expect(await verdict(withSignature(alg, change))).toBe('token_invalid');
  });

  it('is refused under the name of every other algorithm, and before its key is looked up', async () => {
    const { by, verdict, lookups } = fixture(alg);
    lookups.length = 0;
    for (const other of [
      'none',
      'None',
      'nOnE',
      '',
      'ES256K',
      'hs256',
      'RS1',
      ...algorithms.filter((one) => one !== alg),
    ]) {
      expect(await verdict(forge({ ...headerOf(by), alg: other }, accessClaims(), by))).toBe('algorithm_not_allowed');
    }
    expect(lookups).toHaveLength(0);
  });
});

const derInteger = (half: Buffer) => Buffer.concat([Buffer.from([2, half.length + 1, 0]), half]);

function der(signature: Buffer): Buffer {
  const body = Buffer.concat([derInteger(signature.subarray(0, 32)), derInteger(signature.subarray(32))]);
  return Buffer.concat([Buffer.from([0x30, body.length]), body]);
}

const zero = Buffer.alloc(1);
const widened = (signature: Buffer) => Buffer.concat([zero, signature.subarray(0, 32), zero, signature.subarray(32)]);
const swapped = (signature: Buffer) => Buffer.concat([signature.subarray(32), signature.subarray(0, 32)]);

describe('an ECDSA signature', () => {
  it('is refused as DER', async () => {
    expect(await fixture('ES256').verdict(withSignature('ES256', der))).toBe('token_invalid');
  });

  it('is refused with halves of 33 bytes, and with its halves swapped', async () => {
    const { verdict } = fixture('ES256');
    expect(await verdict(withSignature('ES256', widened))).toBe('token_invalid');
    expect(await verdict(withSignature('ES256', swapped))).toBe('token_invalid');
  });
});

describe('algorithm confusion', () => {
  it('refuses a token without a signature', async () => {
    const { by, verdict } = fixture('ES256');
    const none = forge({ alg: 'none', kid: by.kid, typ: 'at+jwt' }, accessClaims(), { sign: () => Buffer.alloc(0) });
    expect(none.endsWith('.')).toBe(true);
    expect(await verdict(none)).toBe('algorithm_not_allowed');
  });

  it.each(['RS256', 'ES256', 'EdDSA'] as const)('never uses the public %s key as a secret', async (alg) => {
    const { by, verdict } = fixture(alg);
    const key = createPublicKey({ key: by.jwk as JsonWebKey, format: 'jwk' });
    const jwk = key.export({ format: 'jwk' });
    const pem = key.export({ type: 'spki', format: 'pem' }).toString();
    const spellings: readonly (string | Buffer)[] = [
      pem,
      pem.trim(),
      pem.replaceAll('\n', '\r\n'),
      key.export({ type: 'spki', format: 'der' }),
      JSON.stringify(jwk),
      Buffer.from(String(jwk.x ?? jwk.n), 'base64url'),
      '',
    ];
    for (const secret of spellings) expect(await verdict(hmacToken(secret, by))).toBe('algorithm_not_allowed');
  });

  it('is prevented even if the profile lists HMAC algorithms for a public key', async () => {
    const { by } = fixture('RS256');
    const { n, e } = by.jwk as { n: string; e: string };
    const key = await importPublicKey(
      { kty: 'RSA', n, e, kid: by.kid },
      { optionName: 'trust', algorithms: ['RS256'] },
    );
    const pem = createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
    expect(await trusting([key], ['HS256']).verdict(hmacToken(String(pem), by))).toBe('algorithm_not_allowed');
  });

  it('binds a secret to one algorithm, whatever else the profile lists', async () => {
    const by = forger('HS256');
    const { verification } = await importOwnKey(by.jwk, { optionName: 'keys.current' });
    const { verdict } = trusting([verification], ['HS256', 'HS384', 'HS512']);
    const secret = Buffer.from(String(by.jwk.k), 'base64url');
    expect(await verdict(hmacToken(secret, by, 'HS256'))).toBe('OK');
    expect(await verdict(hmacToken(secret, by, 'HS384'))).toBe('algorithm_not_allowed');
    expect(await verdict(hmacToken(secret, by, 'HS512'))).toBe('algorithm_not_allowed');
  });

  it('is prevented at the signature itself, even if a key set returns the wrong key', async () => {
    const { by } = fixture('HS256');
    const { verification } = await importOwnKey(by.jwk, { optionName: 'keys.current' });
    const secret = Buffer.from(String(by.jwk.k), 'base64url');
    const verdictAt = (alg: string) =>
      verdictOf((async () => verifySignature(parseJws(hmacToken(secret, by, alg)), verification))());
    expect(await verdictAt('HS256')).toBe('OK');
    expect(await verdictAt('HS512')).toBe('algorithm_not_allowed');
  });

  it('binds a curve to its algorithm', async () => {
    const { verification } = await importOwnKey(fixture('ES256').by.jwk, { optionName: 'keys.current' });
    const { verdict } = trusting([verification], ['ES256', 'ES384', 'ES512']);
    const { by } = fixture('ES256');
    for (const alg of ['ES384', 'ES512']) {
      expect(await verdict(forge({ ...headerOf(by), alg }, accessClaims(), by))).toBe('algorithm_not_allowed');
    }
  });

  it('accepts EdDSA and Ed25519 for one key only if each is listed', async () => {
    const { by } = fixture('EdDSA');
    const { x } = by.jwk as { x: string };
    const jwk: JWK = { kty: 'OKP', crv: 'Ed25519', x, kid: by.kid };
    for (const listed of [['EdDSA'], ['Ed25519'], ['EdDSA', 'Ed25519']] as const) {
      const key = await importPublicKey(jwk, { optionName: 'trust', algorithms: listed });
      const { verdict } = trusting([key], listed);
      for (const alg of ['EdDSA', 'Ed25519'] as const) {
        const expected = listed.some((one) => one === alg) ? 'OK' : 'algorithm_not_allowed';
        expect(await verdict(forge({ ...headerOf(by), alg }, accessClaims(), by))).toBe(expected);
      }
    }
  });

  it('uses one RSA key without a stated algorithm for exactly those listed', async () => {
    const { by } = fixture('RS256');
    const { n, e } = by.jwk as { n: string; e: string };
    const key = await importPublicKey(
      { kty: 'RSA', n, e, kid: by.kid },
      { optionName: 'trust', algorithms: ['RS256', 'PS512'] },
    );
    const { verdict } = trusting([key], ['RS256', 'RS384', 'PS512']);
    const signedBy = (alg: Algorithm) => forger(alg, { kid: by.kid, jwk: by.jwk });
    const token = (alg: Algorithm) => forge({ ...headerOf(by), alg }, accessClaims(), signedBy(alg));
    expect(await verdict(token('RS256'))).toBe('OK');
    expect(await verdict(token('PS512'))).toBe('OK');
    expect(await verdict(token('RS384'))).toBe('algorithm_not_allowed');
  });
});

describe('finding a key', () => {
  it('refuses every token when there is no key at all', async () => {
    const { by } = fixture('ES256');
    const { verdict } = trusting([], ['ES256']);
    expect(await verdict(goodOf(fixture('ES256')))).toBe('unknown_key');
    const none = forge({ alg: 'none', typ: 'at+jwt' }, accessClaims(), { sign: () => Buffer.alloc(0) });
    expect(await verdict(none)).toBe('algorithm_not_allowed');
    expect(await verdict(forge({ alg: 'ES256', typ: 'at+jwt' }, accessClaims(), by))).toBe('unknown_key');
  });

  it('refuses every token when a key set returns nothing', async () => {
    const { profiles } = fixture('ES256');
    for (const nothing of [undefined, null]) {
      const keys = { find: () => nothing } as unknown as KeySet;
      const verifier = new TokenVerifier({
        issuers: [{ issuer: ISSUER, keys, profiles }],
        clock: new ManualClock(NOW * 1_000),
      });
      expect(await verdictOf(verifier.verify(goodOf(fixture('ES256')), 'access'))).toBe('unknown_key');
    }
  });

  it('is unavailable when the key set throws', async () => {
    const { profiles } = fixture('ES256');
    const keys: KeySet = { find: () => Promise.reject(new TypeError('fetch failed')) };
    const verifier = new TokenVerifier({
      issuers: [{ issuer: ISSUER, keys, profiles }],
      clock: new ManualClock(NOW * 1_000),
    });
    expect(await verdictOf(verifier.verify(goodOf(fixture('ES256')), 'access'))).toBe('keys_unavailable');
  });

  it('uses the only key of its algorithm for a token that names none', async () => {
    const { by, verdict } = fixture('ES256');
    expect(await verdict(forge({ alg: 'ES256', typ: 'at+jwt' }, accessClaims(), by))).toBe('OK');
  });

  it('tries the keys of a rotation in turn, and no more than eight, for a token that names none', async () => {
    const nine = Array.from({ length: 9 }, (_, index) => forger('ES256', { kid: `key-${index}` }));
    const keys = await Promise.all(nine.map(({ jwk }) => importOwnKey(jwk, { optionName: 'keys' })));
    const { verdict, lookups } = trusting(
      keys.map(({ verification }) => verification),
      ['ES256'],
    );
    const nameless = (by: Forger) => verdict(forge({ alg: 'ES256', typ: 'at+jwt' }, accessClaims(), by));
    expect(await nameless(nine[1] as Forger)).toBe('OK');
    expect(lookups).toHaveLength(2);
    expect(await nameless(nine[7] as Forger)).toBe('OK');
    lookups.length = 0;
    expect(await nameless(nine[8] as Forger)).toBe('token_invalid');
    expect(lookups).toHaveLength(8);
  });

  it('tries a token that names a key with that key alone', async () => {
    const two = [forger('ES256', { kid: 'one' }), forger('ES256', { kid: 'two' })] as const;
    const keys = await Promise.all(two.map(({ jwk }) => importOwnKey(jwk, { optionName: 'keys' })));
    const { verdict, lookups } = trusting(
      keys.map(({ verification }) => verification),
      ['ES256'],
    );
    expect(await verdict(forge(headerOf(two[0]), accessClaims(), two[0]))).toBe('OK');
    expect(await verdict(forge(headerOf(two[1]), accessClaims(), two[0]))).toBe('token_invalid');
    expect(lookups).toHaveLength(2);
  });

  it('refuses an id that two keys share, and accepts the others', async () => {
    const keys = await Promise.all(
      ['twin', 'twin', 'other'].map((kid) => importOwnKey(forger('ES256', { kid }).jwk, { optionName: 'keys' })),
    );
    const set = keys.map(({ verification }) => verification);
    expect(() => selectKey(set, { alg: 'ES256', kid: 'twin' })).toThrow(
      expect.objectContaining({ code: 'unknown_key' }),
    );
    expect(selectKey(set, { alg: 'ES256', kid: 'other' })).toBe(set[2]);
  });

  it('does not use a key without an id for a token that names one', async () => {
    const { by } = fixture('ES256');
    const { x, y } = by.jwk as { x: string; y: string };
    const key = await importPublicKey(
      { kty: 'EC', crv: 'P-256', x, y },
      { optionName: 'trust', algorithms: ['ES256'] },
    );
    const { verdict } = trusting([key], ['ES256']);
    expect(await verdict(goodOf(fixture('ES256')))).toBe('unknown_key');
    expect(await verdict(forge({ alg: 'ES256', typ: 'at+jwt' }, accessClaims(), by))).toBe('OK');
  });
});
