// AuthError to Nest: an HttpException, so that no exception filter takes a refusal for a failure of the server. The core knows no
// framework, so the prototypes are joined here, when the ring is loaded.
import { HttpException } from '@nestjs/common';
import { AuthError } from '../../core/base/errors.js';
import { refusalOf } from '../options/refusal-bodies.js';

/** Bodies that were made for the request at hand. */
const bodies = new WeakMap<AuthError, object>();

// `getStatus()` of HttpException reads the member `status`, which AuthError has.
Object.setPrototypeOf(AuthError.prototype, HttpException.prototype);
Object.defineProperty(AuthError.prototype, 'getResponse', {
  configurable: true,
  value(this: AuthError): object {
    // Without a module that was asked, no option is known.
    return bodies.get(this) ?? { ...refusalOf(this, 'code'), message: this.problems ?? this.publicMessage };
  },
});

/** Which refusal the headers of a response belong to. */
const prepared = new WeakMap<object, AuthError>();

/** Gives a refusal its body for a response that has its headers: a filter asks for it with `getResponse()`. */
export function prepareFor(response: object, error: AuthError, body: object): void {
  bodies.set(error, body);
  prepared.set(response, error);
}

/** True if {@link prepareFor} was called for this response. */
export function isPreparedFor(response: object, error: AuthError): boolean {
  return prepared.get(response) === error;
}

/** False for an AuthError of another copy of the package that did not load its own ring for Nest. */
export function isHttpException(error: unknown): error is HttpException {
  return error instanceof HttpException;
}

/**
 * The exception for a refusal by a guard. The exact code underneath is for operators: a filter that sends the exception as JSON does not
 * send it.
 */
export function httpExceptionOf(body: string | object, status: number, cause: AuthError): HttpException {
  const exception = new HttpException(body, status, { cause });
  for (const member of ['cause', 'options']) Object.defineProperty(exception, member, { enumerable: false });
  return exception;
}
