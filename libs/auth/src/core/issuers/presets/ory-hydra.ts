// Ory Hydra and Ory Network.
import type { TrustOptions } from '../trust-options.js';
import { ADDRESS, assertAudience, assertPreset } from './preset-checks.js';
import { lifetime, type PresetOptions, RS256, withoutSlash } from './preset-options.js';

/**
 * Ory Hydra: access tokens that are JWTs (`strategies.access_token: jwt`); its default is opaque and never accepted. Clients must request the
 * audience, otherwise there is none. Access tokens have the claim `client_id`, ID tokens do not. Roles are not read: `ext` is
 * what your consent application put there.
 *
 * @example
 * ```ts
 * import { AuthModule } from 'nestjs-latchkey';
 * import { oryHydra } from 'nestjs-latchkey/issuers';
 *
 * export const auth = AuthModule.forRoot({
 *   trust: [oryHydra({ issuer: 'https://hydra.example.com/', audience: 'courses' })],
 * });
 * ```
 * @throws AuthConfigurationError for an `issuer` that is not an address
 */
export function oryHydra(
  options: PresetOptions & {
    /** The exact `urls.self.issuer`: `https://hydra.example.com/`, `https://slug.projects.oryapis.com`. Every slash counts. */
    readonly issuer: string;
  },
): TrustOptions {
  const { issuer, audience, maxLifetime, ...fetch } = options;
  assertPreset('oryHydra', { issuer }, { issuer: ADDRESS('https://hydra.example.com/') });
  assertAudience('oryHydra', 'audience', audience);
  return {
    issuer,
    audience,
    keys: { jwksUri: `${withoutSlash(issuer)}/.well-known/jwks.json`, ...fetch },
    ...lifetime(maxLifetime),
    algorithms: [...RS256, 'ES256'],
    types: ['jwt', 'at+jwt'],
    requiredClaims: ['iat', 'jti', 'client_id'],
    isClient: ({ sub, client_id: clientId }) => sub === clientId,
  };
}
