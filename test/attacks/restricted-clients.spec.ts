import { Controller, Get, UseGuards } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  AllowClients,
  AllowRestrictedClients,
  CurrentPrincipal,
  AuthModule,
  AuthReason,
  CurrentUser,
  JwtAuthGuard,
  OptionalAuth,
  Public,
  RequireScopes,
  TokenService,
  type AuthUser,
  type ClientTokenOptions,
  type Principal,
} from 'nestjs-latchkey';
import { ADAPTERS, startApplication, type RunningApplication } from '../support/applications.js';
import { bearer, People, personCalled } from '../support/sample-users.js';

@Controller('unaware')
class UnawareController {
  @Get() nothing() {
    return { reached: true };
  }
  @UseGuards(JwtAuthGuard) @Get('guarded') guarded() {
    return { reached: true };
  }
  @RequireScopes('grades:write') @Get('scoped') scoped() {
    return { reached: true };
  }
  @Public() @Get('public') open() {
    return { reached: true };
  }
  @OptionalAuth() @Get('optional') optional(@CurrentPrincipal() auth: Principal | undefined) {
    return { who: auth?.kind ?? 'anonymous' };
  }
}

@AllowClients()
@AllowRestrictedClients()
@RequireScopes('grades:write')
@Controller('aware')
class AwareController {
  @Get() route(@CurrentUser() user: AuthUser | undefined, @CurrentPrincipal() auth: Principal) {
    return { user: user ?? null, kind: auth.kind, restricted: auth.restricted, id: auth.subject.id };
  }
  @AllowRestrictedClients(false) @Get('whole') whole() {
    return { reached: true };
  }
  @AllowClients(false) @Get('people') people() {
    return { reached: true };
  }
}

/** Restricted clients by name, but no clients: the two marks are two decisions. */
@AllowRestrictedClients()
@RequireScopes('grades:write')
@Controller('half')
class HalfController {
  @Get() route() {
    return { reached: true };
  }
}

const SCOPES = ['grades:write'];

