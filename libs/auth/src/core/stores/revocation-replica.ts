// The blocklist as this process remembers it, kept in step with the store within a stated bound. Prevents a memory that lags
// unnoticed: a replica older than the bound is not used, and the store is queried instead.
import { after } from '../base/at-once.js';
import type { Clock } from '../base/clock.js';
import { MemoryBlocklistStore } from './memory-stores.js';
import type {
  RevocationAnswer,
  RevocationChanges,
  RevocationEntry,
  RevocationQuery,
  BlocklistStore,
} from './stores.js';

/** How a mirror is kept. */
export interface MirrorOptions {
  /** How much later than its answer a revocation made elsewhere may count, in milliseconds. */
  readonly withinMs: number;
  /** How many live entries it holds before it gives up and asks the store. @defaultValue 1,000,000, of about 200 bytes each */
  readonly maxEntries?: number | undefined;
}

/** Called for each entry that was read from the store. */
type Learned = (entry: RevocationEntry) => void;

const PAGE = 1_000;
const REST_WHEN_FULL_MS = 60_000;
/** Hints that come together are followed once, and many in a row a hundred times a second at most. */
const HINT_MS = 10;
/** Readings that follow hints take a fifth of the time at most: the rest is for what else the store has to do. */
const RESTS_PER_READING = 4;

/**
 * Answers from memory while it is in step, and asks the store while it is not: before the first reading, when the feed lags, and
 * when there is more than it may hold. What it knows to be revoked stays so, whatever becomes of the store.
 */
export class RevocationReplica {
  readonly #known: MemoryBlocklistStore;
  #store: BlocklistStore | undefined;
  #cursor: string | undefined;
  #completeSince = 0;
  /** When the reading began that saw everything; what was revoked before that time is known. */
  #inStepAtMs: number | undefined;
  #readingSinceMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #unwatch: (() => void) | undefined;
  #learned: Learned | undefined;
  /** True from a hint to the reading that follows it. */
  #isHinted = false;
  #isReading = false;
  /** How long the last reading took, with all its pages. */
  #tookMs = 0;

  constructor(
    private readonly clock: Clock,
    private readonly options: MirrorOptions,
  ) {
    this.#known = new MemoryBlocklistStore(clock, options.maxEntries);
  }

  /**
   * Starts to follow a store that has `changesSince()`: twice within the bound, and at once if the store gives a hint. Nothing keeps
   * the process running.
   * @param learned called for each entry that is read, of any process
   */
  follow(store: BlocklistStore, learned?: Learned): void {
    this.#store = store;
    this.#learned = learned;
    this.#unwatch = store.watch?.(() => this.#hint());
    this.#readAgainIn(0);
  }

  /** Stops following. From then on the store is asked as soon as the bound has passed. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#unwatch?.();
    this.#store = undefined;
  }

  /** Takes note of what this process wrote itself, so that it counts at once. */
  note(entry: RevocationEntry): void {
    if (this.#known.isFull) this.#loseStep();
    else void this.#known.add(entry);
  }

  /** As `BlocklistStore.find`, from memory or by asking `store`. */
  find(query: RevocationQuery, store: BlocklistStore): RevocationAnswer | Promise<RevocationAnswer> {
    // Asked before memory is read: an answer that arrives in between must not confirm older data.
    const isInSync = this.isInSync;
    return after(this.#known.find(query), (known) => {
      if (known !== undefined) return known;
      if (query.issuedAt !== undefined && query.issuedAt < this.#completeSince) return 'subject';
      return isInSync ? undefined : store.find(query);
    });
  }

  /** True while memory alone may answer. */
  get isInSync(): boolean {
    if (this.#inStepAtMs === undefined) return false;
    const ageMs = this.clock.monotonicMs() - this.#inStepAtMs;
    return ageMs >= 0 && ageMs <= this.options.withinMs;
  }

  /**
   * Reads what changed since the last time, one page. Resolves whether more is waiting.
   * @throws whatever the store rejects with; memory then stays as it is, and soon counts as too old
   */
  async read(store: BlocklistStore): Promise<boolean> {
    const startedMs = this.clock.monotonicMs();
    const changes = await store.changesSince?.(this.#cursor, PAGE);
    if (changes === undefined) throw new TypeError('The store has no changesSince().');
    // Something may be written behind the page that is being read: only the next reading sees it.
    if (changes.restarted || this.#readingSinceMs === undefined) this.#readingSinceMs = startedMs;
    if (changes.restarted) this.#inStepAtMs = undefined;
    await this.#take(changes);
    return changes.more;
  }

  async #take({ entries, cursor, more, completeSince = 0 }: RevocationChanges): Promise<void> {
    try {
      await this.#keep(entries);
    } catch (error) {
      this.#loseStep();
      throw error;
    }
    this.#cursor = cursor;
    this.#completeSince = completeSince;
    if (more) return;
    this.#inStepAtMs = this.#readingSinceMs;
    this.#readingSinceMs = undefined;
  }

  async #keep(entries: readonly RevocationEntry[]): Promise<void> {
    const now = this.clock.nowSeconds();
    for (const entry of entries) {
      this.#learned?.(entry);
      if (entry.expiresAt > now) await this.#known.add(entry);
    }
  }

  /** Memory is full: what was left out must be read again, and until then the replica is not used. */
  #loseStep(): void {
    this.#inStepAtMs = undefined;
    this.#readingSinceMs = undefined;
    this.#cursor = undefined;
  }

  #hint(): void {
    if (this.#store === undefined || this.#isHinted || this.#isResting) return;
    this.#isHinted = true;
    if (!this.#isReading) this.#readAgainIn(this.#pauseMs);
  }

  #readAgainIn(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#follow(), delayMs).unref();
  }

  async #follow(): Promise<void> {
    const store = this.#store;
    if (store === undefined) return;
    // A hint that comes while the store is being read may be about what this reading does not see.
    this.#isHinted = false;
    this.#isReading = true;
    const startedMs = this.clock.monotonicMs();
    const isFirst = this.#readingSinceMs === undefined;
    const more = await this.read(store).catch(() => false);
    this.#isReading = false;
    this.#tookMs = (isFirst ? 0 : this.#tookMs) + this.clock.monotonicMs() - startedMs;
    if (this.#store !== undefined) this.#readAgainIn(more ? 0 : this.#isResting ? REST_WHEN_FULL_MS : this.#pauseMs);
  }

  /** Memory is full and must read everything again: not at each hint. */
  get #isResting(): boolean {
    return this.#cursor === undefined && this.#known.isFull;
  }

  /** Twice within the bound, so that a reading may take as long as the rest. */
  get #pauseMs(): number {
    const pauseMs = this.options.withinMs / 2;
    return this.#isHinted ? Math.min(pauseMs, Math.max(HINT_MS, this.#tookMs * RESTS_PER_READING)) : pauseMs;
  }
}
