// The ready-made policies. Each reads the verified principal and nothing of the credential; what is missing refuses.
import { parseDurationMs, type Duration } from '../base/duration.js';
import { AuthError } from '../base/errors.js';
import { shown } from '../base/shown.js';
import { describePolicy, type Policy, type PolicyContext } from './policies.js';
import type { Json, Principal } from '../base/principal.js';
import { claimAt } from '../base/claim-path.js';
import { type ClaimValue, equalsOne, includesAll, isClaimValue } from './claim-values.js';

/** One scope (RFC 6749 §3.3): anything printable but spaces, quotes and backslashes, which would break the challenge. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** Clocks of two servers differ; a sign-in further in the future than this is a mistake. */
const FUTURE_SECONDS = 60;

/**
 * The token must have all of these scopes; more are fine. Refuses with `insufficient_scope`, which names them.
 *
 * @example
 * ```ts
 * import { hasScopes } from 'nestjs-latchkey/policies';
 *
 * export const mayRead = hasScopes('courses:read');
 * ```
 * @throws {TypeError} for an empty list, and for anything that is not a single scope
 */
export function hasScopes(...scopes: readonly [string, ...string[]]): Policy {
  assertTexts('@RequireScopes() and hasScopes() take scopes', scopes, isScope);
  const requiredScopes = Object.freeze([...scopes]);
  const policy: Policy = ({ principal }) => {
    if (requiredScopes.every((scope) => has(principal.scopes, scope))) return true;
    throw new AuthError('insufficient_scope', { requiredScopes });
  };
  return describePolicy(`scopes(${scopes.join(' ')})`, policy, { scopes: requiredScopes });
}

/**
 * The user must have one of these roles.
 *
 * @example
 * ```ts
 * import { hasRoles } from 'nestjs-latchkey/policies';
 *
 * export const teaches = hasRoles('teacher', 'admin');
 * ```
 * @throws {TypeError} for an empty list, and for anything that is not a name
 */
export function hasRoles(...roles: readonly [string, ...string[]]): Policy {
  assertTexts('@RequireRoles() and hasRoles() take names of roles', roles, isGiven);
  const policy: Policy = ({ principal }) => roles.some((role) => has(principal.roles, role));
  return describePolicy(`roles(${roles.join(' or ')})`, policy);
}

/**
 * The claim must be this value, or one of several. It is named as it stands in the token, or by a path into objects; nothing is
 * converted, and a list equals nothing. Without the claim the answer is no, also under `not()`.
 *
 * @example
 * ```ts
 * import { claimEquals } from 'nestjs-latchkey/policies';
 *
 * export const ofSchool = claimEquals('tenant', 'school', 'university');
 * ```
 * @throws {TypeError} without a claim or a value
 */
export function claimEquals(claim: string, ...values: readonly [ClaimValue, ...ClaimValue[]]): Policy {
  assertClaimRule(claim, values);
  const policy: Policy = ({ principal }) => equalsOne(statedClaim(principal, claim), values);
  return describePolicy(`claimEquals(${claim})`, policy);
}

/**
 * The claim must be a list that holds all of these values. A text is one value and no list, whatever is in it. Without the claim
 * the answer is no, also under `not()`.
 *
 * @example
 * ```ts
 * import { claimIncludes } from 'nestjs-latchkey/policies';
 *
 * export const teachesHere = claimIncludes('school.groups', 'teachers');
 * ```
 * @throws {TypeError} without a claim or a value
 */
export function claimIncludes(claim: string, ...values: readonly [ClaimValue, ...ClaimValue[]]): Policy {
  assertClaimRule(claim, values);
  const policy: Policy = ({ principal }) => includesAll(statedClaim(principal, claim), values);
  return describePolicy(`claimIncludes(${claim})`, policy);
}

function assertClaimRule(claim: unknown, values: readonly unknown[]): void {
  if (typeof claim !== 'string' || claim === '') throw new TypeError('The name of the claim is missing.');
  if (values.length === 0 || !values.every(isClaimValue))
    throw new TypeError(
      `The claim "${claim}" needs values to compare with: text that is not empty, numbers or booleans.`,
    );
}

/** @throws {AuthError} `forbidden`, which no negation turns into a grant: nothing is known about a claim that is not there */
function statedClaim({ claims }: Principal, claim: string): Json {
  const value = claimAt(claims, claim);
  if (value !== undefined && value !== null) return value;
  throw new AuthError('forbidden', { reason: { claim, rule: 'must be there' } });
}

/** How {@link selfOrStaff} compares. */
export interface SelfOrStaffOptions {
  /** The parameter of the path that names a user. Queries and bodies do not count. */
  readonly param: string;
  /** The name of this user in the path. @defaultValue the subject's id, for subjects of our own issuer */
  readonly selfValue?: ((principal: Principal) => string | undefined) | undefined;
  /** Applied to both sides: `(text) => text.toLowerCase()` for user names. @defaultValue exact comparison */
  readonly normalise?: ((text: string) => string) | undefined;
  /** Who may act for others. @defaultValue `hasRoles('staff')` */
  readonly staff?: Policy | undefined;
}

