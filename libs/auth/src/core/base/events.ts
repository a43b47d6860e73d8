// Event types, published on `node:diagnostics_channel`. Payloads hold codes and
// identifiers, never a token, key, password or claim.
import { channel, type Channel } from 'node:diagnostics_channel';
import type { AuthErrorCode, RefusalReason } from './errors.js';
import type { KeyUsed, PrincipalKind } from './principal.js';

/**
 * The name of the diagnostics channel that every event is published on.
 *
 * @example
 * ```ts
 * import { subscribe } from 'node:diagnostics_channel';
 * import { EVENTS_CHANNEL } from 'nestjs-latchkey/events';
 *
 * subscribe(EVENTS_CHANNEL, (event) => console.log(JSON.stringify(event)));
 * ```
 */
export const EVENTS_CHANNEL = 'nestjs-latchkey';

/**
 * How one attempt to authenticate a caller ended. Every attempt ends in exactly one of these.
 *
 * - `not_applicable`: no credential that the route understands
 * - `success`: recognized
 * - `anonymous`: an optional route continued without the bad credential
 * - `rejected`: a credential was present and is not valid
 * - `forgiven`: only forgivable credentials were present, none was valid
 * - `user_mismatch`: a bad cookie, while a live session belongs to another user
 * - `user_mismatch_enforced`: a good cookie, while a live session belongs to another user
 * - `forbidden`: recognized or unintended (CSRF), and not allowed
 * - `ambiguous`: two credentials in one place
 * - `unavailable`: something that must be asked did not answer
 */
export type AttemptOutcome =
  | 'not_applicable'
  | 'success'
  | 'anonymous'
  | 'rejected'
  | 'forgiven'
  | 'user_mismatch'
  | 'user_mismatch_enforced'
  | 'forbidden'
  | 'ambiguous'
  | 'unavailable';

/** A credential that failed without ending the attempt. */
export interface ForgivenFailure {
  readonly scheme: string;
  readonly code: AuthErrorCode;
  /** The rule that was broken, if the code alone does not say it. */
  readonly reason?: RefusalReason | undefined;
}

/** One attempt to authenticate the caller of a request. */
export interface AttemptEvent {
  readonly type: 'attempt';
  readonly outcome: AttemptOutcome;
  /** The scheme that decided, if one did. */
  readonly scheme?: string | undefined;
  /** The exact refusal, also if the client sees another. */
  readonly code?: AuthErrorCode | undefined;
  /** The rule that was broken, if the code alone does not say it. Names and limits, never a value of the token. */
  readonly reason?: RefusalReason | undefined;
  /** The key that the credential was verified with, also if it was refused for another reason. */
  readonly key?: KeyUsed | undefined;
  readonly forgiven: readonly ForgivenFailure[];
  /** The schemes that the request carried something for, good or bad. */
  readonly carried: readonly string[];
  /** True if the request carried more than one credential in different places. */
  readonly conflicting: boolean;
  readonly subject?: string | undefined;
  readonly issuer?: string | undefined;
  readonly kind?: PrincipalKind | undefined;
  /**
   * The trusted issuer that a refused credential names: unverified, unless {@link key} is there. Absent if it names none that is trusted
   * (`invalid_issuer`).
   */
  readonly claimedIssuer?: string | undefined;
  /**
   * Whom the token cookie of the request names, unverified: whenever it carries one, which may be good or bad. `unreadable` if it names no
   * one of a trusted issuer; {@link cookieIssue} says why.
   */
  readonly cookieSubject?: string | undefined;
  /** The issuer that goes with {@link cookieSubject}. */
  readonly cookieIssuer?: string | undefined;
  /** Why the token cookie names no subject: it is no token, its issuer is not trusted, or the claim is missing. */
  readonly cookieIssue?: 'malformed' | 'unknown_issuer' | 'missing_subject' | undefined;
  /** On a mismatch: the user of the live session. */
  readonly sessionSubject?: string | undefined;
  /**
   * The scheme of an `Authorization` header that no scheme of the route reads, in lower case: `basic`, `bearer`, `digest`, `negotiate`,
   * `jwt`, `token`, or `other`.
   */
  readonly foreignScheme?: string | undefined;
  /** The version of this library. */
  readonly version: string;
}

