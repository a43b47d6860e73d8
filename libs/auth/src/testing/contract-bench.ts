// What the cases of the contract work with: a clock of their own and a few assertions.
import assert from 'node:assert/strict';
import type { OneTimeStore, Stores } from '../stores.js';
import { Clock } from '../index.js';

/** A clock that a case moves by hand. */
export class ContractClock extends Clock {
  /** A whole second, far enough ahead that nothing has expired by the system time either. */
  static readonly start = 1_900_000_000;
  #nowMs = ContractClock.start * 1_000;

  override nowMs(): number {
    return this.#nowMs;
  }

  override storeNowMs(): number {
    return this.#nowMs;
  }

  /** Moves forward. */
  advance(seconds: number): void {
    this.#nowMs += Math.round(seconds * 1_000);
  }
}

/** What a case works with. */
export interface StoreBench extends Stores {
  readonly clock: ContractClock;
  readonly oneTime: OneTimeStore;
}

/** A case as it is written: with stores at hand. */
export interface WrittenCase {
  readonly name: string;
  readonly test: (bench: StoreBench) => Promise<void>;
}

/** Asserts a count that is the right one, or 0 of a store that expires by itself. */
export async function pruned(prune: () => Promise<number>, count: number): Promise<void> {
  const answer = await prune();
  assert.ok(answer === count || answer === 0, `prune resolved ${answer} but ${count} had ended`);
}

/**
 * Rows without the fields that hold nothing, so that absent and `undefined` are one. A new array, because under Jest those of a
 * native driver belong to another realm and are never strictly equal to ours.
 */
export function plain<Row extends object>(rows: readonly Row[]): object[] {
  return Array.from(rows, (row) => Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined)));
}
