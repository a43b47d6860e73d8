// Http requests of any framework, seen as an `AuthRequest`. A request is whatever carries headers: Node's own, those that adapters for
// serverless platforms make, and the stand-ins of applications and unit tests.
import { cookieValues } from '../../core/browser/cookies.js';
import { AuthError } from '../../core/base/errors.js';
import type { AuthRequest } from '../../core/base/request.js';
import { isObject } from '../../core/base/members.js';
import { entriesOf, linesIn } from './plain-headers.js';

/** What Express's request and Node's have in common; Fastify keeps Node's in `raw`. Stand-ins may have `headers` and nothing else. */
export interface HttpRequest {
  readonly method?: unknown;
  readonly rawHeaders?: readonly string[];
  readonly headers?: object;
  readonly raw?: HttpRequest;
  readonly params?: Readonly<Record<string, string>>;
}

/** A request in the words of the core. A class, so that a request costs one object and no closures. */
export class HttpAuthRequest implements AuthRequest {
  /** True for the request that a socket is opened with. */
  readonly isUpgrade: boolean;

  /** Read once: on Express, whose requests have no two shapes alike, each look at one takes half a microsecond. */
  private readonly rawHeaders: readonly string[] | undefined;

  constructor(
    readonly raw: HttpRequest,
    private readonly node = nodeOf(raw),
  ) {
    this.rawHeaders = node.rawHeaders;
    this.isUpgrade = this.headerLines('upgrade').some(isWebSocket);
  }

  get method(): string {
    // A WebSocket upgrade is a GET, but later messages may have side effects, so treat it as unsafe.
    if (this.isUpgrade) return MESSAGE;
    const { method } = this.node;
    return typeof method === 'string' ? method.toUpperCase() : MESSAGE;
  }

  headerLines(name: string): readonly string[] {
    if (hasLines(this.rawHeaders)) return linesOf(this.rawHeaders, name.toLowerCase());
    return headerLinesOf(this.raw, name);
  }

  cookieValues(name: string): readonly string[] {
    return cookieValues(this.headerLines('cookie'), name);
  }

  param(name: string): string | undefined {
    const params = this.raw.params ?? {};
    return Object.hasOwn(params, name) ? params[name] : undefined;
  }
}

/** The method of what has none. It counts as unsafe. */
export const MESSAGE = 'MESSAGE';

/** Every line of that header. */
export function headerLinesOf(request: HttpRequest, name: string): readonly string[] {
  const node = nodeOf(request);
  if (hasLines(node.rawHeaders)) return linesOf(node.rawHeaders, name.toLowerCase());
  return isObject(node.headers) ? linesIn(node.headers, name.toLowerCase()) : [];
}

/** Every header line with its name in lower case. */
export function allHeaderLinesOf(request: HttpRequest): readonly (readonly [name: string, value: string])[] {
  const node = nodeOf(request);
  const { rawHeaders } = node;
  if (!hasLines(rawHeaders)) return isObject(node.headers) ? entriesOf(node.headers) : [];
  const lines: (readonly [string, string])[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    lines.push([String(rawHeaders[index]).toLowerCase(), String(rawHeaders[index + 1])]);
  }
  return lines;
}

/** True if the lines are those that Node received; `headers` alone may have been changed by anything that ran before. */
export function showsReceivedLines(request: HttpRequest): boolean {
  return hasLines(nodeOf(request).rawHeaders);
}

function isWebSocket(line: string): boolean {
  return line.toLowerCase() === 'websocket';
}

/** True for whatever carries headers: what Express, Fastify or Node calls a request, and stand-ins for one. */
export function isHttpRequest(request: unknown): request is HttpRequest {
  if (!isObject(request)) return false;
  return carriesHeaders(request) || ('raw' in request && carriesHeaders(request.raw));
}

/** True for what Node, or an adapter in its place, made of a request that came in: it is nothing else besides. */
export function isNodeRequest(request: unknown): request is HttpRequest {
  return typeof request === 'object' && request !== null && Array.isArray(nodeOf(request).rawHeaders);
}

/** As {@link isNodeRequest}, and adapted if it is one. */
export function adaptNodeRequest(request: unknown): HttpAuthRequest | undefined {
  if (typeof request !== 'object' || request === null) return undefined;
  const node = nodeOf(request);
  return Array.isArray(node.rawHeaders) ? new HttpAuthRequest(request, node) : undefined;
}

/** Node's request, as far as there is one. */
function nodeOf(request: HttpRequest): HttpRequest {
  const { raw } = request;
  // Fastify's own fields first, because this runs for every request.
  if (Array.isArray(raw?.rawHeaders)) return raw;
  return raw !== undefined && carriesHeaders(raw) ? raw : request;
}

function carriesHeaders(request: unknown): boolean {
  if (!isObject(request)) return false;
  const carrier = request as HttpRequest;
  // Node makes `headers` when they are first read, so they are not read if there is no need.
  if (Array.isArray(carrier.rawHeaders)) return true;
  return isObject(carrier.headers);
}

/**
 * Adapters for serverless platforms leave `rawHeaders` empty. If it is filled, it alone counts: what `headers` has besides was
 * added later, and not sent by the client.
 */
function hasLines(rawHeaders: readonly string[] | undefined): rawHeaders is readonly string[] {
  return Array.isArray(rawHeaders) && rawHeaders.length > 0;
}

/** Lengths first: most names differ in length, so that no string is created. */
function isName(given: string | undefined, name: string): boolean {
  return given?.length === name.length && given.toLowerCase() === name;
}

const NONE: readonly string[] = Object.freeze([]);

/** From so many names and values on, Node leaves out the lines that follow; a proxy may have read them. */
const NODE_KEEPS = 2_000;

/**
 * Names and values alternate in `rawHeaders`: the only place where Node shows a second Authorization line.
 * @throws {AuthError} `ambiguous_credentials` if there may be lines that Node does not show
 */
function linesOf(rawHeaders: readonly string[], name: string): readonly string[] {
  if (rawHeaders.length >= NODE_KEEPS) throw new AuthError('ambiguous_credentials');
  let lines: string[] | undefined;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const value = rawHeaders[index + 1];
    if (value === undefined || !isName(rawHeaders[index], name)) continue;
    if (lines === undefined) lines = [value];
    else lines.push(value);
  }
  return lines ?? NONE;
}
