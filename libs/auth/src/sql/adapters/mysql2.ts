// MySQL and MariaDB through `mysql2`. Statements are prepared, so that no value is ever written into SQL, whatever `sql_mode` says.
import type { SqlDatabase, SqlResult, SqlValue } from '../database.js';
import { connectionOf } from '../pools.js';
import { resultOf } from './results.js';

/** A connection of `mysql2/promise`. */
export interface Mysql2Statements {
  execute(statement: string, values: SqlValue[]): Promise<unknown>;
}

/** A pool of `mysql2/promise`. */
export interface Mysql2Pool {
  getConnection(): Promise<Mysql2Statements & { release(): void }>;
  /** The pool underneath, which counts its connections. */
  readonly pool?: unknown;
}

/** A pool or a connection of `mysql2/promise`: in a transaction, the connection of the transaction. */
export type Mysql2 = Mysql2Pool | Mysql2Statements;

/**
 * Makes a database of a pool of `mysql2/promise`.
 *
 * @example
 * ```ts
 * import { createPool } from 'mysql2/promise';
 * import { mysql2Database, sqlStores } from 'nestjs-latchkey/sql';
 *
 * const pool = createPool(process.env['DATABASE_URL'] ?? '');
 * export const stores = sqlStores({ database: mysql2Database(pool) });
 * ```
 */
export function mysql2Database(mysql2: Mysql2): SqlDatabase {
  const isPool = 'getConnection' in mysql2;
  return {
    dialect: 'mysql',
    takesTurns: isPool,
    execute: (statement, values) =>
      isPool ? executeOn(mysql2, statement, values) : mysql2.execute(statement, [...values]).then(resultOf),
  };
}

async function executeOn(pool: Mysql2Pool, statement: string, values: readonly SqlValue[]): Promise<SqlResult> {
  const connection = await connectionOf(
    pool.pool,
    () => pool.getConnection(),
    (unused) => unused.release(),
  );
  try {
    return resultOf(await connection.execute(statement, [...values]));
  } finally {
    connection.release();
  }
}
