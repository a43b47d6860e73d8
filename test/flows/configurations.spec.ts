// A public and an admin configuration in one application: same issuer, same keys, same store, and no credential of one is valid for the other.
import { Controller, Get, Inject, Injectable, Module, Post, UseGuards } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  AuthGuardFor,
  CurrentPrincipal,
  AuthModule,
  authConfiguration,
  BlocklistService,
  CurrentUser,
  JwtAuthGuard,
  memoryStores,
  Public,
  RequireScopes,
  SessionAuthGuard,
  SessionOrJwtGuard,
  TokenService,
  UserSource,
  type AuthModuleOptions,
  type AuthModuleStructure,
  type AuthUser,
  type Principal,
  type SignInCredentials,
  type Subject,
} from 'nestjs-latchkey';
import { authenticateEarly } from 'nestjs-latchkey/browser';
import { ephemeralKeys } from 'nestjs-latchkey/keys';
import { RouteAudit } from 'nestjs-latchkey/policies';
import type { StoresFactory } from 'nestjs-latchkey/stores';
import {
  cookieController,
  csrfController,
  devicesController,
  sessionController,
  tokenController,
} from 'nestjs-latchkey/controllers';
import { describeAuth } from 'nestjs-latchkey/swagger';
import { actingAs, AuthTestingModule, FixedClock, TokenFactory } from 'nestjs-latchkey/testing';
import { ADAPTERS, startApplication, type AdapterName, type RunningApplication } from '../support/applications.js';
import { registerSessions } from '../support/browser-app.js';
import { CookieJar } from '../support/cookie-jar.js';
import { bearer } from '../support/sample-users.js';

const admin = authConfiguration('admin');
const ISSUER = 'https://shop.test';
const PASSWORD = 'correct horse battery staple';

interface Person {
  readonly id: string;
  readonly active: boolean;
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
}

class Directory extends UserSource<Person> {
  protected readonly people: readonly Person[] = [];
  override async findBySubject({ id }: Subject): Promise<Person | undefined> {
    return this.people.find((person) => person.id === id);
  }
  override describe(person: Person) {
    return person;
  }
  override async verifyCredentials({ username, password }: SignInCredentials): Promise<Person | undefined> {
    return password === PASSWORD ? this.people.find(({ id }) => id === username) : undefined;
  }
}

/** The same names in both, so that only the configuration distinguishes them. */
const person = (id: string, roles: readonly string[], scopes: readonly string[]): Person => ({
  id,
  active: true,
  roles,
  scopes,
});

@Injectable()
class Customers extends Directory {
  protected override readonly people = [person('ada', ['staff'], ['reports:read'])];
}

@Injectable()
class Administrators extends Directory {
  protected override readonly people = [person('ada', ['admin', 'staff'], ['reports:read'])];
}

@Module({ providers: [Customers, Administrators], exports: [Customers, Administrators] })
class PeopleModule {}

const said = (user: AuthUser & Partial<Person>, auth: Principal) => ({ roles: user.roles, aud: auth.claims['aud'] });

@Controller('shop')
class ShopController {
  // The default guard, which is that of the configuration without a name.
  @Get('orders') orders(@CurrentUser() user: AuthUser, @CurrentPrincipal() auth: Principal) {
    return said(user, auth);
  }
  @Public() @Get('motto') motto() {
    return { motto: 'open to all' };
  }
}

@UseGuards(admin.JwtAuthGuard)
@Controller('admin/reports')
class ReportsController {
  constructor(
    @Inject(admin.token(TokenService)) private readonly tokens: TokenService,
    private readonly publicTokens: TokenService,
  ) {}

  @RequireScopes('reports:read') @Get() list(@CurrentUser() user: AuthUser, @CurrentPrincipal() auth: Principal) {
    return said(user, auth);
  }
  @Public() @Get('motto') motto() {
    return { motto: 'open to all' };
  }
  @UseGuards(admin.AuthGuardFor('bearer', 'cookie')) @Post('change') change(@CurrentPrincipal() auth: Principal) {
    return { scheme: auth.scheme };
  }
  @UseGuards(JwtAuthGuard, admin.JwtAuthGuard) @Get('both') both() {
    return {};
  }
  @Get('services') services() {
    return { differ: this.tokens !== this.publicTokens };
  }
}

const customers = Customers as never;
const administrators = Administrators as never;

