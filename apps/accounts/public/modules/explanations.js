// Why a request was refused and what a client does then, by the `errorCode` of the answer.

const DOCS = 'https://github.com/nestjs-latchkey/nestjs-latchkey/blob/main/docs';
const ERRORS = `${DOCS}/errors.md`;
const CSRF = `${DOCS}/browser.md`;
const ROLES = `${DOCS}/authorization.md`;
const WHY_401 = `${DOCS}/tasks/why-401.md`;

const EXPLANATIONS = {
  unauthenticated: [
    'The request carried no credential that this route accepts, so the server does not know who asks.',
    'Sign in, and send the token, the cookie or the session along.',
    WHY_401,
  ],
  token_malformed: [
    'What was sent as a token is not one: it does not have the three parts of a signed token.',
    'Send the token exactly as it was issued.',
    WHY_401,
  ],
  token_expired: [
    'The signature is good, but the time in the claim exp is past. A stolen token is worth little for this reason.',
    'Use the refresh token to get a new one; this page does that by itself.',
    WHY_401,
  ],
  invalid_audience: [
    'The token is genuine but was issued for another service. One service must not accept what was meant for another.',
    'Ask for a token that names this service in the claim aud.',
    WHY_401,
  ],
  algorithm_not_allowed: [
    'The token says that it is not signed at all, an old trick to get forged tokens accepted. The server decides which algorithms count, never the token.',
    'Nothing: an honest client never sees this.',
    ERRORS,
  ],
  wrong_token_type: [
    'A refresh token is only good for getting new tokens. Each kind of token is accepted in one place only.',
    'Send the access token to the API and the refresh token to the refresh route.',
    WHY_401,
  ],
  token_invalid: [
    'The token is not valid, or not any more. The answer does not say which, because that would help an attacker.',
    'Sign in again.',
    WHY_401,
  ],
  csrf_cookie_missing: [
    'The browser has no CSRF cookie yet, so the request cannot come from this page.',
    'Ask /auth/csrf first.',
    CSRF,
  ],
  csrf_token_missing: [
    'Another site can make your browser send a request with your cookies. It cannot read the CSRF token of this page, so a change without it is refused.',
    'Read the token from /auth/csrf and send it in the header X-CSRF-Token.',
    CSRF,
  ],
  forbidden: [
    'The server knows who you are. You may not do this: the route is for staff.',
    'Signing in again does not help; sign in as grace to be let in.',
    ROLES,
  ],
};

/** Without an explanation of our own, the words of the server. */
export function explain(content) {
  const [why, cure, docs] = EXPLANATIONS[content?.errorCode] ?? [
    content?.message ?? 'The server gave no reason.',
    '',
    ERRORS,
  ];
  return { why, cure, docs };
}
