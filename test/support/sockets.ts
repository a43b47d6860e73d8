// Clients of sockets for tests: one shape for socket.io and for ws.
import { once } from 'node:events';
import { io, type Socket } from 'socket.io-client';
import { WebSocket } from 'ws';

export type SocketKind = 'socket.io' | 'ws';

export interface SocketClient {
  /** Sends a message and gives the event and data of what comes back first. */
  ask(event: string, data?: unknown): Promise<{ readonly event: string; readonly data: unknown }>;
  /** Resolves once the server has closed it, with the reason that it gave. */
  readonly closed: Promise<unknown>;
  close(): void;
}

export interface ConnectOptions {
  readonly headers?: Record<string, string>;
  /** socket.io only. */
  readonly auth?: Record<string, unknown>;
  readonly path?: string;
}

/** Opens a socket; rejects with the reason of a refusing server. */
export function connectSocket(kind: SocketKind, url: string, options: ConnectOptions = {}): Promise<SocketClient> {
  return kind === 'ws' ? connectWs(url, options) : connectIo(url, options);
}

async function connectIo(url: string, { headers = {}, auth = {}, path = '' }: ConnectOptions): Promise<SocketClient> {
  // A server waits 30 seconds until a polling client has received that it is closed.
  const options = { transports: ['websocket'], forceNew: true, reconnection: false };
  const socket: Socket = io(url + path, { ...options, extraHeaders: headers, auth });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('connect_error', (error) => {
      socket.close();
      reject(error);
    });
  });
  const closed = new Promise((resolve) => socket.once('disconnect', resolve));
  return {
    closed,
    close: () => socket.close(),
    ask: (event, data) =>
      new Promise((resolve) => {
        socket.onAny((answered: string, answer: unknown) => {
          socket.offAny();
          resolve({ event: answered, data: answer });
        });
        socket.emit(event, data);
      }),
  };
}

async function connectWs(url: string, { headers = {}, path = '' }: ConnectOptions): Promise<SocketClient> {
  const socket = new WebSocket(url.replace('http', 'ws') + path, { headers });
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('unexpected-response', (_, response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const data: unknown = JSON.parse(Buffer.concat(chunks).toString());
        reject(Object.assign(new Error(`HTTP ${response.statusCode}`), { data, headers: response.headers }));
      });
    });
  });
  const closed = once(socket, 'close').then(([code]: unknown[]) => code);
  return {
    closed,
    close: () => socket.terminate(),
    ask: async (event, data) => {
      const answer = once(socket, 'message');
      socket.send(JSON.stringify({ event, data }));
      const [text] = (await answer) as [Buffer];
      return JSON.parse(text.toString()) as { event: string; data: unknown };
    },
  };
}
