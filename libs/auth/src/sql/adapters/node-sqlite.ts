// SQLite through `node:sqlite`, which Node has since 22.5.
import { AuthConfigurationError } from '../../core/internal.js';
import type { StoredRow } from '../../stores.js';
import { returnsRows, type SqlDatabase, type SqlResult, type SqlValue } from '../database.js';
import { PreparedStatements } from './prepared.js';

/** A prepared statement of `node:sqlite`. */
export interface NodeSqliteStatement {
  all(...values: SqlValue[]): unknown[];
  run(...values: SqlValue[]): { readonly changes: number | bigint };
}

/** A `DatabaseSync` of `node:sqlite`. */
export interface NodeSqlite {
  prepare(statement: string): NodeSqliteStatement;
  exec(statement: string): void;
}

/**
 * Makes a database of a `DatabaseSync` of `node:sqlite`, or of the path of a file, which is opened with the journal mode WAL.
 *
 * @example
 * ```ts
 * import { nodeSqliteDatabase, sqlStores } from 'nestjs-latchkey/sql';
 *
 * export const storesIn = (file: string) => sqlStores({ database: nodeSqliteDatabase(file) });
 * ```
 * @throws {AuthConfigurationError} for a path, if this Node has no `node:sqlite`
 */
export function nodeSqliteDatabase(sqlite: NodeSqlite | string): SqlDatabase {
  const opened = typeof sqlite === 'string' ? open(sqlite) : sqlite;
  const prepared = new PreparedStatements((statement) => opened.prepare(statement));
  return {
    dialect: 'sqlite',
    // eslint-disable-next-line typescript/require-await -- a rejection, where the driver throws
    async execute(text, values) {
      try {
        return run(prepared.get(text), text, values);
      } catch (error) {
        throw named(error);
      }
    },
  };
}

function run(statement: NodeSqliteStatement, text: string, values: readonly SqlValue[]): SqlResult {
  if (!returnsRows(text)) return { rows: [], affected: Number(statement.run(...values).changes) };
  const rows = statement.all(...values) as StoredRow[];
  return { rows, affected: rows.length };
}

/** How long a statement waits for the lock of another process, in milliseconds; the process stands still meanwhile. */
const BUSY_TIMEOUT_MS = 100;

function open(path: string): NodeSqlite {
  // Looked up by name: an import would end the process of a Node that does not have it.
  const found: unknown = process.getBuiltinModule('node:sqlite');
  if (!hasDatabase(found))
    throw new AuthConfigurationError([
      `nodeSqliteDatabase needs node:sqlite, which Node has since 22.5, and this is ${process.version}. Use better-sqlite3 with betterSqlite3Database().`,
    ]);
  const database = new found.DatabaseSync(path);
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
  return database;
}

function hasDatabase(found: unknown): found is { DatabaseSync: new (path: string) => NodeSqlite } {
  return typeof found === 'object' && found !== null && 'DatabaseSync' in found;
}

/** Result codes of SQLite, which `node:sqlite` tells as numbers. */
const CODES: ReadonlyMap<unknown, string> = new Map([
  [5, 'SQLITE_BUSY'],
  [517, 'SQLITE_BUSY_SNAPSHOT'],
  [1_555, 'SQLITE_CONSTRAINT_PRIMARYKEY'],
  [2_067, 'SQLITE_CONSTRAINT_UNIQUE'],
]);

function named(error: unknown): unknown {
  if (!(error instanceof Error) || !('errcode' in error)) return error;
  const code = CODES.get(error.errcode);
  return code === undefined ? error : Object.assign(new Error(error.message, { cause: error }), { code });
}
