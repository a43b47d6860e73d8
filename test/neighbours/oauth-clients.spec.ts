// What independent OAuth clients (npm oauth4webapi, openid-client) make of us: discovery (RFC 8414), access tokens (RFC 9068), revocation
// (RFC 7009), introspection (RFC 7662) and challenges (RFC 6750, RFC 9470). They know the issuer's name, and nothing else.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import type { JWK } from 'jose';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { TokenFactory } from 'nestjs-latchkey/testing';
import { ADAPTERS } from '../support/applications.js';
import { AUDIENCE, startIssuingApp, type IssuingApp } from '../support/issuer-app.js';

const insecure = { [oauth.allowInsecureRequests]: true };
const client: oauth.Client = { client_id: 'gateway' };

/** A resource server shows who it is with a bearer token (RFC 7662 §2.1), which metadata calls the method `Bearer`. */
const bearer =
  (token: string): oauth.ClientAuth =>
  (_server, _client, _body, headers) =>
    headers.set('authorization', `Bearer ${token}`);

/** The key of an algorithm, made for this test. */
function keyFor(alg: string): { key: JWK; alg: 'RS256' } {
  const { privateKey } =
    alg === 'EdDSA'
      ? generateKeyPairSync('ed25519')
      : alg === 'ES256'
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
        : generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { key: privateKey.export({ format: 'jwk' }) as JWK, alg: alg as 'RS256' };
}

async function discovered({ issuer }: IssuingApp): Promise<oauth.AuthorizationServer> {
  const name = new URL(issuer);
  const response = await oauth.discoveryRequest(name, { algorithm: 'oauth2', ...insecure });
  return oauth.processDiscoveryResponse(name, response);
}

const running: IssuingApp[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((app) => app.close()));
});

/** An issuer that ends with the test. */
async function started(...how: Parameters<typeof startIssuingApp>): Promise<IssuingApp> {
  const app = await startIssuingApp(...how);
  running.push(app);
  return app;
}

