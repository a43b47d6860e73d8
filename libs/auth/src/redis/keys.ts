// The names of keys. Parts are hashed, so that no issuer or id, whatever it holds, can name the key of another, and a
// dump of the key space tells no ids.
import { createHash } from 'node:crypto';
import type { RevocationKind } from '../core/stores/stores.js';

/** What keys begin with where nobody says otherwise. */
export const DEFAULT_PREFIX = 'latchkey:';

/** The keys of one application within its prefix. */
export class Keys {
  /** @param prefix on a cluster with a hash tag, `{latchkey}:`, so that scripts find all keys in one slot */
  constructor(readonly prefix: string) {
    if (prefix === '')
      throw new TypeError('A key prefix keeps our keys apart from those of others: it may not be empty.');
  }

  /** Says that the blocklist is complete since the epoch second it holds. It has no expiry: only a flush removes it. */
  get sentinel(): string {
    return `${this.prefix}sentinel`;
  }

  /** Revocations by when they were made, for the list. */
  get revocationsByMoment(): string {
    return `${this.prefix}revocations:moment`;
  }

  /** Revocations by when they end, to forget them in the list. */
  get revocationsByEnd(): string {
    return `${this.prefix}revocations:end`;
  }

  /** Revocations by the number of their last change. */
  get revocationsByChange(): string {
    return `${this.prefix}revocations:change`;
  }

  /** The number of the last change. */
  get changes(): string {
    return `${this.prefix}changes`;
  }

  /** Three keys that nobody else uses, to find out whether scripts can be run over several. */
  probes(id: string): readonly string[] {
    return ['hash', 'set', 'text'].map((name) => `${this.prefix}probe:${name}:${id}`);
  }

  /** One revocation. */
  revocation(kind: RevocationKind, issuer: string, id: string): string {
    return `${this.prefix}${kind}:${digestOf(kind, issuer, id)}`;
  }

  /** One sign-in. */
  login(issuer: string, sid: string): string {
    return `${this.prefix}sign-in:${digestOf('sign-in', issuer, sid)}`;
  }

  /** The sign-ins of one subject. */
  signInsOf(issuer: string, subject: string): string {
    return `${this.prefix}sign-ins:${digestOf('sign-ins', issuer, subject)}`;
  }

  /** One fetched key set. */
  keySet(address: string): string {
    return `${this.prefix}key-set:${digestOf('key-set', address)}`;
  }

  /** The right to fetch it. */
  keySetLease(address: string): string {
    return `${this.prefix}key-set-lease:${digestOf('key-set-lease', address)}`;
  }
}

// JSON keeps the parts apart and escapes what UTF-8 cannot say.
function digestOf(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}
