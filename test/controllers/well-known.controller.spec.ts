import { describe, expect, it } from '@jest/globals';
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { VersioningType } from '@nestjs/common';
import { calculateJwkThumbprint, type JWK } from 'jose';
import { AuthConfigurationError, AuthModule, type AuthModuleOptions, type MountableController } from 'nestjs-latchkey';
import { tokenController, wellKnownController } from 'nestjs-latchkey/controllers';
import { ADAPTERS, startApplication, type RunningApplication, type StartOptions } from '../support/applications.js';

const ISSUER = 'https://accounts.example';
const exported = (type: 'ec' | 'rsa' | 'ed25519', options = {}) =>
  generateKeyPairSync(type as 'rsa', options as { modulusLength: number }).privateKey.export({ format: 'jwk' }) as JWK;

const OWN_KEYS: readonly (readonly [string, JWK])[] = [
  ['ES256', exported('ec', { namedCurve: 'P-256' })],
  ['ES384', exported('ec', { namedCurve: 'P-384' })],
  ['ES512', exported('ec', { namedCurve: 'P-521' })],
  ['RS256', exported('rsa', { modulusLength: 2048 })],
  ['PS512', exported('rsa', { modulusLength: 2048 })],
  ['EdDSA', exported('ed25519')],
  ['HS512', { kty: 'oct', k: Buffer.alloc(64, 'correct horse').toString('base64url') }],
];
const ES256 = OWN_KEYS[0]?.[1] ?? {};

async function withApplication(
  adapter: (typeof ADAPTERS)[number],
  options: Partial<AuthModuleOptions> &
    Pick<StartOptions, 'configure'> & { controllers?: readonly MountableController[] },
  work: (app: RunningApplication) => Promise<void>,
): Promise<void> {
  const { configure = () => {}, controllers = [wellKnownController()], ...values } = options;
  const module = AuthModule.forRoot({ issuer: ISSUER, audience: 'courses', keys: ES256, controllers, ...values });
  const app = await startApplication(adapter, { imports: [module], configure });
  try {
    await work(app);
  } finally {
    await app.close();
  }
}

const secretMembers = (value: unknown): string[] =>
  typeof value !== 'object' || value === null
    ? []
    : Object.entries(value).flatMap(([name, member]) => [
        ...(['d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'oth'].includes(name) ? [name] : []),
        ...secretMembers(member),
      ]);

const metadata = async (app: RunningApplication, prefix = ''): Promise<unknown> =>
  (await app.fetch(`${prefix}/.well-known/oauth-authorization-server`)).json();

const versioned = (app: RunningApplication['app']) =>
  app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });

describe.each(ADAPTERS)('The well-known URLs on %s', (adapter) => {
  it.each(OWN_KEYS)('publish no private member of an %s key', async (alg, jwk) => {
    await withApplication(adapter, { keys: { key: jwk, alg: alg as 'ES256' } }, async (app) => {
      const response = await app.fetch('/.well-known/jwks.json');
      const set = (await response.json()) as { keys: JWK[] };
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toMatch(/^application\/json/);
      expect(secretMembers(set)).toEqual([]);
      if (jwk.kty === 'oct') {
        expect(set).toEqual({ keys: [] });
        return;
      }
      const publicJwk = createPublicKey(createPrivateKey({ key: { ...jwk }, format: 'jwk' })).export({ format: 'jwk' });
      const kid = await calculateJwkThumbprint(jwk);
      expect(set).toEqual({ keys: [{ ...publicJwk, use: 'sig', alg, kid }] });
    });
  });

  it('answer 304 to a client that has the set already, and allow caching', async () => {
    await withApplication(adapter, {}, async (app) => {
      const first = await app.fetch('/.well-known/jwks.json');
      const tag = String(first.headers.get('etag'));
      expect(first.headers.get('cache-control')).toBe('public, max-age=300');
      for (const header of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
        const again = await app.fetch('/.well-known/jwks.json', { headers: { 'if-none-match': header } });
        expect([header, again.status, await again.text()]).toEqual([header, 304, '']);
        expect(again.headers.get('etag')).toBe(tag);
        expect(again.headers.get('cache-control')).toBe('public, max-age=300');
      }
      const other = await app.fetch('/.well-known/jwks.json', { headers: { 'if-none-match': '"other"' } });
      expect(other.status).toBe(200);
    });
  });

  it('have another ETag once the keys change', async () => {
    const tags: unknown[] = [];
    for (const [, keys] of OWN_KEYS.slice(0, 2)) {
      await withApplication(adapter, { keys }, async (app) => {
        tags.push((await app.fetch('/.well-known/jwks.json')).headers.get('etag'));
      });
    }
    expect(new Set(tags).size).toBe(2);
  });

  it('list exactly the mounted routes', async () => {
    const nothingMore = { response_types_supported: [], grant_types_supported: [] };
    await withApplication(adapter, {}, async (app) => {
      expect(await metadata(app)).toEqual({
        issuer: ISSUER,
        jwks_uri: `${ISSUER}/.well-known/jwks.json`,
        ...nothingMore,
      });
    });
    const paths = { configure: (app: RunningApplication['app']) => app.setGlobalPrefix('api') };
    await withApplication(adapter, paths, async (app) => {
      expect(await metadata(app, '/api')).toMatchObject({ jwks_uri: `${ISSUER}/api/.well-known/jwks.json` });
    });
    const elsewhere = { controllers: [wellKnownController({ baseUrl: 'https://api.example/v1/' })] };
    await withApplication(adapter, elsewhere, async (app) => {
      expect(await metadata(app)).toMatchObject({ jwks_uri: 'https://api.example/v1/.well-known/jwks.json' });
    });
  });

  it('keep their paths if the routes of the application have versions', async () => {
    await withApplication(adapter, { configure: versioned }, async (app) => {
      expect((await app.fetch('/.well-known/jwks.json')).status).toBe(200);
    });
  });

  it('are public, whatever credential is sent', async () => {
    await withApplication(adapter, {}, async (app) => {
      const headers = { authorization: 'Bearer nonsense' };
      expect((await app.fetch('/.well-known/jwks.json', { headers })).status).toBe(200);
      expect((await app.fetch('/.well-known/oauth-authorization-server', { headers })).status).toBe(200);
    });
  });
});

describe('wellKnownController()', () => {
  it('names the endpoints of the token controller as RFC 8414 does', () => {
    expect(tokenController().endpoints).toEqual({
      revocation_endpoint: '/auth/token/revoke',
      introspection_endpoint: '/auth/token/introspect',
    });
    expect(wellKnownController().requires).toEqual(['signing']);
  });

  it.each([{ maxAge: 0 }, { maxAge: '2d' as const }, { maxAge: 'soon' as '1s' }, { baseUrl: '/api' }])(
    'refuses %j when the application is put together',
    (options) => {
      expect(() => wellKnownController(options)).toThrow(AuthConfigurationError);
    },
  );

  it('is a boot error in a service that issues nothing', async () => {
    const trust = [{ issuer: ISSUER, audience: 'courses', keys: { jwksUri: `${ISSUER}/jwks` } }];
    const module = AuthModule.forRoot({ trust, controllers: [wellKnownController()] });
    await expect(startApplication('express', { imports: [module] })).rejects.toThrow(/WellKnownController/);
  });
});
