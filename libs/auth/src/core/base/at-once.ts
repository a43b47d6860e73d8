// Answers that may be known at once. On the read path a promise costs as much as the work itself, so what is known is not made to wait:
// every stage answers with a value or with a promise of one, and these functions go on with either.
import { AuthError } from './errors.js';

/** True for any promise, also of another library: what an application passes need not be a native one. */
export function isPromise<T>(answer: T | Promise<T>): answer is Promise<T> {
  return typeof answer === 'object' && answer !== null && typeof (answer as Partial<Promise<T>>).then === 'function';
}

/** Goes on with an answer: at once if it is known, else when it comes. */
export function after<T, Next>(answer: T | Promise<T>, goOn: (value: T) => Next | Promise<Next>): Next | Promise<Next> {
  return isPromise(answer) ? Promise.resolve(answer).then(goOn) : goOn(answer);
}

/** Does the work, and answers what it throws or rejects with by `otherwise`, which may throw again. */
export function rescued<T, Other>(
  work: () => T | Promise<T>,
  otherwise: (cause: unknown) => Other | Promise<Other>,
): T | Other | Promise<T | Other> {
  try {
    const answer = work();
    return isPromise(answer) ? Promise.resolve(answer).then(undefined, otherwise) : answer;
  } catch (cause) {
    return otherwise(cause);
  }
}

type UnavailableCode = 'keys_unavailable' | 'store_unavailable' | 'users_unavailable' | 'scheme_unavailable';

/**
 * Maps any failure of `work` to the given 503 code. Errors are classified by the phase that failed, not by what was thrown; only an
 * `AuthError` passes unchanged.
 */
export function orUnavailable<T>(code: UnavailableCode, work: () => T | Promise<T>): T | Promise<T> {
  try {
    const answer = work();
    return isPromise(answer) ? Promise.resolve(answer).then(undefined, (cause) => unavailable(code, cause)) : answer;
  } catch (cause) {
    return unavailable(code, cause);
  }
}

function unavailable(code: UnavailableCode, cause: unknown): never {
  if (cause instanceof AuthError) throw cause;
  throw new AuthError(code, { cause });
}
