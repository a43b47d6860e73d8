// What became of the exchange with a provider if it failed: no answer, a refusal, or a mistake of the application.
import { HttpException } from '@nestjs/common';
import { AuthError } from '../../core/base/errors.js';
import { kindOfError } from '../../core/base/kind-of-error.js';
import { isObject, memberIn } from '../../core/base/members.js';

/** Node's own, those of its `fetch`, and those of openid-client. */
const UNANSWERED = /^(?:E[A-Z]{3,}|UND_ERR_\w+|OAUTH_TIMEOUT|OAUTH_ABORT|TimeoutError|AbortError)$/;
/** As RFC 6749 §5.2 names what a provider refused. */
const ERROR_CODE = /^\w{1,60}$/;
const DEEPEST = 5;

/** The error to throw in place of this one, which the work of an exchange rejected with. */
export function exchangeProblem(error: unknown): unknown {
  if (AS_THEY_ARE.some((kind) => error instanceof kind)) return error;
  if (isUnanswered(error)) return new AuthError('scheme_unavailable', { cause: error });
  if (MISTAKES.some((kind) => error instanceof kind)) return error;
  const reason = { rule: `the exchange with the provider failed: ${kindOf(error)}` };
  return new AuthError('external_sign_in_refused', { cause: error, reason });
}

const AS_THEY_ARE = [AuthError, HttpException];

/** Errors of the engine: mistakes in code, and no answer of a provider. */
const MISTAKES = [TypeError, ReferenceError, RangeError];

function kindOf(error: unknown): string {
  const named = memberIn(error, 'error');
  return typeof named === 'string' && ERROR_CODE.test(named) ? `${kindOfError(error)} ${named}` : kindOfError(error);
}

/** Libraries wrap what happened: `fetch failed` has the reason as its cause, passport-oauth2 as `oauthError`. */
function isUnanswered(error: unknown, depth = 0): boolean {
  if (depth === DEEPEST || !isObject(error) || isToldByBrowser(error)) return false;
  const words = [memberIn(error, 'code'), memberIn(error, 'name')];
  if (words.some((word) => UNANSWERED.test(String(word))) || isServerError(error)) return true;
  return isUnanswered(memberIn(error, 'cause') ?? memberIn(error, 'oauthError'), depth + 1);
}

/** An answer of the provider that the browser carried: passport-oauth2 keeps its `error` parameter as `code`, whatever is written there. */
function isToldByBrowser(error: object): boolean {
  return memberIn(error, 'name') === 'AuthorizationError';
}

/** A response of the Fetch standard, which openid-client keeps as the cause; the status that passport-oauth2 keeps of one. */
function isServerError(cause: object): boolean {
  const status = memberIn(cause, 'headers') === undefined ? memberIn(cause, 'statusCode') : memberIn(cause, 'status');
  return Number(status) >= 500;
}
