// Keys as they come in: every spelling, and everything that must be refused before it is ever used.
import {
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  generateKeyPairSync,
  type JsonWebKey,
  randomBytes,
} from 'node:crypto';
import { inspect } from 'node:util';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { calculateJwkThumbprint, type JWK } from 'jose';
import { algorithms } from '../../../libs/auth/src/core/keys/algorithms.js';
import { AuthConfigurationError } from '../../../libs/auth/src/core/base/errors.js';
import {
  generateOwnKey,
  generatePrivateJwk,
  importOwnKey,
  importPublicKey,
  importRetiredKey,
} from '../../../libs/auth/src/core/keys/key-import.js';
import { parseJws, signJws, verifySignature } from '../../../libs/auth/src/core/tokens/jws.js';
import type { Algorithm, KeyInput, OwnKey, RemoteSigner } from '../../../libs/auth/src/core/keys/keys.js';
import { forger } from '../support/token-forgery.js';

const jwks = new Map<Algorithm, JWK>();
const jwkOf = (alg: Algorithm): JWK => ({ ...jwks.get(alg) });
const optionName = 'keys.current';
const own = (input: KeyInput) => importOwnKey(input, { optionName });
const unnamed = ({ kid: _kid, alg: _alg, use: _use, ...jwk }: JWK): JWK => jwk;
const publicOf = (jwk: JWK): JWK => ({
  ...(createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' }).export({ format: 'jwk' }) as JWK),
});
const pemOf = (jwk: JWK) =>
  createPrivateKey({ key: jwk as JsonWebKey, format: 'jwk' })
    .export({ type: 'pkcs8', format: 'pem' })
    .toString();
const publicPemOf = (jwk: JWK) =>
  createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' })
    .export({ type: 'spki', format: 'pem' })
    .toString();

async function works({ signing, verification }: OwnKey): Promise<boolean> {
  const token = await signJws({ typ: 'at+jwt' }, { sub: 'ada' }, signing);
  await verifySignature(parseJws(token), verification);
  return true;
}

const usual = 65_537n;
const withDefault = (key: KeyInput, alg: Algorithm) => importOwnKey(key, { optionName, alg });
const keyObjectOf = (alg: Algorithm) => createPrivateKey({ key: jwkOf(alg) as JsonWebKey, format: 'jwk' });
const rsa = (n: bigint, e: bigint): JWK => ({ kty: 'RSA', n: base64url(n), e: base64url(e) });
const importProblem = (key: JWK) =>
  problemOf(importPublicKey(key, { optionName: 'trust[0].keys', algorithms: ['RS256'] }));
const algorithmsFor = async (key: JWK, listed: readonly Algorithm[]) =>
  (await importPublicKey(key, { optionName: 'trust', algorithms: listed })).algorithms;
function remote(alg: Algorithm, changes: Partial<RemoteSigner> = {}): RemoteSigner {
  const { jwk, sign } = forger(alg);
  return {
    alg,
    publicJwk: unnamed(publicOf(jwk)),
    sign: async (bytes) => sign(Buffer.from(bytes).toString()),
    ...changes,
  };
}

/** The one problem that an import names. Anything else that it throws fails the test. */
async function problemOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'none';
  } catch (error) {
    if (error instanceof AuthConfigurationError) return error.problems.join('\n');
    throw error;
  }
}

beforeAll(async () => {
  for (const alg of algorithms) jwks.set(alg, await generatePrivateJwk(alg));
});

