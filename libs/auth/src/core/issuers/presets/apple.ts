// Sign in with Apple.
import type { TrustOptions } from '../trust-options.js';
import { assertAudience } from './preset-checks.js';
import { lifetime, type ProviderOptions, RS256 } from './preset-options.js';

/**
 * Apple: **identity tokens**, because Apple's access tokens are not for others. An identity token proves to the app named in it that a
 * user signed in; accept it only from an app of your own, and rather exchange it for tokens of your own. Apple's server-to-server
 * notifications have the same issuer and keys and stay refused. `email_verified` may be text.
 *
 * @example
 * ```ts
 * import { AuthModule } from 'nestjs-latchkey';
 * import { apple } from 'nestjs-latchkey/issuers';
 *
 * export const auth = AuthModule.forRoot({
 *   trust: [apple({ clientId: 'com.example.courses' })],
 * });
 * ```
 */
export function apple({
  clientId,
  maxLifetime,
  ...fetch
}: ProviderOptions & {
  /** The bundle ids of apps and the ids of services that users sign in to. */
  readonly clientId: string | readonly string[];
}): TrustOptions {
  assertAudience('apple', 'clientId', clientId);
  return {
    issuer: 'https://appleid.apple.com',
    audience: clientId,
    keys: { jwksUri: 'https://appleid.apple.com/auth/keys', ...fetch },
    ...lifetime(maxLifetime),
    algorithms: RS256,
    types: ['', 'jwt'],
    idTokens: true,
    claims: { scopes: [] },
    isClient: () => false,
  };
}
