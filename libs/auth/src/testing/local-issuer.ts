// An issuer on this host that tests can trust, rotate and break.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TrustOptions } from '../issuers.js';
import { TokenFactory } from './token-factory.js';
import { madeUpSource, type StandaloneOptions } from './token-source.js';

/** How an issuer may fail: with a status, with something that is not a key set, by silence, or by hanging up. */
export type IssuerFailure = 'unavailable' | 'malformed' | 'silent' | 'disconnected';

const JWKS_PATH = '/.well-known/jwks.json';
const METADATA_PATH = '/.well-known/openid-configuration';

/**
 * An issuer that serves its key set over http on a free port of this host, and can be set to fail.
 *
 * @example
 * ```ts
 * import { AuthModule } from 'nestjs-latchkey';
 * import { LocalIssuer } from 'nestjs-latchkey/testing';
 *
 * export async function trusting() {
 *   const issuer = await LocalIssuer.start({ audience: 'courses' });
 *   const module = AuthModule.forRoot({ trust: [issuer.trust()] });
 *   const token = await issuer.tokens.valid('user-1');
 *   issuer.fail('unavailable');
 *   return { module, token, close: () => issuer.close() };
 * }
 * ```
 */
export class LocalIssuer {
  private failure: IssuerFailure | undefined;
  private count = 0;

  private constructor(
    /** The `iss` of its tokens: its address. */
    readonly url: string,
    /** Makes its tokens, good and bad. */
    readonly tokens: TokenFactory,
    private readonly parts: {
      readonly server: Server;
      readonly audience: readonly string[];
      readonly renew: () => Promise<void>;
    },
  ) {
    parts.server.on('request', (request: IncomingMessage, response: ServerResponse) => this.answer(request, response));
  }

  /** Starts on a free port of 127.0.0.1. */
  static async start(options: Omit<StandaloneOptions, 'issuer'> = {}): Promise<LocalIssuer> {
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    // A TCP server always has an address with a port.
    const { port } = server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}`;
    const { source, rotate } = await madeUpSource({ ...options, issuer: url });
    return new LocalIssuer(url, new TokenFactory(source), { server, audience: source.audience, renew: rotate });
  }

  /** The URL of its key set. */
  get jwksUri(): string {
    return `${this.url}${JWKS_PATH}`;
  }

  /** How often its key set was asked for, failures included. */
  get fetches(): number {
    return this.count;
  }

  /** The entry for the `trust` option of the module under test; anything of it can be changed. */
  trust(changes: Partial<TrustOptions> = {}): TrustOptions {
    const keys = { jwksUri: this.jwksUri, allowLoopbackHttp: true } as const;
    return { issuer: this.url, audience: this.parts.audience, keys, ...changes };
  }

  /** Fails from now on, until {@link recover}. */
  fail(failure: IssuerFailure): void {
    this.failure = failure;
  }

  /** Answers again. */
  recover(): void {
    this.failure = undefined;
  }

  /** Puts a new key in place of the old one, which is removed at once. */
  async rotate(): Promise<void> {
    await this.parts.renew();
  }

  /** Stops, and drops connections that are still open. */
  async close(): Promise<void> {
    const { server } = this.parts;
    const closed = new Promise<void>((done) => server.close(() => done()));
    server.closeAllConnections();
    await closed;
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    if (request.url === JWKS_PATH) this.count += 1;
    if (this.failure === 'silent') return;
    if (this.failure === 'disconnected') return void request.socket.destroy();
    if (this.failure === 'malformed') return send(response, 200, 'not a key set');
    if (this.failure === 'unavailable') return send(response, 503, '{}');
    const document = this.documentAt(request.url);
    send(response, document === undefined ? 404 : 200, JSON.stringify(document ?? {}));
  }

  private documentAt(path: string | undefined): object | undefined {
    if (path === JWKS_PATH) return this.tokens.publicJwks();
    return path === METADATA_PATH ? { issuer: this.url, jwks_uri: this.jwksUri } : undefined;
  }
}

function send(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(body);
}
