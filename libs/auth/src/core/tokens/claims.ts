// What the claims of a verified token must be. One profile per issuer and kind of token, one call that checks all of it, and no claim can
// cause any other failure than a refusal.
import { AuthError } from '../base/errors.js';
import { acceptSubject, acceptTexts, isTime, naming, readFlag, readId, readTime } from './claim-readers.js';
import type { ParsedJws } from './jws.js';
import { acrProblem, amrProblem } from '../base/proof.js';
import { refused, unacceptable } from './refusals.js';
import { assertKind } from './token-kind.js';
import type { AudienceRule, TokenProfile } from './token-profile.js';
import { defaultLimits } from '../base/limits.js';
import type { AuthClaims, Claims, Verified } from '../base/principal.js';

export type { AudienceRule, TokenKind, TokenProfile } from './token-profile.js';

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

function assertVersion({ version = '1.0.0' }: Claims, { supportedMajor, own }: TokenProfile): void {
  if (supportedMajor === undefined || majorOf(version) <= supportedMajor) return;
  const rule = `must be a version up to ${supportedMajor}`;
  const option = own ? 'access.supportedMajor' : 'supportedMajor';
  throw refused('unsupported_token_version', { claim: 'version', rule, option });
}

/** The first number of a version like '1.2.0'; infinite for what is no version. */
export function majorOf(version: unknown): number {
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
