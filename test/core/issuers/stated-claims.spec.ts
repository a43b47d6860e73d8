// Claims of external issuers are never read as more than they are: strings, kinds, audiences, and claims that restrict a token.
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { auth0 } from '../../../libs/auth/src/core/issuers/presets/auth0.js';
import { cognito } from '../../../libs/auth/src/core/issuers/presets/cognito.js';
import { entra } from '../../../libs/auth/src/core/issuers/presets/entra.js';
import { keycloak } from '../../../libs/auth/src/core/issuers/presets/keycloak.js';
import { okta } from '../../../libs/auth/src/core/issuers/presets/okta.js';
import type { TrustOptions } from '../../../libs/auth/src/core/issuers/external-issuer.js';
import { hasRoles, hasScopes } from '../../../libs/auth/src/core/policies/built-in-policies.js';
import type { Policy } from '../../../libs/auth/src/core/policies/policies.js';
import type { Principal } from '../../../libs/auth/src/core/base/principal.js';
import { publicOf, rsa, tokenWith, trusts, verdict, verify } from '../support/external-tokens.js';
import { forge, NOW, oneIssuer, accessClaims, verdictOf } from '../support/token-forgery.js';
import { requestWith } from '../support/core-fixture.js';

const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 300);

/** A preset with our own key under it. */
const withOurKey = (options: TrustOptions): TrustOptions => ({ ...options, keys: { jwks: { keys: [publicOf(rsa)] } } });

const okta_ = withOurKey(okta({ domain: 'example.okta.com', audience: 'courses' }));
const oktaToken = (changes: object) =>
  tokenWith({ iss: okta_.issuer, cid: 'web', uid: '00u1', ...changes }, { typ: undefined });
const keycloak_ = withOurKey(keycloak({ baseUrl: 'https://sso.example', realm: 'r', audience: 'courses' }));
const keycloakToken = (changes: object = {}) =>
  tokenWith({ iss: keycloak_.issuer, typ: 'Bearer', preferred_username: 'ada', sid: 's', ...changes }, { typ: 'JWT' });
const cognitoPool = (more: object = {}) =>
  withOurKey(cognito({ region: 'eu-central-1', userPoolId: 'p', clientId: 'client1', ...more }));
const cognitoToken = (changes: object = {}) =>
  tokenWith(
    { iss: cognitoPool().issuer, aud: undefined, client_id: 'client1', token_use: 'access', ...changes },
    { typ: undefined },
  );

async function rolesIn(token: string, options: TrustOptions) {
  return (await verify(token, options)).roles;
}

async function scopesIn(token: string, options: TrustOptions) {
  return (await verify(token, options)).scopes;
}

async function passes(policy: Policy, token: string, options: TrustOptions): Promise<boolean> {
  const verified = await verify(token, options);
  const principal = { ...verified, scopes: verified.scopes ?? [], roles: verified.roles ?? [] } as unknown as Principal;
  try {
    return (await policy({ principal, request: requestWith(), nowSeconds: NOW })) === true;
  } catch {
    return false;
  }
}

