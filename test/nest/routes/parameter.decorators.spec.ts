// Parameters that are required, users that are made of a token, and the question of other guards whether a route is public.
import { Controller, Get, Injectable, UseGuards, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  AllowClients,
  AuthError,
  AuthGuardFor,
  AuthModule,
  CurrentPrincipal,
  CurrentUser,
  OptionalAuth,
  Public,
  TokenClaims,
  TokenService,
  type AuthUser,
  type Principal,
} from 'nestjs-latchkey';
import { RouteAudit } from 'nestjs-latchkey/policies';
import { defineScheme } from 'nestjs-latchkey/schemes';
import { ADAPTERS, startApplication, type RunningApplication } from '../../support/applications.js';

interface Member {
  readonly id: string;
  readonly tenant: string;
  readonly isStaff: boolean;
}

const badge = defineScheme<string>({
  name: 'badge',
  sentBy: 'client',
  challenge: 'Badge',
  find: (request) => request.headerLines('x-badge')[0],
  verify: () => undefined,
});

const required = { required: true } as const;

@Controller()
class Routes {
  @OptionalAuth() @Get('user') user(@CurrentUser(required) user: Member) {
    return user;
  }
  @OptionalAuth() @Get('tenant') tenant(@CurrentUser({ path: 'tenant', ...required }) tenant: string) {
    return { tenant };
  }
  @OptionalAuth() @Get('claims') claims(@TokenClaims({ path: 'nothing', ...required }) claim: unknown) {
    return { claim: claim ?? 'none' };
  }
  @UseGuards(AuthGuardFor('bearer', 'badge')) @OptionalAuth() @Get('principal') principal(
    @CurrentPrincipal(required) { subject }: Principal,
  ) {
    return { id: subject.id };
  }
  @Public() @Get('public') open(@CurrentUser(required) user: Member) {
    return user;
  }
  @AllowClients() @Get('clients') clients(@CurrentUser(required) user: Member) {
    return user;
  }
  @OptionalAuth() @Get('anyone') anyone(@CurrentUser({ required: false }) user: Member | undefined) {
    return { id: user?.id ?? 'anonymous' };
  }
}

@Controller('health')
class HealthController {
  @Get() check() {
    return {};
  }
}

/** A guard of an application, which refuses whatever is not public. */
@Injectable()
class MaintenanceGuard implements CanActivate {
  static on = false;
  readonly seen: string[] = [];
  constructor(private readonly routes: RouteAudit) {}

  canActivate(context: ExecutionContext): boolean {
    const access = this.routes.accessOf(context);
    this.seen.push(access);
    return !MaintenanceGuard.on || access === 'public';
  }
}

/** The user that the claims describe, as a stateless service has it. */
function memberOf({ subject, claims }: { subject: { id: string }; claims: Readonly<Record<string, unknown>> }): Member {
  if (claims['tenant'] === 'closed') throw new AuthError('user_disabled');
  return { id: subject.id, tenant: String(claims['tenant'] ?? ''), isStaff: claims['is_staff'] === true };
}

describe.each(ADAPTERS)('an application without a table of users on %s', (adapter) => {
  let running: RunningApplication;
  let tokens: TokenService;

  beforeAll(async () => {
    running = await startApplication(adapter, {
      imports: [
        AuthModule.forRoot({
          schemes: [badge],
          tokenUser: (verified) => memberOf(verified) as unknown as AuthUser,
          routes: [{ controller: HealthController, public: true, reason: 'the load balancer asks' }],
        }),
      ],
      controllers: [Routes, HealthController],
      providers: [MaintenanceGuard, { provide: APP_GUARD, useExisting: MaintenanceGuard } as never],
    });
    tokens = running.app.get(TokenService);
  });
  afterAll(() => running.close());

  async function answerAt(path: string, token?: string) {
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await running.fetch(path, { headers });
    const challenge = response.headers.get('www-authenticate');
    return { status: response.status, challenge, body: (await response.json()) as Record<string, unknown> };
  }

  const tokenOf = async (claims: Record<string, string | boolean>) =>
    (await tokens.issue('ada', { claims: claims as never })).accessToken;

  it('has users that are made of verified claims', async () => {
    const token = await tokenOf({ tenant: 'school', is_staff: true });
    expect((await answerAt('/user', token)).body).toEqual({ id: 'ada', tenant: 'school', isStaff: true });
    expect((await answerAt('/tenant', token)).body).toEqual({ tenant: 'school' });
  });

  it('refuses a user by an error of tokenUser()', async () => {
    const { status, body } = await answerAt('/clients', await tokenOf({ tenant: 'closed' }));
    expect([status, body['errorCode']]).toEqual([401, 'token_invalid']);
  });

  it.each(['/user', '/tenant', '/claims', '/public'])(
    'refuses an anonymous caller at %s, which needs one',
    async (path) => {
      const { status, challenge, body } = await answerAt(path);
      expect([status, challenge, body['errorCode']]).toEqual([401, 'Bearer realm="api"', 'unauthenticated']);
    },
  );

  it('offers all schemes that the guard of the route looked for', async () => {
    expect(await answerAt('/principal')).toMatchObject({
      status: 401,
      challenge: 'Bearer realm="api", Badge realm="api"',
    });
    expect((await answerAt('/principal', await tokenOf({}))).body).toEqual({ id: 'ada' });
  });

  it('requires the caller and not the member', async () => {
    expect((await answerAt('/claims', await tokenOf({}))).body).toEqual({ claim: 'none' });
    expect((await answerAt('/anyone')).body).toEqual({ id: 'anonymous' });
  });

  it('refuses a client where a user is required', async () => {
    const { accessToken } = await tokens.issueForClient('grader');
    const { status, body } = await answerAt('/clients', accessToken);
    expect([status, body['errorCode']]).toEqual([403, 'client_not_allowed']);
  });

  it('tells other guards which routes are public, by decorators and by options', async () => {
    const { seen } = running.app.get(MaintenanceGuard);
    seen.length = 0;
    MaintenanceGuard.on = true;
    expect((await answerAt('/health')).status).toBe(200);
    expect((await answerAt('/anyone')).status).toBe(403);
    MaintenanceGuard.on = false;
    await answerAt('/clients', await tokenOf({}));
    expect(seen).toEqual(['public', 'optional', 'guarded']);
  });
});

describe('a decorator of a parameter', () => {
  it.each([
    ['an empty path', ''],
    ['a number', 1],
    ['a misspelt member', { requird: true }],
    ['text in place of a flag', { required: 'yes' }],
    ['an empty path beside a flag', { path: ' ', required: true }],
  ])('refuses %s where it is written', (_, given) => {
    expect(() => CurrentUser(given as never)).toThrow(/@CurrentUser\(\) takes a path of member names/);
    expect(() => CurrentPrincipal(given as never)).toThrow(TypeError);
  });

  it('takes pipes, made or named', () => {
    class Trim {
      transform(value: unknown) {
        return value;
      }
    }
    expect(() => CurrentUser(Trim)).not.toThrow();
    expect(() => TokenClaims(new Trim())).not.toThrow();
  });
});
