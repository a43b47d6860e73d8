// The way out that an application chose for one key source: its own fetch or ours, with its proxy, certificates and request headers.
import { applicationFetch } from './application-fetch.js';
import { environmentProxy, type Environment } from './environment-proxy.js';
import { KeyFetchError } from './fetch-problem.js';
import { inTime } from './in-time.js';
import { fetchDocument, type FetchDocument } from './key-fetch.js';
import type { KeyFetchOptions, KeyRequestHeaders } from './trust-options.js';

/** What the way out depends on besides the options. */
export interface WayOut {
  /** The address that the application gave. Request headers go to its origin alone, wherever metadata lead. */
  readonly firstAddress: string;
  /** @defaultValue that of the process */
  readonly environment?: Environment;
}

/** The fetch for one key source. */
export function wayOut(
  { fetch, proxy, ca, headers }: KeyFetchOptions,
  { firstAddress, environment = process.env }: WayOut,
): FetchDocument {
  const send = fetch === undefined ? fetchDocument : applicationFetch(fetch);
  const authorities = ca === undefined ? undefined : [ca].flat();
  return async (address, rules) => {
    const isTheirs = URL.canParse(address) && new URL(address).origin === new URL(firstAddress).origin;
    const sent = headers === undefined || !isTheirs ? undefined : await made(headers, rules.signal);
    return send(address, { ...rules, headers: sent, ca: authorities, proxy: proxyFor(address, proxy, environment) });
  };
}

function proxyFor(address: string, proxy: string | undefined, environment: Environment): URL | undefined {
  if (proxy === undefined || !URL.canParse(address)) return undefined;
  return proxy === 'environment' ? environmentProxy(new URL(address), environment) : new URL(proxy);
}

async function made(headers: KeyRequestHeaders, signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
  if (typeof headers !== 'function') return headers;
  try {
    return await inTime(Promise.resolve(headers()), signal);
  } catch (cause) {
    throw new KeyFetchError('the request headers could not be made', { cause });
  }
}
