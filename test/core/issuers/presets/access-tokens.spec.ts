// Providers that issue access tokens for an API of ours.
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { adfs, authentik, azureAdB2c, entra, oryHydra, supabase, zitadel } from 'nestjs-latchkey/issuers';
import { verdict, verify, verifierOf } from '../../support/external-tokens.js';
import { forger, NOW, verdictOf } from '../../support/token-forgery.js';
import { describePreset, known, type Shown, times, tokenOf } from '../../support/preset-suite.js';

const TENANT = '2f1e3b8a-0f5c-4f43-9d5c-6a0d0c7c1f11';
const accepting = { idTokens: true, requiredClaims: ['iat'], exactClaims: {}, accessTokenClaims: [] } as const;

const SUPABASE: Shown = {
  make: (way) => supabase({ url: 'https://abcdefghijklmnopqrst.supabase.co/', ...way }),
  jwksUri: 'https://abcdefghijklmnopqrst.supabase.co/auth/v1/.well-known/jwks.json',
  header: { typ: 'JWT' },
  claims: {
    iss: 'https://abcdefghijklmnopqrst.supabase.co/auth/v1',
    aud: 'authenticated',
    ...times,
    sub: '123e4567-e89b-12d3-a456-426614174000',
    role: 'authenticated',
    aal: 'aal1',
    session_id: 's1',
    email: 'ada@example.com',
    phone: '',
    is_anonymous: false,
    amr: [{ method: 'password', timestamp: NOW }],
    app_metadata: { provider: 'email', roles: ['teacher'] },
    user_metadata: { roles: ['admin'] },
  },
  verified: {
    subject: { id: '123e4567-e89b-12d3-a456-426614174000' },
    kind: 'user',
    scopes: [],
    roles: [],
    sid: 's1',
  },
  refused: [
    [{ role: 'service_role' }, 'wrong_token_type', { exactClaims: {} }],
    [{ role: 'anon' }, 'wrong_token_type', { exactClaims: {} }],
    [{ nonce: 'n', at_hash: 'h' }, 'wrong_token_type', { idTokens: true }],
    [{ session_id: undefined }, 'missing_claim', { requiredClaims: ['iat'] }],
    [{ is_anonymous: true }, 'invalid_claims', { upgradeClaims: (claims) => claims }],
    [{ is_anonymous: 'false' }, 'invalid_claims', { upgradeClaims: (claims) => claims }],
    [{ client_id: 'another-party' }, 'invalid_claims', { upgradeClaims: (claims) => claims }],
    [{ iss: 'supabase', ref: 'abcdefghijklmnopqrst', sub: undefined }, 'invalid_issuer'],
  ],
};
describePreset('supabase', SUPABASE);

describe('The preset supabase', () => {
  const [secret, another] = [randomBytes(40).toString('base64'), randomBytes(40).toString('base64')];
  const url = 'https://abcdefghijklmnopqrst.supabase.co';
  const k = Buffer.from(secret).toString('base64url');
  const old = tokenOf(SUPABASE, {}, forger('HS256', { kid: 'old', jwk: { kty: 'oct', k } }));
  const forgedWith = (key: string) =>
    tokenOf(SUPABASE, {}, forger('HS256', { jwk: { kty: 'oct', k: Buffer.from(key).toString('base64url') } }));

  it('accepts the legacy secret only while it is named, and no other one', async () => {
    const moving = await verifierOf(supabase({ url, legacyJwtSecret: secret }));
    expect(await verdictOf(moving.verify(old, 'access'))).toBe('OK');
    const other = forgedWith(another);
    expect(await verdictOf(moving.verify(other, 'access'))).toBe('token_invalid');
    expect(await verdict(old, supabase({ url }))).toBe('algorithm_not_allowed');
  });

  it('never prints a secret that it refuses', () => {
    for (const legacyJwtSecret of [undefined, '', 7]) {
      expect(() => supabase({ url, legacyJwtSecret: legacyJwtSecret as string })).toThrow(
        /supabase: legacyJwtSecret is .*; accepted is the secret of the project/,
      );
    }
  });

  it('accepts anonymous users and OAuth clients only if they are named', async () => {
    const anonymous = tokenOf(SUPABASE, { is_anonymous: true });
    expect(await verdict(anonymous, known(supabase({ url, anonymousUsers: true })))).toBe('OK');
    const acting = tokenOf(SUPABASE, { client_id: 'app-1' });
    expect(await verdict(acting, known(supabase({ url, oauthClients: ['app-1'] })))).toBe('OK');
    expect(await verdict(acting, known(supabase({ url, oauthClients: ['app-2'] })))).toBe('invalid_claims');
  });

  it('reads roles from the claims of the application, if told to', async () => {
    const made = { ...known(supabase({ url })), claims: { scopes: [], roles: 'app_metadata.roles' } };
    expect((await verify(tokenOf(SUPABASE), made)).roles).toEqual(['teacher']);
  });
});

