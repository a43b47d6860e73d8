// The question of intent on routes that authenticateCredential nobody: sign-in, refresh and sign-out. Where somebody is recognised, the
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
 * Lets only requests of our own pages in, whoever is signed in. For routes of your own that sign people in by cookie or session;
 * the ready-made ones have it.
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
