// The CSRF check of routes without authentication: sign-in, refresh and sign-out. If a caller is authenticated, the
// read path asks it itself.
import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { CsrfService } from '../../core/browser/csrf.js';
import { AuthError } from '../../core/base/errors.js';
import { ErrorResponses } from '../refusals/error-responses.js';
import { adaptRequest } from '../transport/adapt-request.js';
import { requestOf } from '../transport/contexts.js';
import { handmadeRefusal } from './handmade-guard.js';
import { INJECTED } from '../routes/effective-policy.js';

/**
 * Accepts only requests of our own pages, independent of the user. For routes of your own that sign users in by cookie or session;
 * the ready-made ones have it.
 *
 * @example
 * ```ts
 * import { Controller, Post, UseGuards } from '@nestjs/common';
 * import { Public } from 'nestjs-latchkey';
 * import { CsrfGuard } from 'nestjs-latchkey/browser';
 *
 * @Controller('newsletter')
 * export class NewsletterController {
 *   @Public()
 *   @UseGuards(CsrfGuard)
 *   @Post()
 *   subscribe() {
 *     return { subscribed: true };
 *   }
 * }
 * ```
 */
@Injectable()
export class CsrfGuard implements CanActivate {
  @Inject(CsrfService) private readonly csrf!: CsrfService;
  @Inject(ErrorResponses) private readonly answers!: ErrorResponses;

  /** Whether Nest made this guard. */
  get [INJECTED](): boolean {
    return this.csrf !== undefined;
  }

  canActivate(context: ExecutionContext): boolean {
    if (!this[INJECTED]) throw handmadeRefusal(this);
    try {
      this.csrf.enforceForAnyone(adaptRequest(requestOf(context)));
      return true;
    } catch (error) {
      throw error instanceof AuthError ? this.answers.refuse(error, context) : error;
    }
  }
}
