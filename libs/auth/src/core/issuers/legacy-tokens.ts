// Live tokens of the system that this library replaces: an entry of `trust` with an end.
import type { Duration } from '../base/duration.js';
import type { Claims } from '../base/principal.js';
import type { TrustedKeys, TrustOptions } from './trust-options.js';

/** What tokens of the old system look like. */
export interface LegacyTokensOptions extends Pick<TrustOptions, 'audience' | 'claimEquals' | 'claimIncludes'> {
  /** The name that their subjects count under: `urn:example:before`. Never your own issuer. */
  readonly issuer: string;
  /** Where their keys are: `{ secret, alg: 'HS256' }`, or public keys. */
  readonly keys: TrustedKeys;
  /** The end of the transition: no token of the old system is accepted from then on. */
  readonly until: Date | string;
  /** How long an access token of the old system lives. It keeps refresh tokens out that nothing but their life tells apart. */
  readonly maxLifetime: Duration;
  /** The claim that names the user; a whole number becomes text. @defaultValue 'sub' */
  readonly subject?: string;
  /** True if its tokens have the `iss` that `issuer` names. @defaultValue false: they have none */
  readonly hasIssuer?: boolean;
}

/**
 * Accepts access tokens of the system that this library replaces until a date, for `trust`. They are tokens of another issuer: they never count
 * as our own, are never refreshed here, and become users by `externalUsers`.
 *
 * @example
 * ```ts
 * import { AuthModule } from 'nestjs-latchkey';
 * import { legacyTokens } from 'nestjs-latchkey/issuers';
 *
 * const { JWT_SECRET: secret = '' } = process.env;
 *
 * export const auth = AuthModule.forRoot({
 *   trust: [
 *     legacyTokens({
 *       issuer: 'urn:example:before',
 *       keys: { secret, alg: 'HS256' },
 *       audience: false,
 *       subject: 'user_id',
 *       maxLifetime: '5m',
 *       until: '2027-01-31',
 *     }),
 *   ],
 * });
 * ```
 */
export function legacyTokens(options: LegacyTokensOptions): TrustOptions {
  const { subject = 'sub', hasIssuer = false, ...entry } = options;
  return {
    ...entry,
    // An end that was computed and is missing is refused, too.
    until: (options.until as Date | string | undefined) ?? '',
    types: ['', 'jwt'],
    withoutIssuer: !hasIssuer,
    claims: { subject: (claims) => idIn(claims, subject) },
    // Nothing that it says makes one the token of a client.
    isClient: () => false,
  };
}

/** What is neither text nor a whole number is refused as a subject. */
function idIn(claims: Claims, name: string): string | undefined {
  const id = claims[name];
  if (Number.isSafeInteger(id)) return String(id);
  return typeof id === 'string' ? id : undefined;
}