describe.each(algorithms)('a key for %s', (alg) => {
  it('signs what it verifies, as a JWK, as JSON text and as a key object', async () => {
    const jwk = jwkOf(alg);
    expect(await works(await own(jwk))).toBe(true);
    expect(await works(await own(` ${JSON.stringify(jwk)}\n`))).toBe(true);
    const key =
      jwk.kty === 'oct'
        ? createSecretKey(Buffer.from(String(jwk.k), 'base64url'))
        : createPrivateKey({ key: jwk as JsonWebKey, format: 'jwk' });
    expect(await works(await own({ key, alg }))).toBe(true);
    expect((await own({ key, alg })).signing).toMatchObject({ alg, kid: jwk.kid });
  });

  it('is named by its RFC 7638 thumbprint unless it has a name', async () => {
    const bare = unnamed(jwkOf(alg));
    expect((await own({ key: bare, alg })).signing.kid).toBe(await calculateJwkThumbprint(bare));
    expect((await own({ key: bare, alg, kid: 'mine' })).signing.kid).toBe('mine');
    expect((await own({ ...bare, alg, kid: 'its own' })).signing.kid).toBe('its own');
  });

  it('publishes public members only', async () => {
    const { publicJwk } = await own(jwkOf(alg));
    if (alg.startsWith('HS')) return expect(publicJwk).toBeUndefined();
    expect(publicJwk).toEqual({ ...publicOf(jwkOf(alg)), use: 'sig', alg, kid: jwkOf(alg).kid });
    for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) expect(publicJwk).not.toHaveProperty(secret);
  });

  it('shows no part of itself when it is printed', async () => {
    const jwk = jwkOf(alg);
    const key = await own(jwk);
    const printed = `${inspect(key, { depth: 10, showHidden: true })}${JSON.stringify([key.signing, key.verification])}`;
    for (const secret of ['d', 'p', 'k'] as const)
      if (jwk[secret] !== undefined) expect(printed).not.toContain(jwk[secret]);
  });

  it('is refused for an algorithm that it does not fit', async () => {
    for (const other of algorithms.filter((one) => one.slice(0, 2) !== alg.slice(0, 2))) {
      const sameType =
        [alg, other].every((one) => /^[RP]S/.test(one)) || [alg, other].every((one) => one.startsWith('Ed'));
      const problem = await problemOf(own({ key: unnamed(jwkOf(alg)), alg: other }));
      expect(problem).toMatch(sameType ? /^none$/ : /and does not fit the algorithm|two different/);
    }
  });

  it('can be generated', async () => {
    const key = await generateOwnKey(alg);
    expect(key.signing.alg).toBe(alg);
    expect(await works(key)).toBe(true);
  });
});

describe('the algorithm of a key that does not state it', () => {
  it.each([
    ['RS256', 'RS256'],
    ['PS512', 'RS256'],
    ['ES384', 'ES384'],
    ['ES512', 'ES512'],
    ['Ed25519', 'EdDSA'],
    ['HS512', 'HS256'],
  ] as const)('for a key made for %s is %s', async (alg, expected) => {
    expect((await own(unnamed(jwkOf(alg)))).signing.alg).toBe(expected);
  });

  it('is the one of the options if that fits, and else its own', async () => {
    expect((await withDefault(unnamed(jwkOf('RS256')), 'PS384')).signing.alg).toBe('PS384');
    expect((await withDefault(pemOf(jwkOf('RS256')), 'ES256')).signing.alg).toBe('RS256');
    expect((await withDefault(jwkOf('RS256'), 'PS384')).signing.alg).toBe('RS256');
  });

  it('is refused if it is given twice and differs', async () => {
    expect(await problemOf(own({ key: jwkOf('RS256'), alg: 'PS256' }))).toContain('two different algorithms');
    expect(await problemOf(own({ key: jwkOf('RS256'), alg: 'RS256' }))).toBe('none');
  });

  it.each(['none', 'RSA-OAEP', 'ES256K', '', 1, null])('is refused if it is %j', async (alg) => {
    expect(await problemOf(own({ ...jwkOf('RS256'), alg } as never))).toContain(
      'has no algorithm that signs tokens here',
    );
  });
});

describe('a key in PEM', () => {
  it.each(['RS256', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const)('of %s signs, however it was pasted', async (alg) => {
    const pem = pemOf(jwkOf(alg));
    for (const pasted of [
      pem,
      pem.trim(),
      pem.replaceAll('\n', '\r\n'),
      pem.replaceAll('\n', String.raw`\n`),
      `\n  ${pem.replaceAll('\n', '\n    \n  ')}`,
    ]) {
      expect((await own(pasted)).publicJwk?.kid).toBe(jwkOf(alg).kid);
    }
  });

  it('may have the older forms', async () => {
    expect(await works(await own(keyObjectOf('RS256').export({ type: 'pkcs1', format: 'pem' }).toString()))).toBe(true);
    expect(await works(await own(keyObjectOf('ES256').export({ type: 'sec1', format: 'pem' }).toString()))).toBe(true);
  });

  it('is refused with the reason when it is damaged, encrypted, or of a type that signs no token', async () => {
    const key = createPrivateKey({ key: jwkOf('ES256') as JsonWebKey, format: 'jwk' });
    const encrypted = key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }).toString();
    expect(await problemOf(own(encrypted))).toBe('keys.current is an encrypted PEM key; decrypt it first');
    expect(await problemOf(own(pemOf(jwkOf('ES256')).replace('M', '*')))).toBe(
      'keys.current is not a readable PEM key',
    );
    const x25519 = generateKeyPairSync('x25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    expect(await problemOf(own(x25519))).toContain('has no algorithm that signs tokens here');
    const { privateKey: dsa } = generateKeyPairSync('dsa', { modulusLength: 2048, divisorLength: 256 });
    expect(await problemOf(own(dsa))).toBe('keys.current is a key of type dsa, which signs no token');
  });
});

