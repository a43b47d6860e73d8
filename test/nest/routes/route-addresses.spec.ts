// Addresses are those of the running application: global prefix, what is left out of it, versions of every type, RouterModule.
import {
  Controller,
  Get,
  Module,
  RequestMethod,
  Version,
  VERSION_NEUTRAL,
  VersioningType,
  type INestApplication,
  type VersioningOptions,
} from '@nestjs/common';
import { RouterModule } from '@nestjs/core';
import { afterEach, describe, expect, it } from '@jest/globals';
import { AuthModule, type AuthModuleOptions } from 'nestjs-latchkey';
import { RouteAudit } from 'nestjs-latchkey/policies';
import { cookieController, csrfController, tokenController, wellKnownController } from 'nestjs-latchkey/controllers';
import { expectProtected } from 'nestjs-latchkey/testing';
import {
  ADAPTERS,
  SILENT,
  startApplication,
  type AdapterName,
  type RunningApplication,
} from '../../support/applications.js';
import { ISSUER, PASSWORD, People, PeopleModule } from '../../support/browser-app.js';
import { CookieJar } from '../../support/cookie-jar.js';
import { sendLines } from '../../support/raw-http.js';

@Controller('plain')
class Plain {
  @Get() list() {
    return 'plain';
  }
  @Version(['2', VERSION_NEUTRAL]) @Get('both') both() {
    return 'both';
  }
}

@Controller({ path: ['one', 'two'], version: '3' })
class Numbered {
  @Get(['a', 'b/:id']) list() {
    return 'numbered';
  }
}

@Controller({ path: 'health', version: VERSION_NEUTRAL })
class Health {
  @Get() check() {
    return 'health';
  }
}

@Controller('inside')
class Inside {
  @Get() list() {
    return 'inside';
  }
}

@Module({ controllers: [Inside] })
class InsideModule {}

type Configure = (app: INestApplication) => unknown;

const REFRESH = '__Secure-refresh';

let running: RunningApplication | undefined;
afterEach(async () => {
  await running?.close();
  running = undefined;
});

const withPrefix: Configure = (app) =>
  app.setGlobalPrefix('/api/', { exclude: ['health', { path: 'plain', method: RequestMethod.POST }] });
const withVersions =
  (options: VersioningOptions): Configure =>
  (app) =>
    app.enableVersioning(options);
const together =
  (...all: readonly Configure[]): Configure =>
  (app) =>
    all.forEach((each) => each(app));

const SETUPS: readonly (readonly [string, Configure])[] = [
  ['as it is', () => undefined],
  ['with a global prefix', withPrefix],
  ['with versions in the path', withVersions({ type: VersioningType.URI, defaultVersion: '1' })],
  ['with several defaults', withVersions({ type: VersioningType.URI, defaultVersion: ['1', VERSION_NEUTRAL] })],
  ['with versions and no default', withVersions({ type: VersioningType.URI })],
  [
    'with prefix and versions of another spelling',
    together(withPrefix, withVersions({ type: VersioningType.URI, prefix: 'release-', defaultVersion: '1' })),
  ],
  [
    'with bare versions',
    together(withPrefix, withVersions({ type: VersioningType.URI, prefix: false, defaultVersion: '1' })),
  ],
  [
    'with versions in a header',
    together(withPrefix, withVersions({ type: VersioningType.HEADER, header: 'x-version', defaultVersion: '1' })),
  ],
  [
    'with versions in the media type',
    withVersions({ type: VersioningType.MEDIA_TYPE, key: 'v=', defaultVersion: '1' }),
  ],
  [
    'with versions of its own',
    withVersions({ type: VersioningType.CUSTOM, extractor: () => ['1', '2', '3'], defaultVersion: '1' }),
  ],
];

/** With a version that the route answers to. */
const DECORATED = [
  ['/plain', '1'],
  ['/plain/both', '2'],
  ['/one/a', '3'],
  ['/two/b/x', '3'],
  ['/health', '1'],
  ['/mod/x/inside', '1'],
] as const;

