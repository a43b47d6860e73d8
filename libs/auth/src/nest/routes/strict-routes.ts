// Rules of `strictRoutes`.
import { configurationOf } from '../options/named-tokens.js';
import { GUARD_SCHEMES, type BrandedGuard, type EffectivePolicy, type RouteDefaults } from './effective-policy.js';

/** What the check must know besides the policy. */
export interface StrictFacts {
  readonly defaults: RouteDefaults;
  /** The route is one of a ready-made controller: its reasons are in the documentation. */
  readonly readyMade: boolean;
}

/** A sentence for each rule that the route breaks. */
export function strictProblems(policy: EffectivePolicy, { defaults, readyMade }: StrictFacts): readonly string[] {
  const reasonMissing = !readyMade && policy.reason === undefined;
  const rules: readonly (readonly [boolean, string])[] = [
    [
      policy.access === 'open',
      'nothing states who may call it, and there is no default guard: add @UseGuards(JwtAuthGuard) or @Public()',
    ],
    [
      reasonMissing && deviates(policy, defaults),
      `it deviates from the default (${deviationOf(policy)}) without a reason: add @AuthReason('...')`,
    ],
    [
      policy.permissions.restrictedClients && policy.access === 'guarded' && policy.policies.length === 0,
      'it lets restricted clients in without any policy: add @RequireScopes(...)',
    ],
  ];
  return rules.filter(([broken]) => broken).map(([, problem]) => problem);
}

/** True if a route says something else about authentication than the module . */
export function deviates(policy: EffectivePolicy, { guards }: RouteDefaults): boolean {
  if (policy.access === 'public' || policy.optional) return true;
  return guards.length > 0 && policy.guards.some((each) => !guards.includes(each) && !isDefaultOfConfiguration(each));
}

/** How a route deviates, for messages. */
export function deviationOf({ access, optional, guards }: EffectivePolicy): string {
  if (access === 'public') return '@Public()';
  return optional ? '@OptionalAuth()' : guards.map(({ name }) => name).join(', ');
}

/** The guard for tokens of a named configuration is what its routes say in place of the default, as `@UseGuards(admin.JwtAuthGuard)`. */
function isDefaultOfConfiguration(guard: BrandedGuard): boolean {
  const [first, second, ...more] = guard[GUARD_SCHEMES];
  return configurationOf(guard) !== undefined && first === 'bearer' && second === 'cookie?' && more.length === 0;
}
