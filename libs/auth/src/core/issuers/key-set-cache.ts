// The port by which processes share fetched key sets, and its memory adapter. What is promised here is tested by one
// contract that every adapter runs.

/** A key set as it was fetched: public by nature, so that a store may hold it. */
export interface CachedKeySet {
  /** The body of the answer, at most 256 KiB. */
  readonly body: string;
  /** Epoch milliseconds. */
  readonly fetchedAtMs: number;
  /** Epoch milliseconds up to which the set counts as fresh. */
  readonly freshUntilMs: number;
}

/** The right to fetch one set, for a while. */
export interface LeaseRequest {
  /** The set's address. At most 512 characters. */
  readonly address: string;
  /** Who asks; a random text of at most 64 characters, another for every attempt. */
  readonly holder: string;
  readonly nowMs: number;
  /** How long the lease is worth if its holder dies. */
  readonly leaseMs: number;
}

/**
 * Shares fetched key sets between processes, so that many of them make one request.
 *
 * Before a process fetches a set it takes the lease. Those who do not get it wait and look whether the set has appeared; when the
 * holder ends, they wait until the lease has expired, and one of them takes it over. No process waits longer than one fetch may take
 * (5 seconds): a process without a new set then uses the set it has, or answers 503, and the next request tries again.
 *
 * Methods reject only when the cache is unavailable. Processes then fetch for themselves: the cache saves requests, and is never
 * what a sign-in depends on. What it holds is parsed and checked again by every reader.
 */
export abstract class KeySetCache {
  /** The set last stored under that address, fresh or not; `undefined` if there is none. */
  abstract get(address: string): Promise<CachedKeySet | undefined>;

  /** Stores a set. Of two the one with the later `fetchedAtMs` stays, whatever the order in which they arrive. Idempotent. */
  abstract put(address: string, set: CachedKeySet): Promise<void>;

  /**
   * Takes the lease, in one atomic conditional write: of many concurrent callers exactly one sees `true`, until it is released or
   * `leaseMs` have passed since it was taken. Addresses do not affect each other.
   */
  abstract lease(request: LeaseRequest): Promise<boolean>;

  /** Gives the lease back before it runs out. Only the holder can; anything else is ignored. Idempotent. */
  abstract release(address: string, holder: string): Promise<void>;
}

/** Shares key sets within one process: the readable specification of the port, and useful in tests. */
export class MemoryKeySetCache extends KeySetCache {
  readonly #sets = new Map<string, CachedKeySet>();
  readonly #leases = new Map<string, { readonly holder: string; readonly endsAtMs: number }>();

  override async get(address: string): Promise<CachedKeySet | undefined> {
    return this.#sets.get(address);
  }

  override async put(address: string, set: CachedKeySet): Promise<void> {
    const stored = this.#sets.get(address);
    if (stored === undefined || stored.fetchedAtMs <= set.fetchedAtMs) this.#sets.set(address, set);
  }

  override async lease({ address, holder, nowMs, leaseMs }: LeaseRequest): Promise<boolean> {
    const held = this.#leases.get(address);
    if (held !== undefined && held.endsAtMs > nowMs) return false;
    this.#leases.set(address, { holder, endsAtMs: nowMs + leaseMs });
    return true;
  }

  override async release(address: string, holder: string): Promise<void> {
    if (this.#leases.get(address)?.holder === holder) this.#leases.delete(address);
  }
}
