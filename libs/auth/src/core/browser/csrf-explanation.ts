// The words for the developer whose page was refused: what was sent, what is accepted, and the option. They are for development only:
// the sender of a request chooses its origin.
import type { AuthErrorCode } from '../base/errors.js';
import { shown } from '../base/shown.js';
import type { AuthRequest } from '../base/request.js';
import { originOf, type CsrfSettings } from './csrf.js';

/**
 * Says why a request was refused. No token and no cookie value is in it, and of addresses only the origin.
 * @returns `undefined` for a refusal that is not about CSRF
 */
export function csrfExplanation(
  code: AuthErrorCode,
  request: AuthRequest,
  { trustedOrigins, headerName, cookieName }: CsrfSettings,
): string | undefined {
  const refused = `A request was refused with ${code}`;
  if (code === 'csrf_origin_rejected') {
    const remedy = isOwnHost(request) ? OWN_HOST : OTHER_HOST;
    return `${refused}: ${senderOf(request)}. Accepted are ${trustedOrigins.join(', ')}. ${remedy}`;
  }
  if (code === 'csrf_cookie_missing')
    return `${refused}: it has no cookie ${cookieName}. GET the route of csrfController() first, with credentials; ${DROPPED}`;
  if (code === 'csrf_token_missing')
    return `${refused}: it has no header ${headerName} (option csrf.headerName). Send the csrfToken that csrfController() answers with.`;
  if (code === 'csrf_token_invalid')
    return `${refused}: the token in the header ${headerName} or in the cookie ${cookieName} is not one of this login. ${CHANGED}`;
  return undefined;
}

const OWN_HOST =
  'The page is on the host and port that the request was sent to: set `issuer` to that origin, because the origin of the issuer is ' +
  'always accepted, or add it to csrf.trustedOrigins.';
const OTHER_HOST = 'Add the origin of your page to csrf.trustedOrigins.';
const DROPPED =
  'a browser that drops it may need https, or cookies.secure: false at http://localhost. See docs/browser.md.';
const CHANGED = 'The token changes at sign-in: get one again from csrfController() after it. See docs/browser.md.';

/** What the browser says about the page, in the order in which it is looked at. */
function senderOf(request: AuthRequest): string {
  const origins = request.headerLines('origin');
  if (origins.length > 0) return `its Origin is ${shown(origins)}`;
  const sites = request.headerLines('sec-fetch-site');
  const referers = request.headerLines('referer').map(refererOrigin);
  const referred = referers.length === 0 ? '' : `, and the origin of its Referer is ${shown(referers)}`;
  return `it has no Origin, its Sec-Fetch-Site is ${shown(sites)}${referred}`;
}

/** The rest of an address may hold secrets, such as the token of a password reset. */
function refererOrigin(referer: string): string {
  return URL.canParse(referer) ? originOf(new URL(referer)) : 'not an address';
}

/** Only to choose a hint: `Host` decides nothing. */
function isOwnHost(request: AuthRequest): boolean {
  const [host] = request.headerLines('host');
  const [origin = ''] = request.headerLines('origin');
  return host !== undefined && URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}
