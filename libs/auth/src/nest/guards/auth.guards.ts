// The guards. They hold no rule: what a route demands is in routes/effective-policy.ts, who is asking is in core/authentication/authenticator.ts.
import { Inject, Injectable, type CanActivate, type ExecutionContext, type Type } from '@nestjs/common';
import type { Decision } from '../../core/authentication/authenticator.js';
import { after, rescued } from '../../core/base/at-once.js';
import { AuthError } from '../../core/base/errors.js';
import type { AuthUser, Principal } from '../../core/base/principal.js';
import { shown } from '../../core/base/shown.js';
import { attach } from '../transport/request-auth.js';
import {
  freshRecordOf,
  isFrameworkRequest,
  recordOf,
  requestOf,
  type AuthenticatedRequest,
  type RequestRecord,
} from '../transport/contexts.js';
import { configurationOf, type ConfigurationName } from '../options/named-tokens.js';
import { connectionOf } from '../transport/connections.js';
import { handmadeRefusal } from './handmade-guard.js';
import { OverrideWatch } from './override-watch.js';
import { attachHabits } from './passport-habits.js';
import { standsAside } from '../routes/dispatches.js';
import {
  brandedGuard,
  GUARD_SCHEMES,
  INJECTED,
  type BrandedGuard,
  type EffectivePolicy,
} from '../routes/effective-policy.js';
import { RejectedCookies } from './clear-rejected-cookie.js';
import { LiveConnections } from './live-connections.js';
import { LoginRedirects } from './login-redirect.js';
import { RouteAuthenticator } from './route-authenticator.js';

/** What all guards of the library share. Extend one of them, not this. */
@Injectable()
export abstract class AuthGuardBase implements CanActivate {
  /** A guard that extends this class and names no schemes accepts none, which is a boot error. */
  static readonly [GUARD_SCHEMES]: readonly string[] = [];

  // Injected into a property, so that a subclass needs no constructor for it.
  @Inject(RouteAuthenticator) private readonly routes!: RouteAuthenticator;
  @Inject(RejectedCookies) private readonly deadCookies!: RejectedCookies;
  @Inject(LoginRedirects) private readonly redirects!: LoginRedirects;
  @Inject(LiveConnections) private readonly connections!: LiveConnections;

  /** Only for a guard that overrides `canActivate()`. */
  private readonly overrides: OverrideWatch | undefined;

  constructor() {
    if (this.canActivate === AuthGuardBase.prototype.canActivate) return;
    const overrides = new OverrideWatch(this, this.canActivate, () => this.routes);
    const value: CanActivate['canActivate'] = (context) => overrides.canActivate(context);
    Object.defineProperty(this, 'canActivate', { value, writable: true, configurable: true });
    this.overrides = overrides;
  }

  /** Whether Nest made this guard. One that was made with `new` has nothing to decide with. */
  get [INJECTED](): boolean {
    return this.routes !== undefined;
  }

