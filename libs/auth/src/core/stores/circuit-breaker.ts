// When to stop asking something that does not answer. Prevents the pile-up: every request waiting its whole limit for a store
// that is down, and a recovery that needs a restart.
import type { Clock } from '../base/clock.js';
import { AuthError } from '../base/errors.js';
import { publish, type StoreEvent } from '../base/events.js';
import { measured } from './store-calls.js';
import { withTimeout } from '../base/timeout.js';
import { NoTurnError, withinTurns } from './turns.js';

const UNHURRIED_MS = 60_000;
/** Longer than most transactions of an application, and shorter than a user or a proxy waits. */
const TURN_MS = 3_000;

/** How patient a breaker is. */
export interface BreakerOptions {
  /** How long one answer may take, in milliseconds. @defaultValue 300 */
  readonly timeoutMs?: number | undefined;
  /** Failures in a row after which it opens. @defaultValue 5 */
  readonly failures?: number | undefined;
  /** How long it stays open before one call may try again, in milliseconds. @defaultValue 1,000 */
  readonly openMs?: number | undefined;
  /** Whether calls may have to wait for a connection, for 3 seconds at most, before they are sent. @defaultValue false */
  readonly takesTurns?: boolean | undefined;
  /** Whom its events are about. @defaultValue no events */
  readonly store?: StoreEvent['store'] | undefined;
}

/** Circuit breaker with a time limit: opens after consecutive failures, then lets one probe call through at a time. */
export class CircuitBreaker {
  readonly #timeoutMs: number;
  readonly #failures: number;
  readonly #openMs: number;
  readonly #store: StoreEvent['store'] | undefined;
  readonly #takesTurns: boolean;
  /** Calls that were sent, given up, and are not settled: what they hold is not free for others. */
  #overdue = 0;
  #failed = 0;
  #openedAtMs: number | undefined;
  #probing = false;

  constructor(
    private readonly clock: Clock,
    { timeoutMs = 300, failures = 5, openMs = 1_000, store, takesTurns = false }: BreakerOptions = {},
  ) {
    this.#timeoutMs = timeoutMs;
    this.#failures = failures;
    this.#openMs = openMs;
    this.#store = store;
    this.#takesTurns = takesTurns;
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
      const answer = await measured(this.#store, this.clock, () => this.#inTime(work));
      this.#close();
      return answer;
    } catch (cause) {
      // Who waited for a connection that others use knows nothing of the database; who waited for one that hangs does.
      if (!(cause instanceof NoTurnError) || this.#overdue > 0) this.#fail(isProbe);
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
  async runInBackground<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await withTimeout(UNHURRIED_MS, work);
    } catch (cause) {
      throw this.#refusal(cause);
    }
  }

  async #inTime<T>(work: () => Promise<T>): Promise<T> {
    if (!this.#takesTurns) return withTimeout(this.#timeoutMs, work);
    let isSettled = false;
    let isOverdue = false;
    const settling = async (): Promise<T> => {
      try {
        return await work();
      } finally {
        isSettled = true;
        if (isOverdue) this.#overdue -= 1;
      }
    };
    try {
      const turnMs = this.#overdue > 0 ? this.#timeoutMs : TURN_MS;
      return await withinTurns({ answerMs: this.#timeoutMs, turnMs }, this.clock, settling);
    } catch (cause) {
      isOverdue = !isSettled && !(cause instanceof NoTurnError);
      if (isOverdue) this.#overdue += 1;
      throw cause;
    }
  }

  /** Lets a call through, or throws. Returns whether it is the one that finds out. */
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
