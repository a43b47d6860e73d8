// The body of a refusal in http: Nest's shape, RFC 9457 problem details, or what the application makes of it.
import { Logger } from '@nestjs/common';
import { isPromise } from '../../core/base/at-once.js';
import type { AuthError, FurtherStep } from '../../core/base/errors.js';
import type { AuthRequest } from '../../core/base/request.js';
import { adaptRequest } from '../transport/adapt-request.js';
import type { RefusalBody } from '../transport/context-errors.js';
import { toldOf, type RefusalDetail } from './told-refusal.js';

const REASONS = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  413: 'Payload Too Large',
  415: 'Unsupported Media Type',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
} as const;

/** What a client may know of a refusal. */
export interface Refusal {
  /** The status of the answer, which the body does not change. */
  readonly status: AuthError['status'];
  /** What programs decide by: one of `ERROR_TABLE`, as clients may see it: with `errors.detail: 'generic'` one for each status. */
  readonly errorCode: string;
  /** One English sentence without input. */
  readonly message: string;
  /** The reason phrase of the status. */
  readonly error: string;
  /** What is wrong with the request body, for `invalid_request`. */
  readonly problems?: readonly string[] | undefined;
  /** The scopes that the route requires, for `insufficient_scope`. */
  readonly requiredScopes?: readonly string[] | undefined;
  /** The longest accepted age of the sign-in in seconds, for `reauthentication_required` and `stronger_authentication_required`. */
  readonly maxAgeSeconds?: number | undefined;
  /** What the sign-in must be, one of them and best the first, for `stronger_authentication_required`. */
  readonly acrValues?: readonly string[] | undefined;
  /** The step that is missing, for `further_step_required`: the client needs it to go on. */
  readonly step?: FurtherStep | undefined;
  /** When to try again, in seconds, for a 503, and for a 429 if it is known. The header `Retry-After` says it too. */
  readonly retryAfterSeconds?: number | undefined;
}

/** What a body may depend on. */
export interface RefusalContext {
  /** The request, for its language for example; `undefined` if it could not be read. */
  readonly request: AuthRequest | undefined;
}

/** Makes the body of a refusal. */
export type RefusalBodyMaker = (refusal: Refusal, context: RefusalContext) => object;

/** What every context may tell of a refusal. */
export function refusalOf(error: AuthError, detail: RefusalDetail): RefusalBody {
  const { errorCode, message } = toldOf(error, detail);
  return { statusCode: error.status, message, error: REASONS[error.status], errorCode };
}

/** What `Retry-After` says, in seconds. How long a limit holds is known to what counts, which may have set the header itself. */
export function retryAfterOf({ status, retryAfterSeconds }: AuthError): number | undefined {
  if (status === 503) return retryAfterSeconds ?? 1;
  return status === 429 ? retryAfterSeconds : undefined;
}

/** What the options say about bodies, of `AuthSettings`. */
interface BodyOptions {
  readonly format: 'nest' | 'problem';
  readonly body: RefusalBodyMaker | undefined;
  readonly detail: RefusalDetail;
}

/** Makes bodies as the options ask. */
export class RefusalBodies {
  private readonly logger = new Logger('AuthModule');

  constructor(private readonly errors: BodyOptions) {}

  /** The body for the request of the framework. */
  of(error: AuthError, request: unknown): object {
    return this.made(error, request) ?? { ...this.usual(error), ...oauthMembers(error, this.errors.detail) };
  }

  private usual(error: AuthError): object {
    const { status, problems, step } = error;
    const { errorCode, message } = toldOf(error, this.errors.detail);
    if (this.errors.format === 'problem') {
      return {
        type: 'about:blank',
        title: REASONS[status],
        status,
        detail: message,
        errorCode,
        errors: problems,
        step,
      };
    }
    return {
      ...refusalOf(error, this.errors.detail),
      message: problems ?? message,
      ...(step === undefined ? undefined : { step }),
    };
  }

  /** A function that fails must not turn a refusal into a 500: then the usual body is the answer. */
  private made(error: AuthError, request: unknown): object | undefined {
    if (this.errors.body === undefined) return undefined;
    try {
      const body = sendable(this.errors.body(factsOf(error, this.errors.detail), { request: readable(request) }));
      if (body !== undefined) return body;
      this.logger.error('errors.body answered with something other than an object; the usual body was sent.');
    } catch {
      this.logger.error('errors.body threw; the usual body was sent.');
    }
    return undefined;
  }
}

/** What clients of OAuth read, whatever the format (RFC 6749 §5.2). */
function oauthMembers(error: AuthError, detail: RefusalDetail): object | undefined {
  const { oauthError } = error;
  return oauthError === undefined ? undefined : { error: oauthError, error_description: toldOf(error, detail).message };
}

function factsOf(error: AuthError, detail: RefusalDetail): Refusal {
  const { status, problems, requiredScopes, maxAgeSeconds, acrValues, step } = error;
  const facts = { problems, requiredScopes, maxAgeSeconds, acrValues, step, retryAfterSeconds: retryAfterOf(error) };
  return Object.freeze({ status, ...toldOf(error, detail), error: REASONS[status], ...facts });
}

/**
 * The object as it will be sent. An adapter gets a plain one: it takes the status out of a `Response` of the Fetch standard, and fails
 * at what is not JSON after the usual body was built.
 * @throws {TypeError} for an object that is not JSON: a circle, a bigint
 */
function sendable(body: unknown): object | undefined {
  if (typeof body !== 'object' || body === null || isPromise(body)) return undefined;
  // A member toJSON may answer with nothing, of which there is no text.
  const sent: unknown = JSON.parse(JSON.stringify(body) ?? 'null');
  return typeof sent === 'object' && sent !== null && !Array.isArray(sent) ? sent : undefined;
}

function readable(request: unknown): AuthRequest | undefined {
  try {
    return adaptRequest(request);
  } catch {
    return undefined;
  }
}
