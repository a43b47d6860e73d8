// The routes that sign people in, on and out by cookies. What they decide is nest/browser/cookie-sign-in.ts.
import { Body, Controller, Header, HttpCode, Inject, Post, UseGuards, type Type } from '@nestjs/common';
import { group, readOptions } from '../core/internal.js';
import { type SignInCredentials, Public, type MountableController } from '../index.js';
import { CsrfGuard } from '../browser.js';
import { CookieSignIn, FaultLog, issuedBy, HttpExchange, type Exchange } from '../nest/internal.js';
import { bodyPipe, credentialsIn, SignInBody, TakesBody, type SignInBodyOptions } from './sign-in-body.js';
import { COOKIES_CLEARED, COOKIES_RENEWED, COOKIES_SET } from './browser-answers.js';
import { deviceLabel } from './device-label.js';
import { Describes } from './open-api.js';
import { UserAgent } from './routing.js';
import { bodyOptions, bodyRule, pathOption, toLabel, type DeclaredBody } from './shared-options.js';

/** What can be asked of {@link cookieController}. */
export type CookieControllerOptions<Body extends object = SignInBody> = SignInBodyOptions<Body> & {
  /** Where the routes are, without a leading slash; a given `cookies.refreshPath` must cover it. @defaultValue 'auth/cookie' */
  readonly path?: string;
  /** What a device is called. @defaultValue {@link deviceLabel} */
  readonly toLabel?: (userAgent: string | undefined) => string | undefined;
};

type Declared = DeclaredBody & Pick<CookieControllerOptions, 'path' | 'toLabel'>;

export const cookieControllerOptions = group<Declared>()({
  summary: 'log-in, refresh and log-out by cookies',
  options: { path: pathOption('auth/cookie'), ...bodyOptions, toLabel },
  rules: [bodyRule],
});

/** What the cookie routes do. Extend the class that {@link cookieController} made, so that the routes come along. */
export abstract class CookieController {
  @Inject(CookieSignIn) private readonly signIns!: CookieSignIn;
  @Inject(FaultLog) private readonly faults!: FaultLog;

  protected signIn(exchange: Exchange, credentials: SignInCredentials, label: string | undefined): Promise<void> {
    return issuedBy(() => this.signIns.login(exchange, credentials, label), this.faults);
  }

  protected renew(exchange: Exchange): Promise<void> {
    return issuedBy(() => this.signIns.refresh(exchange), this.faults);
  }

  protected end(exchange: Exchange): Promise<void> {
    return this.signIns.logout(exchange);
  }
}

/** The mounted controller, with its class to extend. */
export interface CookieControllerRecipe extends MountableController {
  readonly controller: Type<CookieController>;
}

/**
 * `POST login`, `refresh` and `logout`, each answered with 204 and cookies. All three need the CSRF header that
 * {@link csrfController} hands out; `login` takes the body of `tokenController`.
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
): CookieControllerRecipe {
  const read = readOptions('cookieController', cookieControllerOptions, options);
  const { path, body = SignInBody, toLabel = deviceLabel } = read;

  @Controller(path)
  @Public()
  @UseGuards(CsrfGuard)
  class MountedCookieController extends CookieController {
    @Post('login')
    @HttpCode(204)
    @Header('Cache-Control', 'no-store')
    @TakesBody(body)
    @Describes(COOKIES_SET)
    login(@Body(bodyPipe(body)) sent: object, @HttpExchange() exchange: Exchange, @UserAgent() userAgent?: string) {
      return this.signIn(exchange, credentialsIn(options, sent), toLabel(userAgent));
    }

    @Post('refresh')
    @HttpCode(204)
    @Header('Cache-Control', 'no-store')
    @Describes(COOKIES_RENEWED)
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
  return {
    controller: MountedCookieController,
    requires: ['credentials', 'signing', 'cookies', 'csrf'],
  };
}
