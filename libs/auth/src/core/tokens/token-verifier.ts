// The way from a token's text to what it vouches for: its issuer, its key, its signature, its claims, in that order and in one
// call. Nothing outside the process is asked before the issuer is known to be one of ours and the algorithm one of its own.
import { algorithms, isAlgorithm, mixesSecretsAndPublicKeys } from '../keys/algorithms.js';
import { readClaims, type TokenKind, type TokenProfile } from './claims.js';
import { assertInTime } from './token-times.js';
import type { Clock } from '../base/clock.js';
import { AuthConfigurationError, AuthError, orUnavailable, isPromise } from '../base/errors.js';
import { assertSize, parseJws, type ParsedJws } from './jws.js';
import { TENANT_PLACEHOLDER, tenantIn } from '../keys/issuer-template.js';
import type { KeyQuery, KeySet, VerificationKey } from '../keys/keys.js';
import { defaultLimits, type TokenLimits, widestLimits } from '../base/limits.js';
import type { Claims, Subject, Verified } from '../base/principal.js';
import { SignatureCache, type KnownSignature } from './signature-cache.js';
import { type FindKey, type KeySearch, signerOf } from './signer.js';
import { algorithmNotAllowed, unknownKey } from '../keys/key-refusals.js';
import { refused } from './refusals.js';

/** An issuer whose tokens are accepted: where its keys are, and what its tokens of each kind look like. */
export interface TrustedIssuer {
  /** The exact `iss`. */
  readonly issuer: string;
  /** Other exact values of `iss` that the same issuer writes. */
  readonly aliases?: readonly string[] | undefined;
  /** Says, with the exact `iss` of a token that is good otherwise, whether its tenant is accepted. Nothing but `true` is. */
  readonly accepts?: ((iss: unknown) => boolean | Promise<boolean>) | undefined;
  readonly keys: KeySet;
  /** A kind without a profile is not accepted from this issuer. */
  readonly profiles: Readonly<Partial<Record<TokenKind, TokenProfile>>>;
}

export interface TokenVerifierOptions {
  readonly issuers: readonly TrustedIssuer[];
  readonly clock: Clock;
  /** What a token may be before its issuer is known. @defaultValue the widest limits of the issuers */
  readonly limits?: TokenLimits | undefined;
  /** Remembers signatures that held. @defaultValue a cache of 10,000 tokens and 16 MiB */
  readonly signatures?: SignatureCache | undefined;
}

/** As much of a signature as no two tokens share, and too little to verify. */
const MARK_LENGTH = 32;

/** Verifies tokens of every trusted issuer. */
export class TokenVerifier {
  private readonly issuers: ReadonlyMap<string, TrustedIssuer>;
  private readonly templates: readonly TrustedIssuer[];
  private readonly clock: Clock;
  private readonly limits: TokenLimits;
  private readonly signatures: SignatureCache;
  private readonly withoutAudience = new Map<TokenProfile, TokenProfile>();

  /** @throws AuthConfigurationError with every contradiction among the issuers */
  constructor({ issuers, clock, limits, signatures = new SignatureCache() }: TokenVerifierOptions) {
    const problems = issuerProblems(issuers);
    if (problems.length > 0) throw new AuthConfigurationError(problems);
    this.issuers = new Map(issuers.flatMap((trusted) => namesOf(trusted).map((name) => [name, trusted] as const)));
    this.templates = issuers.filter(({ issuer }) => issuer.includes(TENANT_PLACEHOLDER));
    this.clock = clock;
    this.limits = limits ?? widestLimits(limitsOf(issuers));
    this.signatures = signatures;
  }

  /**
   * Verifies a token of the kind that the caller wants, and says what it vouches for.
   *
   * @throws AuthError one of the codes of {@link judgeClaims}, `token_malformed`, `token_invalid`, `algorithm_not_allowed`,
   * `unknown_key`, or `keys_unavailable` (503) where the keys could not be had
   */
  async verify(token: string, kind: TokenKind): Promise<Verified> {
    return this.judge(token, kind, (profile) => profile);
  }

