// The port to a database: one statement with its values, and what came of it.
import type { StoredRow } from '../stores.js';

/** Which SQL a database speaks. MariaDB speaks `mysql`. */
export type SqlDialect = 'postgres' | 'mysql' | 'sqlite';

/** All dialects. */
export const SQL_DIALECTS: readonly SqlDialect[] = ['postgres', 'mysql', 'sqlite'];

/** What is bound to a placeholder. Never an object: some drivers expand objects into SQL. */
export type SqlValue = string | number | null;

/** The outcome of one statement. */
export interface SqlResult {
  /** Empty for a statement that returns no rows. Numbers may come as text or `bigint`, text as bytes. */
  readonly rows: readonly StoredRow[];
  /** How many rows were written. Not read for a statement that only reads. */
  readonly affected: number;
}

/**
 * A database as the stores need it. Adapters for common drivers and ORMs come with this entry point; one of your own is a few lines.
 *
 * @example
 * ```ts
 * import type { SqlDatabase } from 'nestjs-latchkey/sql';
 * import { Pool } from 'pg';
 *
 * const pool = new Pool();
 * export const database: SqlDatabase = {
 *   dialect: 'postgres',
 *   async execute(statement, values) {
 *     const { rows, rowCount } = await pool.query(statement, [...values]);
 *     return { rows, affected: rowCount ?? 0 };
 *   },
 * };
 * ```
 */
export interface SqlDatabase {
  readonly dialect: SqlDialect;
  /**
   * How placeholders are written: `$1`, which may occur several times, or `?`.
   * @defaultValue `numbered` on PostgreSQL, otherwise `questions`
   */
  readonly placeholders?: 'numbered' | 'questions' | undefined;
  /** True if a statement may wait for a free connection. Such waiting has a time limit of its own. */
  readonly takesTurns?: boolean | undefined;
  /**
   * Runs one statement on the primary, outside of a transaction, and never retries it. Values stand in the order of the placeholders.
   * Rejects with the error of the driver.
   */
  execute(statement: string, values: readonly SqlValue[]): Promise<SqlResult>;
}

/**
 * True for a statement that returns rows; for drivers that need to know.
 *
 * @example
 * ```ts
 * import { returnsRows } from 'nestjs-latchkey/sql';
 *
 * returnsRows('SELECT 1'); // true
 * returnsRows('DELETE FROM latchkey_audit'); // false
 * ```
 */
export function returnsRows(statement: string): boolean {
  return /^\s*SELECT\b|\bRETURNING\b/.test(statement);
}
