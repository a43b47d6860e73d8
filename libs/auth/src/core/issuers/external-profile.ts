// What tokens of a trusted issuer must look like: the application's words made into a profile. What a profile means is for
// claims.ts.
import type { AudienceRule, TokenProfile } from '../tokens/claims.js';
import { externalLimits, type TokenLimits } from '../base/limits.js';
import { wholeSeconds } from '../base/option-kinds.js';
import type { Claims } from '../base/principal.js';
import { claimAt } from '../base/claim-path.js';
import { issuerNames } from './issuer-names.js';
import { algorithmsOf } from './key-sources.js';
import { isClient, kindRules, upgrade } from './kind-rules.js';
import { textsOf } from './text-claims.js';
import type { TrustedEntry } from './trust-options.js';
import { valueRules } from './value-rules.js';

/** What an entry gets from the module around it. */
export interface ProfileContext {
  readonly toleranceSeconds: number;
  /** @defaultValue externalLimits */
  readonly limits?: TokenLimits | undefined;
}

/** The profile of access tokens of a trusted issuer. */
export function externalProfile(entry: TrustedEntry, { toleranceSeconds, limits }: ProfileContext): TokenProfile {
  const { issuer, types, supportedMajor, clockTolerance, maxAge } = entry;
  return Object.freeze({
    issuer,
    ...issuerNames(entry),
    ...presenceRules(entry),
    ...claimRules(entry.claims),
    types: types.map((type) => type.toLowerCase()),
    algorithms: algorithmsOf(entry),
    fractionalTimes: true,
    toleranceSeconds: clockTolerance === undefined ? toleranceSeconds : wholeSeconds(clockTolerance),
    maxLifetimeSeconds: wholeSeconds(entry.maxLifetime),
    maxAgeSeconds: maxAge === undefined ? undefined : wholeSeconds(maxAge),
    ...kindRules(entry),
    isClient: entry.isClient ?? isClient,
    supportedMajor,
    upgradeClaims: upgrade(entry),
    assertClaims: valueRules(entry),
    own: false,
    limits: { ...(limits ?? externalLimits), ...entry.limits },
  });
}

function presenceRules(entry: TrustedEntry): Pick<TokenProfile, 'audience' | 'requiredClaims'> {
  const audience = audienceOf(entry);
  const named = audience === false ? [] : [audience.claim];
  // An age is counted from `iat`.
  const dated = entry.maxAge === undefined ? [] : ['iat'];
  return {
    audience,
    requiredClaims: [...(entry.withoutIssuer ? [] : ['iss']), ...named, ...dated, ...entry.requiredClaims],
  };
}

type ClaimRules = Pick<TokenProfile, 'jtiClaim' | 'sidClaim' | 'scopesOf' | 'rolesOf' | 'subjectOf'>;

function claimRules({ subject, scopes, roles, id, session }: TrustedEntry['claims']): ClaimRules {
  const subjectOf = subjectFrom(subject);
  return {
    jtiClaim: id === false ? undefined : id,
    sidClaim: session === false ? undefined : session,
    scopesOf: textsOf(scopes),
    rolesOf: textsOf(roles),
    ...(subjectOf !== undefined && { subjectOf }),
  };
}

function audienceOf({ audience, claims, exclusiveAudience }: TrustedEntry): AudienceRule | false {
  if (audience === false) return false;
  return { claim: claims.audience, accepted: [audience].flat(), exclusive: exclusiveAudience };
}

function subjectFrom(
  subject: string | ((claims: Claims) => string | undefined) | undefined,
): TokenProfile['subjectOf'] {
  if (typeof subject !== 'string') return subject;
  // Whatever it is, it is checked as an id afterwards.
  return (claims) => claimAt(claims, subject) as string | undefined;
}
