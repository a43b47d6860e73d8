// The routes that sign people in and out by the host's session. What they decide is nest/browser/session-sign-in.ts.
import { Body, Controller, Header, HttpCode, Inject, Post, UseGuards, type Type } from '@nestjs/common';
import { group, readOptions } from '../core/internal.js';
import { type SignInCredentials, Public, type MountableController } from '../index.js';
import { CsrfGuard } from '../browser.js';
import { SessionSignIn, HttpExchange, type Exchange } from '../nest/internal.js';
import { bodyPipe, credentialsIn, SignInBody, TakesBody, type SignInBodyOptions } from './sign-in-body.js';
import { SESSION_ENDED, SESSION_STARTED } from './browser-answers.js';
import { deviceLabel } from './device-label.js';
import { Describes } from './open-api.js';
import { UserAgent } from './routing.js';
import { bodyOptions, bodyRule, pathOption, toLabel, type DeclaredBody } from './shared-options.js';

/** What can be asked of {@link sessionController}. */
export type SessionControllerOptions<Body extends object = SignInBody> = SignInBodyOptions<Body> & {
  /** Where the routes are, without a leading slash. @defaultValue 'auth/session' */
  readonly path?: string;
  /** What a device is called. @defaultValue {@link deviceLabel} */
  readonly toLabel?: (userAgent: string | undefined) => string | undefined;
};

type Declared = DeclaredBody & Pick<SessionControllerOptions, 'path' | 'toLabel'>;

export const sessionControllerOptions = group<Declared>()({
  summary: 'log-in and log-out by the session of the host',
  options: { path: pathOption('auth/session'), ...bodyOptions, toLabel },
  rules: [bodyRule],
});

/** What the session routes do. Extend the class that {@link sessionController} made, so that the routes come along. */
export abstract class SessionController {
  @Inject(SessionSignIn) private readonly signIns!: SessionSignIn;

  protected signIn(exchange: Exchange, credentials: SignInCredentials, label: string | undefined): Promise<void> {
    return this.signIns.login(exchange, credentials, label);
  }

  protected end(exchange: Exchange): Promise<void> {
    return this.signIns.logout(exchange);
  }
}

/** The mounted controller, with its class to extend. */
export interface SessionControllerRecipe extends MountableController {
  readonly controller: Type<SessionController>;
}

/**
 * `POST login` and `logout`, each answered with 204; the host sets its session cookie. Both need the CSRF header that
 * {@link csrfController} hands out; `login` takes the body of `tokenController`.
 */
export function sessionController<SignIn extends object = SignInBody>(
  options: SessionControllerOptions<SignIn> = {},
): SessionControllerRecipe {
  const read = readOptions('sessionController', sessionControllerOptions, options);
  const { path, body = SignInBody, toLabel = deviceLabel } = read;

  @Controller(path)
  @Public()
  @UseGuards(CsrfGuard)
  class MountedSessionController extends SessionController {
    @Post('login')
    @HttpCode(204)
    @Header('Cache-Control', 'no-store')
    @TakesBody(body)
    @Describes(SESSION_STARTED)
    login(@Body(bodyPipe(body)) sent: object, @HttpExchange() exchange: Exchange, @UserAgent() userAgent?: string) {
      return this.signIn(exchange, credentialsIn(options, sent), toLabel(userAgent));
    }

    @Post('logout')
    @HttpCode(204)
    @Header('Cache-Control', 'no-store')
    @Describes(SESSION_ENDED)
    logout(@HttpExchange() exchange: Exchange) {
      return this.end(exchange);
    }
  }
  Object.defineProperty(MountedSessionController, 'name', { value: 'SessionController' });
  return {
    controller: MountedSessionController,
    requires: ['credentials', 'session', 'csrf'],
  };
}
