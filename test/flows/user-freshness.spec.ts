// How old what is known of a user may be at a request: asked each time, remembered for a while, or as the token says.
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Injectable, Module, UseGuards, type Type } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import {
  AllowInactive,
  authConfiguration,
  Authorize,
  AuthModule,
  CurrentPrincipal,
  CurrentUser,
  guardSockets,
  LoginService,
  OptionalAuth,
  Public,
  RequireRoles,
  SessionOrJwtGuard,
  TokenService,
  UserChanges,
  UserFreshness,
  type AuthModuleOptions,
  type AuthModuleStructure,
  type AuthUser,
  type Principal,
  type Verified,
} from 'nestjs-latchkey';
import { authenticateEarly } from 'nestjs-latchkey/browser';
import { allOf, anyOf, not, selfOrStaff, type Policy } from 'nestjs-latchkey/policies';
import { describeAuth } from 'nestjs-latchkey/swagger';
import { FixedClock } from 'nestjs-latchkey/testing';
import { ADAPTERS, startApplication, type RunningApplication } from '../support/applications.js';
import { PASSWORD, People, startBrowserApp, type Person } from '../support/browser-app.js';
import { CookieJar } from '../support/cookie-jar.js';
import { bearer } from '../support/sample-users.js';
import { connectSocket } from '../support/sockets.js';
import { UserDirectory } from '../support/user-directory.js';

const WITHIN_MS = 2_000;
const ISSUER = 'https://app.test';

const seen = (user: Partial<Person> | undefined, auth?: Principal) => ({
  id: user?.id ?? null,
  motto: user?.motto ?? null,
  roles: auth?.roles ?? [],
});

@Controller('pages')
class PagesController {
  @Get() page(@CurrentUser() user: Person, @CurrentPrincipal() auth: Principal) {
    return seen(user, auth);
  }
  @UserFreshness('every-request') @Get('asked') asked(@CurrentUser() user: Person) {
    return seen(user);
  }
  @UserFreshness('token') @Get('told') told(@CurrentUser() user: Person, @CurrentPrincipal() auth: Principal) {
    return seen(user, auth);
  }
  @UserFreshness('token') @OptionalAuth() @Get('optional') optional(@CurrentUser() user: Person) {
    return seen(user);
  }
  @UserFreshness('token') @RequireRoles('staff') @Get('staff') staff() {
    return { staff: true };
  }
  @UserFreshness('token') @UseGuards(SessionOrJwtGuard) @Get('either') either(@CurrentUser() user: Person) {
    return seen(user);
  }
}

/** What a token says of its user. */
const tokenUser = ({ subject, claims }: Verified): AuthUser =>
  ({ id: subject.id, motto: `of the token of ${String(claims['client_id'])}` }) as unknown as AuthUser;

@Injectable()
class Chats extends UserDirectory {
  constructor() {
    super([{ id: 'ada', scopes: [] }]);
  }
}

@Module({ providers: [Chats], exports: [Chats] })
class ChatsModule {}

@WebSocketGateway()
class ChatGateway {
  @SubscribeMessage('me') me(@CurrentUser() user: Person) {
    return { event: 'me', data: user.id };
  }
}

