// How the answers of the routes for browsers are described in OpenAPI.
import type { AnswerForm } from './answer-options.js';
import { DATE_TIME, objectOf, TEXT, type Answer } from './open-api.js';

/** A sign-in by cookies. */
export const COOKIES_SET: Answer = {
  status: 204,
  description: 'Signed in; the tokens are in cookies.',
  refusals: [400, 401, 403, 503],
  sets: ['tokens', 'csrf'],
};

/** A refresh by cookies. */
export const COOKIES_RENEWED: Answer = { ...COOKIES_SET, description: 'The tokens in the cookies are replaced.' };

/** `CookieTimes` as JSON. */
const TIMES = objectOf({
  userId: TEXT,
  serverTime: DATE_TIME,
  accessExpiresAt: DATE_TIME,
  accessExpiresIn: { type: 'integer', description: 'Seconds from serverTime to accessExpiresAt.' },
  refreshExpiresAt: DATE_TIME,
});

/** The same with a body, if one was asked for: described if it is the one of the library, or by its class. */
export function answering(answer: Answer, { toResponse, response, status = 200 }: Asked): Answer {
  if (toResponse === undefined) return answer;
  const body = toResponse === true ? { schema: TIMES, madeBy: ['toResponse', 'signIn', 'renew'] } : {};
  return { ...answer, ...body, status, type: response };
}

/** If a body was asked for, and of which form. */
interface Asked {
  readonly toResponse?: unknown;
  readonly response?: AnswerForm['response'] | undefined;
  readonly status?: AnswerForm['status'] | undefined;
}

/** A sign-out by cookies; the CSRF cookie is replaced by an anonymous one. */
export const COOKIES_CLEARED: Answer = {
  status: 204,
  description: 'Signed out, or never in; the cookies are cleared.',
  refusals: [400, 403, 503],
  sets: ['no-tokens', 'csrf'],
};

/** A sign-in by session. */
export const SESSION_STARTED: Answer = {
  status: 204,
  description: 'Signed in; the session has a new id.',
  refusals: [400, 401, 403, 503],
  sets: ['session', 'csrf'],
};

/** A sign-out by session. What becomes of its cookie is the host's to decide: it opens nothing any more. */
export const SESSION_ENDED: Answer = {
  status: 204,
  description: 'Signed out, or never signed in; the session has ended.',
  refusals: [400, 403, 503],
  sets: ['csrf'],
};

/** A CSRF token for a page. */
export const PAGE_TOKEN: Answer = {
  status: 200,
  description: 'A token to send back in the header, with every request that changes something.',
  schema: objectOf({ csrfToken: TEXT }),
  madeBy: ['tokenFor'],
  refusals: [503],
  sets: ['csrf'],
};
