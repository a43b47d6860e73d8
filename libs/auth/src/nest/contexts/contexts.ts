// Owns stage 1: from whatever a framework hands over to an `AuthRequest`. What is not understood is refused.
import type { ExecutionContext } from '@nestjs/common';
import { AuthError } from '../../core/errors.js';
import type { AuthRequest } from '../../core/request.js';
import { graphqlCarrierOf } from './graphql-carriers.js';
import { adaptHandshake, handshakeOf } from './handshakes.js';
import { adaptHttp, isHttpRequest, isUpgrade, MESSAGE } from './http-requests.js';
import { rememberPayload, rpcHeaders } from './rpc-carriers.js';

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
      throw new AuthError('unsupported_context');
  }
}

/** @throws {AuthError} `unsupported_context` where it is nothing that could carry a credential */
export function adaptRequest(request: unknown): AuthRequest {
  if (isHttpRequest(request)) return adaptHttp(request);
  const handshake = handshakeOf(request);
  if (handshake !== undefined) return adaptHandshake(handshake);
  const headers = rpcHeaders(request);
  if (headers === undefined) throw new AuthError('unsupported_context');
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
  return isHttpRequest(request) ? isUpgrade(request) : handshakeOf(request) !== undefined;
}
