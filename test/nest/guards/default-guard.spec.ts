import {
  Controller,
  Get,
  Global,
  Inject,
  Injectable,
  Module,
  Req,
  Scope,
  UseGuards,
  type ExecutionContext,
} from '@nestjs/common';
import { ContextIdFactory, REQUEST, type ContextId, type HostComponentInfo } from '@nestjs/core';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuthGuardFor, AuthModule, JwtAuthGuard, Public, TokenService } from 'nestjs-latchkey';
import { ADAPTERS, startApplication, type RunningApplication } from '../../support/applications.js';

interface Sent {
  readonly headers: Readonly<Record<string, string | undefined>>;
  seenBy?: number;
  tenant?: string;
}

/** Made for each request. */
@Injectable({ scope: Scope.REQUEST })
class Tracker {
  static made = 0;
  readonly number = (Tracker.made += 1);
  constructor(@Inject(REQUEST) readonly request: Sent) {}
}

/** Created for each tenant, with what the strategy says about it. */
@Injectable({ scope: Scope.REQUEST, durable: true })
class Tenant {
  static made = 0;
  constructor(@Inject(REQUEST) readonly payload: { readonly tenant: string }) {
    Tenant.made += 1;
  }
}

@Global()
@Module({ providers: [Tracker, Tenant], exports: [Tracker, Tenant] })
class ScopesModule {}

@Injectable()
class TrackedGuard extends JwtAuthGuard {
  constructor(private readonly tracker: Tracker) {
    super();
  }
  override canActivate(context: ExecutionContext) {
    const request = context.switchToHttp().getRequest<Sent>();
    if (this.tracker.request !== request) throw new Error('The guard was made for another request.');
    request.seenBy = this.tracker.number;
    return super.canActivate(context);
  }
}

@Injectable()
class TenantGuard extends JwtAuthGuard {
  constructor(private readonly tenant: Tenant) {
    super();
  }
  override canActivate(context: ExecutionContext) {
    context.switchToHttp().getRequest<Sent>().tenant = this.tenant.payload.tenant;
    return super.canActivate(context);
  }
}
// Constructors of tests are known to Nest by this alone.
Reflect.defineMetadata('design:paramtypes', [Tracker], TrackedGuard);
Reflect.defineMetadata('design:paramtypes', [Tenant], TenantGuard);

@Controller()
class PlainController {
  @Get() plain(@Req() { seenBy, tenant }: Sent) {
    return { seenBy, tenant };
  }
  @Public() @Get('public') open() {
    return {};
  }
  @UseGuards(AuthGuardFor('bearer')) @Get('own') own(@Req() { seenBy }: Sent) {
    return { seenBy };
  }
}

/** Shares with the guard what is made for the request. */
@Controller('scoped')
class ScopedController {
  constructor(private readonly tracker: Tracker) {}
  @Get() plain(@Req() { seenBy }: Sent) {
    return { isShared: seenBy === this.tracker.number };
  }
}
Reflect.defineMetadata('design:paramtypes', [Tracker], ScopedController);

/** One tree of providers for each tenant. */
class TenantStrategy {
  private readonly trees = new Map<string, ContextId>();
  attach(contextId: ContextId, request: Sent) {
    const { 'x-tenant': tenant = 'none' } = request.headers;
    const tree = this.trees.get(tenant) ?? ContextIdFactory.create();
    this.trees.set(tenant, tree);
    return {
      resolve: ({ isTreeDurable }: HostComponentInfo) => (isTreeDurable ? tree : contextId),
      payload: { tenant },
    };
  }
}

describe.each(ADAPTERS)('a default guard that injects request-scoped providers on %s', (adapter) => {
  let running: RunningApplication;
  let token: Record<string, string>;
  beforeAll(async () => {
    running = await startApplication(adapter, {
      imports: [ScopesModule, AuthModule.forRoot({ defaultGuard: TrackedGuard })],
      controllers: [PlainController, ScopedController],
    });
    token = { authorization: `Bearer ${(await running.app.get(TokenService).issue('ada')).accessToken}` };
  });
  afterAll(() => running.close());

  it('guards, and is created for every request', async () => {
    expect((await running.fetch('/')).status).toBe(401);
    expect((await running.fetch('/', { headers: { authorization: 'Bearer junk' } })).status).toBe(401);
    const seen = await Promise.all(
      [1, 2, 3].map(async () => (await running.fetch('/', { headers: token })).json() as Promise<{ seenBy: number }>),
    );
    expect(new Set(seen.map(({ seenBy }) => seenBy)).size).toBe(3);
    expect((await running.fetch('/public')).status).toBe(200);
    expect(await (await running.fetch('/own', { headers: token })).json()).toEqual({});
  });

  it('shares request-scoped providers with its handler', async () => {
    expect((await running.fetch('/scoped')).status).toBe(401);
    expect(await (await running.fetch('/scoped', { headers: token })).json()).toEqual({ isShared: true });
  });
});

describe.each(ADAPTERS)('a default guard that injects a durable provider on %s', (adapter) => {
  afterAll(() => ContextIdFactory.apply(undefined as never));

  it('guards, and is created once for each tenant', async () => {
    ContextIdFactory.apply(new TenantStrategy());
    Tenant.made = 0;
    const running = await startApplication(adapter, {
      imports: [ScopesModule, AuthModule.forRoot({ defaultGuard: TenantGuard })],
      controllers: [PlainController],
    });
    const authorization = `Bearer ${(await running.app.get(TokenService).issue('ada')).accessToken}`;
    expect((await running.fetch('/', { headers: { 'x-tenant': 'one' } })).status).toBe(401);
    for (const tenant of ['one', 'two', 'one']) {
      const answer = await running.fetch('/', { headers: { authorization, 'x-tenant': tenant } });
      expect(await answer.json()).toEqual({ tenant });
    }
    expect(Tenant.made).toBe(2);
    await running.close();
  });

  it('does not make a request-scoped guard durable', async () => {
    ContextIdFactory.apply(new TenantStrategy());
    const running = await startApplication(adapter, {
      imports: [ScopesModule, AuthModule.forRoot({ defaultGuard: TrackedGuard })],
      controllers: [PlainController],
    });
    const authorization = `Bearer ${(await running.app.get(TokenService).issue('ada')).accessToken}`;
    expect((await running.fetch('/')).status).toBe(401);
    expect(await (await running.fetch('/', { headers: { authorization } })).json()).toEqual({
      seenBy: Tracker.made,
      tenant: 'none',
    });
    await running.close();
  });
});
