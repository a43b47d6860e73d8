// Cookies on responses, the same way on both adapters: one line per name, the last decision counts, and nothing is cached.
import { Logger } from '@nestjs/common';
import type { HttpAdapterHost } from '@nestjs/core';
import type { Clock } from '../../core/base/clock.js';
import {
  accessCookieSpecs,
  clearCookie,
  CookieTooLargeError,
  writeCookie,
  writeTokenCookies,
  type CookieSpec,
  type CookieSpecs,
  type WrittenCookie,
} from '../../core/browser/cookies.js';
import { singleCookie } from '../../core/browser/cookie-scheme.js';
import type { CsrfHolder, CsrfService } from '../../core/browser/csrf.js';
import { EXTERNAL_SIGN_IN_SECONDS } from '../../core/browser/external-sign-ins.js';
import type { AuthRequest } from '../../core/base/request.js';
import type { TokenPair } from '../../core/issuing/token-minter.js';
import { earlyUse } from '../refusals/early-use.js';

/** Header lines live on the response of the framework, and on Fastify on Node's response inside it too. */
interface Headers {
  removeHeader?(name: string): unknown;
  readonly raw?: Headers;
}

/** Claims may have names without end. */
const MOST_COMPLAINTS = 50;

/**
 * Sets and clears the cookies of a sign-in. For controllers of your own; the ready-made ones are in `nestjs-latchkey/controllers`.
 *
 * @example
 * ```ts
 * import { Body, Controller, HttpCode, Post, Res, UseGuards } from '@nestjs/common';
 * import { Public, SignInService, TokenService } from 'nestjs-latchkey';
 * import { AuthCookies, CsrfGuard } from 'nestjs-latchkey/browser';
 *
 * @Controller('kiosk')
 * export class KioskController {
 *   constructor(
 *     private readonly signIn: SignInService,
 *     private readonly tokens: TokenService,
 *     private readonly cookies: AuthCookies,
 *   ) {}
 *
 *   @Public()
 *   @UseGuards(CsrfGuard)
 *   @Post()
 *   @HttpCode(204)
 *   async enter(
 *     @Body('badge') username: string,
 *     @Body('pin') password: string,
 *     @Res({ passthrough: true }) response: object,
 *   ) {
 *     const user = await this.signIn.verify({ username, password });
 *     const pair = await this.tokens.issue(user, { accept: (made) => this.cookies.assertFit(made) });
 *     this.cookies.set(response, pair);
 *   }
 * }
 * ```
 */
export class AuthCookies {
  private specs: CookieSpecs;

  private readonly early = earlyUse();
  private readonly logger = new Logger('AuthModule');
  private readonly logged = new Set<string>();

  /** @internal The module makes it: inject it. */
  constructor(
    private readonly parts: {
      readonly specs: CookieSpecs;
      readonly csrf: CsrfService;
      readonly csrfSeconds: number;
      readonly clock: Clock;
      readonly adapters: HttpAdapterHost;
    },
  ) {
    this.specs = parts.specs;
  }

  /** Limits the refresh cookie to a path. Called while the application starts, when it is known where the routes are. */
  limitRefreshTo(path: string): void {
    this.specs = { ...this.specs, refresh: { ...this.specs.refresh, path } };
  }

  /** Sets the token cookies, and a CSRF cookie that is bound to the sign-in. Each ends with its token. */
  set(response: unknown, pair: TokenPair): void {
    this.write(response, this.tokenCookies(pair));
    this.setCsrf(response, this.parts.csrf.issue(pair));
  }

  /**
   * Says before anything is stored whether the tokens fit into cookies: hand it to `TokenService.issue` as `accept`.
   * @throws {CookieTooLargeError} naming the biggest claims
   */
  assertFit(pair: TokenPair): void {
    this.tokenCookies(pair);
  }

  /** Clears every cookie of a sign-in. An anonymous CSRF cookie replaces the old one. */
  clear(response: unknown): void {
    this.clearTokens(response);
    this.setCsrf(response, this.parts.csrf.issue(undefined));
  }

  /** Clears the token cookies and leaves the CSRF cookie as it is. */
  clearTokens(response: unknown): void {
    const { specs } = this;
    this.write(response, [...accessCookieSpecs(specs), specs.refresh].map(clearCookie));
  }

  /** Clears the access token that the request carries, and nothing else. */
  clearAccess(request: AuthRequest, response: unknown): void {
    const carried = accessCookieSpecs(this.specs).filter(({ name }) => request.cookieValues(name).length > 0);
    this.write(response, carried.map(clearCookie));
  }

