// Owns the join of a route and the read path: which schemes the route's guard accepts, and what its demand is. The decision is
// remembered on the request, so that a second guard costs nothing.
import type { ExecutionContext } from '@nestjs/common';
import type { Authenticator, Decision, Demand } from '../core/authenticator.js';
import { AuthConfigurationError } from '../core/errors.js';
import type { Scheme } from '../core/schemes.js';
import type { Answers } from './answers.js';
import { adaptRequest } from './contexts.js';
import {
  effectivePolicy,
  GUARD_SCHEMES,
  type BrandedGuard,
  type EffectivePolicy,
  type RouteDefaults,
  type Target,
} from './effective-policy.js';

/** Answers for every guard of the library; guards themselves hold nothing. */
export class RouteAuthenticator {
  private readonly demands = new WeakMap<object, Map<readonly string[], Demand>>();
  private readonly decisions = new WeakMap<object, Map<Demand, Promise<Decision>>>();

  /** Every scheme that is configured, by name. The module adds the application's own when it starts. */
  readonly schemes: Map<string, Scheme>;
  /** What holds where a route states nothing. */
  readonly defaults: RouteDefaults;

  constructor(
    private readonly authenticator: Authenticator,
    readonly answers: Answers,
    { schemes, defaults }: { readonly schemes: Map<string, Scheme>; readonly defaults: RouteDefaults },
  ) {
    this.schemes = schemes;
    this.defaults = defaults;
  }

  /** What the route of this context demands. */
  policyOf(context: Pick<ExecutionContext, 'getHandler' | 'getClass'>): EffectivePolicy {
    // Nest hands out the classes and methods of the application, which are functions.
    return this.policyFor(context.getHandler() as Target, context.getClass() as unknown as Target);
  }

  /** What a route demands, for whoever lists routes. */
  policyFor(handler: Target, owner: Target): EffectivePolicy {
    return effectivePolicy(handler, owner, this.defaults);
  }

  /** Who is asking, as far as this guard's schemes can tell. */
  async decide(request: unknown, policy: EffectivePolicy, guard: BrandedGuard): Promise<Decision> {
    const demand = this.demandOf(policy, guard);
    if (typeof request !== 'object' || request === null)
      return this.authenticator.authenticate(adaptRequest(request), demand);
    const made = this.decisions.get(request) ?? new Map<Demand, Promise<Decision>>();
    this.decisions.set(request, made);
    const decision = made.get(demand) ?? this.authenticator.authenticate(adaptRequest(request), demand);
    made.set(demand, decision);
    return decision;
  }

  /**
   * The schemes that a guard's brand names. One that ends in `?` is taken where it is configured.
   * @throws {AuthConfigurationError} for a name that nothing is configured for
   */
  schemesOf(guard: BrandedGuard): readonly Scheme[] {
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

  private demandOf(policy: EffectivePolicy, guard: BrandedGuard): Demand {
    const { optional, permissions, policies } = policy;
    // Routes that ask for nothing special share one demand, so that guards of two kinds share one decision.
    const key = isPlain(policy) ? this : policy;
    const made = this.demands.get(key) ?? new Map<readonly string[], Demand>();
    this.demands.set(key, made);
    const demand = made.get(guard[GUARD_SCHEMES]) ?? {
      schemes: this.schemesOf(guard),
      optional,
      permissions,
      policies,
    };
    made.set(guard[GUARD_SCHEMES], demand);
    return demand;
  }
}

function isPlain({ optional, permissions, policies }: EffectivePolicy): boolean {
  return !optional && policies.length === 0 && Object.values(permissions).every((allowed) => !allowed);
}
