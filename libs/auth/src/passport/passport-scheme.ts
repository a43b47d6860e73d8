// Passport strategies as schemes: what each of their answers means to the read path. "Nothing for me", "not good" and "broken"
// stay three different answers, which passport itself folds into one.
import { HttpException, type Type } from '@nestjs/common';
import { isSafeMethod } from '../core/internal.js';
import { defineScheme, type CsrfPolicy, type Scheme, type SchemeFactory, type ServiceFinder } from '../schemes.js';
import { AuthError, type AuthErrorCode, type AuthUser, type Verified, type AuthRequest } from '../index.js';
import { CsrfService } from '../browser.js';
import { LoginRedirectError, isUserLeftOn } from '../nest/internal.js';
import { runStrategy, type PassportStrategy, type StrategyOutcome } from './run-strategy.js';
import { identityOf, type PassportIdentity } from './passport-identity.js';

/** How a passport strategy stands as a scheme. */
export type PassportSchemeOptions<User = AuthUser> = {
  /** Handed to the strategy's `authenticate()`, as the second argument of `AuthGuard()` would be. @defaultValue {} */
  readonly authenticate?: object;
  /**
   * What the user of the strategy asserts: subject, scopes, claims. By default the subject is what your user source
   * describes, or the user's own `id` or `sub` under an issuer named `passport:<name>` if there is no source.
   */
  readonly identify?: (user: User, info: unknown) => PassportIdentity;
  /**
   * The refusal that a failure means; `undefined` says that the request held nothing for this strategy, so that the next scheme
   * may answer. By default a challenge with `error=` and an error other than a plain `Error` refuse.
   */
  readonly refusal?: (challenge: unknown, status: number | undefined) => AuthErrorCode | undefined;
  /**
   * `fresh`: every request proves the person again, with a password; "sign out everywhere" does not shut them out. `standing`: the
   * credential was issued before, a session or a token, and blocking the subject ends it. @defaultValue 'standing'
   */
  readonly proof?: 'fresh' | 'standing';
  /** `forgive` lets the next scheme answer in place of a refused credential. @defaultValue 'stop' */
  readonly onFailure?: 'stop' | 'forgive';
  /** How long the strategy may take, in milliseconds; a slower one counts as unavailable. @defaultValue 5000 */
  readonly timeoutMs?: number;
} &
  /**
   * `client` for what only code sends: an API key in a header. Left out, an unsafe request with a cookie, Basic or a client
   * certificate needs a CSRF token of the user's sign-in, because a strategy does not show where it looks.
   */
  (
    | { readonly sentBy?: 'client' }
    /** What the browser adds by itself, a passport session or Basic, must come with a CSRF policy. */
    | { readonly sentBy: 'browser'; readonly csrf: CsrfPolicy }
  );

const TIMEOUT_MS = 5000;

/**
 * Any passport strategy as a scheme, for `AuthModule.forRoot({ schemes: [...] })` and `AuthGuardFor('name', ...)`. It runs on Express and
 * on Fastify, and needs no `passport.initialize()`.
 *
 * @param strategy the strategy itself, or the class of the provider that it is
 * @example
 * ```ts
 * import { createHash } from 'node:crypto';
 * import { Module } from '@nestjs/common';
 * import { AuthModule } from 'nestjs-latchkey';
 * import { passportScheme } from 'nestjs-latchkey/passport';
 * import { Strategy } from 'passport-custom';
 *
 * // Digests of the keys, and their owners: the table does not reveal a key.
 * const clients = new Map([[process.env['BILLING_KEY_SHA256'], 'billing']]);
 *
 * const strategy = new Strategy((request, done) => {
 *   const id = clients.get(createHash('sha256').update(String(request.headers['x-api-key'])).digest('hex'));
 *   done(null, id === undefined ? false : { id });
 * });
 *
 * @Module({ imports: [AuthModule.forRoot({ schemes: [passportScheme('api-key', strategy)] })] })
 * export class AppModule {}
 * ```
 */
export function passportScheme<User = AuthUser>(
  name: string,
  strategy: PassportStrategy | Type<PassportStrategy>,
  options: PassportSchemeOptions<User> = {},
): SchemeFactory {
  return {
    name,
    schemeOf: (services) => {
      const found = typeof strategy === 'function' ? services.get<PassportStrategy>(strategy) : strategy;
      // The user type is a promise of the caller about their own strategy.
      return schemeFrom({ name, strategy: found, options: options as PassportSchemeOptions<unknown>, services });
    },
  };
}

interface Parts {
  readonly name: string;
  readonly strategy: PassportStrategy;
  readonly options: PassportSchemeOptions<unknown>;
  readonly services: ServiceFinder;
}

