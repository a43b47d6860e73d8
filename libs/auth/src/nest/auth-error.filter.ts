// Owns refusals that are thrown outside of a guard: by a controller, a service, a pipe.
import { Catch, Inject, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { throwError } from 'rxjs';
import { AuthError } from '../core/errors.js';
import { Answers } from './answers.js';

/** Answers an `AuthError` as a guard would. Registered for the whole application; ready-made controllers name it too. */
@Catch(AuthError)
export class AuthErrorFilter implements ExceptionFilter<AuthError> {
  @Inject(Answers) private readonly answers!: Answers;
  @Inject(HttpAdapterHost) private readonly adapters!: HttpAdapterHost;

  /** Message handlers want a stream that fails; resolvers want the exception thrown. */
  catch(error: AuthError, host: ArgumentsHost): unknown {
    if (host.getType() === 'rpc') return throwError(() => this.answers.refuseMessage(error, host));
    if (host.getType() !== 'http') throw this.answers.refuse(error, host);
    const refusal = this.answers.refuseHttp(error, host);
    return this.adapters.httpAdapter.reply(
      host.switchToHttp().getResponse(),
      refusal.getResponse(),
      refusal.getStatus(),
    );
  }
}
