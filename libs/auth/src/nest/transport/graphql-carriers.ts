// The place where a GraphQL operation keeps its request. Drivers and transports differ; all are known by shape, because their packages are
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
 * What carries the credentials of an operation: its http request or a stand-in for it, or for one over a socket whatever knows how
 * that was opened.
 * @param args of the resolver: root, arguments, context, info; reference resolvers have no arguments. Arguments are the client's, and
 * never looked at
 */
export function graphqlCarrierOf(args: readonly unknown[]): unknown {
  return carrierIn(args.length === 3 ? args[1] : args[2]);
}

function carrierIn(context: unknown): unknown {
  if (typeof context !== 'object' || context === null) return undefined;
  if (handshakeOf(context) !== undefined) return context;
  const { req, request, reply } = context as Context;
  return [req, request, reply?.request, context].find((each) => handshakeOf(each) !== undefined || isHttpRequest(each));
}
