// The way to the keys as a deployment has it: through a proxy, over private plain http, with certificates, request headers or a fetch of
// its own. Real servers, a real proxy, real TLS.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer as createProxy, type Server as ProxyServer } from 'node:http';
import { createServer, type Server } from 'node:https';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { EnvHttpProxyAgent, fetch as undiciFetch, ProxyAgent } from 'undici';
import { environmentProxy } from '../../../libs/auth/src/core/issuers/environment-proxy.js';
import { isPermitted } from '../../../libs/auth/src/core/issuers/key-addresses.js';
import type { Resolve } from '../../../libs/auth/src/core/issuers/key-addresses.js';
import { keycloak } from '../../../libs/auth/src/core/issuers/presets/keycloak.js';
import {
  externalIssuer,
  trustProblems,
  type TrustOptions,
} from '../../../libs/auth/src/core/issuers/external-issuer.js';
import { trustWarnings } from '../../../libs/auth/src/core/issuers/trust-warnings.js';
import type { KeyFetch, KeyFetchOptions } from '../../../libs/auth/src/core/issuers/trust-options.js';
import { AuthConfigurationError } from '../../../libs/auth/src/core/base/errors.js';
import { selfSigned } from '../../support/self-signed-certificate.js';
import * as endpoint from '../../support/key-server.js';
import { ISSUER, publicOf, rsa, trusts } from '../support/external-tokens.js';
import { NOW } from '../support/token-forgery.js';
import { ManualClock } from '../../support/clocks.js';

const JWKS = JSON.stringify({ keys: [publicOf(rsa)] });
const certificate = selfSigned('keys.test');

interface Seen {
  readonly path: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

let provider: Server;
let proxy: ProxyServer;
const asked: Seen[] = [];
const tunnels: (readonly [target: string, authorization: string | undefined])[] = [];
/** The connections to the proxy that are open, tunnels included. */
const open = new Set<Socket>();
/** What the provider answers; `undefined` is silence. */
let answer: (path: string) => { status: number; headers?: Record<string, string>; body?: string } | undefined;

const portOf = (server: { address(): unknown }): number => (server.address() as AddressInfo).port;
const listening = (server: { listen(port: number, host: string, done: () => void): unknown }) =>
  new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));