describe.each(ADAPTERS)('the audited paths on %s', (adapter) => {
  it.each(SETUPS)('are those that respond, %s', async (_, configure) => {
    running = await startApplication(adapter, {
      imports: [
        AuthModule.forRoot({ defaultGuard: false }),
        RouterModule.register([{ path: 'mod/:tenant', module: InsideModule }]),
        InsideModule,
      ],
      controllers: [Plain, Numbered, Health],
      configure,
    });
    const listed = running.app.get(RouteAudit).list();
    expect(listed).toHaveLength(5);
    for (const { paths, version } of listed) {
      for (const path of paths) {
        const number = version?.split(', ')[0] ?? '1';
        const headers = { 'x-version': number, accept: `application/json;v=${number}` };
        const answer = await running.fetch(path.replaceAll(/:\w+/g, 'x'), { headers });
        expect([path, answer.status]).toEqual([path, 200]);
      }
    }
    // And no others: with a prefix or a version, the path in the decorators alone is wrong.
    const addresses = listed.flatMap(({ paths }) => paths);
    for (const [path, number] of DECORATED) {
      const isListed = addresses.some((each) => each.replaceAll(/:\w+/g, 'x') === path);
      const headers = { 'x-version': number, accept: `application/json;v=${number}` };
      const answer = await running.fetch(path, { headers });
      expect([path, answer.status === 200]).toEqual([path, isListed]);
    }
  });

  it('are those that expectProtected() uses', async () => {
    running = await startApplication(adapter, {
      imports: [AuthModule.forRoot({ defaultGuard: false })],
      controllers: [Health, Plain],
      configure: withPrefix,
    });
    const { app } = running;
    expectProtected(app, { except: ['GET /health', 'GET /api/plain', 'GET /api/plain/both'] });
    expect(() => expectProtected(app, { except: ['GET /health', 'GET /plain', 'GET /api/plain/both'] })).toThrow(
      '/api/plain',
    );
  });
});

const browserApp = async (
  adapter: AdapterName,
  configure: Configure,
  cookies: NonNullable<AuthModuleOptions['cookies']> = {},
): Promise<RunningApplication> => {
  running = await startApplication(adapter, {
    imports: [
      PeopleModule,
      AuthModule.forRoot({
        issuer: ISSUER,
        audience: 'app',
        cookies,
        users: People as never,
        controllers: [cookieController(), csrfController(), tokenController(), wellKnownController()],
      }),
    ],
    configure,
  });
  return running;
};

/** Signs in, refreshes, and signs out after the access cookie has gone; as a browser with these addresses would. */
async function wholeSignIn(app: RunningApplication, at: string): Promise<readonly unknown[]> {
  const jar = new CookieJar({
    fetch: (path, init) => app.fetch(path.startsWith('/auth/csrf') ? `${at}${path}` : path, init),
  });
  const post = (path: string, body?: unknown) => jar.post(`${at}/auth/cookie/${path}`, body);
  const login = await post('login', { username: 'ada', password: PASSWORD });
  const path = jar.cookies.get(REFRESH)?.path;
  const refresh = await post('refresh');
  const refreshToken = jar.value(REFRESH);
  jar.cookies.delete('__Host-access');
  const logout = await post('logout');
  const spent = await app.fetch(`${at}/auth/token/refresh`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ refresh_token: refreshToken }),
  });
  return [login.status, path, refresh.status, logout.status, jar.cookies.has(REFRESH), spent.status];
}

