// Error codes and their HTTP representation.
import { pagesOfProblems } from './boot-pages.js';
import type { Json } from './principal.js';

/** How a refusal presents itself in `WWW-Authenticate` (RFC 6750 §3). */
export type Challenge =
  | 'none'
  | 'bare'
  | 'basic'
  | 'invalid_request'
  | 'invalid_token'
  | 'insufficient_scope'
  | 'insufficient_user_authentication';

/** One line of the error table. */
export interface ErrorEntry {
  readonly status: 400 | 401 | 403 | 413 | 415 | 429 | 500 | 503;
  readonly challenge: Challenge;
  /** The message for users. Fixed text: it never holds input. */
  readonly message: string;
  /** The code a client sees instead, if the exact one would tell an attacker something. */
  readonly publicCode?: 'token_invalid';
  /** A credential refused for this reason can never become valid again: a cookie that carried it may be cleared. */
  readonly terminal?: true;
}

const refused = { status: 401, challenge: 'invalid_token' } as const;
const terminal = { ...refused, terminal: true } as const;
const concealed = { ...refused, message: 'The token is not valid.', publicCode: 'token_invalid' } as const;
const forbidden = { status: 403, challenge: 'none' } as const;
const unavailable = { status: 503, challenge: 'none' } as const;
/** As unavailable, but a retry does not help: the application itself must be corrected. */
const mistaken = { status: 500, challenge: 'none' } as const;

/** Every refusal of the library. Codes are never renamed; one is added with a test and a changelog line. */
export const ERROR_TABLE = {
  unauthenticated: { status: 401, challenge: 'bare', message: 'Sign in to use this resource.' },
  further_step_required: { status: 401, challenge: 'bare', message: 'A further step is needed to sign in.' },
  invalid_credentials: { status: 401, challenge: 'bare', message: 'The user name or password is not right.' },
  malformed_header: { ...refused, message: 'The authorization header is malformed.' },
  token_malformed: { ...terminal, message: 'The token is malformed.' },
  token_too_large: { ...terminal, message: 'The token is larger than what is accepted here.' },
  token_invalid: { ...terminal, message: 'The token is not valid.' },
  token_expired: { ...terminal, message: 'The token has expired.' },
  token_not_yet_valid: { ...refused, message: 'The token is not valid yet.' },
  algorithm_not_allowed: { ...terminal, message: 'The token is signed with an algorithm that is not accepted here.' },
  unknown_key: { ...terminal, message: 'The token is signed with an unknown key.' },
  invalid_issuer: { ...terminal, message: 'The token comes from an issuer that is not trusted here.' },
  invalid_audience: { ...terminal, message: 'The token is meant for another service.' },
  missing_claim: { ...terminal, message: 'The token lacks a required claim.' },
  invalid_claims: { ...terminal, message: 'The token holds a claim that is not acceptable.' },
  missing_subject: { ...terminal, message: 'The token names no subject.' },
  wrong_token_type: { ...terminal, message: 'The token is of another type.' },
  unsupported_token_version: { ...terminal, message: 'The token has a version that is not supported.' },
  token_revoked: { ...concealed, terminal: true },
  token_superseded: { ...concealed, terminal: true },
  user_not_found: { ...concealed, terminal: true },
  user_disabled: { ...concealed },
  refresh_reused: { ...concealed, terminal: true },
  refresh_unknown: { ...terminal, message: 'The refresh token is not known.' },
  refresh_expired: { ...terminal, message: 'The sign-in has ended.' },
  // Nothing is wrong with the refresh token: it is the request that is not good (RFC 6749 §5.2).
  invalid_scope: { status: 400, challenge: 'none', message: 'The requested scope is wider than what was granted.' },
  audience_mismatch: { ...refused, message: 'The token is meant for another part of this service.' },
  claims_stale: { ...refused, message: 'The token no longer agrees with the account.' },
  session_user_mismatch: { ...terminal, message: 'The cookie and the session belong to different users.' },
  reauthentication_required: {
    status: 401,
    challenge: 'insufficient_user_authentication',
    message: 'This resource requires a more recent sign-in.',
  },
  stronger_authentication_required: {
    status: 401,
    challenge: 'insufficient_user_authentication',
    message: 'This resource requires a stronger sign-in.',
  },
  ambiguous_credentials: {
    status: 400,
    challenge: 'invalid_request',
    message: 'The request carries two credentials in one place.',
  },
  one_time_token_invalid: {
    status: 400,
    challenge: 'none',
    message: 'This link or code is not valid, or no longer valid.',
  },
  invalid_request: { status: 400, challenge: 'none', message: 'The request body does not have the required shape.' },
  payload_too_large: {
    status: 413,
    challenge: 'none',
    message: 'The request body is larger than what is accepted here.',
  },
  unsupported_media_type: {
    status: 415,
    challenge: 'none',
    message: 'The request body has a type that is not accepted here.',
  },
  external_state_invalid: {
    status: 400,
    challenge: 'none',
    message: 'This sign-in was not begun in this browser, was completed before, or took too long. Begin it again.',
  },
  external_sign_in_refused: {
    status: 401,
    challenge: 'bare',
    message: 'The sign-in elsewhere was not completed, or there is no account for it here.',
  },
  invalid_client: { status: 401, challenge: 'basic', message: 'The client is not known, or did not prove who it is.' },
  unsupported_grant_type: { status: 400, challenge: 'none', message: 'This kind of grant is not supported here.' },
  scope_not_allowed: { status: 400, challenge: 'none', message: 'The client may not have a scope that it asked for.' },
  invalid_target: { status: 400, challenge: 'none', message: 'The client may not have tokens for that resource.' },
  too_many_requests: { status: 429, challenge: 'none', message: 'Too many requests. Try again later.' },
  csrf_cookie_missing: { ...forbidden, message: 'The CSRF cookie is missing.' },
  csrf_token_missing: { ...forbidden, message: 'The CSRF header is missing.' },
  csrf_token_invalid: { ...forbidden, message: 'The CSRF token is not valid.' },
  csrf_origin_rejected: { ...forbidden, message: 'The request comes from an origin that is not trusted.' },
  insufficient_scope: {
    status: 403,
    challenge: 'insufficient_scope',
    message: 'The token lacks a scope that this resource requires.',
  },
  filter_mismatch: { ...forbidden, message: 'The token is limited to other resources.' },
  restricted_client: { ...forbidden, message: 'Restricted clients may not use this resource.' },
  client_not_allowed: { ...forbidden, message: 'Only users, not clients, may use this resource.' },
  forbidden: { ...forbidden, message: 'You may not use this resource.' },
  unsupported_context: { ...forbidden, message: 'This kind of request cannot be authenticated.' },
  keys_unavailable: { ...unavailable, message: 'The keys to check the token could not be fetched. Try again soon.' },
  store_unavailable: { ...unavailable, message: 'The sign-in could not be checked. Try again soon.' },
  users_unavailable: { ...unavailable, message: 'The account could not be looked up. Try again soon.' },
  scheme_unavailable: { ...unavailable, message: 'The credential could not be checked. Try again soon.' },
  application_fault: { ...mistaken, message: 'A fault of this application kept the request from being checked.' },
  sign_in_overloaded: { ...unavailable, message: 'Too many sign-ins at once. Try again soon.' },
  misconfigured: { ...mistaken, message: 'This server is not set up to answer the request.' },
} as const satisfies Record<string, ErrorEntry>;

