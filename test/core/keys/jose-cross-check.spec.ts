// A second opinion on signatures: jose verifies what we sign, we verify what jose signs, and of whatever else is written in the
// place of a signature both say the same.
import {
  constants,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  generateKeyPair,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  sign,
} from 'node:crypto';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { compactVerify, CompactSign, importJWK, type JWK } from 'jose';
import { algorithms, isSymmetric } from '../../../libs/auth/src/core/keys/algorithms.js';
import { generatePrivateJwk, importOwnKey } from '../../../libs/auth/src/core/keys/key-import.js';
import type { Algorithm, OwnKey } from '../../../libs/auth/src/core/keys/keys.js';
import { isSignature } from '../../../libs/auth/src/core/keys/signatures.js';
import { signJws, parseJws, verifySignature } from '../../../libs/auth/src/core/tokens/jws.js';
import { verdictOf } from '../support/token-forgery.js';

const generateRsa = promisify(generateKeyPair);
const RUNS = Math.ceil(Number(process.env['PROPERTY_RUNS'] ?? 2000) / 20);

/** Verifying takes about a millisecond: too long to block all other requests. */
const SLOW: ReadonlySet<Algorithm> = new Set(['ES384', 'ES512']);

const keys = new Map<Algorithm, { readonly jwk: JWK; readonly own: OwnKey }>();

function keyOf(alg: Algorithm) {
  const found = keys.get(alg);
  if (found === undefined) throw new Error(`no key for ${alg}`);
  return found;
}

beforeAll(async () => {
  for (const alg of algorithms) {
    const jwk = await generatePrivateJwk(alg);
    keys.set(alg, { jwk, own: await importOwnKey(jwk, { optionName: 'keys.current' }) });
  }
});

const publicOf = (jwk: JWK): KeyObject => createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });

async function joseAccepts(alg: Algorithm, token: string): Promise<boolean> {
  const { jwk } = keyOf(alg);
  const key = isSymmetric(alg) ? Buffer.from(String(jwk.k), 'base64url') : publicOf(jwk);
  return compactVerify(token, key, { algorithms: [alg] }).then(
    () => true,
    () => false,
  );
}

async function weAccept(alg: Algorithm, token: string): Promise<boolean> {
  const verdict = await verdictOf((async () => verifySignature(parseJws(token), keyOf(alg).own.verification))());
  expect(['OK', 'token_invalid']).toContain(verdict);
  return verdict === 'OK';
}

const signed = async (alg: Algorithm) => signJws({ typ: 'at+jwt' }, { sub: 'ada' }, keyOf(alg).own.signing);

async function signedByJose(alg: Algorithm): Promise<string> {
  const key = await importJWK(keyOf(alg).jwk, alg);
  return new CompactSign(Buffer.from('{"sub":"ada"}')).setProtectedHeader({ alg }).sign(key);
}

function withSignature(token: string, change: (signature: Buffer) => Uint8Array): string {
  const end = token.lastIndexOf('.') + 1;
  const signature = change(Buffer.from(token.slice(end), 'base64url'));
  return token.slice(0, end) + Buffer.from(signature).toString('base64url');
}

/** Ways to write something else in the place of a signature. */
const changes: fc.Arbitrary<(signature: Buffer) => Uint8Array> = fc.oneof(
  fc.constant((signature: Buffer) => signature),
  fc.nat({ max: 8 * 512 }).map((bit) => (signature: Buffer) => {
    const changed = Buffer.from(signature);
    const at = bit % (8 * signature.length);
    changed[at >> 3] = (changed[at >> 3] ?? 0) ^ (1 << (at & 7));
    return changed;
  }),
  fc.uint8Array({ maxLength: 520 }).map((bytes) => () => bytes),
  fc
    .uint8Array({ minLength: 1, maxLength: 3 })
    .map((bytes) => (signature: Buffer) => Buffer.concat([signature, bytes])),
  fc
    .uint8Array({ minLength: 1, maxLength: 3 })
    .map((bytes) => (signature: Buffer) => Buffer.concat([bytes, signature])),
  fc.nat({ max: 512 }).map((length) => (signature: Buffer) => signature.subarray(0, length % signature.length)),
  fc.nat({ max: 512 }).map((at) => (signature: Buffer) => {
    const middle = at % signature.length;
    return Buffer.concat([signature.subarray(middle), signature.subarray(0, middle)]);
  }),
);

