import {
  Body,
  Controller,
  Get,
  Inject,
  Injectable,
  Post,
  Req,
  Scope,
  UnauthorizedException,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  AuthGuardFor,
  CurrentPrincipal,
  AuthModule,
  BlocklistService,
  Clock,
  CurrentUser,
  JwtAuthGuard,
  Public,
  SessionOrJwtGuard,
  TokenService,
  UserSource,
  type AuthUser,
  type Principal,
} from 'nestjs-latchkey';
import { onAuthEvent, type AuthEvent } from 'nestjs-latchkey/events';
import {
  passportScheme,
  type PassportSchemeOptions,
  type PassportStrategy as Strategy,
} from 'nestjs-latchkey/passport';
import { Strategy as CustomStrategy } from 'passport-custom';
import { Strategy as BearerStrategy } from 'passport-http-bearer';
import { Strategy as LocalStrategy } from 'passport-local';
import { ADAPTERS, startApplication, type AdapterName, type RunningApplication } from '../support/applications.js';
import { ManualClock } from '../support/clocks.js';

const user = (id: string): AuthUser => Object.freeze({ id, issuer: 'somewhere' }) as AuthUser;

const local = new LocalStrategy((username, password, done) => {
  if (username === 'broken') return done(new Error('no directory'));
  done(null, password === 'right' ? user(username) : false);
});

const opaque = new BearerStrategy((token, done) => {
  done(null, token === 't-1' ? user('grace') : false, { scope: 'read write', message: '' });
});

@UseGuards(AuthGuardFor('it'))
@Controller()
class Routes {
  @Get('get') get(@CurrentPrincipal() auth: Principal) {
    const { subject, scheme, scopes } = auth;
    return { subject, scheme, scopes };
  }
  @Post('post') post(@CurrentUser() { id }: AuthUser, @Body() body: object) {
    return { id, body: Object.keys(body) };
  }
  @UseGuards(AuthGuardFor(JwtAuthGuard, 'it')) @Post('either') either(@CurrentPrincipal() { scheme }: Principal) {
    return { scheme };
  }
  @UseGuards(AuthGuardFor('it', 'bearer')) @Get('first') first(@CurrentPrincipal() { scheme }: Principal) {
    return { scheme };
  }
}

@UseGuards(SessionOrJwtGuard)
@Controller('account')
class Account {
  @Get() get(@CurrentPrincipal() { scheme, subject }: Principal) {
    return { scheme, id: subject.id };
  }
}

/** A composite guard as @nest-lab/or-guard is, which asks all of its guards at once. */
@Injectable()
class ParallelGuard implements CanActivate {
  readonly guards: readonly CanActivate[];

  constructor(@Inject(JwtAuthGuard) one: CanActivate, @Inject(AuthGuardFor('other')) other: CanActivate) {
    this.guards = [one, other];
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const outcomes = await Promise.allSettled(this.guards.map(async (guard) => guard.canActivate(context)));
    Object.assign(context.switchToHttp().getRequest<object>(), { outcomes: outcomes.map(({ status }) => status) });
    return outcomes.some(({ status }) => status === 'fulfilled');
  }
}

@Public()
@UseGuards(ParallelGuard)
@Controller('raced')
class Raced {
  @Get() get(@Req() { outcomes }: { readonly outcomes: unknown }, @CurrentPrincipal() { scheme }: Principal) {
    return { outcomes, scheme };
  }
}

@Injectable()
class Members extends UserSource {
  override async findBySubject({ id }: { id: string }) {
    return user(id);
  }
  override describe({ id }: AuthUser) {
    return { id, active: id !== 'lin', stamp: 'one', scopes: ['described'] };
  }
}

let running: RunningApplication | undefined;
afterEach(() => running?.close());

interface Given {
  readonly clock?: Clock;
  readonly users?: typeof Members;
  readonly name?: string;
  readonly controller?: new () => unknown;
  readonly providers?: readonly (new () => unknown)[];
}

