// One fetch of a public document: bounded in time and size, without redirects, and only from an address that is permitted at
// the time of connecting. It protects against slow and endless bodies, compression bombs, and redirects into the inner network.
import { type IncomingMessage, request as requestHttp, type RequestOptions } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { Readable, Transform } from 'node:stream';
import { type AddressRules, addressProblem, isPermitted, type Resolve, resolveBySystem } from './key-addresses.js';
import { KeyFetchError } from './fetch-problem.js';
import { tunnelThrough } from './proxy-tunnel.js';

/** The largest document that is read, after it was inflated. */
export const LARGEST_DOCUMENT_BYTES = 256 * 1024;

export { KeyFetchError } from './fetch-problem.js';

/** A document as it was answered. */
export interface FetchedDocument {
  readonly body: Buffer;
  /** The `Cache-Control` header, if there is one. */
  readonly cacheControl: string | undefined;
}

/** What one fetch has to keep to. */
export interface FetchRules extends AddressRules {
  /** Ends the fetch at any stage: its time is up, or the application stops. */
  readonly signal: AbortSignal;
  /** @defaultValue the system's resolver */
  readonly resolve?: Resolve | undefined;
  /** Header lines besides our own. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The certificate authorities that are believed, as PEM. @defaultValue those of Node */
  readonly ca?: readonly string[] | undefined;
  /** The proxy that https addresses are asked through. It resolves their names then. */
  readonly proxy?: URL | undefined;
}

/** Fetches a document. Tests and applications behind a proxy may bring another. */
export type FetchDocument = (address: string, rules: FetchRules) => Promise<FetchedDocument>;

/** @throws KeyFetchError */
export const fetchDocument: FetchDocument = async (address, rules) => {
  const problem = addressProblem(address, rules);
  if (problem !== undefined) throw new KeyFetchError(`the address ${problem}`);
  try {
    const response = await ask(new URL(address), rules, await wayTo(new URL(address), rules));
    return await read(response, rules.signal);
  } catch (cause) {
    if (cause instanceof KeyFetchError) throw cause;
    throw new KeyFetchError(rules.signal.aborted ? 'no answer in time' : 'the connection failed', { cause });
  }
};

/** What every request for keys says. */
export const REQUEST_HEADERS = {
  accept: 'application/json, application/jwk-set+json',
  'accept-encoding': 'gzip',
  'user-agent': 'nestjs-latchkey',
} as const;

function ask(url: URL, { signal, headers, ca }: FetchRules, way: RequestOptions): Promise<IncomingMessage> {
  const send = url.protocol === 'http:' ? requestHttp : requestHttps;
  const options = { ...way, signal, headers: { ...REQUEST_HEADERS, ...headers }, ...(ca && { ca: [...ca] }) };
  return new Promise((resolve, reject) => {
    send(url, options, resolve).on('error', reject).end();
  });
}

/** Straight to an address that is permitted, or through a tunnel: the certificate is that of the provider in both cases. */
async function wayTo(url: URL, rules: FetchRules): Promise<RequestOptions> {
  // A connection of its own: a kept-alive one was checked for an older address of the name.
  if (rules.proxy === undefined || url.protocol === 'http:')
    return { agent: false, lookup: permittedAddresses(url, rules) };
  const socket = await tunnelThrough(rules.proxy, url, rules);
  // Without an agent Node takes plain http's port for the usual one, and writes ours into the Host line.
  return { createConnection: () => socket, defaultPort: 443 };
}

/** Resolves the name and connects to nothing but what was checked: there is no second look-up that could differ. */
function permittedAddresses(url: URL, { resolve = resolveBySystem, ...rules }: FetchRules): LookupFunction {
  return (host, { all }, answer) => {
    resolve(host).then(
      (addresses) => {
        const permitted = addresses.filter(({ address }) => isIP(address) !== 0 && isPermitted(address, url, rules));
        const [first] = permitted;
        if (first === undefined) answer(new KeyFetchError('the name has no permitted address'), '');
        else if (all === true) answer(null, [...permitted]);
        else answer(null, first.address, first.family);
      },
      () => answer(new KeyFetchError('the name could not be resolved'), ''),
    );
  };
}

async function read(response: IncomingMessage, signal: AbortSignal): Promise<FetchedDocument> {
  try {
    const { statusCode = 0, headers } = response;
    if (statusCode >= 300 && statusCode < 400)
      throw new KeyFetchError('the answer is a redirect, which is not followed', { isAbsent: true });
    if (statusCode !== 200)
      throw new KeyFetchError(`the answer has the status ${statusCode}`, {
        isAbsent: statusCode >= 400 && statusCode < 500,
      });
    const body = await readBody(inflated(response), signal);
    return { body, cacheControl: headers['cache-control'] };
  } finally {
    response.destroy();
  }
}

function inflated(response: IncomingMessage): Readable {
  const inflate = inflaterOf(response.headers['content-encoding'] ?? 'identity');
  if (inflate === undefined) return response;
  response.on('error', (cause) => inflate.destroy(cause));
  return response.pipe(inflate);
}

function inflaterOf(encoding: string): Transform | undefined {
  if (encoding === 'identity') return undefined;
  if (encoding === 'gzip') return createGunzip();
  if (encoding === 'deflate') return createInflate();
  if (encoding === 'br') return createBrotliDecompress();
  throw new KeyFetchError('the answer has an encoding that was not asked for');
}

/** Counts what is read, not what was announced. */
async function readBody(stream: Readable, signal: AbortSignal): Promise<Buffer> {
  const stop = (): void => void stream.destroy(new KeyFetchError('no answer in time'));
  signal.addEventListener('abort', stop);
  try {
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > LARGEST_DOCUMENT_BYTES)
        throw new KeyFetchError(`the answer is larger than ${LARGEST_DOCUMENT_BYTES} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } finally {
    signal.removeEventListener('abort', stop);
    stream.destroy();
  }
}
