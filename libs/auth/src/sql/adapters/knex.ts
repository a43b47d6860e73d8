// Whatever Knex speaks to, through its raw statements.
import type { SqlDatabase, SqlDialect, SqlResult, SqlValue } from '../database.js';
import { connectionOf } from '../pools.js';
import { resultOf } from './results.js';

/** A raw statement of Knex. */
export interface KnexRaw extends PromiseLike<unknown> {
  connection(connection: never): PromiseLike<unknown>;
}

/** A `Knex`, or one of its transactions. */
export interface KnexLike {
  raw(statement: string, values: SqlValue[]): KnexRaw;
  readonly isTransaction?: boolean;
  /** Which keeps the pool. */
  readonly client: unknown;
}

/** What Knex does not say in public. */
export interface KnexOptions {
  /** Which SQL the client of Knex speaks. */
  readonly dialect: SqlDialect;
}

/**
 * Makes a database of a `Knex`.
 *
 * @example
 * ```ts
 * import knex from 'knex';
 * import { knexDatabase, sqlStores } from 'nestjs-latchkey/sql';
 *
 * const db = knex({ client: 'pg', connection: process.env['DATABASE_URL'] ?? '' });
 * export const stores = sqlStores({ database: knexDatabase(db, { dialect: 'postgres' }) });
 * ```
 */
export function knexDatabase(knex: KnexLike, { dialect }: KnexOptions): SqlDatabase {
  const pooled = knex.isTransaction === true ? undefined : poolOf(knex.client);
  return {
    dialect,
    placeholders: 'questions',
    takesTurns: pooled !== undefined,
    async execute(statement, values) {
      const raw = knex.raw(statement, [...values]);
      return pooled === undefined ? resultOf(await raw) : executeOn(pooled, raw);
    },
  };
}

/** A client of Knex that has a pool. */
interface Pooled {
  readonly pool: unknown;
  acquireConnection(): Promise<unknown>;
  releaseConnection(connection: unknown): Promise<unknown>;
}

function poolOf(client: unknown): Pooled | undefined {
  if (typeof client !== 'object' || client === null) return undefined;
  return 'pool' in client && 'acquireConnection' in client && 'releaseConnection' in client
    ? (client as Pooled)
    : undefined;
}

async function executeOn(client: Pooled, raw: KnexRaw): Promise<SqlResult> {
  const giveBack = (unused: unknown): void => void client.releaseConnection(unused);
  const connection = await connectionOf(client.pool, () => client.acquireConnection(), giveBack);
  try {
    // `never` only because each client of Knex has a connection type of its own.
    return resultOf(await raw.connection(connection as never));
  } finally {
    giveBack(connection);
  }
}
