// Refusals for a missing key, with their reason for operators. Neither reveals which keys exist.
import { AuthError } from '../base/errors.js';

/** No key of the issuer is the one that the token names, or none is left to try. */
export function unknownKey(): AuthError<'unknown_key'> {
  return new AuthError('unknown_key', { reason: { claim: 'kid header', rule: 'must name a key of the issuer' } });
}

/** The key is there, but for other algorithms than the one that the token names. */
export function algorithmNotAllowed(accepted?: readonly string[], named?: string): AuthError<'algorithm_not_allowed'> {
  const isNot = named === undefined ? '' : `, and the token names ${named}`;
  const rule = accepted === undefined ? 'must be one that the key is for' : `must be ${accepted.join(' or ')}${isNot}`;
  return new AuthError('algorithm_not_allowed', { reason: { claim: 'alg header', rule, option: 'algorithms' } });
}