describe('A claim that is one string', () => {
  it('is one role, whatever it contains', async () => {
    const options = trusts({ claims: { roles: 'role' } });
    const token = tokenWith({ role: 'Billing Admin' });
    expect(await rolesIn(token, options)).toEqual(['Billing Admin']);
    expect(await passes(hasRoles('Admin'), token, options)).toBe(false);
    expect(await passes(hasRoles('Billing Admin'), token, options)).toBe(true);
    expect(await rolesIn(tokenWith({ role: ['Billing Admin', 'x'] }), options)).toEqual(['Billing Admin', 'x']);
  });

  it('is one group of Okta, of Cognito and of Entra', async () => {
    expect(await rolesIn(oktaToken({ groups: 'Billing Admin' }), okta_)).toEqual(['Billing Admin']);
    expect(await rolesIn(cognitoToken({ 'cognito:groups': 'Billing Admin' }), cognitoPool())).toEqual([
      'Billing Admin',
    ]);
    const tenant = withOurKey(entra({ tenantId: 't1', audience: 'courses' }));
    const token = tokenWith({ iss: tenant.issuer, azp: 'web', scp: 'a b', roles: 'Billing Admin' }, { typ: 'JWT' });
    expect(await rolesIn(token, tenant)).toEqual(['Billing Admin']);
    expect(await scopesIn(token, tenant)).toEqual(['a', 'b']);
  });

  it('is several scopes in `scope` alone, and if an entry says so', async () => {
    expect(await scopesIn(tokenWith({ scope: 'a b' }), trusts())).toEqual(['a', 'b']);
    expect(await scopesIn(tokenWith({ scope: ['a b', 'c'] }), trusts())).toEqual(['a b', 'c']);
    expect(await scopesIn(tokenWith({ scp: 'Billing Admin' }), trusts())).toEqual(['Billing Admin']);
    const spaced = trusts({ claims: { scopes: { spaceSeparated: 'scp' } } });
    expect(await scopesIn(tokenWith({ scp: 'a b' }), spaced)).toEqual(['a', 'b']);
    const read = trusts({ claims: { scopes: ({ rights }) => String(rights).split(',') } });
    expect(await scopesIn(tokenWith({ rights: 'a,b' }), read)).toEqual(['a', 'b']);
  });

  it('is one permission of Auth0 and one scope of Okta, whose documentation shows lists', async () => {
    const tenant = withOurKey(auth0({ domain: 'example.eu.auth0.com', audience: 'courses' }));
    const token = tokenWith({ iss: tenant.issuer, scope: 'a', permissions: 'billing admin' }, { typ: 'JWT' });
    expect(await scopesIn(token, tenant)).toEqual(['a', 'billing admin']);
    expect(await passes(hasScopes('admin'), token, tenant)).toBe(false);
    expect(await scopesIn(oktaToken({ scp: 'billing admin' }), okta_)).toEqual(['billing admin']);
  });

  it('never grants more: no role but the whole string, no scope but those between spaces', async () => {
    const texts = fc.oneof(fc.string(), fc.array(fc.string(), { maxLength: 3 }));
    await fc.assert(
      fc.asyncProperty(texts, texts, async (role, scope) => {
        const { roles = [], scopes = [] } = await verify(
          tokenWith({ role, scope }),
          trusts({ claims: { roles: 'role', scopes: 'scope' } }),
        );
        const said = (given: string | readonly string[]) => new Set([given].flat().filter((one) => one !== ''));
        expect(new Set(roles)).toEqual(said(role));
        const granted = typeof scope === 'string' ? scope.split(' ') : scope;
        expect(new Set(scopes)).toEqual(said(granted));
      }),
      { numRuns: RUNS },
    );
  });

  it('is one audience', async () => {
    expect(await verdict(tokenWith({ aud: 'courses other' }), trusts())).toBe('invalid_audience');
    expect(await verdict(tokenWith({ aud: 'courses,other' }), trusts())).toBe('invalid_audience');
  });

  it('is not a flag and not a time: a restriction that cannot be read is refused', async () => {
    for (const is_restricted of ['true', 'false', 1, 0, []])
      expect(await verdict(tokenWith({ is_restricted }), trusts())).toBe('invalid_claims');
    for (const name of ['exp', 'iat', 'nbf'])
      expect(await verdict(tokenWith({ [name]: String(NOW) }), trusts())).toBe('invalid_claims');
  });
});

describe('A client that acts for itself', () => {
  const kindOf = async (changes: object) => (await verify(tokenWith(changes), trusts())).kind;

  it('is not read as a user by any of its usual claims', async () => {
    for (const changes of [
      { client_id: 'ada' },
      { azp: 'ada' },
      { gty: 'client-credentials' },
      { grant_type: 'client_credentials' },
    ]) {
      expect(await kindOf(changes)).toBe('client');
    }
    for (const changes of [{ azp: 'web' }, { gty: 'password' }, { grant_type: 'password' }, { client_id: 'web' }])
      expect(await kindOf(changes)).toBe('user');
  });

  it('is recognised in Entra by the absence of scopes, in every form', async () => {
    const tenant = withOurKey(entra({ tenantId: 't1', audience: 'courses' }));
    const kind = async (scp: unknown) =>
      (await verify(tokenWith({ iss: tenant.issuer, azp: 'web', scp }, { typ: 'JWT' }), tenant)).kind;
    expect(await kind('Grades.Read')).toBe('user');
    for (const scp of [undefined, null, '']) expect(await kind(scp)).toBe('client');
  });

  it('is recognised in Keycloak without its user name, which a client scope may leave out', async () => {
    const kind = async (changes: object) => (await verify(keycloakToken(changes), keycloak_)).kind;
    expect(await kind({})).toBe('user');
    expect(await kind({ preferred_username: undefined })).toBe('user');
    expect(await kind({ preferred_username: undefined, client_id: 'batch' })).toBe('client');
    expect(await kind({ preferred_username: undefined, clientId: 'batch' })).toBe('client');
    expect(await kind({ preferred_username: undefined, sid: undefined })).toBe('client');
  });
});

