// What a policy is and how policies combine: functions over the verified principal, asked after authentication and inside the
// same guard. A policy that throws counts as denied, and `not()` does not invert that.
import { AuthError, type AuthErrorCode } from '../base/errors.js';
import type { Principal } from '../base/principal.js';
import type { AuthRequest } from '../base/request.js';
import { shown } from '../base/shown.js';

/** What a policy may look at. The principal is verified and present; nothing unverified is in reach but the request itself. */
export interface PolicyContext {
  readonly principal: Principal;
  readonly request: AuthRequest;
  /** The current time in epoch seconds, by the module's clock. */
  readonly nowSeconds: number;
}

/** What a policy demands, as far as it can be said without a request: for OpenAPI and the route audit. */
export interface PolicyRequirements {
  /** The scopes that the policy always requires. */
  readonly scopes?: readonly string[];
  /** The audiences of which the token must name one. */
  readonly audiences?: readonly string[];
  /** How recent and how strong the sign-in must be. */
  readonly authentication?: {
    readonly maxAgeSeconds?: number | undefined;
    readonly acrValues?: readonly string[] | undefined;
    readonly amr?: readonly string[] | undefined;
  };
  /**
   * True if the policy reads what only the user source knows now: members of `principal.user` that `tokenUser` does not make. A route with
   * such a policy that takes its users from the token (`userFreshness`) is an error at start-up. Roles and scopes are in the token too, as old
   * as it is. @defaultValue false
   */
  readonly currentUser?: boolean;
}

/**
 * Says whether this principal may do this. `false` answers 403 `forbidden`; to give another reason, throw an `AuthError`, or an
 * `HttpException`, whose status and body are the answer then. A policy that trips over missing data refuses with 403. Its function name is what the route audit shows.
 *
 * @example
 * ```ts
 * import type { Policy } from 'nestjs-latchkey/policies';
 *
 * export const ownsTenant: Policy = ({ principal, request }) =>
 *   principal.claims['tenant'] !== undefined && principal.claims['tenant'] === request.param('tenant');
 * ```
 */
export interface Policy {
  (context: PolicyContext): boolean | Promise<boolean>;
  readonly requires?: PolicyRequirements;
}

/** At least one policy: an empty list would grant or refuse everything by accident. */
export type Policies = readonly [Policy, ...Policy[]];

/** Refusals that say "no" about the caller. All others mean that the question could not be answered. */
const PLAIN_NO: ReadonlySet<AuthErrorCode> = new Set(['insufficient_scope', 'filter_mismatch']);

/**
 * All must hold, asked in order.
 * @throws {AuthError} the first refusal; `forbidden` if a policy says no or breaks
 */
export async function enforce(policies: readonly Policy[], context: PolicyContext): Promise<void> {
  for (const policy of policies) {
    const refusal = await refusalOf(policy, context);
    if (refusal !== undefined) throw refusal === NO ? new AuthError('forbidden') : refusal;
  }
}

/**
 * Holds if all of them hold, asked in order. The first refusal is the one that counts.
 *
 * @example
 * ```ts
 * import { allOf, hasRoles, hasScopes } from 'nestjs-latchkey/policies';
 *
 * export const mayGrade = allOf(hasRoles('teacher'), hasScopes('grades:write'));
 * ```
 */
export function allOf(...policies: Policies): Policy {
  assertPolicies('allOf()', policies);
  const all: Policy = async (context) => {
    await enforce(policies, context);
    return true;
  };
  return withScopes(combined('allOf', policies, all), union(policies.map(scopesOf)));
}

/**
 * Holds if one of them holds, asked in order. If none does, unavailable (503) is reported before all else, then the first
 * refusal that has a code of its own.
 *
 * @example
 * ```ts
 * import { anyOf, hasRoles, selfOrStaff } from 'nestjs-latchkey/policies';
 *
 * export const mayRead = anyOf(hasRoles('auditor'), selfOrStaff({ param: 'id' }));
 * ```
 */
export function anyOf(...policies: Policies): Policy {
  assertPolicies('anyOf()', policies);
  const any: Policy = async (context) => {
    const refusals: AuthError[] = [];
    for (const policy of policies) {
      const refusal = await refusalOf(policy, context);
      if (refusal === undefined) return true;
      if (refusal !== NO) refusals.push(refusal);
    }
    const reported = refusals.find(({ isUnavailable }) => isUnavailable) ?? refusals.find(isTelling) ?? refusals[0];
    if (reported !== undefined) throw reported;
    return false;
  };
  return withScopes(combined('anyOf', policies, any), intersection(policies.map(scopesOf)));
}

