// The places of a request that a credential stands in: those that a browser fills by itself, and those that only code which knows the
// credential can fill. Whatever cannot be found in one of the latter counts as added by the browser.
import { allHeaderLinesOf, isHttpRequest, showsReceivedLines, type HttpRequest } from './http-requests.js';

/** What else a request may say of itself. */
interface Request extends HttpRequest {
  readonly originalUrl?: unknown;
  readonly url?: unknown;
  readonly body?: unknown;
}

/**
 * Headers that a browser fills by itself, from earlier responses or from its location, and what proxies add on the way. Access
 * proxies make theirs of a cookie, so they prove no more than the cookie does.
 */
const NOT_BY_CODE =
  /^(?:cookie2?|referer|origin|host|user-agent|last-event-id|via|forwarded|remote-.*|if-.*|sec-.*|proxy-.*|x-forwarded-.*|x-auth-request-.*|x-amzn-.*|cf-.*|x-goog-.*|x-ms-.*|x-pomerium-.*|x-vouch-.*|x-authentik-.*|x-envoy-.*)$/;

/** Schemes that browsers answer by themselves once a user has entered a password or the system has a ticket. */
const ANSWERED_BY_BROWSERS = /^\s*(?:basic|digest|negotiate|ntlm)\b/i;

/**
 * True if the request holds the text in a place that no browser fills by itself: a header that only code sets, the query, the body.
 * A page of another site that makes a browser send a request does not know the text, so it cannot put it there.
 */
export function isShownByClient(request: unknown, text: string): boolean {
  // Messages, for example: nothing that a browser could send.
  if (!isHttpRequest(request)) return true;
  const byCode = allHeaderLinesOf(request).some(
    ([name, value]) => value.includes(text) && !NOT_BY_CODE.test(name) && !isAnswered(name, value),
  );
  if (byCode && showsReceivedLines(request)) return true;
  // What came before may have copied a cookie to where an extractor looks.
  if (isInCookies(request, text)) return false;
  const { originalUrl, url, body } = request as Request;
  return byCode || [originalUrl, url].some((each) => holds(each, text)) || bodyHolds(body, text);
}

/** True if `headers` is all there is, which anything may have changed, and a cookie holds the token as well. */
export function isCopiedFromCookie(request: unknown, token: string): boolean {
  return isHttpRequest(request) && !showsReceivedLines(request) && isInCookies(request, token);
}

/** True if the header or the cookie that holds the text occurs twice: code that reads one does not see the other. */
export function isCarriedTwice(request: unknown, text: string): boolean {
  if (!isHttpRequest(request)) return false;
  const lines = allHeaderLinesOf(request).filter(([name]) => name !== 'cookie');
  return [...grouped(lines), ...grouped(cookiesOf(request))].some(
    (values) =>
      values.length > 1 && (values.join(', ').includes(text) || values.some((each) => decoded(each).includes(text))),
  );
}

function isAnswered(name: string, value: string): boolean {
  return name === 'authorization' && ANSWERED_BY_BROWSERS.test(value);
}

/** The signature is enough: a token may be kept in two halves. */
function isInCookies(request: HttpRequest, token: string): boolean {
  const signature = token.slice(token.lastIndexOf('.') + 1);
  return cookiesOf(request).some(([, value]) => value.includes(signature) || decoded(value).includes(signature));
}

function cookiesOf(request: HttpRequest): readonly (readonly [string, string])[] {
  return allHeaderLinesOf(request)
    .filter(([name]) => name === 'cookie')
    .flatMap(([, line]) => line.split(';'))
    .map((pair) => [pair.slice(0, Math.max(0, pair.indexOf('='))).trim(), pair.slice(pair.indexOf('=') + 1)] as const);
}

function grouped(pairs: readonly (readonly [string, string])[]): readonly (readonly string[])[] {
  const groups = new Map<string, string[]>();
  for (const [name, value] of pairs) {
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [value]);
    else group.push(value);
  }
  return [...groups.values()];
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/** How many members of a body are looked at, so that a huge one costs little. */
const LOOKS = 1_000;

/** Members of a body that was parsed, of whatever depth. */
function bodyHolds(body: unknown, text: string): boolean {
  const waiting: unknown[] = [body];
  for (let looked = 0; looked < LOOKS && waiting.length > 0; looked += 1) {
    const each = waiting.pop();
    if (holds(each, text)) return true;
    if (typeof each === 'object' && each !== null) waiting.push(...Object.values(each).slice(0, LOOKS));
  }
  return false;
}

function holds(value: unknown, text: string): boolean {
  return typeof value === 'string' && value.includes(text);
}
