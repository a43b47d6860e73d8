// A provider's key endpoint that misbehaves on demand: raw TCP, so that answers may be anything, and every request is counted.
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';

/** What one request is answered with. */
export type Behaviour = (socket: Socket, path: string) => void;

export interface KeyServer {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  /** The paths asked for so far. */
  readonly requests: string[];
  /** How requests are answered from now on. */
  answer(behaviour: Behaviour): void;
  /** Bytes that were sent, as far as the other side took them. */
  readonly sentBytes: () => number;
  /** Refuses connections from now on; `start` opens the same port again. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

export async function keyServer(first: Behaviour = refuse(503)): Promise<KeyServer> {
  let behaviour = first;
  let sent = 0;
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket
      .on('error', () => {})
      .on('close', () => {
        sent += socket.bytesWritten;
        sockets.delete(socket);
      });
    socket.once('data', (head) => {
      const path = head.toString('latin1').split(' ')[1] ?? '';
      requests.push(path);
      behaviour(socket, path);
    });
  });
  let port = await listen(server, 0);
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    sentBytes: () => sent,
    answer(next) {
      behaviour = next;
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      if (!server.listening) return;
      server.close();
      await once(server, 'close');
    },
    async start() {
      port = await listen(server, port);
    },
  };
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  return address.port;
}

type Headers = Readonly<Record<string, string>>;

function head(status: number, headers: Headers): string {
  const lines = Object.entries({ connection: 'close', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} Whatever\r\n${lines.join('')}\r\n`;
}

/** 200 with a body, and its length. */
export function serve(body: string | Buffer | object, headers: Headers = {}): Behaviour {
  const text = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  const type = { 'content-type': 'application/json' };
  return (socket) => {
    socket.write(head(200, { ...type, 'content-length': String(Buffer.byteLength(text)), ...headers }));
    socket.end(text);
  };
}

/** Responses by path; anything else is 404. */
export function routes(behaviours: Readonly<Record<string, Behaviour>>): Behaviour {
  return (socket, path) => (behaviours[path] ?? refuse(404))(socket, path);
}

export function refuse(status: number, headers: Headers = {}): Behaviour {
  return (socket) => socket.end(head(status, { 'content-length': '0', ...headers }));
}

/** Accepts the request and never answers. */
export const silence: Behaviour = () => {};

/** Headers at once, and then a byte every so often. */
export function trickle(everyMs: number): Behaviour {
  return (socket) => {
    socket.write(head(200, { 'content-type': 'application/json' }));
    const timer = setInterval(() => socket.write(' '), everyMs);
    socket.on('close', () => clearInterval(timer));
  };
}

/** Ends the connection with less than was announced. */
export function cutShort(body: string): Behaviour {
  return (socket) => {
    socket.write(head(200, { 'content-length': String(body.length + 10) }));
    socket.end(body);
  };
}

/** A chunk that never ends, because the connection does. */
export const cutChunk: Behaviour = (socket) => {
  socket.write(head(200, { 'transfer-encoding': 'chunked' }));
  socket.write('ff\r\n{"keys"');
  socket.end();
};

export const reset: Behaviour = (socket) => {
  socket.write(head(200, { 'content-length': '100' }) + '{"keys"', () => socket.resetAndDestroy());
};

/** As many bytes as the other side takes, up to so many. */
export function flood(bytes: number): Behaviour {
  const chunk = Buffer.alloc(65_536, ' ');
  return (socket) => {
    socket.write(head(200, { 'content-type': 'application/json' }));
    let left = bytes;
    const pour = (): void => {
      while (left > 0 && !socket.destroyed) {
        left -= chunk.length;
        if (!socket.write(chunk)) return;
      }
      socket.end();
    };
    socket.on('drain', pour);
    pour();
  };
}

/** A small body that becomes a large one. */
export function bomb(bytes: number): Behaviour {
  return serve(gzipSync(Buffer.alloc(bytes, ' '), { level: 9 }), { 'content-encoding': 'gzip' });
}
