// Zitadel.
import type { Claims } from '../../base/principal.js';
import type { TrustOptions } from '../trust-options.js';
import { ADDRESS, assertAudience, assertLists, assertPreset, MATCHING } from './preset-checks.js';
import { isRecord } from '../../base/members.js';
import { lifetime, type ProviderOptions, RS256, withoutSlash } from './preset-options.js';

/** What the tokens of a Zitadel instance are accepted by. */
export interface ZitadelOptions extends ProviderOptions {
  /** The address of the instance: `https://example.zitadel.cloud`. */
  readonly url: string;
  /** The project of this API: tokens must be meant for it, and its roles count. */
  readonly projectId: string;
  /** The client ids of the applications that users sign in with. All others are clients. */
  readonly applications: string | readonly string[];
  /** The organization whose grants of roles count. @defaultValue none: no roles are read */
  readonly organizationId?: string;
  /** @defaultValue `projectId` */
  readonly audience?: string | readonly string[];
}

/**
 * Zitadel: access tokens that are JWTs, which is a setting of the application; its default is opaque and never accepted. Only access tokens have
 * a `jti`. Roles are granted per organization, and organizations grant them themselves; so those of one are read.
 *
 * @example
 * ```ts
 * import { AuthModule } from 'nestjs-latchkey';
 * import { zitadel } from 'nestjs-latchkey/issuers';
 *
 * export const auth = AuthModule.forRoot({
 *   trust: [zitadel({
 *     url: 'https://example.zitadel.cloud',
 *     projectId: '163840776835432705',
 *     applications: '163840776835432999',
 *   })],
 * });
 * ```
 * @throws AuthConfigurationError for options that no token could satisfy
 */
export function zitadel(options: ZitadelOptions): TrustOptions {
  const { url, projectId, applications, organizationId, audience = projectId, maxLifetime, ...fetch } = options;
  assertPreset('zitadel', { url, projectId }, { url: ADDRESS('https://example.zitadel.cloud'), projectId: ID });
  assertLists(
    'zitadel',
    { applications, ...('organizationId' in options && { organizationId }) },
    {
      applications: MATCHING(/^[^\s/]+$/, "the client id of an application like '163840776835432705'"),
      organizationId: ID,
    },
  );
  assertAudience('zitadel', 'audience', audience);
  const issuer = withoutSlash(url);
  return {
    issuer,
    audience,
    keys: { jwksUri: `${issuer}/oauth/v2/keys`, ...fetch },
    ...lifetime(maxLifetime),
    algorithms: RS256,
    types: ['jwt', 'at+jwt'],
    requiredClaims: ['iat', 'jti'],
    claims: { roles: (claims) => zitadelRoles(claims, projectId, organizationId) },
    isClient: ({ azp, client_id: clientId = azp }) => ![applications].flat().includes(String(clientId)),
  };
}

const ID = MATCHING(/^\d{1,20}$/, "an id like '163840776835432705'");

/** An object of roles, each with the organizations that grant it: `{ teacher: { '1638...': 'school.example.com' } }`. */
function zitadelRoles(claims: Claims, project: string, organization: string | undefined): readonly string[] {
  const roles: unknown = claims[`urn:zitadel:iam:org:project:${project}:roles`];
  if (organization === undefined || !isRecord(roles)) return [];
  const isGranted = ([, grants]: readonly [string, unknown]) => isRecord(grants) && Object.hasOwn(grants, organization);
  return Object.entries(roles)
    .filter(isGranted)
    .map(([role]) => role);
}
