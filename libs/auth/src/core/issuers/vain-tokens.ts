// The tokens that named an unknown key, and since when. A set that was asked for after a token was presented, and does not hold its
// key, is an answer to that token; an older set is none.

/** As many as are remembered: some hundred kilobytes at most. Beyond that, the oldest is evicted and counts as new. */
const MOST = 4_096;

/** Remembers when each token was first presented in vain. */
export class VainTokens {
  readonly #since = new Map<string, number>();

  /** When this token was first presented: now, unless it is remembered. A clock that was set back makes it new. */
  firstSeenMs(mark: string | undefined, nowMs: number): number {
    if (mark === undefined) return nowMs;
    const since = Math.min(nowMs, this.#since.get(mark) ?? nowMs);
    if (!this.#since.has(mark)) this.#remember(mark, since);
    return since;
  }

  #remember(mark: string, sinceMs: number): void {
    const [oldest] = this.#since.keys();
    if (this.#since.size >= MOST && oldest !== undefined) this.#since.delete(oldest);
    this.#since.set(mark, sinceMs);
  }
}
