// Which addresses keys may be fetched from. It answers plain http, names that turn to an inner address after they were
// checked (DNS rebinding), and addresses of this host or of the cloud's metadata service (SSRF).
import { promises } from 'node:dns';
import { BlockList, isIP } from 'node:net';

/** What an application permits beyond public https addresses. */
export interface AddressRules {
  readonly allowLoopbackHttp: boolean;
  readonly allowPrivateAddresses: boolean;
  /** Names of hosts in the private network that may be asked over plain http. @defaultValue none */
  readonly allowPrivateHttp?: readonly string[] | undefined;
}

/** One address of a name. */
export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

/** Asks for the addresses of a name. */
export type Resolve = (host: string) => Promise<readonly ResolvedAddress[]>;

/** Asks the system, as every other connection of the process does. */
export const resolveBySystem: Resolve = (host) => promises.lookup(host, { all: true });

/** This host; on most systems the unspecified addresses lead to it too. */
const loopback = blockList(['127.0.0.0/8', '::1/128', '0.0.0.0/8', '::/128']);

/** The metadata services of clouds, which return credentials of the host. No provider publishes keys there, so they are never permitted. */
const linkLocal = blockList(['169.254.0.0/16', 'fe80::/10']);

/** IANA's special-purpose registries: nothing in them is a provider on the internet. */
const inner = blockList(
  `0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.168.0.0/16 198.18.0.0/15
   224.0.0.0/4 240.0.0.0/4 ::/128 ::1/128 64:ff9b::/96 64:ff9b:1::/48 fc00::/7 fe80::/10 ff00::/8`.split(/\s+/),
);

/** What a host that is named for plain http may be: networks of one's own, never an address on the internet. */
const ownNetworks = blockList(['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7']);

/** What is wrong with an address to fetch from, as the end of a sentence; `undefined` if nothing is. */
export function addressProblem(address: string, rules: AddressRules): string | undefined {
  if (!URL.canParse(address)) return 'is not an address';
  const url = new URL(address);
  if ([url.username, url.password, url.hash].some((part) => part !== '')) return 'holds a password or a fragment';
  return protocolProblem(url, rules) ?? hostProblem(url, rules);
}

function protocolProblem(url: URL, rules: AddressRules): string | undefined {
  if (url.protocol === 'https:') return undefined;
  const isPermittedHttp = (rules.allowLoopbackHttp && isLoopbackHost(url)) || isNamedForHttp(url, rules);
  if (url.protocol === 'http:' && isPermittedHttp) return undefined;
  return 'is not an https address; plain http is accepted for this host only, with allowLoopbackHttp, and for private hosts named in allowPrivateHttp';
}

/** Names are looked at when they are resolved. */
function hostProblem(url: URL, rules: AddressRules): string | undefined {
  const host = hostOf(url);
  return isIP(host) === 0 || isPermitted(host, url, rules) ? undefined : 'is an address of a private network';
}

/** True if a connection to this resolved address of the URL's host is permitted. */
export function isPermitted(address: string, url: URL, rules: AddressRules): boolean {
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  const isNamed = isNamedForHttp(url, rules);
  // A public name must never resolve to this host, whatever is permitted.
  if (loopback.check(address, family)) return rules.allowLoopbackHttp && (isLoopbackHost(url) || isNamed);
  if (linkLocal.check(address, family)) return false;
  if (isNamed) return ownNetworks.check(address, family);
  return rules.allowPrivateAddresses || !inner.check(address, family);
}

function isNamedForHttp(url: URL, { allowPrivateHttp = [] }: AddressRules): boolean {
  return url.protocol === 'http:' && allowPrivateHttp.some((name) => name.toLowerCase() === hostOf(url));
}

/** The host without the brackets of IPv6. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

function isLoopbackHost(url: URL): boolean {
  const host = hostOf(url);
  const family = isIP(host);
  if (family === 0) return host === 'localhost' || host.endsWith('.localhost');
  return loopback.check(host, family === 6 ? 'ipv6' : 'ipv4');
}

function blockList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [base = '', bits] = network.split('/');
    list.addSubnet(base, Number(bits), isIP(base) === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}
