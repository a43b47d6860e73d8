// What callers of TokenService may ask for, besides the options of the module.
import type { Duration } from '../base/duration.js';
import type { TokenPair } from './token-minter.js';
import type { OwnClaims } from './token-settings.js';
import type { TokenKind } from '../tokens/claims.js';

/** How a pair of tokens may differ from the options of the module. */
export interface IssueOptions {
  /**
   * Own claims of the first access token, added to those of `access.claimsFor`, which makes the claims of the next ones. Registered claims are refused: they have options of their own; so is what our own verifier
   * would refuse, like `nonce` and `at_hash`, which mark ID tokens. @defaultValue none
   */
  readonly claims?: OwnClaims | undefined;
  /** `aud` of the access token, at each refresh too. @defaultValue the module's `audience` */
  readonly audience?: string | readonly string[] | undefined;
  /** Scopes to grant. @defaultValue what the user's description says */
  readonly scopes?: readonly string[] | undefined;
  /** Life of the access token, at each refresh too: at most `access.maxTtl`. @defaultValue `access.ttl` */
  readonly accessTtl?: Duration | undefined;
  /** Further members of the first access token's header. `alg`, `kid`, `typ` and `crit` are refused. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Id of the first access token. @defaultValue a random one */
  readonly jti?: string | undefined;
  /** The name under which the user recognizes the device: 255 characters are kept. */
  readonly label?: string | undefined;
  /** When the user was authenticated. @defaultValue now */
  readonly authTime?: Date | undefined;
  /**
   * The client that signs the user in: `client_id` of the access token, at each refresh too (RFC 9068 §2.2). 1 to 255 printable ASCII
   * characters, and not the id of the user. @defaultValue `access.clientId`
   */
  readonly clientId?: string | undefined;
  /** How strongly the user was authenticated: `acr`, 1 to 255 characters, at each refresh too (RFC 9068 §2.2.1). @defaultValue none */
  readonly acr?: string | undefined;
  /** How the user was authenticated, such as `['pwd', 'otp']` (RFC 8176): `amr`, at most 16, at each refresh too. @defaultValue none */
  readonly amr?: readonly string[] | undefined;
  /**
   * How long this login may last, if it is to be shorter than others: "remember me" not ticked, a shared device. Each from one minute up
   * to the option of the module. @defaultValue `refresh.idle` and `refresh.absolute` of the module
   */
  readonly refresh?: LoginLifetime | undefined;
  /**
   * True for a sign-in through a client that may do only what a route allows by name (`@AllowRestrictedClients()`): `is_restricted` of the
   * access token, at each refresh too. @defaultValue false
   */
  readonly restricted?: boolean | undefined;
  /** Limits the access token to some resources, at each refresh too: `content_org:acme`, for `@RequireFilter('content_org', ...)`. @defaultValue none */
  readonly filters?: readonly string[] | undefined;
  /** Looks at the tokens before anything is stored; what it throws refuses the sign-in. @defaultValue none */
  readonly accept?: ((pair: TokenPair) => void) | undefined;
}

/** How long a login may last. */
export interface LoginLifetime {
  /** It ends if it is not refreshed for so long. */
  readonly idle?: Duration | undefined;
  /** It ends after so long, however often it is refreshed. */
  readonly absolute?: Duration | undefined;
}

/** How a login may differ from others, in tokens, cookies and sessions alike. */
export type LoginOptions = Pick<IssueOptions, 'label' | 'authTime' | 'acr' | 'amr' | 'refresh'>;

/** How a refresh may differ from the sign-in. */
export interface RefreshTokenOptions extends Pick<IssueOptions, 'accept'> {
  /** Fewer scopes than were granted. @defaultValue all of them */
  readonly scopes?: readonly string[] | undefined;
}

/** How a token for a client may differ from the options of the module. */
export interface ClientTokenOptions extends Pick<IssueOptions, 'claims' | 'audience' | 'scopes' | 'accessTtl'> {
  /** True for a client that may do only what a route allows by name. @defaultValue false */
  readonly restricted?: boolean | undefined;
  /** Limits the token to some resources: `content_org:acme`, for `@RequireFilter('content_org', ...)`. @defaultValue none */
  readonly filters?: readonly string[] | undefined;
}

/** What a token must be to be verified. */
export interface ExpectedToken {
  readonly kind: TokenKind;
  /** @defaultValue false */
  readonly anyAudience?: boolean | undefined;
}
