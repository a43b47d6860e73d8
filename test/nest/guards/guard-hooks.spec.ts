import {
  Controller,
  Get,
  HttpException,
  Injectable,
  NotFoundException,
  Req,
  UnauthorizedException,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
  type Type,
} from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { from, type Observable } from 'rxjs';
import {
  AuthError,
  AuthModule,
  Authorize,
  CurrentUser,
  CurrentPrincipal,
  JwtAuthGuard,
  RequireFilter,
  RequireRecentAuth,
  RequireRoles,
  RequireScopes,
  Scoped,
  SelfOrStaff,
  TokenService,
  type AuthUser,
  type Principal,
} from 'nestjs-latchkey';
import { allOf, anyOf, hasRoles, not, ScopePolicy, type Policy, type ScopeCondition } from 'nestjs-latchkey/policies';
import { defineScheme } from 'nestjs-latchkey/schemes';
import { ADAPTERS, startApplication, type RunningApplication } from '../../support/applications.js';
import { People, personCalled } from '../../support/sample-users.js';

type Hook = (error: Error | null, user: unknown, info: unknown) => unknown;

/** A subclass whose hook is this function, as JavaScript may write it. */
function guardWith(name: string, hook: Hook): Type<CanActivate> {
  @Injectable()
  class HookedGuard extends JwtAuthGuard {}
  Object.defineProperty(HookedGuard.prototype, 'handleRequest', { value: hook });
  Object.defineProperty(HookedGuard, 'name', { value: name });
  return HookedGuard;
}

/** The ways in which applications continue after a refusal of the library. */
const GOING_ON: readonly (readonly [string, Type<CanActivate>])[] = [
  ['answers the user or null', guardWith('UserOrNull', (_, user) => user || null)],
  ['answers a user of its own', guardWith('Guest', (_, user) => user || personCalled('grace'))],
  ['answers nothing', guardWith('Nothing', (_, user) => user || undefined)],
  ['answers a promise', guardWith('Promised', async (_, user) => user || null)],
];

@Injectable()
class SwallowingGuard extends JwtAuthGuard {
  override async canActivate(context: ExecutionContext): Promise<boolean> {
    try {
      return await super.canActivate(context);
    } catch {
      return true;
    }
  }
}

@Injectable()
class NeverAskingGuard extends JwtAuthGuard {
  override async canActivate(): Promise<boolean> {
    return true;
  }
}

/** An override may answer as any guard of Nest does. */
@Injectable()
class ObservedGuard extends JwtAuthGuard {}
Object.defineProperty(ObservedGuard.prototype, 'canActivate', {
  value(this: JwtAuthGuard, context: ExecutionContext): Observable<boolean> {
    return from(Promise.resolve(JwtAuthGuard.prototype.canActivate.call(this, context)).catch(() => true));
  },
});

const OVERRIDING: readonly (readonly [string, Type<CanActivate>])[] = [
  ['swallows the refusal', SwallowingGuard],
  ['never asks', NeverAskingGuard],
  ['answers a stream', ObservedGuard],
];

@Injectable()
class OwnRows extends ScopePolicy<readonly string[]> {
  override scope(rows: readonly string[], caller: Principal | undefined): readonly string[] {
    return caller === undefined ? [] : rows;
  }
}

const isStaff: Policy = ({ principal }) => principal.roles.includes('staff');