async function start(
  adapter: AdapterName,
  strategy: Strategy | (new () => Strategy),
  options: PassportSchemeOptions = {},
  { name = 'it', controller = name === 'it' ? Routes : Account, providers = [], ...structure }: Given = {},
) {
  running = await startApplication(adapter, {
    imports: [AuthModule.forRoot({ schemes: [passportScheme(name, strategy, options)], ...structure })],
    controllers: [controller],
    providers: [Members, ...providers],
  });
  return running;
}

const json = { 'content-type': 'application/json' };
const credentials = (username: string, password: string) => ({
  method: 'POST',
  headers: json,
  body: JSON.stringify({ username, password }),
});

async function codeOf(answer: Response): Promise<unknown> {
  return [answer.status, ((await answer.json()) as { errorCode?: string }).errorCode];
}

describe.each(ADAPTERS)('a passport strategy as a scheme on %s', (adapter) => {
  it('accepts the users of passport-local, with the request as the framework parsed it', async () => {
    const app = await start(adapter, local);
    const answer = await app.fetch('/post', credentials('ada', 'right'));
    expect(await answer.json()).toEqual({ id: 'ada', body: ['username', 'password'] });
  });

  it('requires a CSRF token for unsafe methods if a browser may have added the credential, unless configured otherwise', async () => {
    const strategy = new CustomStrategy((request, done) => {
      const { cookie = '', authorization = '' } = request.headers;
      done(null, /jwt=ada|Basic YWRh/.test(cookie + authorization) ? user('ada') : false);
    });
    const app = await start(adapter, strategy);
    const cookie = { cookie: 'jwt=ada' };
    const foreign = { ...json, origin: 'https://evil.example' };
    const post = (headers: Record<string, string>) => app.fetch('/post', { method: 'POST', headers, body: '{}' });
    expect((await app.fetch('/get', { headers: cookie })).status).toBe(200);
    expect(await codeOf(await post({ ...foreign, ...cookie }))).toEqual([403, 'csrf_origin_rejected']);
    expect(await codeOf(await post({ ...foreign, authorization: 'Basic YWRh' }))).toEqual([
      403,
      'csrf_origin_rejected',
    ]);
    expect((await post({ ...json, ...cookie })).status).toBe(403);
    await app.close();
    const trusting = await start(adapter, strategy, { sentBy: 'client' });
    expect(
      (await trusting.fetch('/post', { method: 'POST', headers: { ...json, ...cookie }, body: '{}' })).status,
    ).toBe(201);
  });

  it('answers 401 without a credential or with a wrong password, and 503 if the strategy throws', async () => {
    const app = await start(adapter, local);
    expect(await codeOf(await app.fetch('/get'))).toEqual([401, 'unauthenticated']);
    expect(await codeOf(await app.fetch('/post', credentials('ada', 'wrong')))).toEqual([401, 'unauthenticated']);
    expect(await codeOf(await app.fetch('/post', credentials('broken', 'x')))).toEqual([503, 'users_unavailable']);
  });

  it('maps a failure to its own error by option', async () => {
    const app = await start(adapter, local, {
      refusal: (_, status) => (status === 400 ? undefined : 'invalid_credentials'),
    });
    expect(await codeOf(await app.fetch('/post', credentials('ada', 'wrong')))).toEqual([401, 'invalid_credentials']);
    expect(await codeOf(await app.fetch('/get'))).toEqual([401, 'unauthenticated']);
  });

  it('distinguishes an invalid bearer token from none, and uses the scopes that the strategy names', async () => {
    const app = await start(adapter, opaque);
    expect(await codeOf(await app.fetch('/get'))).toEqual([401, 'unauthenticated']);
    expect(await codeOf(await app.fetch('/get', { headers: { authorization: 'Bearer t-2' } }))).toEqual([
      401,
      'token_invalid',
    ]);
    const good = await app.fetch('/get', { headers: { authorization: 'Bearer t-1' } });
    expect(await good.json()).toEqual({
      subject: { issuer: 'passport:it', id: 'grace' },
      scheme: 'it',
      scopes: ['read', 'write'],
    });
  });

  it('works beside the schemes of the library, in the order of the list', async () => {
    const app = await start(adapter, local);
    const { accessToken } = await app.app.get(TokenService).issue('ada');
    const bearer = { authorization: `Bearer ${accessToken}` };
    const both = { ...credentials('ada', 'right'), headers: { ...json, ...bearer } };
    expect(await (await app.fetch('/either', both)).json()).toEqual({ scheme: 'bearer' });
    expect(await (await app.fetch('/either', credentials('ada', 'right'))).json()).toEqual({ scheme: 'it' });
    expect(await (await app.fetch('/first', { headers: bearer })).json()).toEqual({ scheme: 'bearer' });
    const bad = { ...credentials('ada', 'right'), headers: { ...json, authorization: 'Bearer a.b.c' } };
    expect(await codeOf(await app.fetch('/either', bad))).toEqual([401, 'token_malformed']);
  });

  it('sends the caller to the redirect of the strategy, if no other scheme succeeds', async () => {
    const oauth: Strategy = {
      authenticate(this: { redirect(url: string): void }) {
        this.redirect('https://provider.example/authorize?state=1');
      },
    };
    const app = await start(adapter, oauth);
    const answer = await app.fetch('/get');
    expect([answer.status, answer.headers.get('location')]).toEqual([
      302,
      'https://provider.example/authorize?state=1',
    ]);
    expect(answer.headers.get('www-authenticate')).toBeNull();
  });

  it('reads the user from the request if a session strategy passes', async () => {
    const session: Strategy = {
      authenticate(this: { pass(): void }, request: { user?: unknown; headers: Record<string, string> }) {
        if (request.headers['x-session'] !== undefined) request.user = user('ada');
        this.pass();
      },
    };
    const app = await start(adapter, session, { sentBy: 'browser', csrf: () => undefined }, { name: 'session' });
    const signedIn = await app.fetch('/account', { headers: { 'x-session': '1' } });
    expect(await signedIn.json()).toEqual({ scheme: 'session', id: 'ada' });
    expect((await app.fetch('/account')).status).toBe(401);
  });

  it('does not mistake a user that a guard attached meanwhile for the one of a session strategy', async () => {
    const waiting: Strategy = {
      authenticate(this: { pass(): void }, request: { user?: unknown }) {
        const look = () => (request.user === undefined ? setImmediate(look) : this.pass());
        look();
      },
    };
    const providers = [JwtAuthGuard, AuthGuardFor('other')] as unknown as (new () => unknown)[];
    const app = await start(adapter, waiting, { sentBy: 'client' }, { name: 'other', controller: Raced, providers });
    const { accessToken } = await app.app.get(TokenService).issue('ada');
    const answer = await app.fetch('/raced', { headers: { authorization: `Bearer ${accessToken}` } });
    expect(await answer.json()).toEqual({ outcomes: ['fulfilled', 'rejected'], scheme: 'bearer' });
  });

  it('runs once a request, and leaves nothing of one request to another', async () => {
    let seen: unknown[] = [];
    const app = await start(
      adapter,
      new CustomStrategy((request, done) => {
        seen.push(request.headers['x-key']);
        done(null, request.headers['x-key'] === 'a' ? user('a') : false);
      }),
    );
    const answers = await Promise.all(['a', 'b', 'a'].map((key) => app.fetch('/get', { headers: { 'x-key': key } })));
    expect(answers.map(({ status }) => status)).toEqual([200, 401, 200]);
    expect(seen.sort()).toEqual(['a', 'a', 'b']);
    seen = [];
  });
});

