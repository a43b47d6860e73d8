import { Controller, Get, Module, UseGuards } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import {
  AllowClients,
  AllowRestrictedClients,
  CurrentPrincipal,
  AuthModule,
  Clock,
  CurrentUser,
  JwtAuthGuard,
  OptionalAuth,
  Public,
  TokenService,
  type Principal,
} from 'nestjs-latchkey';
import {
  actingAs,
  AuthTestingModule,
  FixedClock,
  TokenFactory,
  type Acting,
  type HeadersByName,
} from 'nestjs-latchkey/testing';
import { ADAPTERS, startApplication, type RunningApplication } from '../support/applications.js';

@UseGuards(JwtAuthGuard)
@Controller()
class RoutesController {
  @Get('me') me(@CurrentPrincipal() auth: Principal) {
    return { id: auth.subject.id, scopes: auth.scopes, kind: auth.kind };
  }
  @AllowClients() @AllowRestrictedClients() @Get('machines') machines(@CurrentPrincipal() auth: Principal) {
    return { id: auth.subject.id, kind: auth.kind, restricted: auth.restricted };
  }
  @Public() @Get('open') open() {
    return { ok: true };
  }
  @OptionalAuth() @Get('hello') hello(@CurrentUser('id') id: string | undefined) {
    return { hello: id ?? 'stranger' };
  }
}

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

describe('FixedClock', () => {
  it('does not move until it is moved', () => {
    const clock = new FixedClock('2026-01-01T00:00:00Z');
    expect([clock.nowMs(), clock.nowSeconds()]).toEqual([1_767_225_600_000, 1_767_225_600]);
    clock.advance('15m');
    clock.advance(5);
    expect(clock.nowSeconds()).toBe(1_767_225_600 + 905);
    clock.set(new Date(0));
    expect(clock.nowMs()).toBe(0);
  });

  it('refuses an invalid time and an invalid duration', () => {
    expect(() => new FixedClock('yesterday')).toThrow(TypeError);
    expect(() => new FixedClock().advance('60' as '60s')).toThrow('no duration');
  });
});

describe.each(ADAPTERS)('TokenFactory against an application on %s', (adapter) => {
  let running: RunningApplication;
  let tokens: TokenFactory;
  const clock = new FixedClock();
  beforeAll(async () => {
    running = await startApplication(adapter, {
      imports: [AuthTestingModule.forRoot({ clock })],
      controllers: [RoutesController],
    });
    tokens = TokenFactory.of(running.app);
  });
  afterAll(() => running.close());

  it('creates a token that the application accepts, with the requested scopes', async () => {
    const answer = await running.fetch('/me', bearer(await tokens.valid('user-1', { scopes: ['a', 'b'] })));
    expect([answer.status, await answer.json()]).toEqual([200, { id: 'user-1', scopes: ['a', 'b'], kind: 'user' }]);
  });

  it('creates invalid tokens, each of which is refused for its own reason', async () => {
    const refused = await tokens.refused('user-1');
    expect(refused).toHaveLength(9);
    for (const { name, token, errorCode } of refused) {
      const answer = await running.fetch('/me', bearer(token));
      const body = (await answer.json()) as { errorCode: string };
      expect([name, answer.status, body.errorCode]).toEqual([name, 401, errorCode]);
    }
  });

  it('creates tokens of clients and restricted clients, which routes accept by name alone', async () => {
    const client = await tokens.client('billing', { scopes: ['a'] });
    const restricted = await tokens.restricted('user-1');
    expect((await running.fetch('/me', bearer(client))).status).toBe(403);
    expect((await running.fetch('/me', bearer(restricted))).status).toBe(403);
    const asClient = await running.fetch('/machines', bearer(client));
    expect(await asClient.json()).toEqual({ id: 'billing', kind: 'client', restricted: false });
    const asRestricted = await running.fetch('/machines', bearer(restricted));
    expect(await asRestricted.json()).toEqual({ id: 'user-1', kind: 'user', restricted: true });
  });

  it('creates a token that expires by the clock of the application', async () => {
    const token = await tokens.valid('user-1', { ttl: '5m' });
    clock.advance('6m');
    expect((await running.fetch('/me', bearer(token))).status).toBe(401);
    clock.set('2026-01-01T00:00:00Z');
    expect((await running.fetch('/me', bearer(token))).status).toBe(200);
  });

  it('removes claims, and replaces others', async () => {
    const claims = await tokens.claimsFor('user-1', { claims: { jti: undefined, tenant: 'blue' } });
    expect(claims).toMatchObject({ sub: 'user-1', tenant: 'blue' });
    expect((await running.fetch('/me', bearer(await tokens.sign(claims)))).status).toBe(401);
  });
});