const V1: Shown = {
  make: (way) => entra({ tenantId: TENANT, audience: 'api://courses', version: 1, ...way }),
  jwksUri: `https://login.microsoftonline.com/${TENANT}/discovery/keys`,
  header: { typ: 'JWT', x5t: 'thumbprint' },
  claims: {
    aud: 'api://courses',
    iss: `https://sts.windows.net/${TENANT}/`,
    nbf: NOW,
    ...times,
    acr: '1',
    amr: ['pwd'],
    appid: 'web',
    appidacr: '0',
    oid: 'o1',
    scp: 'Grades.Read Grades.Write',
    sub: 'pairwise',
    tid: TENANT,
    unique_name: 'ada@example.com',
    uti: 'u1',
    ver: '1.0',
    roles: ['Teacher'],
  },
  verified: {
    subject: { issuer: `https://sts.windows.net/${TENANT}/`, id: 'pairwise' },
    kind: 'user',
    scopes: ['Grades.Read', 'Grades.Write'],
    roles: ['Teacher'],
    jti: 'u1',
  },
  machine: { scp: undefined, sub: 'o1', idtyp: 'app' },
  refused: [
    // An ID token of version 1: it names no application that requested it.
    [{ appid: undefined, appidacr: undefined, scp: undefined }, 'missing_claim', { requiredClaims: ['iat'] }],
    [{ nonce: 'n' }, 'wrong_token_type', { idTokens: true }],
    [{ iss: `https://login.microsoftonline.com/${TENANT}/v2.0` }, 'invalid_issuer'],
    [{ iss: 'https://sts.windows.net/another/' }, 'invalid_issuer'],
  ],
};
describePreset('entra in version 1', V1);

describe('The preset entra', () => {
  const both = known(entra({ tenantId: TENANT, audience: 'api://courses', version: 'both' }));
  const second = { iss: `https://login.microsoftonline.com/${TENANT}/v2.0`, ver: '2.0', appid: undefined, azp: 'web' };

  it('accepts one tenant in both versions, with one subject per user', async () => {
    const [one, two] = [tokenOf(V1), tokenOf(V1, second)];
    const subject = { issuer: second.iss, id: 'pairwise' };
    expect((await verify(one, both)).subject).toEqual(subject);
    expect((await verify(two, both)).subject).toEqual(subject);
    // The ID token of either version names no application.
    expect(await verdict(tokenOf(V1, { appid: undefined }), both)).toBe('missing_claim');
    expect(await verdict(tokenOf(V1, { ...second, azp: undefined, appid: 'web' }), both)).toBe('missing_claim');
  });

  it('accepts many tenants in version 1 too', async () => {
    const some = known(entra({ tenants: (id) => id === TENANT, audience: 'api://courses', version: 1 }));
    expect(await verdict(tokenOf(V1), some)).toBe('OK');
    expect(await verdict(tokenOf(V1, { tid: 'other' }), some)).toBe('invalid_issuer');
    expect(await verdict(tokenOf(V1, { iss: 'https://sts.windows.net/other/', tid: 'other' }), some)).toBe(
      'invalid_issuer',
    );
  });
});

describePreset('azureAdB2c', {
  make: (way) =>
    azureAdB2c({
      tenantName: 'contoso',
      tenantId: TENANT,
      policies: ['B2C_1_signupsignin1', 'B2C_1A_invite'],
      audience: 'api1',
      ...way,
    }),
  jwksUri: 'https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_signupsignin1/discovery/v2.0/keys',
  header: { typ: 'JWT' },
  claims: {
    iss: `https://contoso.b2clogin.com/${TENANT}/v2.0/`,
    ...times,
    nbf: NOW,
    aud: 'api1',
    oid: 'o1',
    sub: 'o1',
    name: 'Ada',
    tfp: 'B2C_1_signupsignin1',
    nonce: 'anyRandomValue',
    scp: 'read write',
    azp: 'web',
    ver: '1.0',
  },
  verified: { subject: { id: 'o1' }, kind: 'user', scopes: ['read', 'write'], roles: [] },
  refused: [
    // Its ID token has no scopes, and a nonce.
    [{ scp: undefined }, 'wrong_token_type', accepting],
    [{ scp: undefined, nonce: undefined }, 'missing_claim', { requiredClaims: ['iat'] }],
    [{ at_hash: 'h' }, 'wrong_token_type', { idTokens: true }],
    [{ tfp: 'B2C_1_profile' }, 'wrong_token_type', { upgradeClaims: (claims) => claims }],
    [{ tfp: undefined }, 'wrong_token_type', { upgradeClaims: (claims) => claims }],
    [{ tfp: undefined, acr: 'b2c_1a_other' }, 'wrong_token_type', { upgradeClaims: (claims) => claims }],
    [{ iss: `https://contoso.b2clogin.com/${TENANT}/v2.0` }, 'invalid_issuer'],
  ],
});

