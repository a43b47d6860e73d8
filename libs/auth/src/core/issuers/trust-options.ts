// How an application says whom it trusts: one entry per issuer, each with rules and keys of its own.
import type { JSONWebKeySet } from 'jose';
import type { Algorithm } from '../keys/algorithms.js';
import type { Duration } from '../base/duration.js';
import type { ClaimValues } from '../policies/claim-values.js';
import type { Claims } from '../base/principal.js';
import type { TokenLimits } from '../base/limits.js';
import type { KeySetCache } from './key-set-cache.js';

/** Header lines of a request for keys. */
export type KeyRequestHeaders =
  | Readonly<Record<string, string>>
  | (() => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>);

/** What a fetch of the application's own is asked to send. */
export interface KeyFetchRequest {
  readonly method: 'GET';
  /** A redirect is not followed. */
  readonly redirect: 'manual';
  /** Aborted when the time of the fetch is up, and when the application stops. */
  readonly signal: AbortSignal;
  readonly headers: Record<string, string>;
}

/** What is looked at of its answer: the members of a `Response` of the Fetch standard. */
export interface KeyFetchResponse {
  readonly status: number;
  readonly redirected?: boolean;
  readonly headers: { get(name: string): string | null };
  readonly body: {
    getReader(): {
      read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
      cancel(): Promise<void>;
    };
  } | null;
}

/** A fetch of the application's own, such as the global one or that of undici with a dispatcher. */
export type KeyFetch = (address: string, request: KeyFetchRequest) => Promise<KeyFetchResponse>;

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
  /**
   * Names of hosts that may be asked over plain http, because they are in the private network of the deployment (Docker Compose, a
   * service mesh): `['keycloak']`. A name that turns out to stand for a public address is refused; one that stands for this machine
   * needs `allowLoopbackHttp` too. Whoever can answer in that network can hand out keys: not for production without a mesh that
   * encrypts.
   * @defaultValue none
   */
  readonly allowPrivateHttp?: readonly string[];
  /**
   * The proxy that https addresses are asked through: its address, or `'environment'` for `HTTPS_PROXY` and `NO_PROXY` of the process.
   * TLS is spoken with the provider inside a tunnel. The proxy resolves the names, so that what they stand for is its to judge;
   * everything else stays as it is.
   * @defaultValue none: connections go out directly, whatever the environment says
   */
  readonly proxy?: string;
  /**
   * Certificate authorities to believe for this source, in the place of Node's own: PEM texts of one certificate or several each.
   * @defaultValue those of Node
   */
  readonly ca?: string | readonly string[];
  /**
   * Header lines to send, or a function that makes them for each request, for secrets that rotate. They go to the origin of
   * `jwksUri` or the metadata alone, and not to another one that metadata name.
   * @defaultValue none
   */
  readonly headers?: KeyRequestHeaders;
  /**
   * Fetches in the place of our own code, for a way out that no other option describes. Address, redirects, size and time are judged
   * as ever; which addresses a name may stand for, and certificates, are then yours to judge. Not with `proxy` or `ca`.
   * @defaultValue over `node:https`
   */
  readonly fetch?: KeyFetch;
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
  /**
   * The address of the metadata. @defaultValue the issuer with `/.well-known/openid-configuration` appended (OpenID Connect Discovery
   * §4), and if there is none, `/.well-known/oauth-authorization-server` between its host and path (RFC 8414 §3), and appended
   */
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

/** One of several sources of an issuer's keys, with algorithms of its own. */
export type TrustedKeySource = TrustedKeys & {
  /** What tokens of this source are signed with. @defaultValue RS256 and ES256, or that of the secret */
  readonly algorithms?: readonly Algorithm[];
};

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
 * import type { TrustOptions } from 'nestjs-latchkey/issuers';
 *
 * const accounts: TrustOptions = {
 *   issuer: 'https://accounts.example.com',
 *   audience: 'courses',
 *   keys: { jwksUri: 'https://accounts.example.com/.well-known/jwks.json' },
 * };
 * ```
 */
export interface TrustOptions {
  /**
   * The exact `iss`: every slash counts. For an issuer with many tenants the placeholder `{tenantid}` stands for the tenant, and
   * `tenants` says which ones are accepted.
   */
  readonly issuer: string;
  /**
   * Other exact values of `iss` that the same issuer writes: `['accounts.google.com']`. The subject is that of `issuer` all the same,
   * so that a person stays one person.
   */
  readonly aliases?: readonly string[];
  /**
   * Says which tenants are accepted; required where `issuer` holds `{tenantid}`. Asked at every request, after the signature holds; what
   * it throws or rejects with is "cannot tell" (503). Each tenant is an issuer of its own: its subjects are those of its exact `iss`.
   */
  readonly tenants?: (tenant: string) => boolean | Promise<boolean>;
  /** The claim that must equal the tenant in `iss`; `false` where there is none. @defaultValue 'tid' */
  readonly tenantClaim?: string | false;
  /** One of these must be named; `false` gives the check up, so that tokens for other services are accepted. */
  readonly audience: string | readonly string[] | false;
  /**
   * Where its keys are: one source, or a list of several, for an issuer that moves from a shared secret to public keys. The `alg` of a
   * token's header picks the source, so that no key is ever used for an algorithm of another source.
   */
  readonly keys: TrustedKeys | readonly TrustedKeySource[];
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
