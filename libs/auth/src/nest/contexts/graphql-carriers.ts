// Owns where a GraphQL operation keeps its request. Drivers and transports differ; all are known by shape, because their packages are
// optional.
import { handshakeOf } from './handshakes.js';
import { isHttpRequest } from './http-requests.js';

/** What the context of an operation may have, by driver and transport. */
interface Context {
  readonly req?: unknown;
  readonly request?: unknown;
  readonly reply?: { readonly request?: unknown };
}

/**
 * What carries the credentials of an operation: its http request, or for one over a socket whatever knows how that was opened.
 * @param args of the resolver: root, arguments, context, info; reference resolvers have no arguments
 */
export function graphqlCarrierOf(args: readonly unknown[]): unknown {
  const candidates = args.length === 3 ? [args[1], args[2]] : [args[2], args[1]];
  return candidates.map(carrierIn).find((carrier) => carrier !== undefined);
}

function carrierIn(context: unknown): unknown {
  if (typeof context !== 'object' || context === null) return undefined;
  if (handshakeOf(context) !== undefined) return context;
  const { req, request, reply } = context as Context;
  return [req, request, reply?.request].find((each) => handshakeOf(each) !== undefined || isHttpRequest(each));
}
