// What the claims of a verified token must be. One profile per issuer and kind of token, one call that checks all of it, and no claim can
// cause any other failure than a refusal.
import type { Algorithm } from '../keys/algorithms.js';
import { AuthError } from '../base/errors.js';
import { acceptSubject, acceptTexts, isTime, naming, readFlag, readId, readTime } from './claim-readers.js';
import type { ParsedJws } from './jws.js';
import { acrProblem, amrProblem } from '../base/proof.js';
import { refused, unacceptable } from './refusals.js';
import { assertKind } from './token-kind.js';
import { defaultLimits, type TokenLimits } from '../base/limits.js';
import type { AuthClaims, Claims, Verified } from '../base/principal.js';

/** What a token is for. Every verification names the kind it wants. */
export type TokenKind = 'access' | 'refresh';

/** Whom a token must be meant for. */
export interface AudienceRule {
  /** The claim that says it: `aud`, but for some issuers another (`client_id`). */
  readonly claim: string;
  /** One of these must be named. */
  readonly accepted: readonly string[];
  /** True if the claim must be one string, equal to the one accepted. */
  readonly exclusive: boolean;
}

/** What a token of one issuer and kind must look like. */
export interface TokenProfile {
  /** The exact `iss`. */
  readonly issuer: string;
  /**
   * The issuer name of a token's subject, if `iss` may differ from `issuer`; `undefined` if `iss` is not one of the issuer's. Anything it
   * throws refuses the token.
   * @defaultValue `issuer`, which `iss` must equal
   */
  nameOf?(claims: Claims): string | undefined;
  /** `false` opts out by name. */
  readonly audience: AudienceRule | false;
  /** Accepted `typ` headers in lower case without `application/`; an empty string accepts a token without one. */
  readonly types: readonly string[];
  readonly algorithms: readonly Algorithm[];
  /** Claims that must be there. `exp` and a subject always must. */
  readonly requiredClaims: readonly string[];
  /** True if times may have fractions (RFC 7519 §2 allows it; we never issue them). */
  readonly fractionalTimes: boolean;
  /** How far two clocks may disagree. At most 60. */
  readonly toleranceSeconds: number;
  /** The longest accepted `exp - iat`. */
  readonly maxLifetimeSeconds: number | undefined;
  /** How long ago a token may have been issued, whatever its `exp` says; without it any time. */
  readonly maxAgeSeconds?: number | undefined;
  /** Whether the marks of an OpenID Connect ID token rule a token out, or are to be expected. */
  readonly idTokens: 'refuse' | 'expect';
  /** True for claims that prove an access token, so that a `nonce` does not make an ID token of it. */
  provesKind?(claims: Claims): boolean;
  /** Claims about the kind that the profile has a rule of its own for; see KIND_CLAIMS of token-kind.ts. */
  readonly kindClaims?: readonly string[] | undefined;
  /** Whether a token that is bound to a key of the client (`cnf`) is accepted without a proof. @defaultValue 'refuse' */
  readonly boundTokens?: 'refuse' | 'accept' | undefined;
  /** The claim that is the token's id, if the issuer has one. */
  readonly jtiClaim: string | undefined;
  /** The claim that is the sign-in's id, if the issuer has one. */
  readonly sidClaim: string | undefined;
  /** The granted scopes; anything it throws refuses the token. */
  scopesOf(claims: Claims): readonly string[];
  /** The roles that the token states; without it none are read. Anything it throws refuses the token. */
  rolesOf?(claims: Claims): readonly string[];
  /** True for a token of a client that acts for itself. */
  isClient(claims: Claims): boolean;
  /** The subject, if it is not `sub`. */
  subjectOf?(claims: Claims): string | undefined;
  /** The highest major of the `version` claim that is understood; without it the claim is not looked at. */
  readonly supportedMajor?: number | undefined;
  /** Brings tokens of older versions up to date before they are checked. The signature already holds. */
  upgradeClaims?(claims: Claims): Claims;
  /** Further rules about claims; anything it throws refuses the token. */
  assertClaims?(claims: Claims): void;
  /** True for the tokens of our own issuing half. */
  readonly own: boolean;
  /** @defaultValue the limits of limits.ts */
  readonly limits?: TokenLimits | undefined;
}