  /**
   * Called by any code, it validates with the schemes of this guard. Only Nest's own call is answered without looking, on routes where a
   * nearer statement decides.
   *
   * An override that answers without `super.canActivate()`, or goes on after it threw, opens only routes without policies.
   */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    if (!this[INJECTED]) return Promise.reject(handmadeRefusal(this));
    return rescued(
      () => after(this.decide(context), () => this.passed(context)),
      (error) => this.refused(error, context),
    );
  }

  /**
   * The framework's request. Override it if the request hides elsewhere.
   * @throws {AuthError} `unsupported_context`
   */
  protected getRequest(context: ExecutionContext): unknown {
    return requestOf(context);
  }

  /**
   * Turns the outcome into `request.user`, or into an exception. Override it to throw an exception of your own, or to continue anonymously
   * if the library would refuse.
   *
   * Continuing is for routes that allow anonymous callers: if the route has a policy (`@RequireRoles()`, `@Authorize()` and their kin)
   * the refusal stands whatever this returns, and so does a 503 on every route. There is no principal after a refusal, so
   * `@CurrentPrincipal()` and `@Scoped()` see an anonymous caller.
   *
   * @param err what broke, if the caller could not be checked; else `null`
   * @param user the user, or `false` if the caller was refused
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

  /**
   * Passport's hook, which may be async. Honoured are `property`, a name under which the user is put on the request besides `user`, and
   * `authInfo`, the principal on the request under that name unless this is `false`. The rest of passport's options has no counterpart
   * here; a line at boot says so.
   */
  protected getAuthenticateOptions?(
    context: ExecutionContext,
  ): Readonly<Record<string, unknown>> | undefined | Promise<Readonly<Record<string, unknown>> | undefined>;

  private passed(context: ExecutionContext): true {
    this.overrides?.ended(context, undefined);
    return true;
  }

  /** Rejects, and never throws: composite guards rely on it. */
  private async refused(error: unknown, context: ExecutionContext): Promise<never> {
    const exception = error instanceof AuthError ? this.exceptionFor(error, context) : error;
    this.overrides?.ended(context, exception);
    throw exception;
  }

  private decide(context: ExecutionContext): void | Promise<void> {
    const policy = this.routes.policyOf(context);
    if (policy.overruled.size > 0 && standsAside(this, context, policy)) return undefined;
    const record = this.recordFor(context);
    const decision = this.routes.decide(record, policy, this.constructor as BrandedGuard);
    return after(decision, (decided) =>
      // An async hook is possible in passport, and one that rejects must refuse.
      after(this.handled(decided, context, record), (user) => this.finish(decided, user, { context, policy, record })),
    );
  }

  /** Leaves the answer on the request, and follows what outlives it. */
  private finish(decision: Decision, user: Handled, guarded: Guarded): void | Promise<void> {
    if ('error' in decision && isFinal(decision.error, guarded.policy)) throw decision.error;
    // If `handleRequest` swallows the error, clear the principal left by an earlier message.
    const answer = { auth: 'error' in decision ? undefined : decision.principal, user };
    if (guarded.context.getType() === 'http') this.finishHttp(answer, guarded);
    else this.finishOther(answer, guarded);
    if (this.getAuthenticateOptions === undefined) return undefined;
    const { context, record } = guarded;
    return after(this.getAuthenticateOptions(context), (habits) => attachHabits(record.carrier, answer, habits));
  }

  private finishHttp(answer: Required<AuthenticatedRequest>, guarded: Guarded): void {
    if (this.readsRequest) guarded.record.leave(answer);
    else attach(guarded.context, guarded.record, answer);
    if (guarded.policy.isStream) this.follow(answer.auth, guarded);
  }

  private finishOther(answer: Required<AuthenticatedRequest>, guarded: Guarded): void {
    attach(guarded.context, guarded.record, answer);
    this.follow(answer.auth, guarded);
  }

  /** Whether it reads the framework's own request. */
  private get readsRequest(): boolean {
    return this.getRequest === AuthGuardBase.prototype.getRequest;
  }

  private follow(principal: Principal | undefined, { context, policy, record }: Guarded): void {
    const recheck = async (): Promise<Decision> =>
      this.routes.decideAgain(record, policy, this.constructor as BrandedGuard);
    this.connections.follow(connectionOf(context, record.carrier), principal, recheck);
  }

  /** What an override of `getRequest()` returns may outlive the request, so it is read again and nothing is remembered with it. */
  private recordFor(context: ExecutionContext): RequestRecord {
    const carrier = this.getRequest(context);
    return this.readsRequest || isFrameworkRequest(carrier, context) ? recordOf(carrier) : freshRecordOf(carrier);
  }

  /** What the hook makes of the decision. It is not called for anonymous callers and clients, which are not users. */
  private handled(decision: Decision, context: ExecutionContext, record: RequestRecord): Handled | Promise<Handled> {
    if (!('error' in decision)) {
      const user = decision.principal?.user;
      return user === undefined ? undefined : this.handleRequest(null, user, undefined, context);
    }
    const { error } = decision;
    if (context.getType() === 'http')
      this.deadCookies.clear(decision, record.request, context.switchToHttp().getResponse<unknown>());
    return this.handleRequest<AuthUser>(error.isUnavailable ? error : null, false, error, context);
  }

  private exceptionFor(error: AuthError, context: ExecutionContext): Error {
    return (
      this.routes.answers.ownAnswerOf(error, context) ??
      this.redirects.insteadOf(error, context) ??
      this.routes.refuse(error, context, brandedGuard(this))
    );
  }
}

type Handled = AuthUser | undefined;

/** What a guard guards: a call of a handler, and the request behind it. */
interface Guarded {
  readonly context: ExecutionContext;
  readonly policy: EffectivePolicy;
  readonly record: RequestRecord;
}

/** A refusal that no hook of the application can go on after: what a policy closes stays closed, and unavailable stays 503. */
function isFinal(error: AuthError, { policies }: EffectivePolicy): boolean {
  return error.isUnavailable || policies.length > 0;
}

/**
 * Bearer tokens, and token cookies if they are configured. The default guard.
 *
 * @example
 * ```ts
 * import { Controller, Get, UseGuards } from '@nestjs/common';
 * import { JwtAuthGuard } from 'nestjs-latchkey';
 *
 * @UseGuards(JwtAuthGuard)
 * @Controller('courses')
 * export class CoursesController {
 *   @Get()
 *   list() {
 *     return ['algebra'];
 *   }
 * }
 * ```
 */