describe('a key that was pasted badly', () => {
  it.each(['ES256', 'RS256', 'EdDSA', 'HS256'] as const)(
    'is the same key with whitespace and padding in its %s members',
    async (alg) => {
      const jwk = jwkOf(alg);
      const pasted = Object.fromEntries(
        Object.entries(jwk).map(([name, value]) => {
          const isMember = ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi', 'x', 'y', 'k'].includes(name);
          return [name, isMember ? ` ${String(value).slice(0, 2)}\n\t${String(value).slice(2)}=\r\n` : value];
        }),
      );
      const imported = await own(pasted as JWK);
      expect(await works(imported)).toBe(true);
      expect(imported.signing.kid).toBe(jwk.kid);
      expect((await own({ ...pasted, kid: undefined } as never)).signing.kid).toBe(jwk.kid);
    },
  );

  it('is refused with the name of the member', async () => {
    const jwk = jwkOf('ES256');
    expect(await problemOf(own({ ...jwk, x: `${String(jwk.x).slice(0, -2)}+/` }))).toBe(
      `keys.current (kid "${jwk.kid}") has a member "x" that is not base64url`,
    );
    const { y: _, ...withoutY } = jwk;
    expect(await problemOf(own(withoutY as JWK))).toContain('lacks its member "y"');
    const { qi: __, ...withoutQi } = jwkOf('RS256');
    expect(await problemOf(own(withoutQi as JWK))).toContain('lacks its member "qi"');
  });

  it.each([
    ['text that is neither', 'hunter2hunter2hunter2hunter2hunter2', 'neither PEM nor a JWK'],
    ['broken JSON', '{"kty":"oct","k":"hunter2', 'is not readable JSON'],
    ['nothing', undefined, 'is not a key'],
    ['null', null, 'is not a key'],
    ['a number', 1, 'is not a key'],
    ['an empty object', {}, 'has no key type'],
    ['an unknown type', { kty: 'AKP' }, 'has no key type'],
    ['an inherited type', { kty: 'toString' }, 'has no key type'],
    ['a secret that is a number', { secret: 1, alg: 'HS256' }, 'neither text nor bytes'],
    ['more than two primes', { kty: 'RSA', oth: [] }, 'more than two primes'],
  ])('is refused if it is %s', async (_, input, problem) => {
    expect(await problemOf(own(input as never))).toContain(problem);
    expect(await problemOf(own(input as never))).not.toContain('hunter2');
  });

  it.each(['', 'x'.repeat(257), 'a\nb', 'ä', 1, null, {}])('is refused with the id %j', async (kid) => {
    expect(await problemOf(own({ ...jwkOf('ES256'), kid } as never))).toContain('has a key id');
  });

  it('is refused if its halves do not belong together', async () => {
    const [one, two] = [jwkOf('ES256'), unnamed(await generatePrivateJwk('ES256'))];
    expect(await problemOf(own({ ...one, d: String(two.d) }))).toMatch(/do not belong together/);
    const [rsa, other] = [jwkOf('RS256'), await generatePrivateJwk('RS256')];
    expect(await problemOf(own({ ...rsa, n: String(other.n) }))).toMatch(/do not belong together/);
    const [ed, foreign] = [jwkOf('EdDSA'), await generatePrivateJwk('EdDSA')];
    expect(await problemOf(own({ ...ed, d: String(foreign.d) }))).toMatch(/do not belong together/);
  });

  it('is refused if its point is not on the curve', async () => {
    const { x } = jwkOf('ES256');
    const key: JWK = { kty: 'EC', crv: 'P-256', x: String(x), y: String(x) };
    expect(await problemOf(importPublicKey(key, { optionName, algorithms: ['ES256'] }))).toContain(
      'do not belong together',
    );
  });
});

