// SQLite through `better-sqlite3`.
import type { StoredRow } from '../../stores.js';
import type { SqlDatabase, SqlValue } from '../database.js';
import { PreparedStatements } from './prepared.js';

/** A prepared statement of `better-sqlite3`. */
export interface BetterSqlite3Statement {
  /** True for a statement that returns rows. */
  readonly reader: boolean;
  all(...values: SqlValue[]): unknown[];
  run(...values: SqlValue[]): { readonly changes: number };
}

/** A `Database` of `better-sqlite3`. */
export interface BetterSqlite3 {
  prepare(statement: string): BetterSqlite3Statement;
}

/**
 * Makes a database of a `Database` of `better-sqlite3`. For several processes switch on the journal mode WAL, and keep `timeout` short: the
 * process stands still while it waits for a lock.
 *
 * @example
 * ```ts
 * import { betterSqlite3Database, sqlStores, type BetterSqlite3 } from 'nestjs-latchkey/sql';
 *
 * // Of `new Database('app.sqlite', { timeout: 100 })`.
 * export const storesIn = (sqlite: BetterSqlite3) => sqlStores({ database: betterSqlite3Database(sqlite) });
 * ```
 */
export function betterSqlite3Database(sqlite: BetterSqlite3): SqlDatabase {
  const prepared = new PreparedStatements((statement) => sqlite.prepare(statement));
  return {
    dialect: 'sqlite',
    // eslint-disable-next-line typescript/require-await -- a rejection, where the driver throws
    async execute(text, values) {
      const statement = prepared.get(text);
      if (!statement.reader) return { rows: [], affected: statement.run(...values).changes };
      const rows = statement.all(...values) as StoredRow[];
      return { rows, affected: rows.length };
    },
  };
}
