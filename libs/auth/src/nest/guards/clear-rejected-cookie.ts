// When a refused cookie is taken back: only when it can never be good again, and never because something did not answer.
import type { Decision } from '../../core/authentication/authenticator.js';
import type { AuthCookies } from '../browser/auth-cookies.js';
import { adaptRequest } from '../transport/contexts.js';
import type { Exchange } from '../transport/http-exchange.js';

/** Clears an access cookie that can never become valid again; otherwise the user would be locked out. */
export class RejectedCookies {
  constructor(private readonly cookies: AuthCookies) {}

  /** Clears the access cookie of a refused request where the refusal is about it and final. */
  clear(decision: Extract<Decision, { readonly error: unknown }>, { request, response }: Exchange): void {
    const { error, scheme } = decision;
    if (scheme !== 'cookie' || !error.isTerminal || error.status !== 401) return;
    this.cookies.clearAccess(adaptRequest(request), response);
  }
}
