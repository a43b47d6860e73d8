import { Controller, Get, Param, UseGuards } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  AllowClients,
  AllowInactive,
  AuthModule,
  Authorize,
  JwtAuthGuard,
  OptionalAuth,
  Public,
  RequireFilter,
  RequireRecentAuth,
  RequireRoles,
  RequireScopes,
  SelfOrStaff,
  TokenService,
} from 'nestjs-latchkey';
import { RequireAudience, RouteAudit, type Policy } from 'nestjs-latchkey/policies';
import { describeAuth } from 'nestjs-latchkey/swagger';
import { ADAPTERS, startApplication, type RunningApplication } from '../../support/applications.js';
import { bearer, People, personCalled } from '../../support/sample-users.js';
import { ManualClock } from '../../support/clocks.js';

const AUDIENCES = ['invoices', 'reports', 'archive'];

const seen: unknown[] = [];
const notes: Policy = ({ principal }) => seen.push(principal.subject.id) > 0;
const breaks: Policy = ({ principal }) => (principal.claims['absent'] as unknown as { deep: boolean }).deep;

@RequireScopes('class:scope')
@Controller('stacked')
class StackedController {
  @RequireScopes('one')
  @RequireScopes('two')
  @Get()
  stacked() {
    return {};
  }
}

@RequireScopes('derived:scope')
@Controller('derived')
class DerivedController extends StackedController {}

@UseGuards(JwtAuthGuard)
@Controller()
class RulesController {
  @RequireRoles('staff') @Get('staff') staff() {
    return {};
  }
  @SelfOrStaff('id') @Get('people/:id') person(@Param('id') id: string) {
    return { id };
  }
  @SelfOrStaff('id') @Get('people') forgotten() {
    return {};
  }
  @RequireRecentAuth('10m') @Get('recent') recent() {
    return {};
  }
  @AllowClients() @RequireAudience('reports', 'archive') @Get('reports') reports() {
    return {};
  }
  @AllowClients() @RequireAudience('reports') @RequireAudience('archive') @Get('both') both() {
    return {};
  }
  @AllowClients()
  @RequireFilter('content_org', ({ request }) => request.param('org'))
  @Get('orgs/:org')
  org() {
    return {};
  }
  @Authorize(notes) @Get('noted') noted() {
    return {};
  }
  @Authorize(breaks) @Get('broken') broken() {
    return {};
  }
  @OptionalAuth() @RequireRoles('staff') @Get('optional') optional() {
    return {};
  }
  @AllowInactive() @RequireRoles('staff') @Get('inactive') inactive() {
    return {};
  }
}

