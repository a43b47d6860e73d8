// Time: the only file of the library that reads it, so that tests can control it.

/**
 * Tells the time. Inject another one to test expiry; see `FixedClock` in `nestjs-latchkey/testing`.
 */
export abstract class Clock {
  /** The present moment in epoch milliseconds. */
  abstract nowMs(): number;

  /** Milliseconds since some moment, for spans alone: no step of the machine's time moves it. */
  monotonicMs(): number {
    return this.nowMs();
  }

  /**
   * The present moment by the one clock that all processes on a store share, in epoch milliseconds. `undefined`, the default, lets each
   * store ask its own: the database or Redis. A clock that is moved by hand answers, so that tests can stand anywhere in that time too.
   */
  storeNowMs(): number | undefined {
    return undefined;
  }

  /** The present moment in whole epoch seconds, the unit of every time inside a token (RFC 7519 §2, NumericDate). */
  nowSeconds(): number {
    return Math.floor(this.nowMs() / 1000);
  }
}

/** The clock of the machine; the default. */
export class SystemClock extends Clock {
  override nowMs(): number {
    return Date.now();
  }

  override monotonicMs(): number {
    return performance.now();
  }
}

/** A `Date` for the edges of the library: stores and people speak dates, tokens speak seconds. */
export function dateOf(epochSeconds: number): Date {
  return new Date(epochSeconds * 1000);
}
