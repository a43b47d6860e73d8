// The bound on parallel password hashing. Node verifies signatures on the same four threads that hash passwords: eight
// hashes at once make every other request of the process wait hundreds of milliseconds.
import { AuthError } from '../base/errors.js';

/**
 * Runs password hashes a few at a time, and refuses when too many wait.
 *
 * @example
 * ```ts
 * import { HashingQueue } from 'nestjs-latchkey';
 *
 * const queue = new HashingQueue({ concurrency: 2, waiting: 64 });
 * const matches = await queue.run(() => Promise.resolve(true));
 * ```
 */
export class HashingQueue {
  private running = 0;
  private readonly waiters: (() => void)[] = [];

  /**
   * @param bounds.concurrency hashes that run at once @defaultValue 2
   * @param bounds.waiting hashes that may wait; one more is refused @defaultValue 64
   */
  constructor(private readonly bounds: { readonly concurrency?: number; readonly waiting?: number } = {}) {}

  /** How many hashes wait, for health checks. */
  get waiting(): number {
    return this.waiters.length;
  }

  /** Runs the work when it is its turn. @throws {AuthError} `sign_in_overloaded`, and whatever the work rejects with */
  async run<T>(work: () => Promise<T>): Promise<T> {
    await this.turn();
    try {
      return await work();
    } finally {
      this.release();
    }
  }

  private async turn(): Promise<void> {
    const { concurrency = 2, waiting = 64 } = this.bounds;
    if (this.running < concurrency) {
      this.running += 1;
      return;
    }
    if (this.waiters.length >= waiting) throw new AuthError('sign_in_overloaded', { retryAfterSeconds: 2 });
    await new Promise<void>((resolve) => this.waiters.push(resolve));
  }

  /** Hands the place to the next in line, or frees it. */
  private release(): void {
    const next = this.waiters.shift();
    if (next === undefined) this.running -= 1;
    else next();
  }
}
