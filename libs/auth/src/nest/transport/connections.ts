// Connections that outlive a single answer: how each kind is recognized, ended, and observed when it closes.
import type { ExecutionContext } from '@nestjs/common';
import type { AuthError } from '../../core/base/errors.js';
import { isObject } from '../../core/base/members.js';
import type { RefusalBody } from './context-errors.js';
import { handshakeOf } from './handshakes.js';

/** Something that stays open after the caller was let in. */
export interface Connection {
  /** What stays the same while it is open. */
  readonly key: object;
  /** Ends it; the client receives the reason if the protocol can carry it. */
  end(error: AuthError, body: RefusalBody): void;
  onClose(listener: () => void): void;
}

/** Close codes of graphql-transport-ws, which `ws` applications use as well: 4400, 4401, 4403. */
const CLOSE_CODES = 4000;

/** The client of graphql-ws takes 4401 for the end, and connects again after 4403. */
const GRAPHQL_COME_BACK = 4403;

/** The connection that a handler serves, which in http is that of its answer; `undefined` if one answer is all there is. */
export function connectionOf(context: ExecutionContext, carrier: unknown): Connection | undefined {
  switch (context.getType<string>()) {
    case 'ws':
      return socketOf(carrier);
    case 'graphql':
      return graphqlConnection(carrier);
    case 'http':
      return responseConnection(context.switchToHttp().getResponse());
    default:
      return undefined;
  }
}

/** A socket of socket.io or of `ws`. */
export function socketOf(client: unknown): Connection | undefined {
  if (!isObject(client)) return undefined;
  if (hasMethod(client, 'disconnect')) return ioConnection(client as IoSocket);
  return hasMethod(client, 'close') && hasMethod(client, 'send') ? wsConnection(client as WebSocketLike) : undefined;
}

interface Emitter {
  once(event: string, listener: () => void): unknown;
}

interface IoSocket extends Emitter {
  emit(event: string, body: object): unknown;
  disconnect(close: boolean): unknown;
  /** The line underneath, which all namespaces of a client share. */
  readonly conn?: { close(): unknown };
}

interface WebSocketLike extends Emitter {
  send(text: string): void;
  close(code: number, reason: string): void;
}

interface Closable extends Emitter {
  end?(): void;
  destroy?(): void;
}

/** A client whose token has only expired may bring a new one. Any other reason needs a new sign-in. */
function mayComeBack({ code }: AuthError): boolean {
  return code === 'token_expired';
}

function ioConnection(socket: IoSocket): Connection {
  return {
    key: socket,
    end: (error, body) => {
      socket.emit('exception', { status: 'error', ...body });
      // A client takes a disconnection as a decision of the server; if the line is cut it connects again by itself.
      if (mayComeBack(error) && socket.conn !== undefined) socket.conn.close();
      else socket.disconnect(true);
    },
    onClose: (listener) => void socket.once('disconnect', listener),
  };
}

function wsConnection(socket: WebSocketLike): Connection {
  return {
    key: socket,
    end: (error, body) => {
      socket.send(JSON.stringify({ event: 'exception', data: { status: 'error', ...body } }));
      socket.close(CLOSE_CODES + error.status, body.errorCode);
    },
    onClose: (listener) => void socket.once('close', listener),
  };
}

/** A client of graphql-ws knows no events of ours: it is only closed. Mercurius only exposes the TCP socket. */
function graphqlConnection(carrier: unknown): Connection | undefined {
  const handshake = handshakeOf(carrier);
  if (handshake === undefined) return undefined;
  // A handshake was found on it, so it is an object of one of these shapes.
  const { extra, req } = carrier as { readonly extra?: GraphqlExtra; readonly req?: { readonly extra?: GraphqlExtra } };
  const socket = extra?.socket ?? req?.extra?.socket;
  if (socket === undefined) return lineConnection(handshake.request as HttpLine);
  return { ...wsConnection(socket), end: (error, { errorCode }) => socket.close(graphqlCode(error), errorCode) };
}

function graphqlCode(error: AuthError): number {
  return mayComeBack(error) ? GRAPHQL_COME_BACK : CLOSE_CODES + error.status;
}

interface GraphqlExtra {
  readonly socket?: WebSocketLike;
}

interface HttpLine {
  readonly socket?: Closable;
  readonly raw?: { readonly socket?: Closable };
}

function lineConnection({ raw, socket = raw?.socket }: HttpLine): Connection | undefined {
  if (socket === undefined) return undefined;
  return { key: socket, end: () => socket.destroy?.(), onClose: (listener) => void socket.once('close', listener) };
}

/** The response of a stream of events; Fastify keeps Node's in `raw`. */
function responseConnection(response: unknown): Connection | undefined {
  if (!isObject(response)) return undefined;
  // Node's response, whichever framework wraps it.
  const node = ('raw' in response ? response.raw : response) as Closable;
  return { key: node, end: () => node.end?.(), onClose: (listener) => void node.once('close', listener) };
}

function hasMethod(value: object, name: string): boolean {
  return typeof (value as Record<string, unknown>)[name] === 'function';
}