describe.each(ADAPTERS)('users and requests on %s', (adapter) => {
  let clock: FixedClock;
  let running: RunningApplication | undefined;
  let browser: () => CookieJar;

  beforeEach(() => {
    clock = new FixedClock();
  });
  afterEach(async () => {
    await running?.close();
    running = undefined;
  });

  async function start(options: AuthModuleOptions, early = false) {
    running = await startBrowserApp(adapter, {
      ...options,
      structure: { clock },
      controllers: [PagesController],
      configure: (app) => void (early && authenticateEarly(app)),
    });
    const { app, fetch } = running;
    const people = app.get(People, { strict: false });
    const tokens = app.get(TokenService);
    const tokenOf = async (id: string) => (await tokens.issue(people.of(id) as never)).accessToken;
    const get = async (path: string, token?: string) => {
      const before = people.lookups;
      const answer = await fetch(path, token === undefined ? {} : bearer(token));
      const body = (await answer.json()) as Record<string, unknown>;
      return { status: answer.status, body, code: body['errorCode'], lookups: people.lookups - before };
    };
    browser = () => new CookieJar({ fetch });
    return { app, people, tokens, tokenOf, get, changes: app.get(UserChanges) };
  }

  describe('remembered for a while', () => {
    const options = { userFreshness: { withinMs: WITHIN_MS }, tokenUser };

    it('are looked up once within the bound, and refused after it', async () => {
      const { people, tokenOf, get } = await start(options);
      const token = await tokenOf('ada');
      expect(await get('/pages', token)).toMatchObject({ status: 200, lookups: 1 });
      people.of('ada').active = false;
      expect(await get('/pages', token)).toMatchObject({ status: 200, lookups: 0 });
      clock.advance(WITHIN_MS / 1_000);
      expect(await get('/pages', token)).toMatchObject({ status: 401, code: 'token_invalid', lookups: 1 });
      people.of('ada').active = true;
      expect(await get('/pages', token)).toMatchObject({ status: 200, lookups: 1 });
    });

    it('count as changed at once when the application says so', async () => {
      const { people, tokenOf, get, changes } = await start(options);
      const token = await tokenOf('ada');
      await get('/pages', token);
      people.of('ada').active = false;
      changes.changed(people.of('ada') as never);
      expect(await get('/pages', token)).toMatchObject({ status: 401, code: 'token_invalid' });
      people.of('ada').active = true;
      await get('/pages', token);
      people.all.delete('ada');
      changes.changed('ada');
      expect(await get('/pages', token)).toMatchObject({ status: 401, code: 'token_invalid' });
    });

    it('are asked for again on a route that says so, also after an early look', async () => {
      const { people, tokenOf, get } = await start(options, true);
      const token = await tokenOf('ada');
      await get('/pages', token);
      people.of('ada').active = false;
      expect(await get('/pages/asked', token)).toMatchObject({ status: 401, code: 'token_invalid' });
    });

    it('are not shared by handlers, which may change what they get', async () => {
      const { tokenOf, get, people } = await start(options);
      const token = await tokenOf('ada');
      const body = JSON.stringify({ motto: 'changed by a handler' });
      const headers = { ...(bearer(token).headers as Record<string, string>), 'content-type': 'application/json' };
      const changed = await running?.fetch('/account/motto', { method: 'POST', body, headers });
      expect(await changed?.json()).toMatchObject({ motto: 'changed by a handler' });
      expect((await get('/pages', token)).body).toMatchObject({ motto: 'none' });
      expect(people.lookups).toBe(1);
    });

    it('are remembered for cookies and sessions, each by its own, and an ended one is refused', async () => {
      const { app, people } = await start(options);
      const jar = browser();
      await jar.post('/auth/cookie/login', { username: 'ada', password: PASSWORD });
      await jar.post('/auth/session/login', { username: 'ada', password: PASSWORD });
      for (const path of ['/account/cookie', '/account/session']) {
        people.lookups = 0;
        await jar.send(path);
        expect((await jar.send(path)).status).toBe(200);
        expect([path, people.lookups]).toEqual([path, 1]);
      }
      await app.get(LoginService).endAll(app.get(TokenService).subjectOf(people.of('ada') as never));
      for (const path of ['/account/cookie', '/account/session']) expect((await jar.send(path)).status).toBe(401);
    });

    it('do not hide that a cookie and a session are of two users', async () => {
      await start(options);
      const jar = browser();
      await jar.post('/auth/session/login', { username: 'bob', password: PASSWORD });
      await jar.send('/account');
      const other = browser();
      await other.post('/auth/cookie/login', { username: 'ada', password: PASSWORD });
      await other.send('/account');
      for (const [name, { value }] of other.cookies) if (name.includes('access')) jar.plant(name, value);
      const answer = await jar.send('/account');
      expect(await answer.json()).toMatchObject({ errorCode: 'session_user_mismatch' });
    });

    it('are anonymous on optional routes once the bound is over', async () => {
      const { people, tokenOf } = await start(options);
      const token = await tokenOf('ada');
      const ask = async () => (await running?.fetch('/account/optional', bearer(token)))?.json();
      expect(await ask()).toMatchObject({ username: 'ada' });
      people.of('ada').active = false;
      expect(await ask()).toMatchObject({ username: 'ada' });
      clock.advance(WITHIN_MS / 1_000);
      expect(await ask()).toMatchObject({ username: null });
    });

    it('answer 503 and are asked for again while the source is down', async () => {
      const { people, tokenOf, get } = await start(options);
      const token = await tokenOf('ada');
      people.down = true;
      expect((await get('/pages', token)).status).toBe(503);
      people.down = false;
      expect((await get('/pages', token)).status).toBe(200);
    });
  });

  describe('as the token says', () => {
    it('are not looked up by requests; sign-in and refresh ask the source', async () => {
      const { people, get } = await start({ userFreshness: 'token', tokenUser });
      const body = JSON.stringify({ username: 'ada', password: PASSWORD });
      const headers = { 'content-type': 'application/json' };
      const answer = await running?.fetch('/auth/token', { method: 'POST', body, headers });
      const pair = (await answer?.json()) as { access_token: string; refresh_token: string };
      expect(await get('/pages', pair.access_token)).toMatchObject({
        status: 200,
        lookups: 0,
        body: { id: 'ada', motto: `of the token of ${ISSUER}` },
      });
      people.of('ada').active = false;
      expect(await get('/pages', pair.access_token)).toMatchObject({ status: 200, lookups: 0 });
      expect(await get('/pages/asked', pair.access_token)).toMatchObject({ status: 401, code: 'token_invalid' });
      const refreshed = await running?.fetch('/auth/token/refresh', {
        method: 'POST',
        headers,
        body: JSON.stringify({ refresh_token: pair.refresh_token }),
      });
      expect(await refreshed?.json()).toMatchObject({ errorCode: 'token_invalid' });
      // The refresh ended the login, which the blocklist knows.
      expect(await get('/pages', pair.access_token)).toMatchObject({ status: 401, code: 'token_invalid', lookups: 0 });
    });

    it('end with the token', async () => {
      const { tokenOf, get } = await start({ userFreshness: 'token', tokenUser });
      const token = await tokenOf('ada');
      clock.advance('1h');
      expect(await get('/pages', token)).toMatchObject({ status: 401, code: 'token_expired' });
    });

    it('are still looked up for host sessions, which say nothing of a user', async () => {
      const { people } = await start({ userFreshness: 'token', tokenUser });
      const jar = browser();
      await jar.post('/auth/session/login', { username: 'ada', password: PASSWORD });
      expect(await (await jar.send('/account')).json()).toMatchObject({ motto: 'none', scheme: 'session' });
      expect(await (await jar.send('/pages/either')).json()).toMatchObject({ motto: 'none' });
      people.of('ada').active = false;
      expect((await jar.send('/account')).status).toBe(401);
    });

    it('are what the token says on single routes, with its roles and scopes', async () => {
      const { people, tokenOf, get } = await start({ tokenUser });
      people.all.set('grace', { ...people.of('ada'), id: 'grace', roles: ['staff'] });
      const token = await tokenOf('grace');
      people.of('grace').active = false;
      expect(await get('/pages/told', token)).toMatchObject({ status: 200, lookups: 0, body: { roles: ['staff'] } });
      expect(await get('/pages/optional', token)).toMatchObject({ lookups: 0, body: { id: 'grace' } });
      expect(await get('/pages/optional')).toMatchObject({ status: 200, lookups: 0, body: { id: null } });
      expect(await get('/pages/staff', token)).toMatchObject({ status: 200, lookups: 0 });
      expect(await get('/pages/staff', await tokenOf('ada'))).toMatchObject({ status: 403, lookups: 0 });
      expect(await get('/pages', token)).toMatchObject({ status: 401, code: 'token_invalid', lookups: 1 });
    });
  });
});

