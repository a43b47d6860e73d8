import { Controller, Get, UseGuards } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  CurrentPrincipal,
  AuthModule,
  CurrentUser,
  JwtAuthGuard,
  OptionalAuth,
  Public,
  TokenClaims,
  TokenService,
  type AuthUser,
  type Principal,
} from 'nestjs-latchkey';
import { ADAPTERS, startApplication, type RunningApplication } from '../../support/applications.js';

@UseGuards(JwtAuthGuard)
@Controller('me')
class MeController {
  @Get() me(
    @CurrentUser() user: AuthUser,
    @CurrentPrincipal() auth: Principal,
    @TokenClaims('tenant') tenant: unknown,
  ) {
    return { user, scheme: auth.scheme, scopes: auth.scopes, tenant };
  }
  @Public() @Get('motto') motto(@CurrentUser() user: AuthUser | undefined) {
    return { motto: 'open to all', user: user ?? null };
  }
  @OptionalAuth() @Get('hello') hello(@CurrentUser('id') id: string | undefined) {
    return { hello: id ?? 'stranger' };
  }
}

@Controller('plain')
class PlainController {
  @Get() plain() {
    return { reached: true };
  }
}

describe.each(ADAPTERS)('a guarded request on %s', (adapter) => {
  let running: RunningApplication;
  let token: string;
  beforeAll(async () => {
    running = await startApplication(adapter, {
      imports: [AuthModule.forRoot()],
      controllers: [MeController, PlainController],
    });
    const pair = await running.app.get(TokenService).issue('user-1', { claims: { tenant: 'blue' }, scopes: ['read'] });
    token = pair.accessToken;
  });
  afterAll(() => running.close());

  it('authenticates the holder of a valid token', async () => {
    const answer = await running.fetch('/me', { headers: { authorization: `Bearer ${token}` } });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({
      user: { id: 'user-1', issuer: 'http://localhost' },
      scheme: 'bearer',
      scopes: ['read'],
      tenant: 'blue',
    });
  });

  it('answers a request without credentials with a bare challenge', async () => {
    const answer = await running.fetch('/me');
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="api"');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(await answer.json()).toEqual({
      statusCode: 401,
      message: 'Sign in to use this resource.',
      error: 'Unauthorized',
      errorCode: 'unauthenticated',
    });
  });

  it('guards a route without decorators', async () => {
    expect((await running.fetch('/plain')).status).toBe(401);
    expect((await running.fetch('/plain', { headers: { authorization: `Bearer ${token}` } })).status).toBe(200);
  });

  it('does not read credentials on a public route', async () => {
    const answer = await running.fetch('/me/motto', { headers: { authorization: 'Bearer stale' } });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ motto: 'open to all', user: null });
  });

  it('continues anonymously on an optional route, also with an invalid token', async () => {
    expect(await (await running.fetch('/me/hello')).json()).toEqual({ hello: 'stranger' });
    const bad = await running.fetch('/me/hello', { headers: { authorization: 'Bearer stale' } });
    expect(await bad.json()).toEqual({ hello: 'stranger' });
    const good = await running.fetch('/me/hello', { headers: { authorization: `Bearer ${token}` } });
    expect(await good.json()).toEqual({ hello: 'user-1' });
  });
});