function configurations(
  stores: { readonly shop?: StoresFactory; readonly admin?: StoresFactory },
  more: AuthModuleStructure = {},
) {
  const keys = ephemeralKeys('ES256');
  const common: AuthModuleOptions = { issuer: ISSUER, keys, cookies: {} };
  return [
    AuthModule.forRoot({
      ...common,
      audience: 'shop',
      users: customers,
      controllers: [tokenController(), cookieController(), csrfController(), devicesController()],
      ...(stores.shop && { stores: stores.shop }),
      ...more,
    }),
    AuthModule.forRoot({
      ...common,
      name: admin.name,
      audience: 'shop-admin',
      cookies: { refreshPath: '/admin/auth/cookie' },
      users: administrators,
      controllers: [
        tokenController({ path: 'admin/auth/token' }),
        cookieController({ path: 'admin/auth/cookie' }),
        csrfController({ path: 'admin/auth/csrf' }),
        devicesController({ path: 'admin/auth/devices' }),
      ],
      ...(stores.admin && { stores: stores.admin }),
    }),
  ];
}

interface Pair {
  readonly access_token: string;
  readonly refresh_token: string;
}

const SIDES = {
  shop: {
    auth: '/auth',
    own: '/shop/orders',
    other: '/admin/reports',
    otherAuth: '/admin/auth',
    aud: 'shop',
    roles: ['staff'],
  },
  admin: {
    auth: '/admin/auth',
    own: '/admin/reports',
    other: '/shop/orders',
    otherAuth: '/auth',
    aud: 'shop-admin',
    roles: ['admin', 'staff'],
  },
} as const;

