// Genuine tokens that are presented where they are not valid, and invalid configurations of a verifier.
import { beforeAll, describe, expect, it } from '@jest/globals';
import { AuthConfigurationError } from '../../../libs/auth/src/core/base/errors.js';
import type { Claims } from '../../../libs/auth/src/core/base/principal.js';
import { importOwnKey } from '../../../libs/auth/src/core/keys/key-import.js';
import { selectKey, type VerificationKey } from '../../../libs/auth/src/core/keys/keys.js';
import type { TokenProfile } from '../../../libs/auth/src/core/tokens/claims.js';
import { type TrustedIssuer, TokenVerifier } from '../../../libs/auth/src/core/tokens/token-verifier.js';
import {
  accessClaims,
  NOW,
  forge,
  type Forger,
  forger,
  ISSUER,
  oneIssuer,
  refreshClaims,
  trusting,
  verdictOf,
} from '../support/token-forgery.js';
import { ManualClock } from '../../support/clocks.js';

type Fixture = Awaited<ReturnType<typeof oneIssuer>>;
let fixture: Fixture;
let key: VerificationKey;

beforeAll(async () => {
  fixture = await oneIssuer();
  key = (await importOwnKey(fixture.by.jwk, { optionName: 'keys.current' })).verification;
});

const typed = (typ: string, claims: object, by: Forger = fixture.by) =>
  forge({ alg: by.alg, kid: by.kid, typ }, claims, by);

describe('a genuine token in the wrong place', () => {
  it('is accepted in the right one', async () => {
    expect(await fixture.verdict(typed('at+jwt', accessClaims()), 'access')).toBe('OK');
    expect(await fixture.verdict(typed('rt+jwt', refreshClaims()), 'refresh')).toBe('OK');
  });

  it('is refused as the other kind by its type', async () => {
    expect(await fixture.verdict(typed('rt+jwt', refreshClaims()), 'access')).toBe('wrong_token_type');
    expect(await fixture.verdict(typed('at+jwt', accessClaims()), 'refresh')).toBe('wrong_token_type');
  });

  it('is refused as the other kind even with a false type, because of its audience', async () => {
    expect(await fixture.verdict(typed('at+jwt', refreshClaims()), 'access')).toBe('invalid_audience');
    expect(await fixture.verdict(typed('rt+jwt', accessClaims()), 'refresh')).toBe('invalid_audience');
    expect(await fixture.verdict(typed('rt+jwt', refreshClaims({ aud: [ISSUER, 'courses'] })), 'refresh')).toBe(
      'invalid_audience',
    );
  });

  it.each(['verify+jwt', 'reset+jwt', 'magic+jwt', 'mfa+jwt', 'state+jwt', 'csrf+jwt', 'JWT', 'logout+jwt'])(
    'is refused as an access token if it is a %s',
    async (typ) => {
      expect(await fixture.verdict(typed(typ, accessClaims()))).toBe('wrong_token_type');
    },
  );

  it('is refused as a refresh token without a login, even with the claim of a client', async () => {
    const machine = { kind: 'client', client_id: 'ada', sid: undefined };
    expect(await fixture.verdict(typed('rt+jwt', refreshClaims(machine)), 'refresh')).toBe('missing_claim');
    expect(await fixture.verdict(typed('at+jwt', accessClaims(machine)), 'access')).toBe('OK');
  });

  it('is refused for a kind that its issuer does not issue', async () => {
    const { keys, profile } = issuerNamed('https://only-access.example', key);
    const verifier = new TokenVerifier({
      issuers: [{ issuer: profile.issuer, keys, profiles: { access: profile } }],
      clock: new ManualClock(NOW * 1_000),
    });
    const token = typed('at+jwt', accessClaims({ iss: profile.issuer }));
    expect(await verdictOf(verifier.verify(token, 'access'))).toBe('OK');
    expect(await verdictOf(verifier.verify(token, 'refresh'))).toBe('wrong_token_type');
  });
});

function issuerNamed(issuer: string, verification: VerificationKey) {
  const { profiles } = trusting([verification], ['ES256'], { issuer });
  return {
    profile: profiles.access,
    keys: { find: (query: Parameters<typeof selectKey>[1]) => selectKey([verification], query) },
  };
}

const build = (...issuers: readonly TrustedIssuer[]) =>
  new TokenVerifier({ issuers, clock: new ManualClock(NOW * 1_000) });

function subjectOf({ oid }: Claims): string {
  if (typeof oid !== 'string') throw new TypeError('no oid');
  return oid;
}

