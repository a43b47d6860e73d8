import { AsyncLocalStorage } from 'node:async_hooks';
import {
  All,
  Controller,
  Get,
  Head,
  Inject,
  Injectable,
  Options,
  Post,
  Scope,
  UseGuards,
  VersioningType,
  type CanActivate,
  type DynamicModule,
  type ExecutionContext,
  type INestApplication,
} from '@nestjs/common';
import { APP_GUARD, REQUEST } from '@nestjs/core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  AuthGuardFor,
  AuthModule,
  Authorize,
  CurrentUser,
  DefaultAuthGuard,
  JwtAuthGuard,
  Public,
  RequireRoles,
  TokenService,
  type AuthUser,
} from 'nestjs-latchkey';
import { onAuthEvent, type AuthEvent } from 'nestjs-latchkey/events';
import { ADAPTERS, startApplication, type RunningApplication } from '../support/applications.js';
import { rawRequest } from '../support/raw-http.js';
import { bearer, People, personCalled } from '../support/sample-users.js';

const reached: string[] = [];

/** Written without a constructor, as is usual. */
@Injectable()
class CompanyGuard extends JwtAuthGuard {}

/** Records the order in which guards ran. */
@Injectable()
class FirstGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<{ user?: unknown }>();
    reached.push(request.user === undefined ? 'other guard before' : 'other guard after');
    return true;
  }
}

@Injectable({ scope: Scope.REQUEST })
class PerRequest {
  constructor(@Inject(REQUEST) readonly request: { user?: { id: string } }) {}
}

@Controller()
class PlainController {
  @Get('admin') admin() {
    reached.push('admin');
    return { reached: true };
  }
  @All('all') all() {
    reached.push('all');
    return { reached: true };
  }
  @Head('head') head() {
    reached.push('head');
  }
  @Options('options') options() {
    reached.push('options');
    return { reached: true };
  }
  @Post('post') post() {
    reached.push('post');
    return { reached: true };
  }
  @Get('files/*') file() {
    reached.push('file');
    return { reached: true };
  }
  @UseGuards(CompanyGuard) @Get('company') company(@CurrentUser('id') id: string) {
    return { id };
  }
  @UseGuards(JwtAuthGuard, CompanyGuard) @Get('twice') twice() {
    return { reached: true };
  }
  @Public() @Get('open') open(@CurrentUser() user: AuthUser | undefined) {
    return { user: user ?? null };
  }
  @UseGuards(FirstGuard) @RequireRoles('staff') @Get('ordered') ordered() {
    reached.push('ordered');
    return { reached: true };
  }
}

@UseGuards(FirstGuard, JwtAuthGuard)
@Controller('before')
class BeforeController {
  @Get() before() {
    return { reached: true };
  }
}

@Controller('scoped')
class ScopedController {
  constructor(@Inject(PerRequest) private readonly perRequest: PerRequest) {}
  @RequireRoles('staff') @Get() scoped() {
    return { id: this.perRequest.request.user?.id };
  }
}

class BaseController {
  @RequireRoles('staff') @Get() list() {
    reached.push('list');
    return { reached: true };
  }
}

@UseGuards(JwtAuthGuard)
@Controller('inherited/tokens')
class TokensController extends BaseController {}

@UseGuards(AuthGuardFor('bearer'))
@Authorize(({ principal }) => principal.scopes.includes('inherited'))
@Controller('inherited/scoped')
class ScopedListController extends BaseController {}

@Controller({ path: 'versioned', version: '2' })
class VersionedController {
  @Get() versioned() {
    reached.push('versioned');
    return { reached: true };
  }
}

const BRAND = Symbol.for('nestjs-latchkey:guard-schemes');

/** What another copy of the package in node_modules writes: the same texts and symbols, other classes. */
@Injectable()
class GuardOfAnotherCopy implements CanActivate {
  static readonly [BRAND] = ['bearer'];
  canActivate(): boolean {
    reached.push('other copy');
    return true;
  }
}