describe('a secret', () => {
  it.each([
    ['HS256', 32],
    ['HS384', 48],
    ['HS512', 64],
  ] as const)('for %s has at least %i bytes', async (alg, bytes) => {
    expect(await works(await own({ secret: randomBytes(bytes), alg }))).toBe(true);
    expect(await problemOf(own({ secret: randomBytes(bytes - 1), alg }))).toBe(
      `keys.current has ${bytes - 1} bytes; ${alg} needs at least ${bytes}`,
    );
  });

  it('is measured in bytes, not in characters', async () => {
    expect(await problemOf(own({ secret: 'äöüßéèêëçñøåæœÿž', alg: 'HS256' }))).toBe('none');
    expect(await problemOf(own({ secret: 'äöüßéèêëçñøåæœÿ', alg: 'HS256' }))).toContain('has 30 bytes');
  });

  it.each([
    ['is empty', '', 'has 0 bytes'],
    ['is blank', ' \t'.repeat(40), 'is empty, whitespace'],
    ['repeats one character', 'a'.repeat(64), 'is empty, whitespace, or one repeated character'],
    ['is all zeros', new Uint8Array(64), 'is empty, whitespace, or one repeated character'],
    ['is longer than 1024 bytes', Buffer.alloc(1025, 'ab'), 'has more than 1024 bytes'],
    ['is a public key', () => publicPemOf(jwkOf('ES256')), 'is itself a key'],
    ['is a JWK', () => JSON.stringify({ kty: 'EC', crv: 'P-256', x: 'x'.repeat(43) }), 'is itself a key'],
    ['is an SSH key', `ssh-ed25519 ${'ab'.repeat(30)}`, 'is itself a key'],
  ])('is refused if it %s', async (_, secret, problem) => {
    const value = typeof secret === 'function' ? secret() : secret;
    expect(await problemOf(own({ secret: value, alg: 'HS256' }))).toContain(problem);
  });

  it('signs HS256 by default', async () => {
    expect((await own({ secret: randomBytes(64) })).signing.alg).toBe('HS256');
  });
});

describe('an RSA key', () => {
  it.each([1024, 2047])('of %i bits is refused', async (modulusLength) => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength });
    expect(await problemOf(own(privateKey))).toBe(
      `keys.current is an RSA key of ${modulusLength} bits; 2048 to 8192 are accepted`,
    );
  });

  it('of more than 8192 bits is refused', async () => {
    expect(await importProblem(rsa((1n << 8191n) + 1n, usual))).toBe('none');
    expect(await importProblem(rsa((1n << 8192n) + 1n, usual))).toContain('of 8193 bits');
  });

  it.each([1n, 2n, 3n, 17n, 65_535n, 65_536n, 65_538n, (1n << 256n) + 1n])(
    'with the exponent %s is refused',
    async (e) => {
      expect(await importProblem(rsa(modulusOf(jwkOf('RS256')), e))).toContain('unsafe exponent');
    },
  );

  it('with an even modulus is refused', async () => {
    expect(await importProblem(rsa(modulusOf(jwkOf('RS256')) - 1n, usual))).toContain('even modulus');
    expect(await importProblem(rsa(modulusOf(jwkOf('RS256')), usual))).toBe('none');
  });

  it('of the broken generator (ROCA) is refused', async () => {
    const primes = [
      2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107,
    ];
    const product = [...primes, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167].reduce(
      (all, one) => all * BigInt(one),
      1n,
    );
    const weak = (usual ** 5n % product) + product * ((1n << 2047n) / product + 2n);
    expect(weak % 2n).toBe(1n);
    expect(await importProblem(rsa(weak, usual))).toContain('ROCA');
    expect(await importProblem(rsa(weak + 2n, usual))).toBe('none');
  });
});

function base64url(value: bigint): string {
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex').toString('base64url');
}

function modulusOf({ n }: JWK): bigint {
  return BigInt(`0x${Buffer.from(String(n), 'base64url').toString('hex')}`);
}

describe('what a key says about its use', () => {
  it.each([
    [{ use: 'enc' }, '"use" is not "sig"'],
    [{ use: 1 }, '"use" is not "sig"'],
    [{ key_ops: ['encrypt'] }, 'does not list "sign"'],
    [{ key_ops: ['verify'] }, 'does not list "sign"'],
    [{ key_ops: 'sign' }, 'does not list "sign"'],
    [{ key_ops: [] }, 'does not list "sign"'],
  ])('keeps a key with %j from signing', async (members, problem) => {
    expect(await problemOf(own({ ...jwkOf('ES256'), ...members } as never))).toContain(problem);
  });

  it.each([
    [{ use: 'enc' }, '"use" is not "sig"'],
    [{ key_ops: ['encrypt'] }, 'does not list "verify"'],
    [{ key_ops: ['sign'] }, 'does not list "verify"'],
  ])('keeps a public key with %j from verifying', async (members, problem) => {
    const key = { ...publicOf(jwkOf('ES256')), ...members } as JWK;
    expect(await problemOf(importPublicKey(key, { optionName: 'trust', algorithms: ['ES256'] }))).toContain(problem);
  });

  it('is applied if it fits', async () => {
    expect(await problemOf(own({ ...jwkOf('ES256'), use: 'sig', key_ops: ['sign', 'verify'] } as JWK))).toBe('none');
    const key = { ...publicOf(jwkOf('ES256')), use: 'sig', key_ops: ['verify'] };
    expect(await problemOf(importPublicKey(key, { optionName: 'trust', algorithms: ['ES256'] }))).toBe('none');
  });
});

