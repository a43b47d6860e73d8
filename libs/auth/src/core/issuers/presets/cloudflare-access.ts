// Cloudflare Access.
import type { Claims } from '../../base/principal.js';
import type { TrustOptions } from '../trust-options.js';
import { assertAudience, assertPreset, MATCHING } from './preset-checks.js';
import { lifetime, type PresetOptions, RS256 } from './preset-options.js';

/**
 * Cloudflare Access: application tokens, which Access sends as `Cf-Access-Jwt-Assertion` and keeps in the cookie `CF_Authorization`. The
 * browser sends that cookie by itself, so that the token is under CSRF rules: `header: { name: 'cf-access-jwt-assertion', schemes: [], sentBy:
 * 'browser' }`, or `cookies: { external: 'CF_Authorization' }`. `audience` is the AUD tag of the Access application. A service token
 * is a client named by its `common_name`.
 *
 * @example
 * ```ts
 * import { AuthModule } from 'nestjs-latchkey';
 * import { cloudflareAccess } from 'nestjs-latchkey/issuers';
 *
 * export const auth = AuthModule.forRoot({
 *   trust: [cloudflareAccess({ team: 'school', audience: '32eafc7626e974616deaf0dc3ce63d7bcbed58a2731e84d06bc3cdf1b53c4228' })],
 * });
 * ```
 * @throws AuthConfigurationError for a `team` that is not a team name
 */
export function cloudflareAccess(
  options: PresetOptions & {
    /** The name of the team: `school` in `https://school.cloudflareaccess.com`. */
    readonly team: string;
  },
): TrustOptions {
  const { team, audience, maxLifetime, ...fetch } = options;
  assertPreset(
    'cloudflareAccess',
    { team },
    {
      team: MATCHING(
        /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i,
        "the name of a team like 'school', without .cloudflareaccess.com",
      ),
    },
  );
  assertAudience('cloudflareAccess', 'audience', audience);
  const issuer = `https://${team}.cloudflareaccess.com`;
  return {
    issuer,
    audience,
    keys: { jwksUri: `${issuer}/cdn-cgi/access/certs`, ...fetch },
    ...lifetime(maxLifetime),
    algorithms: RS256,
    types: ['jwt'],
    // The token of the whole team's session is of the type `org`.
    exactClaims: { type: 'app' },
    claims: { scopes: [], subject: accessSubject },
    isClient: isServiceToken,
  };
}

/** A service token has an empty `sub`, and a name. */
function isServiceToken({ sub }: Claims): boolean {
  return sub === undefined || sub === '';
}

function accessSubject(claims: Claims): string | undefined {
  const id = isServiceToken(claims) ? claims['common_name'] : claims['sub'];
  return typeof id === 'string' ? id : undefined;
}