@Controller('copies')
class CopiesController {
  @Get('public') open() {
    return { reached: true };
  }
  @UseGuards(GuardOfAnotherCopy) @Get('guarded') guarded() {
    return { reached: true };
  }
  @Get('policy') policy() {
    return { reached: true };
  }
}
Reflect.defineMetadata('nestjs-latchkey:public', true, CopiesController.prototype.open);
Reflect.defineMetadata('nestjs-latchkey:policies', [() => false], CopiesController.prototype.policy);

const context = new AsyncLocalStorage<string>();

@Controller('waiting')
class WaitingController {
  @Get() async waiting(@CurrentUser('id') id: string) {
    return context.run(id, async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      const queued = await new Promise((resolve) => queueMicrotask(() => resolve(context.getStore())));
      return { id, queued };
    });
  }
}

const CONTROLLERS = [
  PlainController,
  BeforeController,
  ScopedController,
  TokensController,
  ScopedListController,
  VersionedController,
  CopiesController,
  WaitingController,
];

describe.each(ADAPTERS)('the wiring of guards on %s', (adapter) => {
  let running: RunningApplication;
  let ada: RequestInit;
  let grace: RequestInit;
  beforeAll(async () => {
    running = await startApplication(adapter, {
      imports: [AuthModule.forRoot({ users: People })],
      controllers: CONTROLLERS,
      providers: [People, PerRequest],
      configure: (app: INestApplication) => app.enableVersioning({ type: VersioningType.URI }),
    });
    const tokens = running.app.get(TokenService);
    ada = bearer((await tokens.issue(personCalled('ada'))).accessToken);
    grace = bearer((await tokens.issue(personCalled('grace'), { scopes: ['inherited'] })).accessToken);
  });
  afterAll(() => running.close());
  beforeEach(() => {
    reached.length = 0;
    running.app.get(People).asked = 0;
  });

  const statusFor = async (path: string, init?: RequestInit): Promise<number> =>
    (await running.fetch(path, init)).status;

  it('protects a route without any decorator', async () => {
    expect(await statusFor('/admin')).toBe(401);
    expect(reached).toEqual([]);
    expect(await statusFor('/admin', ada)).toBe(200);
  });

  it.each(['', 'Bearer a.b.c', 'Bearer', 'Basic eDp5'])(
    'opens a public route to every caller, whatever %j says, and authenticates no caller there',
    async (authorization) => {
      const answer = await running.fetch('/open', authorization === '' ? {} : { headers: { authorization } });
      expect(answer.status).toBe(200);
      expect(await answer.json()).toEqual({ user: null });
      expect(await (await running.fetch('/open', grace)).json()).toEqual({ user: null });
      expect(running.app.get(People).asked).toBe(0);
    },
  );

  it.each([
    '//admin',
    '/admin/',
    '/ADMIN',
    '/%61dmin',
    '/admin;x',
    '/./admin',
    '/open/../admin',
    '/admin%2f..',
    '/admin%00',
    '/admin?x=/open',
    '/admin#/open',
    '/v2/versioned',
    '/V2/versioned/',
    '/files/open',
    '/files/..%2fopen',
    '/files/%2e%2e/open',
  ])('runs no guarded handler for the path %s without a token', async (path) => {
    const status = await rawRequest(running.url, `GET ${path} HTTP/1.1`);
    expect(reached).toEqual([]);
    expect([400, 401, 404]).toContain(status);
  });

  it('reaches the same handlers with a token, which proves that the paths above exist', async () => {
    for (const path of ['/admin', '/v2/versioned', '/files/open']) expect(await statusFor(path, ada)).toBe(200);
    expect(reached).toEqual(['admin', 'versioned', 'file']);
  });

  it('authenticates the caller before guards of the route, and checks policies in the same step', async () => {
    expect(await statusFor('/ordered')).toBe(401);
    expect(await statusFor('/ordered', ada)).toBe(403);
    expect(reached).toEqual([]);
    expect(await statusFor('/ordered', grace)).toBe(200);
    expect(reached).toEqual(['other guard after', 'ordered']);
  });

  it('runs guards of one list in the order in which they are written', async () => {
    expect(await statusFor('/before')).toBe(401);
    expect(reached).toEqual(['other guard before']);
  });

  it('verifies a token once if two guards of the library are on a route', async () => {
    const events: AuthEvent[] = [];
    const stop = onAuthEvent((event) => void events.push(event));
    expect(await statusFor('/twice', ada)).toBe(200);
    stop();
    expect(events.filter(({ type }) => type === 'attempt')).toHaveLength(1);
    expect(running.app.get(People).asked).toBe(1);
    expect(await statusFor('/twice')).toBe(401);
  });

  it('guards with a subclass that has no constructor', async () => {
    expect(await statusFor('/company')).toBe(401);
    expect(await (await running.fetch('/company', ada)).json()).toEqual({ id: 'ada' });
  });

  it('keeps the user of each request apart across timers and queues', async () => {
    const asked = await Promise.all(
      Array.from({ length: 10 }, (_, index) => running.fetch('/waiting', index % 2 === 0 ? ada : grace)),
    );
    const answers = await Promise.all(asked.map((answer) => answer.json()));
    expect(answers).toEqual(
      answers.map((_, index) => {
        const id = index % 2 === 0 ? 'ada' : 'grace';
        return { id, queued: id };
      }),
    );
  });

  it('guards controllers with request-scoped dependencies', async () => {
    expect(await statusFor('/scoped')).toBe(401);
    expect(await statusFor('/scoped', ada)).toBe(403);
    expect(await (await running.fetch('/scoped', grace)).json()).toEqual({ id: 'grace' });
  });

  it('agrees with another copy of the package about decorators, guards and policies', async () => {
    expect(await statusFor('/copies/public', bearer('stale'))).toBe(200);
    expect(await statusFor('/copies/guarded')).toBe(200);
    expect(reached).toEqual(['other copy']);
    expect(await statusFor('/copies/policy', grace)).toBe(403);
  });

  it('refuses a token if the user source returns another user, and the event says so', async () => {
    const events: AuthEvent[] = [];
    const stop = onAuthEvent((event) => void events.push(event));
    running.app.get(People).mistaken = 'grace';
    const answer = await running.fetch('/admin', ada);
    running.app.get(People).mistaken = undefined;
    stop();
    expect(answer.status).toBe(401);
    expect(await answer.json()).toMatchObject({ errorCode: 'token_invalid' });
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'attempt', outcome: 'rejected', code: 'user_not_found' }),
    );
    expect(await statusFor('/admin', ada)).toBe(200);
  });

  it.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'])(
    'guards %s of a route for all methods',
    async (method) => {
      expect([401, 404]).toContain(await statusFor('/all', { method }));
      expect(reached).toEqual([]);
      const answered = await statusFor('/all', { ...ada, method });
      expect([200, 201, 204, 404]).toContain(answered);
    },
  );

  it('guards HEAD of a GET route, own HEAD and own OPTIONS routes', async () => {
    for (const [path, method] of [
      ['/admin', 'HEAD'],
      ['/head', 'HEAD'],
      ['/options', 'OPTIONS'],
    ] as const) {
      expect([401, 404]).toContain(await statusFor(path, { method }));
      expect(reached).toEqual([]);
      expect(await statusFor(path, { ...ada, method })).toBe(200);
      expect(reached).toHaveLength(1);
      reached.length = 0;
    }
  });

  it('answers OPTIONS that no handler serves without running any', async () => {
    await statusFor('/admin', { method: 'OPTIONS' });
    expect(reached).toEqual([]);
  });

  it('applies the decorators of each class to an inherited handler', async () => {
    expect(await statusFor('/inherited/tokens')).toBe(401);
    expect(await statusFor('/inherited/tokens', ada)).toBe(403);
    expect(await statusFor('/inherited/tokens', grace)).toBe(200);
    expect(await statusFor('/inherited/scoped', grace)).toBe(200);
    const tokens = running.app.get(TokenService);
    const unscoped = bearer((await tokens.issue(personCalled('grace'))).accessToken);
    expect(await statusFor('/inherited/scoped', unscoped)).toBe(403);
    expect(await statusFor('/inherited/tokens', unscoped)).toBe(200);
  });
});

