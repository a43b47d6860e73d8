// External tokens have rules of their own: claims, size and age are those of their issuers, within
// bounds that an application can configure; and a refusal names the rule.
import { describe, expect, it } from '@jest/globals';
import type { BlocklistService } from '../../../libs/auth/src/core/logins/blocklist-service.js';
import { AuthError, reasonText } from '../../../libs/auth/src/core/base/errors.js';
import { auth0 } from '../../../libs/auth/src/core/issuers/presets/auth0.js';
import { entra } from '../../../libs/auth/src/core/issuers/presets/entra.js';
import { keycloak } from '../../../libs/auth/src/core/issuers/presets/keycloak.js';
import { okta } from '../../../libs/auth/src/core/issuers/presets/okta.js';
import {
  externalIssuer,
  trustProblems,
  type TrustOptions,
} from '../../../libs/auth/src/core/issuers/external-issuer.js';
import { TokenVerifier } from '../../../libs/auth/src/core/tokens/token-verifier.js';
import { publicOf, rsa, tokenWith, trusts, verdict, verify } from '../support/external-tokens.js';
import { accessClaims, forge, ISSUER, NOW, oneIssuer, verdictOf } from '../support/token-forgery.js';
import { codeOf, payloadOf, rig } from '../support/core-fixture.js';
import { ManualClock } from '../../support/clocks.js';

const DAY = 86_400;
const withOurKey = (options: TrustOptions): TrustOptions => ({ ...options, keys: { jwks: { keys: [publicOf(rsa)] } } });
const listOf = (count: number, make: (index: number) => string) => Array.from({ length: count }, (_, i) => make(i));

/** A token of exactly this many characters. Not every length of a segment can be written, so that the header helps. */
function sized(length: number, changes: object = {}): string {
  for (const word of ['', 'x', 'xx', 'xxx']) {
    const filled = (count: number) => tokenWith({ ...changes, pad: 'x'.repeat(count) }, { word });
    const guess = Math.floor((length - filled(0).length) * 0.75);
    const tokens = [-3, -2, -1, 0, 1, 2, 3].map((step) => filled(guess + step));
    const found = tokens.find((token) => token.length === length);
    if (found !== undefined) return found;
  }
  throw new Error('no token has that length');
}

/** As if it had been issued long before anything was revoked. */
async function verifyOld(claims: object) {
  return { ...(await verify(tokenWith(claims), trusts())), issuedAt: 0 };
}

async function reasonOf(token: string, options: TrustOptions): Promise<string> {
  const error: unknown = await verify(token, options).catch((cause: unknown) => cause);
  if (!(error instanceof AuthError)) throw error;
  return `${error.code}: ${error.reason === undefined ? 'no reason' : reasonText(error.reason)}`;
}

