// What is wrong with the way to an issuer's keys. A sentence never holds a password of a proxy, a header's value or a certificate.
import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { isRecord } from '../base/members.js';
import type { KeyFetchOptions } from './trust-options.js';
import { broken, isFunction, isNames } from './sentences.js';

/** Header lines that our own code writes, or that would change how a request is read. */
const OURS = ['host', 'connection', 'content-length', 'transfer-encoding', 'accept-encoding', 'expect', 'upgrade'];

/** Everything that is wrong with `proxy`, `ca`, `headers`, `fetch` and `allowPrivateHttp`. */
export function wayOutProblems(options: KeyFetchOptions, path: string): readonly string[] {
  const { proxy, ca, headers, fetch, allowPrivateHttp = [] } = options;
  return broken([
    [
      !isProxy(proxy),
      `${path}.proxy must be 'environment' or the http address of a proxy, like 'http://proxy.example:3128'`,
    ],
    [!areCertificates(ca), `${path}.ca must be certificates as PEM text, or a list of them`],
    [
      typeof headers !== 'function' && !areHeaders(headers),
      `${path}.headers must be an object of header lines without ${OURS.join(', ')}, or a function that makes one`,
    ],
    [!isFunction(fetch), `${path}.fetch must be a function`],
    [
      fetch !== undefined && (proxy ?? ca) !== undefined,
      `${path}.fetch cannot be given together with proxy or ca: the way out is then that of your own fetch`,
    ],
    [
      !isNames(allowPrivateHttp) || !allowPrivateHttp.every(isHost),
      `${path}.allowPrivateHttp must be a list of host names without scheme and port, like ['keycloak']`,
    ],
  ]);
}

function isProxy(proxy: unknown): boolean {
  if (proxy === undefined || proxy === 'environment') return true;
  if (typeof proxy !== 'string' || !URL.canParse(proxy)) return false;
  const { protocol, hostname, pathname } = new URL(proxy);
  return (protocol === 'http:' || protocol === 'https:') && hostname !== '' && pathname === '/';
}

function areCertificates(ca: unknown): boolean {
  if (ca === undefined) return true;
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
  if (headers === undefined) return true;
  if (!isRecord(headers)) return false;
  return Object.entries(headers).every(
    ([name, value]) =>
      /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) &&
      !OURS.includes(name.toLowerCase()) &&
      typeof value === 'string' &&
      !/[^\t\x20-\x7e\x80-\xff]/.test(value),
  );
}

function isHost(name: string): boolean {
  return isIP(name) !== 0 || /^[0-9a-z](?:[0-9a-z._-]*[0-9a-z])?$/i.test(name);
}
