// One SQL statement at a time: always on the primary, in the dialect of the DataSource, tried again where the database itself
// says that trying again is the cure. No transaction: each statement decides by itself.
import { randomInt } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { QueryFailedError, type DataSource, type EntitySchema, type ObjectLiteral } from 'typeorm';
import { type StoredRow, takeTurn } from '../core/internal.js';
import { isUsedUp } from './pools.js';

/** What the SQL must be told apart by. */
export type Dialect = 'sqlite' | 'postgres' | 'mysql';

/** What a statement did. */
export interface Executed {
  readonly rows: readonly StoredRow[];
  /** How many rows a write wrote. Says nothing of a statement that only reads. */
  readonly affected: number;
}

/** Values by the name they have in the SQL (`:name`). Text and numbers only: some drivers expand objects into SQL. */
export type SqlValues = Readonly<Record<string, string | number | null>>;

const DIALECTS: Readonly<Record<string, Dialect>> = {
  'better-sqlite3': 'sqlite',
  sqljs: 'sqlite',
  postgres: 'postgres',
  'aurora-postgres': 'postgres',
  mysql: 'mysql',
  mariadb: 'mysql',
  'aurora-mysql': 'mysql',
};

// Serialisation failure and deadlock on PostgreSQL, MySQL and MariaDB (which calls a stale snapshot ER_CHECKREAD), SQLite busy.
const TRANSIENT: ReadonlySet<unknown> = new Set([
  '40001',
  '40P01',
  'ER_LOCK_DEADLOCK',
  'ER_CHECKREAD',
  'SQLITE_BUSY',
  'SQLITE_BUSY_SNAPSHOT',
]);
const RETRIES = 3;
const MOST_WAITED_MS = 10;

/**
 * Says which SQL a DataSource speaks.
 * @throws {Error} for a database that has no migrations here
 */
export function dialectOf({ options }: DataSource): Dialect {
  const dialect = DIALECTS[options.type];
  if (!dialect)
    throw new Error(`nestjs-latchkey/typeorm knows SQLite, PostgreSQL, MySQL and MariaDB, and not ${options.type}.`);
  return dialect;
}

/** The quoted name of an entity's table, with the schema and prefix that the DataSource gives it. */
export function tableOf<Row extends ObjectLiteral>(dataSource: DataSource, entity: EntitySchema<Row>): string {
  const path = dataSource.getMetadata(entity).tablePath;
  return path
    .split('.')
    .map((part) => dataSource.driver.escape(part))
    .join('.');
}

/** Runs one statement on the primary. Reads go there too: a replica may not know yet what was revoked. */
export async function execute(dataSource: DataSource, sql: string, values: SqlValues): Promise<Executed> {
  for (let retries = 0; ; retries += 1) {
    try {
      return await executeOnce(dataSource, sql, values);
    } catch (error) {
      if (retries === RETRIES || !isTransient(error)) throw error;
      // Random backoff (jitter).
      await wait(randomInt(MOST_WAITED_MS * (retries + 1)));
    }
  }
}

async function executeOnce(dataSource: DataSource, sql: string, values: SqlValues): Promise<Executed> {
  const [text, parameters] = dataSource.driver.escapeQueryWithParameters(sql, checked(values));
  const runner = dataSource.createQueryRunner('master');
  try {
    await (isUsedUp(dataSource) ? takeTurn(async () => void (await runner.connect())) : runner.connect());
    const { records, affected } = await runner.query(text, parameters, true);
    return { rows: rowsOf(records), affected: affected ?? 0 };
  } finally {
    await runner.release();
  }
}

// Types hold for our callers; a value that came out of JSON may still be anything.
function checked(values: SqlValues): SqlValues {
  for (const [name, value] of Object.entries(values)) {
    if (value !== null && typeof value !== 'string' && !Number.isSafeInteger(value))
      throw new TypeError(`The value of ${name} is neither text nor a whole number.`);
  }
  return values;
}

function rowsOf(records: unknown): readonly StoredRow[] {
  return Array.isArray(records) ? records : [];
}

function isTransient(error: unknown): boolean {
  return error instanceof QueryFailedError && TRANSIENT.has(codeOf(error.driverError));
}

function codeOf(driverError: object): unknown {
  return 'code' in driverError ? driverError.code : undefined;
}
