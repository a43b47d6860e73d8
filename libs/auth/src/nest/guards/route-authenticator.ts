// Between guards and the core: turns the effective policy of a route and the schemes of its guard into the requirements that the core
// takes, and asks the Authenticator. The decision is remembered with the request, so that a second guard costs nothing.
import type { ExecutionContext } from '@nestjs/common';
import type { Authenticator, Decision, RouteRequirements } from '../../core/authentication/authenticator.js';
import { after } from '../../core/base/at-once.js';
import { AuthConfigurationError, AuthError } from '../../core/base/errors.js';
import type { Principal } from '../../core/base/principal.js';
import type { AuthRequest } from '../../core/base/request.js';
import type { Scheme } from '../../core/schemes/schemes.js';
import type { ErrorResponses } from '../refusals/error-responses.js';
import type { FaultLog } from '../refusals/fault-log.js';
import type { RequestRecord } from '../transport/contexts.js';
import { configurationOf, type ConfigurationName } from '../options/named-tokens.js';
import { earlyUse } from '../refusals/early-use.js';
import { about, aboutAtLeast } from '../refusals/refused-at.js';
import type { UserLoading } from '../routes/freshness-problems.js';
import {
  effectivePolicy,
  GUARD_SCHEMES,
  type BrandedGuard,
  type EffectivePolicy,
  type RouteDefaults,
  type ClassOrMethod,
} from '../routes/effective-policy.js';

/** What a configuration is made of, as its guards see it. */
export interface RouteAuthenticatorParts {
  readonly schemes: Map<string, Scheme>;
  /** Knows what holds if a route states nothing. */
  readonly globals: { readonly defaults: RouteDefaults };
  readonly configuration: ConfigurationName;
  /** How users are found. */
  readonly loading: UserLoading;
  /** Tells the log what the application has to mend. */
  readonly faults: FaultLog;
  /** The one of another configuration of the application. */
  peer(name: ConfigurationName): RouteAuthenticator | undefined;
}

/** Authenticates for every guard of the library; guards themselves hold nothing. */
export class RouteAuthenticator {
  private readonly demands = new WeakMap<EffectivePolicy, DemandsBySchemes>();
  private readonly plainDemands: DemandsBySchemes = new Map();

  /** Every scheme that is configured, by name. The module adds the application's own when it starts. */
  readonly schemes: Map<string, Scheme>;
  /** False until the application has started: a connected microservice may listen before users and schemes are found. */
  ready = false;
  private readonly early = earlyUse();

  constructor(
    private readonly authenticator: Authenticator,
    readonly answers: ErrorResponses,
    private readonly parts: RouteAuthenticatorParts,
  ) {
    this.schemes = parts.schemes;
  }

  /** What holds if a route states nothing. */
  get defaults(): RouteDefaults {
    return this.parts.globals.defaults;
  }

  /** What the route of this context demands. */
  policyOf(context: Pick<ExecutionContext, 'getHandler' | 'getClass'>): EffectivePolicy {
    // Nest returns the classes and methods of the application, which are functions.
    return this.policyFor(context.getHandler() as ClassOrMethod, context.getClass() as unknown as ClassOrMethod);
  }

  /** How the configuration of a guard finds users; `undefined` if there is no such configuration. */
  loadingOf(guard: BrandedGuard): UserLoading | undefined {
    const name = configurationOf(guard);
    return (name === this.parts.configuration ? this : this.parts.peer(name))?.parts.loading;
  }

  /** The requirements of a route, for lists of routes. */
  policyFor(handler: ClassOrMethod, owner: ClassOrMethod): EffectivePolicy {
    return effectivePolicy(handler, owner, this.defaults);
  }

  /**
   * Who is asking, as far as this guard's schemes can tell: at once if that is known. Asked twice about one request, the answer is the
   * same.
   */
  decide(record: RequestRecord, policy: EffectivePolicy, guard: BrandedGuard): Decision | Promise<Decision> {
    if (record.isLongLived) return this.decideAgain(record, policy, guard);
    const demand = this.demandOf(policy, guard);
    const known = record.decisionOn(demand);
    if (known !== undefined) return known;
    const decision = this.decideOn(record, demand);
    record.remember(demand, decision);
    return decision;
  }

  /** As {@link decide}, for what stays open: what was true of the request a while ago may not be true any more. */
  decideAgain(record: RequestRecord, policy: EffectivePolicy, guard: BrandedGuard): Decision | Promise<Decision> {
    return this.decideOn(record, this.demandOf(policy, guard));
  }

