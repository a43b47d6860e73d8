import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import type { JWK } from 'jose';
import { auth0 } from '../../../../libs/auth/src/core/issuers/presets/auth0.js';
import { cognito } from '../../../../libs/auth/src/core/issuers/presets/cognito.js';
import { entra } from '../../../../libs/auth/src/core/issuers/presets/entra.js';
import { google } from '../../../../libs/auth/src/core/issuers/presets/google.js';
import { keycloak } from '../../../../libs/auth/src/core/issuers/presets/keycloak.js';
import { okta } from '../../../../libs/auth/src/core/issuers/presets/okta.js';
import { externalIssuer, type TrustOptions } from '../../../../libs/auth/src/core/issuers/external-issuer.js';
import { TokenVerifier } from '../../../../libs/auth/src/core/tokens/token-verifier.js';
import { rsa, trusts, verdict } from '../../support/external-tokens.js';
import { forge, NOW, verdictOf } from '../../support/token-forgery.js';
import { describePreset, type Shown, times } from '../../support/preset-suite.js';
import { ManualClock } from '../../../support/clocks.js';

const PRESETS: Readonly<Record<string, Shown>> = {
  auth0: {
    make: (way) => auth0({ domain: 'example.eu.auth0.com', audience: 'https://courses.example', ...way }),
    jwksUri: 'https://example.eu.auth0.com/.well-known/jwks.json',
    header: { typ: 'JWT' },
    claims: {
      iss: 'https://example.eu.auth0.com/',
      sub: 'auth0|1',
      azp: 'web',
      scope: 'openid read:grades',
      aud: ['https://courses.example', 'https://example.eu.auth0.com/userinfo'],
      permissions: ['write:grades'],
      ...times,
    },
    verified: {
      subject: { id: 'auth0|1' },
      kind: 'user',
      scopes: ['openid', 'read:grades', 'write:grades'],
      jti: undefined,
    },
    machine: { sub: 'web@clients', gty: 'client-credentials' },
    refused: [
      [{ iss: 'https://example.eu.auth0.com' }, 'invalid_issuer'],
      [{ aud: 'web' }, 'invalid_audience'],
      [{ nonce: 'n' }, 'wrong_token_type', { idTokens: true }],
    ],
  },
  keycloak: {
    make: (way) =>
      keycloak({
        baseUrl: 'https://sso.example/',
        realm: 'school',
        clientId: 'courses.web',
        audience: 'courses',
        ...way,
      }),
    jwksUri: 'https://sso.example/realms/school/protocol/openid-connect/certs',
    header: { typ: 'JWT' },
    claims: {
      iss: 'https://sso.example/realms/school',
      sub: 'f1',
      aud: ['courses', 'account'],
      typ: 'Bearer',
      azp: 'web',
      ...times,
      jti: 'j1',
      sid: 's1',
      scope: 'openid email',
      preferred_username: 'ada',
      realm_access: { roles: ['teacher'] },
      resource_access: { 'courses.web': { roles: ['grader'] }, account: { roles: ['manage-account'] } },
    },
    verified: {
      subject: { id: 'f1' },
      kind: 'user',
      scopes: ['openid', 'email'],
      roles: ['teacher', 'grader'],
      jti: 'j1',
      sid: 's1',
    },
    machine: { preferred_username: 'service-account-batch', client_id: 'batch' },
    refused: [
      [{ typ: 'ID' }, 'wrong_token_type', { exactClaims: {}, idTokens: true }],
      [{ typ: 'Refresh' }, 'wrong_token_type'],
      [{ typ: undefined }, 'wrong_token_type', { exactClaims: {} }],
      [{ iss: 'https://sso.example/realms/other' }, 'invalid_issuer'],
      [{ aud: 'account' }, 'invalid_audience'],
    ],
  },
  cognito: {
    make: (way) => cognito({ region: 'eu-central-1', userPoolId: 'eu-central-1_abc', clientId: 'client1', ...way }),
    jwksUri: 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_abc/.well-known/jwks.json',
    header: { typ: undefined },
    claims: {
      iss: 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_abc',
      sub: 'u1',
      client_id: 'client1',
      ...times,
      token_use: 'access',
      scope: 'openid courses/read',
      auth_time: NOW,
      jti: 'j1',
      origin_jti: 'o1',
      'cognito:groups': ['teachers'],
    },
    verified: {
      subject: { id: 'u1' },
      kind: 'user',
      scopes: ['openid', 'courses/read'],
      roles: ['teachers'],
      jti: 'j1',
      sid: 'o1',
    },
    machine: { sub: 'client1', 'cognito:groups': undefined },
    refused: [
      [{ token_use: 'id', aud: 'client1' }, 'wrong_token_type', { exactClaims: {}, idTokens: true }],
      [{ token_use: 'id', aud: 'client1', client_id: undefined }, 'wrong_token_type'],
      [{ client_id: 'client2' }, 'invalid_audience'],
    ],
  },
  entra: {
    make: (way) => entra({ tenantId: 't1', audience: 'api1', ...way }),
    jwksUri: 'https://login.microsoftonline.com/t1/discovery/v2.0/keys',
    header: { typ: 'JWT' },
    claims: {
      iss: 'https://login.microsoftonline.com/t1/v2.0',
      aud: 'api1',
      sub: 'pairwise',
      oid: 'o1',
      tid: 't1',
      azp: 'web',
      ...times,
      ver: '2.0',
      uti: 'u1',
      scp: 'Grades.Read Grades.Write',
      roles: ['Teacher'],
      sid: 's1',
    },
    verified: {
      subject: { id: 'pairwise' },
      kind: 'user',
      scopes: ['Grades.Read', 'Grades.Write'],
      roles: ['Teacher'],
      jti: 'u1',
    },
    machine: { scp: undefined, sub: 'o1', idtyp: 'app' },
    refused: [
      [{ azp: undefined }, 'missing_claim', { requiredClaims: ['iat'] }],
      [{ iss: 'https://sts.windows.net/t1/' }, 'invalid_issuer'],
      [{ iss: 'https://login.microsoftonline.com/t2/v2.0' }, 'invalid_issuer'],
      [{ aud: 'api2' }, 'invalid_audience'],
    ],
  },
  google: {
    make: (way) => google({ clientId: 'web.apps.googleusercontent.com', ...way }),
    jwksUri: 'https://www.googleapis.com/oauth2/v3/certs',
    header: { typ: 'JWT' },
    claims: {
      iss: 'https://accounts.google.com',
      aud: 'web.apps.googleusercontent.com',
      azp: 'web.apps.googleusercontent.com',
      sub: '1',
      at_hash: 'h',
      nonce: 'n',
      email: 'ada@example.com',
      email_verified: true,
      ...times,
    },
    verified: { subject: { id: '1' }, kind: 'user', scopes: [], roles: [] },
    refused: [[{ aud: 'other.apps.googleusercontent.com' }, 'invalid_audience']],
  },
  okta: {
    make: (way) => okta({ domain: 'example.okta.com', audience: 'api://default', ...way }),
    jwksUri: 'https://example.okta.com/oauth2/default/v1/keys',
    header: { typ: undefined },
    claims: {
      ver: 1,
      jti: 'AT.1',
      iss: 'https://example.okta.com/oauth2/default',
      aud: 'api://default',
      ...times,
      cid: 'web',
      uid: '00u1',
      sub: 'ada@example.com',
      scp: ['openid', 'grades'],
      groups: ['teachers'],
    },
    verified: { subject: { id: '00u1' }, kind: 'user', scopes: ['openid', 'grades'], roles: ['teachers'], jti: 'AT.1' },
    machine: { uid: undefined, sub: 'web' },
    refused: [
      [{ cid: undefined }, 'missing_claim', { requiredClaims: ['iat'] }],
      [{ uid: undefined }, 'missing_subject'],
      [{ aud: 'https://example.okta.com' }, 'invalid_audience'],
    ],
  },
};

