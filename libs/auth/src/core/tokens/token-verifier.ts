// Verifies a token string: its issuer, its key, its signature, its claims, in that order and in one
// call. No network request is made before the issuer is known to be trusted and the algorithm to be one of its own.
import { algorithms, isAlgorithm, mixesSecretsAndPublicKeys } from '../keys/algorithms.js';
import { readClaims, type TokenKind, type TokenProfile } from './claims.js';
import { assertInTime, validityOf, type Validity } from './token-times.js';
import { dateOf, type Clock } from '../base/clock.js';
import { after, orUnavailable } from '../base/at-once.js';
import { AuthConfigurationError, AuthError } from '../base/errors.js';
import { assertSize, parseJws, type ParsedJws } from './jws.js';
import { TENANT_PLACEHOLDER, tenantIn } from '../keys/issuer-template.js';
import type { KeyQuery, KeySet, VerificationKey } from '../keys/keys.js';
import { defaultLimits, type TokenLimits, widestLimits } from '../base/limits.js';
import type { Claims, Subject, Verified } from '../base/principal.js';
import { SignatureCache, type KnownSignature } from './signature-cache.js';
import { type FindKey, signerOf } from './signer.js';
import { algorithmNotAllowed, unknownKey } from '../keys/key-refusals.js';
import { refused } from './refusals.js';

/** An issuer whose tokens are accepted: where its keys are, and what its tokens of each kind look like. */
export interface TrustedIssuer {
  /** The exact `iss`. */
  readonly issuer: string;
  /** Other exact values of `iss` that the same issuer writes. */
  readonly aliases?: readonly string[] | undefined;
  /** Called with the exact `iss` of a token that is valid otherwise. The tenant is accepted only if it returns `true`. */
  readonly accepts?: ((iss: unknown) => boolean | Promise<boolean>) | undefined;
  /** From this time on, in epoch seconds, no token of it is accepted. @defaultValue no end */
  readonly untilSeconds?: number | undefined;
  /** True for the issuer of tokens without an `iss`. @defaultValue false */
  readonly withoutIssuer?: boolean | undefined;
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
  readonly signatures?: SignatureCache<TokenFacts> | undefined;
}

/** A part of a signature that identifies the token, and is too short to verify. */
const MARK_LENGTH = 32;

/** What a token must be: of which kind, and whether a token of our own may be meant for any service. */
interface Expected {
  readonly kind: TokenKind;
  readonly anyAudience: boolean;
}

/** Who issued a token, what its tokens of that kind look like, and what its keys are asked for. */
interface Origin {
  readonly issuer: TrustedIssuer;
  readonly profile: TokenProfile;
  readonly query: KeyQuery;
}

/** By what a token is accepted. */
interface Acceptance {
  readonly expected: Expected;
  readonly origin: Origin;
  readonly toItsEnd: boolean;
}

/** What is true of a token for as long as its issuer is trusted and its signature holds. */
export interface TokenFacts extends Origin {
  readonly expected: Expected;
  readonly verified: Verified;
  readonly validity: Validity;
}

type Known = KnownSignature<TokenFacts>;

/** One object each, because what is remembered about a token is remembered by them. */
const EXPECTED = {
  access: { kind: 'access', anyAudience: false },
  refresh: { kind: 'refresh', anyAudience: false },
} as const satisfies Record<TokenKind, Expected>;
const ISSUED = {
  access: { kind: 'access', anyAudience: true },
  refresh: { kind: 'refresh', anyAudience: true },
} as const satisfies Record<TokenKind, Expected>;

/** Verifies tokens of every trusted issuer. */
export class TokenVerifier {
  private readonly issuers: ReadonlyMap<string, TrustedIssuer>;
  private readonly templates: readonly TrustedIssuer[];
  private readonly nameless: TrustedIssuer | undefined;
  private readonly clock: Clock;
  private readonly limits: TokenLimits;
  private readonly signatures: SignatureCache<TokenFacts>;
  private readonly withoutAudience = new Map<TokenProfile, TokenProfile>();