  /** Who asks, before the route is known; `undefined` if that cannot be told now. It decides nothing. */
  async identify(record: RequestRecord, guard: BrandedGuard): Promise<Principal | undefined> {
    if (!this.ready || record.isLongLived) return undefined;
    return this.authenticator.identify(record.request, this.schemesOf(guard));
  }

  private decideOn(record: RequestRecord, demand: RouteRequirements): Decision | Promise<Decision> {
    if (!this.ready) return { error: this.early(), scheme: undefined };
    const decision = this.authenticator.authenticate(this.adapted(record), demand);
    return after(decision, (decided) => ('error' in decided ? this.reported(decided, demand) : decided));
  }

  /** Tells the log what the application has to mend, and remembers which schemes the refusal is about. */
  private reported(refusal: Refusal, { schemes }: RouteRequirements): Refusal {
    const { error, scheme } = refusal;
    this.parts.faults.report(error);
    about(error, { schemes, scheme });
    return refusal;
  }

  /** The exception for a refusal by this guard, with the challenges of its schemes. Faults of the application are logged. */
  refuse(error: AuthError, context: ExecutionContext, guard: BrandedGuard | undefined): Error {
    this.parts.faults.report(error);
    if (guard !== undefined) aboutAtLeast(error, { schemes: this.schemesOf(guard) });
    return this.answers.refuse(error, context);
  }

  private adapted(record: RequestRecord): AuthRequest {
    try {
      return record.request;
    } catch (error) {
      if (error instanceof AuthError) this.parts.faults.report(error);
      throw error;
    }
  }

  /**
   * The schemes that a guard's brand names. One that ends in `?` is taken if it is configured.
   * @throws {AuthConfigurationError} for a name that nothing is configured for
   */
  schemesOf(guard: BrandedGuard): readonly Scheme[] {
    const owner = this.ownerOf(guard);
    if (owner !== this) return owner.schemesOf(guard);
    if (guard[GUARD_SCHEMES].length === 0)
      throw new AuthConfigurationError([
        `${guard.name} accepts no scheme: extend JwtAuthGuard, or AuthGuardFor('bearer')`,
      ]);
    return guard[GUARD_SCHEMES].flatMap((name) => {
      const scheme = this.schemes.get(name.replace(/\?$/, ''));
      if (scheme !== undefined) return [scheme];
      if (name.endsWith('?')) return [];
      const known = [...this.schemes.keys()].join(', ');
      throw new AuthConfigurationError([
        `${guard.name} accepts the scheme '${name}', which is not configured; there are ${known}`,
      ]);
    });
  }

  /**
   * The one whose guard this is.
   * @throws {AuthConfigurationError} if the application has no such configuration
   */
  ownerOf(guard: BrandedGuard): RouteAuthenticator {
    const name = configurationOf(guard);
    if (name === this.parts.configuration) return this;
    const peer = this.parts.peer(name);
    if (peer !== undefined) return peer;
    const missing = name === undefined ? 'AuthModule.forRoot()' : `AuthModule.forRoot({ name: '${name}', ... })`;
    throw new AuthConfigurationError([`${guard.name} needs a configuration that is not there: import ${missing}`]);
  }

  private demandOf(policy: EffectivePolicy, guard: BrandedGuard): RouteRequirements {
    const made = this.demands.get(policy) ?? this.demandsOf(policy);
    const known = made.get(guard[GUARD_SCHEMES]);
    if (known !== undefined) return known;
    const { optional, permissions, policies, userFreshness } = policy;
    const demand: RouteRequirements = {
      schemes: this.schemesOf(guard),
      optional,
      permissions,
      policies,
      userFreshness,
    };
    made.set(guard[GUARD_SCHEMES], demand);
    return demand;
  }

  /** Routes that ask for nothing special share one demand, so that guards of two kinds share one decision. */
  private demandsOf(policy: EffectivePolicy): DemandsBySchemes {
    const made: DemandsBySchemes = isPlain(policy) ? this.plainDemands : new Map();
    this.demands.set(policy, made);
    return made;
  }
}

type DemandsBySchemes = Map<readonly string[], RouteRequirements>;

type Refusal = Extract<Decision, { readonly error: unknown }>;

function isPlain({ optional, permissions, policies, userFreshness }: EffectivePolicy): boolean {
  if (userFreshness !== undefined) return false;
  return !optional && policies.length === 0 && Object.values(permissions).every((allowed) => !allowed);
}
