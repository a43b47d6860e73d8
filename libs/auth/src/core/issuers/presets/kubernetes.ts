// Kubernetes.
import type { TrustOptions } from '../trust-options.js';
import { ADDRESS, assertAudience, assertLists, assertPreset, MATCHING } from './preset-checks.js';
import { lifetime, type PresetOptions } from './preset-options.js';

/** What the service accounts of a cluster are accepted by. */
export interface KubernetesOptions extends PresetOptions {
  /**
   * The exact `iss` of the cluster's tokens: `kubectl get --raw /.well-known/openid-configuration` shows it.
   * `https://kubernetes.default.svc.cluster.local`, `https://oidc.eks.eu-central-1.amazonaws.com/id/...`
   */
  readonly issuer: string;
  /** The service accounts that are accepted, with their namespaces: `school/grader`. */
  readonly serviceAccounts: string | readonly string[];
  /**
   * The URL of the keys, if it is not the one in the issuer's metadata: `https://kubernetes.default.svc/openid/v1/jwks`. @defaultValue
   * discovery
   */
  readonly jwksUri?: string;
}

/**
 * Kubernetes: tokens of service accounts that a pod projects (`serviceAccountToken` with an `audience`). Every one is of a client. Every user who may
 * run pods can project a token for any audience, so that the accounts must be named. Legacy tokens out of a Secret have no end and
 * stay refused.
 *
 * @example
 * ```ts
 * import { AuthModule } from 'nestjs-latchkey';
 * import { kubernetes } from 'nestjs-latchkey/issuers';
 *
 * export const auth = AuthModule.forRoot({
 *   trust: [kubernetes({
 *     issuer: 'https://kubernetes.default.svc.cluster.local',
 *     audience: 'courses',
 *     serviceAccounts: 'school/grader',
 *   })],
 * });
 * ```
 * @throws AuthConfigurationError for options that no token could satisfy
 */
export function kubernetes(options: KubernetesOptions): TrustOptions {
  const { issuer, audience, serviceAccounts, maxLifetime, ...fetch } = options;
  assertPreset('kubernetes', { issuer }, { issuer: ADDRESS('https://kubernetes.default.svc.cluster.local') });
  assertAudience('kubernetes', 'audience', audience);
  assertLists('kubernetes', { serviceAccounts }, { serviceAccounts: ACCOUNT });
  const { jwksUri, ...way } = fetch;
  return {
    issuer,
    audience,
    keys: jwksUri === undefined ? { discovery: true, ...way } : { jwksUri, ...way },
    ...lifetime(maxLifetime),
    algorithms: ['RS256', 'ES256', 'ES384', 'ES512'],
    types: ['', 'jwt'],
    requiredClaims: ['iat', 'kubernetes.io'],
    claims: { scopes: [] },
    claimEquals: {
      sub: [serviceAccounts].flat().map((account) => `system:serviceaccount:${account.replace('/', ':')}`),
    },
    isClient: () => true,
  };
}

const ACCOUNT = MATCHING(
  /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\/[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/,
  "a service account with its namespace like 'school/grader'",
);
