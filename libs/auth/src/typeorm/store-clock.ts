// The one clock that every process on a database shares: its own. ErrorResponses machines whose clocks disagree.
import type { DataSource } from 'typeorm';
import { type Clock, readInteger } from '../core/internal.js';
import { dialectOf, execute, type Dialect } from './database.js';

/**
 * The present moment in epoch milliseconds, as the statement began: one that waited for a lock is not younger for it. None of these
 * passes through local time, which has an hour twice each year.
 */
const NOW_MS: Readonly<Record<Dialect, string>> = {
  sqlite: `CAST(ROUND((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER)`,
  postgres: 'CAST(FLOOR(EXTRACT(EPOCH FROM statement_timestamp()) * 1000) AS BIGINT)',
  mysql: `(TIMESTAMPDIFF(MICROSECOND, '1970-01-01 00:00:00', UTC_TIMESTAMP(3)) DIV 1000)`,
};

/** SQL for the present moment of the store in epoch milliseconds: the database's, unless a test moves it by hand. */
export function nowMsIn(dataSource: DataSource, clock: Clock): string {
  const moved = clock.storeNowMs();
  return moved === undefined ? NOW_MS[dialectOf(dataSource)] : String(Math.trunc(moved));
}

/** How long rows that have ended are kept, in seconds: longer than the clock of any machine may lag behind the database's. */
const KEPT_SECONDS = 24 * 3_600;

/**
 * The second up to which what has ended may be forgotten: by the clock of the caller and by that of the database, whichever is behind,
 * and a day before that. A machine that is ahead would let revoked tokens come alive on all others.
 */
export async function forgettableAt(dataSource: DataSource, clock: Clock, now: number): Promise<number> {
  const { rows } = await execute(dataSource, `SELECT ${nowMsIn(dataSource, clock)} AS now_ms`, {});
  const storeNow = Math.floor(readInteger(rows[0] ?? {}, 'now_ms') / 1_000);
  return Math.min(now, storeNow) - KEPT_SECONDS;
}
