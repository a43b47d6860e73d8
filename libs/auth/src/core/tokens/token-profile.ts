// What tokens of one issuer and kind must look like: the profile, without the code that applies it (claims.ts, token-kind.ts).
import type { Algorithm } from '../keys/algorithms.js';
import type { TokenLimits } from '../base/limits.js';
import type { Claims } from '../base/principal.js';

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
