// When a token is valid: from `nbf` to `exp`, not longer than the issuer may say, and not older than the application accepts.
import type { AuthError } from '../base/errors.js';
import type { Verified } from '../base/principal.js';
import { readTime } from './claim-readers.js';
import type { TokenProfile } from './claims.js';
import { refused, unacceptable } from './refusals.js';

/** The times of a token in epoch seconds, and the time at which it is checked. */
interface Times {
  readonly exp: number;
  readonly nbf: number;
  readonly iat: number;
  readonly now: number;
}

/**
 * Equal is expired; everything else may be as far ahead as clocks may disagree.
 * @throws AuthError `token_expired`, `token_not_yet_valid`, `invalid_claims`
 */
export function assertInTime({ claims }: Verified, profile: TokenProfile, now: number): void {
  const times = {
    exp: readTime(claims, 'exp', profile) ?? 0,
    nbf: readTime(claims, 'nbf', profile) ?? now,
    iat: readTime(claims, 'iat', profile) ?? now,
    now,
  };
  assertShort(times, profile);
  assertNotOver(times, profile);
  assertBegun(times, profile);
}

/** The whole seconds in which a token is in time: from the first one up to, and without, the last. */
export interface Validity {
  readonly from: number;
  readonly until: number;
}

/**
 * When {@link assertInTime} says nothing, which for one token and profile never changes. What it would refuse at all times has no such
 * seconds.
 */
export function validityOf({ claims }: Verified, profile: TokenProfile): Validity {
  const { toleranceSeconds, maxAgeSeconds = Infinity, maxLifetimeSeconds = Infinity } = profile;
  const exp = readTime(claims, 'exp', profile) ?? 0;
  const nbf = readTime(claims, 'nbf', profile) ?? -Infinity;
  const iat = readTime(claims, 'iat', profile);
  // Without `iat` a token counts as issued at the time of the check.
  if (iat === undefined)
    return { from: Math.max(nbf - toleranceSeconds, exp - maxLifetimeSeconds), until: exp + toleranceSeconds };
  if (exp - iat > maxLifetimeSeconds) return { from: Infinity, until: -Infinity };
  return {
    from: Math.max(nbf, iat) - toleranceSeconds,
    until: Math.min(exp + toleranceSeconds, Math.floor(iat + maxAgeSeconds + toleranceSeconds) + 1),
  };
}

function assertShort({ exp, iat }: Times, profile: TokenProfile): void {
  const { maxLifetimeSeconds = Number.POSITIVE_INFINITY } = profile;
  if (exp - iat > maxLifetimeSeconds) throw tooLong(profile, maxLifetimeSeconds);
}

function tooLong({ own, types }: TokenProfile, seconds: number): AuthError {
  const option = types.includes('rt+jwt') ? 'refresh.idle' : 'access.maxTtl';
  return unacceptable('exp', `must not be more than ${seconds} seconds after iat`, own ? option : 'maxLifetime');
}

function assertNotOver({ exp, iat, now }: Times, { toleranceSeconds, maxAgeSeconds }: TokenProfile): void {
  if (exp + toleranceSeconds <= now) throw refused('token_expired', { claim: 'exp', rule: 'must be in the future' });
  if (maxAgeSeconds === undefined || now - iat <= maxAgeSeconds + toleranceSeconds) return;
  const rule = `must not be more than ${maxAgeSeconds} seconds ago`;
  throw refused('token_expired', { claim: 'iat', rule, option: 'maxAge' });
}

function assertBegun({ nbf, iat, now }: Times, { toleranceSeconds }: TokenProfile): void {
  const latest = now + toleranceSeconds;
  if (nbf <= latest && iat <= latest) return;
  const rule = `must not be more than ${toleranceSeconds} seconds ahead`;
  throw refused('token_not_yet_valid', { claim: nbf > latest ? 'nbf' : 'iat', rule, option: 'clockTolerance' });
}