/** The name of a refusal. */
export type AuthErrorCode = keyof typeof ERROR_TABLE;

/**
 * The rule that refused a token, for operators: in events, logs and `latchkey inspect`, never in an answer. It holds names and limits
 * of the configuration, never a value of a token.
 */
export interface RefusalReason {
  /** What the token must satisfy, as one clause, for example `must not live longer than 86400 seconds`. */
  readonly rule: string;
  /** The claim that the rule is about, or a header parameter such as `typ header`. */
  readonly claim?: string | undefined;
  /** The option that changes the rule, for example `maxLifetime`. */
  readonly option?: string | undefined;
}

/** A step that is missing before the user is signed in. */
export interface FurtherStep {
  /** What is asked for, by the name that the user source gave it: `totp`. */
  readonly kind: string;
  /** What the user source tells the client besides. */
  readonly data: Json | undefined;
  /** What the client comes back with. It is valid once, for a short time, and only for the client that received it. */
  readonly continuation: string;
  /** How long, in seconds. */
  readonly expiresIn: number;
}

/** The codes of RFC 6749 §5.2 and RFC 8707 §2 that a refusal may name as `error`. */
export type OAuthErrorCode =
  'invalid_request' | 'invalid_client' | 'unsupported_grant_type' | 'invalid_scope' | 'invalid_target';

/** What a refusal may carry besides its code; all of it is safe to show, except `cause` and `reason`. */
export interface AuthErrorOptions {
  /** The error underneath. It never leaves the process. */
  readonly cause?: unknown;
  /** The rule that was broken, for operators only. It never reaches a client. */
  readonly reason?: RefusalReason;
  /** The scopes that the route requires, for `insufficient_scope`. */
  readonly requiredScopes?: readonly string[];
  /** The longest accepted age of the sign-in in seconds, for `reauthentication_required` and `stronger_authentication_required` (RFC 9470 §3). */
  readonly maxAgeSeconds?: number | undefined;
  /** What the sign-in must be, one of them and best the first, for the same codes (RFC 9470 §3). */
  readonly acrValues?: readonly string[] | undefined;
  /** The step that is missing, for `further_step_required`. Clients receive it; logs, events and serializers do not. */
  readonly step?: FurtherStep;
  /** When to try again, in seconds: for the 503 codes, and for `too_many_requests`. @defaultValue 1 for 503, unsaid for 429 */
  readonly retryAfterSeconds?: number;
  /** What is wrong with the body, for `invalid_request`: names of members and rules, never what was sent. */
  readonly problems?: readonly string[];
  /** The code of RFC 6749 §5.2 that the body names besides, as `error`, if that is what clients of the route read. */
  readonly oauthError?: OAuthErrorCode;
}

const AUTH_ERROR = Symbol.for('nestjs-latchkey:AuthError');

