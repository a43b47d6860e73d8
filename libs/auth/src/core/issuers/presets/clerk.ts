// Clerk.
import type { Claims } from '../../base/principal.js';
import { unacceptable } from '../../tokens/refusals.js';
import type { TrustOptions } from '../trust-options.js';
import { ADDRESS, assertAudience, assertLists, assertPreset } from './preset-checks.js';
import { lifetime, type ProviderOptions, RS256, withoutSlash } from './preset-options.js';

/** What the session tokens of a Clerk instance are accepted by. */
export interface ClerkOptions extends ProviderOptions {
  /** The Frontend API URL of the instance: `https://clerk.example.com`, or `https://example.clerk.accounts.dev` for development. */
  readonly frontendApiUrl: string;
  /** The origins of the pages whose sessions are accepted (`azp`): `https://app.example.com`. */
  readonly authorizedParties: string | readonly string[];
  /** Accepted values of `aud`, if the session token was customized to have one. @defaultValue none: a token with an `aud` is refused */
  readonly audience?: string | readonly string[];
}

/**
 * Clerk: session tokens, in both versions. They name no audience but the origin of the page (`azp`). Tokens of JWT templates have no
 * session and stay refused, like those of sessions that are still pending. Roles are not read: a user chooses the organization that
 * they are about and may found one; ask for `o.id` (or `org_id`) with `claimEquals` before `o.rol` counts.
 *
 * @example
 * ```ts
 * import { AuthModule } from 'nestjs-latchkey';
 * import { clerk } from 'nestjs-latchkey/issuers';
 *
 * export const auth = AuthModule.forRoot({
 *   trust: [clerk({ frontendApiUrl: 'https://clerk.example.com', authorizedParties: 'https://app.example.com' })],
 * });
 * ```
 * @throws AuthConfigurationError for options that no token could satisfy
 */
export function clerk(options: ClerkOptions): TrustOptions {
  const { frontendApiUrl, authorizedParties, audience, maxLifetime, ...fetch } = options;
  assertPreset('clerk', { frontendApiUrl }, { frontendApiUrl: ADDRESS('https://clerk.example.com') });
  assertLists('clerk', { authorizedParties }, { authorizedParties: ORIGIN });
  if ('audience' in options) assertAudience('clerk', 'audience', audience);
  const issuer = withoutSlash(frontendApiUrl);
  return {
    issuer,
    audience: [authorizedParties, audience ?? []].flat(),
    keys: { jwksUri: `${issuer}/.well-known/jwks.json`, ...fetch },
    ...lifetime(maxLifetime),
    algorithms: RS256,
    types: ['jwt'],
    // Tokens of templates, for other services, have no session.
    requiredClaims: ['iat', 'sid'],
    claims: { audience: 'azp', scopes: [] },
    claimEquals: { azp: [authorizedParties].flat() },
    upgradeClaims: assertActive,
    isClient: () => false,
  };
}

const ORIGIN = {
  holds: (value: string) => URL.canParse(value) && new URL(value).origin === value,
  accepted: "an origin like 'https://app.example.com', without a slash at its end",
};

/** A session with something left to do, such as the choice of an organization, counts as signed out. */
function assertActive(claims: Claims): Claims {
  const { sts: status = 'active' } = claims;
  if (status !== 'active') throw unacceptable('sts', 'must be active');
  return claims;
}
