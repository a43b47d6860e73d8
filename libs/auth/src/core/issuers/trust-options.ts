// Owns how an application says whom it trusts: one entry per issuer, each with rules and keys of its own.
import type { JSONWebKeySet } from 'jose';
import type { Algorithm } from '../keys/algorithms.js';
import type { Duration } from '../duration.js';
import type { ClaimValues } from '../policies/claim-values.js';
import type { Claims } from '../principal.js';
import type { TokenLimits } from '../tokens/limits.js';
import type { KeySetCache } from './key-set-cache.js';

/** How keys are fetched. The defaults are those of a provider on the internet. */
export interface KeyFetchOptions {
  /**
   * Permits plain http and addresses of this machine: `http://localhost:3000`. For development and tests.
   * @defaultValue false
   */
  readonly allowLoopbackHttp?: boolean;
  /**
   * Permits a host whose address is of a private network. Without it an address that turns private is refused on the connected
   * socket (DNS rebinding).
   * @defaultValue false
   */
  readonly allowPrivateAddresses?: boolean;
  /** One whole fetch: name, connection, headers and body. At most 5 seconds. @defaultValue '5s' */
  readonly timeout?: Duration;
  /** How long a set is used where the provider does not say, one minute to 24 hours. @defaultValue '10m' */
  readonly maxAge?: Duration;
  /**
   * How long the last good set is used beyond its age while the provider cannot be reached, 0 to 24 hours.
   * @defaultValue '1h'
   */
  readonly staleIfError?: Duration;
  /** Fetches at boot, and does not boot without a good set. @defaultValue false */
  readonly eager?: boolean;
  /** Shares fetched sets between processes, so that many of them make one request. @defaultValue none: each fetches its own */
  readonly sharedCache?: KeySetCache;
}

/** Keys at an address. */
export interface JwksAddress extends KeyFetchOptions {
  /** The https address of the key set, which must not redirect. */
  readonly jwksUri: string;
}

/** Keys at the address that the issuer's own metadata names (OpenID Connect Discovery, RFC 8414). */
export interface DiscoveredKeys extends KeyFetchOptions {
  readonly discovery: true;
  /** The address of the metadata. @defaultValue the issuer with `/.well-known/openid-configuration` appended */
  readonly metadataUri?: string;
}

/** Keys that are known beforehand and change with a deployment. */
export interface StaticKeys {
  readonly jwks: JSONWebKeySet;
}

/** A secret shared with the issuer: whoever can verify can also sign. Prefer any of the others. */
export interface SharedSecret {
  /** As many bytes as the algorithm's hash has, at least. */
  readonly secret: string | Uint8Array;
  readonly alg: 'HS256' | 'HS384' | 'HS512';
  /** The key id that tokens must name. @defaultValue whatever a token names: there is but one key */
  readonly kid?: string;
}

/** Where the keys of an issuer come from. */
export type TrustedKeys = JwksAddress | DiscoveredKeys | StaticKeys | SharedSecret;

/**
 * Where texts are: a claim whose text is one of them, or a list of them. `scope` alone is read as separated by spaces (RFC 6749
 * §3.3); for another claim of that form write `{ spaceSeparated: 'scp' }`.
 */
export type TextClaim = string | { readonly spaceSeparated: string };

/** One such claim, several that are joined, or a function that reads them. */
export type TextClaims = TextClaim | readonly TextClaim[] | ((claims: Claims) => readonly string[]);

/** The claims that an issuer says its things with. A path leads into objects: `realm_access.roles`. */
export interface ClaimNames {
  /** A claim, or a function that finds the subject among several. @defaultValue 'sub' */
  readonly subject?: string | ((claims: Claims) => string | undefined);
  /** The granted scopes. @defaultValue ['scope', 'scp'] */
  readonly scopes?: TextClaims;
  /** The roles; a text is one role, whatever is in it. @defaultValue none: no roles are taken from foreign tokens */
  readonly roles?: TextClaims;
  /** The token's id; `false` where it has none, so that single tokens cannot be revoked. @defaultValue 'jti' */
  readonly id?: string | false;
  /** The sign-in's id. @defaultValue 'sid' */
  readonly session?: string | false;
  /** Who must be named. @defaultValue 'aud' */
  readonly audience?: string;
}