  /** @throws AuthConfigurationError with every contradiction among the issuers */
  constructor({ issuers, clock, limits, signatures = new SignatureCache() }: TokenVerifierOptions) {
    const problems = issuerProblems(issuers);
    if (problems.length > 0) throw new AuthConfigurationError(problems);
    this.issuers = new Map(issuers.flatMap((trusted) => namesOf(trusted).map((name) => [name, trusted] as const)));
    this.nameless = issuers.find(({ withoutIssuer }) => withoutIssuer === true);
    this.templates = issuers.filter(({ issuer }) => issuer.includes(TENANT_PLACEHOLDER));
    this.clock = clock;
    this.limits = limits ?? widestLimits(limitsOf(issuers));
    this.signatures = signatures;
  }

  /**
   * Verifies a token of the kind that the caller wants, and returns what it asserts.
   *
   * @throws AuthError one of the codes of {@link readClaims} or {@link assertInTime}, `token_malformed`, `token_invalid`,
   * `algorithm_not_allowed`, `unknown_key`, or `keys_unavailable` (503) if the keys could not be had
   */
  async verify(token: string, kind: TokenKind): Promise<Verified> {
    return this.verifyAs(token, EXPECTED[kind]);
  }

  /** A function like {@link verify}, which answers at once if all that it takes is in this process: it may throw, too. */
  verifierOf(kind: TokenKind): (token: string) => Verified | Promise<Verified> {
    return (token) => this.verifyAs(token, EXPECTED[kind]);
  }

  /**
   * As {@link verify}, but a token of our own may be meant for any service: for revoking and introspecting what we issued, never
   * to authenticate a request.
   */
  async verifyIssued(token: string, kind: TokenKind): Promise<Verified> {
    return this.verifyAs(token, ISSUED[kind]);
  }

  /**
   * What an access token asserted to its end, if nothing but its end stands against it; `undefined` for any other. Only for comparing, never
   * for granting.
   * @throws {AuthError} the 503 codes of {@link verify}
   */
  async lapsed(token: string): Promise<Verified | undefined> {
    try {
      return await this.verifyAs(token, EXPECTED.access, true);
    } catch (error) {
      if (error instanceof AuthError && !error.isUnavailable) return undefined;
      throw error;
    }
  }

  /**
   * Issuer, key, signature, claims, time: in that order. What was found out about the same token before is not found out again.
   * @param toItsEnd as it would have been verified in the last second of its life, if that is over
   */
  private verifyAs(token: string, expected: Expected, toItsEnd = false): Verified | Promise<Verified> {
    const found = this.signatures.find(token);
    const jws = found === undefined ? parseJws(token, this.limits) : found.jws;
    const origin = factsFor(found, expected) ?? this.originOf(jws, expected, found?.key);
    return after(findKey(origin), (key) => {
      const signed = found?.key === key ? found : this.verifySignature(jws, key, origin);
      return after(signed, (known) => this.accept(known, { expected, origin, toItsEnd }));
    });
  }

  private verifySignature(jws: ParsedJws, first: VerificationKey, origin: Origin): Known | Promise<Known> {
    const find: FindKey = (tried) => findKey({ ...origin, query: { ...origin.query, known: undefined, tried } });
    return after(signerOf(jws, first, find), (key) => this.signatures.remember(jws, key));
  }

  /** Reads the claims of a token whose signature holds once; asks whether it is in time, and its tenant accepted, each time. */
  private accept(known: Known, { expected, origin, toItsEnd }: Acceptance): Verified | Promise<Verified> {
    const facts = (known.facts = factsFor(known, expected) ?? readFacts(known, expected, origin));
    const { issuer, profile, verified, validity } = facts;
    const clock = this.clock.nowSeconds();
    assertNotEnded(issuer, clock);
    const now = toItsEnd ? Math.min(clock, validity.until - 1) : clock;
    // A clock that answers with no number is never in time.
    if (!(now >= validity.from && now < validity.until)) assertInTime(verified, profile, now);
    return issuer.accepts === undefined ? verified : after(assertTenant(issuer.accepts, known.jws), () => verified);
  }

  /** The same object each time, because what is remembered about a token is remembered by profile. */
  private unaddressed(profile: TokenProfile): TokenProfile {
    const made = this.withoutAudience.get(profile) ?? { ...profile, audience: false };
    this.withoutAudience.set(profile, made);
    return made;
  }

