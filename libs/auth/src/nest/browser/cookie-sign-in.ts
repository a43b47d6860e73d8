// Sign-ins whose tokens travel in cookies: sign-in, refresh and sign-out. CSRF is checked in all three, because each changes what the
// browser will send by itself next time.
import { dateOf, type Clock } from '../../core/base/clock.js';
import type { EventSink } from '../../core/base/event-sink.js';
import type { CsrfService } from '../../core/browser/csrf.js';
import { findAccessToken, singleCookie } from '../../core/browser/cookie-scheme.js';
import { accessCookieSpecs, type CookieSpecs } from '../../core/browser/cookies.js';
import { AuthError, type AuthErrorCode } from '../../core/base/errors.js';
import type { LoginService } from '../../core/logins/login-service.js';
import type { AuthRequest } from '../../core/base/request.js';
import type { IdentifiedUser, SignInService } from '../../core/sign-in/sign-in-service.js';
import type { IssueOptions } from '../../core/issuing/token-options.js';
import type { TokenPair } from '../../core/issuing/token-minter.js';
import type { TokenService } from '../../core/issuing/token-service.js';
import type { TokenKind } from '../../core/tokens/claims.js';
import type { TokenVerifier } from '../../core/tokens/token-verifier.js';
import type { AuthUser, Verified } from '../../core/base/principal.js';
import type { AuthCookies } from './auth-cookies.js';
import { BrowserSteps, type SentStep } from './browser-steps.js';
import { adaptRequest } from '../transport/adapt-request.js';
import type { Exchange } from '../transport/http-exchange.js';

/**
 * Refusals that say nothing about the token itself: another request of the same sign-in may have won, and its cookies are already on
 * their way to this browser.
 */
const OVERTAKEN: ReadonlySet<AuthErrorCode> = new Set([
  'refresh_reused',
  'refresh_unknown',
  'token_revoked',
  'token_superseded',
  'user_not_found',
]);

/** What a login is to be like, once it is known whose it is. */
export type OptionsFor<Options> = (found: IdentifiedUser) => Options | Promise<Options>;

/** When the cookies that an answer sets end, for the page that keeps a sign-in alive. It holds nothing of the tokens themselves. */
export interface CookieTimes {
  /** The `sub` of the user. */
  readonly userId: string;
  /** The time of the server as it answered: a page whose clock is wrong counts from here. */
  readonly serverTime: Date;
  /** The end of the access cookie: refresh before it. */
  readonly accessExpiresAt: Date;
  /** As {@link accessExpiresAt}, in seconds from `serverTime`. */
  readonly accessExpiresIn: number;
  /** The end of the refresh cookie: from then on the user signs in again. */
  readonly refreshExpiresAt: Date;
}

/** Whose the cookies of an answer are, and when they end. */
interface Handed {
  readonly times: CookieTimes;
  /** Absent at a refresh in an application without a user source. */
  readonly user: AuthUser | undefined;
}

/** Signs people in and out by cookies. */
export class CookieSignIn {
  constructor(
    private readonly parts: {
      readonly specs: CookieSpecs;
      readonly csrf: CsrfService;
      readonly signIn: SignInService;
      readonly tokens: TokenService;
      readonly verifier: TokenVerifier;
      readonly logins: LoginService;
      readonly cookies: AuthCookies;
      readonly eventSink: EventSink;
      readonly clock: Clock;
    },
  ) {}

  /**
   * Signs in, and ends the sign-in that the browser had before.
   * @param sent the body, for the user source; at a further step with the continuation
   * @param optionsFor what the login is to be like, once it is known whose it is
   * @throws {AuthError} `csrf_*`, `invalid_credentials`, `further_step_required`, `too_many_requests`, and the 503 codes
   * @throws {CookieTooLargeError} before anything is stored
   */
  async login(exchange: Exchange, sent: SentStep, optionsFor: OptionsFor<IssueOptions> = () => ({})): Promise<Handed> {
    const found = await new BrowserSteps(this.parts, 'cookie').identify(exchange, sent);
    const { user, acr, amr, authTime } = found;
    const times = await this.complete(exchange, user, { ...(await optionsFor(found)), acr, amr, authTime });
    return { times, user };
  }

  /**
   * Signs in a user who was authenticated elsewhere: an identity provider, a key. CSRF is not checked: the caller knows what
   * proves that this browser asked for it. Ends the sign-in that the browser had before.
   * @throws {AuthError} `user_disabled`, and the 503 codes
   * @throws {CookieTooLargeError} before anything is stored
   */
  async complete(exchange: Exchange, user: AuthUser, options: Omit<IssueOptions, 'accept'> = {}): Promise<CookieTimes> {
    const { tokens, cookies } = this.parts;
    const request = adaptRequest(exchange.request);
    const pair = await tokens.issue(user, { ...options, accept: (made) => cookies.assertFit(made) });
    const shown = request.cookieValues(this.parts.specs.refresh.name);
    for (const previous of shown) await tokens.revoke(previous);
    if (shown.length === 0) await this.endShown(request);
    return this.hand(exchange, pair);
  }