describe('A token that is bound to a key', () => {
  const confirmations = [
    { jkt: 'x' },
    { 'x5t#S256': 'x' },
    { jwk: {} },
    { jwe: 'x' },
    { kid: 'x' },
    { jku: 'https://x.example' },
    {},
    'x',
    true,
    [],
  ];

  it.each(confirmations)('by %j is not a bearer token, of other issuers or of ours', async (cnf) => {
    expect(await verdict(tokenWith({ cnf }), trusts())).toBe('invalid_claims');
    expect(await verdict(keycloakToken({ cnf }), keycloak_)).toBe('invalid_claims');
    const { by, verdict: own } = await oneIssuer();
    const token = (claims: object) => forge({ alg: by.alg, kid: by.kid, typ: 'at+jwt' }, accessClaims(claims), by);
    expect([await own(token({ cnf })), await own(token({}))]).toEqual(['invalid_claims', 'OK']);
  });

  it('is accepted if the entry allows it by name', async () => {
    expect(await verdict(tokenWith({ cnf: { jkt: 'x' } }), trusts({ boundTokens: true }))).toBe('OK');
  });

  it('is not bound by a null claim', async () => {
    expect(await verdict(tokenWith({ cnf: null }), trusts())).toBe('OK');
  });
});

describe('An audience beside the configured claim', () => {
  it('must name this service too', async () => {
    expect(await verdict(cognitoToken(), cognitoPool())).toBe('OK');
    expect(await verdict(cognitoToken({ aud: null }), cognitoPool())).toBe('OK');
    for (const aud of ['https://payments.example', ['https://payments.example'], [], '', 7])
      expect(await verdict(cognitoToken({ aud }), cognitoPool())).toBe('invalid_audience');
    expect(await verdict(cognitoToken({ aud: 'client1' }), cognitoPool())).toBe('OK');
  });

  it('may be the resource that an app client of Cognito requested', async () => {
    const pool = cognitoPool({ resource: 'https://courses.example' });
    expect(await verdict(cognitoToken({ aud: 'https://courses.example' }), pool)).toBe('OK');
    expect(await verdict(cognitoToken({ aud: ['https://courses.example'] }), pool)).toBe('OK');
    expect(await verdict(cognitoToken({ aud: 'https://payments.example' }), pool)).toBe('invalid_audience');
    expect(await verdict(cognitoToken({ client_id: 'other', aud: 'https://courses.example' }), pool)).toBe(
      'invalid_audience',
    );
  });
});

describe('A token that names its own kind', () => {
  const jwt = trusts({ types: ['jwt'] });
  const verdictOn = (changes: object, options = jwt) => verdict(tokenWith(changes, { typ: 'JWT' }), options);

  it.each([
    { token_use: 'id' },
    { token_use: 'refresh' },
    { token_type: 'refresh' },
    { token_type: 'id_token' },
    { type: 'refresh' },
    { typ: 'ID' },
    { typ: 'Refresh' },
    { typ: 'Offline' },
    { typ: 'Logout' },
    { use: 'id' },
    { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } },
  ])('as %j is not an access token, without any rule of the entry', async (changes) => {
    expect(await verdictOn(changes)).toBe('wrong_token_type');
  });

  it.each([
    { token_use: 'access' },
    { token_type: 'Bearer' },
    { token_type: 'access' },
    { typ: 'Bearer' },
    { type: 'user' },
    { act: { sub: 'robot' } },
    { may_act: { sub: 'robot' } },
    { events: null },
  ])('as %j is an access token', async (changes) => {
    expect(await verdictOn(changes)).toBe('OK');
  });

  it('is an ID token if ID tokens are accepted, and nothing else', async () => {
    const options = trusts({ types: ['jwt'], idTokens: true });
    expect(await verdictOn({ token_use: 'id', nonce: 'n' }, options)).toBe('OK');
    expect(await verdictOn({ token_use: 'refresh' }, options)).toBe('wrong_token_type');
  });
});

