// Owns when to stop asking something that does not answer. Answers the pile-up: every request waiting its whole limit for a store
// that is down, and a recovery that needs a restart.
import type { Clock } from '../clock.js';
import { AuthError } from '../errors.js';
import { publish, type StoreEvent } from '../events.js';
import { measured } from './store-calls.js';
import { within } from './time-limit.js';

const UNHURRIED_MS = 60_000;

/** How patient a breaker is. */
export interface BreakerOptions {
  /** How long one answer may take, in milliseconds. @defaultValue 300 */
  readonly timeoutMs?: number | undefined;
  /** Failures in a row after which it opens. @defaultValue 5 */
  readonly failures?: number | undefined;
  /** How long it stays open before one call may try again, in milliseconds. @defaultValue 1,000 */
  readonly openMs?: number | undefined;
  /** Whom its events are about. @defaultValue no events */
  readonly store?: StoreEvent['store'] | undefined;
}

/** Asks with a time limit; after some failures in a row refuses at once, and lets one call at a time find out whether it is over. */
export class Breaker {
  readonly #timeoutMs: number;
  readonly #failures: number;
  readonly #openMs: number;
  readonly #store: StoreEvent['store'] | undefined;
  #failed = 0;
  #openedAtMs: number | undefined;
  #probing = false;

  constructor(
    private readonly clock: Clock,
    { timeoutMs = 300, failures = 5, openMs = 1_000, store }: BreakerOptions = {},
  ) {
    this.#timeoutMs = timeoutMs;
    this.#failures = failures;
    this.#openMs = openMs;
    this.#store = store;
  }

  /** True while calls are refused without being made. */
  get isOpen(): boolean {
    return this.#openedAtMs !== undefined;
  }

  /**
   * Does the work, within the limit.
   * @throws {AuthError} `store_unavailable`, whatever broke
   */
  async run<T>(work: () => Promise<T>): Promise<T> {
    const isProbe = this.#admit();
    try {
      const answer = await measured(this.#store, this.clock, () => within(this.#timeoutMs, work));
      this.#close();
      return answer;
    } catch (cause) {
      this.#fail(isProbe);
      throw this.#refusal(cause);
    } finally {
      if (isProbe) this.#probing = false;
    }
  }

  /**
   * Does work that no request waits for, within a minute. Its outcome says nothing about how fast the others are answered, so it
   * neither opens nor closes anything.
   * @throws {AuthError} `store_unavailable`, whatever broke
   */
  async runUnhurried<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await within(UNHURRIED_MS, work);
    } catch (cause) {
      throw this.#refusal(cause);
    }
  }

  /** Lets a call through, or throws. Answers whether it is the one that finds out. */
  #admit(): boolean {
    if (this.#openedAtMs === undefined) return false;
    if (this.#probing || this.#restMs() > 0) throw this.#refusal(undefined);
    this.#probing = true;
    return true;
  }

  #restMs(): number {
    if (this.#openedAtMs === undefined) return 0;
    const passedMs = this.clock.nowMs() - this.#openedAtMs;
    // A clock that was set back must not keep it open for as long as the step was.
    return passedMs < 0 ? 0 : this.#openMs - passedMs;
  }

  #close(): void {
    this.#failed = 0;
    if (this.#openedAtMs === undefined) return;
    this.#openedAtMs = undefined;
    this.#tell('store_recovered');
  }

  // Calls that were under way when it opened fail too; they neither open it again nor prolong it.
  #fail(isProbe: boolean): void {
    this.#failed += 1;
    const opens = this.#openedAtMs === undefined && this.#failed >= this.#failures;
    if (opens || isProbe) this.#openedAtMs = this.clock.nowMs();
    if (opens) this.#tell('store_failed');
  }

  #tell(type: StoreEvent['type']): void {
    if (this.#store !== undefined) publish({ type, store: this.#store });
  }

  #refusal(cause: unknown): AuthError<'store_unavailable'> {
    const retryAfterSeconds = Math.max(1, Math.ceil(this.#restMs() / 1_000));
    return new AuthError('store_unavailable', { cause, retryAfterSeconds });
  }
}