describe('A large external token', () => {
  it('is accepted as Keycloak makes it, with 8,585 bytes and 41 audiences', async () => {
    const realm = withOurKey(keycloak({ baseUrl: 'https://sso.example', realm: 'r', audience: 'courses' }));
    const base = { iss: realm.issuer, typ: 'Bearer', preferred_username: 'ada', sid: 's' };
    const roles = Object.fromEntries(listOf(150, (i) => `client-${i}`).map((name) => [name, { roles: ['view'] }]));
    const aud = ['courses', ...listOf(40, (i) => `service-${i}`)];
    const token = tokenWith({ ...base, aud, resource_access: roles, pad: 'x'.repeat(1_500) }, { typ: 'JWT' });
    expect(token.length).toBeGreaterThan(8_585);
    expect(await verdict(token, realm)).toBe('OK');
  });

  it('is accepted as Entra makes it, with 157 groups', async () => {
    const tenant = withOurKey(entra({ tenantId: 't1', audience: 'courses' }));
    const groups = listOf(157, (i) => `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`);
    const token = tokenWith({ iss: tenant.issuer, azp: 'web', scp: 'a', groups }, { typ: 'JWT' });
    expect(token.length).toBeGreaterThan(8_192);
    expect(await verdict(token, tenant)).toBe('OK');
  });

  it('is accepted up to what fits into a request, and refused with a code of its own beyond it', async () => {
    expect(await verdict(sized(16_384), trusts())).toBe('OK');
    expect(await reasonOf(sized(16_385), trusts())).toBe(
      'token_too_large: token: must not be longer than 16384 characters (option limits.token)',
    );
    expect(new AuthError('token_too_large').status).toBe(401);
  });

  it('may have a higher or lower limit in its entry', async () => {
    expect(await verdict(sized(30_000), trusts({ limits: { token: 30_000 } }))).toBe('OK');
    expect(await verdict(sized(30_001), trusts({ limits: { token: 30_000 } }))).toBe('token_too_large');
    expect(await verdict(sized(5_001), trusts({ limits: { token: 5_000 } }))).toBe('token_too_large');
  });

  it('does not raise the limit of another entry or of our own tokens', async () => {
    const wide = trusts({ issuer: 'https://wide.example', limits: { token: 30_000 } });
    expect(await verdict(sized(20_000, { iss: wide.issuer }), wide, trusts())).toBe('OK');
    expect(await verdict(sized(20_000), wide, trusts())).toBe('token_too_large');
    const own = await oneIssuer();
    const clock = new ManualClock(NOW * 1_000);
    const foreign = await externalIssuer(wide, { clock, toleranceSeconds: 5 });
    const keys = { find: () => Promise.reject(new Error('asked for a key')) };
    const issuers = [{ issuer: ISSUER, keys, profiles: own.profiles }, foreign];
    const large = forge({ alg: 'ES256', typ: 'at+jwt' }, accessClaims({ pad: 'x'.repeat(9_000) }), own.by);
    expect(await verdictOf(new TokenVerifier({ issuers, clock }).verify(large, 'access'))).toBe('token_too_large');
  });

  it('may name as many audiences as its entry allows', async () => {
    const aud = (count: number) => ['courses', ...listOf(count - 1, (i) => `s${i}`)];
    expect(await verdict(tokenWith({ aud: aud(1_000) }), trusts())).toBe('OK');
    expect(await reasonOf(tokenWith({ aud: aud(1_001) }), trusts())).toBe(
      'invalid_audience: aud: must not have more than 1000 entries (option limits.audiences)',
    );
    expect(await verdict(tokenWith({ aud: aud(1_001) }), trusts({ limits: { audiences: 1_001 } }))).toBe('OK');
  });

  it('may have a subject and ids of any length, which a store of ours keeps as digests', async () => {
    const ids = { sub: 's'.repeat(400), jti: 'j'.repeat(400), sid: 'f'.repeat(400) };
    const verified = await verifyOld(ids);
    const { subject, jti, sid } = verified;
    expect([subject.id, jti, sid]).toEqual([ids.sub, ids.jti, ids.sid]);
    const ends = {
      token: (list: BlocklistService) => list.revokeToken(verified),
      login: (list: BlocklistService) => list.revokeLogin({ issuer: ISSUER, sid: ids.sid }),
      subject: (list: BlocklistService) => list.revokeSubject(subject),
    };
    for (const end of Object.values(ends)) {
      const { blocklist, stores } = await rig();
      await end(blocklist);
      expect(await codeOf(blocklist.assertNotRevoked(verified))).toBe('token_revoked');
      const others = { sub: `${ids.sub}x`, jti: `${ids.jti}x`, sid: `${ids.sid}x` };
      expect(await codeOf(blocklist.assertNotRevoked(await verifyOld(others)))).toBe('accepted');
      const [kept] = await stores.revocations.list({ now: 0, limit: 10 });
      expect(kept?.id).toMatch(/^sha256:[\w-]{43}$/);
    }
  });

  it('keeps the one login that is excepted, however long its id is', async () => {
    const { blocklist } = await rig();
    const sid = 'f'.repeat(400);
    const verified = await verifyOld({ sid });
    await blocklist.revokeSubject(verified.subject, { exceptSid: sid });
    expect(await codeOf(blocklist.assertNotRevoked(verified))).toBe('accepted');
    expect(await codeOf(blocklist.assertNotRevoked(await verifyOld({ sid: 'other' })))).toBe('token_revoked');
  });
});

