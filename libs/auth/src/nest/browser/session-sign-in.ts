// Sign-ins that live in the host's session: sign-in and sign-out, with CSRF checked in both.
import type { CsrfService } from '../../core/browser/csrf.js';
import type { SessionService } from '../../core/browser/session.js';
import type { SignInService } from '../../core/sign-in/sign-in-service.js';
import type { AuthUser } from '../../core/base/principal.js';
import type { LoginOptions } from '../../core/issuing/token-options.js';
import type { AuthCookies } from './auth-cookies.js';
import { BrowserSteps, type SentStep } from './browser-steps.js';
import type { OptionsFor } from './cookie-sign-in.js';
import { adaptRequest } from '../transport/adapt-request.js';
import type { Exchange } from '../transport/http-exchange.js';

/** Signs people in and out by session. */
export class SessionSignIn {
  constructor(
    private readonly parts: {
      readonly csrf: CsrfService;
      readonly signIn: SignInService;
      readonly sessions: SessionService;
      readonly cookies: AuthCookies;
    },
  ) {}

  /**
   * Signs in under a new session id; what the session held before is gone.
   * @param sent the body, for the user source; at a further step with the continuation
   * @param optionsFor what the login is to be like, once it is known whose it is
   * @returns who signed in
   * @throws {AuthError} `csrf_*`, `invalid_credentials`, `further_step_required`, `too_many_requests`, and the 503 codes
   */
  async login(
    exchange: Exchange,
    sent: SentStep,
    optionsFor: OptionsFor<LoginOptions> = () => ({}),
  ): Promise<AuthUser> {
    const found = await new BrowserSteps(this.parts, 'session').identify(exchange, sent);
    const { user, acr, amr, authTime } = found;
    await this.complete(exchange, user, { ...(await optionsFor(found)), acr, amr, authTime });
    return user;
  }

  /**
   * Signs in a user who was authenticated elsewhere: an identity provider, a key. CSRF is not checked: the caller knows what
   * proves that this browser asked for it.
   * @throws {AuthError} `user_disabled`, and the 503 codes
   */
  async complete({ request, response }: Exchange, user: AuthUser, options: LoginOptions = {}): Promise<void> {
    const { sessions, cookies } = this.parts;
    cookies.bindCsrf(response, await sessions.signIn(request, user, options));
  }

  /**
   * Ends the sign-in and its session, also where there is none.
   * @throws {AuthError} `csrf_*`, `store_unavailable`
   */
  async logout({ request, response }: Exchange): Promise<void> {
    const { csrf, sessions, cookies } = this.parts;
    const adapted = adaptRequest(request);
    const current = sessions.current(request);
    if (current === undefined) csrf.enforceForAnyone(adapted);
    else csrf.enforce(adapted, current);
    await sessions.signOut(request);
    cookies.bindCsrf(response, undefined);
  }
}