describe('two configurations', () => {
  const admin = authConfiguration('admin');

  @UseGuards(admin.JwtAuthGuard)
  @Controller('admin')
  class AdminController {
    @Get() page(@CurrentUser() user: Person) {
      return seen(user);
    }
  }

  @Injectable()
  class Administrators extends UserDirectory {
    constructor() {
      super([{ id: 'ada', scopes: [], motto: 'of the administrators' }]);
    }
  }

  @Module({ providers: [Chats, Administrators], exports: [Chats, Administrators] })
  class SourcesModule {}

  let running: RunningApplication;
  afterEach(() => running.close());

  const startWith = async (adminUsers: Type<UserDirectory>) => {
    const common = { issuer: ISSUER, userFreshness: { withinMs: 60_000 } };
    running = await startApplication('fastify', {
      imports: [
        SourcesModule,
        AuthModule.forRoot({ ...common, audience: 'app', users: Chats as never }),
        AuthModule.forRoot({ ...common, name: 'admin', audience: 'admin', users: adminUsers as never }),
      ],
      controllers: [PagesAlone, AdminController],
    });
    const { app } = running;
    const ours = (await app.get(TokenService).issue('ada')).accessToken;
    const theirs = (await app.get<TokenService>(admin.token(TokenService)).issue('ada')).accessToken;
    const get = async (path: string, token: string) => {
      const answer = await running.fetch(path, bearer(token));
      return answer.status === 200 ? ((await answer.json()) as { motto: string }).motto : answer.status;
    };
    return { app, ours, theirs, get };
  };

  @Controller('pages')
  class PagesAlone {
    @Get() page(@CurrentUser() user: Person) {
      return seen(user);
    }
  }

  it('do not see the users of each other, even of one issuer and id', async () => {
    const { ours, theirs, get } = await startWith(Administrators);
    expect(await get('/pages', ours)).toBe('none');
    expect(await get('/admin', theirs)).toBe('of the administrators');
    expect(await get('/pages', ours)).toBe('none');
  });

  it.each(['without a name', 'admin'])('both forget a user that is said to be changed in the one %s', async (name) => {
    const { app, ours, theirs, get } = await startWith(Chats);
    await get('/pages', ours);
    await get('/admin', theirs);
    app.get(Chats, { strict: false }).of('ada').motto = 'new';
    expect([await get('/pages', ours), await get('/admin', theirs)]).toEqual(['none', 'none']);
    app.get<UserChanges>(name === 'admin' ? admin.token(UserChanges) : UserChanges).changed('ada');
    expect([await get('/pages', ours), await get('/admin', theirs)]).toEqual(['new', 'new']);
  });
});

