import {
  Controller,
  Get,
  Inject,
  Injectable,
  Module,
  Req,
  Scope,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
  type INestApplication,
  type Provider,
} from '@nestjs/common';
import { APP_GUARD, ModuleRef, REQUEST } from '@nestjs/core';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  AuthGuardFor,
  AuthModule,
  AuthReason,
  DefaultAuthGuard,
  JwtAuthGuard,
  OptionalAuth,
  Public,
  TokenService,
  type AuthModuleStructure,
} from 'nestjs-latchkey';
import { CsrfGuard } from 'nestjs-latchkey/browser';
import { RouteAudit } from 'nestjs-latchkey/policies';
import { describeAuth } from 'nestjs-latchkey/swagger';
import { expectProtected } from 'nestjs-latchkey/testing';
import { ADAPTERS, startApplication, type AdapterName, type RunningApplication } from '../../support/applications.js';
import { bearer } from '../../support/sample-users.js';

interface Seen {
  readonly user?: { readonly id: string };
}

@Controller()
class RoutesController {
  @Get('plain') plain(@Req() { user }: Seen) {
    return { user: user?.id };
  }
  @Public() @AuthReason('the text is public') @Get('public') open() {
    return {};
  }
  @UseGuards(AuthGuardFor('bearer')) @AuthReason('a test') @Get('own') own() {
    return {};
  }
}

@Controller()
class OptionalController {
  @OptionalAuth() @AuthReason('a name makes it nicer') @Get('optional') optional(@Req() { user }: Seen) {
    return { user: user?.id ?? 'anonymous' };
  }
}

/** Created for every request, like its guards. */
@Controller({ path: 'scoped', scope: Scope.REQUEST })
class ScopedController {
  @Get() plain() {
    return {};
  }
  @Public() @AuthReason('the text is public') @Get('public') open() {
    return {};
  }
}

@Injectable()
class StaffGuard extends JwtAuthGuard {}

@Injectable({ scope: Scope.REQUEST })
class PerRequestGuard extends JwtAuthGuard {
  constructor(@Inject(REQUEST) readonly request: unknown) {
    super();
  }
}

@Module({ providers: [JwtAuthGuard], exports: [JwtAuthGuard] })
class GuardModule {}

interface Way {
  readonly providers?: readonly Provider[];
  readonly structure?: AuthModuleStructure;
  readonly before?: (app: INestApplication) => unknown;
  readonly after?: (app: INestApplication) => unknown;
}

const NO_DEFAULT = { defaultGuard: false } as const;

const WAYS: readonly (readonly [string, Way])[] = [
  ['APP_GUARD with the class', { providers: [{ provide: APP_GUARD, useClass: JwtAuthGuard }] }],
  ['APP_GUARD with a subclass', { providers: [{ provide: APP_GUARD, useClass: StaffGuard }] }],
  ['APP_GUARD with an existing guard', { providers: [{ provide: APP_GUARD, useExisting: JwtAuthGuard }] }],
  [
    'APP_GUARD made by a factory',
    { providers: [{ provide: APP_GUARD, inject: [JwtAuthGuard], useFactory: (guard: JwtAuthGuard) => guard }] },
  ],
  ['APP_GUARD per request', { providers: [{ provide: APP_GUARD, useClass: PerRequestGuard }] }],
  ['useGlobalGuards()', { before: (app) => app.useGlobalGuards(app.get(JwtAuthGuard, { strict: false })) }],
  ['useGlobalGuards() after init()', { after: (app) => app.useGlobalGuards(app.get(JwtAuthGuard, { strict: false })) }],
  [
    'the default guard and APP_GUARD',
    { structure: {}, providers: [{ provide: APP_GUARD, useClass: AuthGuardFor('bearer') }] },
  ],
];