describe.each(ADAPTERS)('oauth4webapi with an issuer on %s', (adapter) => {
  let app: IssuingApp;
  let server: oauth.AuthorizationServer;
  beforeAll(async () => {
    app = await startIssuingApp(adapter);
    server = await discovered(app);
  });
  afterAll(() => app.close());

  const revoke = async (token: string, hint?: string): Promise<void> => {
    const additionalParameters = hint === undefined ? {} : { token_type_hint: hint };
    const options = { additionalParameters, ...insecure };
    await oauth.processRevocationResponse(await oauth.revocationRequest(server, client, oauth.None(), token, options));
  };
  const introspect = async (token: string, caller: string): Promise<oauth.IntrospectionResponse> => {
    const response = await oauth.introspectionRequest(server, client, bearer(caller), token, insecure);
    expect([response.headers.get('content-type'), response.headers.get('cache-control')]).toEqual([
      expect.stringMatching(/^application\/json\b/),
      'no-store',
    ]);
    return oauth.processIntrospectionResponse(server, client, response);
  };
  const gateway = async (): Promise<string> =>
    (await app.tokens.issueForClient('gateway', { scopes: ['introspect'], restricted: true })).accessToken;

  it('reads metadata with the members of RFC 8414, and no missing endpoint', async () => {
    expect(server).toEqual({
      issuer: app.issuer,
      jwks_uri: `${app.issuer}/.well-known/jwks.json`,
      revocation_endpoint: `${app.issuer}/auth/token/revoke`,
      revocation_endpoint_auth_methods_supported: ['none'],
      introspection_endpoint: `${app.issuer}/auth/token/introspect`,
      introspection_endpoint_auth_methods_supported: ['Bearer'],
      response_types_supported: [],
      grant_types_supported: [],
    });
    for (const name of ['revocation_endpoint', 'introspection_endpoint'] as const) {
      const answer = await fetch(String(server[name]), { method: 'POST', body: new URLSearchParams({ token: 'x' }) });
      expect([name, answer.status]).not.toEqual([name, 404]);
    }
  });

  it('accepts the access token of a user, of a refresh and of a client', async () => {
    const pair = await app.signIn('ada', { amr: ['pwd'], acr: 'urn:example:password' });
    const next = await app.tokens.refresh(pair.refreshToken);
    const machine = await app.tokens.issueForClient('nightly', { scopes: ['read'] });
    const accepted = async ({ accessToken }: { accessToken: string }): Promise<oauth.JWTAccessTokenClaims> => {
      const request = new Request(`${AUDIENCE}/me`, { headers: { authorization: `Bearer ${accessToken}` } });
      return oauth.validateJwtAccessToken(server, request, AUDIENCE, insecure);
    };
    for (const each of [pair, next])
      expect(await accepted(each)).toMatchObject({
        iss: app.issuer,
        sub: 'ada',
        client_id: app.issuer,
        scope: 'read',
        auth_time: expect.any(Number),
        acr: 'urn:example:password',
        amr: ['pwd'],
      });
    expect(await accepted(machine)).toMatchObject({ sub: 'nightly', client_id: 'nightly' });
  });

  it('accepts the tokens of the testing door, which the application would issue', async () => {
    const factory = TokenFactory.of(app.app);
    for (const [token, clientId] of [
      [await factory.valid('ada'), app.issuer],
      [await factory.client('nightly'), 'nightly'],
    ] as const) {
      const request = new Request(`${AUDIENCE}/me`, { headers: { authorization: `Bearer ${token}` } });
      const claims = await oauth.validateJwtAccessToken(server, request, AUDIENCE, insecure);
      expect(claims.client_id).toBe(clientId);
    }
  });

  it('does not accept a refresh token as an access token, nor a token for another service', async () => {
    const { refreshToken } = await app.signIn();
    const { accessToken } = await app.signIn('ada', { audience: 'elsewhere' });
    for (const token of [refreshToken, accessToken]) {
      const request = new Request(`${AUDIENCE}/me`, { headers: { authorization: `Bearer ${token}` } });
      await expect(oauth.validateJwtAccessToken(server, request, AUDIENCE, insecure)).rejects.toThrow();
    }
  });

  it.each([undefined, 'access_token', 'refresh_token', 'urn:example:no-such-type'])(
    'revokes either token, with the hint %s (RFC 7009 §2.1)',
    async (hint) => {
      const [caller, one, other] = [await gateway(), await app.signIn(), await app.signIn()];
      await revoke(one.accessToken, hint);
      expect(await introspect(one.accessToken, caller)).toEqual({ active: false });
      expect(await introspect(one.refreshToken, caller)).toMatchObject({ active: true });
      await revoke(other.refreshToken, hint);
      for (const token of [other.accessToken, other.refreshToken])
        expect(await introspect(token, caller)).toEqual({ active: false });
    },
  );

  it.each(['rubbish', 'a.b.c'])('receives nothing about an invalid token: %s (RFC 7009 §2.2)', async (token) => {
    await expect(revoke(token)).resolves.toBeUndefined();
  });

  it('reads the claims of a live token (RFC 7662 §2.2, RFC 9470 §6.2)', async () => {
    const { accessToken, sid } = await app.signIn('ada', { acr: 'urn:mfa', amr: ['pwd', 'otp'], clientId: 'ios' });
    expect(await introspect(accessToken, await gateway())).toEqual({
      active: true,
      token_type: 'Bearer',
      iss: app.issuer,
      sub: 'ada',
      aud: AUDIENCE,
      scope: 'read',
      client_id: 'ios',
      acr: 'urn:mfa',
      amr: ['pwd', 'otp'],
      sid,
      jti: expect.any(String),
      iat: expect.any(Number),
      exp: expect.any(Number),
      auth_time: expect.any(Number),
    });
  });

  it.each(['revocation', 'introspection'] as const)(
    'reads an error of RFC 6749 section 5.2 if the %s request has no token',
    async (kind) => {
      const url = String(server[`${kind}_endpoint`]);
      const headers = { authorization: `Bearer ${await gateway()}` };
      for (const body of ['', 'token=', 'token=a&token=b', 'token_type_hint=access_token']) {
        const response = await fetch(url, { method: 'POST', headers, body: new URLSearchParams(body) });
        const read =
          kind === 'revocation'
            ? oauth.processRevocationResponse(response)
            : oauth.processIntrospectionResponse(server, client, response);
        await expect(read).rejects.toMatchObject({
          name: 'ResponseBodyError',
          status: 400,
          error: 'invalid_request',
          error_description: 'The request body does not have the required shape.',
        });
      }
    },
  );

  describe('reads the challenge', () => {
    const challengesAt = async (path: string, token?: string) => {
      const response = await fetch(`${app.issuer}${path}`, {
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      });
      const refused = await oauth.processUserInfoResponse(server, client, oauth.skipSubjectCheck, response).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (!(refused instanceof oauth.WWWAuthenticateChallengeError))
        throw new Error(`No challenge: ${String(refused)}`);
      return { status: refused.status, challenges: refused.cause };
    };
    const saying = (status: number, parameters: object) => ({
      status,
      challenges: [{ scheme: 'bearer', parameters: { realm: 'api', ...parameters } }],
    });

    it('of a request without a credential, which has no error (RFC 6750 §3.1)', async () => {
      expect(await challengesAt('/guarded/plain')).toEqual(saying(401, {}));
    });

    it('of an invalid token (RFC 6750 §3.1)', async () => {
      expect(await challengesAt('/guarded/plain', 'no.good.token')).toEqual(
        saying(401, { error: 'invalid_token', error_description: expect.any(String) }),
      );
    });

    it('of a token without a scope, with the required scopes (RFC 6750 §3.1)', async () => {
      expect(await challengesAt('/guarded/scoped', (await app.signIn()).accessToken)).toEqual(
        saying(403, {
          error: 'insufficient_scope',
          error_description: expect.any(String),
          scope: 'grades:write grades:read',
        }),
      );
    });

    it('of a sign-in that is too old, with the accepted age (RFC 9470 §3)', async () => {
      const { accessToken } = await app.signIn('ada', { authTime: new Date(Date.now() - 3_600_000) });
      expect(await challengesAt('/guarded/recent', accessToken)).toEqual(
        saying(401, {
          error: 'insufficient_user_authentication',
          error_description: expect.any(String),
          max_age: '300',
        }),
      );
    });

    it('of a caller who may not introspect (RFC 7662 §2.3)', async () => {
      const asked = oauth.introspectionRequest(server, client, bearer('no.good.token'), 'x', insecure);
      await expect(oauth.processIntrospectionResponse(server, client, await asked)).rejects.toMatchObject({
        name: 'WWWAuthenticateChallengeError',
        status: 401,
        cause: [{ scheme: 'bearer', parameters: { error: 'invalid_token' } }],
      });
    });
  });
});