/**
 * An issuer whose tokens are accepted, and what they must look like. It is chosen by the exact `iss`; nothing that one issuer
 * says counts for another.
 *
 * @example
 * ```ts
 * import type { TrustOptions } from 'nestjs-latchkey';
 *
 * const accounts: TrustOptions = {
 *   issuer: 'https://accounts.example.com',
 *   audience: 'courses',
 *   keys: { jwksUri: 'https://accounts.example.com/.well-known/jwks.json' },
 * };
 * ```
 */
export interface TrustOptions {
  /** The exact `iss`: every slash counts. */
  readonly issuer: string;
  /** One of these must be named; `false` gives the check up, so that tokens for other services are accepted. */
  readonly audience: string | readonly string[] | false;
  readonly keys: TrustedKeys;
  /** Accepted signature algorithms; secrets and public keys never stand in one list. @defaultValue ['RS256', 'ES256'], or that of the secret */
  readonly algorithms?: readonly Algorithm[];
  /**
   * Accepted `typ` headers without `application/`; the empty text accepts a token without one. Tokens with marks of an ID token
   * are refused whatever their type, see `idTokens`.
   * @defaultValue ['at+jwt']
   */
  readonly types?: readonly string[];
  /** Accepts OpenID Connect ID tokens. They prove a sign-in to a client, and are no access tokens. @defaultValue false */
  readonly idTokens?: boolean;
  /**
   * Claims that access tokens of this issuer have and its ID tokens lack. They must be there, and prove the kind of the token, so
   * that a `nonce` does not make an ID token of it. `exactClaims` about the kind (`typ`, `token_use`, `token_type`) and a required
   * `scope` or `scp` prove it too.
   * @defaultValue none: a token with a `nonce` is an ID token
   */
  readonly accessTokenClaims?: readonly string[];
  /**
   * Accepts tokens that are bound to a key of the client (`cnf`: DPoP, mutual TLS) as plain bearer tokens. The proof is not asked
   * for here, so that a stolen one is good: only behind a proxy that asks for it (RFC 8705 §3, RFC 9449 §7.2).
   * @defaultValue false
   */
  readonly boundTokens?: boolean;
  /** Claims that must be there, besides `iss`, `exp`, a subject and an audience. @defaultValue ['iat'] */
  readonly requiredClaims?: readonly string[];
  /**
   * Claims that must be exactly this text, or one of a list: `{ token_use: 'access' }`. Another value makes it a token of another
   * type; for what a token must say besides that see `claimEquals`.
   */
  readonly exactClaims?: Readonly<Record<string, string | readonly string[]>>;
  readonly claims?: ClaimNames;
  /**
   * Says that a token is of a machine that acts for itself, which only routes with `@AllowClients()` accept.
   * @defaultValue `kind` is `client`, or `client_id` equals `sub` (RFC 9068 §2.2)
   */
  readonly isClient?: (claims: Claims) => boolean;
  /** How far the issuer's clock may differ: 0 to 60 seconds. @defaultValue the module's `clockTolerance` */
  readonly clockTolerance?: Duration;
  /** The longest accepted life of a token, from `iat` to `exp`: one second to 400 days. @defaultValue '24h' */
  readonly maxLifetime?: Duration;
  /**
   * How long ago a token may have been issued, whatever its `exp` says: one second to 400 days. The token must have an `iat` then.
   * @defaultValue no limit but `exp`
   */
  readonly maxAge?: Duration;
  /**
   * Bounds on what a token of this issuer may hold, lower or higher than those of the module. A token beyond 16,384 bytes needs a
   * higher `maxHeaderSize` of the HTTP server too.
   * @defaultValue the module's `limits`; 16,384 bytes a token and 1,000 audiences
   */
  readonly limits?: Partial<TokenLimits>;
  /** True if the audience must be one string, equal to the one accepted: no list, not even of one. @defaultValue false */
  readonly exclusiveAudience?: boolean;
  /** Claims (or paths) that must equal this value, or one of a list: `{ tenant: ['school', 'university'] }`. @defaultValue none */
  readonly claimEquals?: Readonly<Record<string, ClaimValues>>;
  /** Claims (or paths) that must be lists with this value, or all of a list: `{ groups: 'staff' }`. @defaultValue none */
  readonly claimIncludes?: Readonly<Record<string, ClaimValues>>;
  /** The highest major of the claim `version` that is understood; absent, the claim is not looked at. */
  readonly supportedMajor?: number;
  /** Brings tokens of older versions up to date before they are judged; their signature already holds. */
  readonly upgradeClaims?: (claims: Claims) => Claims;
}
