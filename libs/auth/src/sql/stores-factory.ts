// sqlStores(), sqlAuditSink() and SqlKeySetCache: what an application names in its options to keep data in SQL.
import { AuthConfigurationError, Clock, nameHint } from '../core/internal.js';
import type { Stores, StoresFactory } from '../stores.js';
import type { AuditSinkFactory } from '../events.js';
import { SqlAuditSink } from './audit-sink.js';
import { SqlBlocklistStore } from './blocklist-store.js';
import { SQL_DIALECTS, type SqlDatabase } from './database.js';
import type { PushOptions } from './listener.js';
import { StoredKeySetCache } from './key-set-cache.js';
import { SqlLoginStore } from './login-store.js';
import { SqlOneTimeStore } from './one-time-store.js';
import type { Remedy } from './readiness.js';
import { SqlRunner } from './runner.js';
import { tablesAt, type SqlPlace } from './tables.js';

/** Which database to use, and if in it. */
export type SqlDatabaseOptions = SqlPlace &
  (
    | {
        /** The database, as one of the adapters makes it: `pgDatabase(pool)`. */
        readonly database: SqlDatabase;
      }
    | {
        /** The injection token of such a database. */
        readonly inject: unknown;
      }
  );

/** Which database the stores use, and how they receive changes. */
export type SqlStoresOptions = SqlDatabaseOptions & PushOptions;

/**
 * Keeps the blocklist, the logins and used one-time tokens in your own database: PostgreSQL, MySQL, MariaDB or SQLite, through the driver or the ORM that you
 * have. `npx latchkey schema` prints the statements that make the tables.
 *
 * @throws {AuthConfigurationError} if the prefix or the schema is not a plain identifier
 * @example
 * ```ts
 * import { AuthModule } from 'nestjs-latchkey';
 * import { pgDatabase, sqlStores } from 'nestjs-latchkey/sql';
 * import { Pool } from 'pg';
 *
 * const database = pgDatabase(new Pool({ connectionString: 'postgres://127.0.0.1/app' }));
 * export const auth = AuthModule.forRoot({ stores: sqlStores({ database }) });
 * ```
 */
export function sqlStores(options: SqlStoresOptions): StoresFactory {
  const makeStores = (clock: Clock, database: SqlDatabase): Stores => {
    const { listen } = options;
    const runner = runnerOn(database, options, STORE_OPTIONS);
    const remedy = remedyFor(database, options);
    if (listen !== undefined && typeof listen !== 'function')
      throw new AuthConfigurationError(['listen is not a function; accepted is one that makes a Client of pg']);
    return {
      revocations: new SqlBlocklistStore(runner, clock, { remedy, openListener: listen }),
      logins: new SqlLoginStore(runner, clock, remedy),
      oneTime: new SqlOneTimeStore(runner, clock, remedy),
    };
  };
  return 'database' in options
    ? { inject: [Clock], useFactory: (clock: Clock) => makeStores(clock, options.database) }
    : { inject: [Clock, options.inject], useFactory: makeStores };
}

/**
 * Keeps the audit trail in your own database.
 *
 * @throws {AuthConfigurationError} if the prefix or the schema is not a plain identifier
 * @example
 * ```ts
 * import { AuthModule } from 'nestjs-latchkey';
 * import { pgDatabase, sqlAuditSink, sqlStores } from 'nestjs-latchkey/sql';
 * import { Pool } from 'pg';
 *
 * const database = pgDatabase(new Pool());
 * export const auth = AuthModule.forRoot({
 *   stores: sqlStores({ database }),
 *   audit: { sink: sqlAuditSink({ database }) },
 * });
 * ```
 */
export function sqlAuditSink(options: SqlDatabaseOptions): AuditSinkFactory {
  const makeSink = (database: SqlDatabase) =>
    new SqlAuditSink(runnerOn(database, options), remedyFor(database, options));
  return 'database' in options
    ? { useFactory: () => makeSink(options.database) }
    : { inject: [options.inject], useFactory: makeSink };
}

/**
 * Shares fetched key sets in one table of your database: name it as `sharedCache` of the issuers in `trust`.
 *
 * @example
 * ```ts
 * import { AuthModule } from 'nestjs-latchkey';
 * import { pgDatabase, SqlKeySetCache } from 'nestjs-latchkey/sql';
 * import { Pool } from 'pg';
 *
 * const sharedCache = new SqlKeySetCache(pgDatabase(new Pool()));
 * export const auth = AuthModule.forRoot({
 *   trust: [{ issuer: 'https://accounts.example.com', audience: 'courses', keys: { discovery: true, sharedCache } }],
 * });
 * ```
 */
export class SqlKeySetCache extends StoredKeySetCache {
  /** @throws {AuthConfigurationError} if the prefix or the schema is not a plain identifier */
  constructor(database: SqlDatabase, place: SqlPlace = {}) {
    super(runnerOn(database, place), remedyFor(database, place));
  }
}

/** @throws {AuthConfigurationError} naming what is wrong with an option */
function runnerOn(database: SqlDatabase, options: SqlPlace, names = OPTIONS): SqlRunner {
  const problems = [...unknownOptions(options, names), ...databaseProblems(database)];
  if (problems.length > 0) throw new AuthConfigurationError(problems);
  return new SqlRunner(database, tablesAt(database.dialect, options));
}

const OPTIONS = ['database', 'inject', 'prefix', 'schema'];
const STORE_OPTIONS = [...OPTIONS, 'listen'];

function unknownOptions(options: object, names: readonly string[]): string[] {
  const unknown = Object.keys(options).filter((name) => !names.includes(name));
  return unknown.map((name) => `${name} is not an option of SQL stores; ${nameHint(name, names)}`);
}

// A pool or an ORM itself is easily passed instead of the adapter.
function databaseProblems(database: Partial<SqlDatabase> | undefined): string[] {
  const isDatabase = typeof database?.execute === 'function' && SQL_DIALECTS.some((each) => each === database.dialect);
  return isDatabase
    ? []
    : ['database is not a database; accepted is what an adapter makes: pgDatabase(pool), mysql2Database(pool), ...'];
}

/** The command that prints what is missing. */
function remedyFor({ dialect }: SqlDatabase, { prefix, schema }: SqlPlace): Remedy {
  return (from) => {
    const options = Object.entries({ dialect, prefix, schema, from: from === 0 ? undefined : String(from) })
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => ` --${name} ${value}`);
    return `Run the statements that \`npx latchkey schema${options.join('')}\` prints`;
  };
}
