// How many attempts there may be in a span of time, counted by all processes together. Each attempt takes one of the places of its window
// in the store of one-time uses, before it is made: many at once cannot take more places than there are.
import { createHash } from 'node:crypto';
import { orUnavailable } from '../base/at-once.js';
import type { Clock } from '../base/clock.js';
import type { OneTimeStore } from './stores.js';

/** What is counted, and how much of it there may be. */
export interface AttemptLimit {
  /** Names what is counted, so that two limits do not share their places. */
  readonly name: string;
  /** How many attempts there may be in each window, 1 to 10,000. */
  readonly limit: number;
  /** How long a window is, in seconds, 1 to 86,400. Windows begin at multiples of it, so that twice the limit may come about its turn. */
  readonly windowSeconds: number;
}

/** Whether an attempt may be made. */
export type AttemptVerdict =
  { readonly allowed: true } | { readonly allowed: false; readonly retryAfterSeconds: number };

/** What this process knows of a key in the present window. */
interface Known {
  readonly window: number;
  /** The place that was asked for first; the others follow in their order. */
  readonly first: number;
  /** How often a place was asked for. Up to the limit, each time another one. */
  asked: number;
  /** How many places are certainly taken: the store answered, and they are different ones. */
  taken: number;
}

/** So many places are asked for at most by one attempt. */
const MOST_TRIES = 16;
/** The maximum of keys; beyond that, the least recently used are evicted. */
const MOST_KNOWN = 10_000;
const ALLOWED: AttemptVerdict = Object.freeze({ allowed: true });

/**
 * Limits attempts by a key (an address, a name, both) across all processes that share a store.
 *
 * There are never more attempts in a window than the limit, whatever races there are. Near the limit an attempt may be refused although a
 * place is left, if the limit is above 16 and another process took those that were asked for. A place is not given back.
 *
 * @example
 * ```ts
 * import { Clock } from 'nestjs-latchkey';
 * import { AttemptLimiter, OneTimeStore } from 'nestjs-latchkey/stores';
 *
 * export const mails = {
 *   provide: 'MAIL_LIMITER',
 *   inject: [OneTimeStore, Clock],
 *   useFactory: (store: OneTimeStore, clock: Clock) =>
 *     new AttemptLimiter(store, clock, { name: 'mails', limit: 3, windowSeconds: 3_600 }),
 * };
 * ```
 */
export class AttemptLimiter {
  private readonly known = new Map<string, Known>();

  /** @throws {TypeError} if the limit is not acceptable */
  constructor(
    private readonly store: OneTimeStore,
    private readonly clock: Pick<Clock, 'nowSeconds'>,
    private readonly options: AttemptLimit,
  ) {
    assertWhole('limit', options.limit, 10_000);
    assertWhole('windowSeconds', options.windowSeconds, 86_400);
    if (typeof options.name !== 'string' || options.name === '') throw new TypeError('name must be a text.');
  }

  /**
   * Takes a place for an attempt.
   * @param key any text; only a digest of it is kept
   * @throws {AuthError} `store_unavailable` (503) if unknown
   */
  async take(key: string): Promise<AttemptVerdict> {
    const { limit, windowSeconds } = this.options;
    const now = this.clock.nowSeconds();
    const window = Math.floor(now / windowSeconds);
    const endsAt = (window + 1) * windowSeconds;
    const refused: AttemptVerdict = { allowed: false, retryAfterSeconds: Math.max(1, endsAt - now) };
    const digest = createHash('sha256')
      .update(JSON.stringify([this.options.name, key]))
      .digest('base64url');
    for (let tries = 0; tries < Math.min(MOST_TRIES, limit); tries += 1) {
      const known = this.knownOf(digest, window);
      // All were asked for: until the window ends there is nothing to ask the store.
      if (known.taken >= limit) return refused;
      if (await this.takeNext(digest, known, endsAt)) return ALLOWED;
    }
    return refused;
  }

  private async takeNext(digest: string, known: Known, endsAt: number): Promise<boolean> {
    const { limit } = this.options;
    const place = (known.first + known.asked) % limit;
    const isAnother = known.asked < limit;
    // Counted before the answer, so that attempts of this process that come meanwhile ask for other places.
    known.asked += 1;
    try {
      const isFree = await this.isFree(`attempt:${digest}:${known.window}:${place}`, endsAt);
      if (isAnother) known.taken += 1;
      return isFree;
    } catch (error) {
      // Whether this place is taken is unknown: the count begins again with it.
      if (this.known.get(digest) === known)
        this.remember(digest, { window: known.window, first: place, asked: 0, taken: 0 });
      throw error;
    }
  }

  private async isFree(place: string, endsAt: number): Promise<boolean> {
    return (await orUnavailable('store_unavailable', () => this.store.consume(place, endsAt))) === true;
  }

  /** If there are many places, processes begin at different ones. */
  private knownOf(digest: string, window: number): Known {
    const { limit } = this.options;
    const before = this.known.get(digest);
    const first = limit <= MOST_TRIES ? 0 : Math.floor(Math.random() * limit);
    const known = before?.window === window ? before : { window, first, asked: 0, taken: 0 };
    this.remember(digest, known);
    return known;
  }

  private remember(digest: string, known: Known): void {
    this.known.delete(digest);
    this.known.set(digest, known);
    const [oldest] = this.known.keys();
    if (this.known.size > MOST_KNOWN && oldest !== undefined) this.known.delete(oldest);
  }
}

function assertWhole(name: string, value: number, most: number): void {
  if (!Number.isInteger(value) || value < 1 || value > most)
    throw new TypeError(`${name} is ${String(value)}; accepted are whole numbers from 1 to ${most}.`);
}