function routes(guard: Type<CanActivate> | undefined): Type<unknown> {
  class RoutesController {
    @RequireRoles('staff') @Get('roles') roles() {
      return {};
    }
    @RequireScopes('read') @Get('scopes') scopes() {
      return {};
    }
    @Authorize(isStaff) @Get('authorize') authorize() {
      return {};
    }
    @RequireRecentAuth('10m') @Get('recent') recent() {
      return {};
    }
    @SelfOrStaff('id') @Get('people/:id') person() {
      return {};
    }
    @RequireFilter('org', () => 'acme') @Get('filter') filter() {
      return {};
    }
    @Get('plain') plain(@CurrentUser() user: AuthUser | undefined, @CurrentPrincipal() auth: Principal | undefined) {
      return { user: (user as { id?: string } | undefined)?.id ?? 'anonymous', auth: auth?.subject.id ?? 'none' };
    }
    @Get('rows') rows(@Scoped(OwnRows) scoped: ScopeCondition<readonly string[]>) {
      return scoped(['one', 'two']);
    }
  }
  for (const decorate of [Controller(), ...(guard === undefined ? [] : [UseGuards(guard)])]) decorate(RoutesController);
  return RoutesController;
}

const CLOSED = ['/roles', '/scopes', '/authorize', '/recent', '/people/grace', '/filter'];

class FailingPeople extends People {
  isDown = false;
  override async findBySubject(subject: Parameters<People['findBySubject']>[0]) {
    if (this.isDown) throw new Error('connect ECONNREFUSED');
    return super.findBySubject(subject);
  }
}

