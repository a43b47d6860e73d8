// A guard of the application that limits requests stands before ready-made controllers too. What it throws has the body of a refusal
// there, with the `Retry-After` that it set.
import { Catch, HttpException, HttpStatus, Inject, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { BaseExceptionFilter, HttpAdapterHost } from '@nestjs/core';
import { throwError } from 'rxjs';
import { AuthError } from '../../core/base/errors.js';
import { AuthErrorFilter } from '../refusals/auth-error.filter.js';
import { BodyRefusals } from './body-refusals.js';

/** Matches a 429 that is not in the words of an application, which would have a code. */
abstract class BareRateLimit {
  static [Symbol.hasInstance](error: unknown): boolean {
    if (!(error instanceof HttpException) || error instanceof AuthError) return false;
    const status: number = error.getStatus();
    const body = error.getResponse();
    return status === Number(HttpStatus.TOO_MANY_REQUESTS) && !(typeof body === 'object' && 'errorCode' in body);
  }
}

/** Registered for the whole application and asked last; elsewhere than at ready-made routes it does what Nest does without it. */
@Catch(BareRateLimit)
export class RateLimitFilter extends BaseExceptionFilter implements ExceptionFilter {
  @Inject(HttpAdapterHost) private readonly adapters!: HttpAdapterHost;
  @Inject(AuthErrorFilter) private readonly refusals!: AuthErrorFilter;
  @Inject(BodyRefusals) private readonly routes!: BodyRefusals;

  override catch(error: HttpException, host: ArgumentsHost): unknown {
    if (host.getType() === 'rpc') return throwError(() => ({ status: 'error', message: 'Internal server error' }));
    if (host.getType() !== 'http') throw error;
    const request: unknown = host.switchToHttp().getRequest();
    const { httpAdapter } = this.adapters;
    const [method, path] = [httpAdapter.getRequestMethod(request), httpAdapter.getRequestUrl(request)].map(String);
    const answers = this.routes.readyMade({ method: method ?? '', path: path ?? '' });
    // oxlint-disable-next-line promise/valid-params -- this is a filter, not a promise
    if (answers === undefined) return super.catch(error, host);
    // oxlint-disable-next-line promise/valid-params -- this is a filter, not a promise
    return this.refusals.catch(answers.prepared(new AuthError('too_many_requests', { cause: error }), host), host);
  }
}
