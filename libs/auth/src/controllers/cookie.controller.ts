// The routes that sign users in, refresh and sign them out by cookies. What they decide is nest/browser/cookie-sign-in.ts.
import { Body, Controller, Header, HttpCode, Inject, Post, UseGuards, type Type } from '@nestjs/common';
import { group, readOptions, value } from '../core/internal.js';
import { type IssueOptions, Public, type MountableController } from '../index.js';
import { CsrfGuard } from '../browser.js';
import type { IdentifiedUser } from '../sign-in.js';
import {
  CookieSignIn,
  FaultLog,
  HttpExchange,
  issuedBy,
  RouteAddresses,
  signInFactsOf,
  type CookieTimes,
  type Exchange,
} from '../nest/internal.js';
import { answerFormOptions, formNeedsBody, type AnswerForm, type TokenAnswerContext } from './answer-options.js';
import { bodyPipe, SignInBody, TakesBody, type ContinuationBody } from './sign-in-body.js';
import { answering, COOKIES_CLEARED, COOKIES_RENEWED, COOKIES_SET } from './browser-answers.js';
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

/** How logins by cookie may differ. */
export type CookieLoginOptions = Omit<IssueOptions, 'accept' | 'acr' | 'amr' | 'authTime'>;

/** What can be asked of {@link cookieController}. */
export interface CookieControllerOptions<Body extends object = SignInBody>
  extends SignInOptions<Body, CookieLoginOptions>, AnswerForm {
  /** Where the routes are, without a leading slash; a given `cookies.refreshPath` must cover it. @defaultValue 'auth/cookie' */
  readonly path?: string;
  /**
   * What sign-in and refresh answer: `true` for {@link CookieTimes} as JSON, or a function that returns the body, of them, the user and what is
   * known of the request. No token is handed to it. @defaultValue 204 without a body
   */
  readonly toResponse?: true | ((times: CookieTimes, context: TokenAnswerContext) => object);
}

type Declared = DeclaredSignIn & AnswerForm & Pick<CookieControllerOptions, 'path' | 'toResponse'>;

export const cookieControllerOptions = group<Declared>()({
  summary: 'log-in, refresh and log-out by cookies',
  options: {
    path: pathOption('auth/cookie'),
    ...signInOptions,
    toResponse: value<NonNullable<Declared['toResponse']>>({
      accepts: 'true, or a function of the times, the user and the request that returns the body',
      holds: (given: unknown) => given === true || typeof given === 'function',
      shows: 'kind',
      refused: {},
      otherwise: '204 without a body',
      summary: 'what sign-in and refresh answer: `true` for when the cookies end, or a function of that',
    }),
    ...answerFormOptions,
  },
  rules: [formNeedsBody],
});

/** What the cookie routes do. Extend the class that {@link cookieController} made, so that the routes come along. */
export abstract class CookieController {
  @Inject(CookieSignIn) private readonly signIns!: CookieSignIn;
  @Inject(FaultLog) private readonly faults!: FaultLog;
  @Inject(RouteAddresses) private readonly addresses!: RouteAddresses;

  /** What `cookieController()` was asked for. */
  protected readonly options: SignInOptions<object, CookieLoginOptions> & Pick<CookieControllerOptions, 'toResponse'> =
    {};

  /** @param continuation at a further step, with its body */
  protected async signIn(exchange: Exchange, body: object, continuation?: string): Promise<unknown> {
    const facts = signInFactsOf(exchange.request);
    const at = stepsOf(this, this.addresses);
    const sent = { body, continuation, canGoOn: this.options.steps !== undefined, at };
    const first = continuation === undefined ? body : undefined;
    const optionsFor = ({ user, step }: IdentifiedUser) =>
      loginOptions(this.options, user, { body: first, step, facts });
    const { times, user } = await issuedBy(() => this.signIns.login(exchange, sent, optionsFor), this.faults);
    return this.toResponse(times, { user, occasion: 'sign-in', facts });
  }

  protected async renew(exchange: Exchange): Promise<unknown> {
    const { times, user } = await issuedBy(() => this.signIns.refresh(exchange), this.faults);
    return this.toResponse(times, { user, occasion: 'refresh', facts: signInFactsOf(exchange.request) });
  }

  /** The body of the answer that set the cookies; `undefined` for none. */
  protected toResponse(times: CookieTimes, context: TokenAnswerContext): unknown {
    const { toResponse } = this.options;
    return typeof toResponse === 'function' ? toResponse(times, context) : toResponse === true ? times : undefined;
  }

  protected end(exchange: Exchange): Promise<void> {
    return this.signIns.logout(exchange);
  }
}

/** The mounted controller, with its class to extend. */
export interface MountableCookieController extends MountableController {
  readonly controller: Type<CookieController>;
}

/**
 * `POST login`, `refresh` and `logout`, each answered with 204 and cookies; with `toResponse` the first two say when the cookies end. All three need the CSRF header that
 * {@link csrfController} issues; `login` takes the body of `tokenController`.
 *
 * @example
 * ```ts
 * import { AuthModule } from 'nestjs-latchkey';
 * import { cookieController, csrfController } from 'nestjs-latchkey/controllers';
 *
 * export const auth = AuthModule.forRoot({ cookies: {}, controllers: [cookieController(), csrfController()] });
 * ```
 */
export function cookieController<SignIn extends object = SignInBody>(
  options: CookieControllerOptions<SignIn> = {},
): MountableCookieController {
  const read = readOptions('cookieController', cookieControllerOptions, options);
  return {
    controller: mounted(options as unknown as RouteOptions, read),
    requires: ['credentials', ...requiresOf(read.steps), 'signing', 'cookies', 'csrf'],
  };
}

/** What the routes need of the options. */
type RouteOptions = CookieController['options'];
type Read = ReturnType<(typeof cookieControllerOptions)['read']>['value'];

function mounted(options: RouteOptions, read: Read): Type<CookieController> {
  const { path, body = SignInBody, steps } = read;
  const stepBody = stepBodyOf(steps);
  const [signedIn, renewed] = [answering(COOKIES_SET, read), answering(COOKIES_RENEWED, read)];

  @Controller(path)
  @Public()
  @UseGuards(CsrfGuard)
  class MountedCookieController extends CookieController {
    // The pipe lets in instances of the class alone, which is the one that the functions of the options are for.
    protected override readonly options = options;

    @Post('login')
    @HttpCode(signedIn.status)
    @Header('Cache-Control', 'no-store')
    @TakesBody(body)
    @Describes(signedIn)
    login(@Body(bodyPipe(body)) sent: object, @HttpExchange() exchange: Exchange) {
      return this.signIn(exchange, sent);
    }

    @TakesBody(stepBody)
    @StepRoute(steps, signedIn)
    proceed(@Body(bodyPipe(stepBody)) sent: ContinuationBody, @HttpExchange() exchange: Exchange) {
      return this.signIn(exchange, sent, sent.continuation);
    }

    @Post('refresh')
    @HttpCode(renewed.status)
    @Header('Cache-Control', 'no-store')
    @Describes(renewed)
    refresh(@HttpExchange() exchange: Exchange) {
      return this.renew(exchange);
    }

    @Post('logout')
    @HttpCode(204)
    @Header('Cache-Control', 'no-store')
    @Describes(COOKIES_CLEARED)
    logout(@HttpExchange() exchange: Exchange) {
      return this.end(exchange);
    }
  }
  Object.defineProperty(MountedCookieController, 'name', { value: 'CookieController' });
  return MountedCookieController;
}
