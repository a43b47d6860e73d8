// The CSRF token that a page asks for: whose it is, is read from the credentials that the browser sends along.
import type { CsrfHolder } from '../../core/browser/csrf.js';
import { orUnavailable } from '../../core/base/at-once.js';
import { AuthError } from '../../core/base/errors.js';
import type { AuthRequest } from '../../core/base/request.js';
import { findCandidates, isSentByBrowser, type Scheme } from '../../core/schemes/schemes.js';
import type { AuthCookies } from './auth-cookies.js';
import { adaptRequest } from '../transport/adapt-request.js';
import type { FaultLog } from '../refusals/fault-log.js';
import type { Exchange } from '../transport/http-exchange.js';

/** Issues CSRF tokens. */
export class CsrfTokenIssuer {
  constructor(
    private readonly schemes: ReadonlyMap<string, Scheme>,
    private readonly cookies: AuthCookies,
    private readonly faults: FaultLog,
  ) {}

  /**
   * The token for the header, after setting the cookie that goes with it. It works for anonymous callers too.
   * @throws {AuthError} `keys_unavailable`, `store_unavailable`, `application_fault`: an anonymous token would then be of no use
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

/** The subject of the scheme's credential. It is not authorized here, but where it calls a route. */
async function holderOf(request: AuthRequest, scheme: Scheme): Promise<CsrfHolder> {
  try {
    const [found] = findCandidates(request, [scheme]);
    if (found === undefined) return undefined;
    if (found.error !== undefined) throw found.error;
    if (!isSentByBrowser(scheme, found.credential, request)) return undefined;
    return await orUnavailable('scheme_unavailable', () => scheme.verify(found.credential, request));
  } catch (error) {
    if (error instanceof AuthError && !error.isUnavailable) return undefined;
    throw error;
  }
}
