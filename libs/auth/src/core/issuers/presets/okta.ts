// Okta.
import type { Claims } from '../../base/principal.js';
import { assertAudience, assertPreset, HOST_NAME, NAME } from './preset-checks.js';
import type { TrustOptions } from '../trust-options.js';
import { lifetime, type PresetOptions, RS256 } from './preset-options.js';

/**
 * Okta: access tokens of a custom authorization server. `sub` is the user's name there, which can change hands; the subject is
 * `uid` instead. Groups are roles if the server is set up to send them as `groups`.
 *
 * @example
 * ```ts
 * import { AuthModule } from 'nestjs-latchkey';
 * import { okta } from 'nestjs-latchkey/issuers';
 *
 * export const auth = AuthModule.forRoot({
 *   trust: [okta({ domain: 'example.okta.com', audience: 'api://courses' })],
 * });
 * ```
 */
export function okta(
  options: PresetOptions & {
    readonly domain: string;
    /** @defaultValue 'default' */
    readonly authorizationServer?: string;
  },
): TrustOptions {
  const { domain, authorizationServer = 'default', audience, maxLifetime, ...fetch } = options;
  assertPreset(
    'okta',
    // A variable that is not set must not make the default server of another one.
    { domain, authorizationServer: 'authorizationServer' in options ? options.authorizationServer : 'default' },
    {
      domain: HOST_NAME('example.okta.com'),
      authorizationServer: NAME('default'),
    },
  );
  assertAudience('okta', 'audience', audience);
  const issuer = `https://${domain}/oauth2/${authorizationServer}`;
  return {
    issuer,
    audience,
    keys: { jwksUri: `${issuer}/v1/keys`, ...fetch },
    ...lifetime(maxLifetime),
    algorithms: RS256,
    types: ['', 'jwt', 'at+jwt'],
    // Only access tokens name the client so.
    requiredClaims: ['iat', 'cid'],
    claims: { subject: oktaSubject, scopes: 'scp', roles: 'groups' },
    isClient: isOktaClient,
  };
}

function isOktaClient({ cid, sub, uid }: Claims): boolean {
  return uid === undefined && sub === cid;
}

function oktaSubject(claims: Claims): string | undefined {
  const id = isOktaClient(claims) ? claims['sub'] : claims['uid'];
  return typeof id === 'string' ? id : undefined;
}