  /** The refresh cookie is limited to a path. Elsewhere the access token shows the sign-in that the browser had, while it lasts. */
  private async endShown(request: AuthRequest): Promise<void> {
    const values = accessCookieSpecs(this.parts.specs).flatMap(({ name }) => request.cookieValues(name));
    if (values.length === 0) return;
    const held = await this.verified(unambiguousAccessToken(request, this.parts.specs), 'access');
    if (held?.sid !== undefined) await this.parts.logins.end(held.subject, held.sid);
  }

  /**
   * Replaces the tokens. The CSRF token must be that of the same sign-in, so that a planted refresh cookie is of no use.
   * @throws {AuthError} `csrf_*`, `unauthenticated`, `ambiguous_credentials`, and those of `TokenService.refresh`
   */
  async refresh(exchange: Exchange): Promise<Handed> {
    const { csrf, tokens, cookies, specs } = this.parts;
    const request = adaptRequest(exchange.request);
    csrf.enforceForAnyone(request);
    const token = singleCookie(request, specs.refresh);
    if (token === undefined) throw new AuthError('unauthenticated');
    try {
      const verified = await this.verified(token, 'refresh');
      // A token that is not good is for the refresh itself to refuse.
      if (verified !== undefined) this.enforceOwn(request, verified);
      const { pair, user } = await tokens.refreshLogin(token, { accept: (made) => cookies.assertFit(made) });
      return { times: this.hand(exchange, pair), user };
    } catch (error) {
      if (error instanceof AuthError && error.isTerminal && !OVERTAKEN.has(error.code))
        cookies.clearTokens(exchange.response);
      throw error;
    }
  }

  /**
   * Ends the sign-in and clears its cookies, also where there is none.
   * @throws {AuthError} `csrf_*`, `ambiguous_credentials`, and the 503 codes: nothing is cleared then
   */
  async logout(exchange: Exchange): Promise<void> {
    const { csrf, logins, cookies } = this.parts;
    const request = adaptRequest(exchange.request);
    csrf.enforceForAnyone(request);
    const held = await this.held(request);
    if (held?.sid !== undefined) {
      csrf.enforce(request, held);
      await logins.end(held.subject, held.sid);
    }
    cookies.clear(exchange.response);
  }

  /** Sets the cookies, and says when they end. */
  private hand({ response }: Exchange, pair: TokenPair): CookieTimes {
    const { cookies, clock } = this.parts;
    cookies.set(response, pair);
    const { subject, accessExpiresAt, refreshExpiresAt } = pair;
    const serverTime = dateOf(clock.nowMs() / 1000);
    // Not the life of the token: one that another request was issued a moment ago may be answered again.
    const accessExpiresIn = Math.max(0, Math.floor((accessExpiresAt.getTime() - serverTime.getTime()) / 1000));
    return { userId: subject.id, serverTime, accessExpiresAt, accessExpiresIn, refreshExpiresAt };
  }

  /** A page of another sign-in asks with this token: it may have been planted, which is reported. */
  private enforceOwn(request: AuthRequest, verified: Verified): void {
    try {
      this.parts.csrf.enforce(request, verified);
    } catch (error) {
      if (error instanceof AuthError)
        this.parts.eventSink.after({ type: 'refresh_refused', code: error.code, reason: error.reason });
      throw error;
    }
  }

  /** The sign-in that the cookies stand for: by the refresh token, which outlives the other. */
  private async held(request: AuthRequest): Promise<Verified | undefined> {
    const { specs } = this.parts;
    const refresh = await this.verified(singleCookie(request, specs.refresh), 'refresh');
    return refresh ?? this.verified(readableAccessToken(request, specs), 'access');
  }

  private async verified(token: string | undefined, kind: TokenKind): Promise<Verified | undefined> {
    if (token === undefined) return undefined;
    try {
      const verified = await this.parts.verifier.verify(token, kind);
      return verified.own ? verified : undefined;
    } catch (error) {
      if (error instanceof AuthError && !error.isUnavailable) return undefined;
      throw error;
    }
  }
}

/** The access token; `undefined` also for cookies of which it is not known which counts. */
function unambiguousAccessToken(request: AuthRequest, specs: CookieSpecs): string | undefined {
  try {
    return readableAccessToken(request, specs);
  } catch {
    return undefined;
  }
}

/** The access token, unless its cookies make none. @throws {AuthError} `ambiguous_credentials` */
export function readableAccessToken(request: AuthRequest, specs: CookieSpecs): string | undefined {
  try {
    return findAccessToken(request, specs);
  } catch (error) {
    if (error instanceof AuthError && error.status !== 400) return undefined;
    throw error;
  }
}
