// The token endpoint for clients (RFC 6749 §4.4, RFC 7523, RFC 8707), asked by independent OAuth clients and by attackers.
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createHmac, randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { AuthModule, BlocklistService, memoryStores, TokenService } from 'nestjs-latchkey';
import {
  ClientSource,
  clientTokenController,
  newClientSecret,
  tokenController,
  wellKnownController,
  type ClientDescription,
  type ClientTokenControllerOptions,
} from 'nestjs-latchkey/controllers';
import { AuditSink, MemoryAuditSink, onAuthEvent, type AuthEvent } from 'nestjs-latchkey/events';
import type { StoresFactory } from 'nestjs-latchkey/stores';
import { ADAPTERS, SILENT, type AdapterName } from '../support/applications.js';
import { freePort } from '../support/database-server.js';

const AUDIENCE = 'https://courses.example';
const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const insecure = { [oauth.allowInsecureRequests]: true };

/** The clients of the test, which it may change. */
const registered = new Map<string, unknown>();
let sourceFails = false;

@Injectable()
class Clients extends ClientSource {
  findClient(id: string): Promise<ClientDescription | undefined> {
    if (sourceFails) return Promise.reject(new Error('the database does not answer'));
    return Promise.resolve(registered.get(id) as ClientDescription | undefined);
  }
}

@Module({ providers: [Clients], exports: [Clients] })
class ClientsModule {}

interface Started {
  readonly issuer: string;
  readonly endpoint: string;
  readonly tokens: TokenService;
  readonly blocklist: BlocklistService;
  close(): Promise<void>;
}

async function start(
  adapter: AdapterName,
  options: Partial<ClientTokenControllerOptions> = {},
  stores: StoresFactory = memoryStores(),
  audit?: NonNullable<Parameters<typeof AuthModule.forRoot>[0]>['audit'],
): Promise<Started> {
  const port = await freePort();
  const issuer = `http://127.0.0.1:${port}`;
  const controllers = [clientTokenController({ clients: Clients, ...options }), wellKnownController()];
  class IssuingModule {}
  const auth = AuthModule.forRoot({ issuer, audience: AUDIENCE, controllers, stores, ...(audit && { audit }) });
  const module = { module: IssuingModule, imports: [ClientsModule, auth] };
  const given = { logger: SILENT, abortOnError: false } as const;
  const app =
    adapter === 'fastify'
      ? await NestFactory.create(module, new FastifyAdapter(), given)
      : await NestFactory.create(module, given);
  await app.listen(port, '127.0.0.1');
  return {
    issuer,
    endpoint: `${issuer}/auth/client-token`,
    tokens: app.get(TokenService),
    blocklist: app.get(BlocklistService),
    close: () => app.close(),
  };
}

const { secret: SECRET, hash: HASH } = newClientSecret();
const keys = new Map<string, { privateKey: CryptoKey; jwk: JWK }>();

async function keyOf(alg: string): Promise<{ privateKey: CryptoKey; jwk: JWK }> {
  const known = keys.get(alg);
  if (known !== undefined) return known;
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const made = { privateKey, jwk: { ...(await exportJWK(publicKey)), kid: `key-${alg}` } };
  keys.set(alg, made);
  return made;
}

beforeEach(async () => {
  sourceFails = false;
  registered.clear();
  const scopes = ['grades:read', 'grades:write'];
  registered.set('reports', { id: 'reports', active: true, secretHashes: HASH, scopes });
  const strange = 'a client: with + % and /';
  registered.set(strange, { id: strange, active: true, secretHashes: HASH, scopes });
  for (const alg of ['RS256', 'PS256', 'ES256', 'Ed25519'])
    registered.set(alg, { id: alg, active: true, jwks: { keys: [(await keyOf(alg)).jwk] }, scopes });
});

/** The members of an assertion that is accepted. */
const claimsOf = (id: string, issuer: string) => ({
  iss: id,
  sub: id,
  aud: issuer,
  jti: randomUUID(),
  iat: Math.floor(Date.now() / 1000),
  exp: Math.floor(Date.now() / 1000) + 60,
});

