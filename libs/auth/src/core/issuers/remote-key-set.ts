// The keys of an issuer that are fetched: when to ask the provider, and what counts while it does not answer. It answers floods of
// unknown key ids, thundering herds at start-up, outages that would sign all users out, and unannounced rotations (ADR 0016).
import type { Algorithm } from '../keys/algorithms.js';
import { AuthConfigurationError, AuthError } from '../base/errors.js';
import { publish } from '../base/events.js';
import type { KeyQuery, KeySet, VerificationKey } from '../keys/keys.js';
import { type Freshness, freshnessOf } from './freshness.js';
import { chooseKey } from './key-choice.js';
import { KeyFetchError } from './key-fetch.js';
import type { CachedKeySet } from './key-set-cache.js';
import { readKeySet, type KeySetContent, KeySetError } from './key-set-document.js';
import { type Downloaded, type DownloadOptions, KeySetDownload } from './key-set-download.js';
import { VainTokens } from './vain-tokens.js';
import { unknownKey } from '../keys/key-refusals.js';

/** An unknown key id makes the provider be asked again only after so long, however many tokens name one. */
const COOL_DOWN_MS = 30_000;

/** The longest rest after failures: recovery is noticed within it. */
const LONGEST_REST_MS = 30_000;
const FIRST_REST_MS = 1_000;

export interface RemoteKeySetOptions extends DownloadOptions {
  /** The algorithms that the issuer may use. */
  readonly algorithms: readonly Algorithm[];
}

/** What was fetched, and what it holds. */
interface Held extends Downloaded {
  readonly keys: readonly VerificationKey[];
}

/** A key set behind an address. Nothing is fetched before the first token asks for a key. */
export class RemoteKeySet implements KeySet {
  readonly #download: KeySetDownload;
  readonly #vain = new VainTokens();
  #held: Held | undefined;
  #underWay: Promise<void> | undefined;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #problem = 'it was not asked yet';
  #closed = false;

  constructor(private readonly options: RemoteKeySetOptions) {
    this.#download = new KeySetDownload(options);
  }

  /** True if a token could be checked without waiting. */
  get isReady(): boolean {
    return this.#worth() !== 'expired';
  }

  /** True if the last time that it was asked for its keys, the provider did not give good ones. */
  get isFailing(): boolean {
    return this.#failures > 0;
  }

  /**
   * Fetches the set, so that the first token does not wait.
   * @throws AuthConfigurationError if there is no good one
   */
  async open(): Promise<void> {
    await this.#refresh();
    if (this.isReady) return;
    throw new AuthConfigurationError([
      `the keys of ${JSON.stringify(this.options.issuer)} could not be fetched: ${this.#problem}`,
    ]);
  }

  /** Ends pending downloads, and starts no more. */
  close(): void {
    this.#closed = true;
    this.#download.abort();
  }

  /** Finds a key. With a fresh set no request waits, except for a key that it does not hold. */
  find(query: KeyQuery): VerificationKey | Promise<VerificationKey> {
    const worth = this.#worth();
    if (worth === 'stale' || worth === 'expired') return this.#findLate(query);
    if (worth === 'due') void this.#refresh();
    return chooseKey(this.#keys, query) ?? this.#findUnknown(query);
  }

  get #keys(): readonly VerificationKey[] {
    return this.#held?.keys ?? [];
  }