describe('mistakes of a strategy', () => {
  it.each<[string, Strategy, readonly [number, string]]>([
    [
      'throws',
      {
        authenticate: () => {
          throw new Error('broken');
        },
      },
      [503, 'users_unavailable'],
    ],
    ['rejects', { authenticate: () => Promise.reject(new Error('broken')) }, [503, 'users_unavailable']],
    ['never answers', { authenticate: () => undefined }, [503, 'users_unavailable']],
    [
      'answers twice',
      {
        authenticate(this: { fail(): void; success(user: object): void }) {
          this.fail();
          this.success({ id: 'x' });
        },
      },
      [401, 'unauthenticated'],
    ],
    [
      'authenticates no particular user',
      {
        authenticate(this: { success(user: unknown): void }) {
          this.success({});
        },
      },
      [401, 'missing_subject'],
    ],
    [
      'recognises a flag',
      {
        authenticate(this: { success(user: unknown): void }) {
          this.success(true);
        },
      },
      [401, 'unauthenticated'],
    ],
  ])('is handled if it %s', async (_, strategy, expected) => {
    const app = await start('express', strategy, { timeoutMs: 50 });
    expect(await codeOf(await app.fetch('/get'))).toEqual(expected);
  });

  it('reads a refusal from validate(), which Nest turns into an error', async () => {
    class Refusing extends PassportStrategy(CustomStrategy, 'refusing') {
      validate(): never {
        throw new UnauthorizedException();
      }
    }
    const app = await start('express', Refusing as new () => Strategy, {}, { providers: [Refusing] });
    expect(await codeOf(await app.fetch('/get'))).toEqual([401, 'token_invalid']);
  });

  it('is a boot error if its class is not a provider, or is request-scoped', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class Scoped extends CustomStrategy {
      constructor() {
        super((_, done) => done(null, false));
      }
    }
    const strategy = Scoped as unknown as new () => Strategy;
    await expect(start('express', strategy)).rejects.toThrow("schemes: 'it' cannot be made");
    await expect(start('express', strategy, {}, { providers: [Scoped] })).rejects.toThrow(
      "schemes: 'it' cannot be made",
    );
    running = undefined;
  });
});