describe('A nonce', () => {
  const ask = (changes: object, rules: Partial<TrustOptions>) =>
    verdict(tokenWith({ nonce: 'n', ...changes }, { typ: 'JWT' }), trusts({ types: ['jwt'], ...rules }));

  it('is accepted in access tokens of Keycloak before 25, and never in an ID token', async () => {
    expect(await verdict(keycloakToken({ nonce: 'n' }), keycloak_)).toBe('OK');
    expect(await verdict(keycloakToken({ nonce: 'n', typ: 'ID' }), keycloak_)).toBe('wrong_token_type');
    expect(await verdict(keycloakToken({ nonce: 'n', typ: undefined }), keycloak_)).toBe('wrong_token_type');
    expect(await verdict(keycloakToken({ at_hash: 'h' }), keycloak_)).toBe('wrong_token_type');
  });

  it.each<readonly [string, object, Partial<TrustOptions>]>([
    ['a claim about the kind', { token_use: 'access' }, { exactClaims: { token_use: 'access' } }],
    ['a claim that is said to be of access tokens alone', { uid: 'u' }, { accessTokenClaims: ['uid'] }],
    ['a required claim that no ID token has', { scp: 'a' }, { requiredClaims: ['iat', 'scp'] }],
  ])('is accepted if the kind is proved by %s', async (_, claims, rules) => {
    expect(await ask(claims, rules)).toBe('OK');
    expect(await ask({}, rules)).toBe('wrong_token_type');
    expect(await ask({ ...claims, at_hash: 'h' }, rules)).toBe('wrong_token_type');
  });

  it.each<readonly [string, object, Partial<TrustOptions>]>([
    ['nothing', { scope: 'a', azp: 'web' }, {}],
    ['a value that ID tokens have too', { azp: 'web' }, { exactClaims: { azp: 'web' } }],
    ['a required claim that ID tokens have too', { azp: 'web' }, { requiredClaims: ['azp'] }],
  ])('marks an ID token if the kind is proved by %s', async (_, claims, rules) => {
    expect(await ask(claims, rules)).toBe('wrong_token_type');
  });

  it('marks an ID token among our own tokens, whatever else they hold', async () => {
    const { by, verdict: own } = await oneIssuer();
    const claims = accessClaims({ nonce: 'n', scope: 'a', token_use: 'access' });
    expect(await own(forge({ alg: by.alg, kid: by.kid, typ: 'at+jwt' }, claims, by))).toBe('wrong_token_type');
  });
});

describe('A claim that cannot be read', () => {
  it('counts as absent if no rule needs it', async () => {
    for (const auth_time of ['2026-11-29T12:00:00Z', String(NOW), null, -1, 1e300, {}]) {
      expect((await verify(tokenWith({ auth_time }), trusts())).authTime).toBeUndefined();
      const asked = trusts({ requiredClaims: ['iat', 'auth_time'] });
      expect(await verdict(tokenWith({ auth_time }), asked)).toBe(
        auth_time === null ? 'missing_claim' : 'invalid_claims',
      );
    }
    expect((await verify(tokenWith({ auth_time: NOW - 60 }), trusts())).authTime).toBe(NOW - 60);
  });

  it('counts as absent if it is null, and as missing if it is required', async () => {
    const nothing = { jti: null, sid: null, scope: null, scp: null, nbf: null, nonce: null, role: null, cnf: null };
    const options = trusts({ claims: { roles: 'role' } });
    const verified = await verify(tokenWith({ ...nothing, tenant: null }), options);
    expect(verified).toMatchObject({ jti: undefined, sid: undefined, scopes: [], roles: [], restricted: false });
    expect('tenant' in verified.claims).toBe(false);
    expect(Object.getPrototypeOf(verified.claims)).toBeNull();
    for (const name of ['iss', 'exp', 'iat', 'aud', 'sub'])
      expect(await verdict(tokenWith({ [name]: null }), options)).toMatch(/^missing|invalid_issuer/);
    expect(await verdict(tokenWith({ tenant: null }), trusts({ requiredClaims: ['tenant'] }))).toBe('missing_claim');
  });

  it('refuses a token of our own, which never holds one', async () => {
    const { by, verifier } = await oneIssuer();
    for (const changes of [{ auth_time: 'now' }, { auth_time: null }, { jti: null }, { scope: null }]) {
      const token = forge({ alg: by.alg, kid: by.kid, typ: 'at+jwt' }, accessClaims(changes), by);
      expect(await verdictOf(verifier.verify(token, 'access'))).toBe('invalid_claims');
    }
  });
});
