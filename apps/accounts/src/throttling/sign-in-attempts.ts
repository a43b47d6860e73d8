import type { ThrottlerStorage } from '@nestjs/throttler';

/** The maximum of names and addresses; beyond that, the least recently used are evicted. */
const MOST_KEYS = 100_000;
/** More attempts than this do not wait for the outcome of others. */
const MOST_WAITING = 64;

/** What is known of one name and address. */
interface Attempts {
  /** When each failure expires, in epoch milliseconds. */
  failures: readonly number[];
  /** Attempts whose outcome is not known yet. */
  pending: number;
  waiting: readonly (() => void)[];
}

/**
 * Failed sign-ins by key, in the memory of this process. An attempt takes a place before its password is looked at, so that many at
 * once cannot slip past the limit; where all places are taken by attempts that have not failed yet, it waits for them.
 */
export class SignInAttempts implements ThrottlerStorage {
  private readonly byKey = new Map<string, Attempts>();

  /** Takes a place; `settle` must give word of the outcome. */
  async increment(key: string, ttl: number, limit: number) {
    for (;;) {
      const attempts = this.attemptsOf(key);
      const failed = attempts.failures.length;
      const isBlocked = failed >= limit || attempts.waiting.length >= MOST_WAITING;
      if (isBlocked || failed + attempts.pending < limit) {
        if (!isBlocked) attempts.pending += 1;
        const waitSeconds = Math.ceil(((attempts.failures[0] ?? Date.now() + ttl) - Date.now()) / 1000);
        return { totalHits: failed + 1, timeToExpire: waitSeconds, isBlocked, timeToBlockExpire: waitSeconds };
      }
      await new Promise<void>((resolve) => {
        attempts.waiting = [...attempts.waiting, resolve];
      });
    }
  }

  /** The outcome of an attempt that had taken a place. */
  settle(key: string, outcome: { readonly failed: boolean; readonly ttl: number }): void {
    const attempts = this.attemptsOf(key);
    attempts.pending -= 1;
    if (outcome.failed) attempts.failures = [...attempts.failures, Date.now() + outcome.ttl];
    const { waiting } = attempts;
    attempts.waiting = [];
    for (const goOn of waiting) goOn();
    if (attempts.failures.length + attempts.pending + waiting.length === 0) this.byKey.delete(key);
  }

  private attemptsOf(key: string): Attempts {
    const attempts = this.byKey.get(key) ?? { failures: [], pending: 0, waiting: [] };
    attempts.failures = attempts.failures.filter((forgottenAt) => forgottenAt > Date.now());
    // Set again, so that the least recently used entry is first.
    this.byKey.delete(key);
    this.byKey.set(key, attempts);
    const [oldest] = this.byKey.keys();
    if (this.byKey.size > MOST_KEYS && oldest !== undefined) this.byKey.delete(oldest);
    return attempts;
  }
}
