import { All, Controller, Get, Post, UseGuards, VERSION_NEUTRAL, type INestApplication } from '@nestjs/common';
import { RouterModule } from '@nestjs/core';
import { MessagePattern } from '@nestjs/microservices';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  AllowClients,
  AllowInactive,
  AllowRestrictedClients,
  AuthGuardFor,
  AuthModule,
  Authorize,
  AuthReason,
  JwtAuthGuard,
  OptionalAuth,
  Public,
  RequireRoles,
  RequireScopes,
  TokenService,
  type NamedRoute,
} from 'nestjs-latchkey';
import { anyOf, hasRoles, RouteAudit, routeTable, type Policy } from 'nestjs-latchkey/policies';
import { expectProtected } from 'nestjs-latchkey/testing';
import { ADAPTERS, startApplication, type RunningApplication, type StartOptions } from '../../support/applications.js';
import { bearer } from '../../support/sample-users.js';

const ownsTenant: Policy = () => true;

@RequireScopes('grades:read')
@Controller('grades')
class GradesController {
  @Get(':id') read() {
    return {};
  }
  @AllowClients()
  @AllowRestrictedClients()
  @RequireScopes('grades:write')
  @Authorize(anyOf(hasRoles('staff'), ownsTenant))
  @Post()
  write() {
    return {};
  }
}

@UseGuards(AuthGuardFor('bearer'))
@AuthReason('tools of the house have no cookies')
@Controller({ path: ['tools', 'old-tools'], version: '2' })
class ToolsController {
  @AllowInactive() @All() tools() {
    return {};
  }
}

/** Not ours to decorate. */
@Controller({ path: 'health', version: VERSION_NEUTRAL })
class HealthController {
  @Get() check() {
    return { status: 'up' };
  }
  @Get('details') details() {
    return { status: 'up', disk: 'full' };
  }
}

@Public()
@AuthReason('the text is public')
@Controller('motto')
class MottoController {
  @Get() motto() {
    return {};
  }
  @AuthReason('a name makes it nicer') @OptionalAuth() @Get('hello') hello() {
    return {};
  }
}

const HEALTH: NamedRoute = {
  controller: HealthController,
  method: 'check',
  public: true,
  reason: 'the load balancer asks',
};

describe('the route audit', () => {
  let running: RunningApplication | undefined;
  afterEach(async () => {
    await running?.close();
    running = undefined;
  });
  const start = async (
    options: NonNullable<Parameters<typeof AuthModule.forRoot>[0]>,
    controllers: NonNullable<StartOptions['controllers']>,
    more: Partial<StartOptions> = {},
  ): Promise<INestApplication> => {
    const imports = [AuthModule.forRoot(options), ...(more.imports ?? [])];
    running = await startApplication('express', { ...more, imports, controllers });
    return running.app;
  };

  it('lists the requirements of every route, by path, from the metadata that the guards read', async () => {
    const app = await start({ routes: [HEALTH] }, [
      GradesController,
      ToolsController,
      HealthController,
      MottoController,
    ]);
    const listed = app.get(RouteAudit).list();
    expect(listed.map(({ method, paths, access, statedBy }) => [method, paths.join(), access, statedBy])).toEqual([
      ['POST', '/grades', 'guarded', 'default'],
      ['GET', '/grades/:id', 'guarded', 'default'],
      ['GET', '/health', 'public', 'handler'],
      ['GET', '/health/details', 'guarded', 'default'],
      ['GET', '/motto', 'public', 'class'],
      ['GET', '/motto/hello', 'optional', 'handler'],
      ['ALL', '/tools,/old-tools', 'guarded', 'class'],
    ]);
    expect(listed[0]).toEqual({
      name: 'GradesController.write',
      method: 'POST',
      paths: ['/grades'],
      version: undefined,
      access: 'guarded',
      statedBy: 'default',
      guards: ['JwtAuthGuard'],
      schemes: ['bearer'],
      scopes: ['grades:read', 'grades:write'],
      policies: ['scopes(grades:read)', 'scopes(grades:write)', 'anyOf(roles(staff), ownsTenant)'],
      allows: ['clients', 'restricted clients'],
      reason: undefined,
    });
    expect(listed.at(-1)).toMatchObject({
      version: '2',
      allows: ['inactive'],
      reason: 'tools of the house have no cookies',
    });
    expect(JSON.parse(JSON.stringify(listed))).toHaveLength(7);
  });

  it('knows the paths of RouterModule', async () => {
    class InnerModule {}
    Reflect.defineMetadata('controllers', [GradesController], InnerModule);
    const routing = RouterModule.register([{ path: 'api', module: InnerModule }]);
    const app = await start({}, [], { imports: [InnerModule, routing] });
    expect(
      app
        .get(RouteAudit)
        .list()
        .map(({ paths }) => paths),
    ).toEqual([['/api/grades'], ['/api/grades/:id']]);
    expect((await running?.fetch('/api/grades/1'))?.status).toBe(401);
  });

  it('is a readable table', async () => {
    const app = await start({ routes: [HEALTH] }, [HealthController, GradesController]);
    expect(routeTable(app.get(RouteAudit).list())).toBe(
      [
        'METHOD  PATH             ACCESS              SCHEMES  POLICIES                                                                    ALSO LETS IN                 HANDLER                   REASON',
        'POST    /grades          guarded by default  bearer   scopes(grades:read), scopes(grades:write), anyOf(roles(staff), ownsTenant)  clients, restricted clients  GradesController.write    -',
        'GET     /grades/:id      guarded by default  bearer   scopes(grades:read)                                                         -                            GradesController.read     -',
        'GET     /health          public              -        -                                                                           -                            HealthController.check    the load balancer asks',
        'GET     /health/details  guarded by default  bearer   -                                                                           -                            HealthController.details  -',
        '',
      ].join('\n'),
    );
  });

  it('is written to the log with auditRoutes', async () => {
    const lines: string[] = [];
    const log = { log: (line: unknown) => lines.push(String(line)), error() {}, warn() {} };
    await start({ auditRoutes: true }, [GradesController], { log });
    expect(lines.some((line) => line.includes('GradesController.read'))).toBe(true);
  });
});

