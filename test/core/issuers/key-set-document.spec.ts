// Keys of trusted issuers as real sets hold them: copies, one id for several algorithms, certificates, members without content.
import { describe, expect, it } from '@jest/globals';
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { JWK } from 'jose';
import { readKeySet } from '../../../libs/auth/src/core/issuers/key-set-document.js';
import type { Algorithm } from '../../../libs/auth/src/core/keys/keys.js';
import { publicOf, rsa, tokenWith, trusts, verdict, verifierOf } from '../support/external-tokens.js';
import { forger, verdictOf } from '../support/token-forgery.js';

const PSS_TOO = ['RS256', 'PS256', 'ES256'] as const;
const shown = (by: typeof rsa, more: object = {}) => ({ ...publicOf(by), ...more });
const among = (keys: readonly object[], algorithms: readonly Algorithm[] = ['RS256', 'ES256']) =>
  trusts({ algorithms, keys: { jwks: { keys: keys as JWK[] } } });
const read = (keys: readonly object[], algorithms: readonly Algorithm[] = ['RS256', 'ES256']) =>
  readKeySet(JSON.stringify({ keys }), { algorithms, known: [] });

const pss = forger('PS256', { kid: rsa.kid, jwk: rsa.jwk });
const nameless = { kid: undefined };

describe('One key in a key set', () => {
  it('serves both algorithms if it is listed under one id as RS256 and as PS256', async () => {
    const options = among([shown(rsa, { alg: 'RS256' }), shown(rsa, { alg: 'PS256' })], PSS_TOO);
    expect(await verdict(tokenWith({}, {}, rsa), options)).toBe('OK');
    expect(await verdict(tokenWith({}, {}, pss), options)).toBe('OK');
    expect(await verdict(tokenWith({}, nameless, pss), options)).toBe('OK');
    expect(await verdict(tokenWith({}, { alg: 'ES256' }, rsa), options)).toBe('algorithm_not_allowed');
  });

  it('is named by id and algorithm together: one id may stand for different keys of each', async () => {
    const other = forger('PS256', { kid: rsa.kid });
    const curve = forger('ES256', { kid: rsa.kid });
    const keys = [shown(rsa, { alg: 'RS256' }), shown(other, { alg: 'PS256' }), shown(curve)];
    const options = among(keys, PSS_TOO);
    for (const by of [rsa, other, curve]) expect(await verdict(tokenWith({}, {}, by), options)).toBe('OK');
    expect(await verdict(tokenWith({}, {}, pss), options)).toBe('token_invalid');
  });

  it('is ignored for an algorithm under which two different keys share its id, and used for the others', async () => {
    const other = forger('PS256', { kid: rsa.kid });
    const { keys, notices } = await read([shown(rsa), shown(other, { alg: 'PS256' })], PSS_TOO);
    expect(keys.map(({ algorithms }) => algorithms)).toEqual([['RS256']]);
    expect(notices).toEqual([{ kid: rsa.kid, reason: expect.stringMatching(/several different keys/) }]);
  });

  it('is the same key with other optional members, in another order, or without some of them', async () => {
    const { n = '', e, kty, kid } = publicOf(rsa);
    const copies = [
      { kty, kid, n, e },
      { e, n, kid, kty, use: 'sig', alg: 'RS256', key_ops: ['verify'] },
      { kty, kid, n, e, nbf: 1, exp: 2, ext: true, name: 'first', issuer_note: 'x' },
      { kty, kid, n: `${n}  `, e, x5u: 'https://keys.example/chain' },
    ];
    const { keys, notices } = await read(copies);
    expect([keys.length, notices]).toEqual([1, []]);
    expect(await verdict(tokenWith(), among(copies))).toBe('OK');
  });

  const EMPTY = { use: null, key_ops: [], alg: null, x5c: [], x5t: null, 'x5t#S256': '', d: null, p: null, oth: [] };

  it.each([
    ['all of them', EMPTY],
    ...Object.entries(EMPTY).map(([name, value]) => [name, { [name]: value }] as const),
  ])('is kept with empty members: %s', async (_, members) => {
    const { keys, notices } = await read([shown(rsa, members)]);
    expect([keys.map(({ kid }) => kid), notices]).toEqual([['rsa'], []]);
    expect(await verdict(tokenWith(), among([shown(rsa, members)]))).toBe('OK');
  });

  it('has no id if its id is empty, and serves tokens that name none', async () => {
    for (const kid of [null, '']) {
      expect(await verdict(tokenWith({}, nameless), among([shown(rsa, { kid })]))).toBe('OK');
    }
  });

  it('is ignored if its members rule it out', async () => {
    for (const members of [{ use: 'enc' }, { key_ops: ['encrypt'] }, { alg: 'RSA-OAEP' }, { d: rsa.jwk.d }]) {
      await expect(read([shown(rsa, members)])).rejects.toThrow(/no key that could be used/);
    }
  });
});