it('a socket forgets its user when the application tells of a change', async () => {
  const running = await startApplication('express', {
    imports: [ChatsModule, AuthModule.forRoot({ users: Chats as never, userFreshness: { withinMs: 60_000 } })],
    providers: [ChatGateway],
    configure: (app) => void app.useWebSocketAdapter(guardSockets(app, new IoAdapter(app))),
  });
  const { app, url } = running;
  const people = app.get(Chats, { strict: false });
  const { accessToken } = await app.get(TokenService).issue('ada');
  people.lookups = 0;
  const client = await connectSocket('socket.io', url, { headers: { authorization: `Bearer ${accessToken}` } });
  expect(await client.ask('me')).toEqual({ event: 'me', data: 'ada' });
  expect(await client.ask('me')).toEqual({ event: 'me', data: 'ada' });
  expect(people.lookups).toBe(1);
  people.of('ada').active = false;
  app.get(UserChanges).changed('ada');
  expect(await client.ask('me')).toMatchObject({ event: 'exception', data: { errorCode: 'token_invalid' } });
  client.close();
  await running.close();
});

describe('what cannot be together is refused at start-up', () => {
  const current: Policy = Object.assign(({ principal }: { principal: Principal }) => principal.user !== undefined, {
    requires: { currentUser: true },
  });

  const controllerWith = (...decorators: MethodDecorator[]): Type<unknown> => {
    class RoutesController {
      read() {
        return {};
      }
    }
    const descriptor = Object.getOwnPropertyDescriptor(RoutesController.prototype, 'read');
    for (const each of [Get('read'), ...decorators]) each(RoutesController.prototype, 'read', descriptor ?? {});
    Controller('routes')(RoutesController);
    return RoutesController;
  };

  const problemsOf = async (
    options: AuthModuleOptions & AuthModuleStructure,
    ...decorators: MethodDecorator[]
  ): Promise<string> => {
    try {
      const running = await startApplication('fastify', {
        imports: [ChatsModule, AuthModule.forRoot(options)],
        controllers: [controllerWith(...decorators)],
      });
      await running.close();
      return 'started';
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  };
  const users = Chats as never;

  it.each<[string, AuthModuleOptions & AuthModuleStructure, MethodDecorator[], string]>([
    ['a bound without a source', { userFreshness: { withinMs: 1_000 } }, [], 'userFreshness needs `users` or'],
    ['the token without a source', { userFreshness: 'token', tokenUser }, [], "userFreshness 'token' needs `users`"],
    ['the token without tokenUser', { users, userFreshness: 'token' }, [], "userFreshness 'token' needs `tokenUser`"],
    ['a route without tokenUser', { users }, [UserFreshness('token')], 'nothing makes the user of a token'],
    [
      'a token and inactive users',
      { users, tokenUser },
      [UserFreshness('token'), AllowInactive()],
      "@UserFreshness('token') and @AllowInactive()",
    ],
    ['a policy over the user', { users, tokenUser }, [UserFreshness('token'), Authorize(current)], 'needs the user as'],
    ['it in the module', { users, tokenUser, userFreshness: 'token' }, [Authorize(current)], 'needs the user as'],
    ['it in allOf()', { users, tokenUser }, [UserFreshness('token'), Authorize(allOf(current))], 'allOf('],
    ['it in anyOf()', { users, tokenUser }, [UserFreshness('token'), Authorize(anyOf(current))], 'anyOf('],
    ['it in not()', { users, tokenUser }, [UserFreshness('token'), Authorize(not(current))], 'not('],
    [
      'it in selfOrStaff()',
      { users, tokenUser },
      [UserFreshness('token'), Authorize(selfOrStaff({ param: 'id', staff: current }))],
      'selfOrStaff(:id) needs the user',
    ],
  ])('%s', async (_, options, decorators, problem) => {
    expect(await problemsOf(options, ...decorators)).toContain(problem);
  });

  it.each<[string, AuthModuleOptions & AuthModuleStructure, MethodDecorator[]]>([
    [
      'a policy over the user that asks for it',
      { users, tokenUser, userFreshness: 'token' },
      [Authorize(current), UserFreshness('every-request')],
    ],
    ['a policy over the user by default', { users, tokenUser }, [Authorize(current)]],
    ['inactive users in a module of tokens', { users, tokenUser, userFreshness: 'token' }, [AllowInactive()]],
    ['a route of tokens without any source', {}, [UserFreshness('token')]],
    ['a public route', { users, tokenUser, userFreshness: 'token' }, [Public()]],
  ])('but not %s', async (_, options, decorators) => {
    expect(await problemsOf(options, ...decorators)).toBe('started');
  });

  it('@UserFreshness() takes nothing else', () => {
    expect(() => UserFreshness('never' as never)).toThrow(/'every-request' or 'token'; given was "never"/);
  });
});

describe('OpenAPI', () => {
  let documents: unknown[];
  beforeAll(async () => {
    documents = [];
    for (const userFreshness of ['every-request', 'token'] as const) {
      const running = await startBrowserApp('fastify', { userFreshness, tokenUser, controllers: [PagesController] });
      const make = () => SwaggerModule.createDocument(running.app, new DocumentBuilder().build());
      documents.push(describeAuth(running.app, make));
      await running.close();
    }
  });

  it('says the same whatever the freshness of users', () => {
    expect(JSON.stringify(documents[0])).toContain('/pages/told');
    expect(documents[1]).toEqual(documents[0]);
  });
});
