// Owns the guards. They hold no rule and no state: what a route demands is effective-policy.ts, who is asking is the core.
import { Inject, Injectable, type CanActivate, type ExecutionContext, type Type } from '@nestjs/common';
import type { Decision } from '../core/authenticator.js';
import { AuthError } from '../core/errors.js';
import type { AuthUser } from '../core/principal.js';
import { attach } from './attached.js';
import { connectionOf } from './contexts/connections.js';
import { requestOf } from './contexts/contexts.js';
import { brandedGuard, GUARD_SCHEMES, type BrandedGuard } from './routes/effective-policy.js';
import { DeadCookies } from './browser/dead-cookies.js';
import { LiveConnections } from './contexts/live-connections.js';
import { LoginRedirects } from './browser/login-redirect.js';
import { RouteAuthenticator } from './routes/route-authenticator.js';
import { DEFAULT_GUARD } from './tokens.js';

/** What all guards of the library share. Extend one of them, not this. */
@Injectable()
export abstract class AuthGuardBase implements CanActivate {
  // Injected into a property, so that a subclass needs no constructor for it.
  @Inject(RouteAuthenticator) protected readonly routes!: RouteAuthenticator;
  @Inject(DeadCookies) private readonly deadCookies!: DeadCookies;
  @Inject(LoginRedirects) private readonly redirects!: LoginRedirects;
  @Inject(LiveConnections) private readonly connections!: LiveConnections;

  async canActivate(context: ExecutionContext): Promise<boolean> {
    try {
      return await this.decide(context);
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      throw this.redirects.insteadOf(error, context) ?? this.routes.refuse(error, context, brandedGuard(this));
    }
  }

  /**
   * The framework's request. Override it where the request hides elsewhere.
   * @throws {AuthError} `unsupported_context`
   */
  protected getRequest(context: ExecutionContext): unknown {
    return requestOf(context);
  }

  /**
   * Turns the outcome into `request.user`, or into an exception. Override it to go on where the library would refuse, or to throw
   * an exception of your own.
   *
   * @param err what broke, where it could not be told who is asking; else `null`
   * @param user the user, or `false` where the caller was refused
   * @param info why the caller was refused
   */
  // The four parameters that @nestjs/passport made known.
  // oxlint-disable-next-line max-params
  protected handleRequest<User = AuthUser>(
    err: Error | null,
    user: User | false,
    info: AuthError | undefined,
    _context: ExecutionContext,
  ): User {
    if (err !== null) throw err;
    if (user === false) throw info ?? new AuthError('unauthenticated');
    return user;
  }

  private async decide(context: ExecutionContext): Promise<boolean> {
    const policy = this.routes.policyOf(context);
    const own = brandedGuard(this);
    if (policy.access === 'public' || own === undefined || !policy.guards.some((guard) => this instanceof guard))
      return true;
    const request = this.getRequest(context);
    const decision = await this.routes.decide(request, policy, own);
    if ('error' in decision) {
      // Whoever goes on after a refusal goes on without the principal of an earlier message.
      attach(context, request, { auth: undefined, user: this.refused(decision, { context, request }) });
      return true;
    }
    const { principal } = decision;
    const user =
      principal?.user === undefined ? undefined : this.handleRequest(null, principal.user, undefined, context);
    attach(context, request, { auth: principal, user });
    this.connections.follow(connectionOf(context, request), principal, () =>
      this.routes.decideAfresh(request, policy, own),
    );
    return true;
  }

  private refused(decision: Refusal, { context, request }: { context: ExecutionContext; request: unknown }): AuthUser {
    const { error } = decision;
    if (context.getType() === 'http')
      this.deadCookies.clear(decision, { request, response: context.switchToHttp().getResponse<unknown>() });
    return this.handleRequest<AuthUser>(error.isUnavailable ? error : null, false, error, context);
  }
}

type Refusal = Extract<Decision, { readonly error: unknown }>;

/** Bearer tokens, and token cookies where they are configured. The default guard. */
@Injectable()
export class JwtAuthGuard extends AuthGuardBase {
  static readonly [GUARD_SCHEMES]: readonly string[] = ['bearer', 'cookie?'];
}

/** The host's own session. */
@Injectable()
export class SessionAuthGuard extends AuthGuardBase {
  static readonly [GUARD_SCHEMES]: readonly string[] = ['session'];
}

/** Bearer token, then token cookie, then session. A bad header is final; a bad cookie lets the session answer. */
@Injectable()
export class SessionOrJwtGuard extends AuthGuardBase {
  static readonly [GUARD_SCHEMES]: readonly string[] = ['bearer', 'cookie?', 'session'];
}

const composed = new Map<string, Type<AuthGuardBase>>();

/**
 * A guard for any list of schemes, tried in that order. The same list gives the same class.
 *
 * @param accepted names: `bearer`, `cookie`, `session`, or those of your own schemes; a guard stands for all that it accepts, as in
 * `AnyOf(SessionOrJwtGuard, 'api-key')`
 * @throws {TypeError} for an empty list
 * @example
 * ```ts
 * import { Controller, Get, UseGuards } from '@nestjs/common';
 * import { AnyOf } from 'nestjs-latchkey';
 *
 * @Controller('reports')
 * @UseGuards(AnyOf('bearer', 'api-key'))
 * export class ReportsController {
 *   @Get() list() {
 *     return [];
 *   }
 * }
 * ```
 */
export function AnyOf(
  ...accepted: readonly [string | BrandedGuard, ...(string | BrandedGuard)[]]
): Type<AuthGuardBase> {
  if (accepted.length === 0)
    throw new TypeError("AnyOf() needs at least one scheme, for example AnyOf('bearer', 'session').");
  const schemes = accepted.flatMap((each) => (typeof each === 'string' ? [each] : each[GUARD_SCHEMES]));
  const key = JSON.stringify(schemes);
  const guard = composed.get(key) ?? compose(schemes);
  composed.set(key, guard);
  return guard;
}

function compose(schemes: readonly string[]): Type<AuthGuardBase> {
  @Injectable()
  class ComposedGuard extends AuthGuardBase {
    static readonly [GUARD_SCHEMES] = Object.freeze([...schemes]);
  }
  // Nest's tools show this name.
  Object.defineProperty(ComposedGuard, 'name', { value: `AnyOf(${schemes.join(', ')})` });
  return ComposedGuard;
}

/**
 * What the module registers for all routes. It answers only where no guard of ours stands nearer, so that overriding `JwtAuthGuard`
 * in a test means the routes that name it; override this class to replace the default.
 */
@Injectable()
export class DefaultAuthGuard implements CanActivate {
  @Inject(RouteAuthenticator) private readonly routes!: RouteAuthenticator;
  @Inject(DEFAULT_GUARD) private readonly guard!: CanActivate | undefined;

  canActivate(context: ExecutionContext): ReturnType<CanActivate['canActivate']> {
    if (this.guard === undefined || !this.routes.policyOf(context).byDefaultGuard) return true;
    return this.guard.canActivate(context);
  }
}
