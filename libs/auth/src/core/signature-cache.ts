// Owns the memory of signatures that held, which is most of what a token costs. It remembers nothing else: who issued it, expiry and
// claims are judged at every request. Keyed by the whole text, so that no two tokens ever meet (CVE-2026-35039).
import type { ParsedJws } from './jws.js';
import type { VerificationKey } from './keys.js';

/** A token whose signature held under that very key. Under any other it has to be verified again. */
export interface KnownSignature {
  readonly jws: ParsedJws;
  readonly key: VerificationKey;
}

export interface SignatureCacheOptions {
  /** @defaultValue 10000 */
  readonly maxEntries?: number;
  /** An estimate of what the entries hold: two bytes a character, twice for text and parsed content. @defaultValue 16 MiB */
  readonly maxBytes?: number;
}

/** Remembers signatures that held, the least recently used forgotten first. Nothing that failed is ever remembered. */
export class SignatureCache {
  private readonly entries = new Map<string, KnownSignature>();
  private readonly maxEntries: number;
  private readonly maxBytes: number;
  private bytes = 0;

  constructor({ maxEntries = 10_000, maxBytes = 16 * 1024 * 1024 }: SignatureCacheOptions = {}) {
    this.maxEntries = maxEntries;
    this.maxBytes = maxBytes;
  }

  /** How many signatures are remembered. */
  get size(): number {
    return this.entries.size;
  }

  find(token: string): KnownSignature | undefined {
    const known = this.entries.get(token);
    if (known === undefined) return undefined;
    // A Map keeps the order of insertion: putting an entry in again makes it the youngest.
    this.entries.delete(token);
    this.entries.set(token, known);
    return known;
  }

  remember(jws: ParsedJws, key: VerificationKey): void {
    this.forget(jws.token);
    this.entries.set(jws.token, { jws, key });
    this.bytes += cost(jws.token);
    for (const oldest of this.entries.keys()) {
      if (this.entries.size <= this.maxEntries && this.bytes <= this.maxBytes) return;
      this.forget(oldest);
    }
  }

  private forget(token: string): void {
    if (this.entries.delete(token)) this.bytes -= cost(token);
  }
}

function cost(token: string): number {
  return token.length * 4;
}
