// What can be asked of the module, with every default in one place. What is asked for is judged in options-check.ts.
import type { Type } from '@nestjs/common';
import type { MismatchRule } from '../../core/authentication/session-mismatch.js';
import type { Clock } from '../../core/base/clock.js';
import type { Duration } from '../../core/base/duration.js';
import type { KeySource, KeyRingInput } from '../../core/keys/key-ring.js';
import type { Algorithm, KeyInput } from '../../core/keys/keys.js';
import type { TokenLimits } from '../../core/base/limits.js';
import type { AuthRequest } from '../../core/base/request.js';
import type { SchemeDescription } from '../../core/schemes/scheme-description.js';
import type { Scheme } from '../../core/schemes/schemes.js';
import type { AuditSinkFactory } from '../../core/audit/audit.js';
import type { StoresFactory } from '../../core/stores/stores.js';
import type { ClaimsFor } from '../../core/issuing/token-settings.js';
import type { ExternalUserSource, UserSource } from '../../core/users/users.js';
import type { MountableController } from './mountable-controller.js';
import type { SchemeFactory } from './scheme-factory.js';
import type { RefusalBodyMaker } from './refusal-bodies.js';
import type { NamedRoute } from './named-route.js';
import type { TrustOptions } from '../../core/issuers/trust.js';

/** Access tokens. */
export interface AccessOptions {
  /** Life of an access token. @defaultValue '15m' */
  readonly ttl?: Duration;
  /** The longest life that `TokenService.issue` may be asked for, and that a verifier accepts. @defaultValue the `ttl` */
  readonly maxTtl?: Duration;
  /** Own claims of a user, made afresh at sign-in and at every refresh. @defaultValue none */
  readonly claimsFor?: ClaimsFor;
  /** The claim that names the subject. `sub` is written in any case. @defaultValue 'sub' */
  readonly subjectClaim?: string;
  /**
   * `client_id` of the access tokens of people (RFC 9068 §2.2): the client that signed them in. 1 to 255 printable ASCII characters; nobody
   * may have it as their id. `TokenService.issue(user, { clientId })` names another one. @defaultValue the `issuer`: its own sign-in
   * routes are the client
   */
  readonly clientId?: string;
}

/** Refresh tokens, and with them the life of a sign-in. */
export interface RefreshOptions {
  /** A sign-in that is not refreshed for so long ends. @defaultValue '14d' */
  readonly idle?: Duration;
  /** A sign-in ends after so long, however often it is refreshed. @defaultValue '30d' */
  readonly absolute?: Duration;
  /**
   * How long after it was replaced a token may still be presented and gets the live one: 0 to 60 seconds by the clock of the store.
   * @defaultValue '10s'
   */
  readonly grace?: Duration;
}

/** A function of passport-jwt's `ExtractJwt` login, or your own: the token's text, or nothing. */
export type TokenExtractor = (request: never) => string | null | undefined;

/** Where bearer tokens are found. */
export interface HeaderOptions {
  /** @defaultValue 'authorization' */
  readonly name?: string;
  /** Scheme names, compared without case; `[]` where the header holds the token alone, and `sentBy` is given. @defaultValue ['Bearer'] */
  readonly schemes?: readonly string[];
  /**
   * `browser` where a proxy makes the header of a cookie (Cloudflare Access, an AWS load balancer, oauth2-proxy): unsafe methods then
   * need the CSRF token. Required with `schemes: []`; an `extractor` is told apart for each request. @defaultValue 'client'
   */
  readonly sentBy?: 'client' | 'browser';
  /**
   * Replaces the header: any passport-jwt extractor. It is given the framework's request. A token that the request does not show in
   * a header of its own, the query or the body may come from a cookie: unsafe methods then need the CSRF token.
   */
  readonly extractor?: TokenExtractor;
  /** How OpenAPI documents show where the extractor looks. @defaultValue a hint to describe it */
  readonly openapi?: SchemeDescription;
}