/** A module that brings a guard for the whole application, as a throttler does. */
function globalGuard(name: string): DynamicModule {
  const guard: CanActivate = {
    canActivate(context: ExecutionContext): boolean {
      const { user } = context.switchToHttp().getRequest<{ user?: { id: string } }>();
      reached.push(`${name}: ${user?.id ?? 'anonymous'}`);
      return true;
    },
  };
  class GuardModule {}
  return { module: GuardModule, providers: [{ provide: APP_GUARD, useValue: guard }] };
}

describe.each(ADAPTERS)('global guards of the application on %s', (adapter) => {
  it('run in the order of their modules, the root module first, and see the caller after AuthModule', async () => {
    reached.length = 0;
    const [root, before, after] = ['root', 'before', 'after'].map(globalGuard);
    const running = await startApplication(adapter, {
      imports: [before, AuthModule.forRoot({ users: People }), after].filter((each) => each !== undefined),
      controllers: [PlainController],
      providers: [People, ...((root?.providers ?? []) as { provide: unknown; useValue: unknown }[])],
    });
    const { accessToken } = await running.app.get(TokenService).issue(personCalled('grace'));
    expect((await running.fetch('/ordered', bearer(accessToken))).status).toBe(200);
    expect(reached).toEqual(['root: anonymous', 'before: anonymous', 'after: grace', 'other guard after', 'ordered']);
    reached.length = 0;
    expect((await running.fetch('/ordered')).status).toBe(401);
    expect(reached).toEqual(['root: anonymous', 'before: anonymous']);
    await running.close();
  });
});