  /**
   * A CSRF token for the page that asks, and its cookie.
   * @param holders the sign-ins that the request shows
   */
  renewCsrf(request: AuthRequest, response: unknown, holders: readonly NonNullable<CsrfHolder>[]): string {
    this.setCsrf(response, this.parts.csrf.renew(request, holders));
    return this.parts.csrf.renew(request, holders);
  }

  /** Sets the CSRF cookie for a sign-in, or an anonymous one. */
  bindCsrf(response: unknown, holder: CsrfHolder): void {
    this.setCsrf(response, this.parts.csrf.issue(holder));
  }

  /** Sets the cookie that binds the steps of a sign-in to this browser. It ends with the step. */
  setStep(response: unknown, secret: string, seconds: number): void {
    this.write(response, [writeCookie(this.specs.step, secret, seconds)]);
  }

  /** What binds the steps of a sign-in to this browser. @throws {AuthError} `ambiguous_credentials` */
  stepOf(request: AuthRequest): string | undefined {
    return singleCookie(request, this.specs.step);
  }

  clearStep(response: unknown): void {
    this.write(response, [clearCookie(this.specs.step)]);
  }

  /** @internal Keeps what an external sign-in began with. @throws {TypeError} for a form of another site without secure cookies */
  setExternalSignIn(response: unknown, sealed: string, fromForm: boolean): void {
    const spec = this.specs.externalSignIn;
    if (fromForm && !spec.secure)
      throw new TypeError(
        'formPost needs a cookie that is SameSite=None, and browsers keep none without `cookies.secure`.',
      );
    const sent: CookieSpec = fromForm ? { ...spec, sameSite: 'None' } : spec;
    this.write(response, [writeCookie(sent, sealed, EXTERNAL_SIGN_IN_SECONDS)]);
  }

  /** @internal Every value of the cookie that keeps it. */
  externalSignInsOf(request: AuthRequest): readonly string[] {
    return request.cookieValues(this.specs.externalSignIn.name);
  }

  /** @internal */
  clearExternalSignIn(response: unknown): void {
    this.write(response, [clearCookie(this.specs.externalSignIn)]);
  }

  private tokenCookies(pair: TokenPair): readonly WrittenCookie[] {
    try {
      return writeTokenCookies(this.specs, pair, this.parts.clock.nowMs() / 1000);
    } catch (error) {
      if (error instanceof CookieTooLargeError) this.complain(error);
      throw error;
    }
  }

  /** Once for each cookie and its biggest claims: what is too big for one user is too big for many. */
  private complain({ cookie, claims, message }: CookieTooLargeError): void {
    const kind = [cookie, ...claims.slice(0, 3).map(({ claim }) => claim)].join(' ');
    if (this.logged.has(kind) || this.logged.size >= MOST_COMPLAINTS) return;
    this.logged.add(kind);
    this.logger.error(message);
  }

  /** Lives as long as the refresh idle timeout. */
  private setCsrf(response: unknown, token: string): void {
    const { csrfSeconds } = this.parts;
    const { specs } = this;
    this.write(response, [writeCookie(specs.csrf, token, specs.persistent ? csrfSeconds : undefined)]);
  }

  /** Before there is an application, the host holds no adapter. */
  private get adapter(): HttpAdapterHost['httpAdapter'] {
    const { httpAdapter } = this.parts.adapters as { readonly httpAdapter: HttpAdapterHost['httpAdapter'] | undefined };
    if (httpAdapter === undefined || httpAdapter === null) throw this.early();
    return httpAdapter;
  }

  private write(response: unknown, cookies: readonly WrittenCookie[]): void {
    const httpAdapter = this.adapter;
    this.drop(response, new Set(cookies.map(({ name }) => name)));
    for (const { line } of cookies) httpAdapter.appendHeader(response, 'Set-Cookie', line);
    httpAdapter.setHeader(response, 'Cache-Control', 'no-store');
  }

  /** Two lines of one name in one answer would leave it to the browser which of them counts. */
  private drop(response: unknown, names: ReadonlySet<string>): void {
    const httpAdapter = this.adapter;
    const found: unknown = httpAdapter.getHeader(response, 'Set-Cookie') ?? [];
    const lines = [found].flat().map(String);
    const kept = lines.filter((line) => !names.has(line.slice(0, Math.max(0, line.indexOf('=')))));
    if (kept.length === lines.length) return;
    // Both frameworks return an object of this shape.
    const headers = response as Headers;
    headers.removeHeader?.('Set-Cookie');
    headers.raw?.removeHeader?.('Set-Cookie');
    for (const line of kept) httpAdapter.appendHeader(response, 'Set-Cookie', line);
  }
}
