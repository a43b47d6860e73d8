// Auth0.
import { assertAudience, assertPreset, HOST_NAME } from './preset-checks.js';
import type { TrustOptions } from '../trust-options.js';
import { lifetime, type PresetOptions, RS256 } from './preset-options.js';

/**
 * Auth0: access tokens for an API, in Auth0's own profile and that of RFC 9068. Scopes are `scope` and, with role-based access
 * control, `permissions`. Tokens of Auth0's own profile have no id: revoke them by subject.
 *
 * @example
 * ```ts
 * import { auth0 } from 'nestjs-latchkey/issuers';
 *
 * const trust = [auth0({ domain: 'example.eu.auth0.com', audience: 'https://courses.example.com' })];
 * ```
 */
export function auth0({
  domain,
  audience,
  maxLifetime,
  ...fetch
}: PresetOptions & { readonly domain: string }): TrustOptions {
  assertPreset('auth0', { domain }, { domain: HOST_NAME('example.eu.auth0.com') });
  assertAudience('auth0', 'audience', audience);
  return {
    issuer: `https://${domain}/`,
    audience,
    keys: { jwksUri: `https://${domain}/.well-known/jwks.json`, ...fetch },
    ...lifetime(maxLifetime),
    algorithms: RS256,
    types: ['jwt', 'at+jwt'],
    claims: { scopes: ['scope', 'permissions'] },
    isClient: ({ gty, sub, client_id: clientId }) => gty === 'client-credentials' || isClientSubject(sub, clientId),
  };
}

/** An application that acts for itself has its id with `@clients` for a subject. */
function isClientSubject(sub: unknown, clientId: unknown): boolean {
  return typeof sub === 'string' && (sub.endsWith('@clients') || sub === clientId);
}
