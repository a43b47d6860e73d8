// Several sources of keys for one issuer, as while it moves from a shared secret to public keys. Algorithm confusion is tried in every way.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createPublicKey, randomBytes } from 'node:crypto';
import { trustProblems, type TrustOptions } from '../../../libs/auth/src/core/issuers/external-issuer.js';
import * as endpoint from '../../support/key-server.js';
import { es, publicOf, rsa, tokenWith, trusts, verdict, verifierOf } from '../support/external-tokens.js';
import { forger, verdictOf } from '../support/token-forgery.js';

const secret = randomBytes(48).toString('base64url');
const shared = (text: string, kid = 'anything') =>
  forger('HS256', { kid, jwk: { kty: 'oct', k: Buffer.from(text).toString('base64url') } });
const old = shared(secret);
const say = (keys: unknown, changes: object = {}): string =>
  trustProblems([{ ...trusts(), keys, ...changes } as TrustOptions]).join('\n');

describe('An issuer that moves from a secret to public keys', () => {
  const options = trusts({
    keys: [
      { secret, alg: 'HS256' },
      { jwks: { keys: [publicOf(es)] }, algorithms: ['ES256'] },
    ],
  });

  it('accepts tokens of both, each verified by the source of its algorithm', async () => {
    expect(await verdict(tokenWith({}, {}, old), options)).toBe('OK');
    expect(await verdict(tokenWith({}, {}, es), options)).toBe('OK');
    expect(await verdict(tokenWith({}, { kid: undefined }, old), options)).toBe('OK');
    expect(await verdict(tokenWith({}, {}, rsa), options)).toBe('algorithm_not_allowed');
    expect(await verdict(tokenWith({}, { alg: 'none' }, es), options)).toBe('algorithm_not_allowed');
    expect(await verdict(tokenWith({}, {}, shared('another secret of the same length, more or less')), options)).toBe(
      'token_invalid',
    );
  });

  it('never uses a public key as a secret, in any spelling, nor a secret as a public key', async () => {
    const { kty, crv, x, y } = publicOf(es);
    const key = createPublicKey({ key: { ...publicOf(es) }, format: 'jwk' });
    const pem = key.export({ type: 'spki', format: 'pem' }).toString();
    const spellings = [pem, pem.trim(), JSON.stringify(publicOf(es)), JSON.stringify({ kty, crv, x, y }), String(x)];
    const der = key.export({ type: 'spki', format: 'der' });
    for (const kid of ['es', 'anything', undefined]) {
      for (const spelling of [...spellings, der.toString('base64')]) {
        expect(await verdict(tokenWith({}, { kid }, shared(spelling)), options)).toBe('token_invalid');
      }
      expect(await verdict(tokenWith({}, { kid, alg: 'ES256' }, old), options)).toMatch(
        /^(token_invalid|unknown_key)$/,
      );
      expect(await verdict(tokenWith({}, { kid, alg: 'HS256' }, es), options)).toBe('token_invalid');
      expect(await verdict(tokenWith({}, { kid, alg: 'HS512' }, old), options)).toBe('algorithm_not_allowed');
    }
  });

  it('may have two secrets during a rotation', async () => {
    const next = randomBytes(48).toString('base64url');
    const both = trusts({
      keys: [
        { secret: next, alg: 'HS256' },
        { secret, alg: 'HS256' },
      ],
    });
    for (const kid of ['anything', undefined]) {
      expect(await verdict(tokenWith({}, { kid }, old), both)).toBe('OK');
      expect(await verdict(tokenWith({}, { kid }, shared(next)), both)).toBe('OK');
    }
    expect(await verdict(tokenWith({}, {}, es), both)).toBe('algorithm_not_allowed');
  });

  it.each([
    ['no source', [], /keys is required/],
    ['an invalid source', [null], /keys is required/],
    ['a source of two kinds', [{ secret, alg: 'HS256', jwksUri: 'https://x.example/jwks' }], /keys\[0\] has several/],
    [
      'a secret for public algorithms',
      [{ secret, alg: 'HS256', algorithms: ['ES256'] }],
      /keys\[0\]\.algorithms is asymm/,
    ],
    [
      'public keys for HMAC',
      [{ jwksUri: 'https://x.example/jwks', algorithms: ['HS256'] }],
      /keys\[0\]\.algorithms is HMAC/,
    ],
    ['public keys for both', [{ jwksUri: 'https://x.example/jwks', algorithms: ['ES256', 'HS256'] }], /mixes HMAC/],
    ['an unknown member', [{ secret, alg: 'HS256', algorithm: ['HS256'] }], /keys\[0\]\.algorithm is not an option/],
    ['an unknown algorithm', [{ jwksUri: 'https://x.example/jwks', algorithms: ['none'] }], /keys\[0\]\.algorithms is/],
    [
      'two fetched sources of one algorithm',
      [{ jwksUri: 'https://x.example/jwks' }, { jwksUri: 'https://y.example/jwks', algorithms: ['ES256'] }],
      /several sources that are fetched for ES256/,
    ],
  ])('is a boot error with %s', (_, keys, problem) => {
    expect(say(keys)).toMatch(problem);
    expect(say(keys)).not.toContain(secret);
  });

  it('is a boot error with algorithms beside a list of sources, which have their own', () => {
    expect(say([{ secret, alg: 'HS256' }], { algorithms: ['HS256'] })).toMatch(
      /algorithms cannot be given beside a list/,
    );
  });
});

describe('An issuer whose public keys are fetched beside its secret', () => {
  let server: endpoint.KeyServer;

  beforeEach(async () => {
    server = await endpoint.keyServer(endpoint.serve({ keys: [publicOf(es)] }));
  });
  afterEach(() => server.stop());

  const moving = () =>
    trusts({
      keys: [
        { jwksUri: `${server.url}/jwks`, allowLoopbackHttp: true, algorithms: ['ES256'] },
        { secret, alg: 'HS256' },
      ],
    });

  it('continues with the secret while the keys are unavailable, and fetches nothing for it', async () => {
    const verifier = await verifierOf(moving());
    expect(await verdictOf(verifier.verify(tokenWith({}, {}, old), 'access'))).toBe('OK');
    // A forged one neither: no source but its own is asked.
    const forged = tokenWith({}, { kid: undefined }, shared('another secret of the same length, more or less'));
    expect(await verdictOf(verifier.verify(forged, 'access'))).toBe('token_invalid');
    expect(server.requests).toEqual([]);
    expect(await verdictOf(verifier.verify(tokenWith({}, {}, es), 'access'))).toBe('OK');
    server.answer(endpoint.refuse(500));
    const down = await verifierOf(moving());
    expect(await verdictOf(down.verify(tokenWith({}, {}, es), 'access'))).toBe('keys_unavailable');
    expect(await verdictOf(down.verify(tokenWith({}, {}, old), 'access'))).toBe('OK');
  });
});
