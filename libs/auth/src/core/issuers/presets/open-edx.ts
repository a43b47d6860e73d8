// Open edX.
import type { Claims } from '../../base/principal.js';
import type { DiscoveredKeys, JwksAddress, StaticKeys, TrustOptions } from '../trust-options.js';
import { assertAudience, assertPreset, MATCHING } from './preset-checks.js';
import { lifetime, type ProviderOptions } from './preset-options.js';

/** What the tokens of an Open edX LMS are accepted by. */
export interface OpenEdxOptions extends Pick<ProviderOptions, 'maxLifetime'> {
  /** The setting `JWT_ISSUER` of the LMS: `https://lms.example.com/oauth2`. */
  readonly issuer: string;
  /** The setting `JWT_AUDIENCE` of the LMS, or several of which a token must name one. */
  readonly audience: string | readonly string[];
  /**
   * The public keys: the setting `JWT_PUBLIC_SIGNING_JWK_SET` as `{ jwks }`, or the address of the set as `{ jwksUri }`
   * (`https://lms.example.com/auth/jwks.json`).
   */
  readonly keys: StaticKeys | JwksAddress | DiscoveredKeys;
  /** The major of the setting `JWT_SUPPORTED_VERSION`: tokens with a higher major of `version` are refused. @defaultValue 1 */
  readonly supportedMajor?: number;
}

/**
 * Open edX: the JWTs of an LMS, in a header or in its two cookies. They are signed with RS512, have the type `JWT` and usually no `kid`, and
 * list their scopes in `scopes`. Roles (`administrator`, `superuser`) are not read. Tokens of the grant of client credentials are of a
 * client, whatever user the application belongs to; tokens of restricted applications are refused unless a route allows them. A token
 * without `version` counts as 1.0.0, from before restrictions and filters. Tokens signed with the shared secret (HS256) are never accepted.
 *
 * @example
 * ```ts
 * import { AuthModule } from 'nestjs-latchkey';
 * import { openEdx } from 'nestjs-latchkey/issuers';
 *
 * export const auth = AuthModule.forRoot({
 *   trust: [openEdx({
 *     issuer: 'https://lms.example.com/oauth2',
 *     audience: 'openedx',
 *     keys: { jwksUri: 'https://lms.example.com/auth/jwks.json' },
 *   })],
 * });
 * ```
 * @throws AuthConfigurationError for options that no token could satisfy
 */
export function openEdx({ issuer, audience, keys, supportedMajor = 1, maxLifetime }: OpenEdxOptions): TrustOptions {
  assertPreset('openEdx', { issuer }, { issuer: ISSUER });
  assertAudience('openEdx', 'audience', audience);
  return {
    issuer,
    audience,
    keys,
    ...lifetime(maxLifetime),
    algorithms: ['RS512'],
    types: ['jwt'],
    supportedMajor,
    upgradeClaims: withoutOmissions,
    claims: { scopes: 'scopes' },
  };
}

/** The name of an issuer may be any text; addresses are usual. */
const ISSUER = MATCHING(/^\S+$/, "the setting JWT_ISSUER of the LMS, like 'https://lms.example.com/oauth2'");

/** What tokens before version 1.1 do not say. */
function withoutOmissions(claims: Claims): Claims {
  return { filters: [], is_restricted: false, ...claims };
}