function schemeFrom(parts: Parts): Scheme {
  const { name, strategy, options } = parts;
  const { authenticate = {}, timeoutMs = TIMEOUT_MS } = options;
  return defineScheme<AuthRequest>({
    name,
    ...senderOf(parts),
    onFailure: options.onFailure ?? 'stop',
    // Only the strategy itself can tell whether the request holds something for it.
    find: (request) => request,
    verify: async ({ raw }) => {
      const before = userOn(raw);
      const outcome = await runStrategy(strategy, { request: raw, options: authenticate, timeoutMs });
      const after = userOn(raw);
      // A session strategy leaves the user on the request and says `pass`. A composite guard asks several guards at once: the user
      // that one of ours left there meanwhile is not the strategy's.
      const passed = outcome.end === 'pass' && after !== before && !isUserLeftOn(raw, after);
      return verifiedOf(passed ? { end: 'success', user: after, info: undefined } : outcome, parts);
    },
  });
}

/** A strategy does not show where it looks. While a browser may have added what it finds, the request must prove its intent. */
function senderOf({
  options,
  services,
}: Parts):
  | Pick<Extract<Scheme<AuthRequest>, { sentBy: 'either' }>, 'sentBy' | 'csrf' | 'isSentByBrowser'>
  | { readonly sentBy: 'client' }
  | { readonly sentBy: 'browser'; readonly csrf: CsrfPolicy } {
  if (options.sentBy === 'client') return { sentBy: 'client' };
  if (options.sentBy === 'browser') return { sentBy: 'browser', csrf: options.csrf };
  return {
    sentBy: 'either',
    csrf: (request, verified) => services.get<CsrfService>(CsrfService).enforce(request, verified),
    isSentByBrowser: (_, request) => !isSafeMethod(request.method) && mayBeAdded(request),
  };
}

/** Cookies, passwords that a browser remembers, and its certificate. */
function mayBeAdded(request: AuthRequest): boolean {
  const answered = request
    .headerLines('authorization')
    .some((line) => /^\s*(?:basic|digest|negotiate|ntlm)\b/i.test(line));
  return answered || request.headerLines('cookie').length > 0 || hasCertificate(request.raw);
}

/** Both frameworks show the socket; of TLS, it says whether the client showed a certificate that holds. */
function hasCertificate(request: unknown): boolean {
  if (typeof request !== 'object' || request === null || !('socket' in request)) return false;
  const { socket } = request;
  return typeof socket === 'object' && socket !== null && 'authorized' in socket && socket.authorized === true;
}

function userOn(request: unknown): unknown {
  return typeof request === 'object' && request !== null && 'user' in request ? request.user : undefined;
}

function verifiedOf(outcome: StrategyOutcome, parts: Parts): Verified | undefined {
  switch (outcome.end) {
    case 'pass':
      return undefined;
    case 'success':
      return isUser(outcome.user) ? identityOf(outcome.user, outcome.info, parts) : undefined;
    case 'redirect':
      throw new AuthError('unauthenticated', { cause: new LoginRedirectError(outcome.url, outcome.status) });
    case 'fail':
      return refuse(outcome, parts.options);
    case 'error':
      throw refusalFrom(outcome.error);
  }
}

function refuse(
  { challenge, status }: Extract<StrategyOutcome, { readonly end: 'fail' }>,
  { refusal = refusalOf }: PassportSchemeOptions<unknown>,
): undefined {
  const code = refusal(challenge, status);
  if (code !== undefined) throw new AuthError(code, { cause: challenge });
}

/** Passport uses `false` and `null` for "no user"; they are never a user. */
function isUser(user: unknown): user is AuthUser {
  return typeof user === 'object' && user !== null;
}

/**
 * Strategies of RFC 6750 name an `error` if a credential was there and was not good; passport-jwt passes the verifier's error,
 * and a plain one if there was no token.
 */
function refusalOf(challenge: unknown, status: number | undefined): AuthErrorCode | undefined {
  if (typeof challenge === 'string') return /\berror=/.test(challenge) ? 'token_invalid' : undefined;
  if (challenge instanceof Error) return challenge.name === 'Error' ? undefined : 'token_invalid';
  return challenge === undefined && status === 400 ? 'malformed_header' : undefined;
}

/** Nest's strategies refuse by throwing from `validate()`; everything else that a strategy throws is something that broke. */
function refusalFrom(error: unknown): AuthError {
  if (error instanceof AuthError) return error;
  const status = error instanceof HttpException ? error.getStatus() : undefined;
  if (status === 401) return new AuthError('token_invalid', { cause: error });
  if (status === 403) return new AuthError('forbidden', { cause: error });
  return new AuthError('users_unavailable', { cause: error });
}
