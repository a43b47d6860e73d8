// Requests that must be refused. The tokens among them are made for this by the server, and open nothing.
import { act, send, sendAlone, sendCookies } from './requests.js';

const bearer = (token) => ({ headers: { authorization: `Bearer ${token}` } });
const askMe = (token) => sendAlone('/me', bearer(token));

const base64url = (value) => btoa(JSON.stringify(value)).replace(/=+$/, '');

/** A token of the form that was never signed: `alg` is `none` (RFC 7519 section 6). */
function unsigned() {
  const time = Math.floor(Date.now() / 1000);
  const claims = { iss: location.origin, sub: 'anyone', aud: 'accounts', iat: time, exp: time + 60, jti: 'forged' };
  return `${base64url({ alg: 'none', typ: 'at+jwt' })}.${base64url(claims)}.`;
}

async function waiting(seconds, why, tell) {
  for (let left = seconds; left > 0; left -= 1) {
    tell(`${why} ${left} s`);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
}

/** A token from the server for one demonstration; the refusal itself if there is none. */
async function demonstration(name, go) {
  const made = await act(`/demonstrations/${name}`);
  return made.ok ? go(made.content) : made;
}

const refreshWith = (refresh_token) => sendAlone('/auth/token/refresh', { method: 'POST', body: { refresh_token } });

/** Rotates once, lets the grace of ten seconds pass, and shows the first token again: the one who does that may be a thief. */
async function reuse({ refresh_token }, tell) {
  const rotated = await refreshWith(refresh_token);
  if (!rotated.ok) return rotated;
  await waiting(11, 'Replaced. Within ten seconds a repeat is forgiven, so this waits', tell);
  return refreshWith(refresh_token);
}

export const REFUSALS = [
  {
    title: 'No credential',
    sends: 'Asks for your account without saying who asks.',
    run: () => sendAlone('/account'),
  },
  {
    title: 'A spoilt token',
    sends: 'Sends something that is not a token.',
    run: () => sendAlone('/account', bearer('not.a.token')),
  },
  {
    title: 'An unsigned token',
    sends: 'Sends a forged token that claims to need no signature.',
    run: () => askMe(unsigned()),
  },
  {
    title: 'Another scheme',
    sends: 'Sends a user name and password as Basic, which no route here accepts.',
    run: () => sendAlone('/me', { headers: { authorization: `Basic ${btoa('ada:password')}` } }),
    reason: { why: 'Basic is a scheme that this route does not accept, so it counts as no credential.' },
  },
  {
    title: 'No CSRF token',
    sends: 'Sends a change with cookies alone, as a form on another site would.',
    run: async () => {
      await sendCookies('/auth/csrf', { isQuiet: true });
      return sendCookies('/auth/cookie/logout', { method: 'POST' });
    },
  },
  {
    title: 'An expired token (7 seconds)',
    sends: 'Lets a token of one second expire. Clocks may differ by a few seconds, so it waits for seven.',
    needsSignIn: true,
    run: (tell) =>
      demonstration('expired-token', async ({ token }) => {
        await waiting(7, 'Waiting for its end:', tell);
        return askMe(token);
      }),
  },
  {
    title: 'A token for another service',
    sends: 'Sends a genuine token with the wrong audience.',
    needsSignIn: true,
    run: () => demonstration('token-for-another-service', ({ token }) => askMe(token)),
  },
  {
    title: 'A refresh token as access token',
    sends: 'Sends the right token to the wrong place.',
    needsSignIn: true,
    run: () => demonstration('refresh-token', ({ refresh_token }) => askMe(refresh_token)),
  },
  {
    title: 'A reused refresh token (11 seconds)',
    sends: 'Uses the same refresh token twice, in a sign-in of its own. Watch the devices and the history.',
    needsSignIn: true,
    run: (tell) => demonstration('refresh-token', (made) => reuse(made, tell)),
    reason: {
      why: 'A refresh token is for one use. A second use means that there is a copy, so the whole sign-in was ended. The answer does not say why; the history does.',
    },
  },
  {
    title: 'Staff only',
    sends: 'Asks for the table of routes.',
    needsSignIn: true,
    run: () => send('/staff/routes'),
    unlessRefused: 'You are staff, so you were let in. Sign in as ada to be refused.',
  },
];