describe('A long-lived external token', () => {
  const tenant = withOurKey(auth0({ domain: 'example.eu.auth0.com', audience: 'courses' }));
  const token = (seconds: number) => tokenWith({ iss: tenant.issuer, exp: NOW + seconds }, { typ: 'JWT' });

  it('is refused with the limit and the option that raises it', async () => {
    expect(await verdict(token(DAY), tenant)).toBe('OK');
    expect(await reasonOf(token(DAY + 1), tenant)).toBe(
      'invalid_claims: exp: must not be more than 86400 seconds after iat (option maxLifetime)',
    );
  });

  it('is accepted by a preset that is configured as its provider is', async () => {
    const monthly = auth0({ domain: 'example.eu.auth0.com', audience: 'courses', maxLifetime: '30d' });
    expect(trustProblems([monthly])).toEqual([]);
    expect(await verdict(token(30 * DAY), withOurKey(monthly))).toBe('OK');
    expect(await verdict(token(30 * DAY + 1), withOurKey(monthly))).toBe('invalid_claims');
    const yearly = okta({ domain: 'example.okta.com', audience: 'courses', maxLifetime: '366d' });
    expect(yearly).toMatchObject({ maxLifetime: '366d' });
    expect(yearly.keys).not.toHaveProperty('maxLifetime');
  });

  it('may not be older than its entry allows, whatever its expiry', async () => {
    const options = trusts({ maxAge: '10m', maxLifetime: '1d' });
    const aged = (seconds: number) => tokenWith({ iat: NOW - seconds, exp: NOW + 3_600 });
    expect(await verdict(aged(600), options)).toBe('OK');
    expect(await verdict(aged(605), options)).toBe('OK');
    expect(await reasonOf(aged(606), options)).toBe(
      'token_expired: iat: must not be more than 600 seconds ago (option maxAge)',
    );
    const undated = trusts({ maxAge: '10m', requiredClaims: [] });
    expect(await verdict(tokenWith({ iat: undefined }), undated)).toBe('missing_claim');
    expect(await verdict(aged(606), trusts())).toBe('OK');
  });
});

describe('A required claim', () => {
  it('is a value, or one of several', async () => {
    const options = trusts({ claimEquals: { tenant: 'school', 'org.level': [1, 2], email_verified: true } });
    const good = { tenant: 'school', org: { level: 2 }, email_verified: true };
    expect(await verdict(tokenWith(good), options)).toBe('OK');
    for (const changes of [
      { tenant: 'other' },
      { tenant: ['school'] },
      { tenant: 'School' },
      { tenant: 'school other' },
      { org: { level: '1' } },
      { org: { level: 3 } },
      { email_verified: 'true' },
      { email_verified: 1 },
    ])
      expect(await verdict(tokenWith({ ...good, ...changes }), options)).toBe('invalid_claims');
    expect(await verdict(tokenWith({ ...good, tenant: undefined }), options)).toBe('missing_claim');
    expect(await reasonOf(tokenWith({ ...good, tenant: 'secret-tenant' }), options)).toBe(
      'invalid_claims: tenant: must be one of the required values (option claimEquals)',
    );
  });

  it('is a list with a value, or with all of several', async () => {
    const options = trusts({ claimIncludes: { groups: ['staff', 'teachers'], amr: 'mfa' } });
    const good = { groups: ['teachers', 'x', 'staff'], amr: ['pwd', 'mfa'] };
    expect(await verdict(tokenWith(good), options)).toBe('OK');
    for (const changes of [{ groups: ['staff'] }, { groups: 'staff teachers' }, { amr: 'mfa' }, { amr: [] }])
      expect(await verdict(tokenWith({ ...good, ...changes }), options)).toBe('invalid_claims');
    expect(await verdict(tokenWith({ ...good, amr: null }), options)).toBe('missing_claim');
  });

  it('is of one of several kinds', async () => {
    const options = trusts({ exactClaims: { token_use: ['access', 'service'] } });
    expect(await verdict(tokenWith({ token_use: 'service' }), options)).toBe('OK');
    expect(await reasonOf(tokenWith({ token_use: 'other' }), options)).toBe(
      'wrong_token_type: token_use: must have the exact value (option exactClaims)',
    );
  });

  it('is one audience and not a list, if the entry is strict about it', async () => {
    const options = trusts({ exclusiveAudience: true });
    expect(await verdict(tokenWith({ aud: 'courses' }), options)).toBe('OK');
    for (const aud of [['courses'], ['courses', 'other'], 'other'])
      expect(await verdict(tokenWith({ aud }), options)).toBe('invalid_audience');
    expect(await reasonOf(tokenWith({ aud: ['courses'] }), options)).toMatch(/option exclusiveAudience/);
  });
});

