import { isIPv6 } from 'node:net';

/** What one caller can change at will is cut off: of an IPv6 address, its last 64 bits. An IPv4 address stays as it is. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped?.[1] !== undefined) return mapped[1];
  const [withoutZone = ''] = address.split('%');
  if (!isIPv6(withoutZone)) return address;
  // A URL writes every address in one way, in groups without leading zeros.
  const groups = new URL(`http://[${withoutZone}]`).hostname.slice(1, -1).split('::');
  const [head = [], tail = []] = groups.map((side) => (side === '' ? [] : side.split(':')));
  const gap = groups.length === 1 ? 0 : 8 - head.length - tail.length;
  return [...head, ...Array.from({ length: gap }, () => '0'), ...tail].slice(0, 4).join(':');
}
