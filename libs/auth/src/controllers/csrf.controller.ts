// The route that hands CSRF tokens to pages. Whose token it is, is decided by nest/browser/csrf-token-issuer.ts.
import { Controller, Get, Header, Inject, type Type } from '@nestjs/common';
import { group, readOptions } from '../core/internal.js';
import { Public, type MountableController } from '../index.js';
import { HttpExchange, type Exchange, CsrfTokenIssuer } from '../nest/internal.js';
import { PAGE_TOKEN } from './browser-answers.js';
import { Describes } from './open-api.js';
import { pathOption } from './shared-options.js';

/** What can be asked of {@link csrfController}. */
export interface CsrfControllerOptions {
  /** Where the route is, without a leading slash. @defaultValue 'auth/csrf' */
  readonly path?: string;
}

export const csrfControllerOptions = group<CsrfControllerOptions>()({
  summary: 'the route that hands CSRF tokens to pages',
  options: { path: pathOption('auth/csrf') },
});

/** What the CSRF route does. Extend the class that {@link csrfController} made, so that the route comes along. */
export abstract class CsrfController {
  @Inject(CsrfTokenIssuer) private readonly pages!: CsrfTokenIssuer;

  protected async tokenFor(exchange: Exchange): Promise<{ readonly csrfToken: string }> {
    return { csrfToken: await this.pages.forPage(exchange) };
  }
}

/** The mounted controller, with its class to extend. */
export interface MountableCsrfController extends MountableController {
  readonly controller: Type<CsrfController>;
}

/**
 * `GET` answers `{ csrfToken }` and sets the cookie that goes with it; the token goes back in the header `X-CSRF-Token`. Ask for one
 * before signing in and again afterwards. Pages of other origins must not read it: leave them out of CORS with credentials.
 *
 * @example
 * ```ts
 * import { AuthModule } from 'nestjs-latchkey';
 * import { csrfController } from 'nestjs-latchkey/controllers';
 *
 * export const auth = AuthModule.forRoot({ controllers: [csrfController()] });
 * ```
 */
export function csrfController(options: CsrfControllerOptions = {}): MountableCsrfController {
  const { path } = readOptions('csrfController', csrfControllerOptions, options);

  @Controller(path)
  @Public()
  class MountedCsrfController extends CsrfController {
    @Get()
    @Header('Cache-Control', 'no-store')
    @Describes(PAGE_TOKEN)
    token(@HttpExchange() exchange: Exchange) {
      return this.tokenFor(exchange);
    }
  }
  Object.defineProperty(MountedCsrfController, 'name', { value: 'CsrfController' });
  return { controller: MountedCsrfController, requires: ['csrf'] };
}
