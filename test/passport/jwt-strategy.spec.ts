import { Controller, Get, Module, Req, UnauthorizedException, UseGuards, type ExecutionContext } from '@nestjs/common';
import { AuthGuard, PassportModule } from '@nestjs/passport';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  AllowInactive,
  CurrentPrincipal,
  AuthModule,
  BlocklistService,
  CurrentUser,
  Public,
  TokenService,
  UserSource,
  type AuthError,
  type AuthUser,
  type Principal,
} from 'nestjs-latchkey';
import { onAuthEvent } from 'nestjs-latchkey/events';
import { BlocklistStore } from 'nestjs-latchkey/stores';
import { PassportJwtModule } from 'nestjs-latchkey/passport';
import passport from 'passport';
import { Strategy as CustomStrategy } from 'passport-custom';
import { ExtractJwt, Strategy as JwtStrategy } from 'passport-jwt';
import { ADAPTERS, startApplication, type RunningApplication } from '../support/applications.js';
import { BareGuard, ContinuingGuard, KeyStrategy } from '../support/passport-guards.js';

/** One object for every request. */
const reused = {};

class ReusingGuard extends AuthGuard('jwt') {
  override getRequest(context: ExecutionContext): object {
    const request = context.switchToHttp().getRequest<{ app?: unknown; server?: unknown; headers: object }>();
    const { app, server, headers } = request;
    return Object.assign(reused, { app, server, headers, method: 'GET' });
  }
}

class OutspokenGuard extends AuthGuard('jwt') {
  override handleRequest<User>(error: Error | null, user: User | false, info?: AuthError): User {
    if (user === false) throw error ?? info ?? new Error('no reason was given');
    return user;
  }
}

@Controller()
class Routes {
  @UseGuards(AuthGuard(['jwt', 'other']))
  @Get('throws')
  throws() {
    throw new UnauthorizedException();
  }

  @UseGuards(AuthGuard(['jwt', 'other']), BareGuard)
  @Get('guard-throws')
  guardThrows() {
    return {};
  }

  @UseGuards(ContinuingGuard)
  @Get('goes-on')
  goesOn() {
    throw new UnauthorizedException();
  }

  @UseGuards(AuthGuard('jwt'))
  @Get('jwt')
  jwt(@CurrentUser() user: AuthUser, @CurrentPrincipal() auth: Principal) {
    return { id: user.id, scheme: auth.scheme };
  }

  @UseGuards(AuthGuard(['jwt', 'other']))
  @Get('either')
  either(@Req() { user }: { readonly user: { readonly id: string } }, @CurrentUser('id') ours: string | undefined) {
    return { id: user.id, ours: ours ?? null };
  }

  @Public()
  @UseGuards(AuthGuard('jwt'))
  @Get('public')
  open(@CurrentUser() user: AuthUser) {
    return { id: user.id };
  }

  @UseGuards(ReusingGuard)
  @Get('reused')
  reused() {
    return {};
  }

  @UseGuards(OutspokenGuard)
  @Get('outspoken')
  outspoken() {
    return {};
  }

  @AllowInactive()
  @UseGuards(AuthGuard('jwt'))
  @Get('inactive')
  inactive() {
    return {};
  }
}

interface Member {
  readonly id: string;
  readonly issuer: string;
  readonly active: boolean;
}

class Members extends UserSource<Member> {
  override async findBySubject({ id, issuer }: { id: string; issuer: string }): Promise<Member | undefined> {
    return id === 'unknown' ? undefined : { id, issuer, active: id !== 'inactive' };
  }
  override describe({ id, active }: Member) {
    return { id, active };
  }
}

let running: RunningApplication[] = [];

interface Given {
  readonly defaultGuard?: false;
  readonly issuer?: string;
}