describe('a passport strategy beside a user source', () => {
  it('creates principals of our own issuer, and refuses inactive users', async () => {
    const app = await start('express', local, {}, { users: Members });
    const answer = await app.fetch('/either', credentials('ada', 'right'));
    expect(answer.status).toBe(201);
    expect(await codeOf(await app.fetch('/post', credentials('lin', 'right')))).toEqual([401, 'token_invalid']);
  });

  it.each<['standing' | 'fresh', number]>([
    ['standing', 401],
    ['fresh', 200],
  ])('answers, as a %s proof, %i once its subject was revoked a moment ago', async (proof, status) => {
    const clock = new ManualClock();
    const bearer = { headers: { authorization: 'Bearer t-1' } };
    const app = await start('express', opaque, { proof }, { users: Members, clock });
    expect((await app.fetch('/get', bearer)).status).toBe(200);
    await app.app.get(BlocklistService).revokeSubject({ issuer: 'http://localhost', id: 'grace' });
    clock.advance(2);
    expect((await app.fetch('/get', bearer)).status).toBe(status);
  });

  it('names the claims that it asserts for its user', async () => {
    const subject = { issuer: 'https://idp.example', id: 'g' };
    const app = await start('express', opaque, { identify: () => ({ subject, scopes: ['one'] }) });
    const answer = await app.fetch('/get', { headers: { authorization: 'Bearer t-1' } });
    expect(await answer.json()).toMatchObject({ subject, scopes: ['one'] });
  });

  it('publishes one attempt that holds no credential', async () => {
    const app = await start('express', opaque);
    const events: AuthEvent[] = [];
    const stop = onAuthEvent((event) => {
      events.push(event);
    });
    await app.fetch('/get', { headers: { authorization: 'Bearer t-secret' } });
    stop();
    expect(events).toHaveLength(1);
    expect(JSON.stringify(events)).not.toContain('t-secret');
  });
});