/** Tokens in cookies. Off unless this group is given. */
export interface AuthCookieOptions {
  /** `single`: one httpOnly cookie. `split`: header and payload readable by scripts, the signature httpOnly. @defaultValue 'single' */
  readonly mode?: 'single' | 'split';
  /** Names without prefix. @defaultValue access 'access', refresh 'refresh', csrf 'csrf' */
  readonly names?: { readonly access?: string; readonly refresh?: string; readonly csrf?: string };
  /**
   * The whole name of a cookie with an access token that another party sets, such as `CF_Authorization`. It is read where there is
   * no access cookie of our own, under the same CSRF rules, and never written or cleared. @defaultValue none
   */
  readonly external?: string;
  /** @defaultValue 'lax' */
  readonly sameSite?: 'strict' | 'lax' | 'none';
  /** A domain gives up the `__Host-` prefix. @defaultValue none */
  readonly domain?: string;
  /**
   * The path that the refresh cookie is limited to, as browsers see it; it must cover refresh and log-out. Behind a proxy that takes a path
   * off write that path in front, behind one that adds a path `/`. @defaultValue where `cookieController()` is mounted, global prefix
   * and version included; `/auth/cookie` without it
   */
  readonly refreshPath?: string;
  /** `false` sends cookies over plain http; refused with NODE_ENV=production. @defaultValue true */
  readonly secure?: boolean;
  /** `false` makes a bad cookie final instead of letting a session answer. @defaultValue true */
  readonly forgiving?: boolean;
  /** `false` writes cookies that end with the browser, without `Max-Age`. @defaultValue true */
  readonly persistent?: boolean;
  /**
   * True for pages that run inside of other sites: the browser keeps the cookies apart for each of those sites (CHIPS). Needs
   * `sameSite: 'none'`. @defaultValue false
   */
  readonly partitioned?: boolean;
}

/** CSRF protection of what a browser sends by itself. Always on where cookies or sessions are. */
export interface CsrfOptions {
  /**
   * Origins besides the issuer's that may send unsafe requests: `https://app.example.com`, `capacitor://localhost`,
   * `chrome-extension://<id>`. Compared as text: scheme, host and port. @defaultValue []
   */
  readonly trustedOrigins?: readonly string[];
  /** @defaultValue 'x-csrf-token' */
  readonly headerName?: string;
  /** At least 32 bytes, the same in every process. @defaultValue derived from the signing keys */
  readonly secret?: string;
  /** Disables CSRF protection. For tests only. @defaultValue false */
  readonly dangerouslyDisable?: boolean;
}

/** Where people sign in: a path, an address, or a function that says it for a request. */
export type LoginUrl = string | ((request: AuthRequest) => string);

/**
 * Host sessions beside tokens. Off unless this group is given; register express-session or @fastify/session yourself.
 */
export interface AuthSessionOptions {
  /** Whose word counts when a good cookie and a live session name different users. @defaultValue 'reject' */
  readonly mismatch?: MismatchRule;
}

/** Revocation checks. */
export interface RevocationOptions {
  /**
   * `every-request` asks the store each time. `{ withinMs }` answers from memory that is kept in step with the store, so that a
   * revocation made by another process counts at most so much later; where it is not in step, the store is asked. A refresh always
   * asks the store. @defaultValue 'every-request'
   */
  readonly freshness?: 'every-request' | { readonly withinMs: number };
  /**
   * What an access token is worth while the store does not answer. `allow` accepts tokens with at most 5 minutes to live, for at
   * most 10 minutes in a row: revoked tokens come alive meanwhile. @defaultValue 'refuse'
   */
  readonly onStoreError?: 'refuse' | 'allow';
  /** How long one call to a store may take, at most a second. @defaultValue '300ms' */
  readonly timeout?: Duration;
  /**
   * Forgets now and then what has ended, in stores that do not by themselves: SQL. One process of several is enough. @defaultValue
   * never: call `prune()` of `BlocklistService` and `LoginService` yourself
   */
  readonly pruneEvery?: Duration;
}

/** The body of a refusal. */
export interface ErrorResponseOptions {
  /** `nest`: statusCode, message, error, errorCode. `problem`: RFC 9457 problem details. @defaultValue 'nest' */
  readonly format?: 'nest' | 'problem';
  /**
   * Makes the body of every refusal in http, for an envelope or a language of your own. Status and headers stay as they are. It is
   * called while the answer is written: it must return a plain object at once; otherwise the body of `format` is sent, and an
   * error logged. @defaultValue the body of `format`
   */
  readonly body?: RefusalBodyMaker;
  /**
   * Whose request bodies are answered as refusals if they cannot be read (malformed, too large, of an unknown type): those of the
   * ready-made controllers, or those of every route. The words of a body parser may quote what was sent; a refusal never does. For
   * the configuration without a name. @defaultValue 'ready-made'
   */
  readonly unreadableBodies?: 'ready-made' | 'all';
  /** The realm of the challenge. @defaultValue 'api' */
  readonly realm?: string;
}

/** Keys to sign with: a ring, one key, or a source that can be asked again. */
export type KeysOption = KeyInput | KeyRingInput | KeySource;

