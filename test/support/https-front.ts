// One https server for several host names: some forward to an application, others serve pages of an attacker.
import { createServer, type Server } from 'node:https';
import { request, type IncomingMessage, type ServerResponse } from 'node:http';
import { selfSigned } from './self-signed-certificate.js';
import { freePort } from './database-server.js';

/** What a host name serves: the application at a URL, or pages by path. */
export type Site = string | Readonly<Record<string, string>>;

export class HttpsFront {
  private readonly sites = new Map<string, Site>();

  private constructor(
    readonly port: number,
    private readonly server: Server,
  ) {}

  static async open(): Promise<HttpsFront> {
    const port = await freePort();
    const server = createServer(selfSigned('front.test'));
    const front = new HttpsFront(port, server);
    server.on('request', (incoming: IncomingMessage, outgoing: ServerResponse) => front.answer(incoming, outgoing));
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    return front;
  }

  /** The origin that a browser sees. */
  origin(host: string): string {
    return `https://${host}:${this.port}`;
  }

  serve(host: string, site: Site): void {
    this.sites.set(host, site);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private answer(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const site = this.sites.get((incoming.headers.host ?? '').replace(/:\d+$/, ''));
    if (typeof site === 'string') return forward(site, incoming, outgoing);
    const page = site?.[incoming.url ?? '/'];
    outgoing.writeHead(page === undefined ? 404 : 200, { 'content-type': 'text/html; charset=utf-8' });
    outgoing.end(page ?? '');
  }
}

/** As a proxy does: the lines as they came, and a word about https. */
function forward(target: string, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { hostname, port } = new URL(target);
  const headers = [...incoming.rawHeaders, 'X-Forwarded-Proto', 'https', 'X-Forwarded-For', '203.0.113.7'];
  const { method, url: path } = incoming;
  const passed = request({ hostname, port, method, path, headers, setHost: false } as never, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
    answer.pipe(outgoing);
  });
  passed.on('error', () => outgoing.writeHead(502).end());
  incoming.pipe(passed);
}
