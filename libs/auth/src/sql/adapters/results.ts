// What drivers and query builders return, brought into one form. What the values are is read in core/stores/row.ts.
import type { StoredRow } from '../../stores.js';
import type { SqlResult } from '../database.js';

/** Under which name a result says how many rows were written. */
const COUNTS = ['rowCount', 'affectedRows', 'numAffectedRows', 'changes', 'rowsAffected', 'count'] as const;

/**
 * Reads the result of `pg` (`{ rows, rowCount }`), of `mysql2` (`[rows or header, fields]`), of SQLite (an array or `{ changes }`), and of
 * what stands on them.
 */
export function resultOf(raw: unknown): SqlResult {
  if (Array.isArray(raw)) return resultOfList(raw);
  const rows = rowsOf(typeof raw === 'object' && raw !== null && 'rows' in raw ? raw.rows : undefined);
  return { rows, affected: countIn(raw) ?? rows.length };
}

function resultOfList(raw: readonly unknown[]): SqlResult {
  const [first] = raw;
  if (Array.isArray(first) || countIn(first) !== undefined) return resultOf(first);
  return { rows: rowsOf(raw), affected: countIn(raw) ?? raw.length };
}

function countIn(raw: unknown): number | undefined {
  if (typeof raw !== 'object' || raw === null) return undefined;
  const count: unknown = COUNTS.map((name) => Reflect.get(raw, name)).find(isCount);
  return isCount(count) ? Number(count) : undefined;
}

function isCount(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

/** The rows, if there are any. */
export function rowsOf(rows: unknown): readonly StoredRow[] {
  return Array.isArray(rows) ? rows : [];
}
