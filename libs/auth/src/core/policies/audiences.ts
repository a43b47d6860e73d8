// The policy about whom a token is meant for. One service may be several resources (RFC 8707), each with an audience of its own: what is good
// for one of them is not good for the others.
import { AuthError } from '../base/errors.js';
import type { Principal } from '../base/principal.js';
import { shown } from '../base/shown.js';
import { describePolicy, type Policy } from './policies.js';

/**
 * The token must be meant for this audience, or for one of several: its `aud`, compared exactly. Otherwise 401 `audience_mismatch`, also under
 * `not()`. What has no `aud`, like a session, is meant for none. The module accepts a token first: `audience` of the module, or of the
 * trusted issuer, names all audiences of the service.
 *
 * @example
 * ```ts
 * import { anyOf, hasAudience, hasRoles } from 'nestjs-latchkey/policies';
 *
 * export const forReports = anyOf(hasRoles('auditor'), hasAudience('https://api.example.com/reports'));
 * ```
 * @throws {TypeError} for an empty list, and for anything that is not the name of an audience
 */
export function hasAudience(...audiences: readonly [string, ...string[]]): Policy {
  const required = namesIn(audiences);
  const policy: Policy = ({ principal }) => {
    if (required.some((audience) => audiencesOf(principal).includes(audience))) return true;
    throw new AuthError('audience_mismatch', { reason: { claim: 'aud', rule: 'must name an audience of the route' } });
  };
  return describePolicy(`audience(${required.join(' or ')})`, policy, { audiences: required });
}

/** A list as it was signed; one text is one name, whatever is in it (RFC 7519 §4.1.3). */
function audiencesOf({ claims }: Principal): readonly unknown[] {
  const { aud } = claims;
  return [aud].flat();
}

function isName(one: unknown): one is string {
  return typeof one === 'string' && one.trim() !== '';
}

/** @throws {TypeError} */
function namesIn(audiences: readonly unknown[]): readonly string[] {
  if (audiences.length > 0 && audiences.every(isName)) return Object.freeze([...audiences]);
  throw new TypeError(
    '@RequireAudience() and hasAudience() take audiences, at least one and each as a text of its own ' +
      `('https://api.example.com/reports'); given was ${shown(audiences)}.`,
  );
}
