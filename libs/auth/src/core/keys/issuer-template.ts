// The names of issuers with many tenants: one text with a placeholder, `https://login.microsoftonline.com/{tenantid}/v2.0`. The value of
// the placeholder is one segment of the URL, without characters that have a meaning in a URL.

/** The placeholder of the tenant in the name of an issuer. */
export const TENANT_PLACEHOLDER = '{tenantid}';

/** Ids and domain names: no slash, nothing encoded, nothing that only looks alike. */
const TENANT = /^[0-9A-Za-z](?:[0-9A-Za-z._-]{0,126}[0-9A-Za-z])?$/;

/** The tenant that an issuer's name has in the place of the placeholder; `undefined` if it is not a name of that form. */
export function tenantIn(template: string, issuer: unknown): string | undefined {
  const at = template.indexOf(TENANT_PLACEHOLDER);
  if (at < 0 || typeof issuer !== 'string') return undefined;
  const [before, after] = [template.slice(0, at), template.slice(at + TENANT_PLACEHOLDER.length)];
  const isOfForm = issuer.startsWith(before) && issuer.endsWith(after);
  const tenant = isOfForm ? issuer.slice(before.length, issuer.length - after.length) : '';
  return TENANT.test(tenant) && `${before}${tenant}${after}` === issuer ? tenant : undefined;
}