describe('two issuers', () => {
  const FIRST = 'https://first.example';
  const SECOND = 'https://second.example';

  function both(first: VerificationKey, second: VerificationKey): TokenVerifier {
    const issuers = (
      [
        [FIRST, first],
        [SECOND, second],
      ] as const
    ).map(([issuer, verification]): TrustedIssuer => {
      const { keys, profile } = issuerNamed(issuer, verification);
      return { issuer, keys, profiles: { access: profile } };
    });
    return new TokenVerifier({ issuers, clock: new ManualClock(NOW * 1_000) });
  }

  it('stay separate, whatever ids their keys and subjects have', async () => {
    const [one, two] = [forger('ES256', { kid: 'same' }), forger('ES256', { kid: 'same' })];
    const [first, second] = await Promise.all([one, two].map(({ jwk }) => importOwnKey(jwk, { optionName: 'trust' })));
    if (first === undefined || second === undefined) throw new Error('two keys were imported');
    const verifier = both(first.verification, second.verification);
    const verdict = (iss: string, by: Forger) =>
      verdictOf(verifier.verify(typed('at+jwt', accessClaims({ iss }), by), 'access'));
    expect(await verdict(FIRST, one)).toBe('OK');
    expect(await verdict(SECOND, two)).toBe('OK');
    expect(await verdict(SECOND, one)).toBe('token_invalid');
    expect(await verdict(FIRST, two)).toBe('token_invalid');
    expect(await verdict(FIRST, one)).toBe('OK');
  });

  it('keep their subjects apart even if they publish the same key', async () => {
    const verifier = both(key, key);
    const claimed = await verifier.verify(typed('at+jwt', accessClaims({ iss: SECOND })), 'access');
    expect(claimed.subject).toEqual({ issuer: SECOND, id: 'ada' });
  });
});

describe('the unverified subject of a token', () => {
  it('is returned for a token of a trusted issuer, whatever its signature', () => {
    const token = typed('at+jwt', accessClaims({ exp: 1 }), forger('ES256'));
    expect(fixture.verifier.claimedSubject(token)).toEqual({ issuer: ISSUER, id: 'ada' });
  });

  it.each([
    ['that is not a token', () => 'x'],
    ['of another issuer', () => typed('at+jwt', accessClaims({ iss: 'https://attacker.example' }))],
    ['without issuer', () => typed('at+jwt', accessClaims({ iss: undefined }))],
    ['without subject', () => typed('at+jwt', accessClaims({ sub: undefined }))],
    ['with an empty subject', () => typed('at+jwt', accessClaims({ sub: '' }))],
    ['with a subject that is not text', () => typed('at+jwt', accessClaims({ sub: 1 }))],
  ])('is not returned for a token %s', (_, token) => {
    expect(fixture.verifier.claimedSubject(token())).toBeUndefined();
  });

  it('is read by the rules of the profile, and is undefined if that fails', () => {
    const { keys, profile } = issuerNamed(ISSUER, key);
    const issuers = [{ issuer: ISSUER, keys, profiles: { access: { ...profile, subjectOf } } }];
    const verifier = new TokenVerifier({ issuers, clock: new ManualClock(NOW * 1_000) });
    expect(verifier.claimedSubject(typed('at+jwt', accessClaims({ oid: 'o-1' })))?.id).toBe('o-1');
    expect(verifier.claimedSubject(typed('at+jwt', accessClaims()))).toBeUndefined();
  });
});

describe('an invalid verifier configuration', () => {
  it('trusts no issuer, or one issuer twice', () => {
    const { keys, profile } = issuerNamed(ISSUER, key);
    const trusted = { issuer: ISSUER, keys, profiles: { access: profile } };
    expect(() => build()).toThrow('no issuer is trusted');
    expect(() => build(trusted, trusted)).toThrow(`"${ISSUER}" is trusted twice`);
    expect(() => build(trusted)).not.toThrow();
  });

  it.each([
    ['has another issuer than its profile', { issuer: 'https://other.example' }, 'one issuer name'],
    ['lists no algorithm', { algorithms: [] }, 'a list of algorithms'],
    ['lists none', { algorithms: ['none' as never] }, 'a list of algorithms'],
    ['mixes secrets and public keys', { algorithms: ['HS256', 'RS256'] }, 'mixes HMAC'],
    ['accepts no type', { types: [] }, 'no token type'],
    ['has a tolerance of more than a minute', { toleranceSeconds: 61 }, 'clock tolerance'],
    ['has a negative tolerance', { toleranceSeconds: -1 }, 'clock tolerance'],
    ['has a tolerance that is not a number', { toleranceSeconds: Number.NaN }, 'clock tolerance'],
    ['names no audience', { audience: { claim: 'aud', accepted: [], exclusive: false } }, 'no audience'],
    ['names an empty audience', { audience: { claim: 'aud', accepted: [''], exclusive: false } }, 'no audience'],
    [
      'has two exclusive audiences',
      { audience: { claim: 'aud', accepted: ['a', 'b'], exclusive: true } },
      'several exclusive',
    ],
  ] satisfies [string, Partial<TokenProfile>, string][])('%s', (_, rules, problem) => {
    const { keys, profile } = issuerNamed(ISSUER, key);
    const attempt = () => build({ issuer: ISSUER, keys, profiles: { access: { ...profile, ...rules } } });
    expect(attempt).toThrow(AuthConfigurationError);
    expect(attempt).toThrow(problem);
  });
});