describe('The preset azureAdB2c', () => {
  it('reads the policy from acr if a custom policy sends no tfp', async () => {
    const made = azureAdB2c({ tenantName: 'contoso', tenantId: TENANT, policies: 'B2C_1A_invite', audience: 'api1' });
    const claims = { iss: made.issuer, aud: 'api1', sub: 'o1', scp: 'read', azp: 'web', acr: 'b2c_1a_invite' };
    const shown = { make: () => made, jwksUri: '', header: { typ: 'JWT' }, claims: { ...claims, ...times } };
    expect(await verdict(tokenOf({ ...shown, verified: {}, refused: [] }), known(made))).toBe('OK');
  });
});

const ADFS: Shown = {
  make: (way) => adfs({ host: 'sts.example.com', audience: 'microsoft:identityserver:courses', ...way }),
  jwksUri: 'https://sts.example.com/adfs/discovery/keys',
  header: { typ: 'JWT', x5t: 'thumbprint' },
  claims: {
    aud: 'microsoft:identityserver:courses',
    iss: 'http://sts.example.com/adfs/services/trust',
    ...times,
    sub: 'ABC1DEF',
    upn: 'ada@example.com',
    apptype: 'Confidential',
    appid: 'web',
    authmethod: 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport',
    auth_time: '2020-05-27T07:02:58.916Z',
    ver: '1.0',
    scp: 'openid grades',
  },
  verified: { subject: { id: 'ABC1DEF' }, kind: 'user', scopes: ['openid', 'grades'], roles: [], authTime: undefined },
  machine: { upn: undefined, sub: undefined, scp: undefined },
  machineVerified: { subject: { issuer: 'http://sts.example.com/adfs/services/trust', id: 'web' } },
  refused: [
    // Its ID tokens are of the service's own name, and have everything else in common.
    [{ iss: 'https://sts.example.com/adfs' }, 'invalid_issuer', { issuer: 'https://sts.example.com/adfs' }],
    [{ appid: undefined }, 'missing_claim', { requiredClaims: ['iat'] }],
    [{ nonce: 'n' }, 'wrong_token_type', { idTokens: true }],
    [{ sub: undefined }, 'missing_subject'],
    [{ iss: 'https://sts.example.com/adfs/services/trust' }, 'invalid_issuer'],
  ],
};
describePreset('adfs', ADFS);

describe('The preset adfs', () => {
  it('takes another claim for the subject only by option', async () => {
    const made = adfs({
      host: 'sts.example.com',
      audience: 'microsoft:identityserver:courses',
      subjectClaim: 'objectid',
    });
    const token = tokenOf(ADFS, { objectid: 'o1', unique_name: ['Ada', 'EX\\ada'] });
    expect((await verify(token, known(made))).subject.id).toBe('o1');
    expect(await verdict(tokenOf(ADFS), known(made))).toBe('missing_subject');
  });
});

