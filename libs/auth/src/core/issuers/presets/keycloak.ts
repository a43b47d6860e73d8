// Keycloak.
import type { Claims } from '../../base/principal.js';
import { ADDRESS, assertAudience, assertPreset, NAME } from './preset-checks.js';
import type { TrustOptions } from '../trust-options.js';
import { isRecord } from '../../base/members.js';
import { lifetime, type PresetOptions, RS256 } from './preset-options.js';

/**
 * Keycloak: access tokens of a realm. Roles are the realm's, and those of `clientId` if it is given.
 *
 * @example
 * ```ts
 * import { AuthModule } from 'nestjs-latchkey';
 * import { keycloak } from 'nestjs-latchkey/issuers';
 *
 * export const auth = AuthModule.forRoot({
 *   trust: [keycloak({ baseUrl: 'https://sso.example.com', realm: 'school', audience: 'courses' })],
 * });
 * ```
 */
export function keycloak(
  options: PresetOptions & {
    /** The URL of Keycloak: `https://sso.example.com`, with `/auth` behind it for old versions. */
    readonly baseUrl: string;
    readonly realm: string;
    /**
     * The URL at which this application reaches Keycloak, if it is not the one in its tokens: `http://keycloak:8080` beside
     * `allowPrivateHttp: ['keycloak']`. @defaultValue `baseUrl`
     */
    readonly internalUrl?: string;
    /** The client whose roles count besides those of the realm. */
    readonly clientId?: string;
  },
): TrustOptions {
  const { baseUrl, internalUrl = baseUrl, realm, clientId, audience, maxLifetime, ...fetch } = options;
  assertPreset(
    'keycloak',
    { baseUrl, internalUrl, realm },
    {
      baseUrl: ADDRESS('https://sso.example.com'),
      internalUrl: ADDRESS('http://keycloak:8080'),
      realm: NAME('school'),
    },
  );
  assertAudience('keycloak', 'audience', audience);
  return {
    issuer: realmAt(baseUrl, realm),
    audience,
    keys: { jwksUri: `${realmAt(internalUrl, realm)}/protocol/openid-connect/certs`, ...fetch },
    ...lifetime(maxLifetime),
    algorithms: [...RS256, 'ES256', 'PS256'],
    types: ['jwt', 'at+jwt'],
    // Its ID and refresh tokens have the same header and say what they are in a claim.
    exactClaims: { typ: 'Bearer' },
    claims: { scopes: 'scope', roles: (claims) => keycloakRoles(claims, clientId) },
    isClient: isServiceAccount,
  };
}

function realmAt(base: string, realm: string): string {
  return `${base.replace(/\/$/, '')}/realms/${encodeURIComponent(realm)}`;
}

/**
 * A service account has a user name of that form and its client's id as a claim, and belongs to no session of a browser. Client scopes
 * may leave out each of them; a token without any claim about a user is not accepted as a user's.
 */
function isServiceAccount(claims: Claims): boolean {
  const { preferred_username: name, client_id: clientId, clientId: oldClientId } = claims;
  if (typeof name === 'string') return name.startsWith('service-account-');
  if (clientId !== undefined || oldClientId !== undefined) return true;
  return claims['sid'] === undefined && claims['session_state'] === undefined;
}

function keycloakRoles(
  { realm_access: realm, resource_access: clients }: Claims,
  clientId: string | undefined,
): readonly string[] {
  const isNamed = clientId !== undefined && isRecord(clients) && Object.hasOwn(clients, clientId);
  return [...rolesIn(realm), ...rolesIn(isNamed ? clients[clientId] : undefined)];
}

function rolesIn(access: unknown): readonly string[] {
  const roles = isRecord(access) ? access['roles'] : undefined;
  return Array.isArray(roles) ? roles.filter((role) => typeof role === 'string') : [];
}
