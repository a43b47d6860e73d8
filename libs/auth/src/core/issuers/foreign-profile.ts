// Owns what tokens of a trusted issuer must look like: the application's words made into a profile. What a profile means is for
// claims.ts.
import type { Algorithm } from '../keys/algorithms.js';
import type { AudienceRule, TokenProfile } from '../tokens/claims.js';
import { parseDurationMs } from '../duration.js';
import { AuthError } from '../errors.js';
import type { TokenLimits } from '../tokens/limits.js';
import type { Claims, Json } from '../principal.js';
import { claimAt } from '../policies/claim-path.js';
import type { ClaimNames, TrustOptions } from './trust-options.js';

/** What an entry gets from the module around it. */
export interface ProfileSurroundings {
  readonly toleranceSeconds: number;
  readonly limits?: TokenLimits | undefined;
}

const DAY_SECONDS = 86_400;

/** The algorithms of an issuer: as listed, that of its secret, or the two that most providers use. */
export function algorithmsOf({ algorithms, keys }: TrustOptions): readonly Algorithm[] {
  return algorithms ?? ('secret' in keys ? [keys.alg] : ['RS256', 'ES256']);
}

/** The profile of access tokens of a trusted issuer. */
export function foreignProfile(options: TrustOptions, { toleranceSeconds, limits }: ProfileSurroundings): TokenProfile {
  const { issuer, types = ['at+jwt'], idTokens = false, supportedMajor } = options;
  return Object.freeze({
    issuer,
    ...presenceRules(options),
    ...claimRules(options.claims ?? {}),
    types: types.map((type) => type.toLowerCase()),
    algorithms: algorithmsOf(options),
    fractionalTimes: true,
    toleranceSeconds: seconds(options.clockTolerance) ?? toleranceSeconds,
    maxLifetimeSeconds: seconds(options.maxLifetime) ?? DAY_SECONDS,
    idTokens: idTokens ? 'expect' : 'refuse',
    isClient: options.isClient ?? isClient,
    supportedMajor,
    upgradeClaims: upgrade(options),
    own: false,
    limits,
  });
}

function presenceRules(options: TrustOptions): Pick<TokenProfile, 'audience' | 'requiredClaims'> {
  const audience = audienceOf(options);
  const { requiredClaims = ['iat'] } = options;
  return { audience, requiredClaims: ['iss', ...(audience === false ? [] : [audience.claim]), ...requiredClaims] };
}

type ClaimRules = Pick<TokenProfile, 'jtiClaim' | 'sidClaim' | 'scopesOf' | 'rolesOf' | 'subjectOf'>;

function claimRules({ subject, scopes = ['scope', 'scp'], roles = [], id, session }: ClaimNames): ClaimRules {
  const subjectOf = subjectFrom(subject);
  return {
    jtiClaim: named(id, 'jti'),
    sidClaim: named(session, 'sid'),
    scopesOf: textsAt(scopes),
    rolesOf: typeof roles === 'function' ? roles : textsAt(roles),
    ...(subjectOf !== undefined && { subjectOf }),
  };
}

function audienceOf({ audience, claims = {} }: TrustOptions): AudienceRule | false {
  if (audience === false) return false;
  return { claim: claims.audience ?? 'aud', accepted: [audience].flat(), exclusive: false };
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

/** A machine that acts for itself: our own mark, and that of RFC 9068 §2.2. */
function isClient({ kind, client_id: clientId, sub }: Claims): boolean {
  return kind === 'client' || (clientId !== undefined && clientId === sub);
}

/** Reads texts wherever they stand: separated by blanks, or listed. */
function textsAt(paths: string | readonly string[]): (claims: Claims) => readonly string[] {
  return (claims) => [...new Set([paths].flat().flatMap((path) => textsOf(claimAt(claims, path))))];
}

function textsOf(value: Json | undefined): readonly string[] {
  if (value === undefined) return [];
  const texts: readonly unknown[] =
    typeof value === 'string' ? value.split(' ').filter((one) => one !== '') : [value].flat();
  if (!texts.every((text) => typeof text === 'string')) throw new AuthError('invalid_claims');
  return texts;
}

/** Runs before anything else is judged, so that a token that is marked as another kind is never read as this one. */
function upgrade({ exactClaims = {}, upgradeClaims }: TrustOptions): (claims: Claims) => Claims {
  const exact = Object.entries(exactClaims);
  return (claims) => {
    if (exact.some(([name, value]) => claims[name] !== value)) throw new AuthError('wrong_token_type');
    return upgradeClaims === undefined ? claims : upgradeClaims(claims);
  };
}
