import { createHash, generateKeyPairSync, randomBytes, randomInt, randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { ephemeralKeys } from '../../../libs/auth/src/core/keys/key-ring.js';
import { generatePrivateJwk, importOwnKey } from '../../../libs/auth/src/core/keys/key-import.js';
import { secretProblem } from '../../../libs/auth/src/core/keys/secret-strength.js';
import { selfSigned } from '../../support/self-signed-certificate.js';

const problem = (secret: string | Uint8Array): string | undefined =>
  secretProblem(secret, { bytes: 32, purpose: 'HS256' });
const base64 = (text: string): string => Buffer.from(text).toString('base64');

const SAMPLES: readonly string[] = [
  'a-string-secret-at-least-256-bits-long',
  'A string secret, at least 256 bits long',
  'a-valid-string-secret-that-is-at-least-512-bits-long-which-is-very-long',
  'super-secret-jwt-token-with-at-least-32-characters-long',
  'a secret of the old days, 32 bytes or more',
  '09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7',
  '404E635266556A586E3272357538782F413F4428472B4B6250645367566B5970',
  'The quick brown fox jumps over the lazy dog',
];

const GUESSABLE: readonly string[] = [
  'changeme'.repeat(4),
  'secret'.repeat(6),
  'x'.repeat(48),
  ' '.repeat(64),
  'my-super-secret-key-change-me-in-production',
  'ThisIsMyVerySecretSigningKeyPleaseChangeIt',
  'please-change-this-secret-before-production!!',
  'this is a very long and secure secret key for jwt',
  'secret_key_for_testing_must_be_at_least_32_characters',
  'insert-your-random-secret-string-here-1234',
  'your_jwt_secret_key_here_at_least_32_chars_long',
  '0123456789abcdef0123456789abcdef',
  '12345678901234567890123456789012',
  'abcdefghijklmnopqrstuvwxyz0123456789',
  'qwertyuiopasdfghjklzxcvbnm123456',
  '00000000-0000-0000-0000-000000000000',
  'passwordpasswordpasswordpassword1',
  'aB3$xY7q'.repeat(4),
  base64('changeme'.repeat(3)),
  base64(base64('secretsecretsecret')),
  Buffer.from('changeme'.repeat(4)).toString('hex'),
];

describe('well-known secrets', () => {
  it.each(SAMPLES)('refuses the sample %s', (sample) => {
    expect(problem(sample)).toMatch(/is a sample from public documentation/);
    expect(problem(Buffer.from(sample))).toMatch(/is a sample from public documentation/);
  });

  it('refuses a sample in base64', () => {
    expect(problem(base64(SAMPLES[3] ?? ''))).toContain('sample');
  });

  it.each(GUESSABLE)('refuses %j, which is easy to guess', (secret) => {
    expect(problem(secret)).toMatch(/is too easy to guess|is empty, whitespace, or one repeated character/);
  });

  it('names the length first, and no part of a secret', () => {
    expect(problem('hunter2')).toBe('has 7 bytes; HS256 needs at least 32');
    for (const secret of [...SAMPLES, ...GUESSABLE]) expect(problem(secret)).not.toContain(secret);
  });
});

describe('keys used as secrets', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ed = generateKeyPairSync('ed25519');
  const der = (key: typeof rsa.publicKey, type: 'spki' | 'pkcs1'): Buffer => key.export({ format: 'der', type });
  const keys: readonly (readonly [string, string | Buffer])[] = [
    ['an RSA public key in PEM', rsa.publicKey.export({ format: 'pem', type: 'spki' })],
    ['an RSA public key in PEM of PKCS #1', rsa.publicKey.export({ format: 'pem', type: 'pkcs1' })],
    ['an EC private key in PEM', ec.privateKey.export({ format: 'pem', type: 'sec1' })],
    [
      'a PEM with escaped line ends, as in an environment variable',
      String(ec.publicKey.export({ format: 'pem', type: 'spki' })).replaceAll('\n', String.raw`\n`),
    ],
    ['an RSA public key in DER', der(rsa.publicKey, 'spki')],
    ['an RSA public key in DER of PKCS #1', der(rsa.publicKey, 'pkcs1')],
    ['an EC public key in DER', der(ec.publicKey, 'spki')],
    ['an Ed25519 public key in DER', der(ed.publicKey, 'spki')],
    ['an Ed25519 private key in DER', ed.privateKey.export({ format: 'der', type: 'pkcs8' })],
    ['DER in base64', der(rsa.publicKey, 'spki').toString('base64')],
    ['DER in base64 with line breaks', der(ec.publicKey, 'spki').toString('base64').replaceAll(/.{64}/g, '$&\n')],
    ['DER in base64url', der(ec.publicKey, 'spki').toString('base64url')],
    ['DER in hex', der(ec.publicKey, 'spki').toString('hex')],
    ['PEM in base64', base64(String(ec.publicKey.export({ format: 'pem', type: 'spki' })))],
    ['a JWK', JSON.stringify(ec.publicKey.export({ format: 'jwk' }))],
    ['a key set', JSON.stringify({ keys: [rsa.publicKey.export({ format: 'jwk' })] })],
    ['a certificate', selfSigned('a.test').cert],
    ['an OpenSSH public key', `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA${randomBytes(36).toString('base64')} me@here`],
    ['the body of an OpenSSH key', `AAAAC3NzaC1lZDI1NTE5AAAA${randomBytes(36).toString('base64')}`],
    [
      'a signed token',
      `eyJhbGciOiJIUzI1NiJ9.${base64('{"role":"anon"}').replaceAll('=', '')}.${randomBytes(32).toString('base64url')}`,
    ],
  ];

  it('accepts a random string that begins like an object', () => {
    expect(problem('{"!g~Q5QW.Ti??xGj]}jWCgpr8&Nlw?+#')).toBeUndefined();
    expect(problem('{ "k": "GawgguFyGrWKav7AX4VKUg", "alg": "HS256" }')).toContain('is itself a key or a token');
  });

  it.each(keys)('recognises %s', (_, key) => {
    expect(problem(key)).toContain('is itself a key or a token');
  });
});