describe('The refusal of an external token', () => {
  const cases: readonly (readonly [string, object, object, Partial<TrustOptions>])[] = [
    ['missing_claim: tenant: is required (option requiredClaims)', {}, {}, { requiredClaims: ['tenant'] }],
    ['missing_claim: exp: is required', { exp: undefined }, {}, {}],
    ['missing_claim: aud: is required (option audience)', { aud: undefined }, {}, {}],
    ['invalid_audience: aud: must name an accepted audience (option audience)', { aud: 'x' }, {}, {}],
    [
      'invalid_audience: client_id: must name an accepted audience (option audience)',
      { client_id: 'x' },
      {},
      { claims: { audience: 'client_id' } },
    ],
    ['wrong_token_type: typ header: must be at+jwt (option types)', {}, { typ: 'JWT' }, {}],
    ['wrong_token_type: typ header: must be absent or jwt (option types)', {}, {}, { types: ['', 'JWT'] }],
    ['wrong_token_type: nonce: marks an ID token (option accessTokenClaims)', { nonce: 'n' }, {}, {}],
    ['wrong_token_type: at_hash: marks an ID token (option idTokens)', { at_hash: 'n' }, {}, {}],
    ['wrong_token_type: token_use: names a token of another kind (option exactClaims)', { token_use: 'id' }, {}, {}],
    [
      'wrong_token_type: uid: must be there in access tokens (option accessTokenClaims)',
      {},
      {},
      { accessTokenClaims: ['uid'] },
    ],
    [
      'invalid_claims: cnf: binds the token to a key, whose proof is not checked here (option boundTokens)',
      { cnf: {} },
      {},
      {},
    ],
    ['invalid_claims: iat: must be a number of seconds since 1970', { iat: 'now' }, {}, {}],
    ['invalid_claims: scope: must be a string or a list of strings', { scope: 7 }, {}, {}],
    [
      'invalid_claims: groups: must be a string or a list of strings',
      { groups: [7] },
      {},
      { claims: { roles: 'groups' } },
    ],
    ['invalid_claims: is_restricted: must be true or false', { is_restricted: 'false' }, {}, {}],
    ['invalid_claims: jti: must be a string that is not empty and has no control characters', { jti: 7 }, {}, {}],
    ['invalid_claims: client: could not be read', {}, {}, { isClient: () => JSON.parse('{') as boolean }],
    ['missing_subject: sub: must name the subject (option claims.subject)', { sub: undefined }, {}, {}],
    ['token_expired: exp: must be in the future', { iat: NOW - 100, exp: NOW - 60 }, {}, {}],
    [
      'token_not_yet_valid: nbf: must not be more than 5 seconds ahead (option clockTolerance)',
      { nbf: NOW + 60 },
      {},
      {},
    ],
    [
      'unsupported_token_version: version: must be a version up to 1 (option supportedMajor)',
      { version: '2' },
      {},
      { supportedMajor: 1 },
    ],
    ['token_malformed: crit header: is not supported', {}, { crit: ['b64'] }, {}],
  ];

  it('names the fault in its form, its issuer and its key', async () => {
    const jwks = { keys: [Object.assign(publicOf(rsa), { issuer: 'https://other.example' })] };
    const reasons = await Promise.all([
      reasonOf('a.b', trusts()),
      reasonOf('YQ.YQ.=', trusts()),
      reasonOf(tokenWith({}, { alg: undefined }), trusts()),
      reasonOf(tokenWith({ iss: 'https://evil.example' }), trusts()),
      reasonOf(tokenWith({}, { alg: 'ES512' }), trusts()),
      reasonOf(tokenWith({}, { kid: 'unknown' }), trusts()),
      reasonOf(tokenWith(), trusts({ keys: { jwks } })),
    ]);
    expect(reasons).toEqual([
      'token_malformed: token: must be three parts with dots between them',
      'token_malformed: token: must be base64url without padding',
      'token_malformed: alg header: is required',
      'invalid_issuer: iss: must be an issuer of ours, to the last character (option trust)',
      'algorithm_not_allowed: alg header: must be RS256 or ES256, and the token names ES512 (option algorithms)',
      'unknown_key: kid header: must name a key of the issuer',
      'unknown_key: kid header: must name a key that is of the issuer of the token',
    ]);
  });

  it.each(cases)('says %s', async (sentence, claims, header, rules) => {
    expect(await reasonOf(tokenWith(claims, header), trusts(rules))).toBe(sentence);
  });

  it('never holds a value of the token', async () => {
    const secret = 'hunter2-hunter2';
    const names = Object.keys(
      payloadOf(tokenWith({ jti: 1, sid: 1, scope: 1, nbf: 1, cnf: 1, role: 1, version: 1, auth_time: 1 })),
    );
    const options = trusts({ claims: { roles: 'role' }, supportedMajor: 1, requiredClaims: ['iat', 'auth_time'] });
    for (const name of names) {
      for (const value of [secret, [secret], { [secret]: secret }, [{ a: secret }]]) {
        const error: unknown = await verify(tokenWith({ [name]: value }), options).catch((cause: unknown) => cause);
        if (!(error instanceof AuthError)) continue;
        const { reason = { rule: '' } } = error;
        expect(reasonText(reason)).not.toContain(secret);
      }
    }
  });
});