describe('TokenFactory on its own', () => {
  it('publishes the keys of its tokens', async () => {
    const issuer = await TokenFactory.standalone({
      issuer: 'https://sso.example',
      audience: 'shop',
      algorithm: 'EdDSA',
    });
    const jwks = issuer.publicJwks() as { keys: [] };
    const running = await startApplication('express', {
      imports: [
        AuthModule.forRoot({
          trust: [{ issuer: issuer.issuer, audience: 'shop', keys: { jwks }, algorithms: ['EdDSA'] }],
        }),
      ],
      controllers: [RoutesController],
    });
    const answer = await running.fetch('/me', bearer(await issuer.valid('user-7')));
    expect([answer.status, await answer.json()]).toEqual([200, { id: 'user-7', scopes: [], kind: 'user' }]);
    await running.close();
  });
});

describe('AuthTestingModule.override', () => {
  @Module({ imports: [AuthModule.forRoot({ access: { ttl: '10m' } })], controllers: [RoutesController] })
  class AppModule {}

  it('puts a fixed clock and stores in memory into the module of an application', async () => {
    const builder = Test.createTestingModule({ imports: [AppModule] });
    const clock = AuthTestingModule.override(builder);
    const app = (await builder.compile()).createNestApplication({ logger: false });
    await app.init();
    expect(app.get(Clock)).toBe(clock);
    const { accessToken } = await app.get(TokenService).issue('user-1');
    await request(app.getHttpServer()).get('/me').set(bearer(accessToken).headers).expect(200);
    clock.advance('11m');
    await request(app.getHttpServer()).get('/me').set(bearer(accessToken).headers).expect(401);
    await app.close();
  });
});

describe.each(ADAPTERS)('actingAs on %s', (adapter) => {
  let running: RunningApplication;
  let ada: Acting;
  beforeAll(async () => {
    running = await startApplication(adapter, {
      imports: [AuthTestingModule.forRoot()],
      controllers: [RoutesController],
    });
    ada = await actingAs(running.app, 'ada', { scopes: ['profile'] });
  });
  afterAll(() => running.close());

  const get = (url: string) => (headers: HeadersByName) => running.fetch(url, { headers });

  it('sends requests as the user, by any client', async () => {
    const fetched = await ada.through(get('/me'));
    expect(await fetched.json()).toEqual({ id: 'ada', scopes: ['profile'], kind: 'user' });
    const sent = await ada.through((headers) => request(running.url).get('/me').set(headers));
    expect(sent.body).toEqual({ id: 'ada', scopes: ['profile'], kind: 'user' });
    const injected = await ada.through(async (headers) => ({ statusCode: (await get('/me')(headers)).status }));
    expect(injected).toEqual({ statusCode: 200 });
  });

  it.each(['/open', '/hello'])('fails on %s, which answers anonymous requests', async (url) => {
    await expect(ada.through(get(url))).rejects.toThrow('The route answers 200 to a request without credentials');
  });

  it('fails on a route that does not exist', async () => {
    await expect(ada.through(get('/nowhere'))).rejects.toThrow('answers 404');
  });

  it('fails if the user is not authenticated', async () => {
    const stranger = await actingAs(running.app, 'ada', { claims: { aud: 'elsewhere' } });
    await expect(stranger.through(get('/me'))).rejects.toThrow('does not authenticateCredential the user');
  });

  it('creates headers for a guarded handler, and fails for one that is public or missing', async () => {
    expect((await get('/me')(ada.on(RoutesController, 'me'))).status).toBe(200);
    expect(() => ada.on(RoutesController, 'open')).toThrow('RoutesController.open is public');
    expect(() => ada.on(RoutesController, 'nothing' as 'me')).toThrow('does not exist');
  });
});
