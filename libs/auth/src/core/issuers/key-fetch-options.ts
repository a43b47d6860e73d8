// How the keys of an issuer are fetched: what can be asked of it. No sentence holds a password of a proxy, a header's value or a certificate.
import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { DAY_MS, MINUTE_MS, type Duration } from '../base/duration.js';
import type { Rule } from '../base/option-group.js';
import { callback, duration, flag, isGroup, value } from '../base/option-kinds.js';
import type { ValuesOf } from '../base/option.js';
import { KeySetCache } from './key-set-cache.js';

/** Header lines of a request for keys. */
export type KeyRequestHeaders =
  | Readonly<Record<string, string>>
  | (() => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>);

/** What a fetch of the application's own is asked to send. */
export interface KeyFetchRequest {
  readonly method: 'GET';
  /** A redirect is not followed. */
  readonly redirect: 'manual';
  /** Aborted when the time of the fetch is up, and when the application stops. */
  readonly signal: AbortSignal;
  readonly headers: Record<string, string>;
}

/** What is looked at of its answer: the members of a `Response` of the Fetch standard. */
export interface KeyFetchResponse {
  readonly status: number;
  readonly redirected?: boolean;
  readonly headers: { get(name: string): string | null };
  readonly body: {
    getReader(): {
      read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
      cancel(): Promise<void>;
    };
  } | null;
}

/** A fetch of the application's own, such as the global one or that of undici with a dispatcher. */
export type KeyFetch = (address: string, request: KeyFetchRequest) => Promise<KeyFetchResponse>;

/** How keys are fetched. The defaults are those of a provider on the internet. */
export interface KeyFetchOptions {
  /**
   * Permits plain http and addresses of this host: `http://localhost:3000`. For development and tests.
   * @defaultValue false
   */
  readonly allowLoopbackHttp?: boolean;
  /**
   * Permits a host whose address is of a private network. Without it an address that turns private is refused on the connected
   * socket (DNS rebinding).
   * @defaultValue false
   */
  readonly allowPrivateAddresses?: boolean;
  /**
   * Names of hosts that may be asked over plain http, because they are in the private network of the deployment (Docker Compose, a
   * service mesh): `['keycloak']`. A name that resolves to a public address is refused; one that resolves to this host
   * needs `allowLoopbackHttp` too. An attacker who can answer in that network can provide keys: not for production without a mesh that
   * encrypts.
   * @defaultValue none
   */
  readonly allowPrivateHttp?: readonly string[];
  /**
   * The proxy that https addresses are asked through: its address, or `'environment'` for `HTTPS_PROXY` and `NO_PROXY` of the process.
   * TLS to the provider runs inside a tunnel. The proxy resolves the names, so the proxy must check the addresses that they resolve to;
   * everything else stays as it is.
   * @defaultValue none: connections go out directly, whatever the environment says
   */
  readonly proxy?: string;
  /**
   * Certificate authorities to believe for this source, in the place of Node's own: PEM texts of one certificate or several each.
   * @defaultValue those of Node
   */
  readonly ca?: string | readonly string[];
  /**
   * Header lines to send, or a function that makes them for each request, for secrets that rotate. They go to the origin of
   * `jwksUri` or the metadata alone, and not to another one that metadata name.
   * @defaultValue none
   */
  readonly headers?: KeyRequestHeaders;
  /**
   * Replaces the built-in fetch, for network paths that no other option covers. URL, redirects, size and time are still checked here;
   * your function must check the addresses that a name resolves to, and certificates. Not with `proxy` or `ca`.
   * @defaultValue over `node:https`
   */
  readonly fetch?: KeyFetch;
  /** One whole fetch: name, connection, headers and body. At most 5 seconds. @defaultValue '5s' */
  readonly timeout?: Duration;
  /** How long a set is used if the provider does not say, one minute to 24 hours. @defaultValue '10m' */
  readonly maxAge?: Duration;
  /**
   * How long the last good set is used beyond its age while the provider cannot be reached, 0 to 24 hours.
   * @defaultValue '1h'
   */
  readonly staleIfError?: Duration;
  /** Fetches at boot, and does not boot without a good set. @defaultValue false */
  readonly eager?: boolean;
  /** Shares fetched sets between processes, so that many of them make one request. @defaultValue none: each fetches its own */
  readonly sharedCache?: KeySetCache;
}

/** Header lines that our own code writes, or that would change how a request is read. */
const OURS = ['host', 'connection', 'content-length', 'transfer-encoding', 'accept-encoding', 'expect', 'upgrade'];