/**
 * Holds if the policy answers no: with `false`, `insufficient_scope` or `filter_mismatch`. A policy that could not answer,
 * because it broke or because data was missing, stays a refusal.
 *
 * @example
 * ```ts
 * import { hasRoles, not } from 'nestjs-latchkey/policies';
 *
 * export const notATrial = not(hasRoles('trial'));
 * ```
 */
export function not(policy: Policy): Policy {
  assertPolicies('not()', [policy]);
  const inverse: Policy = async (context) => {
    const refusal = await refusalOf(policy, context);
    if (refusal === undefined) return false;
    if (refusal === NO || PLAIN_NO.has(refusal.code)) return true;
    throw refusal;
  };
  return combined('not', [policy], inverse);
}

/** What a policy threw that has an HTTP status of its own, by the refusal that it led to. */
const ownAnswers = new WeakMap<AuthError, unknown>();

/** The exception behind a refusal, if a policy threw one that says itself how it is answered: an `HttpException` of Nest. */
export function answerOfPolicy(refusal: AuthError): unknown {
  return ownAnswers.get(refusal);
}

/** What the route audit shows for a policy. */
export function nameOfPolicy(policy: Policy): string {
  return policy.name === '' ? 'policy' : policy.name;
}

/** Names a policy, for the route audit, and says what it requires. */
export function describePolicy(name: string, policy: Policy, requires?: PolicyRequirements): Policy {
  Object.defineProperty(policy, 'name', { value: name });
  return requires === undefined ? policy : Object.assign(policy, { requires });
}

/** The answer `false`: a refusal without a code of its own. */
const NO = Symbol('no');

async function refusalOf(policy: Policy, context: PolicyContext): Promise<AuthError | typeof NO | undefined> {
  try {
    return (await policy(context)) === true ? undefined : NO;
  } catch (cause) {
    return cause instanceof AuthError ? cause : brokenBy(cause);
  }
}

function brokenBy(cause: unknown): AuthError {
  const refusal = new AuthError('forbidden', { cause });
  // Known by its shape, because the core knows no framework.
  if (cause instanceof Error && typeof Reflect.get(cause, 'getStatus') === 'function') ownAnswers.set(refusal, cause);
  return refusal;
}

function isTelling(refusal: AuthError): boolean {
  return refusal.code !== 'forbidden' || ownAnswers.has(refusal);
}

/**
 * @param name what was called, for messages
 * @throws {TypeError} for an empty list, and for what is not a policy: from JavaScript it would refuse every caller at run time
 */
export function assertPolicies(name: string, given: readonly unknown[]): void {
  if (given.length > 0 && given.every((each) => typeof each === 'function' && !isClass(each))) return;
  throw new TypeError(
    `${name} takes at least one policy, a function that answers true or false (hasRoles('staff')); given was ${shown(given)}.`,
  );
}

/** A class cannot be called, so it could only refuse. */
function isClass(value: Function): boolean {
  return /^class\b/.test(Function.prototype.toString.call(value));
}

/** Gives a combination its name, and what it needs if one of its parts does. */
function combined(operator: string, policies: readonly Policy[], policy: Policy): Policy {
  const needsUser = policies.some(({ requires }) => requires?.currentUser === true);
  return describePolicy(
    `${operator}(${policies.map(nameOfPolicy).join(', ')})`,
    policy,
    needsUser ? { currentUser: true } : undefined,
  );
}

function withScopes(policy: Policy, scopes: readonly string[]): Policy {
  return scopes.length === 0 ? policy : Object.assign(policy, { requires: { ...policy.requires, scopes } });
}

function scopesOf({ requires }: Policy): readonly string[] {
  return requires?.scopes ?? [];
}

function union(lists: readonly (readonly string[])[]): readonly string[] {
  return [...new Set(lists.flat())];
}

function intersection([first = [], ...others]: readonly (readonly string[])[]): readonly string[] {
  return first.filter((scope) => others.every((list) => list.includes(scope)));
}
