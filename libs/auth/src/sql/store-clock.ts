// The one clock that all processes on a database share: its own. The clocks of their servers may differ.
import { readInteger, type Clock } from '../core/internal.js';
import type { SqlDialect } from './database.js';
import type { SqlRunner } from './runner.js';

/**
 * The current time in epoch milliseconds, as the statement began: one that waited for a lock is not younger for it. None of these
 * passes through local time, which has an hour twice each year.
 */
const NOW_MS: Readonly<Record<SqlDialect, string>> = {
  sqlite: `CAST(ROUND((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER)`,
  postgres: 'CAST(FLOOR(EXTRACT(EPOCH FROM statement_timestamp()) * 1000) AS BIGINT)',
  mysql: `(TIMESTAMPDIFF(MICROSECOND, '1970-01-01 00:00:00', UTC_TIMESTAMP(3)) DIV 1000)`,
};

/** SQL for the current time of the store in epoch milliseconds: the database's, unless a test moves it by hand. */
export function nowMsIn(dialect: SqlDialect, clock: Clock): string {
  const moved = clock.storeNowMs();
  return moved === undefined ? NOW_MS[dialect] : String(Math.trunc(moved));
}

/** How long rows that have ended are kept, in seconds: longer than the clock of any server may lag behind the database's. */
const KEPT_SECONDS = 24 * 3_600;

/**
 * The second up to which what has ended may be deleted: by the clock of the caller and by that of the database, whichever is behind,
 * and a day before that: a server whose clock is ahead would make revoked tokens valid again on all others.
 */
export async function prunableAt(runner: SqlRunner, clock: Clock, now: number): Promise<number> {
  const { rows } = await runner.execute(`SELECT ${nowMsIn(runner.dialect, clock)} AS now_ms`, {});
  const storeNow = Math.floor(readInteger(rows[0] ?? {}, 'now_ms') / 1_000);
  return Math.min(now, storeNow) - KEPT_SECONDS;
}
