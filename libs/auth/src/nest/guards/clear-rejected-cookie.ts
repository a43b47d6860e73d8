// When a refused cookie is taken back: only when it can never be good again, and never because something did not answer.
import type { Decision } from '../../core/authentication/authenticator.js';
import type { AuthRequest } from '../../core/base/request.js';
import type { AuthCookies } from '../browser/auth-cookies.js';

/** Clears an access cookie that can never become valid again; otherwise the user would be locked out. */
export class RejectedCookies {
  constructor(private readonly cookies: AuthCookies) {}

  /** Clears the access cookie of a refused request if the refusal is about it and final. */
  clear(
    { error, scheme }: Extract<Decision, { readonly error: unknown }>,
    request: AuthRequest,
    response: unknown,
  ): void {
    if (scheme !== 'cookie' || !error.isTerminal || error.status !== 401) return;
    this.cookies.clearAccess(request, response);
  }
}
