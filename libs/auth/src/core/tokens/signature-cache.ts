// The cache of valid signatures, whose verification is most of the cost of a token. What cannot change about such a token, under one
// profile, is cached with it; its key, expiry, revocation and the user are checked at every request. Two tokens never share an entry: an
// entry counts only for exactly the string it was made from (CVE-2026-35039).
import type { ParsedJws } from './jws.js';
import type { VerificationKey } from '../keys/keys.js';

/** A token whose signature held under that same key. Under any other it has to be verified again. */
export interface KnownSignature<Facts> {
  readonly jws: ParsedJws;
  readonly key: VerificationKey;
  /** What is true of it for as long as it is cached. */
  facts?: Facts;
}

interface Entry<Facts> extends KnownSignature<Facts> {
  /** Referenced bit (second-chance eviction). */
  wasFound: boolean;
}

export interface SignatureCacheOptions {
  /** @defaultValue 10000 */
  readonly maxEntries?: number;
  /** An estimate of what the entries hold: two bytes a character, twice for text and parsed content. @defaultValue 16 MiB */
  readonly maxBytes?: number;
}

/**
 * Length of the signature suffix used as the map key: random bytes of the signature, so that hardly two share it. The engine copies so
 * short a string, whereas a longer one would keep a reference to the whole header.
 */
const FILED_UNDER = 12;

/**
 * Caches valid signatures. The least recently used entry is evicted first, approximately: an entry that was found gets a second chance
 * instead of a new place, because lookups happen at every request and evictions rarely. Failures are never cached.
 */
export class SignatureCache<Facts = unknown> {
  private readonly entries = new Map<string, Entry<Facts>>();
  private readonly maxEntries: number;
  private readonly maxBytes: number;
  private bytes = 0;

  constructor({ maxEntries = 10_000, maxBytes = 16 * 1024 * 1024 }: SignatureCacheOptions = {}) {
    this.maxEntries = maxEntries;
    this.maxBytes = maxBytes;
  }

  /** How many signatures are cached. */
  get size(): number {
    return this.entries.size;
  }

  find(token: string): KnownSignature<Facts> | undefined {
    // Untyped callers may present anything at all.
    if (typeof token !== 'string') return undefined;
    const known = this.entries.get(fileName(token));
    if (known?.jws.token !== token) return undefined;
    known.wasFound = true;
    return known;
  }

  remember(jws: ParsedJws, key: VerificationKey): KnownSignature<Facts> {
    const name = fileName(jws.token);
    this.evict(name);
    const entry: Entry<Facts> = { jws, key, wasFound: false };
    this.entries.set(name, entry);
    this.bytes += cost(jws.token);
    this.makeRoom();
    return entry;
  }

  private makeRoom(): void {
    // A Map keeps the order of insertion; what is put in again while it is walked is met again, at its end.
    for (const [name, entry] of this.entries) {
      if (this.entries.size <= this.maxEntries && this.bytes <= this.maxBytes) return;
      this.evict(name);
      if (!entry.wasFound) continue;
      this.entries.set(name, Object.assign(entry, { wasFound: false }));
      this.bytes += cost(entry.jws.token);
    }
  }

  private evict(name: string): void {
    const entry = this.entries.get(name);
    if (entry === undefined) return;
    this.entries.delete(name);
    this.bytes -= cost(entry.jws.token);
  }
}

function fileName(token: string): string {
  return token.slice(-FILED_UNDER);
}

function cost(token: string): number {
  return token.length * 4;
}