describe.each(ADAPTERS)('openid-client with an issuer on %s', (adapter) => {
  it.each(['oidc', 'oauth2'] as const)(
    'discovers, revokes and introspects with the algorithm %s',
    async (algorithm) => {
      const app = await started(adapter);
      const [{ accessToken: caller }, ada] = [await app.signIn('grace'), await app.signIn()];
      const options = { algorithm, execute: [openid.allowInsecureRequests] };
      const configured = (auth: openid.ClientAuth) =>
        openid.discovery(new URL(app.issuer), 'gateway', undefined, auth, options);
      const [page, gateway] = [await configured(openid.None()), await configured(bearer(caller))];
      expect(await openid.tokenIntrospection(gateway, ada.accessToken)).toMatchObject({ active: true, sub: 'ada' });
      await openid.tokenRevocation(page, ada.refreshToken, { token_type_hint: 'refresh_token' });
      expect(await openid.tokenIntrospection(gateway, ada.accessToken)).toEqual({ active: false });
      await expect(openid.tokenIntrospection(page, ada.accessToken)).rejects.toMatchObject({ status: 401 });
    },
  );
});

describe('oauth4webapi with the keys of every kind', () => {
  it.each(['RS256', 'PS256', 'ES256', 'EdDSA'])('verifies tokens signed with %s', async (alg) => {
    const app = await started('fastify', { keys: keyFor(alg) });
    const { accessToken } = await app.signIn();
    const request = new Request(`${AUDIENCE}/me`, { headers: { authorization: `Bearer ${accessToken}` } });
    const claims = await oauth.validateJwtAccessToken(await discovered(app), request, AUDIENCE, insecure);
    expect(claims.sub).toBe('ada');
  });
});