async function start(adapter: (typeof ADAPTERS)[number], { issuer, ...structure }: Given = {}) {
  const started = await startApplication(adapter, {
    imports: [
      AuthModule.forRoot({ users: Members, ...structure, ...(issuer === undefined ? {} : { issuer }) }),
      PassportModule,
      PassportJwtModule,
    ],
    controllers: [Routes],
    providers: [KeyStrategy, Members],
  });
  running.push(started);
  const { accessToken } = await started.app.get(TokenService).issue('ada');
  return { ...started, token: accessToken, bearer: { headers: { authorization: `Bearer ${accessToken}` } } };
}

afterEach(async () => {
  await Promise.all(running.map((each) => each.close()));
  running = [];
});

describe.each(ADAPTERS)("AuthGuard('jwt') on %s", (adapter) => {
  it('authenticates the holder of a valid token and attaches user and principal', async () => {
    const app = await start(adapter, { defaultGuard: false });
    const answer = await app.fetch('/jwt', app.bearer);
    expect(await answer.json()).toEqual({ id: 'ada', scheme: 'bearer' });
  });

  it.each([
    ['nothing', {}, 'Bearer realm="api"', 'unauthenticated'],
    ['a bad token', { authorization: 'Bearer a.b.c' }, 'error="invalid_token"', 'token_malformed'],
  ])('answers %s as the guards of the library do', async (_, headers: Record<string, string>, challenge, errorCode) => {
    const app = await start(adapter, { defaultGuard: false });
    const answer = await app.fetch('/jwt', { headers });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toContain(challenge);
    expect(await answer.json()).toMatchObject({ statusCode: 401, error: 'Unauthorized', errorCode });
  });

  it('remembers no result with an object that getRequest() returns for every request', async () => {
    const app = await start(adapter, { defaultGuard: false });
    expect((await app.fetch('/reused', app.bearer)).status).toBe(200);
    expect((await app.fetch('/reused')).status).toBe(401);
  });

  it('refuses a refresh token and a token that was blocked', async () => {
    const app = await start(adapter, { defaultGuard: false });
    const tokens = app.app.get(TokenService);
    const pair = await tokens.issue('ada');
    const refused = await app.fetch('/jwt', { headers: { authorization: `Bearer ${pair.refreshToken}` } });
    expect(await refused.json()).toMatchObject({ errorCode: 'wrong_token_type' });
    await app.app.get(BlocklistService).revokeToken(await tokens.verify(app.token, { kind: 'access' }));
    expect((await app.fetch('/jwt', app.bearer)).status).toBe(401);
  });

  it('answers 503 with Retry-After if the blocklist is down', async () => {
    const app = await start(adapter, { defaultGuard: false });
    app.app.get(BlocklistStore).find = () => Promise.reject(new Error('down'));
    const answer = await app.fetch('/either', { headers: { ...app.bearer.headers, 'x-api-key': 'k-1' } });
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(await answer.json()).toMatchObject({ errorCode: 'store_unavailable' });
  });

  it('leaves a missing or invalid token to the other strategy of a chain, whose user is not ours', async () => {
    const app = await start(adapter, { defaultGuard: false });
    expect(await (await app.fetch('/either', app.bearer)).json()).toEqual({ id: 'ada', ours: 'ada' });
    const other = { 'x-api-key': 'k-1' };
    expect(await (await app.fetch('/either', { headers: other })).json()).toEqual({ id: 'machine', ours: null });
    const both = { ...other, authorization: 'Bearer a.b.c' };
    expect(await (await app.fetch('/either', { headers: both })).json()).toEqual({ id: 'machine', ours: null });
    expect((await app.fetch('/either')).status).toBe(401);
  });

  it.each(['/throws', '/guard-throws', '/goes-on'])(
    'does not change the exception of %s, once a strategy accepted the caller',
    async (path) => {
      const app = await start(adapter, { defaultGuard: false });
      const headers = { 'x-api-key': 'k-1', authorization: 'Bearer junk' };
      const answer = await app.fetch(path, { headers });
      expect([answer.status, await answer.json()]).toEqual([401, { message: 'Unauthorized', statusCode: 401 }]);
      expect(answer.headers.get('www-authenticate')).toBeNull();
    },
  );

  it('works on a public route beside a default guard, and shares the result of one elsewhere', async () => {
    const app = await start(adapter);
    expect((await app.fetch('/public')).status).toBe(401);
    expect(await (await app.fetch('/public', app.bearer)).json()).toEqual({ id: 'ada' });
    const attempts: unknown[] = [];
    const stop = onAuthEvent((event) => {
      if (event.type === 'attempt') attempts.push(event);
    });
    expect((await app.fetch('/jwt', app.bearer)).status).toBe(200);
    stop();
    expect(attempts).toHaveLength(1);
  });

  it('grants nothing that a decorator of the library permits', async () => {
    const app = await start(adapter);
    const token = await app.app.get(TokenService).issue('ada');
    Members.prototype.describe = ({ id }) => ({ id, active: false });
    const answer = await app.fetch('/inactive', { headers: { authorization: `Bearer ${token.accessToken}` } });
    Members.prototype.describe = ({ id, active }) => ({ id, active });
    expect(answer.status).toBe(401);
  });

  it('passes the reason to a handleRequest of the application, which may throw it', async () => {
    const app = await start(adapter, { defaultGuard: false });
    const answer = await app.fetch('/outspoken', { headers: { authorization: 'Bearer a.b.c' } });
    expect(answer.status).toBe(401);
    expect(await answer.json()).toMatchObject({ errorCode: 'token_malformed' });
  });

  it('separates two applications of one process', async () => {
    const one = await start(adapter, { defaultGuard: false, issuer: 'https://one.example' });
    const two = await start(adapter, { defaultGuard: false, issuer: 'https://two.example' });
    expect((await one.fetch('/jwt', one.bearer)).status).toBe(200);
    expect((await two.fetch('/jwt', two.bearer)).status).toBe(200);
    expect(await (await two.fetch('/jwt', one.bearer)).json()).toMatchObject({ errorCode: 'invalid_issuer' });
    await one.close();
    running = running.filter(({ app }) => app !== one.app);
    expect((await two.fetch('/jwt', two.bearer)).status).toBe(200);
  });
});

