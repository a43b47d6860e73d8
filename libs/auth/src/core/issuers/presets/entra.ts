// Microsoft Entra ID.
import type { TrustOptions } from '../trust-options.js';
import { lifetime, type PresetOptions, RS256 } from './preset-options.js';

/**
 * Microsoft Entra ID: access tokens of version 2 (`requestedAccessTokenVersion: 2` in the manifest) of one tenant, named by its id.
 * `sub` differs from application to application; the person's id within the tenant is the claim `oid`.
 */
export function entra({
  tenantId,
  audience,
  maxLifetime,
  ...fetch
}: PresetOptions & { readonly tenantId: string }): TrustOptions {
  const authority = `https://login.microsoftonline.com/${tenantId}`;
  return {
    issuer: `${authority}/v2.0`,
    audience,
    keys: { jwksUri: `${authority}/discovery/v2.0/keys`, ...fetch },
    ...lifetime(maxLifetime),
    algorithms: RS256,
    types: ['jwt', 'at+jwt'],
    // Its ID tokens look alike, but do not say for whom they were requested.
    requiredClaims: ['iat', 'azp'],
    claims: { id: 'uti', scopes: { spaceSeparated: 'scp' }, roles: 'roles' },
    // Delegated tokens always have scopes; those of an application never do.
    isClient: ({ idtyp, scp }) => idtyp === 'app' || scp === undefined || scp === '',
  };
}
