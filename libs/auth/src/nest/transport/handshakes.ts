// What a socket was opened with, which is where its credentials are: the upgrade request, and the parameters that clients send
// along because a browser cannot set headers on it.
import { cookieValues } from '../../core/browser/cookies.js';
import type { AuthRequest } from '../../core/base/request.js';
import { isObject } from '../../core/base/members.js';
import { headerLinesOf, isHttpRequest, isNodeRequest, MESSAGE, type HttpRequest } from './http-requests.js';

/** How a socket was opened. */
export interface Handshake {
  readonly request: HttpRequest;
  /** `auth` of socket.io, `connectionParams` of graphql-ws, the payload of `connection_init` of Mercurius. */
  readonly parameters: object;
}

/** A browser sets these by itself; if clients could too, a page of another site could claim to be ours. */
const SET_BY_BROWSERS = /^(cookie|origin|referer|host|upgrade|sec-.*)$/;

/** `ws` does not keep the request that a socket came with; see `guardSockets()`. */
const requests = new WeakMap<object, HttpRequest>();

/** Remembers what a socket of `ws` was opened with. */
export function rememberHandshake(socket: object, request: unknown): void {
  if (isHttpRequest(request)) requests.set(socket, request);
}

/**
 * How the socket behind this carrier was opened: a socket of socket.io or `ws`, or the context of a GraphQL operation that came over
 * one. `undefined` if it is neither of these.
 */
export function handshakeOf(carrier: unknown): Handshake | undefined {
  if (!isObject(carrier) || isNodeRequest(carrier)) return undefined;
  const remembered = requests.get(carrier);
  if (remembered !== undefined) return { request: remembered, parameters: {} };
  const shape = SHAPES.find(({ mark }) => mark in carrier);
  return shape?.read(carrier);
}

/** How each library is recognized, and where it keeps what is needed. */
const SHAPES: readonly { readonly mark: keyof Members; readonly read: (carrier: Members) => Handshake | undefined }[] =
  [
    // A socket of socket.io.
    { mark: 'handshake', read: ({ request, handshake }) => opened(request, handshake?.auth) },
    // The context of graphql-ws, whole or as far as an application took it over.
    { mark: 'extra', read: ({ extra, connectionParams }) => opened(extra?.request, connectionParams) },
    { mark: 'connectionParams', read: ({ req, connectionParams }) => opened(req, connectionParams) },
    // The context of an operation that Mercurius received over a socket.
    {
      mark: '_connectionInit',
      read: ({ request, req, _connectionInit: init }) => opened(request ?? req, payloadOf(init)),
    },
  ];

/** Clients of Mercurius send headers as the payload, or in a member of it. */
function payloadOf(init: Members['_connectionInit']): unknown {
  return isObject(init?.headers) ? init.headers : init;
}

/** What the carriers of the several libraries have; each has some of it. */
interface Members {
  readonly handshake?: { readonly auth?: unknown };
  readonly request?: unknown;
  readonly extra?: { readonly request?: unknown };
  readonly connectionParams?: unknown;
  readonly _connectionInit?: { readonly headers?: unknown } | undefined;
  readonly req?: unknown;
}

function opened(request: unknown, parameters: unknown): Handshake | undefined {
  return isHttpRequest(request) ? { request, parameters: isObject(parameters) ? parameters : {} } : undefined;
}

/** The handshake in the words of the core. */
export function adaptHandshake({ request, parameters }: Handshake): AuthRequest {
  const headerLines = (name: string): readonly string[] => [
    ...headerLinesOf(request, name),
    ...parametersNamed(parameters, name.toLowerCase()),
  ];
  return {
    method: MESSAGE,
    headerLines,
    cookieValues: (name) => cookieValues(headerLines('cookie'), name),
    param: () => undefined,
    raw: request,
  };
}

function parametersNamed(parameters: object, name: string): readonly string[] {
  if (SET_BY_BROWSERS.test(name)) return [];
  return Object.entries(parameters)
    .filter(([key, value]) => key.toLowerCase() === name && typeof value === 'string')
    .map(([, value]) => String(value));
}
