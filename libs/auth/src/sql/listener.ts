// Receives changes of the blocklist from PostgreSQL. It takes a connection of its own, and only brings a reading forward: if the
// connection is down or a message is lost, the change is read a little later.
import { EventEmitter, once } from 'node:events';
import { AuthConfigurationError, keepListening, withTimeout } from '../core/internal.js';
import type { SqlRunner } from './runner.js';

const CHANNEL = 'latchkey_revoked';
const PATIENCE_MS = 5_000;

/** Notifies listeners once the transaction is committed. The message has no content. */
export const NOTIFY = `CAST(pg_notify('${CHANNEL}', '') AS text)`;

/** The part of a `Client` of `pg` that is used. */
export interface PgListener {
  connect(): Promise<unknown>;
  query(statement: string): Promise<unknown>;
  on(event: string, listener: (...about: never[]) => void): unknown;
  end(): Promise<unknown>;
}

/** Makes a client that is not connected yet. It is called again whenever the connection was lost. */
export type OpenPgListener = () => PgListener;

/** How the stores receive changes. */
export interface PushOptions {
  /**
   * On PostgreSQL, makes a `Client` of `pg` for `LISTEN`, so that a revocation reaches other processes within milliseconds if
   * `revocation.freshness` is `{ withinMs }`. It is connected by the stores, to PostgreSQL itself and not to a pooler, and closed with
   * the application. Each process that revokes needs the option too. What is said there is only that something changed: the bound of
   * `withinMs` holds without it.
   *
   * @defaultValue nothing listens, and nothing is said
   */
  readonly listen?: OpenPgListener | undefined;
}

/**
 * Calls back whenever a process says that the blocklist changed, from now on until it is stopped, however often the connection is lost.
 * @returns how to stop
 */
export function listen(openListener: OpenPgListener, onMessage: () => void): () => void {
  return keepListening(async (over) => {
    const listener = openListener();
    const lost = lossOf(listener);
    const done = new AbortController();
    const aborted = once(over, 'abort', { signal: done.signal });
    listener.on('notification', () => over.aborted || onMessage());
    try {
      await Promise.race([aborted, lost, startListening(listener)]);
      // Messages before that are lost.
      if (!over.aborted) onMessage();
      await Promise.race([aborted, lost]);
    } finally {
      done.abort();
      aborted.catch(() => {});
      close(listener);
    }
  });
}

/**
 * Sends a message and waits until it is received.
 * @throws {AuthConfigurationError} if it is not
 */
export async function checkListener(runner: SqlRunner, openListener: OpenPgListener): Promise<void> {
  if (runner.dialect !== 'postgres')
    throw new AuthConfigurationError([`listen is given, which PostgreSQL has, and the database is ${runner.dialect}`]);
  const listener = openListener();
  const lost = lossOf(listener);
  const received = new EventEmitter();
  listener.on('notification', () => received.emit('message'));
  try {
    await withTimeout(PATIENCE_MS, async () => {
      const message = once(received, 'message');
      await Promise.race([lost, startListening(listener)]);
      await runner.execute(`SELECT ${NOTIFY} AS told`, {});
      await Promise.race([lost, message]);
    });
  } catch (error) {
    throw new AuthConfigurationError([
      `Messages of NOTIFY do not reach the client of listen (${reasonOf(error)}). Connect it to the same database as the stores, to ` +
        'PostgreSQL itself and not to a pooler, or leave out listen',
    ]);
  } finally {
    close(listener);
  }
}

// Not `instanceof`: errors of sockets may come from another realm.
function reasonOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
}

async function startListening(listener: PgListener): Promise<void> {
  await listener.connect();
  await listener.query(`LISTEN ${CHANNEL}`);
}

/** Not awaited: the other end may never answer. */
function close(listener: PgListener): void {
  listener.end().catch(() => {});
}

/** Rejects once the connection is over. Without a listener for them, errors of it would end the process. */
function lossOf(listener: PgListener): Promise<never> {
  const lost = new Promise<never>((_, reject) => {
    listener.on('error', reject);
    listener.on('end', () => reject(new Error('The connection was closed.')));
  });
  lost.catch(() => {});
  return lost;
}