describe.each(ADAPTERS)('policies of a route on %s', (adapter) => {
  let running: RunningApplication;
  let tokens: TokenService;
  const clock = new ManualClock();
  beforeAll(async () => {
    running = await startApplication(adapter, {
      imports: [AuthModule.forRoot({ users: People, clock, access: { ttl: '1h' }, audience: AUDIENCES })],
      controllers: [StackedController, DerivedController, RulesController],
      providers: [People],
    });
    tokens = running.app.get(TokenService);
  });
  afterAll(() => running.close());

  const tokenOf = async (id: string, options?: Parameters<TokenService['issue']>[1]): Promise<RequestInit> =>
    bearer((await tokens.issue(personCalled(id), options)).accessToken);
  const statusFor = async (path: string, init?: RequestInit): Promise<number> =>
    (await running.fetch(path, init)).status;

  const client = async (filters: unknown): Promise<RequestInit> =>
    bearer((await tokens.issueForClient('robot', { claims: { filters: filters as string[] } })).accessToken);

  it('accumulate from class and handler, and from every decorator on one level', async () => {
    const all = ['class:scope', 'one', 'two'];
    expect(await statusFor('/stacked', await tokenOf('ada', { scopes: [...all, 'more'] }))).toBe(200);
    for (const missing of all) {
      const scopes = all.filter((scope) => scope !== missing);
      const answer = await running.fetch('/stacked', await tokenOf('ada', { scopes }));
      expect(answer.status).toBe(403);
      expect(answer.headers.get('www-authenticate')).toBe(
        `Bearer realm="api", error="insufficient_scope", error_description="The token lacks a scope that this resource requires.", scope="${missing}"`,
      );
      expect(await answer.json()).toMatchObject({ statusCode: 403, errorCode: 'insufficient_scope' });
    }
  });

  it('of a base class stay in force on a class that adds its own', async () => {
    const base = ['class:scope', 'one', 'two'];
    expect(await statusFor('/derived', await tokenOf('ada', { scopes: [...base, 'derived:scope'] }))).toBe(200);
    expect(await statusFor('/derived', await tokenOf('ada', { scopes: ['one', 'two', 'derived:scope'] }))).toBe(403);
    expect(await statusFor('/derived', await tokenOf('ada', { scopes: base }))).toBe(403);
    expect(await statusFor('/stacked', await tokenOf('ada', { scopes: base }))).toBe(200);
  });

  it('run after authentication: anonymous callers and invalid tokens are 401 and no policy runs', async () => {
    seen.length = 0;
    expect(await statusFor('/noted')).toBe(401);
    expect(await statusFor('/noted', bearer('a.b.c'))).toBe(401);
    expect(await statusFor('/staff')).toBe(401);
    expect(seen).toEqual([]);
    expect(await statusFor('/noted', await tokenOf('ada'))).toBe(200);
    expect(seen).toEqual(['ada']);
  });

  it('require a caller, also on an optional route', async () => {
    expect(await statusFor('/optional')).toBe(401);
    expect(await statusFor('/optional', await tokenOf('ada'))).toBe(403);
    expect(await statusFor('/optional', await tokenOf('grace'))).toBe(200);
  });

  it('read roles from the current user, not from the token', async () => {
    const answer = await running.fetch('/staff', await tokenOf('ada', { claims: { role: 'staff' } }));
    expect(answer.status).toBe(403);
    expect(answer.headers.get('www-authenticate')).toBeNull();
    expect(await answer.json()).toEqual({
      statusCode: 403,
      message: 'You may not use this resource.',
      error: 'Forbidden',
      errorCode: 'forbidden',
    });
    expect(await statusFor('/staff', await tokenOf('grace'))).toBe(200);
  });

  it('allow a user their own path and staff all', async () => {
    expect(await statusFor('/people/ada', await tokenOf('ada'))).toBe(200);
    expect(await statusFor('/people/grace', await tokenOf('ada'))).toBe(403);
    expect(await statusFor('/people/%20', await tokenOf('grace'))).toBe(403);
    expect(await statusFor('/people/ada', await tokenOf('grace'))).toBe(200);
    expect(await statusFor('/people', await tokenOf('ada'))).toBe(403);
    expect(await statusFor('/people', await tokenOf('grace'))).toBe(403);
    expect(await statusFor('/people/ada')).toBe(401);
  });

  it('use a parameter of the path, and none of the query', async () => {
    expect(await statusFor('/people?id=ada', await tokenOf('ada'))).toBe(403);
    expect(await statusFor('/people/grace?id=ada', await tokenOf('ada'))).toBe(403);
  });

  it('refuse, and cause no 500, if a policy throws on a missing value', async () => {
    expect(await statusFor('/broken', await tokenOf('ada'))).toBe(403);
  });

  it('require a more recent sign-in with the challenge of RFC 9470', async () => {
    const init = await tokenOf('ada');
    expect(await statusFor('/recent', init)).toBe(200);
    clock.advance(601);
    const answer = await running.fetch('/recent', init);
    clock.advance(-601);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe(
      'Bearer realm="api", error="insufficient_user_authentication", ' +
        'error_description="This resource requires a more recent sign-in.", max_age="600"',
    );
    expect(await answer.json()).toMatchObject({ errorCode: 'reauthentication_required' });
  });

  it('require a token that is meant for the route, at each request', async () => {
    const refusal = async (path: string, init: RequestInit) => {
      const answer = await running.fetch(path, init);
      const { errorCode } = (await answer.json()) as { errorCode?: string };
      return [answer.status, errorCode, answer.headers.get('www-authenticate')];
    };
    const expected = [
      401,
      'audience_mismatch',
      'Bearer realm="api", error="invalid_token", error_description="The token is meant for another part of this service."',
    ];
    const invoices = await tokenOf('ada', { audience: 'invoices' });
    const archive = await tokenOf('ada', { audience: ['archive', 'invoices'] });
    // The token is known to the process from the second round on.
    for (let round = 0; round < 2; round += 1) {
      expect(await statusFor('/recent', invoices)).toBe(200);
      expect(await refusal('/reports', invoices)).toEqual(expected);
      expect(await statusFor('/reports', archive)).toBe(200);
      expect(await refusal('/both', archive)).toEqual(expected);
    }
    const { accessToken } = await tokens.issueForClient('robot', { audience: 'invoices' });
    expect(await refusal('/reports', bearer(accessToken))).toEqual(expected);
    // Without a narrower choice a token has all audiences of the module.
    for (const path of ['/reports', '/both']) expect(await statusFor(path, await tokenOf('ada'))).toBe(200);
    expect(await statusFor('/reports')).toBe(401);
  });

  it('are told by the route audit and by OpenAPI', () => {
    const listed = running.app.get(RouteAudit).list();
    const policiesAt = (path: string) => listed.find(({ paths }) => paths[0] === path)?.policies;
    expect(policiesAt('/both')).toEqual(['audience(reports)', 'audience(archive)']);
    expect(policiesAt('/reports')).toEqual(['audience(reports or archive)']);
    const { app } = running;
    const { paths } = describeAuth(app, () => SwaggerModule.createDocument(app, new DocumentBuilder().build()));
    const refusalAt = (path: string) => paths[path]?.get?.responses[401];
    expect(refusalAt('/reports')).toMatchObject({
      description: expect.stringMatching(/audience: reports or archive\.$/),
    });
    expect(refusalAt('/recent')).toMatchObject({
      description: expect.stringMatching(/sign-in at most 600 seconds old\.$/),
    });
  });

  it('answer 403 filter_mismatch for another resource and 401 for an unreadable filter', async () => {
    expect(await statusFor('/orgs/Acme', await client(['content_org:acme']))).toBe(200);
    const other = await running.fetch('/orgs/acme', await client(['content_org:other']));
    expect([other.status, ((await other.json()) as { errorCode: string }).errorCode]).toEqual([403, 'filter_mismatch']);
    for (const filters of [['content_org'], ['content_org:acme:x'], 'content_org:acme', [1], { a: 1 }]) {
      const answer = await running.fetch('/orgs/acme', await client(filters));
      expect([answer.status, ((await answer.json()) as { errorCode: string }).errorCode]).toEqual([
        401,
        'invalid_claims',
      ]);
    }
  });
});