  /**
   * The unverified subject of a token. Only for refusing or observing, never for granting: any client can write such a token. `undefined`
   * if it cannot be read or its issuer is not trusted.
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

  private originOf(jws: ParsedJws, { kind, anyAudience }: Expected, known: VerificationKey | undefined): Origin {
    const issuer = this.issuerOf(jws.claims['iss']);
    const stated = issuer.profiles[kind];
    if (stated === undefined)
      throw refused('wrong_token_type', { claim: 'iss', rule: `issues no ${kind} tokens here` });
    // Until here the issuer was unknown, so that the widest limits applied.
    assertSize(jws.token, stated.limits ?? defaultLimits);
    const profile = anyAudience && stated.own ? this.unaddressed(stated) : stated;
    return { issuer, profile, query: keyQueryOf(jws, profile, known) };
  }

  private issuerOf(iss: unknown): TrustedIssuer {
    if (iss === undefined && this.nameless !== undefined) return this.nameless;
    if (iss === undefined) throw refused('missing_claim', { claim: 'iss', rule: 'is required' });
    const issuer = typeof iss === 'string' ? this.issuers.get(iss) : undefined;
    const found = issuer ?? this.templates.find((template) => tenantIn(template.issuer, iss) !== undefined);
    if (found === undefined) throw refused('invalid_issuer', NOT_TRUSTED);
    return found;
  }
}

/** A clock that answers with no number is past every end. @throws AuthError `invalid_issuer` */
function assertNotEnded({ untilSeconds }: TrustedIssuer, now: number): void {
  if (untilSeconds === undefined || now < untilSeconds) return;
  const rule = `was accepted until ${dateOf(untilSeconds).toISOString()}`;
  throw refused('invalid_issuer', { claim: 'iss', rule, option: 'until' });
}

const NOT_TRUSTED = {
  claim: 'iss',
  rule: 'must be an issuer of ours, to the last character',
  option: 'trust',
} as const;

/** What is asked of the keys of the issuer. @throws AuthError `algorithm_not_allowed` */
function keyQueryOf({ header, token }: ParsedJws, profile: TokenProfile, known: VerificationKey | undefined): KeyQuery {
  const { alg, kid, thumbprints } = header;
  if (!isAlgorithm(alg)) throw algorithmNotAllowed(profile.algorithms);
  if (!profile.algorithms.includes(alg)) throw algorithmNotAllowed(profile.algorithms, alg);
  return { alg, kid, thumbprints, mark: token.slice(-MARK_LENGTH), known };
}

/** Keys that are at hand are found at once; the set of another issuer may have to be fetched. */
function findKey({ issuer: { keys }, query }: Origin): VerificationKey | Promise<VerificationKey> {
  return after(
    orUnavailable('keys_unavailable', () => keys.find(query)),
    assertKey,
  );
}

/** What is remembered, if it is remembered of a token of which the same is expected. */
function factsFor(known: Known | undefined, expected: Expected): TokenFacts | undefined {
  return known?.facts?.expected === expected ? known.facts : undefined;
}

function readFacts(known: Known, expected: Expected, { issuer, profile, query }: Origin): TokenFacts {
  const verified = toVerified(known, profile);
  const validity = validityOf(verified, profile);
  return { expected, issuer, profile, query: { ...query, known: known.key }, verified, validity };
}

function toVerified({ jws, key }: Known, profile: TokenProfile): Verified {
  const { alg } = jws.header;
  // The id of a secret may be derived from it, and a reader of the log could guess it.
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

/** @throws AuthError `invalid_issuer`; `store_unavailable` if the application does not answer */
function assertTenant(accepts: NonNullable<TrustedIssuer['accepts']>, { claims }: ParsedJws): void | Promise<void> {
  const answer: unknown = orUnavailable('store_unavailable', () => accepts(claims['iss']));
  return after(answer, (isAccepted) => {
    if (isAccepted === true) return;
    throw new AuthError('invalid_issuer', { reason: { claim: 'iss', rule: 'must name an accepted tenant' } });
  });
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