describe.each(ADAPTERS)('a public and an admin configuration on %s', (adapter: AdapterName) => {
  let running: RunningApplication;
  /** The roles of the user whom middleware saw. */
  let seen: readonly string[] | undefined;
  beforeAll(async () => {
    // One store for both, on purpose.
    const { revocations, logins } = await memoryStores().useFactory(undefined as never);
    const shared: StoresFactory = { useFactory: () => ({ revocations, logins }) };
    running = await startApplication(adapter, {
      imports: [PeopleModule, ...configurations({ shop: shared, admin: shared })],
      controllers: [ShopController, ReportsController],
      configure: (app) => {
        authenticateEarly(app, { guard: admin.JwtAuthGuard });
        app.use((request: { user?: Person }, _: unknown, next: () => void) => {
          seen = request.user?.roles;
          next();
        });
      },
    });
  });
  afterAll(() => running.close());

  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    running.fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });

  async function signIn(side: keyof typeof SIDES): Promise<Pair> {
    const answer = await post(`${SIDES[side].auth}/token`, { username: 'ada', password: PASSWORD });
    expect(answer.status).toBe(200);
    return (await answer.json()) as Pair;
  }

  it.each([
    ['admin', SIDES.admin.roles],
    ['shop', undefined],
  ] as const)('shows before guards the user of the configuration of its guard: a token of %s', async (side, roles) => {
    const { access_token: token } = await signIn(side);
    expect((await running.fetch('/admin/reports/motto', bearer(token))).status).toBe(200);
    expect(seen).toEqual(roles);
  });

  describe.each(['shop', 'admin'] as const)('a token of %s', (side) => {
    const { auth, own, other, otherAuth, aud, roles } = SIDES[side];

    it('is accepted by its own configuration, with its user, and refused by the other', async () => {
      const { access_token: token } = await signIn(side);
      const home = await running.fetch(own, bearer(token));
      expect([home.status, await home.json()]).toEqual([200, { roles, aud }]);
      const away = await running.fetch(other, bearer(token));
      expect([away.status, ((await away.json()) as { errorCode: string }).errorCode]).toEqual([
        401,
        'invalid_audience',
      ]);
    });

    it('is refreshed by its own configuration alone, and is not consumed by the other', async () => {
      const { refresh_token } = await signIn(side);
      expect((await post(`${otherAuth}/token/refresh`, { refresh_token })).status).toBe(401);
      expect((await post(`${auth}/token/refresh`, { refresh_token })).status).toBe(200);
    });

    it('opens the ready-made routes of its own configuration alone', async () => {
      const { access_token: token } = await signIn(side);
      expect((await running.fetch(`${auth}/devices`, bearer(token))).status).toBe(200);
      expect((await running.fetch(`${otherAuth}/devices`, bearer(token))).status).toBe(401);
      const { headers = {} } = bearer(token);
      const introspect = (at: string) => post(`${at}/token/introspect`, { token }, headers as Record<string, string>);
      expect((await introspect(auth)).status).toBe(200);
      expect((await introspect(otherAuth)).status).toBe(401);
    });

    it('is revoked by its own configuration', async () => {
      const { access_token: token } = await signIn(side);
      expect((await post(`${auth}/token/revoke`, { token })).status).toBe(200);
      expect((await running.fetch(own, bearer(token))).status).toBe(401);
    });

    it('is accepted in cookies by its own configuration alone', async () => {
      const jar = new CookieJar(running);
      const csrf = ((await (await jar.send(`${auth}/csrf`)).json()) as { csrfToken: string }).csrfToken;
      const login = await jar.send(`${auth}/cookie/login`, {
        method: 'POST',
        body: { username: 'ada', password: PASSWORD },
        headers: { 'x-csrf-token': csrf, origin: ISSUER },
      });
      expect(login.status).toBe(204);
      expect([(await jar.send(own)).status, (await jar.send(other)).status]).toEqual([200, 401]);
    });
  });

  it('are both required on a route that names both', async () => {
    const [shop, staff] = [await signIn('shop'), await signIn('admin')];
    for (const { access_token } of [shop, staff]) {
      expect((await running.fetch('/admin/reports/both', bearer(access_token))).status).toBe(401);
    }
  });

  it('share decorators, and inject services by token', async () => {
    expect((await running.fetch('/admin/reports/motto')).status).toBe(200);
    const { access_token: token } = await signIn('admin');
    expect(await (await running.fetch('/admin/reports/services', bearer(token))).json()).toEqual({ differ: true });
    expect(running.app.get(admin.token(TokenService))).not.toBe(running.app.get(TokenService));
    expect(() => admin.token(Customers)).toThrow('Customers is not a service of nestjs-latchkey');
  });

  it('have separate test tokens', async () => {
    const acting = await actingAs(running.app, 'ada', { configuration: 'admin' });
    const answer = await acting.through((headers) => running.fetch('/admin/reports', { headers }));
    expect(answer.status).toBe(200);
    const refresh = await TokenFactory.of(running.app, 'admin').wrongKind('ada');
    const kind = { kind: 'refresh' } as const;
    expect(await running.app.get<TokenService>(admin.token(TokenService)).verify(refresh, kind)).toBeDefined();
    await expect(running.app.get(TokenService).verify(refresh, kind)).rejects.toThrow();
    const wrong = await TokenFactory.of(running.app).valid('ada');
    expect((await running.fetch('/admin/reports', bearer(wrong))).status).toBe(401);
  });

  it('are separate in the route audit', () => {
    const routes = new Map(
      running.app
        .get(RouteAudit)
        .list()
        .map((route) => [route.name, route]),
    );
    expect(routes.get('ShopController.orders')).toMatchObject({
      guards: ['JwtAuthGuard'],
      schemes: ['bearer', 'cookie'],
    });
    expect(routes.get('ReportsController.list')).toMatchObject({
      access: 'guarded',
      guards: ['admin.JwtAuthGuard'],
      schemes: ['bearer', 'cookie'],
      scopes: ['reports:read'],
    });
    expect(routes.get('ReportsController.motto')).toMatchObject({ access: 'public' });
    const introspection = [...routes.values()].filter(({ name }) => name.endsWith('.introspect'));
    expect(introspection.map(({ guards }) => guards)).toEqual(
      expect.arrayContaining([['JwtAuthGuard'], ['admin.JwtAuthGuard']]),
    );
  });

  it('are separate in OpenAPI', () => {
    const config = new DocumentBuilder().setOpenAPIVersion('3.1.0').build();
    const document = describeAuth(running.app, () => SwaggerModule.createDocument(running.app, config));
    expect(document.paths['/shop/orders']?.get?.security).toEqual([{ bearer: [] }, { cookie: [] }]);
    expect(document.paths['/admin/reports']?.get?.security).toEqual([
      { 'admin-bearer': ['reports:read'] },
      { 'admin-cookie': ['reports:read'] },
    ]);
    expect(document.components?.securitySchemes).toMatchObject({
      bearer: { type: 'http' },
      'admin-bearer': { type: 'http' },
      cookie: { name: '__Host-access' },
      'admin-cookie': { name: '__Host-admin-access' },
    });
    const login = document.paths['/admin/auth/cookie/login']?.post?.responses['204'] as { headers: object };
    expect(JSON.stringify(login.headers)).toContain('__Host-admin-access');
  });

  it('share the blocklist if they share the store', async () => {
    const tokens = [await signIn('shop'), await signIn('admin')];
    await running.app.get(BlocklistService).revokeSubject({ issuer: ISSUER, id: 'ada' });
    const answers = await Promise.all([
      running.fetch('/shop/orders', bearer(tokens[0]?.access_token ?? '')),
      running.fetch('/admin/reports', bearer(tokens[1]?.access_token ?? '')),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([401, 401]);
  });
});

