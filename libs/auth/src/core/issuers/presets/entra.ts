// Microsoft Entra ID.
import { AuthConfigurationError } from '../../base/errors.js';
import { TENANT_PLACEHOLDER } from '../../keys/issuer-template.js';
import { kindOf } from '../../base/kind-of.js';
import type { Claims } from '../../base/principal.js';
import { assertAudience } from './preset-checks.js';
import type { TrustOptions } from '../trust-options.js';
import { lifetime, type PresetOptions, RS256 } from './preset-options.js';

/** One tenant, or those that the application accepts. */
export type EntraTenants =
  | {
      /** The id of the tenant, as in its `iss`: a GUID. */
      readonly tenantId: string;
    }
  | {
      /** Says whether a tenant is accepted, by its id. Asked at every request; see `TrustOptions.tenants`. */
      readonly tenants: NonNullable<TrustOptions['tenants']>;
    };

export interface EntraVersion {
  /**
   * The version of the access tokens, which the manifest of the API sets as `requestedAccessTokenVersion`: 2, or 1 if it is `null`.
   * `'both'` while the API moves, for one tenant; the subject is then that of version 2 in both.
   * @defaultValue 2
   */
  readonly version?: 1 | 2 | 'both';
}

/** What Microsoft calls sets of tenants. No token names one of them as its issuer. */
const SETS: Readonly<Record<string, string>> = {
  common: 'means all tenants',
  organizations: 'means all tenants of organizations',
  consumers: 'means personal accounts, whose tenant is 9188040d-6c67-4c5b-b112-36a304b66dad',
};

/**
 * Microsoft Entra ID: access tokens of version 2 (`requestedAccessTokenVersion: 2` in the manifest) or 1, of one tenant that is named by
 * its id, or of those that `tenants` accepts. `sub` differs from application to application; the user's id within the tenant is the claim
 * `oid`. Users of different tenants are different users: each tenant is an issuer of its own.
 *
 * @example
 * ```ts
 * import { AuthModule } from 'nestjs-latchkey';
 * import { entra } from 'nestjs-latchkey/issuers';
 *
 * export const auth = AuthModule.forRoot({
 *   trust: [entra({ tenantId: '11111111-aaaa-bbbb-cccc-222222222222', audience: 'api://courses' })],
 * });
 * ```
 * @throws AuthConfigurationError for a `tenantId` that no token names, such as `common` or a domain name
 */
export function entra({
  audience,
  maxLifetime,
  ...options
}: PresetOptions & EntraTenants & EntraVersion): TrustOptions {
  const { tenant, tenants, keysOf, version, fetch } = tenancyOf(options);
  assertAudience('entra', 'audience', audience);
  const [issuer, ...aliases] = namesOf(tenant, version);
  return {
    issuer,
    ...(aliases.length > 0 && { aliases }),
    ...(tenants && { tenants }),
    audience,
    // The set of version 2 is for tokens of version 2: its keys name their issuer.
    keys: { jwksUri: `${AUTHORITY}/${keysOf}/discovery/${version === 2 ? 'v2.0/' : ''}keys`, ...fetch },
    ...lifetime(maxLifetime),
    algorithms: RS256,
    types: ['jwt', 'at+jwt'],
    // Its ID tokens look alike, but do not say for whom they were requested.
    requiredClaims: ['iat', 'azp'],
    ...(version !== 2 && { upgradeClaims: readVersion1 }),
    claims: { id: 'uti', scopes: { spaceSeparated: 'scp' }, roles: 'roles' },
    // Delegated tokens always have scopes; those of an application never do.
    isClient: ({ idtyp, scp }) => idtyp === 'app' || scp === undefined || scp === '',
  };
}

const AUTHORITY = 'https://login.microsoftonline.com';

function namesOf(tenant: string, version: EntraVersion['version']): readonly [string, ...string[]] {
  const [first, second] = [`https://sts.windows.net/${tenant}/`, `${AUTHORITY}/${tenant}/v2.0`];
  if (version === 'both') return [second, first];
  return [version === 1 ? first : second];
}

/** Version 1 names the application that a token was requested by as `appid`, version 2 as `azp`. */
function readVersion1(claims: Claims): Claims {
  const { ver, appid } = claims;
  return ver === '1.0' && appid !== undefined ? { ...claims, azp: appid } : claims;
}

function tenancyOf(options: Omit<PresetOptions, 'audience' | 'maxLifetime'> & EntraTenants & EntraVersion) {
  const { version = 2, ...others } = options;
  assertVersion(version, 'tenants' in others);
  if ('tenants' in others) {
    const { tenants, ...fetch } = others;
    return { tenant: TENANT_PLACEHOLDER, tenants, keysOf: 'common', version, fetch };
  }
  const { tenantId, ...fetch } = others;
  const problem = tenantProblem(tenantId);
  if (problem !== undefined)
    throw new AuthConfigurationError([`entra: tenantId is ${shownTenant(tenantId)}, ${problem}`]);
  return { tenant: tenantId, tenants: undefined, keysOf: tenantId, version, fetch };
}

function assertVersion(version: unknown, hasTenants: boolean): void {
  if (version !== 1 && version !== 2 && version !== 'both')
    throw new AuthConfigurationError([
      `entra: version is ${typeof version === 'number' ? version : kindOf(version)}; accepted is 1, 2 or 'both'`,
    ]);
  if (version === 'both' && hasTenants)
    throw new AuthConfigurationError([
      "entra: version is 'both', which is for one tenantId; accepted with tenants is 1 or 2, in an entry for each",
    ]);
}

/** A GUID at Microsoft; never an address, a path or a text with spaces. */
const TENANT_ID = /^[\w-]{1,64}$/;

function shownTenant(tenantId: unknown): string {
  return typeof tenantId === 'string' ? JSON.stringify(tenantId.slice(0, 80)) : kindOf(tenantId);
}

/** An untyped caller may pass an environment variable that is not set. */
function tenantProblem(tenantId: unknown): string | undefined {
  return typeof tenantId === 'string' && tenantId !== ''
    ? nameProblem(tenantId)
    : 'and not set; name one tenant by its id (a GUID)';
}

function nameProblem(tenantId: string): string | undefined {
  const set = Object.hasOwn(SETS, tenantId) ? SETS[tenantId] : undefined;
  const found = set ?? (tenantId.includes('.') ? 'a domain name, which is not what tokens name' : undefined);
  if (found === undefined)
    return TENANT_ID.test(tenantId) ? undefined : 'which is not an id; name one tenant by its id';
  return `${set === undefined ? '' : 'which '}${found}; name one tenant by its id (a GUID), or accept several with tenants: (id) => boolean`;
}