describe('A token that names no key', () => {
  const keys = Array.from({ length: 3 }, (_, index) => forger('RS512', { kid: `rotation-${index}` }));
  const RS512 = ['RS512'] as const;

  it('is verified with the key of a rotation that signed it, of two', async () => {
    const options = among(
      keys.slice(0, 2).map((by) => shown(by)),
      RS512,
    );
    const verifier = await verifierOf(options);
    for (const by of keys.slice(0, 2)) {
      const token = tokenWith({}, nameless, by);
      expect(await verdictOf(verifier.verify(token, 'access'))).toBe('OK');
      expect((await verifier.verify(token, 'access')).key).toEqual({ kid: by.kid, alg: 'RS512' });
    }
    expect(await verdict(tokenWith({}, nameless, keys[2]), options)).toBe('token_invalid');
  });

  it('is tried with a bounded number of keys', async () => {
    const many = Array.from({ length: 9 }, (_, index) => forger('ES256', { kid: `key-${index}` }));
    const options = among(many.map((by) => shown(by)));
    expect(await verdict(tokenWith({}, nameless, many[7]), options)).toBe('OK');
    expect(await verdict(tokenWith({}, nameless, many[8]), options)).toBe('token_invalid');
    expect(await verdict(tokenWith({}, {}, many[8]), options)).toBe('OK');
  });

  it('differs from a token that names a key, which is tried with that key alone', async () => {
    const options = among(
      keys.slice(0, 2).map((by) => shown(by)),
      RS512,
    );
    const [first, second] = keys;
    expect(await verdict(tokenWith({}, { kid: first?.kid }, second), options)).toBe('token_invalid');
    expect(await verdict(tokenWith({}, { kid: 'unknown' }, second), options)).toBe('unknown_key');
  });

  it('is not tried with the key of another issuer in the same set', async () => {
    const [first, second] = keys;
    if (first === undefined || second === undefined) throw new Error('There are keys.');
    const options = among([shown(first, { issuer: 'https://other.example' }), shown(second)], RS512);
    expect(await verdict(tokenWith({}, nameless, first), options)).toBe('token_invalid');
    expect(await verdict(tokenWith({}, nameless, second), options)).toBe('OK');
  });
});

describe('The thumbprint of a certificate', () => {
  const one = forger('RS256', { kid: 'one' });
  const two = forger('RS256', { kid: 'two' });
  const digest = (text: string, hash = 'sha1') => createHash(hash).update(text).digest('base64url');
  const rollover = among([shown(one, { x5t: digest('one') }), shown(two, { x5t: digest('two') })]);
  const unnamed = among([
    shown(one, { kid: null, x5t: digest('one') }),
    shown(two, { kid: null, x5t: digest('two'), 'x5t#S256': digest('two', 'sha256') }),
  ]);

  it('names a key as its id does, in tokens without one and through a rollover', async () => {
    for (const options of [rollover, unnamed]) {
      expect(await verdict(tokenWith({}, { kid: undefined, x5t: digest('one') }, one), options)).toBe('OK');
      expect(await verdict(tokenWith({}, { kid: undefined, x5t: digest('two') }, two), options)).toBe('OK');
      expect(await verdict(tokenWith({}, { kid: undefined, x5t: digest('one') }, two), options)).toBe('token_invalid');
      expect(await verdict(tokenWith({}, { kid: undefined, x5t: digest('none') }, one), options)).toBe('unknown_key');
    }
    const byLonger = { kid: undefined, 'x5t#S256': digest('two', 'sha256') };
    expect(await verdict(tokenWith({}, byLonger, two), unnamed)).toBe('OK');
    expect(await verdict(tokenWith({}, byLonger, one), unnamed)).toBe('token_invalid');
  });

  it('names no key if no key of the set states one, or if it is not a string', async () => {
    const plain = among([shown(one)]);
    expect(await verdict(tokenWith({}, { kid: undefined, x5t: digest('one') }, one), plain)).toBe('OK');
    expect(await verdict(tokenWith({}, { kid: undefined, x5t: 7 }, one), plain)).toBe('OK');
    expect(await verdict(tokenWith({}, { kid: undefined, 'x5t#S256': digest('x', 'sha256') }, one), rollover)).toBe(
      'OK',
    );
  });

  it('counts only without an id', async () => {
    expect(await verdict(tokenWith({}, { kid: 'two', x5t: digest('one') }, two), rollover)).toBe('OK');
    expect(await verdict(tokenWith({}, { kid: 'two', x5t: digest('one') }, one), rollover)).toBe('token_invalid');
  });

  it('is computed from the certificate of the key if the set does not state it', async () => {
    const pem = readFileSync(new URL('../../support/vectors/auth0-rs256.json', import.meta.url), 'utf8');
    const { jwks } = JSON.parse(pem) as { jwks: { keys: (JWK & { x5c: string[] })[] } };
    const [jwk] = jwks.keys;
    if (jwk === undefined) throw new Error('There is a key.');
    const { raw } = new X509Certificate(Buffer.from(String(jwk.x5c[0]), 'base64'));
    const { keys } = await read([jwk]);
    expect(keys[0]?.thumbprints).toEqual(
      expect.arrayContaining(['sha1', 'sha256'].map((hash) => createHash(hash).update(raw).digest('base64url'))),
    );
  });
});