describe.each(ADAPTERS)('controllers of packages on %s', (adapter) => {
  it('are guarded by the options, without metadata on the class', async () => {
    const forAll: NamedRoute = { controller: HealthController, policies: [hasRoles('staff')], reason: 'insiders only' };
    const one = await startApplication(adapter, {
      imports: [AuthModule.forRoot({ routes: [HEALTH] })],
      controllers: [HealthController],
    });
    const other = await startApplication(adapter, {
      imports: [AuthModule.forRoot({ routes: [forAll] })],
      controllers: [HealthController],
    });
    const token = bearer((await other.app.get(TokenService).issue('ada')).accessToken);
    expect((await one.fetch('/health')).status).toBe(200);
    expect((await one.fetch('/health/details')).status).toBe(401);
    expect((await other.fetch('/health')).status).toBe(401);
    expect((await other.fetch('/health', token)).status).toBe(403);
    await Promise.all([one.close(), other.close()]);
  });

  it.each<[string, unknown, string]>([
    [
      'a controller that is not mounted',
      { ...HEALTH, controller: MottoController, method: 'motto' },
      'not a controller of this application',
    ],
    [
      'a method that does not exist',
      { ...HEALTH, method: 'chekc' },
      'names chekc, which is not a method of HealthController',
    ],
    [
      'no reason',
      { controller: HealthController, public: true },
      'routes[0].reason is required: a sentence for the route audit',
    ],
    ['no statement', { controller: HealthController, reason: 'why not' }, 'states nothing'],
    ['a misspelt statement', { ...HEALTH, pubic: true }, 'routes[0].pubic is not an option; did you mean public?'],
    [
      'an invalid policy',
      { ...HEALTH, public: false, policies: ['staff'] },
      'routes[0].policies is a list; accepted is a list of policies, which are functions',
    ],
    ['no controller', { public: true, reason: 'x' }, 'routes[0].controller is required: a controller class'],
    ['something else', null, 'routes[0] is null; accepted is a statement like { controller: HealthController'],
    ['a contradiction', { ...HEALTH, optional: true }, 'says both @Public() and @OptionalAuth()'],
  ])('cannot be named with %s', async (_, route, sentence) => {
    const imports = [AuthModule.forRoot({ routes: [route as NamedRoute] })];
    await expect(startApplication(adapter, { imports, controllers: [HealthController] })).rejects.toThrow(sentence);
  });
});

function startStrictly(controllers: NonNullable<StartOptions['controllers']>, options: object = {}) {
  return startApplication('express', {
    imports: [AuthModule.forRoot({ strictRoutes: true, ...options })],
    controllers,
  });
}