@Injectable()
export class JwtAuthGuard extends AuthGuardBase {
  static override readonly [GUARD_SCHEMES]: readonly string[] = ['bearer', 'cookie?'];
}

/**
 * The host's own session.
 *
 * @example
 * ```ts
 * import { Controller, Get, UseGuards } from '@nestjs/common';
 * import { SessionAuthGuard } from 'nestjs-latchkey';
 *
 * @UseGuards(SessionAuthGuard)
 * @Controller('courses')
 * export class CoursesController {
 *   @Get()
 *   list() {
 *     return ['algebra'];
 *   }
 * }
 * ```
 */
@Injectable()
export class SessionAuthGuard extends AuthGuardBase {
  static override readonly [GUARD_SCHEMES]: readonly string[] = ['session'];
}

/**
 * Bearer token, then token cookie, then session. A bad header is final; a bad cookie lets the session answer.
 *
 * @example
 * ```ts
 * import { Controller, Get, UseGuards } from '@nestjs/common';
 * import { SessionOrJwtGuard } from 'nestjs-latchkey';
 *
 * @UseGuards(SessionOrJwtGuard)
 * @Controller('courses')
 * export class CoursesController {
 *   @Get()
 *   list() {
 *     return ['algebra'];
 *   }
 * }
 * ```
 */
@Injectable()
export class SessionOrJwtGuard extends AuthGuardBase {
  static override readonly [GUARD_SCHEMES]: readonly string[] = ['bearer', 'cookie?', 'session'];
}

const composed = new Map<string, Type<AuthGuardBase>>();

/**
 * A guard for any list of schemes, tried in that order. The same list gives the same class.
 *
 * @param accepted names: `bearer`, `cookie`, `session`, or those of your own schemes; a guard represents all that it accepts, as in
 * `AuthGuardFor(SessionOrJwtGuard, 'api-key')`
 * @throws {TypeError} for an empty list, for anything else in it, and for a guard of a configuration with a name, whose schemes are those
 * of its own `AuthGuardFor()`
 * @example
 * ```ts
 * import { Controller, Get, UseGuards } from '@nestjs/common';
 * import { AuthGuardFor } from 'nestjs-latchkey';
 *
 * @Controller('reports')
 * @UseGuards(AuthGuardFor('bearer', 'api-key'))
 * export class ReportsController {
 *   @Get() list() {
 *     return [];
 *   }
 * }
 * ```
 */
export function AuthGuardFor(
  ...accepted: readonly [string | Type<AuthGuardBase>, ...(string | Type<AuthGuardBase>)[]]
): Type<AuthGuardBase> {
  return anyOf(accepted, undefined);
}

/** As {@link AuthGuardFor}, of guards of one configuration or of none. The guard is of none itself. */
export function anyOf(accepted: readonly unknown[], configuration: ConfigurationName): Type<AuthGuardBase> {
  if (accepted.length === 0 || !areAccepted(accepted))
    throw new TypeError(
      `AuthGuardFor() was given ${shown(accepted)}; it takes names of schemes, and guards of this library: AuthGuardFor('bearer', 'session').`,
    );
  assertNoOther(accepted, configuration);
  const schemes = accepted.flatMap((each) => (typeof each === 'string' ? [each] : each[GUARD_SCHEMES]));
  const key = JSON.stringify(schemes);
  const guard = composed.get(key) ?? compose(schemes);
  composed.set(key, guard);
  return guard;
}

/** Names of schemes say nothing about a configuration: from a guard of another one they would accept what that one refuses. */
function assertNoOther(accepted: readonly (string | BrandedGuard)[], configuration: ConfigurationName): void {
  for (const each of accepted) {
    const other = configurationOf(each);
    if (typeof each === 'string' || other === undefined || other === configuration) continue;
    throw new TypeError(
      `AuthGuardFor() was given ${each.name}, a guard of the configuration '${other}'; ` +
        `the guard for that is authConfiguration('${other}').AuthGuardFor(...).`,
    );
  }
}

function areAccepted(given: readonly unknown[]): given is readonly (string | BrandedGuard)[] {
  return given.every((each) =>
    typeof each === 'string' ? each.trim() !== '' : brandedGuard(each) === each && each !== undefined,
  );
}

function compose(schemes: readonly string[]): Type<AuthGuardBase> {
  @Injectable()
  class ComposedGuard extends AuthGuardBase {
    static override readonly [GUARD_SCHEMES] = Object.freeze([...schemes]);
  }
  // Nest's tools show this name.
  Object.defineProperty(ComposedGuard, 'name', { value: `AuthGuardFor(${schemes.join(', ')})` });
  return ComposedGuard;
}
