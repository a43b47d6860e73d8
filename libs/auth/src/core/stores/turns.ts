// Waiting for a turn is not waiting for an answer. Handles a connection pool that the application's own transactions use up: the database
// is well, and must not be taken for one that is down.
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Clock } from '../base/clock.js';

/** The turn did not come. Says nothing about the store itself. */
export class NoTurnError extends Error {
  override readonly name = 'NoTurnError';
}

/** How long a call may take: for its answers, and for its turns. In milliseconds. */
export interface Patience {
  readonly answerMs: number;
  readonly turnMs: number;
}

const limits = new AsyncLocalStorage<Limit>();

/** Runs a time limit for each of both, one at a time. */
class Limit {
  readonly over: Promise<never>;
  #reject: (reason: Error) => void = () => {};
  #timer: NodeJS.Timeout | undefined;
  #startedMs = 0;
  #isOver = false;
  /** How many turns are waited for: for a connection, and for a lock. */
  #turns = 0;
  #left: { answerMs: number; turnMs: number };

  constructor(
    private readonly patience: Patience,
    private readonly clock: Clock,
  ) {
    this.#left = { ...patience };
    this.over = new Promise<never>((_, reject) => (this.#reject = reject));
    // A caller that got its answer in time does not wait for it.
    this.over.catch(() => {});
    this.#run('answerMs');
  }

  /** After how long it is worth a question why there is no answer: there is time for it, and for what follows. */
  get lookMs(): number {
    return this.patience.answerMs / 3;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  async turn<T>(wait: () => Promise<T>): Promise<T> {
    this.#turns += 1;
    if (this.#turns === 1) this.#change('answerMs', 'turnMs');
    try {
      return await wait();
    } finally {
      this.#turns -= 1;
      if (this.#turns === 0) this.#change('turnMs', 'answerMs');
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#isOver = true;
  }

  #change(from: keyof Patience, to: keyof Patience): void {
    this.#pause(from);
    if (!this.#isOver) this.#run(to);
  }

  #run(kind: keyof Patience): void {
    this.#startedMs = this.clock.monotonicMs();
    this.#timer = setTimeout(() => this.#end(kind), this.#left[kind]);
  }

  #pause(kind: keyof Patience): void {
    clearTimeout(this.#timer);
    this.#left[kind] = Math.max(0, this.#left[kind] - (this.clock.monotonicMs() - this.#startedMs));
  }

  #end(kind: keyof Patience): void {
    this.#isOver = true;
    const { answerMs, turnMs } = this.patience;
    this.#reject(
      kind === 'turnMs'
        ? new NoTurnError(
            `No turn came within ${turnMs} ms: all connections of the pool are in use, or another transaction holds what was asked for.`,
          )
        : new Error(`No answer within ${answerMs} ms.`),
    );
  }
}

/**
 * Waits for an answer within both limits, and rejects after either. What comes later is dropped, an error included.
 * @throws {NoTurnError} if the work was still waiting for its turn
 */
export async function withinTurns<T>(patience: Patience, clock: Clock, work: () => Promise<T>): Promise<T> {
  const limit = new Limit(patience, clock);
  try {
    return await Promise.race([limits.run(limit, work), limit.over]);
  } finally {
    limit.stop();
  }
}

/**
 * Waits for a turn, on the time that the call under way has for turns.
 *
 * @example
 * ```ts
 * import { takeTurn } from 'nestjs-latchkey/stores';
 *
 * export const connect = (permits: { acquire(): Promise<void> }) => takeTurn(() => permits.acquire());
 * ```
 * @throws {NoTurnError} if the turn came after the caller stopped waiting: nothing must be sent then
 */
export async function takeTurn(wait: () => Promise<void>): Promise<void> {
  const limit = limits.getStore();
  if (limit === undefined) return wait();
  await limit.turn(wait);
  if (limit.isOver) throw new NoTurnError('The turn came too late.');
}

/**
 * Waits for a write that may have to wait for the lock of another transaction. If it takes long, and the store answers something else
 * meanwhile, then it is well, and the rest of the waiting is waiting for a turn.
 *
 * @param isWell asks the store something that takes no lock
 * @throws whatever the write rejects with
 */
export async function behindLock<T>(write: Promise<T>, isWell: () => Promise<unknown>): Promise<T> {
  const limit = limits.getStore();
  if (limit === undefined || (await isSettledWithin(limit.lookMs, write))) return write;
  const answered = limits.exit(isWell).then(
    () => true,
    () => false,
  );
  const isSettled = write.then(
    () => false,
    () => false,
  );
  if (await Promise.race([answered, isSettled])) await limit.turn(() => write);
  return write;
}

/** Whether a promise was settled in time. It leaves no timer behind. */
async function isSettledWithin(ms: number, promise: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), ms)));
  const settled = promise.then(
    () => true,
    () => true,
  );
  return Promise.race([settled, late]).finally(() => clearTimeout(timer));
}

/** A store whose calls may have to wait for a turn, and say so by {@link takeTurn}. */
export interface TurnTakingStore {
  readonly takesTurns: boolean;
}

/** True if a store may have to wait for a turn. */
export function takesTurns(store: object): boolean {
  return 'takesTurns' in store && store.takesTurns === true;
}