/** The look at the credentials of a request before its route is known: `authenticateEarly()`. It decides nothing. */
export interface EarlyAttemptEvent {
  readonly type: 'early_attempt';
  /** `success` if there is a user to show; all else left the request without one. */
  readonly outcome: AttemptOutcome;
  /** The scheme that told, or that failed. */
  readonly scheme?: string | undefined;
}

/** What happens to sign-ins, besides being used. */
export interface SignInEvent {
  readonly type: 'sign_in' | 'sign_out' | 'refresh' | 'refresh_retry' | 'refresh_held' | 'refresh_reused';
  readonly issuer: string;
  readonly subject: string;
  readonly sid: string;
}

/** A refused sign-in or refresh. */
export interface RefusalEvent {
  readonly type: 'sign_in_refused' | 'refresh_refused';
  readonly code: AuthErrorCode;
  /** The rule that was broken, if the code alone does not say it. */
  readonly reason?: RefusalReason | undefined;
}

/** A further step of a sign-in: it was asked for, or sent and passed. */
export interface SignInStepEvent {
  readonly type: 'sign_in_step_required' | 'sign_in_step_passed';
  readonly issuer: string;
  /** Who proved the steps before it. */
  readonly subject: string;
  /** What is asked for, by the name that the user source gave it: `totp`. */
  readonly kind: string;
}

/** A further step of a sign-in was sent and refused, by a client that passed the steps before it. `sign_in_refused` follows. */
export interface SignInStepRefusalEvent {
  readonly type: 'sign_in_step_failed';
  readonly issuer: string;
  readonly subject: string;
  readonly kind: string;
  readonly code: AuthErrorCode;
  /** The rule that was broken, if the code alone does not say it. */
  readonly reason?: RefusalReason | undefined;
}

/** How a client proves who it is, by the names of RFC 7591 §2 and OpenID Connect Core §9. */
export type ClientAuthMethod = 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt';

/** A client that acts for itself received an access token. */
export interface ClientSignInEvent {
  readonly type: 'client_sign_in';
  readonly issuer: string;
  readonly clientId: string;
  readonly method: ClientAuthMethod;
}

/** A client was refused at the token endpoint. */
export interface ClientRefusalEvent {
  readonly type: 'client_sign_in_refused';
  readonly issuer: string;
  /** The exact refusal, also if the client sees another. */
  readonly code: AuthErrorCode;
  /** The rule that was broken, if the code alone does not say it. */
  readonly reason?: RefusalReason | undefined;
  /** The id that was sent, if the source knows it; not proven. An unknown one is left out: a secret may have been sent in its place. */
  readonly clientId?: string | undefined;
  /** How the client tried to prove who it is, if that could be told. */
  readonly method?: ClientAuthMethod | undefined;
}

/** An entry of the blocklist was made. */
export interface RevocationEvent {
  readonly type: 'revoked';
  readonly kind: 'token' | 'login' | 'subject';
  readonly issuer: string;
  readonly id: string;
  /** Whose it was, if that is known. */
  readonly subject?: string | undefined;
  readonly reason?: string | undefined;
}

/** One half of a split cookie came without the other, which is then named; the token was not put together. */
export interface CookieHalfEvent {
  readonly type: 'cookie_half_missing';
  readonly name: string;
}

/** What happens to keys: our own ring, or a key set fetched from an issuer. */
export interface KeysEvent {
  readonly type: 'keys_rotated' | 'keys_refused' | 'key_set_fetched' | 'key_set_failed' | 'key_ignored';
  readonly issuer?: string | undefined;
  readonly kid?: string | undefined;
  readonly count?: number | undefined;
  /** Fixed text for operators. */
  readonly reason?: string | undefined;
}

/** A store stopped answering, or answers again. */
export interface StoreEvent {
  readonly type: 'store_failed' | 'store_recovered';
  readonly store: 'revocations' | 'logins' | 'one_time' | 'audit';
}

