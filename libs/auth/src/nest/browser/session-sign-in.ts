// Sign-ins that live in the host's session: in and out, with CSRF judged in both.
import type { CsrfService } from '../../core/browser/csrf.js';
import type { SessionService } from '../../core/browser/session.js';
import type { SignInService } from '../../core/users/sign-in.js';
import type { SignInCredentials } from '../../core/users/users.js';
import type { AuthCookies } from './auth-cookies.js';
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
   * @throws {AuthError} `csrf_*`, `invalid_credentials`, and the 503 codes
   */
  async login({ request, response }: Exchange, credentials: SignInCredentials, label?: string): Promise<void> {
    const { csrf, signIn, sessions, cookies } = this.parts;
    csrf.enforceForAnyone(adaptRequest(request));
    const user = await signIn.verify(credentials);
    cookies.bindCsrf(response, await sessions.signIn(request, user, { label }));
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
