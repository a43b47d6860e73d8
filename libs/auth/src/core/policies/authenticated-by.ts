// The policy about the sign-in itself: how recent it is, how strong, and by what it was proven (RFC 9470).
import { parseDurationMs, type Duration } from '../base/duration.js';
import { AuthError } from '../base/errors.js';
import { isRecord } from '../base/members.js';
import { shown } from '../base/shown.js';
import { recentAuth } from './built-in-policies.js';
import { describePolicy, type Policy } from './policies.js';

/** What {@link authenticatedBy} demands of the sign-in; at least one member. */
export interface AuthenticationRequirements {
  /** How long ago it may be. @defaultValue any time */
  readonly maxAge?: Duration | undefined;
  /** Its `acr` must be this one, or one of several; the client is told them, best the first. @defaultValue any */
  readonly acr?: string | readonly string[] | undefined;
  /** Its `amr` must have all of these, such as `['otp']` (RFC 8176). @defaultValue any */
  readonly amr?: string | readonly string[] | undefined;
}

/** What is demanded, read. */
interface Demands {
  readonly maxAge: Duration | undefined;
  readonly maxAgeSeconds: number | undefined;
  readonly acrValues: readonly string[] | undefined;
  readonly amr: readonly string[];
}

/**
 * The person must have signed in as recently, and as strongly, as is said; otherwise 401 with the challenge of RFC 9470 §3:
 * `stronger_authentication_required`, or `reauthentication_required` if only the age is missing. What the credential does not say, it lacks.
 *
 * @example
 * ```ts
 * import { anyOf, authenticatedBy, hasRoles } from 'nestjs-latchkey/policies';
 *
 * export const careful = anyOf(hasRoles('robot'), authenticatedBy({ amr: 'otp', maxAge: '10m' }));
 * ```
 * @throws {TypeError} without any demand, and for what is none
 */
export function authenticatedBy(requirements: AuthenticationRequirements): Policy {
  const { maxAge, maxAgeSeconds, acrValues, amr } = demandsIn(requirements);
  const isRecent = maxAge === undefined ? undefined : recentAuth(maxAge);
  const policy: Policy = (context) => {
    const { principal } = context;
    const isStrong = acrValues === undefined || acrValues.some((acr) => acr === principal.acr);
    if (!isStrong || !amr.every((method) => principal.amr.includes(method)))
      throw new AuthError('stronger_authentication_required', { acrValues, maxAgeSeconds });
    return isRecent === undefined || isRecent(context);
  };
  const authentication = { maxAgeSeconds, acrValues, amr };
  return describePolicy(`authenticatedBy(${inWords({ maxAge, acrValues, amr })})`, policy, { authentication });
}

function inWords({ maxAge, acrValues, amr }: Omit<Demands, 'maxAgeSeconds'>): string {
  const demands = [
    ...(maxAge === undefined ? [] : [`within ${maxAge}`]),
    ...(acrValues === undefined ? [] : [`acr ${acrValues.join(' or ')}`]),
    ...(amr.length === 0 ? [] : [`amr ${amr.join(' and ')}`]),
  ];
  return demands.join(', ');
}

/** @throws {TypeError} */
function demandsIn(given: unknown): Demands {
  // Each member is looked at below.
  const { maxAge, acr, amr } = (isRecord(given) ? given : {}) as AuthenticationRequirements;
  const isSome = [maxAge, acr, amr].some((member) => member !== undefined);
  if (!isSome || ![acr, amr].every(areNames))
    throw new TypeError(
      "@RequireAuth() and authenticatedBy() take { maxAge, acr, amr }, at least one of them: a duration, and names without blanks ('otp') " +
        `or lists of such; given was ${shown(given === undefined ? [] : [given])}.`,
    );
  const maxAgeSeconds = secondsIn(maxAge);
  return { maxAge, maxAgeSeconds, acrValues: acr === undefined ? undefined : [acr].flat(), amr: [amr ?? []].flat() };
}

function secondsIn(maxAge: Duration | undefined): number | undefined {
  return maxAge === undefined ? undefined : Math.floor((parseDurationMs(maxAge) ?? 0) / 1000);
}

/** One name or several, printable and without blanks, quotes and backslashes, which would break the challenge. */
function areNames(names: unknown): boolean {
  if (names === undefined) return true;
  const all: readonly unknown[] = [names].flat();
  return all.length > 0 && all.every((name) => typeof name === 'string' && /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(name));
}
