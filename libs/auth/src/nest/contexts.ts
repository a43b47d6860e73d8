// Owns stage 1: from whatever a framework hands over to an `AuthRequest`. What is not understood is refused.
import type { ExecutionContext } from '@nestjs/common';
import { cookieValues } from '../core/cookies.js';
import { AuthError } from '../core/errors.js';
import type { AuthRequest } from '../core/request.js';

/** What Express's request and Node's have in common; Fastify keeps Node's in `raw`. */
interface HttpRequest {
  readonly method: string;
  readonly rawHeaders: readonly string[];
  readonly raw?: HttpRequest;
  readonly params?: Readonly<Record<string, string>>;
}

/**
 * The framework's request of a context, where a guard attaches its answer.
 * @throws {AuthError} `unsupported_context`
 */
export function requestOf(context: ExecutionContext): unknown {
  if (context.getType() === 'http') return context.switchToHttp().getRequest();
  throw new AuthError('unsupported_context');
}

/** @throws {AuthError} `unsupported_context` where it is no http request */
export function adaptRequest(request: unknown): AuthRequest {
  if (!isHttpRequest(request)) throw new AuthError('unsupported_context');
  const node = request.raw ?? request;
  const headerLines = (name: string): readonly string[] => linesOf(node.rawHeaders, name.toLowerCase());
  return {
    method: node.method.toUpperCase(),
    headerLines,
    cookieValues: (name) => cookieValues(headerLines('cookie'), name),
    param: (name) => (Object.hasOwn(request.params ?? {}, name) ? request.params?.[name] : undefined),
    raw: request,
  };
}

function isHttpRequest(request: unknown): request is HttpRequest {
  if (typeof request !== 'object' || request === null) return false;
  const node = 'raw' in request ? request.raw : request;
  return typeof node === 'object' && node !== null && 'rawHeaders' in node && 'method' in node;
}

/** From so many names and values on, Node leaves out the lines that follow; a proxy may have read them. */
const NODE_KEEPS = 2_000;

/**
 * Names and values alternate in `rawHeaders`: the only place where Node shows a second Authorization line.
 * @throws {AuthError} `ambiguous_credentials` where there may be lines that Node does not show (E-13)
 */
function linesOf(rawHeaders: readonly string[], name: string): readonly string[] {
  if (rawHeaders.length >= NODE_KEEPS) throw new AuthError('ambiguous_credentials');
  const lines: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const value = rawHeaders[index + 1];
    if (rawHeaders[index]?.toLowerCase() === name && value !== undefined) lines.push(value);
  }
  return lines;
}
