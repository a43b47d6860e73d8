// One download of a key set within its time: alone, or through a shared cache, where one process fetches and the others wait.
import type { Clock } from '../base/clock.js';
import { CircuitBreaker } from '../stores/circuit-breaker.js';
import { AuthError } from '../base/errors.js';
import { newId } from '../base/new-id.js';
import { lifetimeMs, type FreshnessOptions } from './freshness.js';
import { fetchDocument, type FetchDocument, type FetchedDocument, KeyFetchError } from './key-fetch.js';
import type { AddressRules, Resolve } from './key-addresses.js';
import { firstAddressOf, KeySetAddress } from './key-set-address.js';
import type { CachedKeySet, KeySetCache } from './key-set-cache.js';
import type { DiscoveredKeys, JwksAddress } from './trust-options.js';

/** How often those who wait for another process look again. */
const LOOK_AGAIN_MS = 100;

/** A lease outlives the longest fetch, so that it is never taken over while its holder still works. */
const LEASE_MARGIN_MS = 1_000;

/** What one download needs. */
export interface DownloadOptions {
  readonly issuer: string;
  readonly keys: JwksAddress | DiscoveredKeys;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly freshness: FreshnessOptions;
  readonly addresses: AddressRules;
  /** @defaultValue our own, over node:https */
  readonly fetch?: FetchDocument | undefined;
  readonly resolve?: Resolve | undefined;
}

/** What the one who asks can use. */
export interface Wanted {
  /** Says whether a set out of the shared cache spares the fetch. */
  accepts(set: CachedKeySet): boolean;
  /** Throws if the text is not a key set, so that it is not shared. */
  check(set: CachedKeySet): Promise<void>;
}

/** A set, and since when it can be relied on to be what the provider says. */
export interface Downloaded {
  readonly set: CachedKeySet;
  /** Epoch milliseconds: nothing that the provider published up to then is missing from the set. */
  readonly askedAtMs: number;
}

/** Downloads the key set of one issuer. */
export class KeySetDownload {
  readonly #address: KeySetAddress;
  readonly #cache: ProtectedCache | undefined;
  #running: AbortController | undefined;

  constructor(private readonly options: DownloadOptions) {
    this.#address = new KeySetAddress(options.issuer, options.keys, options.clock);
    const { sharedCache } = options.keys;
    this.#cache = sharedCache && new ProtectedCache(sharedCache, firstAddressOf(options.issuer, options.keys), options);
  }

  /**
   * Gets a set, from the provider or from a process that just asked it.
   * @throws KeyFetchError, or whatever `check` throws
   */
  async get(wanted: Wanted): Promise<Downloaded> {
    const running = new AbortController();
    this.#running = running;
    const timer = setTimeout(() => running.abort(), this.options.timeoutMs);
    timer.unref();
    try {
      return await (this.#cache === undefined
        ? this.#fetch(wanted, running.signal)
        : this.#share(this.#cache, wanted, running.signal));
    } finally {
      clearTimeout(timer);
    }
  }

  /** The set last shared, whatever its age. */
  async stored(): Promise<CachedKeySet | undefined> {
    return this.#cache?.get().catch(() => undefined);
  }

  /** When the set of another process was asked for, at the earliest: it says only when the answer was there. */
  askedBefore({ fetchedAtMs }: CachedKeySet): number {
    return fetchedAtMs - this.options.timeoutMs;
  }

  /** Ends a download that is under way. */
  abort(): void {
    this.#running?.abort();
  }

  async #share(cache: ProtectedCache, wanted: Wanted, signal: AbortSignal): Promise<Downloaded> {
    try {
      const ready = await cache.waitOrLease(wanted, signal);
      if (ready !== undefined) return { set: ready, askedAtMs: this.askedBefore(ready) };
    } catch (cause) {
      // A cache that is down must not become what a sign-in depends on.
      if (cause instanceof AuthError) return this.#fetch(wanted, signal);
      throw cause;
    }
    try {
      const downloaded = await this.#fetch(wanted, signal);
      await cache.put(downloaded.set);
      return downloaded;
    } finally {
      await cache.release();
    }
  }

  async #fetch({ check }: Wanted, signal: AbortSignal): Promise<Downloaded> {
    const { clock, addresses, resolve, fetch = fetchDocument } = this.options;
    const ask = (address: string): Promise<FetchedDocument> => fetch(address, { ...addresses, resolve, signal });
    const askedAtMs = clock.nowMs();
    try {
      const { body, cacheControl } = await ask(await this.#address.locate(ask));
      const fetchedAtMs = clock.nowMs();
      const freshUntilMs = fetchedAtMs + lifetimeMs(cacheControl, this.options.freshness);
      const set = { body: body.toString('utf8'), fetchedAtMs, freshUntilMs };
      await check(set);
      return { set, askedAtMs };
    } catch (cause) {
      this.#address.forget();
      throw cause;
    }
  }
}

/** The shared cache for one address, asked within a time limit. Each download is a holder of its own. */
class ProtectedCache {
  readonly #breaker: CircuitBreaker;
  #holder = '';

  constructor(
    private readonly cache: KeySetCache,
    private readonly address: string,
    private readonly options: Pick<DownloadOptions, 'clock' | 'timeoutMs'>,
  ) {
    this.#breaker = new CircuitBreaker(options.clock);
  }

  get(): Promise<CachedKeySet | undefined> {
    return this.#breaker.run(() => this.cache.get(this.address));
  }

  /** A set that spares the fetch, or nothing once the lease is ours. */
  async waitOrLease(wanted: Wanted, signal: AbortSignal): Promise<CachedKeySet | undefined> {
    this.#holder = newId();
    for (;;) {
      if (await this.#lease()) return this.#readyOrKeep(wanted);
      const set = await this.#ready(wanted);
      if (set !== undefined) return set;
      await pause(signal);
    }
  }

  /** What the last holder left counts; then the lease was taken for nothing. */
  async #readyOrKeep(wanted: Wanted): Promise<CachedKeySet | undefined> {
    const set = await this.#ready(wanted);
    if (set !== undefined) await this.release();
    return set;
  }

  async #ready({ accepts, check }: Wanted): Promise<CachedKeySet | undefined> {
    const set = await this.get();
    if (set === undefined || !accepts(set)) return undefined;
    return check(set).then(
      () => set,
      () => undefined,
    );
  }

  #lease(): Promise<boolean> {
    const { clock, timeoutMs } = this.options;
    const request = { holder: this.#holder, nowMs: clock.nowMs(), leaseMs: timeoutMs + LEASE_MARGIN_MS };
    return this.#breaker.run(() => this.cache.lease({ address: this.address, ...request }));
  }

  // A failed cache write must not discard the fetched set.
  async put(set: CachedKeySet): Promise<void> {
    await this.#breaker.run(() => this.cache.put(this.address, set)).catch(() => {});
  }

  async release(): Promise<void> {
    await this.#breaker.run(() => this.cache.release(this.address, this.#holder)).catch(() => {});
  }
}

/** A request waits for the set, so this timer keeps the process running; the end of the application aborts it. */
function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(done, LOOK_AGAIN_MS);
    signal.addEventListener('abort', done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      if (signal.aborted) reject(new KeyFetchError('no answer in time'));
      else resolve();
    }
  });
}
