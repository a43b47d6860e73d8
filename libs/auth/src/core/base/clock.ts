// Time: the only file of the library that reads it, so that tests can control it.

/**
 * Returns the current time. Inject another one to test expiry; see `FixedClock` in `nestjs-latchkey/testing`.
 */
export abstract class Clock {
  /** The current time in epoch milliseconds. */
  abstract nowMs(): number;

  /** Milliseconds since an arbitrary time, for measuring spans only. Changes of the system time do not affect it. */
  monotonicMs(): number {
    return this.nowMs();
  }

  /**
   * The current time by the one clock that all processes on a store share, in epoch milliseconds. `undefined`, the default, lets each
   * store ask its own: the database or Redis. A clock that is set by tests returns a time, so that tests control this time too.
   */
  storeNowMs(): number | undefined {
    return undefined;
  }

  /** The current time in whole epoch seconds, the unit of every time inside a token (RFC 7519 §2, NumericDate). */
  nowSeconds(): number {
    return Math.floor(this.nowMs() / 1000);
  }
}

/** The system clock; the default. */
export class SystemClock extends Clock {
  override nowMs(): number {
    return Date.now();
  }

  override monotonicMs(): number {
    return performance.now();
  }
}

/** A `Date` for the edges of the library: stores and applications use dates, tokens use seconds. */
export function dateOf(epochSeconds: number): Date {
  return new Date(epochSeconds * 1000);
}
