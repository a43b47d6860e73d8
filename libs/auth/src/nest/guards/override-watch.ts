// A guard of the application that overrides `canActivate()`: whatever it answers, it cannot open a route that has a policy.
import { Logger, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { isObservable, lastValueFrom } from 'rxjs';
import { AuthError } from '../../core/base/errors.js';
import type { RouteAuthenticator } from './route-authenticator.js';

type CanActivateMethod = CanActivate['canActivate'];

/** Holds the answer of an override against what the library itself decided in the same dispatch. */
export class OverrideWatch {
  private readonly logger = new Logger('AuthModule');
  /** How the library's own `canActivate()` ended, by the arguments of the dispatch; `undefined` is success. */
  private readonly ends = new WeakMap<object, { readonly exception: unknown }>();

  constructor(
    private readonly guard: object,
    private readonly override: CanActivateMethod,
    private readonly routes: () => RouteAuthenticator,
  ) {}

  /** Remembers how the library decided. @param exception what it threw; `undefined` if it let the caller in */
  ended(context: ExecutionContext, exception: unknown): void {
    this.ends.set(context.getArgs(), { exception });
  }

  /** Calls the override, and lets its refusals pass as they are. */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const answer = await this.override.call(this.guard, context);
    const letIn = isObservable(answer) ? await lastValueFrom(answer) : answer;
    if (letIn) this.assertAsked(context);
    return letIn;
  }

  private assertAsked(context: ExecutionContext): void {
    const { guards, policies } = this.routes().policyOf(context);
    if (policies.length === 0 || !guards.some((guard) => this.guard instanceof guard)) return;
    const end = this.ends.get(context.getArgs());
    if (end !== undefined && end.exception === undefined) return;
    const { name } = this.guard.constructor;
    this.logger.error(
      `${name}.canActivate() let a request into ${context.getClass().name}.${context.getHandler().name}, whose policies were not ` +
        'asked: it is refused. Await super.canActivate() and let what it throws pass.',
    );
    throw end?.exception ?? this.routes().answers.refuse(new AuthError('unauthenticated'), context);
  }
}
