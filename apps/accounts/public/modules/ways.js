// The three ways to stay signed in, each with its requests.
import { bearerPair, keepPair } from './credentials.js';
import { actWithCookies, sendAlone } from './requests.js';

const post = (path, body) => sendAlone(path, { method: 'POST', body });

async function keeping(answer) {
  const { ok, content } = await answer;
  if (ok) keepPair(content);
  return answer;
}

export const WAYS = {
  bearer: {
    kept: 'a token in the memory of this tab; a reload forgets it',
    carried: () => `Authorization: Bearer ${bearerPair()?.access.slice(0, 16) ?? ''}…`,
    changing: 'No other site can add this header, so no CSRF token is needed.',
    signIn: (body) => keeping(post('/auth/token', body)),
    proceed: (body) => keeping(post('/auth/token/continue', body)),
    refresh: () => keeping(post('/auth/token/refresh', { refresh_token: bearerPair()?.refresh })),
    signOut: () => post('/auth/token/revoke', { token: bearerPair()?.refresh }),
  },
  cookie: {
    kept: 'a token in a cookie that scripts cannot read',
    carried: () => 'Cookie: access=… (HttpOnly)',
    changing: 'The browser adds the cookie by itself, so a change needs a CSRF token; the page sends one.',
    signIn: (body) => actWithCookies('/auth/cookie/login', body),
    proceed: (body) => actWithCookies('/auth/cookie/continue', body),
    refresh: () => actWithCookies('/auth/cookie/refresh'),
    signOut: () => actWithCookies('/auth/cookie/logout'),
  },
  session: {
    kept: 'a session that the server keeps',
    carried: () => 'Cookie: session=… (HttpOnly)',
    changing: 'The browser adds the cookie by itself, so a change needs a CSRF token; the page sends one.',
    signIn: (body) => actWithCookies('/auth/session/login', body),
    proceed: (body) => actWithCookies('/auth/session/continue', body),
    signOut: () => actWithCookies('/auth/session/logout'),
  },
};