describe.each(ADAPTERS)('a hook of the application on %s', (adapter) => {
  describe.each(['as a guard of the class', 'as the default guard'])('%s', (place) => {
    const start = async (guard: Type<CanActivate>, log?: { error(line: unknown): void }) => {
      const isDefault = place === 'as the default guard';
      return startApplication(adapter, {
        imports: [AuthModule.forRoot({ users: FailingPeople, ...(isDefault ? { defaultGuard: guard } : {}) })],
        controllers: [routes(isDefault ? undefined : guard)],
        providers: [FailingPeople, OwnRows],
        ...(log === undefined ? undefined : { log: { log() {}, warn() {}, ...log } }),
      });
    };

    describe.each([...GOING_ON, ...OVERRIDING])('that %s', (_, guard) => {
      let running: RunningApplication;
      const errors: string[] = [];
      beforeAll(async () => {
        running = await start(guard, { error: (line) => errors.push(String(line)) });
      });
      afterAll(() => running.close());
      const headersOf = async (id: string, scopes: string[] = []): Promise<Record<string, string>> => ({
        authorization: `Bearer ${(await running.app.get(TokenService).issue(personCalled(id), { scopes })).accessToken}`,
      });
      const isOverride = OVERRIDING.some(([, each]) => each === guard);

      it.each(CLOSED)('does not open %s', async (path) => {
        expect((await running.fetch(path)).status).toBe(401);
        expect((await running.fetch(path, { headers: { authorization: 'Bearer junk' } })).status).toBe(401);
        if (path === '/recent' || guard === NeverAskingGuard) return;
        expect((await running.fetch(path, { headers: await headersOf('ada') })).status).toBe(403);
      });

      it('accepts callers that the policy accepts', async () => {
        const headers = await headersOf('grace', ['read']);
        const statuses = await Promise.all(
          ['/roles', '/scopes', '/authorize', '/people/grace'].map(
            async (path) => (await running.fetch(path, { headers })).status,
          ),
        );
        const expected = guard === NeverAskingGuard ? 401 : 200;
        expect(new Set(statuses)).toEqual(new Set([expected]));
      });

      it('may continue anonymously if the route has no policy', async () => {
        const answer = await running.fetch('/plain');
        expect([answer.status, ((await answer.json()) as { auth: string }).auth]).toEqual([200, 'none']);
        expect(await (await running.fetch('/rows')).json()).toEqual([]);
      });

      it('keeps "unavailable" a 503', async () => {
        const people = running.app.get(FailingPeople);
        const headers = await headersOf('grace');
        people.isDown = true;
        const [closed, plain] = [
          await running.fetch('/roles', { headers }),
          await running.fetch('/plain', { headers }),
        ];
        people.isDown = false;
        if (guard === NeverAskingGuard) return expect(closed.status).toBe(401);
        expect([closed.status, closed.headers.get('retry-after')]).toEqual([503, '1']);
        // What overrides `canActivate()` decides itself about routes without a policy.
        expect(plain.status).toBe(isOverride ? 200 : 503);
      });

      if (isOverride)
        it('is named in the log if it accepted a request without a check', () => {
          expect(errors.join()).toContain(`${guard.name}.canActivate() let a request into RoutesController.roles`);
        });
    });
  });

  it('may be async, and refuses if it rejects', async () => {
    const guard = guardWith('Rejecting', async (error, user) => {
      if (error !== null || user === false) throw error ?? new UnauthorizedException('Who are you?');
      return user;
    });
    const running = await startApplication(adapter, {
      imports: [AuthModule.forRoot({ users: People })],
      controllers: [routes(guard)],
      providers: [People, OwnRows],
    });
    // A handler that takes no user, since Nest itself would wait for one that is a promise.
    const refused = await running.fetch('/rows');
    expect([refused.status, ((await refused.json()) as { message: string }).message]).toEqual([401, 'Who are you?']);
    const token = (await running.app.get(TokenService).issue(personCalled('ada'))).accessToken;
    const answer = await running.fetch('/plain', { headers: { authorization: `Bearer ${token}` } });
    expect(await answer.json()).toEqual({ user: 'ada', auth: 'ada' });
    await running.close();
  });

  it('does not cache the result for a request object that getRequest() reuses', async () => {
    const shared = { method: 'GET', rawHeaders: [] as string[] };
    @Injectable()
    class SharedRequestGuard extends JwtAuthGuard {
      protected override getRequest(context: ExecutionContext): unknown {
        const { headers } = super.getRequest(context) as { headers: { authorization?: string } };
        shared.rawHeaders = headers.authorization === undefined ? [] : ['authorization', headers.authorization];
        return shared;
      }
    }
    const running = await startApplication(adapter, {
      imports: [AuthModule.forRoot({ users: People })],
      controllers: [routes(SharedRequestGuard)],
      providers: [People, OwnRows],
    });
    const token = (await running.app.get(TokenService).issue(personCalled('grace'))).accessToken;
    const headers = { authorization: `Bearer ${token}` };
    expect((await running.fetch('/roles', { headers })).status).toBe(200);
    expect((await running.fetch('/roles')).status).toBe(401);
    await running.close();
  });

  it('of a scheme receives authenticated callers, and none that a policy refused', async () => {
    const recognised: string[] = [];
    const key = defineScheme<string>({
      name: 'key',
      sentBy: 'client',
      find: (request) => request.headerLines('x-key')[0],
      verify: async (id) => ({ subject: { issuer: 'keys', id }, kind: 'user', claims: {}, scopes: [], own: false }),
      recognised: ({ subject }) => void recognised.push(subject.id),
    });
    @Injectable()
    class KeyGuard extends JwtAuthGuard {}
    Object.defineProperty(KeyGuard, Symbol.for('nestjs-latchkey:guard-schemes'), { value: ['key'] });
    const running = await startApplication(adapter, {
      imports: [AuthModule.forRoot({ schemes: [key] })],
      controllers: [routes(KeyGuard)],
      providers: [OwnRows],
    });
    expect((await running.fetch('/roles', { headers: { 'x-key': 'k' } })).status).toBe(403);
    expect(recognised).toEqual([]);
    expect((await running.fetch('/plain', { headers: { 'x-key': 'k' } })).status).toBe(200);
    expect(recognised).toEqual(['k']);
    await running.close();
  });
});

const teapot: Policy = () => {
  throw new HttpException({ error: 'tea', detail: 'short and stout' }, 418);
};
const hidden: Policy = () => {
  throw new NotFoundException('There is no such thing.');
};
const quota: Policy = () => {
  throw new AuthError('insufficient_scope', { requiredScopes: ['more'] });
};