async function assertionOf(id: string, claims: object, header: object = {}, signer = id): Promise<string> {
  const { privateKey } = await keyOf(signer);
  return new SignJWT({ ...claims })
    .setProtectedHeader({ alg: signer, kid: `key-${signer}`, ...header })
    .sign(privateKey);
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

async function ask(
  { endpoint }: Pick<Started, 'endpoint'>,
  parameters: string | Record<string, string> | [string, string][],
  headers: Record<string, string> = {},
  query = '',
): Promise<Answer> {
  const answer = await fetch(endpoint + query, { method: 'POST', headers, body: new URLSearchParams(parameters) });
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Answer['body'] };
}

const byPost = { grant_type: 'client_credentials', client_id: 'reports', client_secret: SECRET };
const basic = (id: string, secret: string) => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
});
const asserted = (assertion: string, more: object = {}) => ({
  grant_type: 'client_credentials',
  client_assertion_type: JWT_BEARER,
  client_assertion: assertion,
  ...more,
});

describe.each(ADAPTERS)('the token endpoint on %s', (adapter) => {
  let app: Started;
  beforeAll(async () => {
    app = await start(adapter);
  });
  afterAll(() => app.close());

  const server = async (): Promise<oauth.AuthorizationServer> => {
    const name = new URL(app.issuer);
    const response = await oauth.discoveryRequest(name, { algorithm: 'oauth2', ...insecure });
    return oauth.processDiscoveryResponse(name, response);
  };
  const obtain = async (id: string, auth: oauth.ClientAuth, parameters: Record<string, string> = {}) => {
    const [as, client] = [await server(), { client_id: id }];
    const asked = await oauth.clientCredentialsGrantRequest(as, client, auth, parameters, insecure);
    expect(asked.headers.get('cache-control')).toBe('no-store');
    return oauth.processClientCredentialsResponse(as, client, asked);
  };
  const refusal = async (answer: Promise<Answer>) => {
    const { status, body, headers } = await answer;
    expect(headers.get('cache-control')).toBe('no-store');
    expect(JSON.stringify(body)).not.toContain(SECRET);
    return [status, body['error']];
  };

  it('is in the metadata, with its methods', async () => {
    expect(await server()).toMatchObject({
      token_endpoint: app.endpoint,
      grant_types_supported: ['client_credentials'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
      token_endpoint_auth_signing_alg_values_supported: ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'],
    });
  });

  it.each([
    ['the header', oauth.ClientSecretBasic(SECRET)],
    ['the body', oauth.ClientSecretPost(SECRET)],
  ])('gives oauth4webapi a token for a secret in %s', async (_, auth) => {
    const answer = await obtain('reports', auth);
    expect(answer).toMatchObject({ token_type: 'bearer', expires_in: 900, scope: 'grades:read grades:write' });
    expect(answer.refresh_token).toBeUndefined();
    const request = new Request(AUDIENCE, { headers: { authorization: `Bearer ${answer.access_token}` } });
    const claims = await oauth.validateJwtAccessToken(await server(), request, AUDIENCE, insecure);
    expect(claims).toMatchObject({ sub: 'reports', client_id: 'reports', scope: 'grades:read grades:write' });
    await expect(app.tokens.verify(answer.access_token, { kind: 'access' })).resolves.toMatchObject({ kind: 'client' });
  });

  it('reads an id with signs that the header encodes (RFC 6749 §2.3.1)', async () => {
    await expect(obtain('a client: with + % and /', oauth.ClientSecretBasic(SECRET))).resolves.toBeDefined();
  });

  it.each(['RS256', 'PS256', 'ES256', 'Ed25519'])('gives oauth4webapi a token for an assertion by %s', async (alg) => {
    const { privateKey } = await keyOf(alg);
    const answer = await obtain(alg, oauth.PrivateKeyJwt({ key: privateKey, kid: `key-${alg}` }));
    await expect(app.tokens.verify(answer.access_token, { kind: 'access' })).resolves.toMatchObject({
      subject: { id: alg },
    });
  });

  it('gives openid-client a token, by each method', async () => {
    const { privateKey } = await keyOf('ES256');
    const ways: [string, openid.ClientAuth][] = [
      ['reports', openid.ClientSecretBasic(SECRET)],
      ['reports', openid.ClientSecretPost(SECRET)],
      ['ES256', openid.PrivateKeyJwt(privateKey)],
    ];
    for (const [id, auth] of ways) {
      const config = await openid.discovery(new URL(app.issuer), id, undefined, auth, {
        algorithm: 'oauth2',
        execute: [openid.allowInsecureRequests],
      });
      const tokens = await openid.clientCredentialsGrant(config, { scope: 'grades:read', resource: AUDIENCE });
      expect(tokens.scope).toBe('grades:read');
    }
  });

  it('grants the scopes that were asked for, and refuses any other', async () => {
    const answer = await ask(app, { ...byPost, scope: 'grades:write' });
    expect([answer.status, answer.body['scope']]).toEqual([200, 'grades:write']);
    for (const scope of ['admin', 'grades:read admin', 'grades:read  grades:write', ' ', 'grades:"'])
      expect(await refusal(ask(app, { ...byPost, scope }))).toEqual([400, 'invalid_scope']);
  });

  it('makes tokens for a resource of the client alone (RFC 8707)', async () => {
    const audiences = ['https://a.example', 'https://b.example'];
    registered.set('reports', { id: 'reports', active: true, secretHashes: HASH, audiences });
    const audienceOf = async (...resources: string[]) => {
      const answer = await ask(app, [
        ...Object.entries(byPost),
        ...resources.map((r): [string, string] => ['resource', r]),
      ]);
      if (answer.status !== 200) return answer.body['error'];
      const [, payload = ''] = String(answer.body['access_token']).split('.');
      return (JSON.parse(Buffer.from(payload, 'base64url').toString()) as { aud: unknown }).aud;
    };
    expect(await audienceOf('https://a.example')).toBe('https://a.example');
    expect(await audienceOf(...audiences)).toEqual(audiences);
    for (const asked of [[], [AUDIENCE], ['https://a.example', AUDIENCE], ['a'], ['https://a.example#x']])
      expect(await audienceOf(...asked)).toBe('invalid_target');
  });

  it('says what is wrong in the words of RFC 6749 §5.2', async () => {
    expect(await refusal(ask(app, { ...byPost, grant_type: 'password' }))).toEqual([400, 'unsupported_grant_type']);
    const { grant_type: _, ...without } = byPost;
    expect(await refusal(ask(app, without))).toEqual([400, 'invalid_request']);
    const twice = [...Object.entries(byPost), ['scope', 'a'], ['scope', 'b']] as [string, string][];
    expect(await refusal(ask(app, twice))).toEqual([400, 'invalid_request']);
    const answer = await ask(app, byPost, basic('reports', SECRET));
    expect([answer.status, answer.body['error']]).toEqual([400, 'invalid_request']);
    const unknown = await ask(app, { grant_type: 'client_credentials' }, basic('nobody', SECRET));
    expect([unknown.status, unknown.headers.get('www-authenticate')]).toEqual([401, 'Basic realm="api"']);
  });

  it('refuses a secret, and any other parameter, in the address', async () => {
    for (const query of [`?client_secret=${SECRET}`, '?client_id=reports', '?scope=grades:read'])
      expect(await refusal(ask(app, byPost, {}, query))).toEqual([400, 'invalid_request']);
  });

  it('refuses unknown, inactive and wrong in the same words', async () => {
    registered.set('gone', { id: 'gone', active: false, secretHashes: HASH });
    // A database that compares without case.
    registered.set('REPORTS', registered.get('reports'));
    const { secret: other } = newClientSecret();
    const tries: [string, string][] = [
      ['nobody', SECRET],
      ['gone', SECRET],
      ['REPORTS', SECRET],
      ['reports', other],
      ['reports', HASH],
      ['ES256', SECRET],
    ];
    const bodies = new Set<string>();
    for (const [id, secret] of tries) {
      const answer = await ask(app, { ...byPost, client_id: id, client_secret: secret });
      expect([id, answer.status]).toEqual([id, 401]);
      bodies.add(JSON.stringify(answer.body));
    }
    expect([...bodies]).toEqual([expect.stringContaining('"error":"invalid_client"')]);
    for (const header of ['Basic', 'Basic !', 'Bearer abc', `Basic ${Buffer.from('reports').toString('base64')}`])
      expect(await refusal(ask(app, { grant_type: 'client_credentials' }, { authorization: header }))).toEqual([
        401,
        'invalid_client',
      ]);
  });

  it('accepts the old and the new secret while both are stored', async () => {
    const next = newClientSecret();
    registered.set('reports', { id: 'reports', active: true, secretHashes: [HASH, next.hash] });
    for (const secret of [SECRET, next.secret])
      expect((await ask(app, { ...byPost, client_secret: secret })).status).toBe(200);
    registered.set('reports', { id: 'reports', active: true, secretHashes: [next.hash] });
    expect((await ask(app, byPost)).status).toBe(401);
  });

  it('accepts an assertion once, of eight requests at once too', async () => {
    const assertion = await assertionOf('ES256', claimsOf('ES256', app.issuer));
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask(app, asserted(assertion))));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401, 401, 401, 401, 401]);
    expect((await ask(app, asserted(assertion))).status).toBe(401);
  });

  it('does not use up an assertion of a request that it refuses', async () => {
    const assertion = await assertionOf('ES256', claimsOf('ES256', app.issuer));
    expect((await ask(app, asserted(assertion, { scope: 'admin' }))).status).toBe(400);
    expect((await ask(app, asserted(assertion))).status).toBe(200);
  });

  it('accepts an assertion for the token endpoint itself', async () => {
    const claims = { ...claimsOf('ES256', app.issuer), aud: app.endpoint };
    expect((await ask(app, asserted(await assertionOf('ES256', claims)))).status).toBe(200);
  });

  it('refuses an assertion of another type, and one without its type (RFC 7523 §2.2)', async () => {
    const assertion = await assertionOf('ES256', claimsOf('ES256', app.issuer));
    const type = 'client_assertion_type';
    for (const other of ['urn:ietf:params:oauth:client-assertion-type:saml2-bearer', 'jwt-bearer', `${JWT_BEARER} `])
      expect(await refusal(ask(app, asserted(assertion, { [type]: other })))).toEqual([401, 'invalid_client']);
    const { [type]: _, ...without } = asserted(assertion);
    expect(await refusal(ask(app, without))).toEqual([400, 'invalid_request']);
    // None of them used it up.
    expect((await ask(app, asserted(assertion))).status).toBe(200);
  });

  it('refuses every assertion that is not of the client, for us, and short', async () => {
    const good = claimsOf('ES256', app.issuer);
    const now = good.iat;
    const { jti: _, ...withoutId } = good;
    const { exp: __, ...withoutEnd } = good;
    const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
    const { jwk } = await keyOf('RS256');
    const confused = `${encoded({ alg: 'HS256', kid: 'key-RS256' })}.${encoded(claimsOf('RS256', app.issuer))}`;
    const hmac = createHmac('sha256', JSON.stringify(jwk)).update(confused).digest('base64url');
    const tries: [string, string | Promise<string>, object?][] = [
      ['signed by another client', assertionOf('ES256', good, { kid: 'key-PS256' }, 'PS256')],
      ['of a client that names another', assertionOf('ES256', { ...good, sub: 'reports' })],
      ['with another client_id beside it', assertionOf('ES256', good), { client_id: 'reports' }],
      ['for another service', assertionOf('ES256', { ...good, aud: 'https://elsewhere.example' })],
      ['for us and another service', assertionOf('ES256', { ...good, aud: [app.issuer, 'https://elsewhere.example'] })],
      ['expired', assertionOf('ES256', { ...good, iat: now - 600, exp: now - 300 })],
      ['without an end', assertionOf('ES256', withoutEnd)],
      ['with an end in a year', assertionOf('ES256', { ...good, exp: now + 31_536_000 })],
      ['with an end in more than an hour', assertionOf('ES256', { ...good, exp: now + 3_601 })],
      ['without an id', assertionOf('ES256', withoutId)],
      ['unsigned', `${encoded({ alg: 'none' })}.${encoded(good)}.`],
      ['with a public key as a secret', `${confused}.${hmac}`],
      [
        'with its own key in the header',
        assertionOf('ES256', good, { kid: 'x', jwk: (await keyOf('PS256')).jwk }, 'PS256'),
      ],
      ['that is an access token', assertionOf('ES256', good, { typ: 'at+jwt' })],
      ['of an unknown client', assertionOf('nobody', claimsOf('nobody', app.issuer), {}, 'ES256')],
      ['of a client without keys', assertionOf('reports', claimsOf('reports', app.issuer), {}, 'ES256')],
      ['that is no assertion', 'abc'],
    ];
    for (const [name, assertion, more] of tries) {
      const { status, body } = await ask(app, asserted(await assertion, more));
      expect([name, status, body['error']]).toEqual([name, 401, 'invalid_client']);
    }
    // The same members are accepted, so that each refusal has the reason that it is about.
    expect((await ask(app, asserted(await assertionOf('ES256', good)))).status).toBe(200);
  });

  it('publishes each success and each refusal with its exact code, and no secret', async () => {
    const seen: AuthEvent[] = [];
    const stop = onAuthEvent((event) => void (event.type.startsWith('client_') && seen.push(event)));
    const { secret: other } = newClientSecret();
    registered.set('gone', { id: 'gone', active: false, secretHashes: HASH });
    const good = claimsOf('ES256', app.issuer);
    const used = await assertionOf('ES256', good);
    const stale = await assertionOf('ES256', { ...good, iat: good.iat - 600, exp: good.iat - 300 });
    const forged = await assertionOf('ES256', { ...good, jti: 'b' }, { kid: 'key-ES256' }, 'PS256');
    const requests: [Record<string, string>, Record<string, string>?][] = [
      [byPost],
      [{ grant_type: 'client_credentials' }, basic('reports', other)],
      [{ ...byPost, client_id: SECRET, client_secret: 'reports' }],
      [{ ...byPost, client_id: 'gone' }],
      [{ ...byPost, scope: 'admin' }],
      [{ ...byPost, resource: 'https://elsewhere.example' }],
      [{ ...byPost, grant_type: 'password' }],
      [byPost, basic('reports', SECRET)],
      [asserted(used)],
      [asserted(used)],
      [asserted(stale)],
      [asserted(forged)],
      [asserted('abc')],
    ];
    for (const [body, headers] of requests) await ask(app, body, headers);
    stop();
    const [post, jwt] = ['client_secret_post', 'private_key_jwt'];
    const told = seen.map((event) => {
      const { type, code, clientId, method } = event as {
        type: string;
        code?: string;
        clientId?: string;
        method?: string;
      };
      return [type === 'client_sign_in' ? 'success' : code, clientId, method];
    });
    expect(told).toEqual([
      ['success', 'reports', post],
      ['invalid_client', 'reports', 'client_secret_basic'],
      // What was sent as an id may be a secret.
      ['invalid_client', undefined, post],
      ['invalid_client', 'gone', post],
      ['scope_not_allowed', 'reports', post],
      ['invalid_target', 'reports', post],
      ['unsupported_grant_type', undefined, undefined],
      ['invalid_request', undefined, undefined],
      ['success', 'ES256', jwt],
      ['token_invalid', 'ES256', jwt],
      ['token_expired', 'ES256', jwt],
      ['algorithm_not_allowed', 'ES256', jwt],
      ['token_malformed', undefined, jwt],
    ]);
    expect(seen.every((event) => 'issuer' in event && event.issuer === app.issuer)).toBe(true);
    const rules = seen.map((event) => ('reason' in event && typeof event.reason === 'object' ? event.reason.rule : ''));
    expect(rules.slice(1, 4)).toEqual([
      expect.stringContaining('secret'),
      expect.stringContaining('knows'),
      expect.stringContaining('active'),
    ]);
    const text = JSON.stringify(seen);
    for (const secret of [SECRET, other, HASH, used, stale]) expect(text).not.toContain(secret);
  });

  it('refuses a client from the request after it became inactive on, and ends its tokens by a revocation', async () => {
    const { body } = await ask(app, byPost);
    const token = String(body['access_token']);
    registered.set('reports', { id: 'reports', active: false, secretHashes: HASH });
    expect((await ask(app, byPost)).status).toBe(401);
    await app.tokens.verify(token, { kind: 'access' });
    await app.blocklist.revokeSubject({ issuer: app.issuer, id: 'reports' });
    await expect(app.tokens.verify(token, { kind: 'access' })).rejects.toMatchObject({ code: 'token_revoked' });
  });

  it('answers 503 if the source does not answer, and 500 for a client that cannot be used', async () => {
    sourceFails = true;
    expect((await ask(app, byPost)).status).toBe(503);
    sourceFails = false;
    const good = { id: 'reports', active: true, secretHashes: HASH };
    const assertion = await assertionOf('ES256', claimsOf('ES256', app.issuer));
    for (const wrong of [
      { active: 1 },
      { secretHashes: SECRET },
      { scopes: 'a' },
      { audiences: [] },
      { accessTtl: '9d' },
      { restricted: 1 },
      { jwks: { keys: [] }, jwksUri: 'https://keys.example/jwks' },
    ]) {
      registered.set('reports', { ...good, ...wrong });
      const answer = await ask(app, byPost);
      expect([wrong, answer.status, answer.body['errorCode']]).toEqual([wrong, 500, 'misconfigured']);
    }
    registered.set('ES256', {
      id: 'ES256',
      active: true,
      jwks: { keys: [{ kty: 'EC', crv: 'P-256', x: 'a', y: 'b' }] },
    });
    expect((await ask(app, asserted(assertion))).status).toBe(500);
  });
});

