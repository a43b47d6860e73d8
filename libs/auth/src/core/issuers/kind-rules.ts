// What kind of token an entry accepts: by claims that name it, by claims that only access tokens have, and of a user or a client.
import { equalsOne } from '../policies/claim-values.js';
import type { Claims } from '../base/principal.js';
import type { TokenProfile } from '../tokens/claims.js';
import { refused } from '../tokens/refusals.js';
import { KIND_CLAIMS } from '../tokens/token-kind.js';
import type { TrustedEntry } from './trust-options.js';

/** Claims that no ID token has (OpenID Connect Core §2). */
const ACCESS_TOKEN_CLAIMS = ['scope', 'scp'] as const;

/** What proves that a token is an access token, whatever else it carries: a claim about its kind, or one that ID tokens lack. */
export function kindRules(entry: TrustedEntry): KindRules {
  const { exactClaims, requiredClaims, accessTokenClaims, idTokens, boundTokens } = entry;
  const kindClaims = KIND_CLAIMS.filter((name) => name in exactClaims);
  const telling = [...accessTokenClaims, ...ACCESS_TOKEN_CLAIMS.filter((name) => requiredClaims.includes(name))];
  return {
    idTokens: idTokens ? 'expect' : 'refuse',
    boundTokens: boundTokens ? 'accept' : 'refuse',
    kindClaims,
    provesKind: (claims) => kindClaims.length > 0 || telling.some((name) => claims[name] !== undefined),
  };
}

type KindRules = Required<Pick<TokenProfile, 'idTokens' | 'boundTokens' | 'kindClaims' | 'provesKind'>>;
/** A client that acts for itself: our own mark, that of RFC 9068 §2.2, and the grant that only clients use. */
export function isClient({ kind, client_id: clientId, azp, sub, gty, grant_type: grant }: Claims): boolean {
  if (kind === 'client' || isClientGrant(gty) || isClientGrant(grant)) return true;
  return sub !== undefined && (clientId === sub || azp === sub);
}

function isClientGrant(grant: unknown): boolean {
  return grant === 'client_credentials' || grant === 'client-credentials';
}

/** Runs before anything else is checked, so that a token that is marked as another kind is never read as this one. */
export function upgrade({ exactClaims, accessTokenClaims, upgradeClaims }: TrustedEntry): (claims: Claims) => Claims {
  const exact = Object.entries(exactClaims).map(([name, values]) => [name, [values].flat()] as const);
  return (claims) => {
    for (const [claim, values] of exact)
      if (!equalsOne(claims[claim], values)) throw refused('wrong_token_type', { claim, ...NOT_EXACT });
    for (const claim of accessTokenClaims)
      if (claims[claim] === undefined) throw refused('wrong_token_type', { claim, ...NOT_THERE });
    return upgradeClaims === undefined ? claims : upgradeClaims(claims);
  };
}

const NOT_EXACT = { rule: 'must have the exact value', option: 'exactClaims' } as const;
const NOT_THERE = { rule: 'must be there in access tokens', option: 'accessTokenClaims' } as const;
