// Firebase Authentication and Identity Platform.
import type { Claims } from '../../base/principal.js';
import { unacceptable } from '../../tokens/refusals.js';
import type { TrustOptions } from '../trust-options.js';
import { assertFlags, assertLists, assertPreset, MATCHING, NAME } from './preset-checks.js';
import { isRecord } from '../../base/members.js';
import { lifetime, type ProviderOptions, RS256 } from './preset-options.js';

/** What the tokens of a Firebase project are accepted by. */
export interface FirebaseOptions extends ProviderOptions {
  /** The id of the project, not its number and not its name. */
  readonly projectId: string;
  /** Accepts users who signed in anonymously. @defaultValue false */
  readonly anonymousUsers?: boolean;
  /** The tenants of Identity Platform whose users are accepted. @defaultValue none: users of the project itself */
  readonly tenantId?: string | readonly string[];
}

const FIREBASE_KEYS = 'https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com';

/**
 * Firebase: **ID tokens**, which Firebase issues for the project's own back end. They have no `nonce` and no `at_hash`; session cookies
 * and custom tokens are of other issuers and stay refused. Firebase has no client tokens.
 *
 * @example
 * ```ts
 * import { AuthModule } from 'nestjs-latchkey';
 * import { firebase } from 'nestjs-latchkey/issuers';
 *
 * export const auth = AuthModule.forRoot({
 *   trust: [firebase({ projectId: 'school-1a2b3' })],
 * });
 * ```
 * @throws AuthConfigurationError for a `projectId` that is not one
 */
export function firebase(options: FirebaseOptions): TrustOptions {
  const { projectId, anonymousUsers = false, tenantId, maxLifetime, ...fetch } = options;
  assertPreset(
    'firebase',
    { projectId },
    {
      projectId: MATCHING(
        /^(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{2,28}[a-z0-9]$/,
        "the id of a project like 'school-1a2b3', not its number",
      ),
    },
  );
  assertFlags('firebase', options, ['anonymousUsers']);
  if ('tenantId' in options) assertLists('firebase', { tenantId }, { tenantId: NAME('school-x9k2p') });
  return {
    issuer: `https://securetoken.google.com/${projectId}`,
    audience: projectId,
    keys: { jwksUri: FIREBASE_KEYS, ...fetch },
    ...lifetime(maxLifetime),
    algorithms: RS256,
    types: ['jwt'],
    idTokens: true,
    requiredClaims: ['iat', 'auth_time', 'firebase'],
    claims: { scopes: [] },
    upgradeClaims: (claims) => assertSignIn(claims, { anonymousUsers, tenants: [tenantId ?? []].flat() }),
    isClient: () => false,
  };
}

interface SignInRule {
  readonly anonymousUsers: boolean;
  readonly tenants: readonly string[];
}

function assertSignIn(claims: Claims, { anonymousUsers, tenants }: SignInRule): Claims {
  const signIn: unknown = claims['firebase'];
  // Absent, it is refused as a claim that is required.
  if (signIn === undefined) return claims;
  if (!isRecord(signIn)) throw unacceptable('firebase', 'must be an object');
  const { sign_in_provider: provider, tenant } = signIn;
  if (!anonymousUsers && (typeof provider !== 'string' || provider === 'anonymous'))
    throw unacceptable('firebase.sign_in_provider', 'must not be anonymous', 'anonymousUsers');
  if (!isTenantOf(tenants, tenant ?? undefined))
    throw unacceptable('firebase.tenant', 'must be an accepted tenant', 'tenantId');
  return claims;
}

/** Without accepted tenants only users of none are accepted. */
function isTenantOf(tenants: readonly string[], tenant: unknown): boolean {
  if (tenants.length === 0) return tenant === undefined;
  return typeof tenant === 'string' && tenants.includes(tenant);
}
