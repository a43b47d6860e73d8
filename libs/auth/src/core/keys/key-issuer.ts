// The issuer that an entry of a key set names. Sets of providers with many tenants hold keys of several issuers, Microsoft's with a
// placeholder for the tenant; a key that names an issuer verifies tokens of no other one.
import type { Claims } from '../base/principal.js';
import { TENANT_PLACEHOLDER, tenantIn } from './issuer-template.js';

/**
 * True if a key that names this issuer may verify a token with these claims. A placeholder stands for one segment, and for the
 * tenant that the token names in `tid`, if it names one.
 *
 * @param stated the `issuer` of the key's entry
 */
export function isKeyOf(stated: string, { iss, tid }: Claims): boolean {
  if (!stated.includes(TENANT_PLACEHOLDER)) return stated === iss;
  const tenant = tenantIn(stated, iss);
  return tenant !== undefined && (tid === undefined || tid === null || tid === tenant);
}