describe('real secrets', () => {
  // A tenth of the EFF's short list: words that no tutorial uses for a secret.
  const WORDS =
    'acorn afoot agile aloft amaze ample angel apple april arena armor aroma atlas avert bagel banjo basil blimp bloom bonus bravo bribe brook cabin cargo cedar chess civic clamp cloak cobra comet coral crane crust dairy denim diner dowel drift eagle ebony elbow ember fable felon fjord flask fudge gecko giant gloom grape grove hazel hedge ivory jelly kayak kiosk koala lemon lilac llama mango maple moose motto nacho navel ninja nylon oasis ocean olive onion otter panda pecan perch piano plaza prism quail quilt radar raven relic robin rover salsa scarf sedan shrub sienna skunk slate squid stork swamp tango thorn tidal tulip umbra unity urban vapor velvet vinyl viola walnut whale wheat yacht zebra zesty'.split(
      ' ',
    );
  const makers: readonly (readonly [string, () => string | Buffer])[] = [
    ['32 bytes', () => randomBytes(32)],
    ['64 bytes', () => randomBytes(64)],
    ['16 bytes in hex', () => randomBytes(16).toString('hex')],
    ['32 bytes in hex', () => randomBytes(32).toString('hex')],
    ['24 bytes in base64', () => randomBytes(24).toString('base64')],
    ['48 bytes in base64', () => randomBytes(48).toString('base64')],
    ['32 bytes in base64url', () => randomBytes(32).toString('base64url')],
    ['a UUID', randomUUID],
    ['two UUIDs', () => randomUUID() + randomUUID()],
    ['40 digits', () => Array.from({ length: 40 }, () => randomInt(10)).join('')],
    ['a digest in hex', () => createHash('sha256').update(randomBytes(8)).digest('hex')],
    ['seven words', () => Array.from({ length: 7 }, () => WORDS[randomInt(WORDS.length)]).join(' ')],
    ['seven words with a mark', () => Array.from({ length: 7 }, () => WORDS[randomInt(WORDS.length)]).join('-') + '!9'],
    ['a word in front of 24 random bytes', () => `secret-${randomBytes(24).toString('base64')}`],
  ];

  it.each(makers)('are never refused: %s', (_, make) => {
    const refused = Array.from({ length: 3_000 }, make).flatMap((secret) => problem(secret) ?? []);
    expect(refused).toEqual([]);
  });
});

describe('the one rule for every secret', () => {
  const problemOf = async (secret: string | Uint8Array): Promise<string> =>
    importOwnKey({ secret, alg: 'HS256' }, { optionName: 'keys.current' }).then(
      () => 'none',
      (error: Error) => error.message,
    );

  it('applies to signing secrets, in every encoding', async () => {
    expect(await problemOf('changeme'.repeat(4))).toContain('keys.current is too easy to guess');
    const jwk = { kty: 'oct', k: Buffer.from('a-string-secret-at-least-256-bits-long').toString('base64url') };
    await expect(importOwnKey(jwk, { optionName: 'keys.current' })).rejects.toThrow('sample from public documentation');
    expect(await problemOf(randomBytes(32))).toBe('none');
  });

  it('accepts the secrets that the library generates', async () => {
    for (const alg of ['HS256', 'HS384', 'HS512'] as const)
      await importOwnKey(await generatePrivateJwk(alg), { optionName: 'made' });
    expect(await ephemeralKeys('HS256').load()).toBeDefined();
  });
});
