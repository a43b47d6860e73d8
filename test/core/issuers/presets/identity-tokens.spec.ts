// Providers whose tokens for an API are ID tokens, or look like them.
import { describe, expect, it } from '@jest/globals';
import { apple, clerk, firebase } from 'nestjs-latchkey/issuers';
import { verdict, verify } from '../../support/external-tokens.js';
import { NOW } from '../../support/token-forgery.js';
import { describePreset, known, type Shown, times, tokenOf } from '../../support/preset-suite.js';

const FIREBASE: Shown = {
  make: (way) => firebase({ projectId: 'school-1a2b3', ...way }),
  jwksUri: 'https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com',
  header: { typ: 'JWT' },
  claims: {
    iss: 'https://securetoken.google.com/school-1a2b3',
    aud: 'school-1a2b3',
    auth_time: NOW - 60,
    user_id: 'Zx9',
    sub: 'Zx9',
    ...times,
    email: 'ada@example.com',
    email_verified: true,
    firebase: { identities: { email: ['ada@example.com'] }, sign_in_provider: 'password' },
  },
  verified: { subject: { id: 'Zx9' }, kind: 'user', scopes: [], roles: [], authTime: NOW - 60 },
  refused: [
    [{ firebase: undefined }, 'missing_claim', { requiredClaims: ['iat'] }],
    [{ firebase: 'password' }, 'invalid_claims'],
    [{ iss: 'https://session.firebase.google.com/school-1a2b3' }, 'invalid_issuer'],
    [{ iss: 'https://accounts.google.com' }, 'invalid_issuer'],
    [{ token_use: 'refresh' }, 'wrong_token_type'],
    [{ sub: '' }, 'missing_subject'],
  ],
};
describePreset('firebase', FIREBASE);

describe('The preset firebase and its sign-ins', () => {
  const signedIn = (how: object) => tokenOf(FIREBASE, { firebase: how });
  const project = (changes: object = {}) => known(firebase({ projectId: 'school-1a2b3', ...changes }));

  it('refuses anonymous users, unless it is told to accept them', async () => {
    const token = signedIn({ sign_in_provider: 'anonymous', identities: {} });
    expect(await verdict(token, project())).toBe('invalid_claims');
    expect(await verdict(token, project({ anonymousUsers: true }))).toBe('OK');
    expect(await verdict(signedIn({ identities: {} }), project())).toBe('invalid_claims');
  });

  it('accepts the users of named tenants, and those without a tenant only if none is named', async () => {
    const [of, none] = [signedIn({ sign_in_provider: 'password', tenant: 'a' }), tokenOf(FIREBASE)];
    expect(await verdict(of, project())).toBe('invalid_claims');
    expect(await verdict(of, project({ tenantId: ['a', 'b'] }))).toBe('OK');
    expect(await verdict(of, project({ tenantId: 'b' }))).toBe('invalid_claims');
    expect(await verdict(none, project({ tenantId: 'a' }))).toBe('invalid_claims');
  });
});

const APPLE: Shown = {
  make: (way) => apple({ clientId: ['com.example.courses', 'com.example.courses.web'], ...way }),
  jwksUri: 'https://appleid.apple.com/auth/keys',
  header: { typ: undefined },
  claims: {
    iss: 'https://appleid.apple.com',
    aud: 'com.example.courses',
    iat: NOW,
    exp: NOW + 86_400,
    sub: '001473.fe6f.1110',
    nonce: 'n',
    c_hash: 'h',
    email: 'x@privaterelay.appleid.com',
    email_verified: 'true',
    is_private_email: 'true',
    auth_time: NOW,
    nonce_supported: true,
  },
  verified: { subject: { id: '001473.fe6f.1110' }, kind: 'user', scopes: [], roles: [] },
  refused: [
    // A notification, as an object and as the string that Apple sends.
    [{ events: { type: 'consent-revoked' }, sub: undefined }, 'wrong_token_type'],
    [{ events: '{"type":"consent-revoked"}', sub: undefined }, 'missing_subject'],
    [{ iss: 'https://appleid.apple.com/' }, 'invalid_issuer'],
    [{ exp: NOW + 90_000 }, 'invalid_claims', { maxLifetime: '2d' }],
  ],
};
describePreset('apple', APPLE);

describe('The preset apple', () => {
  it('accepts identity tokens, which other profiles refuse', async () => {
    expect(await verdict(tokenOf(APPLE), { ...known(APPLE.make()), idTokens: false })).toBe('wrong_token_type');
  });
});

const CLERK: Shown = {
  make: (way) =>
    clerk({
      frontendApiUrl: 'https://clerk.example.com/',
      authorizedParties: ['https://app.example.com', 'https://example.com'],
      ...way,
    }),
  jwksUri: 'https://clerk.example.com/.well-known/jwks.json',
  header: { typ: 'JWT', cat: 'cl_B7d4PD111AAA' },
  claims: {
    azp: 'https://app.example.com',
    iat: NOW,
    exp: NOW + 60,
    nbf: NOW - 10,
    fva: [7, -1],
    iss: 'https://clerk.example.com',
    jti: 'j1',
    sid: 'sess_1',
    sub: 'user_1',
    v: 2,
    pla: 'u:free',
    fea: 'o:dashboard',
    sts: 'active',
    o: { id: 'org_1', slg: 'school', rol: 'admin', per: 'read', fpm: '3' },
  },
  verified: { subject: { id: 'user_1' }, kind: 'user', scopes: [], roles: [], jti: 'j1', sid: 'sess_1' },
  refused: [
    // A template's token, for another service.
    [{ sid: undefined }, 'missing_claim', { requiredClaims: ['iat'] }],
    // An ID token of Clerk as a provider.
    [{ nonce: 'n', at_hash: 'h' }, 'wrong_token_type', { idTokens: true }],
    [{}, 'wrong_token_type', { types: ['at+jwt'] }, { typ: 'at+jwt' }],
    [{ sts: 'pending' }, 'invalid_claims', { upgradeClaims: (claims) => claims }],
    [{ azp: 'https://evil.example' }, 'invalid_audience', { audience: false, claimEquals: {} }],
    [{ azp: undefined }, 'missing_claim', { audience: false, claimEquals: {} }],
    [{ aud: 'hasura' }, 'invalid_audience', { audience: false }],
  ],
};
describePreset('clerk', CLERK);

describe('The preset clerk', () => {
  it('reads the claims of version 1, and no role of an organization that the user chose', async () => {
    const old = { v: undefined, sts: undefined, o: undefined, org_id: 'org_1', org_role: 'org:admin' };
    expect(await verify(tokenOf(CLERK, old), known(CLERK.make()))).toMatchObject({ kind: 'user', roles: [] });
  });

  it('accepts the audience of a session token, and only its own origins', async () => {
    const made = clerk({
      frontendApiUrl: 'https://clerk.example.com',
      authorizedParties: 'https://app.example.com',
      audience: 'courses',
    });
    expect(await verdict(tokenOf(CLERK, { aud: 'courses' }), known(made))).toBe('OK');
    expect(await verdict(tokenOf(CLERK, { aud: 'courses', azp: 'courses' }), known(made))).toBe('invalid_claims');
  });
});
