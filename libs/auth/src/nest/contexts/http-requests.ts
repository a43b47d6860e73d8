// Owns http requests of any framework, seen as an `AuthRequest`.
import { cookieValues } from '../../core/browser/cookies.js';
import { AuthError } from '../../core/errors.js';
import type { AuthRequest } from '../../core/request.js';

/** What Express's request and Node's have in common; Fastify keeps Node's in `raw`. */
export interface HttpRequest {
  readonly method: string;
  readonly rawHeaders: readonly string[];
  readonly raw?: HttpRequest;
  readonly params?: Readonly<Record<string, string>>;
}

/** The request in the words of the core. */
export function adaptHttp(request: HttpRequest): AuthRequest {
  return new AdaptedRequest(request);
}

/** A class, so that a request costs one object and no closures. */
class AdaptedRequest implements AuthRequest {
  constructor(readonly raw: HttpRequest) {}

  get method(): string {
    // What a socket is opened with says GET, and does whatever messages do afterwards.
    return isUpgrade(this.raw) ? MESSAGE : (this.raw.raw ?? this.raw).method.toUpperCase();
  }

  headerLines(name: string): readonly string[] {
    return headerLinesOf(this.raw, name);
  }

  cookieValues(name: string): readonly string[] {
    return cookieValues(this.headerLines('cookie'), name);
  }

  param(name: string): string | undefined {
    const { params = {} } = this.raw;
    return Object.hasOwn(params, name) ? params[name] : undefined;
  }
}

/** The method of what has none. It counts as unsafe. */
export const MESSAGE = 'MESSAGE';

/** Every line of that header. */
export function headerLinesOf(request: HttpRequest, name: string): readonly string[] {
  return linesOf((request.raw ?? request).rawHeaders, name.toLowerCase());
}

/** True for the request that a socket is opened with. */
export function isUpgrade(request: HttpRequest): boolean {
  // Not by `headers`, which Node makes of all lines when it is first read.
  return headerLinesOf(request, 'upgrade').some((line) => line.toLowerCase() === 'websocket');
}

/** True for whatever Express, Fastify or Node calls a request. */
export function isHttpRequest(request: unknown): request is HttpRequest {
  if (typeof request !== 'object' || request === null) return false;
  const node = 'raw' in request ? request.raw : request;
  return typeof node === 'object' && node !== null && 'rawHeaders' in node && 'method' in node;
}

/** Lengths first: most names are told apart without making a text. */
function isName(given: string | undefined, name: string): boolean {
  return given?.length === name.length && given.toLowerCase() === name;
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
    if (value !== undefined && isName(rawHeaders[index], name)) lines.push(value);
  }
  return lines;
}
