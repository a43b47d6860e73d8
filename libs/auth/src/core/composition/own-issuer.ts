// This service as an issuer that it trusts itself, if it issues.
import { ownLimits } from '../base/limits.js';
import { schemaRule } from '../tokens/claims-schema.js';
import { ownAccessProfile, ownRefreshProfile } from '../tokens/profiles.js';
import type { TokenProfile } from '../tokens/claims.js';
import type { TrustedIssuer } from '../tokens/token-verifier.js';
import { refreshAudienceOf } from '../issuing/token-settings.js';
import type { OwnKeys } from '../keys/own-keys.js';
import type { AuthenticationSettings } from './authentication-settings.js';

/** This service as a trusted issuer; empty for a verify-only service. */
export function ownIssuer(settings: AuthenticationSettings, { ring }: OwnKeys): readonly TrustedIssuer[] {
  if (ring === undefined) return [];
  return [{ issuer: settings.tokens.issuer, keys: ring, profiles: ownProfilesOf(settings, ring.algorithms) }];
}

/** What our own tokens look like; the minter signs nothing that these would refuse. */
export function ownProfilesOf(
  settings: AuthenticationSettings,
  algorithms: TokenProfile['algorithms'],
): { readonly access: TokenProfile; readonly refresh: TokenProfile } {
  const { tokens, toleranceSeconds, anyAudience } = settings;
  const common = {
    issuer: tokens.issuer,
    algorithms,
    toleranceSeconds,
    limits: ownLimits(settings.limits),
  };
  const access = ownAccessProfile({
    ...common,
    audience: anyAudience ? false : tokens.audience,
    exclusiveAudience: settings.exclusiveAudience,
    maxLifetimeSeconds: tokens.access.maxTtlSeconds,
    supportedMajor: tokens.access.supportedMajor,
  });
  const { subjectClaim, claimsSchema } = tokens.access;
  const checked = claimsSchema === undefined ? access : { ...access, assertClaims: schemaRule(claimsSchema) };
  return {
    access: withSubjectClaim(checked, subjectClaim),
    refresh: ownRefreshProfile(
      { ...common, maxLifetimeSeconds: tokens.refresh.idleSeconds },
      refreshAudienceOf(tokens),
    ),
  };
}

/** A client has no user, and so no other claim than `sub` that names it. */
function withSubjectClaim(profile: TokenProfile, claim: string): TokenProfile {
  if (claim === 'sub') return profile;
  return {
    ...profile,
    subjectOf: (claims) => {
      const id = profile.isClient(claims) ? claims['sub'] : claims[claim];
      return typeof id === 'string' ? id : undefined;
    },
  };
}
