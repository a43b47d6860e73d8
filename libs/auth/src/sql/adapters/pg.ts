// PostgreSQL through `pg`.
import type { SqlDatabase, SqlResult, SqlValue } from '../database.js';
import { connectionOf } from '../pools.js';
import { resultOf } from './results.js';

/** A client of `pg`. */
export interface PgQueries {
  query(statement: string, values: unknown[]): Promise<unknown>;
}

/** A client that a `Pool` of `pg` lends. */
export interface PgPoolClient extends PgQueries {
  release(error?: Error | boolean): void;
  on(event: 'error', listener: () => void): unknown;
  removeListener(event: 'error', listener: () => void): unknown;
}

/** A `Pool` of `pg`. */
export interface PgPool {
  connect(): Promise<PgPoolClient>;
  readonly totalCount: number;
  listenerCount(event: 'error'): number;
  on(event: 'error', listener: () => void): unknown;
}

/** A `Pool` of `pg`, or one of its clients: in a transaction, the client of the transaction. */
export type PgLike = PgPool | PgQueries;

/**
 * Makes a database of a `Pool` of `pg`. Statements are not named, so that PgBouncer may hand each to another connection.
 *
 * @example
 * ```ts
 * import { pgDatabase, sqlStores } from 'nestjs-latchkey/sql';
 * import { Pool } from 'pg';
 *
 * export const stores = sqlStores({ database: pgDatabase(new Pool()) });
 * ```
 */
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
  let isBroken = false;
  // The pool listens to clients that it holds, not to those that it lent: a server that shuts down right after its answer would end the process.
  const noteBreak = (): void => {
    isBroken = true;
  };
  client.on('error', noteBreak);
  try {
    return resultOf(await client.query(statement, [...values]));
  } catch (error) {
    // What the server answered leaves the connection as it was; what else broke may have broken it.
    isBroken ||= !(error instanceof Error && 'severity' in error);
    throw error;
  } finally {
    client.removeListener('error', noteBreak);
    client.release(isBroken);
  }
}