describe.each(ADAPTERS)('two configurations with stores of their own on %s', (adapter) => {
  it('end only their own logins, and satisfy strictRoutes', async () => {
    const running = await startApplication(adapter, {
      imports: [PeopleModule, ...configurations({}, { strictRoutes: true })],
      controllers: [PlainShop, PlainReports],
    });
    const tokens = [running.app.get(TokenService), running.app.get<TokenService>(admin.token(TokenService))];
    const [shop, staff] = await Promise.all(
      tokens.map((each) => each.issue(person('ada', [], []) as unknown as AuthUser)),
    );
    await running.app.get(BlocklistService).revokeSubject({ issuer: ISSUER, id: 'ada' });
    const statuses = [
      (await running.fetch('/plain/shop', bearer(shop?.accessToken ?? ''))).status,
      (await running.fetch('/plain/reports', bearer(staff?.accessToken ?? ''))).status,
    ];
    await running.close();
    expect(statuses).toEqual([401, 200]);
  });
});

@Controller('plain/shop')
class PlainShop {
  @Get() get() {
    return {};
  }
}

@UseGuards(admin.JwtAuthGuard)
@Controller('plain/reports')
class PlainReports {
  @Get() get() {
    return {};
  }
}

@UseGuards(admin.SessionAuthGuard)
@Controller('session')
class SessionRoutes {
  @Get('admin') ofAdmin() {
    return {};
  }
}

@UseGuards(SessionAuthGuard)
@Controller('session')
class ShopSessionRoutes {
  @Get('shop') ofShop() {
    return {};
  }
}

describe.each(ADAPTERS)('two configurations with host sessions on %s', (adapter) => {
  it('do not accept a session of the other', async () => {
    const common = { issuer: ISSUER, keys: ephemeralKeys('ES256'), session: {} };
    const running = await startApplication(adapter, {
      imports: [
        PeopleModule,
        AuthModule.forRoot({
          ...common,
          audience: 'shop',
          users: customers,
          controllers: [sessionController(), csrfController()],
        }),
        AuthModule.forRoot({ ...common, name: admin.name, audience: 'shop-admin', users: administrators }),
      ],
      controllers: [SessionRoutes, ShopSessionRoutes],
      configure: (app) => registerSessions(app, adapter),
    });
    const jar = new CookieJar(running);
    const login = await jar.post('/auth/session/login', { username: 'ada', password: PASSWORD });
    const statuses = [(await jar.send('/session/shop')).status, (await jar.send('/session/admin')).status];
    await running.close();
    expect([login.status, ...statuses]).toEqual([204, 200, 401]);
  });
});

it('guards of one configuration are not guards of another', () => {
  const partner = authConfiguration('partner');
  expect(() => AuthGuardFor(admin.JwtAuthGuard, 'api-key')).toThrow(
    "AuthGuardFor() was given admin.JwtAuthGuard, a guard of the configuration 'admin'",
  );
  expect(() => partner.AuthGuardFor('bearer', admin.SessionAuthGuard)).toThrow(
    "authConfiguration('admin').AuthGuardFor(...)",
  );
  expect(() => partner.guard(admin.JwtAuthGuard)).toThrow("admin.JwtAuthGuard belongs to the configuration 'admin'");
  // Its own are a list of schemes like those that no configuration has taken yet.
  expect(admin.AuthGuardFor(admin.JwtAuthGuard, 'session')).toBe(admin.AuthGuardFor(SessionOrJwtGuard));
  expect(admin.guard(admin.JwtAuthGuard)).toBe(admin.JwtAuthGuard);
});

it('AuthTestingModule replaces clock and stores of a named configuration', async () => {
  const clock = new FixedClock();
  const running = await startApplication('express', {
    imports: [PeopleModule, ...configurations({})],
    controllers: [PlainShop, PlainReports],
    prepare: (builder) => {
      AuthTestingModule.override(builder as never, clock);
      AuthTestingModule.override(builder as never, clock, admin.name);
      return builder;
    },
  });
  const token = await TokenFactory.of(running.app, admin.name).valid('ada');
  const statuses = [(await running.fetch('/plain/reports', bearer(token))).status];
  clock.advance('16m');
  statuses.push((await running.fetch('/plain/reports', bearer(token))).status);
  await running.close();
  expect(statuses).toEqual([200, 401]);
});