describe('a public or private key in the wrong place', () => {
  const options = { optionName: 'trust[0].keys', algorithms: ['ES256', 'HS256'] as const };

  it('is refused if a public key is required, and its option is named', async () => {
    for (const input of [
      jwkOf('ES256'),
      pemOf(jwkOf('ES256')),
      createPrivateKey({ key: jwkOf('ES256') as JsonWebKey, format: 'jwk' }),
      jwkOf('HS256'),
    ]) {
      const problem = await problemOf(importPublicKey(input, options));
      expect(problem).toMatch(/^trust\[0\]\.keys.* is a private or secret key; only the public one belongs here$/);
      expect(problem).not.toContain(String(jwkOf('ES256').d));
    }
  });

  it('is refused if a private key is required', async () => {
    for (const input of [
      publicOf(jwkOf('ES256')),
      publicPemOf(jwkOf('ES256')),
      createPublicKey({ key: jwkOf('ES256') as JsonWebKey, format: 'jwk' }),
    ]) {
      expect(await problemOf(own(input))).toBe('keys.current is a public key; signing needs the private one');
    }
  });

  it('verifies only what is listed, fits, and is not ruled out by itself', async () => {
    const key = publicOf(jwkOf('RS256'));
    expect(await algorithmsFor(key, ['RS256', 'ES256', 'PS256'])).toEqual(['RS256', 'PS256']);
    expect(await algorithmsFor({ ...key, alg: 'RS256' }, ['RS256', 'PS256'])).toEqual(['RS256']);
    expect(await problemOf(algorithmsFor({ ...key, alg: 'RS512' }, ['RS256']))).toContain(
      'fits none of the accepted algorithms (RS256)',
    );
    expect(await problemOf(algorithmsFor(key, ['ES256']))).toContain('fits none');
  });

  it('may be any of them once it is retired', async () => {
    for (const input of [
      jwkOf('ES256'),
      publicOf(jwkOf('ES256')),
      publicPemOf(jwkOf('ES256')),
      pemOf(jwkOf('ES256')),
    ]) {
      const { verification, publicJwk } = await importRetiredKey(input, { optionName: 'keys.retired[0]' });
      expect(publicJwk).toEqual({ ...publicOf(jwkOf('ES256')), use: 'sig', alg: 'ES256', kid: verification.kid });
    }
    expect((await importRetiredKey(jwkOf('HS256'), { optionName: 'keys.retired[0]' })).publicJwk).toBeUndefined();
  });
});

describe('an external signer', () => {
  it.each(['ES256', 'RS256', 'PS256', 'EdDSA'] as const)('signs %s without exposing its key', async (alg) => {
    const signer = remote(alg, { kid: 'kms-1' });
    const key = await own(signer);
    expect(await works(key)).toBe(true);
    expect(key.signing.kid).toBe('kms-1');
    expect((await own(remote(alg))).signing.kid).toHaveLength(43);
    expect((await importRetiredKey(signer, { optionName: 'keys.retired[0]' })).verification.kid).toBe('kms-1');
  });

  it('is refused if it cannot sign, signs something else, or shows its private key', async () => {
    const broken = remote('ES256', { sign: () => Promise.reject(new Error('secret of the vault')) });
    expect(await problemOf(own(broken))).toBe('keys.current could not sign a probe');
    const thrower = remote('ES256', {
      sign: () => {
        throw new Error('secret of the vault');
      },
    });
    expect(await problemOf(own(thrower))).not.toContain('secret');
    const foreign = remote('ES256', { publicJwk: publicOf(jwkOf('ES256')) });
    expect(await problemOf(own(foreign))).toContain('signs what its public key does not verify');
    expect(await problemOf(own(remote('ES256', { publicJwk: jwkOf('ES256') })))).toContain(
      'holds a private or secret key',
    );
    expect(await problemOf(own(remote('ES256', { sign: () => Promise.resolve('text' as never) })))).toContain(
      'does not verify',
    );
  });
});