/** The verification of a scheme of the application threw something other than a refusal, or works again. */
export interface SchemeEvent {
  readonly type: 'scheme_failed' | 'scheme_recovered';
  readonly scheme: string;
  /** The kind and code of what was thrown, never its message. */
  readonly reason?: string | undefined;
}

/** A user source of the application failed, or answers again. */
export interface UsersEvent {
  readonly type: 'users_failed' | 'users_recovered';
  /** By the option that names it. */
  readonly source: 'users' | 'externalUsers';
  /** The kind and code of what was thrown, never its message. */
  readonly reason?: string | undefined;
}

/** An access token was accepted without asking the blocklist, which did not answer: `revocation.onStoreError` is `allow`. */
export interface UncheckedEvent {
  readonly type: 'revocation_unchecked';
  readonly issuer: string;
  readonly subject: string;
  readonly jti?: string | undefined;
}

/** All event types. */
export type AuthEvent =
  | AttemptEvent
  | EarlyAttemptEvent
  | SignInEvent
  | RefusalEvent
  | SignInStepEvent
  | SignInStepRefusalEvent
  | ClientSignInEvent
  | ClientRefusalEvent
  | RevocationEvent
  | CookieHalfEvent
  | KeysEvent
  | StoreEvent
  | SchemeEvent
  | UsersEvent
  | UncheckedEvent;

/** Where events go. An attempt that succeeded is not even made into an event while this has no subscribers. */
export const events: Channel = channel(EVENTS_CHANNEL);

const upkeep = new Set<(event: AuthEvent) => void>();

/**
 * Listens to all but attempts, which are not even built for this listener: for the log of the application, which is always on.
 * @returns a function that stops listening
 */
export function onUpkeepEvent(listener: (event: AuthEvent) => void): () => void {
  const guarded = (event: AuthEvent): void => {
    if (event.type !== 'attempt') tryTo(() => listener(event));
  };
  upkeep.add(guarded);
  return () => {
    upkeep.delete(guarded);
  };
}

const refusals = new Set<(event: AttemptEvent) => void>();

/**
 * Listens to attempts in which a credential was refused, for a log. Those that succeeded are not built for this listener.
 * @returns a function that stops listening
 */
export function onRefusedAttempt(listener: (event: AttemptEvent) => void): () => void {
  const guarded = (event: AttemptEvent): void => tryTo(() => listener(event));
  refusals.add(guarded);
  return () => {
    refusals.delete(guarded);
  };
}

/** True if any listener receives attempts that did not simply succeed. */
export function isRefusalHeard(): boolean {
  return events.hasSubscribers || refusals.size > 0;
}

/** Publishes an event; without listeners it costs next to nothing. */
export function publish(event: AuthEvent): void {
  for (const tell of upkeep) tell(event);
  if (event.type === 'attempt') for (const tell of refusals) tell(event);
  if (events.hasSubscribers) events.publish(event);
}

/**
 * Listens to every event of the library in this process. A listener that throws or rejects never changes an answer.
 * (`node:diagnostics_channel` itself turns a subscriber's exception into an uncaught one: prefer this function.)
 *
 * @returns a function that stops listening
 * @example
 * ```ts
 * import { onAuthEvent } from 'nestjs-latchkey/events';
 *
 * const stop = onAuthEvent((event) => console.log(event.type));
 * stop();
 * ```
 */
export function onAuthEvent(listener: (event: AuthEvent) => void | Promise<void>): () => void {
  const guarded = (message: unknown): void => {
    // Only `publish` above writes to this channel, and it writes events.
    tryTo(() => listener(message as AuthEvent));
  };
  events.subscribe(guarded);
  return () => {
    events.unsubscribe(guarded);
  };
}

/** A listener must never change an answer: what it throws or rejects with is dropped. */
function tryTo(work: () => void | Promise<void>): void {
  try {
    void Promise.resolve(work()).catch(() => {});
  } catch {
    // As above.
  }
}