describe.each(ADAPTERS)('the refresh cookie on %s', (adapter) => {
  const uri = withVersions({ type: VersioningType.URI, defaultVersion: '1' });
  const moved: readonly (readonly [string, Configure, string])[] = [
    ['nothing else', () => undefined, ''],
    ['a global prefix', (app) => app.setGlobalPrefix('api'), '/api'],
    ['a default version', uri, '/v1'],
    ['both', together((app) => app.setGlobalPrefix('api'), uri), '/api/v1'],
    ['an exclusion', (app) => app.setGlobalPrefix('api', { exclude: ['auth/*path', 'auth/csrf'] }), ''],
    [
      'a version in a header',
      withVersions({ type: VersioningType.HEADER, header: 'x-version', defaultVersion: VERSION_NEUTRAL }),
      '',
    ],
  ];
  it.each(moved)(
    'is limited to the path of the routes with %s, so that refresh and sign-out receive it',
    async (_, configure, at) => {
      const app = await browserApp(adapter, configure);
      expect(await wholeSignIn(app, at)).toEqual([204, `${at}/auth/cookie`, 204, 204, false, 401]);
    },
  );

  it('may be limited to a path that covers them, or that a proxy removes', async () => {
    for (const refreshPath of ['/api', '/api/auth/cookie/', '/', '/app/api/auth/cookie']) {
      const app = await browserApp(adapter, (each) => each.setGlobalPrefix('api'), { refreshPath });
      await app.close();
    }
    running = undefined;
  });

  it.each([['/auth/cookie'], ['/api/auth/cookie2'], ['/api/auth/cookie/refresh']])(
    'is refused at boot with the path %s, which does not cover a route',
    async (refreshPath) => {
      const boot = browserApp(adapter, (each) => each.setGlobalPrefix('api'), { refreshPath });
      await expect(boot).rejects.toThrow(
        /cookies\.refreshPath is '.*would never see the cookie.*'\/api\/auth\/cookie'/,
      );
    },
  );

  it('agrees with metadata, if every endpoint responds', async () => {
    for (const [configure, at] of [
      [together((app) => app.setGlobalPrefix('api'), uri), '/api/v1'],
      [uri, '/v1'],
    ] as const) {
      const app = await browserApp(adapter, configure);
      const prefix = at.replace('/v1', '');
      const document = (await (await app.fetch(`${prefix}/.well-known/oauth-authorization-server`)).json()) as Record<
        string,
        unknown
      >;
      expect(document).toMatchObject({
        issuer: ISSUER,
        jwks_uri: `${ISSUER}${prefix}/.well-known/jwks.json`,
        revocation_endpoint: `${ISSUER}${at}/auth/token/revoke`,
      });
      expect((await app.fetch(`${prefix}/.well-known/jwks.json`)).status).toBe(200);
      const revoke = await app.fetch(`${at}/auth/token/revoke`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"token":"x"}',
      });
      expect(revoke.status).toBe(200);
      await app.close();
    }
    running = undefined;
  });

  it('and metadata ignore the request target of a client', async () => {
    const app = await browserApp(adapter, () => undefined);
    for (const target of [
      'http://evil.example/.well-known/oauth-authorization-server',
      '/.well-known/oauth-authorization-server?/.well-known/',
    ]) {
      const { status, body } = await sendLines(app.url, [`GET ${target} HTTP/1.1`]);
      if (status !== 200) continue;
      expect((JSON.parse(body) as { jwks_uri: string }).jwks_uri).toBe(`${ISSUER}/.well-known/jwks.json`);
    }
  });
});

describe('the metadata of an issuer', () => {
  it.each([
    [ISSUER, withPrefix, {}, '/.well-known/oauth-authorization-server'],
    ['https://app.test/tenant', () => undefined, {}, '/.well-known/oauth-authorization-server/tenant'],
    [ISSUER, () => undefined, {}, undefined],
    [ISSUER, (app: INestApplication) => app.setGlobalPrefix('api', { exclude: ['.well-known/*path'] }), {}, undefined],
    [ISSUER, withPrefix, { baseUrl: 'https://app.test/api' }, undefined],
  ] as const)(
    'is served at the URL that clients of %s request, or the log says that it is not',
    async (issuer, configure, options, expected) => {
      const warnings: string[] = [];
      running = await startApplication('fastify', {
        imports: [AuthModule.forRoot({ issuer, audience: 'app', controllers: [wellKnownController(options)] })],
        configure,
        log: { ...SILENT, warn: (message: unknown) => void warnings.push(String(message)) },
      });
      const told = warnings.filter((line) => line.includes('RFC 8414'));
      expect(told).toHaveLength(expected === undefined ? 0 : 1);
      if (expected !== undefined) expect(told[0]).toContain(`at ${expected} (`);
    },
  );
});
