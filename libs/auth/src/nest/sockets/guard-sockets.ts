// The join of an application's WebSocket adapter and the handshake: socket.io asks a middleware, `ws` asks `verifyClient`.
import type { INestApplicationContext, WebSocketAdapter } from '@nestjs/common';
import { ErrorResponses } from '../refusals/error-responses.js';
import { SocketHandshakes } from './socket-handshakes.js';

interface IoServer {
  readonly name?: unknown;
  use(middleware: (socket: object, next: (error?: Error) => void) => unknown): unknown;
}

/** Accepted, or with which status, body and headers not. */
type Verdict = (accepted: boolean, ...refusal: [] | [status: number, body: string, headers: object]) => void;

interface WsServer {
  readonly path?: unknown;
  readonly handleUpgrade: unknown;
  readonly options: { verifyClient?: ((...args: never[]) => unknown) | null };
}

/**
 * Has an adapter check sockets at the handshake, and end them when their credential ends: at expiry, and on revocation. Messages are
 * checked by guards, with or without it; sockets of `ws` have no credentials without it.
 *
 * @example
 * ```ts
 * import { NestFactory } from '@nestjs/core';
 * import { WsAdapter } from '@nestjs/platform-ws';
 * import { AuthModule, guardSockets } from 'nestjs-latchkey';
 *
 * const app = await NestFactory.create(AuthModule.forRoot());
 * app.useWebSocketAdapter(guardSockets(app, new WsAdapter(app)));
 * ```
 */
export function guardSockets<Adapter extends Pick<WebSocketAdapter, 'bindClientConnect'>>(
  app: INestApplicationContext,
  adapter: Adapter,
): Adapter {
  const handshakes = app.get(SocketHandshakes, { strict: false });
  const answers = app.get(ErrorResponses, { strict: false });
  const guarded = new WeakSet<object>();
  const connect = adapter.bindClientConnect.bind(adapter);
  handshakes.inUse = true;
  adapter.bindClientConnect = (server: object, callback: (socket: object, ...rest: unknown[]) => unknown) => {
    if (!guarded.has(server)) guardServer(server, handshakes, answers);
    guarded.add(server);
    return connect(server, (socket: object, ...rest: unknown[]) => {
      handshakes.opened(socket, rest[0], server);
      return callback(socket, ...rest);
    });
  };
  return adapter;
}

function guardServer(server: object, handshakes: SocketHandshakes, answers: ErrorResponses): void {
  if (isIoServer(server)) guardIo(server, handshakes, answers);
  else if (isWsServer(server)) guardWs(server, handshakes, answers);
}

/** A refused client of socket.io receives `connect_error`, with what every refusal says in `error.data`. */
function guardIo(server: IoServer, handshakes: SocketHandshakes, answers: ErrorResponses): void {
  server.use(async (socket, next) => {
    const error = await handshakes.refusalOf(socket, server);
    if (error === undefined) return next();
    answers.log.handshake(error, server.name);
    const data = answers.told(error);
    next(Object.assign(new Error(data.message), { data }));
  });
}

/** A refused client of `ws` gets the answer over http, before there is a socket. */
function guardWs(server: WsServer, handshakes: SocketHandshakes, answers: ErrorResponses): void {
  const own = server.options.verifyClient;
  server.options.verifyClient = async (client: { readonly req: object }, verdict: Verdict): Promise<void> => {
    const error = await handshakes.refusalOf(client.req, server);
    if (error === undefined) return typeof own === 'function' ? askOwn(own, client, verdict) : verdict(true);
    answers.log.handshake(error, server.path);
    const { headers, body } = answers.handshakeRefusal(error, client.req);
    verdict(false, error.status, JSON.stringify(body), { ...headers, 'Content-Type': 'application/json' });
  };
}

/** As `ws` itself calls it: with two parameters it answers later. */
function askOwn(own: (...args: never[]) => unknown, client: object, verdict: Verdict): void {
  const ask = own as unknown as (client: object, verdict?: Verdict) => unknown;
  if (own.length === 2) ask(client, verdict);
  else verdict(ask(client) === true);
}

function isIoServer(server: object): server is IoServer {
  return 'use' in server && typeof server.use === 'function';
}

function isWsServer(server: object): server is WsServer {
  return 'handleUpgrade' in server && 'options' in server;
}