describe('the options of clientTokenController', () => {
  const running: Started[] = [];
  afterEach(async () => {
    await Promise.all(running.splice(0).map((app) => app.close()));
  });

  it('leave methods out', async () => {
    const app = await start('fastify', { methods: ['private_key_jwt'] });
    running.push(app);
    expect((await ask(app, byPost)).body['error']).toBe('invalid_client');
    expect((await ask(app, asserted(await assertionOf('ES256', claimsOf('ES256', app.issuer))))).status).toBe(200);
  });

  it('refuse an assertion from before the store was emptied, since its use may be forgotten', async () => {
    let completeSince = 0;
    const emptied: StoresFactory = {
      useFactory: async () => {
        const stores = await (memoryStores().useFactory() as ReturnType<StoresFactory['useFactory']>);
        const find = stores.revocations.find.bind(stores.revocations);
        stores.revocations.find = (query) => ((query.issuedAt ?? 0) < completeSince ? 'subject' : find(query));
        return stores;
      },
    };
    const app = await start('express', {}, emptied);
    running.push(app);
    const claims = claimsOf('ES256', app.issuer);
    completeSince = claims.iat + 1;
    expect((await ask(app, asserted(await assertionOf('ES256', claims)))).status).toBe(401);
    completeSince = claims.iat;
    expect((await ask(app, asserted(await assertionOf('ES256', claims)))).status).toBe(200);
  });

  it('record clients in the audit trail, and give no token that a required trail could not record', async () => {
    const kept = new MemoryAuditSink();
    let fails = false;
    class Failing extends AuditSink {
      override record(entry: Parameters<AuditSink['record']>[0]) {
        return fails ? Promise.reject(new Error('away')) : kept.record(entry);
      }
      override list = kept.list.bind(kept);
      override prune = kept.prune.bind(kept);
    }
    const audit = { sink: { useFactory: () => new Failing() }, required: true };
    const app = await start('express', {}, memoryStores(), audit);
    running.push(app);
    await ask(app, byPost);
    await ask(app, { ...byPost, client_secret: newClientSecret().secret });
    const trail = await kept.list({ issuer: app.issuer, id: 'reports' }, 10);
    expect(trail.map(({ type, code, detail }) => [type, code, detail]).sort()).toEqual([
      ['client_sign_in', undefined, 'client_secret_post'],
      ['client_sign_in_refused', 'invalid_client', 'client_secret_post: must send a secret of the client'],
    ]);
    fails = true;
    const answer = await ask(app, byPost);
    expect([answer.status, answer.body['access_token']]).toEqual([503, undefined]);
  });

  it('refuse stores without one-time tokens, unless no method needs them', async () => {
    const without: StoresFactory = {
      useFactory: () => {
        const { oneTime: _, ...others } = memoryStores().useFactory() as unknown as Record<string, unknown>;
        return others as never;
      },
    };
    await expect(start('express', {}, without)).rejects.toThrow(/`oneTime`/);
    running.push(await start('express', { methods: ['client_secret_basic'] }, without));
  });

  it('refuse a path that is taken, and a source that no module provides', async () => {
    class Elsewhere extends Clients {}
    const boot = (controllers: Parameters<typeof AuthModule.forRoot>[0]) =>
      NestFactory.create(
        { module: class Root {}, imports: [ClientsModule, AuthModule.forRoot(controllers)] },
        { logger: SILENT, abortOnError: false },
      ).then((app) => app.init());
    const clients = clientTokenController({ clients: Clients, path: 'auth/token' });
    const both = [tokenController(), clients];
    await expect(boot({ controllers: both })).rejects.toThrow(/auth\/token/);
    await expect(boot({ controllers: [clientTokenController({ clients: Elsewhere })] })).rejects.toThrow(/Elsewhere/);
  });
});

it('stores nothing that a secret can be read from', () => {
  const { secret, hash } = newClientSecret();
  expect(secret).toMatch(/^[\w-]{43}$/);
  expect(hash).toMatch(/^sha256:[\w-]{43}$/);
  expect(hash).not.toContain(secret);
  expect(newClientSecret().secret).not.toBe(secret);
});