for (const [name, shown] of Object.entries(PRESETS)) describePreset(name, shown);

describe('The preset of Google', () => {
  it('accepts ID tokens, and another profile refuses the same token', async () => {
    const { make, claims } = PRESETS['google'] ?? {};
    const access = trusts({ issuer: 'https://accounts.google.com', audience: false, types: ['jwt'] });
    expect(make?.().idTokens).toBe(true);
    expect(await verdict(forge({ alg: 'RS256', kid: 'rsa', typ: 'JWT' }, { ...claims }, rsa), access)).toBe(
      'wrong_token_type',
    );
  });
});

describe('The preset of Auth0 and the real tokens of a tenant', () => {
  interface Vectors {
    readonly jwks: { readonly keys: JWK[] };
    readonly expected_valid: { readonly currentDate: number; readonly issuer: string; readonly audience: string };
    readonly tokens: readonly { readonly name: string; readonly token: string }[];
  }
  const text = readFileSync(new URL('../../../support/vectors/auth0-rs256.json', import.meta.url), 'utf8');
  const { jwks, expected_valid: valid, tokens } = JSON.parse(text) as Vectors;
  const token = tokens.find(({ name }) => name === 'valid_token')?.token ?? '';
  const tenant = auth0({ domain: new URL(valid.issuer).host, audience: valid.audience });

  const at = async (changes: Partial<TrustOptions> = {}, { seconds = valid.currentDate, presented = token } = {}) => {
    const clock = new ManualClock(seconds * 1_000);
    const around = {
      clock,
      toleranceSeconds: 5,
      fetch: async () => ({ body: Buffer.from(JSON.stringify(jwks)), cacheControl: undefined }),
    };
    const issuers = [await externalIssuer({ ...tenant, ...changes }, around)];
    return verdictOf(new TokenVerifier({ issuers, clock }).verify(presented, 'access'));
  };

  const altered = (part: 0 | 2, from: RegExp, to: (found: string) => string): string => {
    const segments = token.split('.');
    const text = part === 0 ? Buffer.from(segments[0] ?? '', 'base64url').toString() : (segments[2] ?? '');
    const changed = text.replace(from, to);
    segments[part] = part === 0 ? Buffer.from(changed).toString('base64url') : changed;
    return segments.join('.');
  };

  it('are valid with a clock within their lifetime', async () => {
    expect(await at()).toBe('OK');
  });

  it('fail with a separate code for each single defect', async () => {
    expect({
      noToken: await at({}, { presented: 'not a token' }),
      unknownKey: await at({}, { presented: altered(0, /faYZw/, () => 'other') }),
      signature: await at({}, { presented: altered(2, /^./, (first) => (first === 'A' ? 'B' : 'A')) }),
      audience: await at({ audience: 'another' }),
      expired: await at({}, { seconds: 1_646_689_085 + 5 }),
      early: await at({}, { seconds: 1_646_602_685 - 6 }),
      issuer: await at({ issuer: 'https://another.auth0.com/' }),
      algorithm: await at({ algorithms: ['ES256'] }),
    }).toEqual({
      noToken: 'token_malformed',
      unknownKey: 'unknown_key',
      signature: 'token_invalid',
      audience: 'invalid_audience',
      expired: 'token_expired',
      early: 'token_not_yet_valid',
      issuer: 'invalid_issuer',
      algorithm: 'algorithm_not_allowed',
    });
  });
});
