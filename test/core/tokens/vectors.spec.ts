// Tokens and keys from elsewhere: the examples of the RFCs, a real issuer, and an external system.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { JWK } from 'jose';
import type { TokenProfile } from '../../../libs/auth/src/core/tokens/claims.js';
import { importOwnKey, importPublicKey, importRetiredKey } from '../../../libs/auth/src/core/keys/key-import.js';
import {
  type Algorithm,
  type KeyQuery,
  selectKey,
  type VerificationKey,
} from '../../../libs/auth/src/core/keys/keys.js';
import { parseJws, verifySignature } from '../../../libs/auth/src/core/tokens/jws.js';
import { TokenVerifier } from '../../../libs/auth/src/core/tokens/token-verifier.js';
import { forger, trusting, verdictOf } from '../support/token-forgery.js';
import { ManualClock } from '../../support/clocks.js';

function vectors<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../../support/vectors/${name}.json`, import.meta.url), 'utf8')) as T;
}

interface RfcExamples {
  readonly jws: readonly {
    readonly id: string;
    readonly alg: Algorithm;
    readonly jwk?: JWK;
    readonly jws: string;
    readonly note?: string;
  }[];
  readonly thumbprints: readonly { readonly id: string; readonly jwk: JWK; readonly sha256: string }[];
}

const rfc = vectors<RfcExamples>('rfc-examples');
const signed = rfc.jws.filter(({ jwk, note = '' }) => jwk !== undefined && !note.includes('not JSON'));

function importExample(alg: Algorithm, jwk: JWK): Promise<VerificationKey> {
  const options = { optionName: 'example', algorithms: [alg] };
  return jwk.kty === 'oct'
    ? importOwnKey({ key: jwk, alg }, options).then((own) => own.verification)
    : importPublicKey(jwk, options);
}

describe('the examples of the RFCs', () => {
  it.each(signed)('$id has a valid signature and readable claims', async ({ alg, jwk = {}, jws }) => {
    const parsed = parseJws(jws);
    expect(await verifySignature(parsed, await importExample(alg, jwk))).toBeUndefined();
    expect({ ...parsed.claims }).toEqual({ iss: 'joe', exp: 1300819380, 'http://example.com/is_root': true });
  });

  it.each(signed)('$id is refused once any of its segments changes', async ({ alg, jwk = {}, jws }) => {
    const key = await importExample(alg, jwk);
    const [header, payload = '', signature] = jws.split('.');
    const other = Buffer.from('{"iss":"joe","exp":1300819381}').toString('base64url');
    expect(await verdictOf((async () => verifySignature(parseJws(`${header}.${other}.${signature}`), key))())).toBe(
      'token_invalid',
    );
    expect(await verdictOf((async () => verifySignature(parseJws(`${header}.${payload}.AAAA`), key))())).toBe(
      'token_invalid',
    );
  });

  it.each(rfc.jws.filter(({ note = '' }) => note.includes('not JSON')))(
    '$id is a signature, and not a token',
    ({ jws }) => {
      expect(() => parseJws(jws)).toThrow(expect.objectContaining({ code: 'token_malformed' }));
    },
  );

  it('RFC7515-A.5 is refused with every configuration', async () => {
    const unsigned = rfc.jws.find(({ id }) => id === 'RFC7515-A.5')?.jws ?? '';
    expect(await trusting([], ['HS256']).verdict(unsigned)).toBe('invalid_issuer');
    const joe = trusting([], ['HS256'], { issuer: 'joe' });
    expect(await joe.verdict(unsigned)).toBe('algorithm_not_allowed');
    expect(joe.lookups).toHaveLength(0);
  });

  it.each(rfc.thumbprints)('$id names its key', async ({ jwk, sha256 }) => {
    // A public key cannot sign, so it comes in as one that has retired.
    const { kid: _, ...unnamed } = jwk;
    expect((await importRetiredKey(unnamed, { optionName: 'example' })).verification.kid).toBe(sha256);
  });
});

interface Auth0Vectors {
  readonly jwks: { readonly keys: readonly JWK[] };
  readonly expected_valid: { readonly currentDate: number; readonly issuer: string; readonly audience: string };
  readonly tokens: readonly { readonly name: string; readonly token: string }[];
}

const auth0 = vectors<Auth0Vectors>('auth0-rs256');

async function trustingAuth0(
  rules: Partial<TokenProfile> = {},
  clock = new ManualClock(auth0.expected_valid.currentDate * 1_000),
) {
  const { issuer, audience } = auth0.expected_valid;
  const keys = await Promise.all(
    auth0.jwks.keys.map((jwk) => importPublicKey(jwk, { optionName: 'trust[0].keys', algorithms: ['RS256'] })),
  );
  const base = trusting(keys, ['RS256'], { issuer, audience, maxLifetimeSeconds: 86_400 }).profiles.access;
  const foreign = { types: ['jwt'], requiredClaims: ['iat', 'sub'], own: false, isClient: () => false, ...rules };
  const set = { find: (query: KeyQuery) => selectKey(keys, query) };
  return new TokenVerifier({ issuers: [{ issuer, keys: set, profiles: { access: { ...base, ...foreign } } }], clock });
}

const verdictAt = async (seconds: number) =>
  verdictOf((await trustingAuth0({}, new ManualClock(seconds * 1_000))).verify(tokenNamed('valid_token'), 'access'));

const tokenNamed = (name: string) => auth0.tokens.find((one) => one.name === name)?.token ?? '';

describe('the tokens of a real issuer', () => {
  const valid = tokenNamed('valid_token');

  it('are accepted with a clock within their lifetime', async () => {
    const verifier = await trustingAuth0();
    expect((await verifier.verify(valid, 'access')).scopes).toEqual(['openid', 'profile', 'email']);
  });

  it.each([
    ['another audience', { audience: { claim: 'aud', accepted: ['other'], exclusive: false } }, 'invalid_audience'],
    ['a required type at+jwt', { types: ['at+jwt'] }, 'wrong_token_type'],
    ['another algorithm', { algorithms: ['RS512'] as const }, 'algorithm_not_allowed'],
    ['a shorter longest life', { maxLifetimeSeconds: 86_399 }, 'invalid_claims'],
  ] satisfies [string, Partial<TokenProfile>, string][])('are refused for %s alone', async (_, rules, expected) => {
    expect(await verdictOf((await trustingAuth0(rules)).verify(valid, 'access'))).toBe(expected);
  });

  it('are refused for time alone', async () => {
    const { currentDate } = auth0.expected_valid;
    expect(await verdictAt(1646689085 + 5)).toBe('token_expired');
    expect(await verdictAt(1646602685 - 6)).toBe('token_not_yet_valid');
    expect(await verdictAt(currentDate)).toBe('OK');
  });

  it('are refused for an altered signature alone', async () => {
    const altered = valid.replace(/\.v/, '.w');
    expect(await verdictOf((await trustingAuth0()).verify(altered, 'access'))).toBe('token_invalid');
  });

  it('are refused for another issuer', async () => {
    const own = trusting([], ['RS256']);
    expect(await own.verdict(valid)).toBe('invalid_issuer');
  });

  it.each(['token_with_valid_kid', 'token_with_invalid_kid'])(
    '%s is refused before its key is looked up, because it names no issuer',
    async (name) => {
      expect(await verdictOf((await trustingAuth0()).verify(tokenNamed(name), 'access'))).toBe('missing_claim');
    },
  );

  it('that name a known key without being signed by it, or an unknown one, are refused at the signature', async () => {
    const keys = await Promise.all(
      auth0.jwks.keys.map((jwk) => importPublicKey(jwk, { optionName: 'trust[0].keys', algorithms: ['RS256'] })),
    );
    const verdictAtKey = (token: string) => {
      const jws = parseJws(token);
      return verdictOf((async () => verifySignature(jws, selectKey(keys, { alg: 'RS256', kid: jws.header.kid })))());
    };
    expect(await verdictAtKey(valid)).toBe('OK');
    expect(await verdictAtKey(tokenNamed('token_with_valid_kid'))).toBe('token_invalid');
    expect(await verdictAtKey(tokenNamed('token_with_invalid_kid'))).toBe('unknown_key');
  });
});

describe('the tokens of an external system', () => {
  const { tokens } = vectors<{ readonly tokens: readonly string[] }>('external-hs-tokens');

  it.each(tokens)('are all refused: %s', async (token) => {
    for (const alg of ['HS256', 'HS512'] as const) {
      const { verification } = await importOwnKey(forger(alg).jwk, { optionName: 'keys.current' });
      const issuers = ['my-awesome-company', 'https://accounts.example'];
      for (const issuer of issuers) {
        const { verdict } = trusting([verification], [alg], { issuer });
        expect(await verdict(token)).not.toBe('OK');
      }
      expect(await verdictOf((async () => verifySignature(parseJws(token), verification))())).not.toBe('OK');
    }
  });
});