/**
 * Staff, or the user that the path names. Client principals never match, even with an equal id; neither do a missing
 * parameter or an empty subject.
 *
 * @example
 * ```ts
 * import { hasRoles, selfOrStaff } from 'nestjs-latchkey/policies';
 *
 * export const mayRead = selfOrStaff({ param: 'id', staff: hasRoles('teacher') });
 * ```
 * @throws {TypeError} without the name of a parameter, and for an option that is not of the type named
 */
export function selfOrStaff(options: SelfOrStaffOptions): Policy {
  assertSelfOrStaffOptions(options);
  const { param, staff = hasRoles('staff') } = options;
  const policy: Policy = async (context) => {
    const named = context.request.param(param);
    // A refusal that no negation turns into a grant: without the parameter the question makes no sense.
    if (!isGiven(named)) throw new AuthError('forbidden');
    return isSelf(named, context.principal, options) || (await staff(context)) === true;
  };
  return describePolicy(
    `selfOrStaff(:${param})`,
    policy,
    staff.requires?.currentUser === true ? { currentUser: true } : undefined,
  );
}

/**
 * The user must have signed in within that time; otherwise 401 `reauthentication_required`, whose challenge says the age that is
 * accepted (RFC 9470 §3). A credential that does not say when, as those of clients, is too old.
 *
 * @example
 * ```ts
 * import { anyOf, hasRoles, recentAuth } from 'nestjs-latchkey/policies';
 *
 * export const careful = anyOf(hasRoles('robot'), recentAuth('10m'));
 * ```
 * @throws {TypeError} for anything but a duration of a second or more
 */
export function recentAuth(maxAge: Duration): Policy {
  const maxAgeSeconds = Math.floor((parseDurationMs(maxAge) ?? 0) / 1000);
  if (maxAgeSeconds < 1) {
    const given = shown(maxAge === undefined ? [] : [maxAge]);
    throw new TypeError(
      `@RequireRecentAuth() and recentAuth() take a duration like '10m', of a second or more; given was ${given}.`,
    );
  }
  const policy: Policy = ({ principal, nowSeconds }) => {
    const ageSeconds = nowSeconds - (principal.authTime?.getTime() ?? Number.NaN) / 1000;
    if (ageSeconds <= maxAgeSeconds && ageSeconds >= -FUTURE_SECONDS) return true;
    throw new AuthError('reauthentication_required', { maxAgeSeconds });
  };
  return describePolicy(`recentAuth(${maxAge})`, policy, { authentication: { maxAgeSeconds } });
}

/**
 * The token is one of a restricted client: good only for what a route allows by name.
 *
 * @example
 * ```ts
 * import { isRestricted, not } from 'nestjs-latchkey/policies';
 *
 * export const unrestricted = not(isRestricted);
 * ```
 */
export const isRestricted: Policy = describePolicy(
  'restricted',
  ({ principal }: PolicyContext) => principal.restricted,
);

function isSelf(named: string, principal: Principal, options: SelfOrStaffOptions): boolean {
  const { selfValue = ownSubjectId, normalise = (text: string) => text } = options;
  if (principal.kind !== 'user') return false;
  const self = selfValue(principal);
  return isGiven(self) && normalise(self) === normalise(named);
}

/** Ids are unique within their issuer only: user 42 of another issuer is not ours. */
function ownSubjectId({ own, subject }: Principal): string | undefined {
  return own ? subject.id : undefined;
}

function isGiven(text: unknown): text is string {
  return typeof text === 'string' && text.trim() !== '';
}

function isScope(text: unknown): text is string {
  return typeof text === 'string' && SCOPE.test(text);
}

/** A value that is not a list, from JavaScript, holds nothing: a text would have every part of it. */
function has(list: readonly string[], name: string): boolean {
  return Array.isArray(list) && list.includes(name);
}

function assertTexts(rule: string, given: readonly unknown[], isRight: (one: unknown) => boolean): void {
  if (given.length > 0 && given.every(isRight)) return;
  throw new TypeError(
    `${rule}, at least one and each as a text of its own ('read', 'write'); given was ${shown(given)}.`,
  );
}

function assertSelfOrStaffOptions(options: unknown): void {
  const { param, selfValue, normalise, staff } = (typeof options === 'object' && options !== null ? options : {}) as {
    readonly [Name in keyof SelfOrStaffOptions]?: unknown;
  };
  const areFunctions = [selfValue, normalise, staff].every((each) => each === undefined || typeof each === 'function');
  if (isGiven(param) && areFunctions) return;
  throw new TypeError(
    "@SelfOrStaff() and selfOrStaff() take the name of a path parameter ({ param: 'id' }), and functions for selfValue, " +
      `normalise and staff; given was ${shown(options === undefined ? [] : [options])}.`,
  );
}