/**
 * Checks the claims of a token whose signature holds, by every rule except those about time (`assertInTime`): the same token and
 * profile give the same answer, today and tomorrow.
 *
 * @throws AuthError `wrong_token_type`, `unsupported_token_version`, `missing_claim`, `invalid_claims`, `invalid_issuer`,
 * `invalid_audience`, `missing_subject`; never anything else, whatever was signed
 */
export function readClaims(jws: ParsedJws, profile: TokenProfile): Verified {
  try {
    // `null` says nothing. We never sign it for what we read, so that in tokens of our own it is a mistake like any other.
    const said = profile.own ? jws.claims : withoutNulls(jws.claims);
    assertKind(jws.header.typ, said, profile);
    assertVersion(jws.claims, profile);
    const claims = upToDate(said, profile);
    assertPresent(claims, profile);
    issuerOf(claims, profile);
    assertAudience(claims, profile);
    profile.assertClaims?.(claims);
    return Object.freeze(readFacts(claims, profile));
  } catch (cause) {
    if (cause instanceof AuthError) throw cause;
    throw new AuthError('invalid_claims', { cause });
  }
}

function withoutNulls(claims: Claims): Claims {
  const entries = Object.entries(claims);
  if (!entries.some(([, value]) => value === null)) return claims;
  return frozenClaims(Object.fromEntries(entries.filter(([, value]) => value !== null)));
}

function frozenClaims(claims: Claims): Claims {
  return Object.freeze(Object.assign(Object.create(null), claims));
}

function assertVersion({ version = '1.0.0' }: Claims, { supportedMajor }: TokenProfile): void {
  if (supportedMajor === undefined || majorOf(version) <= supportedMajor) return;
  const rule = `must be a version up to ${supportedMajor}`;
  throw refused('unsupported_token_version', { claim: 'version', rule, option: 'supportedMajor' });
}

function majorOf(version: unknown): number {
  const major = typeof version === 'string' ? /^(\d{1,9})(?:\.\d{1,9}){0,2}$/.exec(version)?.[1] : undefined;
  return major === undefined ? Number.POSITIVE_INFINITY : Number(major);
}

function upToDate(claims: Claims, { upgradeClaims }: TokenProfile): Claims {
  return upgradeClaims === undefined ? claims : frozenClaims(upgradeClaims(claims));
}

function assertPresent(claims: Claims, { requiredClaims, own }: TokenProfile): void {
  const claim = ['exp', ...requiredClaims].find((name) => claims[name] === undefined);
  if (claim === undefined) return;
  throw refused('missing_claim', { claim, rule: 'is required', option: optionOfRequired(claim, own) });
}

/** The option that a claim is required by, if there is one. */
function optionOfRequired(claim: string, own: boolean): string | undefined {
  if (own || claim === 'exp' || claim === 'iss') return undefined;
  return claim === 'aud' ? 'audience' : 'requiredClaims';
}

function issuerOf(claims: Claims, { issuer, nameOf }: TokenProfile): string {
  const isExact = nameOf === undefined && claims['iss'] === issuer;
  const name = isExact ? issuer : nameOf?.(claims);
  if (name !== undefined) return name;
  throw refused('invalid_issuer', { claim: 'iss', rule: 'must be the issuer itself', option: 'issuer' });
}

function assertAudience(claims: Claims, { audience, limits = defaultLimits }: TokenProfile): void {
  if (audience === false) return;
  // An `aud` is the last word on whom a token is meant for, whatever else names an audience (RFC 7519 §4.1.3).
  const places = audience.claim === 'aud' || claims['aud'] === undefined ? [audience.claim] : [audience.claim, 'aud'];
  for (const claim of places) {
    const reason = audienceProblem(claims[claim], audience, limits.audiences);
    if (reason !== undefined) throw refused('invalid_audience', { claim, ...reason });
  }
}