describe.each(ADAPTERS)('guards that a test overrides on %s', (adapter) => {
  const start = (prepare: Parameters<typeof startApplication>[1]['prepare']) =>
    startApplication(adapter, {
      imports: [AuthModule.forRoot({ users: People })],
      controllers: [PlainController, BeforeController],
      providers: [People],
      ...(prepare === undefined ? undefined : { prepare }),
    });
  const open = { canActivate: () => true };

  it('open the routes that use them, and no others', async () => {
    const running = await start((builder) => builder.overrideGuard(JwtAuthGuard).useValue(open));
    expect((await running.fetch('/before')).status).toBe(200);
    expect((await running.fetch('/admin')).status).toBe(401);
    await running.close();
  });

  it('open every route without a guard of its own if the default guard is overridden', async () => {
    const running = await start((builder) => builder.overrideProvider(DefaultAuthGuard).useValue(open));
    expect((await running.fetch('/admin')).status).toBe(200);
    expect((await running.fetch('/before')).status).toBe(401);
    await running.close();
  });
});

function startWith(controller: new () => unknown): Promise<RunningApplication> {
  return startApplication('express', { imports: [AuthModule.forRoot()], controllers: [controller] });
}

describe('contradictions keep the application from starting', () => {
  it('a guard of ours and @Public() on one handler', async () => {
    @Controller('a')
    class BothController {
      @Public() @UseGuards(JwtAuthGuard) @Get() both() {
        return {};
      }
    }
    await expect(startWith(BothController)).rejects.toThrow(
      'BothController.both: its handler says both @Public() and @UseGuards(JwtAuthGuard)',
    );
  });

  it('a guard of a base class and @Public() on the class that extends it', async () => {
    @UseGuards(JwtAuthGuard)
    class GuardedBase {
      @Get() inherited() {
        return {};
      }
    }
    @Public()
    @Controller('b')
    class OpenedController extends GuardedBase {}
    await expect(startWith(OpenedController)).rejects.toThrow('OpenedController.inherited: its class says both');
  });

  it('a guard that names a scheme without configuration', async () => {
    @UseGuards(AuthGuardFor('retina'))
    @Controller('c')
    class RetinaController {
      @Get() see() {
        return {};
      }
    }
    await expect(startWith(RetinaController)).rejects.toThrow("accepts the scheme 'retina', which is not configured");
  });

  it('are all reported at once', async () => {
    @Public()
    @UseGuards(JwtAuthGuard)
    @Controller('d')
    class ManyController {
      @Get('one') one() {
        return {};
      }
      @Get('two') two() {
        return {};
      }
    }
    await expect(startWith(ManyController)).rejects.toThrow(/ManyController\.one[^]*ManyController\.two/);
  });
});
