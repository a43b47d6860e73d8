// Statements inside a transaction of the application, so that a sign-up and its first login are committed together.
import { AsyncLocalStorage } from 'node:async_hooks';
import type { SqlDatabase } from './database.js';

/** One transaction of the application, on one database. */
interface Joined {
  readonly database: object;
  readonly transaction: SqlDatabase;
  /** False once the work is done: what it left running must not use a connection that was given back. */
  isOpen: boolean;
  readonly outer: Joined | undefined;
}

const joined = new AsyncLocalStorage<Joined>();
/** What stores were made with. */
const inUse = new WeakSet<object>();

/** Notes that stores write to this database. */
export function noteInUse(database: object): void {
  inUse.add(database);
}

/**
 * Does work whose logins, revocations and audit entries are written by a transaction of the application: they are committed or rolled
 * back with it. Commit after it resolves; return no token to the client before that.
 *
 * Only what is recorded takes part: new and ended logins, revocations, redeemed one-time tokens, audit entries, and the look at a
 * user's earlier sign-out. Attempts and tries are counted outside: a rollback does not give them back. Whether a token was revoked is always asked outside, because the snapshot of a transaction grows old; a refresh is
 * never part of a transaction, because its client would not learn of a rollback. Nothing is retried: a transaction that failed has to
 * begin again. Events are published before the commit. Call `revokeSubject()` and `endAll()` after the commit: a sign-in between the call and the commit would outlive them.
 *
 * @param database what the stores were made with: the same object
 * @param transaction the adapter over what the transaction runs on: a client, a `tx`, a `trx`
 * @throws {TypeError} if no stores were made with this database
 * @throws whatever a statement failed with, also one that was not awaited: roll back
 * @example
 * ```ts
 * import type { TokenService } from 'nestjs-latchkey';
 * import { joinTransaction, pgDatabase } from 'nestjs-latchkey/sql';
 * import { Pool } from 'pg';
 *
 * const pool = new Pool();
 * export const database = pgDatabase(pool);
 *
 * export async function signUp(tokens: TokenService, name: string) {
 *   const client = await pool.connect();
 *   try {
 *     await client.query('BEGIN');
 *     const { rows } = await client.query('INSERT INTO users (name) VALUES ($1) RETURNING id', [name]);
 *     const pair = await joinTransaction(database, pgDatabase(client), () => tokens.issue(rows[0].id));
 *     await client.query('COMMIT');
 *     return pair;
 *   } catch (error) {
 *     await client.query('ROLLBACK');
 *     throw error;
 *   } finally {
 *     client.release();
 *   }
 * }
 * ```
 */
export async function joinTransaction<T>(
  database: SqlDatabase,
  transaction: SqlDatabase,
  work: () => Promise<T>,
): Promise<T> {
  return joinFor(database, transaction, work);
}

/** Does the same for whatever represents the database: a DataSource. */
export async function joinFor<T>(database: object, transaction: SqlDatabase, work: () => Promise<T>): Promise<T> {
  // Otherwise the login would be written beside the transaction without a word.
  if (!inUse.has(database))
    throw new TypeError('No stores were made with this database. Pass the same object that sqlStores() was given.');
  const statements: Promise<unknown>[] = [];
  const here: Joined = {
    database,
    transaction: noting(statements, transaction),
    isOpen: true,
    outer: joined.getStore(),
  };
  try {
    const result = await joined.run(here, work);
    // An entry of the audit trail is written in the background. PostgreSQL answers the COMMIT after a failed statement with a rollback and
    // no error, so a failure has to be seen before.
    await Promise.all(statements);
    return result;
  } finally {
    here.isOpen = false;
  }
}

/** The same transaction; every statement that it runs is added to the list. */
function noting(statements: Promise<unknown>[], transaction: SqlDatabase): SqlDatabase {
  const { dialect, placeholders, takesTurns } = transaction;
  return {
    dialect,
    placeholders,
    takesTurns,
    execute: (statement, values) => {
      const running = transaction.execute(statement, values);
      // Reported where it is awaited; not a second time as an unhandled rejection.
      running.catch(() => undefined);
      statements.push(running);
      return running;
    },
  };
}

/** The transaction that is open on this database where the caller is, if there is one. */
export function transactionOn(database: object): SqlDatabase | undefined {
  for (let at = joined.getStore(); at !== undefined; at = at.outer)
    if (at.database === database && at.isOpen) return at.transaction;
  return undefined;
}
