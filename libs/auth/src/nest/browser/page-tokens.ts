// Owns the CSRF token that a page asks for: whose it is, is read from the credentials that the browser sends along.
import type { CsrfHolder } from '../../core/browser/csrf.js';
import { AuthError, during } from '../../core/errors.js';
import type { AuthRequest } from '../../core/request.js';
import { findAll, isSentByBrowser, type Scheme } from '../../core/schemes.js';
import type { AuthCookies } from './auth-cookies.js';
import { adaptRequest } from '../contexts/contexts.js';
import type { FaultLog } from '../fault-log.js';
import type { Exchange } from './exchange.js';

/** Hands out CSRF tokens. */
export class PageTokens {
  constructor(
    private readonly schemes: ReadonlyMap<string, Scheme>,
    private readonly cookies: AuthCookies,
    private readonly faults: FaultLog,
  ) {}

  /**
   * The token for the header, after setting the cookie that goes with it. Nobody needs to be signed in.
   * @throws {AuthError} `keys_unavailable`, `store_unavailable`, `application_fault`: a token for nobody would then be of no use
   */
  async forPage({ request, response }: Exchange): Promise<string> {
    const adapted = adaptRequest(request);
    const holders: NonNullable<CsrfHolder>[] = [];
    for (const scheme of this.schemes.values()) {
      const holder = scheme.sentBy === 'client' ? undefined : await this.holderOf(adapted, scheme);
      if (holder !== undefined) holders.push(holder);
    }
    return this.cookies.renewCsrf(adapted, response, holders);
  }

  private async holderOf(request: AuthRequest, scheme: Scheme): Promise<CsrfHolder> {
    try {
      return await holderOf(request, scheme);
    } catch (error) {
      if (error instanceof AuthError) this.faults.report(error);
      throw error;
    }
  }
}

/** Whom the scheme's credential vouches for. Whether they may do anything is judged where they do it. */
async function holderOf(request: AuthRequest, scheme: Scheme): Promise<CsrfHolder> {
  try {
    const [found] = findAll(request, [scheme]);
    if (found === undefined) return undefined;
    if (found.error !== undefined) throw found.error;
    if (!isSentByBrowser(scheme, found.credential, request)) return undefined;
    return await during('scheme_unavailable', () => scheme.verify(found.credential, request));
  } catch (error) {
    if (error instanceof AuthError && !error.isUnavailable) return undefined;
    throw error;
  }
}
