// Stage 1: from whatever a framework passes to an `AuthRequest`. What is not understood is refused, with the reason as the cause.
import type { AuthRequest } from '../../core/base/request.js';
import { adaptHandshake, handshakeOf } from './handshakes.js';
import { HttpAuthRequest, isHttpRequest, isNodeRequest, MESSAGE } from './http-requests.js';
import { rpcHeaders } from './rpc-carriers.js';
import { unsupported } from './unsupported.js';

/** @throws {AuthError} `unsupported_context` if it is nothing that could carry a credential */
export function adaptRequest(request: unknown): AuthRequest {
  if (isNodeRequest(request)) return new HttpAuthRequest(request);
  const handshake = handshakeOf(request);
  if (handshake !== undefined) return adaptHandshake(handshake);
  if (isHttpRequest(request)) return new HttpAuthRequest(request);
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
    `its request carries no headers: there is neither \`rawHeaders\` nor an object \`headers\`, and it is neither a socket nor a message ` +
    `that is known (its members are ${members.slice(0, 8).join(', ') || 'none'})`
  );
}
