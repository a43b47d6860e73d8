// Refusals that services throw in handlers and pipes: prepared here, before an exception filter of the application sees them.
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { catchError, throwError, type Observable } from 'rxjs';
import { AuthError } from '../../core/base/errors.js';
import type { ErrorResponses } from './error-responses.js';

/** Puts the headers of a refusal on the response, which no filter then loses; other contexts get their own exception. */
export class RefusalInterceptor implements NestInterceptor {
  /** @param answersFor those of the configuration that a controller belongs to */
  constructor(private readonly answersFor: (controller: unknown) => ErrorResponses) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(catchError((error: unknown) => throwError(() => this.prepared(error, context))));
  }

  private prepared(error: unknown, context: ExecutionContext): unknown {
    return error instanceof AuthError ? this.answersFor(context.getClass()).escaping(error, context) : error;
  }
}