describe('a mistake in a policy', () => {
  it.each([
    ['@RequireScopes()', () => (RequireScopes as (...none: string[]) => unknown)()],
    ['@RequireRoles()', () => (RequireRoles as (...none: string[]) => unknown)()],
    ['@SelfOrStaff("")', () => SelfOrStaff('')],
    ['@RequireRecentAuth("soon")', () => RequireRecentAuth('soon' as never)],
    ['@RequireAudience()', () => (RequireAudience as (...none: string[]) => unknown)()],
    ['@Authorize()', () => (Authorize as (...none: Policy[]) => unknown)()],
    ['@Authorize(something that is not a function)', () => Authorize('staff' as never)],
    ['@RequireFilter("")', () => RequireFilter('', () => 'x')],
  ])('%s throws while the class is defined, before anything listens', (_, decorate) => {
    expect(decorate).toThrow(TypeError);
  });

  it('under a nearer @Public() stops the start', async () => {
    @RequireRoles('staff')
    @Controller('contradiction')
    class ContradictionController {
      @Public() @Get() open() {
        return {};
      }
    }
    const starting = startApplication('express', {
      imports: [AuthModule.forRoot()],
      controllers: [ContradictionController],
    });
    await expect(starting).rejects.toThrow('ContradictionController.open: it has a policy, but @Public()');
  });
});