describe('strictRoutes', () => {
  it('starts if every deviation gives a reason', async () => {
    const running = await startStrictly([GradesController, ToolsController, MottoController, HealthController], {
      routes: [HEALTH],
    });
    expect((await running.fetch('/health')).status).toBe(200);
    await running.close();
  });

  it('refuses a route without decorators if there is no default guard', async () => {
    await expect(startStrictly([HealthController], { defaultGuard: false })).rejects.toThrow(
      'HealthController.check: nothing states who may call it',
    );
  });

  it.each<[string, readonly (MethodDecorator & ClassDecorator)[], string]>([
    ['@Public()', [Public()], 'deviates from the default (@Public()) without a reason'],
    ['@OptionalAuth()', [OptionalAuth()], 'deviates from the default (@OptionalAuth()) without a reason'],
    [
      'another guard',
      [UseGuards(AuthGuardFor('bearer'))],
      'deviates from the default (AuthGuardFor(bearer)) without a reason',
    ],
  ])('refuses %s without a reason', async (_, decorators, sentence) => {
    class DeviatingController {
      route() {
        return {};
      }
    }
    const descriptor = Object.getOwnPropertyDescriptor(DeviatingController.prototype, 'route') ?? {};
    for (const decorate of [Get(), ...decorators]) decorate(DeviatingController.prototype, 'route', descriptor);
    Controller('deviating')(DeviatingController);
    await expect(startStrictly([DeviatingController])).rejects.toThrow(sentence);
    AuthReason('because')(DeviatingController.prototype, 'route', descriptor);
    await (await startStrictly([DeviatingController])).close();
  });

  it('does not use the reason of the class for a deviation of the handler', async () => {
    @AuthReason('tools have no cookies')
    @UseGuards(AuthGuardFor('bearer'))
    @Controller('mixed')
    class MixedController {
      @Public() @Get() open() {
        return {};
      }
    }
    await expect(startStrictly([MixedController])).rejects.toThrow('MixedController.open: it deviates');
  });

  it('allows a route to repeat the default guard', async () => {
    @UseGuards(JwtAuthGuard)
    @RequireRoles('staff')
    @Controller('repeated')
    class RepeatedController {
      @Get() route() {
        return {};
      }
    }
    await (await startStrictly([RepeatedController])).close();
  });

  it('refuses an empty reason', () => {
    expect(() => AuthReason(' ')).toThrow(TypeError);
  });
});

@Controller()
class MessagesController {
  @MessagePattern('sum') sum() {
    return 1;
  }
}

@UseGuards(JwtAuthGuard)
@Controller()
class GuardedMessagesController {
  @MessagePattern('sum') sum() {
    return 1;
  }
}

describe('message handlers', () => {
  it.each([
    ['named by a guard of their own', GuardedMessagesController, false, 'class'],
    ['left to the default guard that the microservice shares', MessagesController, true, 'default'],
  ] as const)('are in the audit if they are %s', async (_, controller, inheritAppConfig, statedBy) => {
    const running = await startApplication('express', {
      imports: [AuthModule.forRoot({ strictRoutes: true })],
      controllers: [controller],
      configure: (app) => app.connectMicroservice({ options: { port: 0, host: '127.0.0.1' } }, { inheritAppConfig }),
    });
    const listed = running.app.get(RouteAudit).list();
    expect(listed).toMatchObject([{ method: 'MESSAGE', paths: ['sum'], access: 'guarded', statedBy }]);
    expectProtected(running.app);
    await running.close();
  });
});

describe('expectProtected', () => {
  it('names every unprotected route, and every exception that does not exist', async () => {
    const { app, close } = await startApplication('express', {
      imports: [AuthModule.forRoot()],
      controllers: [GradesController, MottoController],
    });
    expect(() => expectProtected(app)).toThrow(/MottoController\.motto[^]*MottoController\.hello/);
    expect(() => expectProtected(app, { except: ['GET /motto', 'MottoController.hello'] })).not.toThrow();
    const stale = ['GET /motto', 'GET /motto/hello', 'POST /grades', 'GET /gone'];
    expect(() => expectProtected(app, { except: stale })).toThrow(/POST \/grades[^]*GET \/gone/);
    await close();
  });

  it('reports an application without AuthModule', async () => {
    const { app, close } = await startApplication('express', { imports: [], controllers: [GradesController] });
    expect(() => expectProtected(app)).toThrow('AuthModule');
    await close();
  });
});
