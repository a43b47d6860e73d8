// Runs the statements of the stores: each decides by itself, without a transaction, and is tried again if the database says that trying
// again is the cure.
import { randomInt } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { hasCode } from '../core/internal.js';
import type { SqlDatabase, SqlDialect, SqlResult } from './database.js';
import { compile, type SqlValues } from './statements.js';
import type { SqlTables } from './tables.js';
import { noteInUse, transactionOn } from './transactions.js';

// Serialisation failure and deadlock on PostgreSQL, MySQL and MariaDB (a stale snapshot is ER_CHECKREAD; Prisma tells numbers), SQLite busy.
const TRANSIENT: ReadonlySet<unknown> = new Set([
  '40001',
  '40P01',
  'ER_LOCK_DEADLOCK',
  'ER_CHECKREAD',
  '1213',
  '1020',
  'P2034',
  'SQLITE_BUSY',
  'SQLITE_BUSY_SNAPSHOT',
]);
const RETRIES = 3;
const MOST_WAITED_MS = 10;

/** A database and the names of the tables in it. */
export class SqlRunner {
  constructor(
    private readonly database: SqlDatabase,
    readonly tables: SqlTables,
    /** What a transaction of the application is joined by. */
    private readonly identity: object = database,
  ) {
    noteInUse(identity);
  }

  get dialect(): SqlDialect {
    return this.database.dialect;
  }

  /** Whether the database has a pool of connections, which the rest of the application may use up. */
  get takesTurns(): boolean {
    return this.database.takesTurns === true;
  }

  /** True inside a transaction that the application passed. */
  get isJoined(): boolean {
    return transactionOn(this.identity) !== undefined;
  }

  /** Runs one statement on a connection of its own, outside of any transaction, and again if the database says so. */
  async execute(sql: string, values: SqlValues): Promise<SqlResult> {
    const { text, bound } = compile(this.database, sql, values);
    for (let retries = 0; ; retries += 1) {
      try {
        return await this.database.execute(text, bound);
      } catch (error) {
        if (retries === RETRIES || !hasCode(error, TRANSIENT)) throw error;
        // Random backoff (jitter).
        await wait(randomInt(MOST_WAITED_MS * (retries + 1)));
      }
    }
  }

  /** Runs one statement in the transaction of the application if one is joined (transactions.ts); otherwise as {@link execute}. */
  async executeJoined(sql: string, values: SqlValues): Promise<SqlResult> {
    const transaction = transactionOn(this.identity);
    if (transaction === undefined) return this.execute(sql, values);
    const { text, bound } = compile(transaction, sql, values);
    return transaction.execute(text, bound);
  }
}

/** An `INSERT` that does nothing if a row with that key is there. Columns by the name of their value. */
export function insertUnlessThere(
  dialect: SqlDialect,
  table: string,
  columns: Readonly<Record<string, string>>,
): string {
  const isMysql = dialect === 'mysql';
  const names = Object.keys(columns).join(', ');
  const values = Object.values(columns).join(', ');
  return `INSERT ${isMysql ? 'IGNORE ' : ''}INTO ${table} (${names}) VALUES (${values})${isMysql ? '' : ' ON CONFLICT DO NOTHING'}`;
}

/** A `LIMIT`, written out: MySQL takes no bound number there from drivers that bind every number as a floating-point one. */
export function limitTo(count: number): string {
  if (!Number.isSafeInteger(count) || count < 0) throw new TypeError('A limit is a whole number.');
  return `LIMIT ${count}`;
}