async function start(adapter: AdapterName, { providers = [], structure = NO_DEFAULT, before, after }: Way) {
  return startApplication(adapter, {
    imports: [AuthModule.forRoot(structure), GuardModule],
    // If no scheme exists while the application starts, an optional route is a boot error.
    controllers:
      after === undefined
        ? [RoutesController, OptionalController, ScopedController]
        : [RoutesController, ScopedController],
    // The helper's type knows no APP_GUARD.
    providers: providers as never,
    configure: async (app) => {
      await before?.(app);
      if (after === undefined) return;
      await app.init();
      await after(app);
    },
  });
}

describe.each(ADAPTERS)('a guard that the application registers for all routes on %s', (adapter) => {
  let running: RunningApplication | undefined;
  afterEach(async () => {
    await running?.close();
    running = undefined;
  });

  it.each(WAYS)('by %s guards as the default guard does', async (_, way) => {
    running = await start(adapter, way);
    const { app, fetch } = running;
    const token = bearer((await app.get(TokenService).issue('ada')).accessToken);
    const junk = bearer('junk');
    const statusOf = async (path: string, init?: RequestInit): Promise<number> => (await fetch(path, init)).status;

    for (const path of ['/plain', '/own', '/scoped']) {
      expect([path, await statusOf(path), await statusOf(path, junk)]).toEqual([path, 401, 401]);
      expect([path, await statusOf(path, token)]).toEqual([path, 200]);
    }
    expect(await (await fetch('/plain', token)).json()).toEqual({ user: 'ada' });
    expect([await statusOf('/public', junk), await statusOf('/scoped/public', junk)]).toEqual([200, 200]);
    if (way.after !== undefined) return;
    expect(await (await fetch('/optional', junk)).json()).toEqual({ user: 'anonymous' });
    expect(await (await fetch('/optional', token)).json()).toEqual({ user: 'ada' });
  });

  it.each(WAYS)('by %s is visible in audit, OpenAPI and expectProtected()', async (_, way) => {
    running = await start(adapter, way);
    const { app } = running;
    const optional = way.after === undefined ? [['OptionalController.optional', 'optional']] : [];
    const listed = app.get(RouteAudit).list();
    expect(listed.map(({ name, access }) => [name, access])).toEqual([
      ...optional,
      ['RoutesController.own', 'guarded'],
      ['RoutesController.plain', 'guarded'],
      ['RoutesController.open', 'public'],
      ['ScopedController.plain', 'guarded'],
      ['ScopedController.open', 'public'],
    ]);
    expectProtected(app, {
      except: ['GET /public', 'GET /scoped/public', ...(way.after === undefined ? ['GET /optional'] : [])],
    });
    const document = describeAuth(app, () => SwaggerModule.createDocument(app, new DocumentBuilder().build()));
    expect(document.paths['/plain']?.get?.security).toEqual([{ bearer: [] }]);
    expect(document.paths['/public']?.get?.security).toEqual([]);
  });

  it.each(WAYS.filter(([, { after }]) => after === undefined))('by %s satisfies strictRoutes', async (_, way) => {
    running = await start(adapter, { ...way, structure: { ...(way.structure ?? NO_DEFAULT), strictRoutes: true } });
    expect((await running.fetch('/plain')).status).toBe(401);
  });

  it('does not satisfy strictRoutes if it is registered too late, which stops the start', async () => {
    const starting = start(adapter, {
      structure: { ...NO_DEFAULT, strictRoutes: true },
      after: (app) => app.useGlobalGuards(app.get(JwtAuthGuard, { strict: false })),
    });
    await expect(starting).rejects.toThrow('RoutesController.plain: nothing states who may call it');
  });

  it('validates when a composite guard calls it on a public route too', async () => {
    @Injectable()
    class EitherGuard implements CanActivate {
      constructor(@Inject(ModuleRef) private readonly modules: ModuleRef) {}
      canActivate(context: ExecutionContext) {
        return this.modules.get<CanActivate>(JwtAuthGuard, { strict: false }).canActivate(context);
      }
    }
    @Injectable()
    class DefaultToo implements CanActivate {
      constructor(@Inject(ModuleRef) private readonly modules: ModuleRef) {}
      canActivate(context: ExecutionContext) {
        return this.modules.get<CanActivate>(DefaultAuthGuard, { strict: false }).canActivate(context);
      }
    }
    @Controller('composed')
    class ComposedController {
      @Public() @UseGuards(EitherGuard) @Get('either') either() {
        return {};
      }
      @Public() @UseGuards(DefaultToo) @Get('default') byDefault() {
        return {};
      }
    }
    running = await startApplication(adapter, {
      imports: [AuthModule.forRoot(), GuardModule],
      controllers: [ComposedController],
      providers: [{ provide: APP_GUARD, useExisting: JwtAuthGuard } as never],
    });
    const token = bearer((await running.app.get(TokenService).issue('ada')).accessToken);
    for (const path of ['/composed/either', '/composed/default']) {
      expect((await running.fetch(path)).status).toBe(401);
      expect((await running.fetch(path, token)).status).toBe(200);
    }
  });

  it.each([false, JwtAuthGuard] as const)(
    'stops the start if it was created with new, with the default guard %p',
    async (defaultGuard) => {
      const starting = start(adapter, {
        structure: { defaultGuard },
        before: (app) => app.useGlobalGuards(new JwtAuthGuard()),
      });
      await expect(starting).rejects.toThrow(
        'useGlobalGuards(new JwtAuthGuard()) registers a guard into which nothing is injected: write AuthModule.forRoot({ defaultGuard: JwtAuthGuard })',
      );
    },
  );

  it('refuses every request if it was created with new after the start, and the log says what to write', async () => {
    const errors: string[] = [];
    const log = { log() {}, warn() {}, error: (line: unknown) => errors.push(String(line)) };
    running = await startApplication(adapter, {
      imports: [AuthModule.forRoot(NO_DEFAULT)],
      controllers: [RoutesController],
      log,
      configure: async (app) => {
        await app.init();
        app.useGlobalGuards(new JwtAuthGuard());
      },
    });
    const token = bearer((await running.app.get(TokenService).issue('ada')).accessToken);
    const answer = await running.fetch('/plain', token);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
    expect(errors.join()).toContain('a JwtAuthGuard was made with `new`');
    expect(errors.join()).toContain('AuthModule.forRoot({ defaultGuard: JwtAuthGuard })');
    expect(errors.join()).not.toContain('policyOf');
  });

  it.each<[string, () => MethodDecorator & ClassDecorator, string]>([
    ['JwtAuthGuard', () => UseGuards(new JwtAuthGuard()), 'has @UseGuards(new JwtAuthGuard(...))'],
    ['a subclass', () => UseGuards(new StaffGuard()), 'name the class, as in @UseGuards(StaffGuard)'],
    ['CsrfGuard', () => UseGuards(new CsrfGuard()), 'has @UseGuards(new CsrfGuard(...))'],
  ])('cannot be %s created with new on a route', async (_, decorate, sentence) => {
    @Controller('handmade')
    class HandmadeController {
      route() {
        return {};
      }
    }
    const descriptor = Object.getOwnPropertyDescriptor(HandmadeController.prototype, 'route') ?? {};
    for (const each of [Get(), decorate()]) each(HandmadeController.prototype, 'route', descriptor);
    const starting = startApplication(adapter, { imports: [AuthModule.forRoot()], controllers: [HandmadeController] });
    await expect(starting).rejects.toThrow(/HandmadeController\.route: its handler has @UseGuards\(new /);
    await expect(starting).rejects.toThrow(sentence);
  });

  it('refuses every request if a composite guard created it with new', async () => {
    @Injectable()
    class ComposedGuard implements CanActivate {
      private readonly tokens = new JwtAuthGuard();
      canActivate(context: ExecutionContext) {
        return this.tokens.canActivate(context);
      }
    }
    @Controller('handmade')
    class HandmadeController {
      @Public() @UseGuards(ComposedGuard) @Get() route() {
        return {};
      }
    }
    running = await startApplication(adapter, { imports: [AuthModule.forRoot()], controllers: [HandmadeController] });
    expect((await running.fetch('/handmade')).status).toBe(503);
  });
});
