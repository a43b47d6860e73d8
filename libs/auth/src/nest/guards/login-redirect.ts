// The way from a refused page to the sign-in page: for users who opened a URL, never for scripts.
import { SetMetadata, type ExecutionContext, type HttpException } from '@nestjs/common';
import type { HttpAdapterHost } from '@nestjs/core';
import type { AuthError } from '../../core/base/errors.js';
import type { AuthRequest } from '../../core/base/request.js';
import { shown } from '../../core/base/shown.js';
import type { LoginUrl } from '../options/auth.options.js';
import { httpExceptionOf } from '../refusals/http-compatible.js';
import { headersWithAnswer } from '../refusals/refusal-headers.js';
import { adaptRequest } from '../transport/adapt-request.js';
import { requestOf } from '../transport/contexts.js';

const FOUND = 302;

/** A text, so that two copies of the package in one application agree. */
const REDIRECT = 'nestjs-latchkey:redirect-to-login';

/**
 * Answers a 401 of this route or class with a redirect to the option `loginUrl`, or to the address given here; the page that was
 * asked for goes along as `next`. Only for GET and HEAD, and only if the client accepts HTML; all others get the 401.
 * The nearest statement wins: `@RedirectToLogin(false)` on a handler takes it back.
 *
 * @example
 * ```ts
 * import { Controller, Get } from '@nestjs/common';
 * import { RedirectToLogin } from 'nestjs-latchkey/browser';
 *
 * @Controller('pages')
 * export class PagesController {
 *   @RedirectToLogin('/login')
 *   @Get()
 *   show() {
 *     return '<h1>Courses</h1>';
 *   }
 * }
 * ```
 * @throws {TypeError} for anything else
 */
export const RedirectToLogin = (loginUrl: LoginUrl | boolean = true): MethodDecorator & ClassDecorator => {
  if (!['string', 'function', 'boolean'].includes(typeof loginUrl) || loginUrl === '')
    throw new TypeError(
      `@RedirectToLogin() takes an address, a function that answers one, true or false; given was ${shown([loginUrl])}.`,
    );
  return SetMetadata(REDIRECT, loginUrl);
};

/** Makes redirects of refusals. */
export class LoginRedirects {
  constructor(
    private readonly loginUrl: LoginUrl,
    private readonly adapters: HttpAdapterHost,
  ) {}

  /** The redirect in place of the refusal, or `undefined` if the refusal is the answer. */
  insteadOf(error: AuthError, context: ExecutionContext): HttpException | undefined {
    if (error.status !== 401 || context.getType() !== 'http') return undefined;
    const marked = markOf(context);
    if (marked === false) return undefined;
    const raw = requestOf(context);
    const request = adaptRequest(raw);
    if (!isPageView(request)) return undefined;
    const loginUrl = marked === true ? this.loginUrl : marked;
    const target = typeof loginUrl === 'function' ? loginUrl(request) : loginUrl;
    const response: unknown = context.switchToHttp().getResponse();
    const headers = { Location: withNext(target, pathOf(raw)), 'Cache-Control': 'no-store' };
    headersWithAnswer(response, { status: FOUND, headers }, this.adapters.httpAdapter);
    return httpExceptionOf('Sign in first.', FOUND, error);
  }
}

function markOf(context: ExecutionContext): LoginUrl | boolean {
  const onHandler: unknown = Reflect.getMetadata(REDIRECT, context.getHandler());
  // Our own decorator wrote it, under a key of our own.
  return ((onHandler ?? Reflect.getMetadata(REDIRECT, context.getClass())) as LoginUrl | boolean | undefined) ?? false;
}

/** Scripts accept anything, browsers name HTML. */
function isPageView(request: AuthRequest): boolean {
  const { method } = request;
  const acceptsHtml = request.headerLines('accept').some((line) => /\btext\/html\b/i.test(line));
  return (method === 'GET' || method === 'HEAD') && acceptsHtml;
}

function withNext(loginUrl: string, next: string): string {
  const [address = '', fragment] = loginUrl.split('#', 2);
  const joined = `${address}${address.includes('?') ? '&' : '?'}next=${encodeURIComponent(next)}`;
  return fragment === undefined ? joined : `${joined}#${fragment}`;
}

/**
 * Path and query of the request as the client wrote it. Never an address: what begins with two slashes, or with a backslash, leads
 * to another host.
 */
function pathOf(request: unknown): string {
  // Express keeps what routers cut off in originalUrl; Fastify has both.
  const { originalUrl, url } = request as { readonly originalUrl?: unknown; readonly url?: unknown };
  const target = String(originalUrl ?? url ?? '/');
  if (!URL.canParse(target, 'http://host')) return '/';
  const { pathname, search } = new URL(target.replace(/^[/\\]+/, '/'), 'http://host');
  return `${pathname}${search}`.replace(/^[/\\]+/, '/');
}
