// Deletes what has ended: in batches found by a plain read, so that no lock covers rows that live (on MariaDB a DELETE
// locks every row it looks at), and by key with the condition said again, so that a row refreshed meanwhile stays.
import { readString } from '../core/internal.js';
import type { StoredRow } from '../stores.js';
import { limitTo, type SqlRunner } from './runner.js';
import type { SqlValues } from './statements.js';

/** What to prune. */
export interface Pruning {
  readonly table: string;
  /** The columns of the primary key. */
  readonly key: readonly string[];
  /** The condition of having ended, over `:now`. */
  readonly ended: string;
  /** Epoch seconds. */
  readonly now: number;
}

const BATCH = 500;

/** Deletes every row that has ended. Resolves how many. */
export async function pruneInBatches(runner: SqlRunner, { table, key, ended, now }: Pruning): Promise<number> {
  let pruned = 0;
  for (;;) {
    const select = `SELECT ${key.join(', ')} FROM ${table} WHERE ${ended} ${limitTo(BATCH)}`;
    const { rows } = await runner.execute(select, { now });
    if (rows.length === 0) return pruned;
    const values: Record<string, string> = {};
    const keys = padded(rows).map((row, at) => {
      for (const column of key) values[`${column}${at}`] = readString(row, column);
      return `(${key.map((column) => `${column} = :${column}${at}`).join(' AND ')})`;
    });
    const erase = `DELETE FROM ${table} WHERE (${keys.join(' OR ')}) AND ${ended}`;
    pruned += (await runner.execute(erase, { ...values, now } satisfies SqlValues)).affected;
    if (rows.length < BATCH) return pruned;
  }
}

/** The last row again and again, up to the next power of two: a server keeps each text of a statement that it sees. */
function padded(rows: readonly StoredRow[]): readonly StoredRow[] {
  const size = 2 ** Math.ceil(Math.log2(rows.length));
  return Array.from({ length: size }, (_, at) => rows[Math.min(at, rows.length - 1)] ?? {});
}
