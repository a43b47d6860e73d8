// What tokens of a trusted issuer must look like: the application's words made into a profile. What a profile means is for
// claims.ts.
import type { AudienceRule, TokenProfile } from '../tokens/claims.js';
import { parseDurationMs } from '../base/duration.js';
import { externalLimits, type TokenLimits } from '../base/limits.js';
import type { Claims } from '../base/principal.js';
import { claimAt } from '../base/claim-path.js';
import { issuerNames } from './issuer-names.js';
import { algorithmsOf } from './key-sources.js';
import { isClient, kindRules, upgrade } from './kind-rules.js';
import { textsOf } from './text-claims.js';
import type { ClaimNames, TrustOptions } from './trust-options.js';
import { valueRules } from './value-rules.js';

/** What an entry gets from the module around it. */
export interface ProfileContext {
  readonly toleranceSeconds: number;
  /** @defaultValue externalLimits */
  readonly limits?: TokenLimits | undefined;
}

const DAY_SECONDS = 86_400;

/** The profile of access tokens of a trusted issuer. */
export function externalProfile(options: TrustOptions, { toleranceSeconds, limits }: ProfileContext): TokenProfile {
  const { issuer, types = ['at+jwt'], supportedMajor } = options;
  return Object.freeze({
    issuer,
    ...issuerNames(options),
    ...presenceRules(options),
    ...claimRules(options.claims ?? {}),
    types: types.map((type) => type.toLowerCase()),
    algorithms: algorithmsOf(options),
    fractionalTimes: true,
    toleranceSeconds: seconds(options.clockTolerance) ?? toleranceSeconds,
    maxLifetimeSeconds: seconds(options.maxLifetime) ?? DAY_SECONDS,
    maxAgeSeconds: seconds(options.maxAge),
    ...kindRules(options),
    isClient: options.isClient ?? isClient,
    supportedMajor,
    upgradeClaims: upgrade(options),
    assertClaims: valueRules(options),
    own: false,
    limits: { ...(limits ?? externalLimits), ...options.limits },
  });
}

function presenceRules(options: TrustOptions): Pick<TokenProfile, 'audience' | 'requiredClaims'> {
  const audience = audienceOf(options);
  const { requiredClaims = ['iat'] } = options;
  const named = audience === false ? [] : [audience.claim];
  // An age is counted from `iat`.
  const dated = options.maxAge === undefined ? [] : ['iat'];
  return { audience, requiredClaims: ['iss', ...named, ...dated, ...requiredClaims] };
}

type ClaimRules = Pick<TokenProfile, 'jtiClaim' | 'sidClaim' | 'scopesOf' | 'rolesOf' | 'subjectOf'>;

function claimRules({ subject, scopes = ['scope', 'scp'], roles = [], id, session }: ClaimNames): ClaimRules {
  const subjectOf = subjectFrom(subject);
  return {
    jtiClaim: named(id, 'jti'),
    sidClaim: named(session, 'sid'),
    scopesOf: textsOf(scopes),
    rolesOf: textsOf(roles),
    ...(subjectOf !== undefined && { subjectOf }),
  };
}

function audienceOf({ audience, claims = {}, exclusiveAudience = false }: TrustOptions): AudienceRule | false {
  if (audience === false) return false;
  return { claim: claims.audience ?? 'aud', accepted: [audience].flat(), exclusive: exclusiveAudience };
}

function seconds(duration: unknown): number | undefined {
  const milliseconds = duration === undefined ? undefined : parseDurationMs(duration);
  return milliseconds === undefined ? undefined : Math.floor(milliseconds / 1_000);
}

function named(claim: string | false | undefined, otherwise: string): string | undefined {
  return claim === false ? undefined : (claim ?? otherwise);
}

function subjectFrom(
  subject: string | ((claims: Claims) => string | undefined) | undefined,
): TokenProfile['subjectOf'] {
  if (typeof subject !== 'string') return subject;
  // Whatever it is, it is judged as an id afterwards.
  return (claims) => claimAt(claims, subject) as string | undefined;
}
