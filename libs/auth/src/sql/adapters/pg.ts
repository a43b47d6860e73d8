// PostgreSQL through `pg`.
import type { SqlDatabase, SqlResult, SqlValue } from '../database.js';
import { connectionOf } from '../pools.js';
import { resultOf } from './results.js';

/** A client of `pg`. */
export interface PgQueries {
  query(statement: string, values: unknown[]): Promise<unknown>;
}

/** A `Pool` of `pg`. */
export interface PgPool {
  connect(): Promise<PgQueries & { release(error?: Error | boolean): void }>;
  readonly totalCount: number;
  listenerCount(event: 'error'): number;
  on(event: 'error', listener: () => void): unknown;
}

/** A `Pool` of `pg`, or one of its clients: in a transaction, the client of the transaction. */
export type PgLike = PgPool | PgQueries;

/** Makes a database of a `Pool` of `pg`. Statements are not named, so that PgBouncer may hand each to another connection. */
export function pgDatabase(pg: PgLike): SqlDatabase {
  const isPool = 'totalCount' in pg;
  // Without a listener the process would end when the server closes an idle connection; the next statement reports what is wrong.
  if (isPool && pg.listenerCount('error') === 0) pg.on('error', () => {});
  return {
    dialect: 'postgres',
    takesTurns: isPool,
    execute: (statement, values) =>
      isPool ? executeOn(pg, statement, values) : pg.query(statement, [...values]).then(resultOf),
  };
}

async function executeOn(pool: PgPool, statement: string, values: readonly SqlValue[]): Promise<SqlResult> {
  const client = await connectionOf(
    pool,
    () => pool.connect(),
    (unused) => unused.release(),
  );
  try {
    const result = resultOf(await client.query(statement, [...values]));
    client.release();
    return result;
  } catch (error) {
    // What the server answered leaves the connection as it was; what else broke may have broken it.
    client.release(!(error instanceof Error && 'severity' in error));
    throw error;
  }
}