  /**
   * As {@link verify}, but a token of our own may be meant for any service: for revoking and introspecting what we issued, never
   * for letting anybody in.
   */
  async verifyIssued(token: string, kind: TokenKind): Promise<Verified> {
    return this.judge(token, kind, (profile) => (profile.own ? this.unaddressed(profile) : profile));
  }

  private async judge(token: string, kind: TokenKind, by: (profile: TokenProfile) => TokenProfile): Promise<Verified> {
    const found = this.signatures.find(token);
    const jws = found?.jws ?? parseJws(token, this.limits);
    const { issuer, profile: own } = this.trusted(jws, kind);
    const { keys, accepts } = issuer;
    const profile = by(own);
    const find: FindKey = (search) => findKey(keys, profile, { jws, ...search });
    const answer = find({ known: found?.key });
    const key = isPromise(answer) ? await answer : answer;
    const known = found?.key === key ? found : this.signatures.remember(jws, await signerOf(jws, key, find));
    const verified = factsOf(known, profile);
    assertInTime(verified, profile, this.clock.nowSeconds());
    if (accepts !== undefined) await assertTenant(accepts, jws);
    return verified;
  }

  /** The same object each time, because what is remembered about a token is remembered by profile. */
  private unaddressed(profile: TokenProfile): TokenProfile {
    const made = this.withoutAudience.get(profile) ?? { ...profile, audience: false };
    this.withoutAudience.set(profile, made);
    return made;
  }

  /**
   * Whom a token claims to be about, without verifying anything. Only for denying or observing, never for granting: anybody can
   * write such a token. `undefined` if it cannot be read or comes from nobody we know.
   */
  claimedSubject(token: string): Subject | undefined {
    try {
      const { claims } = parseJws(token, this.limits);
      const { issuer, profiles } = this.issuerOf(claims['iss']);
      const profile = profiles.access ?? profiles.refresh;
      return profile === undefined ? undefined : subjectOf(claims, profile, issuer);
    } catch {
      return undefined;
    }
  }

  private trusted(
    { token, claims }: ParsedJws,
    kind: TokenKind,
  ): { readonly issuer: TrustedIssuer; readonly profile: TokenProfile } {
    const issuer = this.issuerOf(claims['iss']);
    const profile = issuer.profiles[kind];
    if (profile === undefined)
      throw refused('wrong_token_type', { claim: 'iss', rule: `issues no ${kind} tokens here` });
    // Until here it could be anybody's, and as large as the largest of anybody may be.
    assertSize(token, profile.limits ?? defaultLimits);
    return { issuer, profile };
  }

  private issuerOf(iss: unknown): TrustedIssuer {
    if (iss === undefined) throw refused('missing_claim', { claim: 'iss', rule: 'is required' });
    const issuer = typeof iss === 'string' ? this.issuers.get(iss) : undefined;
    const found = issuer ?? this.templates.find((template) => tenantIn(template.issuer, iss) !== undefined);
    if (found === undefined) throw refused('invalid_issuer', NOT_TRUSTED);
    return found;
  }
}

const NOT_TRUSTED = {
  claim: 'iss',
  rule: 'must be an issuer of ours, to the last character',
  option: 'trust',
} as const;

/** Keys that are at hand are found at once; the set of another issuer may have to be fetched. */
function findKey(
  keys: KeySet,
  profile: TokenProfile,
  { jws: { header, token }, ...search }: KeySearch & { readonly jws: ParsedJws },
): VerificationKey | Promise<VerificationKey> {
  const { alg, kid, thumbprints } = header;
  if (!isAlgorithm(alg) || !profile.algorithms.includes(alg)) throw algorithmNotAllowed(profile.algorithms);
  const query: KeyQuery = { alg, kid, thumbprints, mark: token.slice(-MARK_LENGTH), ...search };
  const found = orUnavailable('keys_unavailable', () => keys.find(query));
  return isPromise(found) ? found.then(assertKey) : assertKey(found);
}

