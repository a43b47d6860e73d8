// Google.
import { assertAudience } from './preset-checks.js';
import type { TrustOptions } from '../trust-options.js';
import { lifetime, type ProviderOptions, RS256 } from './preset-options.js';

/**
 * Google: **ID tokens**, because Google's access tokens are not JWTs. An ID token proves to the client named in it that a user
 * signed in; accept it only from a front end of your own, and rather exchange it for tokens of your own.
 *
 * @example
 * ```ts
 * import { AuthModule } from 'nestjs-latchkey';
 * import { google } from 'nestjs-latchkey/issuers';
 *
 * export const auth = AuthModule.forRoot({
 *   trust: [google({ clientId: '1234567890-abc.apps.googleusercontent.com' })],
 * });
 * ```
 */
export function google({
  clientId,
  maxLifetime,
  ...fetch
}: ProviderOptions & { readonly clientId: string | readonly string[] }): TrustOptions {
  assertAudience('google', 'clientId', clientId);
  return {
    issuer: 'https://accounts.google.com',
    // Google writes either value for the same user.
    aliases: ['accounts.google.com'],
    audience: clientId,
    keys: { jwksUri: 'https://www.googleapis.com/oauth2/v3/certs', ...fetch },
    ...lifetime(maxLifetime),
    algorithms: RS256,
    types: ['jwt'],
    idTokens: true,
    claims: { scopes: [] },
    isClient: () => false,
  };
}
