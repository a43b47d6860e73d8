// Owns how a refusal leaves the process: headers through the HTTP adapter, body in Nest's shape or as RFC 9457 problem details.
import { HttpException, type ArgumentsHost } from '@nestjs/common';
import type { HttpAdapterHost } from '@nestjs/core';
import type { AuthError } from '../core/errors.js';
import { ContextAnswers, rpcBody, type RefusalBody } from './contexts/context-answers.js';
import { RedirectedCaller } from './browser/redirected-caller.js';
import type { AuthSettings } from './options/settings.js';

const REASONS = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
} as const;

const NO_STORE = { 'Cache-Control': 'no-store' } as const;

/** Makes answers of refusals. */
export class Answers {
  /** What refusing takes where there is no http. */
  readonly contexts = new ContextAnswers();

  constructor(
    private readonly settings: Pick<AuthSettings, 'errors' | 'header'>,
    private readonly adapters: HttpAdapterHost,
  ) {}

  /**
   * The exception for a refusal, as the context wants it. In http its headers are already on the response then, so that an
   * application's own catch-all filter cannot lose them.
   */
  refuse(error: AuthError, host: ArgumentsHost): Error {
    return host.getType() === 'http'
      ? this.refuseHttp(error, host)
      : this.contexts.exceptionFor(error, refusalOf(error), host);
  }

  /** As {@link refuse}, where it is known to be http. */
  refuseHttp(error: AuthError, host: Pick<ArgumentsHost, 'switchToHttp'>): HttpException {
    const response: unknown = host.switchToHttp().getResponse();
    const redirected = error.cause instanceof RedirectedCaller ? error.cause : undefined;
    const headers = redirected === undefined ? this.headersOf(error) : { ...NO_STORE, Location: redirected.url };
    for (const [name, value] of Object.entries(headers)) {
      this.adapters.httpAdapter.setHeader(response, name, value);
    }
    return new HttpException(this.bodyOf(error), redirected?.status ?? error.status, { cause: error });
  }

  /** What a client of a message handler receives instead of an answer. */
  refuseMessage(error: AuthError, host: ArgumentsHost): object {
    return rpcBody(refusalOf(error), host);
  }

  /** Header lines and body for whoever writes the answer to a handshake. */
  handshakeRefusal(error: AuthError): {
    readonly headers: Readonly<Record<string, string>>;
    readonly body: RefusalBody;
  } {
    return { headers: this.headersOf(error), body: refusalOf(error) };
  }

  private headersOf(error: AuthError): Record<string, string> {
    const challenge = this.challengeOf(error);
    return {
      ...NO_STORE,
      ...(challenge === undefined ? undefined : { 'WWW-Authenticate': challenge }),
      ...(error.status === 503 ? { 'Retry-After': String(error.retryAfterSeconds ?? 1) } : undefined),
      ...(this.settings.errors.format === 'problem' ? { 'Content-Type': 'application/problem+json' } : undefined),
    };
  }

  /** RFC 6750 §3, RFC 9470 §3. A bare challenge says that nothing was sent that this route understands. */
  private challengeOf(error: AuthError): string | undefined {
    if (error.challenge === 'none') return undefined;
    const scheme = this.settings.header.schemes[0] ?? 'Bearer';
    const parameters: [string, string][] = [['realm', this.settings.errors.realm]];
    if (error.challenge !== 'bare') {
      parameters.push(['error', error.challenge], ['error_description', error.message]);
    }
    if (error.requiredScopes !== undefined) parameters.push(['scope', error.requiredScopes.join(' ')]);
    if (error.maxAgeSeconds !== undefined) parameters.push(['max_age', String(error.maxAgeSeconds)]);
    return `${scheme} ${parameters.map(([name, value]) => `${name}="${quoted(value)}"`).join(', ')}`;
  }

  private bodyOf(error: AuthError): Record<string, unknown> {
    const { status, message, problems, publicCode: errorCode } = error;
    if (this.settings.errors.format === 'problem') {
      return { type: 'about:blank', title: REASONS[status], status, detail: message, errorCode, errors: problems };
    }
    return { ...refusalOf(error), message: problems ?? message };
  }
}

/** What every context may tell of a refusal. */
function refusalOf({ status, message, publicCode: errorCode }: AuthError): RefusalBody {
  return { statusCode: status, message, error: REASONS[status], errorCode };
}

/** The quoted-string of RFC 9110 §5.6.4. Line breaks are refused at boot. */
function quoted(value: string): string {
  return value.replaceAll(/["\\]/g, String.raw`\$&`);
}