/** Judged once for each token and profile. */
function factsOf(known: KnownSignature, profile: TokenProfile): Verified {
  if (known.facts?.profile !== profile) known.facts = { profile, verified: vouchedFor(known, profile) };
  return known.facts.verified;
}

function vouchedFor({ jws, key }: KnownSignature, profile: TokenProfile): Verified {
  const { alg } = jws.header;
  // The id of a secret may be made of it, and whoever reads the log could guess.
  const kid = key.key.type === 'secret' ? undefined : key.kid;
  return Object.freeze({ ...readClaims(jws, profile), key: Object.freeze({ kid, alg }) });
}

/** A custom `KeySet` may return nothing: treat that as `unknown_key`. */
function assertKey(key: VerificationKey | undefined | null): VerificationKey {
  if (key === undefined || key === null) throw unknownKey();
  return key;
}

function limitsOf(issuers: readonly TrustedIssuer[]): readonly TokenLimits[] {
  return issuers.flatMap(({ profiles }) => Object.values(profiles).map(({ limits = defaultLimits }) => limits));
}

/** @throws AuthError `invalid_issuer`; `store_unavailable` where the application cannot tell */
async function assertTenant(accepts: NonNullable<TrustedIssuer['accepts']>, { claims }: ParsedJws): Promise<void> {
  const isAccepted: unknown = await orUnavailable('store_unavailable', () => accepts(claims['iss']));
  if (isAccepted !== true)
    throw new AuthError('invalid_issuer', { reason: { claim: 'iss', rule: 'must name an accepted tenant' } });
}

function subjectOf(claims: Claims, profile: TokenProfile, issuer: string): Subject | undefined {
  const id = profile.subjectOf?.(claims) ?? claims['sub'];
  if (typeof id !== 'string' || id === '') return undefined;
  return { issuer: profile.nameOf?.(claims) ?? issuer, id };
}

function namesOf({ issuer, aliases = [] }: TrustedIssuer): readonly string[] {
  return [issuer, ...aliases];
}

function issuerProblems(issuers: readonly TrustedIssuer[]): readonly string[] {
  const names = issuers.flatMap(namesOf);
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  return [
    ...(issuers.length === 0 ? ['no issuer is trusted: there would be nothing to verify tokens with'] : []),
    ...twice.map((name) => `the issuer ${JSON.stringify(name)} is trusted twice`),
    ...issuers.flatMap(({ issuer, profiles, keys }) =>
      Object.values(profiles).flatMap((profile) =>
        profileProblems(issuer, profile, keys.separated ?? [profile.algorithms]),
      ),
    ),
  ];
}

type Separated = NonNullable<KeySet['separated']>;

function mixesSources(sources: Separated): boolean {
  return sources.some((listed) => mixesSecretsAndPublicKeys(listed.filter(isAlgorithm)));
}

function profileProblems(issuer: string, profile: TokenProfile, separated: Separated): readonly string[] {
  const { algorithms: listed, audience, toleranceSeconds } = profile;
  const rules: readonly (readonly [boolean, string])[] = [
    [issuer === '' || profile.issuer !== issuer, 'needs one issuer name, the same in its profiles'],
    [listed.length === 0 || !listed.every(isAlgorithm), `needs a list of algorithms out of ${algorithms.join(', ')}`],
    [mixesSources(separated), 'mixes HMAC with asymmetric algorithms'],
    [profile.types.length === 0, 'accepts no token type'],
    [!(toleranceSeconds >= 0 && toleranceSeconds <= 60), 'needs a clock tolerance from 0 to 60 seconds'],
    [audience !== false && (audience.accepted.length === 0 || audience.accepted.includes('')), 'names no audience'],
    [audience !== false && audience.exclusive && audience.accepted.length > 1, 'has several exclusive audiences'],
  ];
  return rules.filter(([broken]) => broken).map(([, problem]) => `the issuer ${JSON.stringify(issuer)} ${problem}`);
}
