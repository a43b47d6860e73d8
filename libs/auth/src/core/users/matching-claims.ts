// Claims that must agree with the user: an address that was changed since the token was issued makes the token stale.
import { claimAt } from '../base/claim-path.js';
import type { Claims } from '../base/principal.js';
import { UnissuableToken } from '../tokens/unissuable-token.js';
import type { UserDescription } from './users.js';

/** What claims are compared with, by claim. */
export type MatchedClaims = NonNullable<UserDescription['match']>;

/** The first claim that is not as the user source says; `undefined` if all agree. A claim that is absent equals a value that is absent. */
export function disagreementIn(claims: Claims, match: MatchedClaims): string | undefined {
  const differs = ([claim, value]: readonly [string, unknown]): boolean =>
    (claimAt(claims, claim) ?? undefined) !== (value ?? undefined);
  return Object.entries(match).find(differs)?.[0];
}

/**
 * @param claims of a token to be signed, found to be JSON before
 * @throws {UnissuableToken} for claims with which the token would be stale at once; names the claim, never a value
 */
export function assertAgreement(claims: object, match: MatchedClaims | undefined): void {
  const claim = match === undefined ? undefined : disagreementIn(claims as Claims, match);
  if (claim === undefined) return;
  throw new UnissuableToken(
    `The access token would be refused as claims_stale: describe().match names the claim "${claim}", and access.claimsFor does not write the same value.`,
  );
}