/** Why a claim does not name us; nothing if it does. */
function audienceProblem(value: unknown, { exclusive, accepted }: AudienceRule, most: number) {
  const named: readonly unknown[] = Array.isArray(value) && !exclusive ? value : [value];
  if (named.length > most) return { rule: `must not have more than ${most} entries`, option: 'limits.audiences' };
  const areTexts = named.every((name) => typeof name === 'string');
  if (areTexts && accepted.some((name) => named.includes(name))) return undefined;
  return exclusive ? NOT_EXCLUSIVE : NOT_MEANT;
}

const NOT_MEANT = { rule: 'must name an accepted audience', option: 'audience' } as const;
const NOT_EXCLUSIVE = {
  rule: 'must be the accepted audience alone, as a string',
  option: 'exclusiveAudience',
} as const;

/** Some write it as text. What cannot be read is not known: a route that asks how old the sign-in is then refuses. */
function readAuthTime(claims: Claims, profile: TokenProfile): number | undefined {
  const isAskedFor = profile.own || profile.requiredClaims.includes('auth_time');
  return isAskedFor || isTime(claims['auth_time'], profile) ? readTime(claims, 'auth_time', profile) : undefined;
}

/** As for `auth_time`: what another issuer writes in another way is not known, and a route that asks for it refuses. */
function readAcr({ acr }: Claims, own: boolean): string | undefined {
  const problem = acrProblem(acr);
  if (problem === undefined) return acr as string | undefined;
  if (own) throw unacceptable('acr', problem);
  return undefined;
}

function readAmr({ amr }: Claims, own: boolean): readonly string[] | undefined {
  const problem = amrProblem(amr);
  if (problem === undefined) return amr as readonly string[] | undefined;
  if (own) throw unacceptable('amr', problem);
  return undefined;
}

function readFacts(claims: Claims, profile: TokenProfile): Verified {
  const { limits = defaultLimits, own, rolesOf } = profile;
  const [issuedAt, expiresAt] = ['iat', 'exp'].map((name) => readTime(claims, name, profile));
  const authTime = readAuthTime(claims, profile);
  return {
    subject: Object.freeze({ issuer: issuerOf(claims, profile), id: readSubject(claims, profile, limits.subject) }),
    kind: naming('client', () => profile.isClient(claims)) ? 'client' : 'user',
    // The application declares the shape of its own claims; it is not checked here, and every member of it may be absent.
    claims: claims as AuthClaims,
    scopes: naming('scopes', () => acceptTexts(profile.scopesOf(claims), 'scopes')),
    roles: rolesOf === undefined ? undefined : naming('roles', () => acceptTexts(rolesOf(claims), 'roles')),
    own,
    jti: readId(claims, profile.jtiClaim, limits.jti),
    sid: readId(claims, profile.sidClaim, limits.subject),
    issuedAt: rounded(Math.floor, issuedAt),
    expiresAt: rounded(Math.ceil, expiresAt),
    authTime: rounded(Math.floor, authTime),
    acr: readAcr(claims, own),
    amr: readAmr(claims, own),
    stamp: own ? readId(claims, 'stamp', limits.subject) : undefined,
    restricted: readFlag(claims, 'is_restricted'),
  };
}

/** Fractions round so that nothing is younger, and no revocation is deleted earlier, than the token. */
function rounded(round: (time: number) => number, time: number | undefined): number | undefined {
  return time === undefined ? undefined : round(time);
}

function readSubject(claims: Claims, { subjectOf }: TokenProfile, limit: number): string {
  return acceptSubject(
    naming('sub', () => (subjectOf === undefined ? claims['sub'] : subjectOf(claims))),
    limit,
  );
}
