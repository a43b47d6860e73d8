// The notice of a handler that answers with the user object itself: what a database row holds, a password hash for example, goes to
// the client. For development only, and once for each handler.
import {
  Inject,
  Injectable,
  Logger,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { ApplicationConfig, ModulesContainer } from '@nestjs/core';
import { tap, type Observable } from 'rxjs';
import { structuresIn } from '../configurations/configurations.js';
import { AUTH_SETTINGS } from '../options/injection-tokens.js';
import type { AuthSettings } from '../options/settings.js';
import { answerOn } from '../transport/contexts.js';

/** Looks at what handlers answer, after the interceptors of the application. */
@Injectable()
export class AnswerWatch implements NestInterceptor {
  private readonly logger = new Logger('AuthModule');
  private readonly told = new WeakSet<object>();

  constructor(
    @Inject(ApplicationConfig) config: ApplicationConfig,
    @Inject(ModulesContainer) modules: ModulesContainer,
    @Inject(AUTH_SETTINGS) { production }: AuthSettings,
  ) {
    // Without a user source the user is what the token says, and the client has the token.
    const hasUsers = structuresIn(modules).some(({ users, externalUsers }) => (users ?? externalUsers) !== undefined);
    if (!production && hasUsers) config.addGlobalInterceptor(this);
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    // GraphQL answers with the fields that were asked for, and a schema says which there are.
    if (context.getType() !== 'http' || this.told.has(context.getHandler())) return next.handle();
    return next.handle().pipe(tap((answer) => this.look(answer, context)));
  }

  private look(answer: unknown, context: ExecutionContext): void {
    if (typeof answer !== 'object' || answer === null || 'toJSON' in answer) return;
    if (answer !== answerOn(context.switchToHttp().getRequest()).user) return;
    this.told.add(context.getHandler());
    this.logger.warn(
      `${context.getClass().name}.${context.getHandler().name} answers with the user object itself: every member of it goes to the ` +
        "client, a password hash too. Answer with a class of the members that the client needs, or take one with @CurrentUser('name').",
    );
  }
}
