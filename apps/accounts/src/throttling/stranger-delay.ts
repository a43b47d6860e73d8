import type { Clock } from 'nestjs-latchkey';
import { AttemptLimiter, type OneTimeStore } from 'nestjs-latchkey/stores';

const HOUR_SECONDS = 3_600;
/** So many attempts of an hour have each delay; all after those have the last one. */
const ATTEMPTS_OF_EACH = 16;
const DELAYS_SECONDS = [0, 1, 2, 3] as const;
const LONGEST_SECONDS = 4;

/** How an attempt of a stranger is slowed down. */
export interface Slowdown {
  readonly delaySeconds: number;
  /** True once the delay grows no more: then it is not the account that can be protected further, but each network that can be limited. */
  readonly isLongest: boolean;
}

/**
 * How long attempts at one name wait, by how many there were in this hour from networks from which it never signed in. Counted over all
 * processes, for names that no user has as for others.
 */
export class StrangerDelay {
  private readonly steps: readonly { readonly attempts: AttemptLimiter; readonly delaySeconds: number }[];

  constructor(store: OneTimeStore, clock: Pick<Clock, 'nowSeconds'>) {
    this.steps = DELAYS_SECONDS.map((delaySeconds) => {
      const limit = { name: `strangers, ${delaySeconds}`, limit: ATTEMPTS_OF_EACH, windowSeconds: HOUR_SECONDS };
      return { delaySeconds, attempts: new AttemptLimiter(store, clock, limit) };
    });
  }

  /** @throws {AuthError} `store_unavailable` */
  async next(name: string): Promise<Slowdown> {
    for (const { attempts, delaySeconds } of this.steps)
      if ((await attempts.take(name)).allowed) return { delaySeconds, isLongest: false };
    return { delaySeconds: LONGEST_SECONDS, isLongest: true };
  }
}
