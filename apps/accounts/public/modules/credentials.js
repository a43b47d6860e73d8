// What this tab shows to the server. Bearer tokens are kept in this variable and nowhere else: a reload forgets them. Cookies are kept by
// the browser, and no script can read them.

let pair;

export const bearerPair = () => pair;

export function keepPair({ access_token, refresh_token }) {
  pair = { access: access_token, refresh: refresh_token };
}

/** How this tab signed in: `bearer`, `cookie` or `session`. No secret, so that it may outlive a reload. */
export const wayHere = () => sessionStorage.getItem('by') ?? undefined;

export function rememberWay(way) {
  sessionStorage.setItem('by', way);
  if (way !== 'bearer') pair = undefined;
}

export function forgetCredentials() {
  pair = undefined;
  sessionStorage.removeItem('by');
}

/** What a request needs besides to act as the user. */
export function shown() {
  return pair === undefined
    ? { credentials: 'same-origin', headers: {} }
    : { credentials: 'omit', headers: { authorization: `Bearer ${pair.access}` } };
}