/**
 * A refusal. `code` is exact and for events; what a client may see of it is `publicCode` and the message.
 *
 * @example
 * ```ts
 * import { AuthError } from 'nestjs-latchkey';
 *
 * throw new AuthError('insufficient_scope', { requiredScopes: ['grades:write'] });
 * ```
 */
export class AuthError<Code extends AuthErrorCode = AuthErrorCode> extends Error {
  /** True for an `AuthError` of another copy of this package, too: an application may have several. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (this !== AuthError) return Function.prototype[Symbol.hasInstance].call(this, value);
    return typeof value === 'object' && value !== null && AUTH_ERROR in value;
  }

  override readonly name: string = 'AuthError';
  readonly requiredScopes: readonly string[] | undefined;
  readonly maxAgeSeconds: number | undefined;
  readonly acrValues: readonly string[] | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly problems: readonly string[] | undefined;
  /** For operators only: not enumerable, so that a filter that serializes the error does not send it. */
  declare readonly reason: RefusalReason | undefined;
  /** For the client that it is about: not enumerable, so that no log has the continuation. */
  declare readonly step: FurtherStep | undefined;
  /** The code of RFC 6749 §5.2 that the body names as `error`. Not enumerable, as it says nothing that `code` does not. */
  declare readonly oauthError: OAuthErrorCode | undefined;

  constructor(
    readonly code: Code,
    options: AuthErrorOptions = {},
  ) {
    super(ERROR_TABLE[code].message, options.cause === undefined ? undefined : { cause: options.cause });
    this.requiredScopes = options.requiredScopes;
    this.maxAgeSeconds = options.maxAgeSeconds;
    this.acrValues = options.acrValues;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.problems = options.problems;
    // Log serializers and error trackers copy own enumerable properties, so `cause` is not enumerable.
    if (options.cause !== undefined) Object.defineProperty(this, 'cause', { enumerable: false });
    Object.defineProperty(this, 'step', { value: options.step, enumerable: false });
    Object.defineProperty(this, 'reason', { value: options.reason, enumerable: false });
    Object.defineProperty(this, 'oauthError', { value: options.oauthError, enumerable: false });
  }

  get [AUTH_ERROR](): true {
    return true;
  }

  private get entry(): ErrorEntry {
    return ERROR_TABLE[this.code];
  }

  /** The HTTP status of the answer. */
  get status(): ErrorEntry['status'] {
    return this.entry.status;
  }

  /** How the answer challenges the client. */
  get challenge(): Challenge {
    return this.entry.challenge;
  }

  /** What a client may see in place of the message, which a subclass may make more exact. */
  get publicMessage(): string {
    return this.entry.message;
  }

  /** The code that a client may see. */
  get publicCode(): AuthErrorCode {
    return this.entry.publicCode ?? this.code;
  }

  /** True if the credential can never become valid again, so that a cookie that carried it may be cleared. */
  get isTerminal(): boolean {
    return this.entry.terminal === true;
  }

  /**
   * True if a dependency did not answer (503), or the application is at fault (500). It
   * never clears, revokes or counts anything.
   */
  get isUnavailable(): boolean {
    return this.entry.status >= 500;
  }
}

/** One clause for logs and terminals: `exp: must not live longer than 86400 seconds (option maxLifetime)`. */
export function reasonText({ claim, rule, option }: RefusalReason): string {
  return `${claim === undefined ? '' : `${claim}: `}${rule}${option === undefined ? '' : ` (option ${option})`}`;
}

/** An error of application code that authentication calls: names the phase, with the original error as the cause. */
export class FaultyPhase extends Error {
  override readonly name = 'FaultyPhase';

  constructor(
    readonly phase: string,
    cause: unknown,
  ) {
    super(`${phase} failed`, { cause });
  }
}

/**
 * The refusal if a part of the application fails: unavailable (500), with a code of its own, so that operators do not search for the
 * cause in the database.
 */
export function applicationFault(phase: string, cause: unknown): AuthError {
  return new AuthError('application_fault', { cause: new FaultyPhase(phase, cause) });
}

/**
 * An error in the configuration. It is thrown while the application starts, with every problem at once. Its message ends with the pages
 * about them, unless `NODE_ENV` is `production`.
 */
export class AuthConfigurationError extends Error {
  override readonly name = 'AuthConfigurationError';

  constructor(readonly problems: readonly string[]) {
    super(`AuthModule cannot start:\n${problems.map((problem) => `  - ${problem}`).join('\n')}${pagesAbout(problems)}`);
  }
}

function pagesAbout(problems: readonly string[]): string {
  if (process.env['NODE_ENV'] === 'production' || problems.length === 0) return '';
  return `\nCause and cure:\n${pagesOfProblems(problems)
    .map((page) => `  ${page}`)
    .join('\n')}`;
}

/** Returns the problems of an {@link AuthConfigurationError} thrown by `work`, or `[]`. Rethrows anything else. */
export function configurationProblems(work: () => unknown): readonly string[] {
  try {
    work();
    return [];
  } catch (error) {
    if (error instanceof AuthConfigurationError) return error.problems;
    throw error;
  }
}
