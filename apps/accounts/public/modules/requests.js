// Requests to the API: as the user, or alone, and written to the log of the page.
import { bearerPair, shown } from './credentials.js';
import { note } from './log.js';

const ALONE = { credentials: 'omit', headers: {} };
const WITH_COOKIES = { credentials: 'same-origin', headers: {} };

/** As the user who is signed in here. */
export const send = (path, options) => request(path, { ...options, who: shown() });

/** Without any credential but those in the headers that are given. */
export const sendAlone = (path, options) => request(path, { ...options, who: ALONE });

/** With the cookies of the browser, and no bearer token. */
export const sendCookies = (path, options) => request(path, { ...options, who: WITH_COOKIES });

/** As the user, to change something. What a browser sends by itself needs a CSRF token beside it, which no other site can read. */
export async function act(path, body, method = 'POST') {
  return bearerPair() === undefined ? actWithCookies(path, body, method) : send(path, { method, body });
}

export async function actWithCookies(path, body, method = 'POST') {
  const { content } = await sendCookies('/auth/csrf', { isQuiet: true });
  return sendCookies(path, { method, body, headers: { 'x-csrf-token': content.csrfToken } });
}

async function request(path, { method = 'GET', body, headers = {}, who, isQuiet = false }) {
  const answer = await fetch(path, {
    method,
    credentials: who.credentials,
    cache: 'no-store',
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...who.headers, ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  const content = /^[[{]/.test(text) ? JSON.parse(text) : undefined;
  const challenge = answer.headers.get('www-authenticate') ?? undefined;
  const received = { status: answer.status, ok: answer.ok, content, challenge };
  if (!isQuiet) note(`${method} ${path}`, received);
  return received;
}