const PROJECT = '163840776835432705';
const ZITADEL: Shown = {
  make: (way) =>
    zitadel({
      url: 'https://example.zitadel.cloud',
      projectId: PROJECT,
      applications: 'app1',
      organizationId: '170086824411201793',
      ...way,
    }),
  jwksUri: 'https://example.zitadel.cloud/oauth/v2/keys',
  header: { typ: 'JWT' },
  claims: {
    iss: 'https://example.zitadel.cloud',
    sub: '170848145649959169',
    aud: ['app1', 'app2', PROJECT],
    ...times,
    nbf: NOW,
    jti: 'V2_1',
    client_id: 'app1',
    [`urn:zitadel:iam:org:project:${PROJECT}:roles`]: {
      teacher: { '170086824411201793': 'school.example.com' },
      admin: { '999': 'another.example.com' },
    },
    'urn:zitadel:iam:org:project:roles': { owner: { '170086824411201793': 'school.example.com' } },
  },
  verified: { subject: { id: '170848145649959169' }, kind: 'user', roles: ['teacher'], jti: 'V2_1' },
  machine: { client_id: 'grader-bot', sub: '7' },
  refused: [
    // Its ID token is meant for the project too.
    [{ jti: undefined, auth_time: NOW, azp: 'app1' }, 'missing_claim', { requiredClaims: ['iat'] }],
    [{ nonce: 'n', at_hash: 'h' }, 'wrong_token_type', { idTokens: true }],
    [{ iss: 'https://other.zitadel.cloud' }, 'invalid_issuer'],
  ],
};
describePreset('zitadel', ZITADEL);

describe('The preset zitadel', () => {
  it('reads no role without an organization, and accepts clients only for named applications', async () => {
    const made = known(zitadel({ url: 'https://example.zitadel.cloud', projectId: PROJECT, applications: ['app1'] }));
    expect((await verify(tokenOf(ZITADEL), made)).roles).toEqual([]);
    expect((await verify(tokenOf(ZITADEL, { client_id: undefined }), made)).kind).toBe('client');
    expect((await verify(tokenOf(ZITADEL, { client_id: undefined, azp: 'app1' }), made)).kind).toBe('user');
  });
});

const AUTHENTIK: Shown = {
  make: (way) =>
    authentik({ baseUrl: 'https://auth.example.com/', application: 'courses', clientId: 'client1', ...way }),
  jwksUri: 'https://auth.example.com/application/o/courses/jwks/',
  header: { typ: 'JWT' },
  claims: {
    iss: 'https://auth.example.com/application/o/courses/',
    sub: 'hashed',
    aud: 'client1',
    ...times,
    auth_time: NOW,
    acr: 'goauthentik.io/providers/oauth2/default',
    amr: ['pwd'],
    nonce: 'n',
    sid: 's1',
    groups: ['Billing Admin', 'teachers'],
    azp: 'client1',
    uid: 'random',
  },
  verified: {
    subject: { id: 'hashed' },
    kind: 'user',
    scopes: [],
    roles: ['Billing Admin', 'teachers'],
    jti: 'random',
    sid: 's1',
  },
  machine: { sid: undefined, nonce: undefined },
  refused: [
    [{ uid: undefined, azp: undefined }, 'wrong_token_type', accepting],
    [{ uid: undefined, nonce: undefined }, 'wrong_token_type', { accessTokenClaims: [] }],
    [{ at_hash: 'h' }, 'wrong_token_type', { idTokens: true }],
    [{ iss: 'https://auth.example.com/' }, 'invalid_issuer'],
  ],
};
describePreset('authentik', AUTHENTIK);

describe('The preset authentik', () => {
  it('accepts one issuer for all providers if configured so', async () => {
    const made = authentik({
      baseUrl: 'https://auth.example.com',
      application: 'courses',
      clientId: 'client1',
      issuerMode: 'global',
    });
    expect(await verdict(tokenOf(AUTHENTIK, { iss: 'https://auth.example.com/' }), known(made))).toBe('OK');
    expect(await verdict(tokenOf(AUTHENTIK), known(made))).toBe('invalid_issuer');
  });
});

describePreset('oryHydra', {
  make: (way) => oryHydra({ issuer: 'https://hydra.example.com/', audience: 'courses', ...way }),
  jwksUri: 'https://hydra.example.com/.well-known/jwks.json',
  header: { typ: 'JWT' },
  claims: {
    aud: ['courses'],
    client_id: 'web',
    ...times,
    ext: { role: 'admin' },
    iss: 'https://hydra.example.com/',
    jti: 'j1',
    nbf: NOW,
    scp: ['openid', 'grades'],
    sub: 'foo@bar.com',
  },
  verified: { subject: { id: 'foo@bar.com' }, kind: 'user', scopes: ['openid', 'grades'], roles: [], jti: 'j1' },
  machine: { sub: 'web' },
  refused: [
    [{ client_id: undefined, scp: undefined, rat: NOW }, 'missing_claim', { requiredClaims: ['iat'] }],
    [{ at_hash: 'h', nonce: 'n', sid: 's' }, 'wrong_token_type', { idTokens: true }],
    [{ aud: [] }, 'invalid_audience', { audience: false }],
    [{ iss: 'https://hydra.example.com' }, 'invalid_issuer'],
  ],
});
