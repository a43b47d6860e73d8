// Where a browser goes once it is signed in. Anything but our own pages would make the sign-in an open redirect.
import { originOf } from './csrf.js';

const LONGEST = 1_024;

/** Takes the place of our own origin, which a path must not leave. */
const HERE = 'http://here.invalid';

/**
 * The address as it is redirected to: a path of this application, or an address on one of the origins; `undefined` for anything else.
 * @param given as it came from the client
 */
export function returnAddress(given: unknown, origins: readonly string[]): string | undefined {
  if (typeof given !== 'string' || given.length > LONGEST) return undefined;
  return given.startsWith('/') ? localPath(given) : onOrigin(given, origins);
}

/**
 * Read as browsers read it, with backslashes as slashes and without tabs and line breaks, and answered as it was read. `//host` leads to
 * another host, and so does what becomes that: `/.//host`.
 */
function localPath(given: string): string | undefined {
  if (!URL.canParse(given, HERE)) return undefined;
  const { origin, pathname, search, hash } = new URL(given, HERE);
  return origin === HERE && !pathname.startsWith('//') ? `${pathname}${search}${hash}` : undefined;
}

function onOrigin(given: string, origins: readonly string[]): string | undefined {
  if (!URL.canParse(given)) return undefined;
  const url = new URL(given);
  const isOurs = origins.includes(originOf(url)) && url.username === '' && url.password === '';
  return isOurs ? url.href : undefined;
}
