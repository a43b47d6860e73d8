// The module that lets code written for passport go on: `AuthGuard('jwt')` runs our read path, and refuses as our guards do.
import {
  Catch,
  HttpException,
  Inject,
  Module,
  UnauthorizedException,
  type ArgumentsHost,
  type CallHandler,
  type DynamicModule,
  type ExecutionContext,
  type NestInterceptor,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import {
  APP_FILTER,
  APP_INTERCEPTOR,
  ApplicationConfig,
  BaseExceptionFilter,
  HttpAdapterHost,
  ModuleRef,
} from '@nestjs/core';
import { throwError, type Observable } from 'rxjs';
import { AuthError, AuthGuardFor, JwtAuthGuard } from '../index.js';
import { brandedGuard, freshRecordOf, recordOf, RouteAuthenticator } from '../nest/internal.js';
import { assertOurs, enlist, strike } from './jwt-strategy.js';

/** What the strategy is called, and what it accepts. */
export interface PassportJwtOptions {
  /** The name that `AuthGuard()` is given. @defaultValue 'jwt' */
  readonly name?: string;
  /** Schemes in the order in which they are tried. @defaultValue bearer tokens, and token cookies if they are configured */
  readonly schemes?: readonly [string, ...string[]];
}

const OPTIONS = Symbol.for('nestjs-latchkey:passport-options');

/** Requests whose guards all let them pass: what is thrown after that is not a refusal of passport's guard. */
const admitted = new WeakSet<object>();

/** Interceptors run after the guards and before everything else. */
class GuardsPassed implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() === 'http') admitted.add(context.switchToHttp().getRequest<object>());
    return next.handle();
  }
}

/** By request: the context that Nest calls its guards with. Passport hands a strategy the request alone. */
const contexts = new WeakMap<object, ExecutionContext>();

function rememberContext(context: ExecutionContext): true {
  if (context.getType() === 'http') contexts.set(context.switchToHttp().getRequest<object>(), context);
  return true;
}

/** A refusal that ended passport's chain, of a request whose response is not known. */
class EndedChain extends HttpException {
  constructor(readonly refusal: AuthError) {
    super(refusal.message, refusal.status, { cause: refusal });
  }
}

/**
 * Gives refusals of `AuthGuard('jwt')` the body of our own. What a `handleRequest()` of the application throws in its own words keeps
 * its body; the headers come with every 401.
 */
@Catch(UnauthorizedException, EndedChain)
class PassportRefusalFilter extends BaseExceptionFilter<HttpException> {
  @Inject(ModuleRef) private readonly modules!: ModuleRef;

  override catch(exception: HttpException, host: ArgumentsHost): unknown {
    // A filter for everything is asked in every context, and only http has a challenge.
    if (host.getType() === 'rpc') return throwError(() => ({ status: 'error', message: exception.message }));
    if (host.getType() !== 'http') throw exception;
    const error = refusalOf(exception, host.switchToHttp().getRequest<RequestOfPassport>());
    const { answers } = this.modules.get(RouteAuthenticator, { strict: false });
    // oxlint-disable-next-line promise/valid-params -- the catch of a filter, not of a promise
    return super.catch(error === undefined ? exception : answers.refuseHttp(error, host), host);
  }
}

/** What passport's guard leaves on a request: what the strategy that had the last word said, or a list of what all of them said. */
interface RequestOfPassport {
  readonly authInfo?: unknown;
}

/** Our refusal, if it is what the exception is about: passport's guard threw it, and no other strategy had the last word. */
function refusalOf(exception: HttpException, request: RequestOfPassport): AuthError | undefined {
  if (exception instanceof EndedChain) return exception.refusal;
  return exception.message === BARE ? lastWordOf(request) : undefined;
}

/** True for a request that Nest itself dispatched. */
function isOfNest(request: unknown): boolean {
  return typeof request === 'object' && request !== null && contexts.has(request);
}

/** Our refusal, if no guard let the request pass and no other strategy recognized the caller. */
function lastWordOf(request: RequestOfPassport): AuthError | undefined {
  if (admitted.has(request)) return undefined;
  return [request.authInfo].flat().find((each): each is AuthError => each instanceof AuthError);
}

/** What passport's guard throws by default. */
const BARE = new UnauthorizedException().message;

/**
 * Keeps `AuthGuard('jwt')` and `AuthGuard(['jwt', 'other'])` of applications that live on passport as they are, with our strict
 * verification, blocklist and principal (`request.user`, `request.auth`) underneath. Import it beside `AuthModule`, and remove your
 * own jwt strategy.
 *
 * Marks like `@AllowInactive()` and policies are our guards' to enforce: a route that needs them names one of ours.
 *
 * @example
 * ```ts
 * import { AuthModule } from 'nestjs-latchkey';
 * import { PassportJwtModule } from 'nestjs-latchkey/passport';
 *
 * // The imports of your module.
 * export const imports = [AuthModule.forRoot(), PassportJwtModule];
 * ```
 * @throws {AuthConfigurationError} at boot, if another strategy has the name
 */
@Module({
  providers: [
    { provide: OPTIONS, useValue: {} },
    PassportRefusalFilter,
    { provide: APP_FILTER, useExisting: PassportRefusalFilter },
    { provide: APP_INTERCEPTOR, useClass: GuardsPassed },
  ],
})
export class PassportJwtModule implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy {
  @Inject(OPTIONS) private readonly options!: PassportJwtOptions;
  @Inject(ModuleRef) private readonly modules!: ModuleRef;
  @Inject(HttpAdapterHost) private readonly adapters!: HttpAdapterHost;

  constructor(@Inject(ApplicationConfig) config: ApplicationConfig) {
    // While providers are made, before any APP_GUARD: the guard of passport may be one.
    config.addGlobalGuard({ canActivate: rememberContext });
  }

  /** The same under another name, or for other schemes. */
  static register(options: PassportJwtOptions): DynamicModule {
    return { module: PassportJwtModule, providers: [{ provide: OPTIONS, useValue: options }] };
  }

  onModuleInit(): void {
    const { instance } = this;
    if (instance === undefined) return;
    const routes = this.modules.get(RouteAuthenticator, { strict: false });
    const { schemes } = this.options;
    enlist(this.name, instance, {
      // An override of passport's getRequest() may return one object for many requests.
      decide: async (request, policy, guard) =>
        routes.decide(isOfNest(request) ? recordOf(request) : freshRecordOf(request), policy, guard),
      refuse: (error, request) => {
        const context = contexts.get(request);
        return context === undefined ? new EndedChain(error) : routes.answers.refuse(error, context);
      },
      accompany: (error, request) => {
        const context = contexts.get(request);
        if (context !== undefined) routes.answers.accompany(error, context, () => lastWordOf(request) === error);
      },
      guard: brandedGuard(schemes === undefined ? JwtAuthGuard : AuthGuardFor(...schemes)) ?? JwtAuthGuard,
    });
  }

  /** Strategies are registered when they are made, which may be after ours. */
  onApplicationBootstrap(): void {
    if (this.instance !== undefined) assertOurs(this.name);
  }

  onModuleDestroy(): void {
    if (this.instance !== undefined) strike(this.name, this.instance);
  }

  private get name(): string {
    return this.options.name ?? 'jwt';
  }

  /** `undefined` if there is no http, so that nothing can be asked of passport either. */
  private get instance(): object | undefined {
    // Before the application has an adapter, the host holds none.
    const { httpAdapter } = this.adapters as { readonly httpAdapter: HttpAdapterHost['httpAdapter'] | undefined };
    return httpAdapter?.getInstance<object>();
  }
}
