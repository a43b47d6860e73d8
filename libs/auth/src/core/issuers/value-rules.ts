// What the claims of a token must say besides its kind: the values that an entry requires.
import { claimAt } from '../base/claim-path.js';
import { type ClaimValue, type ClaimValues, equalsOne, includesAll } from '../policies/claim-values.js';
import type { Claims, Json } from '../base/principal.js';
import { schemaRule } from '../tokens/claims-schema.js';
import { refused, unacceptable } from '../tokens/refusals.js';
import type { TrustedEntry } from './trust-options.js';

type ValueRule = readonly [name: string, values: readonly ClaimValue[]];

/** What claims must say besides their kind. */
export function valueRules({ claimEquals, claimIncludes, claimsSchema }: TrustedEntry): (claims: Claims) => void {
  const [equal, included] = [listed(claimEquals), listed(claimIncludes)];
  const bySchema = claimsSchema === undefined ? undefined : schemaRule(claimsSchema);
  return (claims) => {
    for (const [claim, values] of equal)
      if (!equalsOne(given(claims, claim, 'claimEquals'), values))
        throw unacceptable(claim, 'must be one of the required values', 'claimEquals');
    for (const [claim, values] of included)
      if (!includesAll(given(claims, claim, 'claimIncludes'), values))
        throw unacceptable(claim, 'must be a list with all of the required values', 'claimIncludes');
    bySchema?.(claims);
  };
}

function listed(rules: Readonly<Record<string, ClaimValues>>): readonly ValueRule[] {
  return Object.entries(rules).map(([name, values]) => [name, [values].flat()]);
}

function given(claims: Claims, claim: string, option: string): Json {
  const value = claimAt(claims, claim);
  if (value === undefined || value === null) throw refused('missing_claim', { claim, rule: 'is required', option });
  return value;
}
