// The routes that sign users in and out by the host's session. What they decide is nest/browser/session-sign-in.ts.
import { Body, Controller, Header, HttpCode, Inject, Post, UseGuards, type Type } from '@nestjs/common';
import { callback, group, readOptions } from '../core/internal.js';
import { Public, type MountableController } from '../index.js';
import { CsrfGuard } from '../browser.js';
import type { IdentifiedUser, LoginOptions } from '../sign-in.js';
import { HttpExchange, RouteAddresses, SessionSignIn, signInFactsOf, type Exchange } from '../nest/internal.js';
import { answerFormOptions, formNeedsBody, type AnswerForm, type SessionAnswerContext } from './answer-options.js';
import { bodyPipe, SignInBody, TakesBody, type ContinuationBody } from './sign-in-body.js';
import { answering, SESSION_ENDED, SESSION_STARTED } from './browser-answers.js';
import { Describes } from './open-api.js';
import { stepsOf } from './routing.js';
import {
  loginOptions,
  pathOption,
  requiresOf,
  signInOptions,
  stepBodyOf,
  StepRoute,
  type DeclaredSignIn,
  type SignInOptions,
} from './shared-options.js';

/** How logins by session may differ. */
export type SessionLoginOptions = Omit<LoginOptions, 'acr' | 'amr' | 'authTime'>;

/** What can be asked of {@link sessionController}. */
export interface SessionControllerOptions<Body extends object = SignInBody>
  extends SignInOptions<Body, SessionLoginOptions>, AnswerForm {
  /** Where the routes are, without a leading slash. @defaultValue 'auth/session' */
  readonly path?: string;
  /** The body that a sign-in answers. @defaultValue 204 without a body */
  readonly toResponse?: (context: SessionAnswerContext) => object;
}

type Declared = DeclaredSignIn & AnswerForm & Pick<SessionControllerOptions, 'path' | 'toResponse'>;

export const sessionControllerOptions = group<Declared>()({
  summary: 'log-in and log-out by the session of the host',
  options: {
    path: pathOption('auth/session'),
    ...signInOptions,
    toResponse: callback<NonNullable<Declared['toResponse']>>({
      accepts: 'a function of the user and the request that returns the body',
      otherwise: '204 without a body',
      summary: 'what a sign-in answers',
    }),
    ...answerFormOptions,
  },
  rules: [formNeedsBody],
});

/** What the session routes do. Extend the class that {@link sessionController} made, so that the routes come along. */
export abstract class SessionController {
  @Inject(SessionSignIn) private readonly signIns!: SessionSignIn;
  @Inject(RouteAddresses) private readonly addresses!: RouteAddresses;

  /** What `sessionController()` was asked for. */
  protected readonly options: SignInOptions<object, SessionLoginOptions> &
    Pick<SessionControllerOptions, 'toResponse'> = {};

  /** @param continuation at a further step, with its body */
  protected async signIn(exchange: Exchange, body: object, continuation?: string): Promise<unknown> {
    const facts = signInFactsOf(exchange.request);
    const at = stepsOf(this, this.addresses);
    const sent = { body, continuation, canGoOn: this.options.steps !== undefined, at };
    const first = continuation === undefined ? body : undefined;
    const optionsFor = ({ user, step }: IdentifiedUser) =>
      loginOptions(this.options, user, { body: first, step, facts });
    const user = await this.signIns.login(exchange, sent, optionsFor);
    return this.toResponse({ user, facts });
  }

  /** The body of the answer to a sign-in; `undefined` for none. */
  protected toResponse(context: SessionAnswerContext): unknown {
    return this.options.toResponse?.(context);
  }

  protected end(exchange: Exchange): Promise<void> {
    return this.signIns.logout(exchange);
  }
}

/** The mounted controller, with its class to extend. */
export interface MountableSessionController extends MountableController {
  readonly controller: Type<SessionController>;
}

/**
 * `POST login` and `logout`, each answered with 204, the first with a body if `toResponse` makes one; the host sets its session cookie. Both need the CSRF header that
 * {@link csrfController} issues; `login` takes the body of `tokenController`.
 *
 * @example
 * ```ts
 * import { AuthModule } from 'nestjs-latchkey';
 * import { sessionController } from 'nestjs-latchkey/controllers';
 *
 * export const auth = AuthModule.forRoot({ controllers: [sessionController()] });
 * ```
 */
export function sessionController<SignIn extends object = SignInBody>(
  options: SessionControllerOptions<SignIn> = {},
): MountableSessionController {
  const read = readOptions('sessionController', sessionControllerOptions, options);
  const { path, body = SignInBody, steps } = read;
  const [stepBody, started] = [stepBodyOf(steps), answering(SESSION_STARTED, read)];

  @Controller(path)
  @Public()
  @UseGuards(CsrfGuard)
  class MountedSessionController extends SessionController {
    // The pipe lets in instances of the class alone, which is the one that the functions of the options are for.
    protected override readonly options = options as unknown as SessionController['options'];

    @Post('login')
    @HttpCode(started.status)
    @Header('Cache-Control', 'no-store')
    @TakesBody(body)
    @Describes(started)
    login(@Body(bodyPipe(body)) sent: object, @HttpExchange() exchange: Exchange) {
      return this.signIn(exchange, sent);
    }

    @TakesBody(stepBody)
    @StepRoute(steps, started)
    proceed(@Body(bodyPipe(stepBody)) sent: ContinuationBody, @HttpExchange() exchange: Exchange) {
      return this.signIn(exchange, sent, sent.continuation);
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
    requires: ['credentials', ...requiresOf(steps), 'session', 'csrf'],
  };
}