describe.each(ADAPTERS)('restricted clients and client principals on %s', (adapter) => {
  let running: RunningApplication;
  let tokens: TokenService;
  beforeAll(async () => {
    running = await startApplication(adapter, {
      imports: [AuthModule.forRoot({ users: People })],
      controllers: [UnawareController, AwareController, HalfController],
      providers: [People],
    });
    tokens = running.app.get(TokenService);
  });
  afterAll(() => running.close());

  const client = async (options: ClientTokenOptions = {}, id = 'robot'): Promise<RequestInit> =>
    bearer((await tokens.issueForClient(id, { scopes: SCOPES, ...options })).accessToken);
  const authResultFor = async (path: string, init: RequestInit): Promise<unknown> => {
    const answer = await running.fetch(path, init);
    const body = (await answer.json()) as { errorCode?: string };
    return answer.ok ? body : `${answer.status} ${body.errorCode ?? ''}`;
  };

  it.each(['/unaware', '/unaware/guarded', '/unaware/scoped'])(
    '%s does not allow clients and refuses them, with all scopes',
    async (path) => {
      expect(await authResultFor(path, await client())).toBe('403 client_not_allowed');
      expect(await authResultFor(path, await client({ restricted: true }))).toBe('403 client_not_allowed');
    },
  );

  it('accepts the same request of a user: only the client is refused', async () => {
    const init = bearer((await tokens.issue(personCalled('ada'), { scopes: SCOPES })).accessToken);
    for (const path of ['/unaware', '/unaware/guarded', '/unaware/scoped'])
      expect(await authResultFor(path, init)).toEqual({ reached: true });
  });

  it('accepts a restricted client if both decorators allow it, within its scopes', async () => {
    expect(await authResultFor('/aware', await client({ restricted: true }))).toEqual({
      user: null,
      kind: 'client',
      restricted: true,
      id: 'robot',
    });
    expect(await authResultFor('/aware', await client({ restricted: true, scopes: [] }))).toBe(
      '403 insufficient_scope',
    );
  });

  it('lets a handler take the permission of its class back', async () => {
    expect(await authResultFor('/aware/whole', await client({ restricted: true }))).toBe('403 restricted_client');
    expect(await authResultFor('/aware/whole', await client())).toEqual({ reached: true });
    expect(await authResultFor('/aware/people', await client())).toBe('403 client_not_allowed');
  });

  it('does not take one decorator for the other', async () => {
    expect(await authResultFor('/half', await client({ restricted: true }))).toBe('403 client_not_allowed');
  });

  it('does not touch public routes', async () => {
    expect(await authResultFor('/unaware/public', await client({ restricted: true }))).toEqual({ reached: true });
  });

  it('treats a client as anonymous on an optional route that does not allow clients', async () => {
    expect(await authResultFor('/unaware/optional', await client({ restricted: true }))).toEqual({ who: 'anonymous' });
  });

  it('gives the same responses to the first and to every later request', async () => {
    const init = await client({ restricted: true });
    const rounds = await Promise.all(Array.from({ length: 5 }, () => authResultFor('/unaware', init)));
    expect(new Set(rounds)).toEqual(new Set(['403 client_not_allowed']));
  });

  it('never takes a client for the user with the same id', async () => {
    const people = running.app.get(People);
    people.asked = 0;
    expect(await authResultFor('/aware', await client({}, 'ada'))).toEqual({
      user: null,
      kind: 'client',
      restricted: false,
      id: 'ada',
    });
    expect(await authResultFor('/unaware', await client({}, 'grace'))).toBe('403 client_not_allowed');
    expect(people.asked).toBe(0);
  });

  it('issues short tokens that cannot be refreshed', async () => {
    const issued = await tokens.issueForClient('robot', { scopes: SCOPES, restricted: true, filters: ['org:acme'] });
    expect(issued).toEqual({ accessToken: expect.any(String), expiresIn: 900 });
    await expect(tokens.refresh(issued.accessToken)).rejects.toMatchObject({ code: 'wrong_token_type' });
    await expect(tokens.issueForClient('robot', { accessTtl: '1d' })).rejects.toThrow('accessTtl');
    const principal = await tokens.verify(issued.accessToken, { kind: 'access' });
    expect(principal).toMatchObject({ kind: 'client', user: undefined, restricted: true, scopes: SCOPES });
    expect(principal.claims['filters']).toEqual(['org:acme']);
  });

  it('does not issue a filter that no route could parse', async () => {
    await expect(tokens.issueForClient('robot', { filters: ['acme'] })).rejects.toThrow(TypeError);
    await expect(tokens.issueForClient('robot', { filters: ['a:b:c'] })).rejects.toThrow(TypeError);
  });

  it('ends a token of a client by revocation like any other', async () => {
    const { accessToken } = await tokens.issueForClient('robot', { scopes: SCOPES });
    expect(await authResultFor('/aware', bearer(accessToken))).toMatchObject({ id: 'robot' });
    await tokens.revoke(accessToken);
    expect(await authResultFor('/aware', bearer(accessToken))).toBe('401 token_invalid');
  });

  it('does not let custom claims of a user name a client, or unrestrict a client', async () => {
    for (const claims of [{ kind: 'client' }, { is_restricted: false }, { client_id: 'ada' }]) {
      await expect(tokens.issue(personCalled('ada'), { claims })).rejects.toThrow(TypeError);
      await expect(tokens.issueForClient('robot', { claims, restricted: true })).rejects.toThrow(TypeError);
    }
  });
});

describe('strictRoutes', () => {
  it('refuses a route that allows restricted clients without any policy', async () => {
    @AllowClients()
    @AllowRestrictedClients()
    @AuthReason('for the robots')
    @Controller('loose')
    class LooseController {
      @Get() loose() {
        return {};
      }
    }
    const imports = [AuthModule.forRoot({ strictRoutes: true })];
    await expect(startApplication('express', { imports, controllers: [LooseController] })).rejects.toThrow(
      'LooseController.loose: it lets restricted clients in without any policy',
    );
  });
});
