// Time in tests: it stands still until it is moved.
import { parseDurationMs } from '../core/internal.js';
import { Clock, type Duration } from '../index.js';

/**
 * A clock that stands still until it is moved, so that no test waits for a token to expire.
 *
 * @example
 * ```ts
 * import { AuthModule } from 'nestjs-latchkey';
 * import { FixedClock } from 'nestjs-latchkey/testing';
 *
 * const clock = new FixedClock('2026-01-01T00:00:00Z');
 * const module = AuthModule.forRoot({ clock });
 * clock.advance('16m');
 * ```
 */
export class FixedClock extends Clock {
  private now: number;

  /**
   * @param start a date, or a text that `Date` understands
   * @throws {TypeError} for anything that is not a time
   */
  constructor(start: Date | string = '2026-01-01T00:00:00Z') {
    super();
    this.now = millisecondsOf(start);
  }

  override nowMs(): number {
    return this.now;
  }

  /** The clock of the stores stands still too, so that `refresh.grace` ends when a test says so. */
  override storeNowMs(): number {
    return this.now;
  }

  /**
   * Lets time pass: seconds as a number, or a text like `'15m'`.
   * @throws {TypeError} for anything that is not a duration
   */
  advance(duration: Duration): void {
    const milliseconds = parseDurationMs(duration);
    if (milliseconds === undefined) throw new TypeError(`${JSON.stringify(duration)} is not a duration; '15m' is one.`);
    this.now += milliseconds;
  }

  /** Moves to a time, which may lie in the past. @throws {TypeError} for anything that is not a time */
  set(time: Date | string): void {
    this.now = millisecondsOf(time);
  }
}

function millisecondsOf(time: Date | string): number {
  const milliseconds = new Date(time).getTime();
  if (Number.isNaN(milliseconds))
    throw new TypeError(`${JSON.stringify(time)} is not a time; '2026-01-01T00:00:00Z' is one.`);
  return milliseconds;
}
