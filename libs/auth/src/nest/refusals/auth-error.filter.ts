// Refusals that are thrown outside of a guard, by a controller, a service or a pipe, and that no filter of the application takes.
import { Catch, Inject, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { throwError } from 'rxjs';
import { AuthError } from '../../core/base/errors.js';
import { ErrorResponses } from './error-responses.js';
import { isHttpException, isPreparedFor } from './http-compatible.js';

/** Answers an `AuthError` as a guard would. Registered for the whole application, and asked after its own filters. */
@Catch(AuthError)
export class AuthErrorFilter implements ExceptionFilter<AuthError> {
  @Inject(ErrorResponses) private readonly answers!: ErrorResponses;
  @Inject(HttpAdapterHost) private readonly adapters!: HttpAdapterHost;

  /** Message handlers want a stream that fails; resolvers want the exception thrown. */
  catch(error: AuthError, host: ArgumentsHost): unknown {
    if (host.getType() === 'rpc') return throwError(() => this.answers.refuseMessage(error, host));
    if (host.getType() !== 'http') throw this.answers.refuse(error, host);
    const { httpAdapter } = this.adapters;
    const response = host.switchToHttp().getResponse<object>();
    // The interceptor knows which configuration a handler belongs to, and has done it.
    const isPrepared = isHttpException(error) && isPreparedFor(response, error);
    const refusal = isPrepared ? error : this.answers.refuseHttp(error, host);
    if (httpAdapter.isHeadersSent(response)) return httpAdapter.end(response);
    return httpAdapter.reply(response, refusal.getResponse(), refusal.getStatus());
  }
}
