// Active Directory Federation Services.
import type { Claims } from '../../base/principal.js';
import type { TrustOptions } from '../trust-options.js';
import { ADDRESS, assertAudience, assertPreset, HOST_NAME, NAME } from './preset-checks.js';
import { lifetime, type PresetOptions, RS256 } from './preset-options.js';

/** What the tokens of a federation service are accepted by. */
export interface AdfsOptions extends PresetOptions {
  /** The host name of the federation service: `sts.example.com`. */
  readonly host: string;
  /** `access_token_issuer` of its metadata. @defaultValue `http://{host}/adfs/services/trust` */
  readonly accessTokenIssuer?: string;
  /** The claim that identifies a user and is never reassigned, as issuance rules send it. @defaultValue 'sub' */
  readonly subjectClaim?: string;
}

/**
 * AD FS: access tokens, which it issues under another name (`access_token_issuer`) than its ID tokens. A user has a `upn` or a
 * `unique_name`; everything else is a client, named by `sub` if there is one, and otherwise by `appid`. Which claims there are is up to
 * issuance rules.
 *
 * @example
 * ```ts
 * import { AuthModule } from 'nestjs-latchkey';
 * import { adfs } from 'nestjs-latchkey/issuers';
 *
 * export const auth = AuthModule.forRoot({
 *   trust: [adfs({ host: 'sts.example.com', audience: 'microsoft:identityserver:courses' })],
 * });
 * ```
 * @throws AuthConfigurationError for options that no token could satisfy
 */
export function adfs(options: AdfsOptions): TrustOptions {
  const { host, accessTokenIssuer, subjectClaim = 'sub', audience, maxLifetime, ...fetch } = options;
  // A variable that is not set must not switch users to another claim.
  const named = 'subjectClaim' in options ? options.subjectClaim : 'sub';
  assertPreset(
    'adfs',
    { host, subjectClaim: named },
    { host: HOST_NAME('sts.example.com'), subjectClaim: NAME('sub') },
  );
  if ('accessTokenIssuer' in options)
    assertPreset(
      'adfs',
      { accessTokenIssuer },
      { accessTokenIssuer: ADDRESS('http://sts.example.com/adfs/services/trust') },
    );
  assertAudience('adfs', 'audience', audience);
  return {
    issuer: accessTokenIssuer ?? `http://${host}/adfs/services/trust`,
    audience,
    keys: { jwksUri: `https://${host}/adfs/discovery/keys`, ...fetch },
    ...lifetime(maxLifetime),
    algorithms: RS256,
    types: ['jwt'],
    requiredClaims: ['iat', 'appid'],
    claims: {
      subject: (claims) => adfsSubject(claims, subjectClaim),
      scopes: { spaceSeparated: 'scp' },
    },
    isClient: isMachine,
  };
}

function isMachine({ upn, unique_name: name }: Claims): boolean {
  return upn === undefined && name === undefined;
}

function adfsSubject(claims: Claims, subjectClaim: string): string | undefined {
  const named = claims[subjectClaim] ?? (isMachine(claims) ? claims['appid'] : undefined);
  return typeof named === 'string' ? named : undefined;
}
