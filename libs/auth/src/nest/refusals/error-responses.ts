// How a refusal leaves the process: headers through the HTTP adapter, body in the shape that the options ask for.
import { HttpException, type ArgumentsHost } from '@nestjs/common';
import type { HttpAdapterHost } from '@nestjs/core';
import type { AuthError } from '../../core/base/errors.js';
import { answerOfPolicy } from '../../core/policies/policies.js';
import { challengeOf } from './challenges.js';
import { ContextAnswers, rpcBody, type RefusalBody } from '../transport/context-errors.js';
import { LoginRedirectError } from './login-redirect-error.js';
import { httpExceptionOf, isHttpException, prepareFor } from './http-compatible.js';
import type { AuthSettings } from '../options/settings.js';
import type { RefusalLog } from './refusal-log.js';
import { headersWithAnswer, setHeadersNow } from './refusal-headers.js';
import { refusedAtOf } from './refused-at.js';
import { RefusalBodies, refusalOf, retryAfterOf } from '../options/refusal-bodies.js';

const NO_STORE = { 'Cache-Control': 'no-store' } as const;

/** What of a host an answer needs. */
export type HttpHost = Pick<ArgumentsHost, 'switchToHttp'>;

/** Makes answers of refusals. */
export class ErrorResponses {
  /** What a refusal needs outside of http. */
  readonly contexts = new ContextAnswers();

  private readonly bodies: RefusalBodies;

  constructor(
    private readonly settings: Pick<AuthSettings, 'errors' | 'header'>,
    private readonly adapters: HttpAdapterHost,
    /** The line of development about each refusal. */
    readonly log: RefusalLog,
  ) {
    this.bodies = new RefusalBodies(settings.errors);
  }

  /**
   * The exception for a refusal, as the context wants it. In http its headers come with the answer if that is the refusal: a catch-all
   * filter of the application cannot lose them, and a composite guard that lets the caller in does not send them.
   */
  refuse(error: AuthError, host: ArgumentsHost): Error {
    this.log.refused(error, host);
    if (host.getType() !== 'http') return this.contexts.exceptionFor(error, this.told(error), host);
    const http = host.switchToHttp();
    const response: unknown = http.getResponse();
    const status = statusOf(error);
    headersWithAnswer(response, { status, headers: this.headersOf(error) }, this.adapters.httpAdapter);
    return httpExceptionOf(this.bodies.of(error, http.getRequest()), status, error);
  }

  /**
   * The headers of a refusal whose exception is made by the code of another party: they come with an answer of its status.
   * @param isMeant asked while the answer is written, whether it is about this refusal
   */
  accompany(error: AuthError, host: HttpHost, isMeant: () => boolean): void {
    this.log.refused(error, host);
    const response: unknown = host.switchToHttp().getResponse();
    const refusal = { status: statusOf(error), headers: this.headersWithoutBody(error), isMeant };
    headersWithAnswer(response, refusal, this.adapters.httpAdapter);
  }

  /** As {@link refuse} in http, if the refusal is certain to be the answer. */
  refuseHttp(error: AuthError, host: HttpHost): HttpException {
    return httpExceptionOf(this.prepare(error, host), statusOf(error), error);
  }

  /** As {@link refuse}, for what was thrown by a handler: in http it stays what it is, for filters that ask for `AuthError`. */
  escaping(error: AuthError, host: ArgumentsHost): Error {
    if (host.getType() !== 'http' || !isHttpException(error) || redirectOf(error) !== undefined)
      return this.refuse(error, host);
    return this.prepared(error, host);
  }

  /** The refusal with its headers on the response and its body in place, for whichever filter is asked. */
  prepared(error: AuthError, host: HttpHost): AuthError {
    prepareFor(host.switchToHttp().getResponse<object>(), error, this.prepare(error, host));
    return error;
  }

  /** The exception that a policy of the application threw in its own words, in contexts that have words for it. */
  ownAnswerOf(error: AuthError, host: ArgumentsHost): Error | undefined {
    const thrown = answerOfPolicy(error);
    const context = host.getType<string>();
    if (!(thrown instanceof Error) || (context !== 'http' && context !== 'graphql')) return undefined;
    if (context === 'http') this.keepOutOfCaches(thrown, host.switchToHttp().getResponse());
    return thrown;
  }

  private keepOutOfCaches(thrown: Error, response: unknown): void {
    const status = thrown instanceof HttpException ? thrown.getStatus() : 500;
    headersWithAnswer(response, { status, headers: NO_STORE }, this.adapters.httpAdapter);
  }

  /** What a client of a message handler receives instead of an answer. */
  refuseMessage(error: AuthError, host: ArgumentsHost): object {
    this.log.refused(error, host);
    return rpcBody(this.told(error), host);
  }

  /** Header lines and body of the answer to a handshake. @param request what asked for it, over http */
  handshakeRefusal(
    error: AuthError,
    request?: object,
  ): { readonly headers: Readonly<Record<string, string>>; readonly body: object } {
    const isMade = request !== undefined && this.settings.errors.body !== undefined;
    return { headers: this.headersOf(error), body: isMade ? this.bodies.of(error, request) : this.told(error) };
  }

  /** What a client may know, whatever the context. */
  told(error: AuthError): RefusalBody {
    return refusalOf(error, this.settings.errors.detail);
  }

  /** Sets the headers, and answers with the body. An answer that is under way has its headers already. */
  private prepare(error: AuthError, host: HttpHost): object {
    this.log.refused(error, host);
    const http = host.switchToHttp();
    setHeadersNow(http.getResponse(), { headers: this.headersOf(error) }, this.adapters.httpAdapter);
    return this.bodies.of(error, http.getRequest());
  }

  private headersOf(error: AuthError): Record<string, string> {
    // RFC 6749 §5.2 wants plain JSON, which problem details are too.
    const isProblem = this.settings.errors.format === 'problem' && error.oauthError === undefined;
    const type = isProblem && redirectOf(error) === undefined ? { 'Content-Type': 'application/problem+json' } : {};
    return { ...this.headersWithoutBody(error), ...type };
  }

  /** Those that do not depend on the body. */
  private headersWithoutBody(error: AuthError): Record<string, string> {
    const redirect = redirectOf(error);
    if (redirect !== undefined) return { ...NO_STORE, Location: redirect.url };
    const challenge = this.challengeOf(error);
    const retryAfter = retryAfterOf(error);
    return {
      ...NO_STORE,
      ...(challenge === undefined ? undefined : { 'WWW-Authenticate': challenge }),
      ...(retryAfter === undefined ? undefined : { 'Retry-After': String(retryAfter) }),
    };
  }

  private challengeOf(error: AuthError): string | undefined {
    const { errors, header } = this.settings;
    const { realm, detail, challenges: isWanted } = errors;
    const worded = { realm, detail, isWanted, fallback: header.schemes[0] ?? 'Bearer' };
    return challengeOf(error, refusedAtOf(error), worded);
  }
}

function statusOf(error: AuthError): number {
  return redirectOf(error)?.status ?? error.status;
}

function redirectOf({ cause }: AuthError): LoginRedirectError | undefined {
  return cause instanceof LoginRedirectError ? cause : undefined;
}
