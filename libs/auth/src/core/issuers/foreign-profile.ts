// Owns what tokens of a trusted issuer must look like: the application's words made into a profile. What a profile means is for
// claims.ts.
import type { Algorithm } from '../keys/algorithms.js';
import type { AudienceRule, TokenProfile } from '../tokens/claims.js';
import { parseDurationMs } from '../duration.js';
import { AuthError } from '../errors.js';
import type { TokenLimits } from '../tokens/limits.js';
import { KIND_CLAIMS } from '../tokens/token-kind.js';
import { listedTexts, spacedTexts } from '../tokens/texts.js';
import type { Claims } from '../principal.js';
import { claimAt } from '../policies/claim-path.js';
import type { ClaimNames, TextClaim, TextClaims, TrustOptions } from './trust-options.js';

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
  const { issuer, types = ['at+jwt'], idTokens = false, boundTokens = false, supportedMajor } = options;
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
    boundTokens: boundTokens ? 'accept' : 'refuse',
    ...kindRules(options),
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

/** Claims that no ID token has (OpenID Connect Core §2). */
const ACCESS_TOKEN_CLAIMS = ['scope', 'scp'] as const;

/** What proves that a token is an access token, whatever else it carries: a claim about its kind, or one that ID tokens lack. */
function kindRules({ exactClaims = {}, requiredClaims = [], accessTokenClaims = [] }: TrustOptions): KindRules {
  const kindClaims = KIND_CLAIMS.filter((name) => name in exactClaims);
  const telling = [...accessTokenClaims, ...ACCESS_TOKEN_CLAIMS.filter((name) => requiredClaims.includes(name))];
  return {
    kindClaims,
    provesKind: (claims) => kindClaims.length > 0 || telling.some((name) => claims[name] !== undefined),
  };
}

type KindRules = Required<Pick<TokenProfile, 'kindClaims' | 'provesKind'>>;
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

/** A machine that acts for itself: our own mark, that of RFC 9068 §2.2, and the grant that only machines use. */
function isClient({ kind, client_id: clientId, azp, sub, gty, grant_type: grant }: Claims): boolean {
  if (kind === 'client' || isClientGrant(gty) || isClientGrant(grant)) return true;
  return sub !== undefined && (clientId === sub || azp === sub);
}

function isClientGrant(grant: unknown): boolean {
  return grant === 'client_credentials' || grant === 'client-credentials';
}

/** Reads texts of several claims, each once. */
function textsOf(names: TextClaims): (claims: Claims) => readonly string[] {
  if (typeof names === 'function') return names;
  const readers = [names].flat().map(readerOf);
  return (claims) => [...new Set(readers.flatMap((read) => read(claims)))];
}

/** `scope` alone is separated by spaces wherever it is found, because it is defined so (RFC 6749 §3.3, RFC 9068 §2.2.3). */
function readerOf(name: TextClaim): (claims: Claims) => readonly string[] {
  const [path, read] =
    typeof name === 'string'
      ? [name, name === 'scope' ? spacedTexts : listedTexts]
      : [name.spaceSeparated, spacedTexts];
  return (claims) => read(claimAt(claims, path));
}

/** Runs before anything else is judged, so that a token that is marked as another kind is never read as this one. */
function upgrade({
  exactClaims = {},
  accessTokenClaims = [],
  upgradeClaims,
}: TrustOptions): (claims: Claims) => Claims {
  const exact = Object.entries(exactClaims);
  return (claims) => {
    if (exact.some(([name, value]) => claims[name] !== value)) throw new AuthError('wrong_token_type');
    if (accessTokenClaims.some((name) => claims[name] === undefined)) throw new AuthError('wrong_token_type');
    return upgradeClaims === undefined ? claims : upgradeClaims(claims);
  };
}