beforeAll(async () => {
  provider = createServer(certificate, ({ url = '', headers }, response) => {
    asked.push({ path: url, headers });
    const answered = answer(url);
    if (answered === undefined) return;
    const { status, headers: sent = {}, body = '' } = answered;
    response.writeHead(status, { connection: 'close', ...sent }).end(body);
  });
  // Every host name is the provider: only the proxy can resolve it.
  proxy = createProxy().on('connect', ({ url = '', headers }, socket, head: Buffer) => {
    tunnels.push([url, headers['proxy-authorization']]);
    const onward = connect(portOf(provider), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    onward.on('error', () => {}).on('close', () => socket.destroy());
    socket.on('error', () => {}).on('close', () => onward.destroy());
  });
  proxy.on('connection', (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  await Promise.all([listening(provider), listening(proxy)]);
});

afterAll(async () => {
  provider.closeAllConnections();
  for (const socket of open) socket.destroy();
  for (const server of [provider, proxy]) server.close();
});

beforeEach(() => {
  asked.length = 0;
  tunnels.length = 0;
  answer = () => ({ status: 200, body: JWKS });
});

const proxyUrl = (credentials = '') => `http://${credentials}127.0.0.1:${portOf(proxy)}`;
const nowhere: Resolve = () => Promise.reject(new Error('ENOTFOUND'));

/** `OK`, or the reason why the keys could not be had. */
async function fetched(
  keys: KeyFetchOptions & { jwksUri?: string; discovery?: true; metadataUri?: string },
  resolve: Resolve = nowhere,
) {
  const source = { ...('discovery' in keys ? {} : { jwksUri: 'https://keys.test/jwks' }), ...keys, eager: true };
  const options = trusts({ keys: source as TrustOptions['keys'] });
  const issuer = await externalIssuer(options, { clock: new ManualClock(NOW * 1_000), toleranceSeconds: 5, resolve });
  try {
    await issuer.open();
    return 'OK';
  } catch (error) {
    if (error instanceof AuthConfigurationError) return error.problems.join().replace(/^.*could not be fetched: /s, '');
    throw error;
  }
}

describe('Keys behind a proxy', () => {
  const ca = certificate.cert;

  it('are fetched through it, by a host name that only the proxy knows', async () => {
    expect(await fetched({ ca })).toBe('the name could not be resolved');
    expect(await fetched({ ca, proxy: proxyUrl() })).toBe('OK');
    expect(tunnels).toEqual([['keys.test:443', undefined]]);
    expect(asked.map(({ path, headers }) => [path, headers['host']])).toEqual([['/jwks', 'keys.test']]);
  });

  it('are fetched with the password of the proxy, which no message repeats', async () => {
    expect(await fetched({ ca, proxy: proxyUrl('team:s3cret%21@') })).toBe('OK');
    expect(tunnels[0]?.[1]).toBe(`Basic ${Buffer.from('team:s3cret!').toString('base64')}`);
    expect(asked[0]?.headers).not.toHaveProperty('proxy-authorization');
    const wrong = trustProblems([
      trusts({ keys: { jwksUri: 'https://keys.test/jwks', proxy: 'ftp://team:s3cret@proxy' } }),
    ]);
    expect(wrong.join()).toMatch(/proxy must be/);
    expect(wrong.join()).not.toContain('s3cret');
  });

  it('are trusted by the certificate of the provider, not by that of the proxy', async () => {
    expect(await fetched({ proxy: proxyUrl() })).toBe('the connection failed');
    expect(await fetched({ proxy: proxyUrl(), ca: selfSigned('keys.test').cert })).toBe('the connection failed');
    expect(await fetched({ proxy: proxyUrl(), ca, jwksUri: 'https://other.test/jwks' })).toBe('the connection failed');
    expect(asked).toEqual([]);
  });

  it('keep their rules: no redirect, no private address, no plain http, bounded size and time', async () => {
    const through = { ca, proxy: proxyUrl() };
    answer = () => ({ status: 302, headers: { location: 'https://keys.test/elsewhere' } });
    expect(await fetched(through)).toMatch(/redirect/);
    answer = () => ({ status: 200, body: ' '.repeat(300_000) });
    expect(await fetched(through)).toMatch(/larger than/);
    await expect(fetched({ ...through, jwksUri: 'https://10.0.0.1/jwks' })).rejects.toThrow(/private network/);
    await expect(fetched({ ...through, jwksUri: 'http://keys.test/jwks' })).rejects.toThrow(/not an https address/);
    const silent = await endpoint.keyServer(endpoint.silence);
    expect(await fetched({ ca, proxy: silent.url, timeout: '100ms' })).toMatch(/no answer in time|proxy failed/);
    silent.answer(endpoint.refuse(407));
    expect(await fetched({ ca, proxy: silent.url })).toBe('the proxy answered with the status 407');
    await silent.stop();
    expect(await fetched({ ca, proxy: silent.url })).toBe('the connection to the proxy failed');
  });

  it('leave no tunnel open if the provider does not answer', async () => {
    answer = () => undefined;
    expect(await fetched({ ca, proxy: proxyUrl(), timeout: '1s' })).toBe('no answer in time');
    expect(asked).toHaveLength(1);
    while (open.size > 0) await new Promise((resolve) => setImmediate(resolve));
  });

  it('use the proxy of the environment only if the option says so', async () => {
    const before = { ...process.env };
    Object.assign(process.env, { HTTPS_PROXY: proxyUrl(), NODE_USE_ENV_PROXY: '1', NO_PROXY: '' });
    try {
      expect(await fetched({ ca })).toBe('the name could not be resolved');
      expect(await fetched({ ca, proxy: 'environment' })).toBe('OK');
      process.env['NO_PROXY'] = '.test';
      expect(await fetched({ ca, proxy: 'environment' })).toBe('the name could not be resolved');
      expect(tunnels).toHaveLength(1);
    } finally {
      for (const name of ['HTTPS_PROXY', 'NODE_USE_ENV_PROXY', 'NO_PROXY']) {
        if (before[name] === undefined) delete process.env[name];
        else process.env[name] = before[name];
      }
    }
  });

  it.each([
    [{}, undefined],
    [{ HTTPS_PROXY: 'http://upper:1' }, 'http://upper:1/'],
    [{ HTTPS_PROXY: 'http://upper:1', https_proxy: 'http://lower:1' }, 'http://lower:1/'],
    [{ HTTP_PROXY: 'http://plain:1' }, undefined],
    [{ HTTPS_PROXY: ' ' }, undefined],
    [{ HTTPS_PROXY: 'http://p:1', NO_PROXY: '*' }, undefined],
    [{ HTTPS_PROXY: 'http://p:1', NO_PROXY: 'localhost, keys.example.com' }, undefined],
    [{ HTTPS_PROXY: 'http://p:1', NO_PROXY: '*.example.com' }, undefined],
    [{ HTTPS_PROXY: 'http://p:1', NO_PROXY: 'keys.example.com:443' }, undefined],
    [{ HTTPS_PROXY: 'http://p:1', NO_PROXY: 'keys.example.com:8443,ample.com,xkeys.example.com' }, 'http://p:1/'],
  ])('read the environment as other programs do: %j', (environment, expected) => {
    expect(environmentProxy(new URL('https://keys.example.com/jwks'), environment)?.href).toBe(expected);
  });
});

describe('A fetch of the application', () => {
  // The two types of fetch differ in their request alone; what is looked at is the same.
  const through =
    (dispatcher: ProxyAgent | EnvHttpProxyAgent): KeyFetch =>
    (address, request) =>
      undiciFetch(address, { ...request, dispatcher });
  let agent: ProxyAgent;

  beforeEach(() => {
    agent = new ProxyAgent({ uri: proxyUrl(), requestTls: { ca: certificate.cert } });
  });
  afterEach(() => agent.destroy());

  it('is used, with a dispatcher of undici for one', async () => {
    expect(await fetched({ fetch: through(agent) })).toBe('OK');
    expect(tunnels).toHaveLength(1);
  });

  it('is bound to the rules for URLs, redirects, size, status and time', async () => {
    const fetch = through(agent);
    answer = () => ({ status: 302, headers: { location: 'https://keys.test/elsewhere' } });
    expect(await fetched({ fetch })).toMatch(/redirect/);
    const following: KeyFetch = (address, request) => fetch(address, { ...request, redirect: 'follow' } as never);
    answer = (path) =>
      path === '/jwks' ? { status: 302, headers: { location: '/new' } } : { status: 200, body: JWKS };
    expect(await fetched({ fetch: following })).toMatch(/redirect/);
    answer = () => ({ status: 200, body: ' '.repeat(300_000) });
    expect(await fetched({ fetch })).toMatch(/larger than/);
    answer = () => ({ status: 404 });
    expect(await fetched({ fetch })).toBe('the answer has the status 404');
    expect(await fetched({ fetch: () => new Promise(() => {}), timeout: '50ms' })).toBe('no answer in time');
    expect(await fetched({ fetch: () => Promise.reject(new Error('s3cret')) })).toBe('the connection failed');
    await expect(fetched({ fetch, jwksUri: 'http://keys.test/jwks' })).rejects.toThrow(/not an https address/);
  });

  it('does not receive a private URL from metadata', async () => {
    answer = () => ({
      status: 200,
      body: JSON.stringify({ issuer: ISSUER, jwks_uri: 'https://169.254.169.254/jwks' }),
    });
    const metadata = { discovery: true as const, metadataUri: 'https://keys.test/metadata' };
    expect(await fetched({ ...metadata, fetch: through(agent) })).toMatch(/^the address .* private network/);
    expect(asked.map(({ path }) => path)).toEqual(['/metadata']);
  });
});

describe('The headers of a request for keys', () => {
  const way = () => ({ ca: certificate.cert, proxy: proxyUrl() });

  it('are sent, and computed for each request if they rotate', async () => {
    expect(await fetched({ ...way(), headers: { apikey: 'one' } })).toBe('OK');
    let count = 0;
    const headers = async () => ({ authorization: `Bearer ${(count += 1)}` });
    answer = (path) =>
      path === '/metadata'
        ? { status: 200, body: JSON.stringify({ issuer: ISSUER, jwks_uri: 'https://keys.test/jwks' }) }
        : { status: 200, body: JWKS };
    expect(await fetched({ ...way(), headers, discovery: true, metadataUri: 'https://keys.test/metadata' })).toBe('OK');
    expect(asked.map(({ headers: { apikey, authorization } }) => [apikey, authorization])).toEqual([
      ['one', undefined],
      [undefined, 'Bearer 1'],
      [undefined, 'Bearer 2'],
    ]);
  });

  it('go to no other origin than the one that the application named', async () => {
    const front = await endpoint.keyServer(endpoint.serve({ issuer: ISSUER, jwks_uri: 'https://keys.test/jwks' }));
    const metadata = { discovery: true as const, metadataUri: `${front.url}/metadata`, allowLoopbackHttp: true };
    expect(await fetched({ ...way(), ...metadata, headers: { authorization: 'Bearer s3cret' } })).toBe('OK');
    expect(asked[0]?.headers).not.toHaveProperty('authorization');
    await front.stop();
  });

  it('that throw, or take too long, count as an outage', async () => {
    const broken = () => Promise.reject(new Error('s3cret'));
    expect(await fetched({ ...way(), headers: broken })).toBe('the request headers could not be made');
    expect(await fetched({ ...way(), headers: () => new Promise(() => {}), timeout: '50ms' })).toMatch(
      /time|not be made/,
    );
    expect(await fetched({ ...way(), headers: () => ({ 'not a name': 'x' }) })).toBe('the connection failed');
  });
});

describe('Plain http in a private network', () => {
  const url = new URL('http://keycloak:8080/realms/r');
  const rules = { allowLoopbackHttp: false, allowPrivateAddresses: false, allowPrivateHttp: ['Keycloak'] };

  it('is allowed for named hosts, if they are private', () => {
    for (const address of ['10.1.2.3', '172.18.0.4', '192.168.65.254', '100.64.1.1', 'fd00::5'])
      expect([address, isPermitted(address, url, rules)]).toEqual([address, true]);
    for (const address of [
      '93.184.216.34',
      '2606:4700::1',
      '169.254.169.254',
      'fe80::1',
      '127.0.0.1',
      '::1',
      '0.0.0.0',
    ])
      expect([address, isPermitted(address, url, rules)]).toEqual([address, false]);
    expect(isPermitted('10.1.2.3', new URL('https://keycloak/'), rules)).toBe(false);
    expect(isPermitted('127.0.0.1', url, { ...rules, allowLoopbackHttp: true })).toBe(true);
  });

  it('is how keys beside a Keycloak in Compose are fetched', async () => {
    const server = await endpoint.keyServer();
    const { port } = new URL(server.url);
    server.answer(endpoint.routes({ '/realms/r/protocol/openid-connect/certs': endpoint.serve(JWKS) }));
    const preset = keycloak({
      baseUrl: 'http://localhost:8080',
      internalUrl: `http://keycloak:${port}`,
      realm: 'r',
      audience: 'courses',
      allowPrivateHttp: ['keycloak'],
      allowLoopbackHttp: true,
      eager: true,
    });
    expect(preset.issuer).toBe('http://localhost:8080/realms/r');
    expect(trustProblems([preset])).toEqual([]);
    const inward: Resolve = async () => [{ address: '127.0.0.1', family: 4 }];
    const issuer = await externalIssuer(preset, {
      clock: new ManualClock(NOW * 1_000),
      toleranceSeconds: 5,
      resolve: inward,
    });
    await expect(issuer.open()).resolves.toBeUndefined();
    const outward: Resolve = async () => [{ address: '93.184.216.34', family: 4 }];
    const public_ = await externalIssuer(preset, {
      clock: new ManualClock(NOW * 1_000),
      toleranceSeconds: 5,
      resolve: outward,
    });
    await expect(public_.open()).rejects.toThrow(/no permitted address/);
    await server.stop();
  });

  it('is refused at boot for any other host, and warned of in production', () => {
    const at = (jwksUri: string, allowPrivateHttp: readonly string[]) => [
      trusts({ keys: { jwksUri, allowPrivateHttp } }),
    ];
    expect(trustProblems(at('http://keycloak:8080/jwks', ['keycloak']))).toEqual([]);
    expect(trustProblems(at('http://elsewhere:8080/jwks', ['keycloak'])).join()).toMatch(/not an https address/);
    expect(trustProblems(at('http://93.184.216.34/jwks', ['93.184.216.34'])).join()).toMatch(/private network/);
    const named = at('http://keycloak:8080/jwks', ['keycloak']);
    expect(trustWarnings(named, true).join()).toMatch(
      /allowPrivateHttp is set: an attacker who can answer for keycloak/,
    );
    expect(trustWarnings(named, false)).toEqual([]);
  });
});

describe('A wrong transport option', () => {
  it.each([
    ['a proxy that is not a URL', { proxy: 'proxy:3128x' }, /proxy must be/],
    ['proxy with a path', { proxy: 'http://proxy/x' }, /proxy must be/],
    ['proxy of another kind', { proxy: 'socks5://proxy' }, /proxy must be/],
    ['proxy that is true', { proxy: true }, /proxy must be/],
    ['certificates that are none', { ca: 'nonsense' }, /ca must be certificates/],
    ['no certificates', { ca: [] }, /ca must be certificates/],
    ['headers that are text', { headers: 'x: y' }, /headers must be/],
    ['a header of ours', { headers: { Host: 'x' } }, /headers must be/],
    ['a header with a line break', { headers: { apikey: 's3cret\r\nx: y' } }, /headers must be/],
    ['a header that is a number', { headers: { apikey: 7 } }, /headers must be/],
    ['an invalid fetch', { fetch: 'undici' }, /fetch must be a function/],
    ['a fetch beside a proxy', { fetch: () => {}, proxy: 'environment' }, /fetch cannot be given together/],
    ['a fetch beside certificates', { fetch: () => {}, ca: certificate.cert }, /fetch cannot be given together/],
    ['hosts with a scheme', { allowPrivateHttp: ['http://keycloak'] }, /allowPrivateHttp must be a list/],
    ['hosts with a port', { allowPrivateHttp: ['keycloak:8080'] }, /allowPrivateHttp must be a list/],
    ['hosts that are a flag', { allowPrivateHttp: true }, /allowPrivateHttp must be a list/],
  ])('is a boot error: %s', (_, changes, problem) => {
    const keys = { jwksUri: 'https://keys.example/jwks', ...changes } as unknown as TrustOptions['keys'];
    const said = trustProblems([trusts({ keys })]).join('\n');
    expect(said).toMatch(problem);
    expect(said).not.toContain('s3cret');
  });
});
