// After a password was changed: every login of the user ends, and the one that asked goes on as a new one, if that is wanted.
import { AuthError } from '../../core/base/errors.js';
import { sameSubject, type Principal, type Subject } from '../../core/base/principal.js';
import type { IssueOptions } from '../../core/issuing/token-options.js';
import type { TokenPair } from '../../core/issuing/token-minter.js';
import type { TokenSettings } from '../../core/issuing/token-settings.js';
import type { TokenService } from '../../core/issuing/token-service.js';
import type { BlocklistService } from '../../core/logins/blocklist-service.js';
import type { LoginService } from '../../core/logins/login-service.js';
import type { Login } from '../../core/stores/stores.js';
import type { AccountResolver } from '../../core/users/accounts.js';
import { answerOn } from '../transport/contexts.js';
import type { Exchange } from '../transport/http-exchange.js';
import type { CookieSignIn } from './cookie-sign-in.js';
import type { SessionSignIn } from './session-sign-in.js';

/** How a changed password is followed up. */
export interface ChangedPasswordOptions {
  /**
   * Request and response of the framework: the login that sent the request goes on, as a new one. The request must have passed a guard.
   * @defaultValue every login ends
   */
  readonly keep?: Exchange | undefined;
  /** Why, for the audit trail. @defaultValue 'password-changed' */
  readonly reason?: string | undefined;
}

/** What became of the login that was to be kept. */
export interface KeptLogin {
  /** False if there was none to keep: the user signs in again. */
  readonly kept: boolean;
  /** The pair that takes the place of the one that the client has; `undefined` where cookies or the session were replaced. */
  readonly tokens: TokenPair | undefined;
}

/** The login that goes on, and what has become of its user. */
interface Before {
  readonly principal: Principal;
  readonly login: Login;
  /** When the new one begins, in epoch seconds. */
  readonly issuedAt: number;
  readonly described: readonly string[] | undefined;
}

const NOT_KEPT: KeptLogin = Object.freeze({ kept: false, tokens: undefined });

/**
 * What follows a changed password.
 *
 * @example
 * ```ts
 * import type { Subject } from 'nestjs-latchkey';
 * import type { PasswordChanges } from 'nestjs-latchkey/browser';
 *
 * // Once the new hash and the new stamp are stored.
 * export const afterReset = (changes: PasswordChanges, subject: Subject) => changes.changed(subject);
 * ```
 */
export class PasswordChanges {
  /** @internal The module makes it: inject it. */
  constructor(
    private readonly parts: {
      readonly blocklist: BlocklistService;
      readonly settings: TokenSettings;
      readonly logins: LoginService;
      readonly users: AccountResolver;
      readonly tokens: TokenService;
      readonly cookieSignIn: CookieSignIn;
      readonly sessionSignIn: SessionSignIn;
    },
  ) {}

  /**
   * Ends all logins of a user, with what was issued for them, and their one-time links. Call it once the new hash, and the new stamp, are stored.
   *
   * With `keep`, the login of the request is replaced by a new one of the same kind, which is good for no longer and for nothing more than the old
   * one. A login that has ended meanwhile, one of another user or of a client, and a credential without a login are not kept.
   *
   * @throws {AuthError} `user_disabled`, `user_not_found`, and the 503 codes. Nothing is kept then; called again, it ends the rest
   */
  async changed(
    subject: Subject,
    { keep, reason = 'password-changed' }: ChangedPasswordOptions = {},
  ): Promise<KeptLogin> {
    const principal = keep && answerOn(keep.request).auth;
    const login = principal && (await this.liveLogin(subject, principal));
    await this.parts.logins.endAll(subject, { reason });
    if (keep === undefined || principal === undefined || login === undefined) return NOT_KEPT;
    return this.goOn(keep, principal, login);
  }

  /** The login of the request, unless it is another user's, or has ended: it must not begin again. */
  private async liveLogin(subject: Subject, { own, sid, ...principal }: Principal): Promise<Login | undefined> {
    if (!own || principal.kind !== 'user' || sid === undefined || !sameSubject(principal.subject, subject))
      return undefined;
    return this.parts.logins.findLive(subject, sid);
  }

  private async goOn(exchange: Exchange, principal: Principal, login: Login): Promise<KeptLogin> {
    const { tokens, cookieSignIn, sessionSignIn, users, blocklist } = this.parts;
    // As they are now: what is issued for the user of before the change would be superseded at once.
    const { user, description } = await users.lookUp(principal.subject);
    if (user === undefined) throw new AuthError('user_not_found');
    const issuedAt = await blocklist.earliestIssue(principal.subject);
    const options = this.asBefore({ principal, login, issuedAt, described: description?.scopes });
    switch (principal.scheme) {
      case 'bearer':
        return { kept: true, tokens: await tokens.issue(user, options) };
      case 'cookie':
        await cookieSignIn.complete(exchange, user, options);
        return { kept: true, tokens: undefined };
      case 'session':
        await sessionSignIn.complete(exchange, user, options);
        return { kept: true, tokens: undefined };
      default:
        return NOT_KEPT;
    }
  }

  /** No longer, and for nothing more. */
  private asBefore({ principal, login, issuedAt, described = [] }: Before): IssueOptions {
    const { access, refresh } = this.parts.settings;
    const left = login.absoluteExpiresAt - issuedAt;
    const rest = login.currentExpiresAt - login.currentIssuedAt;
    return {
      label: login.label,
      authTime: principal.authTime,
      acr: principal.acr,
      amr: principal.amr.length === 0 ? undefined : principal.amr,
      refresh: { idle: within(rest, refresh.idleSeconds), absolute: within(left, refresh.absoluteSeconds) },
      ...shorterThan(access.ttlSeconds, principal.claims),
      ...grantOf(principal, described),
    };
  }
}

const MINUTE_SECONDS = 60;

/** A life that a login may have, if it is shorter than those of the module. */
function within(seconds: number, most: number): number | undefined {
  return seconds < most && MINUTE_SECONDS <= most ? Math.max(MINUTE_SECONDS, seconds) : undefined;
}

/** The life of an access token that is shorter than others. */
function shorterThan(most: number, { iat, exp }: Principal['claims']): Pick<IssueOptions, 'accessTtl'> {
  const seconds = typeof iat === 'number' && typeof exp === 'number' ? exp - iat : most;
  return seconds < most ? { accessTtl: seconds } : {};
}

/** What the tokens of a login were granted. Scopes that are those of the user go on following the user. */
function grantOf({ claims, scopes, restricted }: Principal, described: readonly string[]): IssueOptions {
  // Of our own token: what was issued once may be issued again.
  const { aud, client_id: clientId, filters } = claims as Readonly<Record<string, unknown>>;
  const isWhole = scopes.length === described.length && scopes.every((scope) => described.includes(scope));
  return {
    restricted,
    ...(isWhole ? undefined : { scopes }),
    audience: aud as IssueOptions['audience'],
    clientId: clientId as IssueOptions['clientId'],
    filters: filters as IssueOptions['filters'],
  };
}
