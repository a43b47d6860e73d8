// Azure AD B2C.
import type { Claims } from '../../base/principal.js';
import { refused } from '../../tokens/refusals.js';
import type { TrustOptions } from '../trust-options.js';
import { assertAudience, assertLists, assertPreset, GUID, HOST_NAME, MATCHING } from './preset-checks.js';
import { lifetime, type PresetOptions, RS256 } from './preset-options.js';

/** What the tokens of a B2C tenant are accepted by. */
export interface AzureAdB2cOptions extends PresetOptions {
  /** The name of the tenant: `contoso` in `contoso.onmicrosoft.com`. */
  readonly tenantName: string;
  readonly tenantId: string;
  /** The user flows or custom policies that are accepted; the keys are fetched for the first one. */
  readonly policies: string | readonly string[];
  /** A custom domain. @defaultValue `{tenantName}.b2clogin.com` */
  readonly domain?: string;
}

/**
 * Azure AD B2C: access tokens of user flows and custom policies. Every policy of a tenant is the same issuer, so that the policy is checked in
 * `tfp`, or in `acr`. Access tokens have scopes (`scp`), ID tokens do not. Tokens of client credentials without scopes are refused.
 *
 * @example
 * ```ts
 * import { AuthModule } from 'nestjs-latchkey';
 * import { azureAdB2c } from 'nestjs-latchkey/issuers';
 *
 * export const auth = AuthModule.forRoot({
 *   trust: [azureAdB2c({
 *     tenantName: 'contoso',
 *     tenantId: '11111111-aaaa-bbbb-cccc-222222222222',
 *     policies: 'B2C_1_sign_in',
 *     audience: 'courses',
 *   })],
 * });
 * ```
 * @throws AuthConfigurationError for options that no token could satisfy
 */
export function azureAdB2c(options: AzureAdB2cOptions): TrustOptions {
  const { tenantName, tenantId, policies, audience, maxLifetime, domain, ...fetch } = options;
  assertTenant(options);
  assertAudience('azureAdB2c', 'audience', audience);
  const [first = '', ...others] = [policies].flat();
  const host = domain ?? `${tenantName}.b2clogin.com`;
  return {
    issuer: `https://${host}/${tenantId.toLowerCase()}/v2.0/`,
    audience,
    keys: { jwksUri: `https://${host}/${tenantName}.onmicrosoft.com/${first}/discovery/v2.0/keys`, ...fetch },
    ...lifetime(maxLifetime),
    algorithms: RS256,
    types: ['jwt'],
    // A required `scp` proves an access token, which has a `nonce` here too.
    requiredClaims: ['iat', 'azp', 'scp'],
    claims: { scopes: { spaceSeparated: 'scp' } },
    upgradeClaims: policyRule([first, ...others]),
  };
}

function assertTenant(options: AzureAdB2cOptions): void {
  const { tenantName, tenantId, policies, domain } = options;
  assertPreset(
    'azureAdB2c',
    { tenantName, tenantId },
    {
      tenantName: MATCHING(/^[a-z0-9]{1,63}$/i, "the name of a tenant like 'contoso', without .onmicrosoft.com"),
      tenantId: GUID('the tenant'),
    },
  );
  if ('domain' in options) assertPreset('azureAdB2c', { domain }, { domain: HOST_NAME('login.contoso.com') });
  assertLists(
    'azureAdB2c',
    { policies },
    { policies: MATCHING(/^B2C_1A?_[\w-]+$/i, "a policy like 'B2C_1_sign_in' or 'B2C_1A_sign_in'") },
  );
}

/** The names of policies compare without case: B2C writes `acr` in lower case. */
function policyRule(policies: readonly string[]): (claims: Claims) => Claims {
  const accepted = policies.map((policy) => policy.toLowerCase());
  return (claims) => {
    const { tfp, acr } = claims;
    const policy = tfp ?? acr;
    if (typeof policy === 'string' && accepted.includes(policy.toLowerCase())) return claims;
    throw refused('wrong_token_type', { claim: 'tfp', rule: 'must be an accepted policy', option: 'policies' });
  };
}
