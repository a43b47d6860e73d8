// The clocks of the tests. See `FixedClock` in nestjs-latchkey/testing for the one that applications use.
import { Clock } from 'nestjs-latchkey';

/** A clock that stands still until it is moved. */
export class ManualClock extends Clock {
  /**
   * @param ms the time that it starts with, in epoch milliseconds
   * @param movesStores whether it is the clock of the stores too; otherwise a database uses its own
   */
  constructor(
    public ms = 1_900_000_000_000,
    private readonly movesStores = true,
  ) {
    super();
  }

  override nowMs(): number {
    return this.ms;
  }

  override storeNowMs(): number | undefined {
    return this.movesStores ? this.ms : undefined;
  }

  /** The same time in epoch seconds. */
  get seconds(): number {
    return this.ms / 1_000;
  }

  set seconds(seconds: number) {
    this.ms = seconds * 1_000;
  }

  advance(seconds: number): void {
    this.ms += seconds * 1_000;
  }
}

/** The real time plus a difference, as of a node whose clock is ahead. */
export class OffsetClock extends Clock {
  constructor(public seconds = 0) {
    super();
  }

  override nowMs(): number {
    return Date.now() + this.seconds * 1_000;
  }
}