  /** During an outage only the first one waits for the answer that does not come. */
  async #findLate(query: KeyQuery): Promise<VerificationKey> {
    // Before anything is asked: the answer counts for this token, if there is none.
    const presentedMs = this.options.clock.nowMs();
    const attempt = this.#refresh();
    if (this.#worth() === 'expired' || this.#failures === 0) await attempt;
    if (this.#worth() === 'expired') throw this.#unavailable();
    return chooseKey(this.#keys, query) ?? this.#findUnknown(query, presentedMs);
  }

  /**
   * The provider may have a new key. It is asked once for all who name unknown ones, and not again for a while. Until it was asked
   * after a token was first presented, nothing is known about that token: too early to ask is not "no".
   */
  async #findUnknown(query: KeyQuery, presentedMs = this.options.clock.nowMs()): Promise<VerificationKey> {
    const seenMs = this.#vain.firstSeenMs(query.mark, presentedMs);
    if (this.#sinceAskedMs() >= COOL_DOWN_MS) await this.#refresh(true);
    else await this.#underWay;
    const found = chooseKey(this.#keys, query);
    if (found !== undefined) return found;
    // The key may be a new one that an outage keeps from us: its tokens must not be refused permanently.
    const isAnswered = this.#failures === 0 && (this.#held?.askedAtMs ?? Number.NEGATIVE_INFINITY) >= seenMs;
    throw isAnswered ? unknownKey() : this.#unavailable();
  }

  /** Asks, unless it is too early to ask again. Concurrent callers share the attempt. Never rejects. */
  #refresh(forced = false): Promise<void> {
    if (this.#underWay !== undefined) return this.#underWay;
    if (this.#closed || this.#restMs() > 0) return Promise.resolve();
    this.#askedAtMs = this.options.clock.nowMs();
    this.#underWay = this.#attempt(forced).finally(() => {
      this.#underWay = undefined;
    });
    return this.#underWay;
  }

  async #attempt(forced: boolean): Promise<void> {
    try {
      await this.#take(await this.#download.get(this.#wanted(forced)));
      this.#failures = 0;
    } catch (cause) {
      this.#failures += 1;
      this.#problem = reasonOf(cause);
      publish({ type: 'key_set_failed', issuer: this.options.issuer, reason: this.#problem });
      if (this.#held === undefined) await this.#takeStored();
    }
  }

  /** What spares the fetch: a newer set than ours that is fresh, or for a forced one, so new that asking again is too early. */
  #wanted(forced: boolean) {
    const ours = this.#held?.set.fetchedAtMs ?? Number.NEGATIVE_INFINITY;
    const { clock, freshness } = this.options;
    const isFresh = (set: CachedKeySet): boolean =>
      forced ? clock.nowMs() - set.fetchedAtMs < COOL_DOWN_MS : freshnessOf(set, clock.nowMs(), freshness) === 'fresh';
    return {
      accepts: (set: CachedKeySet) => set.fetchedAtMs > ours && isFresh(set),
      check: async (set: CachedKeySet) => void (await this.#read(set)),
    };
  }

  /** If the process starts during an outage, fall back to the shared cache. */
  async #takeStored(): Promise<void> {
    const set = await this.#download.stored();
    if (set !== undefined) await this.#take({ set, askedAtMs: this.#download.askedBefore(set) }).catch(() => {});
  }

  async #take({ set, askedAtMs }: Downloaded): Promise<void> {
    const { keys, notices } = await this.#read(set);
    const { issuer } = this.options;
    for (const { kid, reason } of notices) publish({ type: 'key_ignored', issuer, kid, reason });
    publish({ type: 'key_set_fetched', issuer, count: keys.length });
    this.#held = { set, askedAtMs, keys };
  }

  #read({ body }: CachedKeySet): Promise<KeySetContent> {
    return readKeySet(body, { algorithms: this.options.algorithms, known: this.#held?.keys ?? [] });
  }

  #worth(): Freshness {
    if (this.#held === undefined) return 'expired';
    return freshnessOf(this.#held.set, this.options.clock.nowMs(), this.options.freshness);
  }

  #unavailable(): AuthError<'keys_unavailable'> {
    const isFailing = this.#failures > 0;
    const restMs = isFailing ? this.#restMs() : COOL_DOWN_MS - this.#sinceAskedMs();
    return new AuthError('keys_unavailable', {
      retryAfterSeconds: Math.max(1, Math.ceil(restMs / 1_000)),
      reason: {
        rule: isFailing
          ? `the key set could not be fetched: ${this.#problem}`
          : 'the key is not in the set, and it is too early to ask for the set again',
      },
    });
  }

  #restMs(): number {
    if (this.#failures === 0) return 0;
    const restMs = Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** (this.#failures - 1));
    return restMs - this.#sinceAskedMs();
  }

  /** If the clock was set back, requests must not wait for the size of that step. */
  #sinceAskedMs(): number {
    const passedMs = this.options.clock.nowMs() - this.#askedAtMs;
    return passedMs < 0 ? Number.POSITIVE_INFINITY : passedMs;
  }
}

function reasonOf(cause: unknown): string {
  const isOurs = cause instanceof KeyFetchError || cause instanceof KeySetError;
  return isOurs ? cause.message : 'the answer could not be read';
}