/** The declarations of {@link KeyFetchOptions}, for the groups of which they are a part. */
export const keyFetch = {
  allowLoopbackHttp: flag({
    default: false,
    summary: 'permits plain http and addresses of this host; for development and tests',
    warns: (given, { production }) => given && production && 'is set: any process on this host can provide its keys.',
  }),
  allowPrivateAddresses: flag({ default: false, summary: 'permits a host whose address is of a private network' }),
  allowPrivateHttp: value<readonly string[]>({
    accepts: "a list of host names without scheme and port, like ['keycloak']",
    holds: (given: unknown) => Array.isArray(given) && given.every(isHost),
    shows: 'nothing',
    refused: ['http://keycloak'],
    otherwise: 'none',
    summary: 'names of hosts in the private network of the deployment that may be asked over plain http',
    warns: (given, { production }) =>
      given.length > 0 &&
      production &&
      `is set: an attacker who can answer for ${given.join(', ')} in this network can provide its keys.`,
  }),
  proxy: value<string>({
    accepts: "'environment' or the http address of a proxy, like 'http://proxy.example:3128'",
    holds: isProxy,
    shows: 'nothing',
    refused: 'socks5://proxy',
    otherwise: 'none: connections go out directly',
    summary: 'the proxy that https addresses are asked through, or `environment` for `HTTPS_PROXY` and `NO_PROXY`',
  }),
  ca: value<string | readonly string[]>({
    accepts: 'certificates as PEM text, or a list of them',
    holds: areCertificates,
    shows: 'nothing',
    refused: 'nonsense',
    otherwise: 'those of Node',
    summary: "certificate authorities to believe for this source, in the place of Node's own",
  }),
  headers: value<KeyRequestHeaders>({
    accepts: `an object of header lines without ${OURS.join(', ')}, or a function that makes one`,
    holds: (given: unknown) => typeof given === 'function' || areHeaders(given),
    shows: 'nothing',
    refused: { Host: 'x' },
    otherwise: 'none',
    summary: 'header lines to send, to the origin of `jwksUri` or the metadata alone',
  }),
  fetch: callback<KeyFetch>({
    accepts: 'a function like the global fetch',
    otherwise: 'over `node:https`',
    summary: 'fetches in the place of our own code; not with `proxy` or `ca`',
  }),
  timeout: duration({
    min: 10,
    max: 5_000,
    accepts: "'10ms' to '5s'",
    default: '5s',
    summary: 'one whole fetch: name, connection, headers and body',
  }),
  maxAge: duration({
    min: MINUTE_MS,
    max: DAY_MS,
    accepts: 'one minute to 24 hours',
    default: '10m',
    summary: 'how long a set is used if the provider does not say',
  }),
  staleIfError: duration({
    min: 0,
    max: DAY_MS,
    accepts: '0 to 24 hours',
    default: '1h',
    summary: 'how long the last good set is used beyond its age while the provider cannot be reached',
  }),
  eager: flag({ default: false, summary: 'fetches at boot, and does not boot without a good set' }),
  sharedCache: value<KeySetCache>({
    accepts: 'a KeySetCache',
    holds: (given: unknown) => given instanceof KeySetCache,
    shows: 'nothing',
    refused: {},
    otherwise: 'none: each process fetches its own',
    summary: 'shares fetched sets between processes',
  }),
};

/** What must hold between them. */
export const keyFetchRules: readonly Rule<ValuesOf<typeof keyFetch>>[] = [
  {
    between: ['fetch', 'proxy', 'ca'],
    broken: ({ fetch, proxy, ca }, of) =>
      fetch !== undefined &&
      (proxy ?? ca) !== undefined &&
      `${of('fetch')} cannot be given together with proxy or ca: the way out is then that of your own fetch`,
  },
];

function isProxy(proxy: unknown): boolean {
  if (proxy === 'environment') return true;
  if (typeof proxy !== 'string' || !URL.canParse(proxy)) return false;
  const { protocol, hostname, pathname } = new URL(proxy);
  return (protocol === 'http:' || protocol === 'https:') && hostname !== '' && pathname === '/';
}

function areCertificates(ca: unknown): boolean {
  const texts: readonly unknown[] = [ca].flat();
  return texts.length > 0 && texts.every((text) => typeof text === 'string' && isCertificate(text));
}

function isCertificate(text: string): boolean {
  try {
    return new X509Certificate(text).raw.length > 0;
  } catch {
    return false;
  }
}

function areHeaders(headers: unknown): boolean {
  if (!isGroup(headers)) return false;
  return Object.entries(headers).every(
    ([name, line]) =>
      /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) &&
      !OURS.includes(name.toLowerCase()) &&
      typeof line === 'string' &&
      !/[^\t\x20-\x7e\x80-\xff]/.test(line),
  );
}

function isHost(name: unknown): boolean {
  if (typeof name !== 'string') return false;
  return isIP(name) !== 0 || /^[0-9a-z](?:[0-9a-z._-]*[0-9a-z])?$/i.test(name);
}
