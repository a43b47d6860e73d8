// Supabase.
import { AuthConfigurationError } from '../../base/errors.js';
import { kindOf } from '../../base/kind-of.js';
import type { Claims } from '../../base/principal.js';
import { unacceptable } from '../../tokens/refusals.js';
import type { TrustedKeySource, TrustOptions } from '../trust-options.js';
import { ADDRESS, assertAudience, assertFlags, assertLists, assertPreset, NAME } from './preset-checks.js';
import { lifetime, type ProviderOptions, withoutSlash } from './preset-options.js';

/** What a Supabase project's tokens are accepted by. */
export interface SupabaseOptions extends ProviderOptions {
  /** The URL of the project as its dashboard shows it: `https://abcdefghijklmnopqrst.supabase.co`, or its custom domain. */
  readonly url: string;
  /** @defaultValue 'authenticated', which Supabase writes into the tokens of all signed-in users */
  readonly audience?: string | readonly string[];
  /** The role of the database that tokens must name. @defaultValue 'authenticated' */
  readonly role?: string | readonly string[];
  /**
   * The legacy JWT secret, while tokens that are signed with it (HS256) are still in use. Supabase's API keys `anon` and `service_role` are
   * signed with it too and stay refused.
   * @defaultValue none: HS256 is refused
   */
  readonly legacyJwtSecret?: string | Uint8Array;
  /** Accepts users who signed in anonymously (`is_anonymous`). @defaultValue false */
  readonly anonymousUsers?: boolean;
  /** The ids of OAuth clients of other parties that may act for users (`client_id`). @defaultValue none */
  readonly oauthClients?: string | readonly string[];
}

/**
 * Supabase: access tokens of a project's users. Nothing in them is a role of the application: `role` is the role of the database, and
 * `user_metadata` is written by users themselves. `app_metadata` is not: `{ ...supabase({ url }), claims: { roles: 'app_metadata.roles' } }`.
 *
 * @example
 * ```ts
 * import { AuthModule } from 'nestjs-latchkey';
 * import { supabase } from 'nestjs-latchkey/issuers';
 *
 * export const auth = AuthModule.forRoot({
 *   trust: [supabase({ url: 'https://abcdefghijklmnopqrst.supabase.co' })],
 * });
 * ```
 * @throws AuthConfigurationError for a `url` that is not an address, and for a secret that is not set
 */
export function supabase(options: SupabaseOptions): TrustOptions {
  const { url, audience = 'authenticated', role = 'authenticated', legacyJwtSecret, maxLifetime, ...others } = options;
  const { anonymousUsers = false, oauthClients, ...fetch } = others;
  assertPreset('supabase', { url }, { url: ADDRESS('https://abcdefghijklmnopqrst.supabase.co') });
  assertAudience('supabase', 'audience', audience);
  assertLists(
    'supabase',
    { role, ...('oauthClients' in options && { oauthClients }) },
    { role: NAME('authenticated'), oauthClients: NAME('9a8b7c6d-1e2f-4a5b-8c9d-0e1f2a3b4c5d') },
  );
  assertFlags('supabase', options, ['anonymousUsers']);
  if ('legacyJwtSecret' in options) assertSecret(legacyJwtSecret);
  const issuer = `${withoutSlash(url)}/auth/v1`;
  const published: TrustedKeySource = {
    jwksUri: `${issuer}/.well-known/jwks.json`,
    ...fetch,
    algorithms: ['ES256', 'RS256'],
  };
  return {
    issuer,
    audience,
    keys: legacyJwtSecret === undefined ? [published] : [published, { secret: legacyJwtSecret, alg: 'HS256' }],
    ...lifetime(maxLifetime),
    types: ['jwt'],
    // The tokens of the project's API keys are of other roles.
    exactClaims: { role },
    requiredClaims: ['iat', 'session_id', 'aal'],
    claims: { scopes: [], session: 'session_id' },
    upgradeClaims: (claims) => assertUser(claims, { anonymousUsers, clients: [oauthClients ?? []].flat() }),
    isClient: () => false,
  };
}

function assertSecret(secret: unknown): void {
  if (secret instanceof Uint8Array || (typeof secret === 'string' && secret !== '')) return;
  const given = `${kindOf(secret)}${secret === undefined ? ' (is an environment variable not set?)' : ''}`;
  throw new AuthConfigurationError([
    `supabase: legacyJwtSecret is ${given}; accepted is the secret of the project as text or bytes, or none at all`,
  ]);
}

function assertUser(
  claims: Claims,
  { anonymousUsers, clients }: { readonly anonymousUsers: boolean; readonly clients: readonly string[] },
): Claims {
  const { is_anonymous: isAnonymous = false, client_id: client } = claims;
  if (!anonymousUsers && isAnonymous !== false) throw unacceptable('is_anonymous', 'must be false', 'anonymousUsers');
  const isOurs = client === undefined || (typeof client === 'string' && clients.includes(client));
  if (!isOurs) throw unacceptable('client_id', 'must be an accepted OAuth client', 'oauthClients');
  return claims;
}