@UseGuards(JwtAuthGuard)
@Controller()
class AnsweringController {
  @Authorize(teapot) @Get('teapot') teapot() {
    return {};
  }
  @Authorize(allOf(hasRoles('unused'), teapot)) @Get('all-of') allOf() {
    return {};
  }
  @Authorize(anyOf(hasRoles('unused'), hidden)) @Get('any-of') anyOf() {
    return {};
  }
  @Authorize(anyOf(hidden, quota)) @Get('first') first() {
    return {};
  }
  @Authorize(anyOf(hidden, () => true)) @Get('saved') saved() {
    return {};
  }
  @Authorize(not(hidden)) @Get('not') not() {
    return {};
  }
}

describe.each(ADAPTERS)('a policy that throws an HttpException of its own on %s', (adapter) => {
  let running: RunningApplication;
  let headers: Record<string, string>;
  beforeAll(async () => {
    running = await startApplication(adapter, {
      imports: [AuthModule.forRoot({ users: People, errors: { format: 'problem' } })],
      controllers: [AnsweringController],
      providers: [People],
    });
    const { accessToken } = await running.app.get(TokenService).issue(personCalled('ada'));
    headers = { authorization: `Bearer ${accessToken}` };
  });
  afterAll(() => running.close());

  it('is answered with its status and body, and is not cached', async () => {
    const answer = await running.fetch('/teapot', { headers });
    expect([answer.status, await answer.json()]).toEqual([418, { error: 'tea', detail: 'short and stout' }]);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
  });

  it.each([
    ['/all-of', 403],
    ['/any-of', 404],
    ['/first', 404],
    ['/saved', 200],
    ['/not', 404],
  ])('stays a refusal in a combination: %s answers %i', async (path, status) => {
    expect((await running.fetch(path, { headers })).status).toBe(status);
    expect((await running.fetch(path)).status).toBe(401);
  });
});

interface Passported {
  readonly account?: { readonly id: string };
  readonly user?: { readonly id: string };
  readonly authInfo?: Principal;
}

describe.each(ADAPTERS)('options of passport in a guard of ours on %s', (adapter) => {
  it('are applied if they have a meaning, and listed at the start', async () => {
    @Injectable()
    class AccountGuard extends JwtAuthGuard {
      protected override async getAuthenticateOptions() {
        return { property: 'account', session: false };
      }
    }
    @Injectable()
    class QuietGuard extends JwtAuthGuard {
      protected override getAuthenticateOptions() {
        return { property: 'auth', authInfo: false };
      }
    }
    @Controller()
    class HabitController {
      @UseGuards(AccountGuard) @Get('account') account(@Req() { account, user, authInfo }: Passported) {
        return [account?.id, user?.id, authInfo?.subject.id];
      }
      @UseGuards(QuietGuard) @Get('quiet') quiet(@Req() request: Passported, @CurrentPrincipal() auth: Principal) {
        return [request.user?.id, auth.subject.id, 'authInfo' in request];
      }
    }
    const warnings: string[] = [];
    const running = await startApplication(adapter, {
      imports: [AuthModule.forRoot({ users: People })],
      controllers: [HabitController],
      providers: [People],
      log: { log() {}, error() {}, warn: (line: unknown) => warnings.push(String(line)) },
    });
    const { accessToken } = await running.app.get(TokenService).issue(personCalled('ada'));
    const headers = { authorization: `Bearer ${accessToken}` };
    expect(await (await running.fetch('/account', { headers })).json()).toEqual(['ada', 'ada', 'ada']);
    expect(await (await running.fetch('/quiet', { headers })).json()).toEqual(['ada', 'ada', false]);
    expect(warnings.filter((line) => line.includes('getAuthenticateOptions()'))).toEqual([
      expect.stringContaining('AccountGuard.getAuthenticateOptions(): of its answer, `property`'),
      expect.stringContaining('QuietGuard.getAuthenticateOptions()'),
    ]);
    await running.close();
  });
});