describe.each(algorithms)('a signature %s', (alg) => {
  it('of ours is valid for jose, and one of jose for us', async () => {
    expect(await joseAccepts(alg, await signed(alg))).toBe(true);
    expect(await weAccept(alg, await signedByJose(alg))).toBe(true);
  });

  it('is accepted exactly if jose accepts it, whatever the signature segment holds', async () => {
    const token = await signed(alg);
    await fc.assert(
      fc.asyncProperty(changes, async (change) => {
        const changed = withSignature(token, change);
        expect(await weAccept(alg, changed)).toBe(await joseAccepts(alg, changed));
      }),
      { numRuns: RUNS },
    );
  });

  it(`is verified ${SLOW.has(alg) ? 'on another thread' : 'at once'}`, async () => {
    const { own } = keyOf(alg);
    const data = Buffer.from('data');
    const verdict = isSignature(alg, own.verification.key, { data, signature: await own.signing.sign(data) });
    expect(typeof verdict === 'boolean').toBe(!SLOW.has(alg));
    expect(await verdict).toBe(true);
  });
});

describe('a key that does not fit', () => {
  const data = Buffer.from('data');
  const pairs = {
    'RSA of 1024 bits': generateKeyPairSync('rsa', { modulusLength: 1024 }),
    'RSA-PSS': generateKeyPairSync('rsa-pss', { modulusLength: 2048 }),
    DSA: generateKeyPairSync('dsa', { modulusLength: 2048, divisorLength: 256 }),
    'P-256': generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    'P-384': generateKeyPairSync('ec', { namedCurve: 'P-384' }),
    secp256k1: generateKeyPairSync('ec', { namedCurve: 'secp256k1' }),
    Ed25519: generateKeyPairSync('ed25519'),
    Ed448: generateKeyPairSync('ed448'),
  };
  type Name = keyof typeof pairs;
  const own: Partial<Record<Algorithm, Name>> = {
    ES256: 'P-256',
    ES384: 'P-384',
    EdDSA: 'Ed25519',
    Ed25519: 'Ed25519',
  };

  describe.each(Object.keys(pairs) as Name[])('%s', (name) => {
    it.each(algorithms.filter((alg) => own[alg] !== name))('verifies no signature %s, though Node would', (alg) => {
      const { privateKey, publicKey } = pairs[name];
      const digest = name.startsWith('Ed') ? null : 'sha256';
      for (const dsaEncoding of ['der', 'ieee-p1363'] as const) {
        const signature = sign(digest, data, { key: privateKey, dsaEncoding });
        expect(() => isSignature(alg, publicKey, { data, signature })).toThrow('does not fit');
      }
    });
  });

  it('verifies none if it is private, or an empty secret', () => {
    const { privateKey } = pairs['P-256'];
    const signature = sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' });
    expect(() => isSignature('ES256', privateKey, { data, signature })).toThrow('does not fit');
    const empty = createHmac('sha256', '').update(data).digest();
    expect(() => isSignature('HS256', createSecretKey(Buffer.alloc(0)), { data, signature: empty })).toThrow('fit');
  });

  it('makes the token invalid, without another error', async () => {
    const { publicKey } = pairs['P-384'];
    const key = { kid: undefined, algorithms: ['ES256'], key: publicKey } as const;
    expect(await verdictOf((async () => verifySignature(parseJws(await signed('ES256')), key))())).toBe(
      'token_invalid',
    );
  });
});

describe('an RSA key that is slow to verify', () => {
  it.each([
    ['of 2048 bits and the usual exponent', { modulusLength: 2048 }, 'boolean'],
    ['of 5120 bits', { modulusLength: 5120 }, 'object'],
    ['with a large exponent', { modulusLength: 2048, publicExponent: 0x7fff_ffff }, 'object'],
  ])('%s', async (_, options, expected) => {
    const { publicKey, privateKey } = await generateRsa('rsa', options);
    const data = Buffer.from('data');
    const verdict = isSignature('RS256', publicKey, { data, signature: sign('sha256', data, privateKey) });
    expect(typeof verdict).toBe(expected);
    expect(await verdict).toBe(true);
  });
});

describe('a signature PS256', () => {
  it.each([0, 20, 31, 33, 222])(
    'with a salt of %s bytes is refused, as by jose (RFC 7518 §3.5)',
    async (saltLength) => {
      const key = createPrivateKey({ key: keyOf('PS256').jwk as JsonWebKey, format: 'jwk' });
      const padding = constants.RSA_PKCS1_PSS_PADDING;
      const token = await signed('PS256');
      const input = Buffer.from(token.slice(0, token.lastIndexOf('.')));
      const salted = withSignature(token, () => sign('sha256', input, { key, padding, saltLength }));
      expect(await weAccept('PS256', salted)).toBe(false);
      expect(await joseAccepts('PS256', salted)).toBe(false);
    },
  );
});
