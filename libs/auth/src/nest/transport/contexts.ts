// Stage 1: from whatever a framework hands over to an `AuthRequest`. What is not understood is refused, with the reason as the cause.
import type { ExecutionContext } from '@nestjs/common';
import type { AuthRequest } from '../../core/base/request.js';
import { graphqlCarrierOf } from './graphql-carriers.js';
import { adaptHandshake, handshakeOf } from './handshakes.js';
import { adaptHttp, isHttpRequest, isNodeRequest, isUpgrade, isWholeRequest, MESSAGE } from './http-requests.js';
import { rememberPayload, rpcHeaders } from './rpc-carriers.js';
import { unsupported } from './unsupported.js';

/**
 * The framework's request of a context, where a guard attaches its answer: the request in http and in GraphQL, the socket of a
 * gateway, the context of a message.
 * @throws {AuthError} `unsupported_context`
 */
export function requestOf(context: ExecutionContext): unknown {
  switch (context.getType<string>()) {
    case 'http':
      return context.switchToHttp().getRequest();
    case 'graphql':
      return graphqlCarrierOf(context.getArgs());
    case 'ws':
      return context.switchToWs().getClient();
    case 'rpc': {
      const message = context.switchToRpc();
      rememberPayload(message.getContext(), message.getData());
      return message.getContext();
    }
    default:
      throw unsupported(`contexts of the type '${context.getType<string>()}' are not known`);
  }
}

/** True for what {@link requestOf} answers; false where it answers nothing. */
export function isFrameworkRequest(request: unknown, context: ExecutionContext): boolean {
  try {
    return requestOf(context) === request;
  } catch {
    return false;
  }
}

/** @throws {AuthError} `unsupported_context` where it is nothing that could carry a credential */
export function adaptRequest(request: unknown): AuthRequest {
  if (isNodeRequest(request)) return adaptHttp(request);
  const handshake = handshakeOf(request);
  if (handshake !== undefined) return adaptHandshake(handshake);
  if (isHttpRequest(request)) return adaptHttp(request);
  const headers = rpcHeaders(request);
  if (headers === undefined) throw unsupported(whyNot(request));
  return {
    method: MESSAGE,
    headerLines: (name) => headers(name.toLowerCase()).filter((line) => typeof line === 'string'),
    cookieValues: () => [],
    param: () => undefined,
    raw: request,
  };
}

/** True where many messages share what was sent once, so that no answer may be remembered with it. */
export function isLongLived(request: unknown): boolean {
  if (isNodeRequest(request)) return isUpgrade(request);
  return handshakeOf(request) !== undefined || (isHttpRequest(request) && !isWholeRequest(request));
}

/** Names members, never what they hold. */
function whyNot(request: unknown): string {
  if (request === undefined || request === null)
    return (
      'it has no request with headers: the context of a GraphQL operation needs a member `req` or `request`, and an overridden getRequest() ' +
      'has to return one'
    );
  if (typeof request !== 'object') return `its request is a ${typeof request}, and not an object`;
  const members = Object.keys(request).filter((name) => /^[\w$-]{1,30}$/.test(name));
  return (
    `its request carries no headers: there is neither \`rawHeaders\` nor an object \`headers\`, and it is no socket and no message ` +
    `that is known (its members are ${members.slice(0, 8).join(', ') || 'none'})`
  );
}
