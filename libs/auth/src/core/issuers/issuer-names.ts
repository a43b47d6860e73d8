// The names of one issuer: several exact texts of one meaning, or one text for each tenant. What the subject counts under is decided
// here: one name for all aliases, so that a user keeps one identity; the exact `iss` for tenants, so that two users never share one.
import { AuthError } from '../base/errors.js';
import { TENANT_PLACEHOLDER, tenantIn } from '../keys/issuer-template.js';
import type { Claims } from '../base/principal.js';
import type { TokenProfile } from '../tokens/claims.js';
import type { TrustedEntry } from './trust-options.js';

/** How a token's `iss` is read, if it may be another text than the issuer's name. */
export function issuerNames(entry: TrustedEntry): Pick<TokenProfile, 'nameOf'> {
  const { issuer, aliases, withoutIssuer, tenantClaim = 'tid' } = entry;
  if (isTemplate(issuer)) return { nameOf: (claims) => tenantName(issuer, claims, tenantClaim) };
  if (withoutIssuer) return { nameOf: ({ iss }) => (iss === undefined ? issuer : undefined) };
  if (aliases.length === 0) return {};
  const names = new Set<unknown>([issuer, ...aliases]);
  return { nameOf: ({ iss }) => (names.has(iss) ? issuer : undefined) };
}

/** True for the name of an issuer with many tenants. */
export function isTemplate(issuer: string): boolean {
  return issuer.includes(TENANT_PLACEHOLDER);
}

/** Says whether the tenant of a token is accepted, if the application is to be asked. */
export function tenantRule({
  issuer,
  tenants,
}: TrustedEntry): ((iss: unknown) => boolean | Promise<boolean>) | undefined {
  if (tenants === undefined) return undefined;
  return (iss) => {
    const tenant = tenantIn(issuer, iss);
    return tenant !== undefined && tenants(tenant);
  };
}

function tenantName(issuer: string, claims: Claims, tenantClaim: string | false): string | undefined {
  const { iss } = claims;
  const tenant = tenantIn(issuer, iss);
  if (tenant === undefined || typeof iss !== 'string') return undefined;
  if (tenantClaim === false || claims[tenantClaim] === tenant) return iss;
  throw new AuthError('invalid_issuer', { reason: { claim: tenantClaim, rule: 'must be the tenant that iss names' } });
}
