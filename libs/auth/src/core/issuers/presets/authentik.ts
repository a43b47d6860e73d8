// Authentik.
import type { TrustOptions } from '../trust-options.js';
import { ADDRESS, assertAudience, assertPreset, MATCHING, NAME } from './preset-checks.js';
import { lifetime, type ProviderOptions, withoutSlash } from './preset-options.js';

/** What the tokens of an Authentik provider are accepted by. */
export interface AuthentikOptions extends ProviderOptions {
  /** The URL of Authentik: `https://auth.example.com`. */
  readonly baseUrl: string;
  /** The slug of the application. */
  readonly application: string;
  /** The client id of its provider, which is the audience of its tokens. */
  readonly clientId: string | readonly string[];
  /** The provider's "Issuer mode": each provider has its own name, or all have one. @defaultValue 'per_provider' */
  readonly issuerMode?: 'per_provider' | 'global';
}

/**
 * Authentik: access tokens of a provider that has a signing key; without one it signs with its client secret (HS256), which is never
 * accepted. Access tokens have the claims `azp` and `uid`, ID tokens do not. Groups are roles if the provider puts claims into its
 * tokens. What is of no session is a client: client credentials, and a user by device code.
 *
 * @example
 * ```ts
 * import { AuthModule } from 'nestjs-latchkey';
 * import { authentik } from 'nestjs-latchkey/issuers';
 *
 * export const auth = AuthModule.forRoot({
 *   trust: [authentik({ baseUrl: 'https://auth.example.com', application: 'courses', clientId: 'courses-web' })],
 * });
 * ```
 * @throws AuthConfigurationError for options that no token could satisfy
 */
export function authentik(options: AuthentikOptions): TrustOptions {
  const { baseUrl, application, clientId, issuerMode = 'per_provider', maxLifetime, ...fetch } = options;
  assertPreset(
    'authentik',
    { baseUrl, application, issuerMode },
    {
      baseUrl: ADDRESS('https://auth.example.com'),
      application: NAME('courses'),
      issuerMode: MATCHING(/^(?:per_provider|global)$/, "'per_provider' or 'global'"),
    },
  );
  assertAudience('authentik', 'clientId', clientId);
  const base = withoutSlash(baseUrl);
  const provider = `${base}/application/o/${application}/`;
  return {
    issuer: issuerMode === 'global' ? `${base}/` : provider,
    audience: clientId,
    keys: { jwksUri: `${provider}jwks/`, ...fetch },
    ...lifetime(maxLifetime),
    algorithms: ['RS256', 'ES256'],
    types: ['jwt', 'at+jwt'],
    requiredClaims: ['iat', 'azp'],
    accessTokenClaims: ['uid'],
    claims: { id: 'uid', roles: 'groups' },
    isClient: ({ sid }) => sid === undefined,
  };
}
