// The way to a provider through the proxy of a deployment: a tunnel (RFC 9110 §9.3.6), inside of which TLS is spoken with the provider
// itself. The proxy sees a name and a port, and can neither read nor change what passes.
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { KeyFetchError } from './fetch-problem.js';
import { hostOf } from './key-addresses.js';

/** What a tunnel has to keep to. */
interface TunnelRules {
  readonly signal: AbortSignal;
  readonly ca?: readonly string[] | undefined;
}

/** @throws KeyFetchError if the proxy does not open the tunnel */
export async function tunnelThrough(proxy: URL, url: URL, { signal, ca }: TunnelRules): Promise<TLSSocket> {
  const socket = await opened(proxy, url, signal);
  const host = hostOf(url);
  const inside = connect({ socket, host, ...(isIP(host) === 0 && { servername: host }), ...(ca && { ca: [...ca] }) });
  // The tunnel ends with what it was opened for.
  inside.once('close', () => socket.destroy());
  return inside;
}

function opened(proxy: URL, url: URL, signal: AbortSignal): Promise<Socket> {
  const target = `${url.hostname}:${url.port === '' ? '443' : url.port}`;
  const send = proxy.protocol === 'https:' ? requestHttps : requestHttp;
  const headers = { host: target, ...credentialsOf(proxy) };
  return new Promise((resolve, reject) => {
    send(proxy, { method: 'CONNECT', path: target, agent: false, signal, headers })
      .on('connect', ({ statusCode = 0 }, socket) => {
        if (statusCode === 200) {
          resolve(socket);
          return;
        }
        socket.destroy();
        reject(new KeyFetchError(`the proxy answered with the status ${statusCode}`));
      })
      .on('response', (response) => {
        response.destroy();
        reject(new KeyFetchError(`the proxy answered with the status ${response.statusCode ?? 0}`));
      })
      .on('error', () => reject(new KeyFetchError('the connection to the proxy failed')))
      .end();
  });
}

function credentialsOf({ username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` };
}
