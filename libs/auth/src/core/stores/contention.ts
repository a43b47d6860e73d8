// What a store says if others were in the way. Keeps a sign-in from being refused although the next attempt would succeed.
import { hasCode } from './error-codes.js';
import type { Login, LoginStore } from './stores.js';

/** A unique violation, a serialisation failure or a deadlock: on PostgreSQL, on MySQL and MariaDB (by name and number), on SQLite. */
const CONTENTION: ReadonlySet<unknown> = new Set([
  '23505',
  '40001',
  '40P01',
  'ER_DUP_ENTRY',
  'ER_LOCK_DEADLOCK',
  'ER_CHECKREAD',
  '1062',
  '1213',
  '1020',
  'SQLITE_BUSY',
  'SQLITE_BUSY_SNAPSHOT',
  'SQLITE_CONSTRAINT',
  'SQLITE_CONSTRAINT_PRIMARYKEY',
  'SQLITE_CONSTRAINT_UNIQUE',
]);
const TRIES = 3;

/**
 * Opens a sign-in, again if others were in the way. One that is there already is ours if it holds our token: an answer was lost and
 * a layer between us and the database asked twice.
 */
export async function openDespiteOthers(store: LoginStore, login: Login): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await store.open(login);
      return;
    } catch (error) {
      if (tries === TRIES || !hasCode(error, CONTENTION)) throw error;
      const there = await store.find(login.issuer, login.sid);
      if (there !== undefined && isSame(there, login)) return;
    }
  }
}

function isSame(there: Login, ours: Login): boolean {
  // Ids of tokens are never given twice; a host session has none and is identified by its sign-in alone.
  return there.subject === ours.subject && there.currentJti === ours.currentJti && there.createdAt === ours.createdAt;
}
