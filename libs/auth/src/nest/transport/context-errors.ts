// How a refusal leaves the contexts other than http: the exception that each of them lets through to its client. Anything else
// that is thrown there reaches the client as "Internal server error".
import { HttpException, type ArgumentsHost } from '@nestjs/common';
import { AuthConfigurationError, type AuthError } from '../../core/base/errors.js';
import { grpcMetadataOf } from './rpc-carriers.js';

/** What a client may know of a refusal, whatever the context. */
export interface RefusalBody {
  readonly statusCode: AuthError['status'];
  readonly message: string;
  readonly error: string;
  readonly errorCode: string;
}

type ExceptionClass = new (body: object) => Error;

/** Both are optional peers, and known by name alone: an application without gateways does not have the first. */
const EXCEPTIONS = {
  ws: { package: '@nestjs/websockets', name: 'WsException' },
  rpc: { package: '@nestjs/microservices', name: 'RpcException' },
} as const;

/** The contexts whose exceptions live in packages of their own. */
export type PackagedContext = keyof typeof EXCEPTIONS;

/** The codes that clients of GraphQL know. */
const GRAPHQL_CODES = {
  400: 'BAD_REQUEST',
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  413: 'BAD_REQUEST',
  415: 'BAD_REQUEST',
  429: 'TOO_MANY_REQUESTS',
  500: 'INTERNAL_SERVER_ERROR',
  503: 'SERVICE_UNAVAILABLE',
} as const;

/** INVALID_ARGUMENT, UNAUTHENTICATED, PERMISSION_DENIED, RESOURCE_EXHAUSTED, INTERNAL, UNAVAILABLE of gRPC. */
const GRPC_CODES = { 400: 3, 401: 16, 403: 7, 413: 3, 415: 3, 429: 8, 500: 13, 503: 14 } as const;

/** Makes the exceptions. */
export class ContextAnswers {
  private readonly classes = new Map<string, ExceptionClass>();

  /**
   * Loads what refusing in a context takes. Called at boot, once it is known that the application has that context.
   * @throws {AuthConfigurationError} if the package cannot be loaded
   */
  async load(context: PackagedContext): Promise<void> {
    const { package: wanted, name } = EXCEPTIONS[context];
    const exports = await import(wanted).catch((cause: unknown) => {
      throw new AuthConfigurationError([`${wanted} cannot be loaded: ${String(cause)}`]);
    });
    // The package exports a class under that name; it takes what its client is to see.
    this.classes.set(context, (exports as Record<string, ExceptionClass>)[name] as ExceptionClass);
  }

  /** The exception that tells a client of this context. */
  exceptionFor(error: AuthError, body: RefusalBody, host: ArgumentsHost): Error {
    const context = host.getType<string>();
    if (context === 'graphql') return graphqlException(error, body);
    const Exception = this.classes.get(context);
    // A microservice may listen before anything was loaded; the filter of the library has words that need no class.
    if (Exception === undefined && context === 'rpc') return error;
    if (Exception === undefined) return new HttpException({ ...body }, error.status, { cause: error });
    return withCause(new Exception(context === 'rpc' ? rpcBody(body, host) : wsBody(body)), error);
  }
}

/**
 * GraphQL takes `extensions` over from what was thrown. The response has no `statusCode`, or Apollo's driver would put a code of
 * its own over ours.
 */
function graphqlException(error: AuthError, { message, errorCode }: RefusalBody): Error {
  const exception = new HttpException({ message, errorCode }, error.status, { cause: error });
  return Object.assign(exception, { message, extensions: { code: GRAPHQL_CODES[error.status], errorCode } });
}

/** What the client's `exception` event carries. */
function wsBody(body: RefusalBody): object {
  return { status: 'error', ...body };
}

/** What a client of a message handler receives; gRPC wants a status code and trailers. */
export function rpcBody(body: RefusalBody, host: ArgumentsHost): object {
  const metadata = grpcMetadataOf(host.switchToRpc().getContext());
  if (metadata === undefined) return { status: 'error', ...body };
  const trailers = metadata.empty();
  trailers.set('error-code', body.errorCode);
  return { code: GRPC_CODES[body.statusCode], message: body.message, details: body.message, metadata: trailers };
}

/** Kept for logs of the application, not enumerable, so that serializers skip it. */
function withCause(exception: Error, cause: AuthError): Error {
  return Object.defineProperty(exception, 'cause', { value: cause, enumerable: false, configurable: true });
}
