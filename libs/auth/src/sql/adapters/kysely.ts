// Whatever Kysely speaks to, through compiled queries.
import type { SqlDatabase, SqlDialect } from '../database.js';
import { resultOf } from './results.js';

/** A compiled query, as Kysely's own `CompiledQuery.raw()` makes it. */
export interface KyselyRawQuery {
  readonly sql: string;
  readonly parameters: readonly unknown[];
  readonly query: {
    readonly kind: 'RawNode';
    readonly sqlFragments: readonly string[];
    readonly parameters: readonly [];
  };
  readonly queryId: { readonly queryId: string };
}

/** A `Kysely` or one of its transactions. */
export interface KyselyLike {
  /** Plugins may rename columns. */
  withoutPlugins(): KyselyLike;
  executeQuery(query: KyselyRawQuery): Promise<unknown>;
}

/** What Kysely does not say in public. */
export interface KyselyOptions {
  /** Which SQL the dialect of Kysely speaks. */
  readonly dialect: SqlDialect;
}

/**
 * Makes a database of a `Kysely`.
 *
 * @example
 * ```ts
 * import { Kysely, PostgresDialect } from 'kysely';
 * import { kyselyDatabase, sqlStores } from 'nestjs-latchkey/sql';
 * import { Pool } from 'pg';
 *
 * const db = new Kysely<object>({ dialect: new PostgresDialect({ pool: new Pool() }) });
 * export const stores = sqlStores({ database: kyselyDatabase(db, { dialect: 'postgres' }) });
 * ```
 */
export function kyselyDatabase(kysely: KyselyLike, { dialect }: KyselyOptions): SqlDatabase {
  const plain = kysely.withoutPlugins();
  return {
    dialect,
    execute: async (statement, values) => resultOf(await plain.executeQuery(rawQuery(statement, values))),
  };
}

function rawQuery(sql: string, parameters: readonly unknown[]): KyselyRawQuery {
  return {
    sql,
    parameters,
    query: { kind: 'RawNode', sqlFragments: [sql], parameters: [] },
    // For plugins only, which are not used.
    queryId: { queryId: 'latchkey' },
  };
}
