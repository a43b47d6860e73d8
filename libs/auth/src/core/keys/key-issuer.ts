// The issuer that an entry of a key set names. Sets of providers with many tenants hold keys of several issuers, Microsoft's with a
// placeholder for the tenant; a key that names an issuer verifies tokens of no other one.
import type { Claims } from '../principal.js';

const TENANT = '{tenantid}';

/**
 * True if a key that names this issuer may verify a token with these claims. A placeholder stands for one segment, and for the
 * tenant that the token names in `tid`, if it names one.
 *
 * @param stated the `issuer` of the key's entry
 */
export function isKeyOf(stated: string, { iss, tid }: Claims): boolean {
  if (typeof iss !== 'string') return false;
  const at = stated.indexOf(TENANT);
  if (at < 0) return stated === iss;
  const [before, after] = [stated.slice(0, at), stated.slice(at + TENANT.length)];
  if (iss.length <= before.length + after.length || !iss.startsWith(before) || !iss.endsWith(after)) return false;
  const tenant = iss.slice(before.length, iss.length - after.length);
  return !tenant.includes('/') && (tid === undefined || tid === null || tid === tenant);
}