/** The values of the module: what a factory may answer with. */
export interface AuthModuleOptions {
  /** `iss` of the tokens issued here: the https address of the service. Required in production. */
  readonly issuer?: string;
  /** `aud` of the tokens issued and accepted here. Required in production; `false` gives the check up, with a warning. */
  readonly audience?: string | readonly string[] | false;
  /** True if `aud` of the tokens accepted here must be the one `audience`, as a string: no list, not even of one. @defaultValue false */
  readonly exclusiveAudience?: boolean;
  /** Required in production. @defaultValue a key pair made at boot, which ends with the process */
  readonly keys?: KeysOption;
  /** The algorithm of a key that does not say, and of the key made at boot. @defaultValue 'ES256' */
  readonly algorithm?: Algorithm;
  readonly access?: AccessOptions;
  readonly refresh?: RefreshOptions;
  /** Other issuers whose tokens are accepted. @defaultValue [] */
  readonly trust?: readonly TrustOptions[];
  readonly header?: HeaderOptions;
  readonly cookies?: AuthCookieOptions;
  readonly csrf?: CsrfOptions;
  readonly session?: AuthSessionOptions;
  /** Where `@RedirectToLogin()` leads. The page that was asked for is added as `next`. @defaultValue '/login' */
  readonly loginUrl?: LoginUrl;
  readonly revocation?: RevocationOptions;
  /**
   * Bounds on what a token may hold, our own or of another issuer, up to the bounds of the library: 65,536 bytes a token. An
   * entry of `trust` may have others. Ids of our own tokens (`jti`, `subject`) can only be made shorter.
   */
  readonly limits?: Partial<TokenLimits>;
  /** How far clocks may differ: 0 to 60 seconds. @defaultValue '5s' */
  readonly clockTolerance?: Duration;
  readonly errors?: ErrorResponseOptions;
}

/** Keeping what happened. */
export interface AuditOptions {
  /** Where: `typeOrmAuditSink()`, or a sink of your own as `{ inject, useFactory }`. Inject it as `AuditSink` to read. */
  readonly sink: AuditSinkFactory;
  /** True records sign-in, refresh and revocation before they take effect, or refuses them with 503. @defaultValue false */
  readonly required?: boolean;
}

/** The structure of the module: what must be known before any factory runs. */
export interface AuthModuleStructure {
  /**
   * The name of a second configuration beside the one without a name: lower case letters, digits and hyphens. See
   * {@link authConfiguration}. @defaultValue none
   */
  readonly name?: string;
  /** Whether guards and services reach every module without an import. @defaultValue true */
  readonly isGlobal?: boolean;
  /** The guard of every route that states none; `false` leaves such routes open, with a warning. @defaultValue JwtAuthGuard */
  readonly defaultGuard?: Type<unknown> | false;
  /** The provider that is your user source; it may live in any module. Without one the token itself is the user. */
  readonly users?: Type<UserSource<unknown>> | (abstract new (...dependencies: never[]) => UserSource<unknown>);
  /** The provider that turns tokens of other issuers into users. Without one they stay what they say. */
  readonly externalUsers?: Type<ExternalUserSource<unknown>>;
  /** Where revocations and sign-ins are kept. Required in production. @defaultValue memoryStores() */
  readonly stores?: StoresFactory;
  /** The audit trail: sign-ins, refreshes, revocations, refusals and key rotations, kept for later. @defaultValue none */
  readonly audit?: AuditOptions;
  /** Ready-made controllers from `nestjs-latchkey/controllers`. @defaultValue [] */
  readonly controllers?: readonly MountableController[];
  /** Your own schemes, for `AuthGuardFor('name', ...)`: values, recipes, or providers found when the application starts. @defaultValue [] */
  readonly schemes?: readonly (Scheme | Type<Scheme> | SchemeFactory)[];
  /** Statements about controllers of others, which you cannot decorate. @defaultValue [] */
  readonly routes?: readonly NamedRoute[];
  /**
   * Refuses to start where a route states nothing and no guard stands in, or says something else than the default without
   * `@AuthReason()`; where restricted clients come in without a policy. @defaultValue false
   */
  readonly strictRoutes?: boolean;
  /** Writes a table of all routes to the log when the application starts. @defaultValue false */
  readonly auditRoutes?: boolean;
  /** Another clock, for tests. */
  readonly clock?: Clock;
}

/** Every default of the values, in the spelling of the options. */
export const DEFAULTS = {
  developmentIssuer: 'http://localhost',
  developmentAudience: 'development',
  algorithm: 'ES256',
  accessTtl: '15m',
  refreshIdle: '14d',
  refreshAbsolute: '30d',
  refreshGrace: '10s',
  clockTolerance: '5s',
  storeTimeout: '300ms',
  headerName: 'authorization',
  headerSchemes: ['Bearer'],
  csrfHeaderName: 'x-csrf-token',
  cookieNames: { access: 'access', refresh: 'refresh', csrf: 'csrf' },
  refreshPath: '/auth/cookie',
  loginUrl: '/login',
  realm: 'api',
} as const;
