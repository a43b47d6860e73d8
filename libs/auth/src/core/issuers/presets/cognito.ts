// Amazon Cognito.
import { assertAudience, assertPreset, MATCHING } from './preset-checks.js';
import type { TrustOptions } from '../trust-options.js';
import { lifetime, type ProviderOptions, RS256 } from './preset-options.js';

/**
 * Amazon Cognito: access tokens of a user pool. They name no audience but the client that they were issued to; groups are roles.
 *
 * @example
 * ```ts
 * import { AuthModule } from 'nestjs-latchkey';
 * import { cognito } from 'nestjs-latchkey/issuers';
 *
 * export const auth = AuthModule.forRoot({
 *   trust: [cognito({ region: 'eu-west-1', userPoolId: 'eu-west-1_AbCdEfGhI', clientId: '1example23456789' })],
 * });
 * ```
 */
export function cognito(
  options: ProviderOptions & {
    readonly region: string;
    readonly userPoolId: string;
    /** The ids of the app clients whose tokens are accepted. */
    readonly clientId: string | readonly string[];
    /** The resource that tokens are requested for, if app clients name one: such tokens have it as `aud`. */
    readonly resource?: string;
  },
): TrustOptions {
  const { region, userPoolId, clientId, resource, maxLifetime, ...fetch } = options;
  assertPreset(
    'cognito',
    { region, userPoolId },
    {
      region: MATCHING(/^[a-z]{2}(?:-[a-z]+)+-\d$/, "a region like 'eu-central-1'"),
      userPoolId: MATCHING(/^[\w-]{1,55}$/, "the id of a user pool like 'eu-central-1_AbCdEfGhI'"),
    },
  );
  assertAudience('cognito', 'clientId', clientId);
  const issuer = `https://cognito-idp.${region}.amazonaws.com/${userPoolId}`;
  return {
    issuer,
    audience: [clientId, resource ?? []].flat(),
    keys: { jwksUri: `${issuer}/.well-known/jwks.json`, ...fetch },
    ...lifetime(maxLifetime),
    algorithms: RS256,
    types: ['', 'jwt'],
    exactClaims: { token_use: 'access' },
    claims: { audience: 'client_id', scopes: 'scope', roles: 'cognito:groups', session: 'origin_jti' },
    isClient: ({ sub, client_id: id }) => sub === id,
  };
}