describe('the name of the strategy', () => {
  it('is released once the last application is closed', async () => {
    const app = await start('express');
    await app.close();
    running = [];
    expect(Object.keys((passport as unknown as { _strategies: object })._strategies)).not.toContain('jwt');
  });

  it('is refused at boot if another strategy has it', async () => {
    const foreign = new JwtStrategy(
      { secretOrKey: 'x'.repeat(32), jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken() },
      (_: unknown, done: (error: null, user: object) => void) => done(null, {}),
    );
    passport.use('jwt', foreign);
    await expect(start('express')).rejects.toThrow("passport already has a strategy 'jwt'");
    passport.unuse('jwt');
  });

  it('is refused at boot if another strategy takes it over later', async () => {
    @Module({})
    class LateModule {
      onModuleInit(): void {
        passport.use('jwt', new CustomStrategy((_, done) => done(null, {})));
      }
    }
    const imports = [AuthModule.forRoot(), PassportJwtModule, LateModule];
    await expect(startApplication('express', { imports })).rejects.toThrow("passport already has a strategy 'jwt'");
    passport.unuse('jwt');
  });

  it('can be configured', async () => {
    @UseGuards(AuthGuard('latchkey'))
    @Controller('named')
    class Named {
      @Get() get() {
        return {};
      }
    }
    const imports = [AuthModule.forRoot({ defaultGuard: false }), PassportJwtModule.register({ name: 'latchkey' })];
    const app = await startApplication('express', { imports, controllers: [Named] });
    running.push(app);
    const { accessToken } = await app.app.get(TokenService).issue('ada');
    expect((await app.fetch('/named', { headers: { authorization: `Bearer ${accessToken}` } })).status).toBe(200);
  });
});
