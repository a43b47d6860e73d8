// The change feed of the blocklist in SQL. Rows are stamped by the clock of the database before they are committed, so that every reading
// looks back further than a write may be on its way.
import { readInteger, readOptionalInteger } from '../core/internal.js';
import type { StoredRow, RevocationChanges } from '../stores.js';
import type { SqlDialect } from './database.js';
import { limitTo, type SqlRunner } from './runner.js';

/** How far back a reading looks, in seconds. A write that takes longer than half of it is stamped again. */
export const LOOKS_BACK_SECONDS = 10;

/** The present second by the clock of the database: the clocks of servers may differ, this one does not. */
export const NOW: Readonly<Record<SqlDialect, string>> = {
  sqlite: `CAST(strftime('%s', 'now') AS INTEGER)`,
  postgres: 'CAST(FLOOR(EXTRACT(EPOCH FROM clock_timestamp())) AS BIGINT)',
  mysql: 'UNIX_TIMESTAMP()',
};

/** Rows that changed, and where to go on. */
interface ChangedRows extends Omit<RevocationChanges, 'entries'> {
  readonly rows: readonly StoredRow[];
}

/** A second up to which everything was read, and whether it was reached by the last page. */
interface Place {
  readonly second: number;
  readonly isEnd: boolean;
  /**
   * The present second of the earliest page that came so near to it that rows of that time may still have been on their way: the end
   * is not beyond it, however long the pages after it took.
   */
  readonly unsettled?: number | undefined;
}

/** Reads one page of what changed since the cursor, oldest first. */
export async function changesIn(
  runner: SqlRunner,
  table: string,
  { cursor, limit }: { readonly cursor: string | undefined; readonly limit: number },
): Promise<ChangedRows> {
  const place = cursor === undefined ? undefined : placeOf(cursor);
  const page = await readPage(runner, table, { from: startOf(place), limit });
  // A clock that was set back stamps what a reading would no longer look at: another primary, perhaps.
  if (place !== undefined && page.now < (place.unsettled ?? place.second) - LOOKS_BACK_SECONDS / 2) {
    const again = await readPage(runner, table, { from: 0, limit });
    return { ...answerOf(again, limit, undefined), restarted: true };
  }
  return { ...answerOf(page, limit, place), restarted: false };
}

interface Page {
  /** The present second of the database. */
  readonly now: number;
  readonly rows: readonly StoredRow[];
}

async function readPage(
  runner: SqlRunner,
  table: string,
  { from, limit }: { readonly from: number; readonly limit: number },
): Promise<Page> {
  const now = NOW[runner.dialect];
  const select = `SELECT ${now} AS now_at, changed.* FROM (SELECT 1 AS one) AS always LEFT JOIN ${table} AS changed`;
  const page = await runner.execute(
    `${select} ON changed.changed_at >= :from ORDER BY changed.changed_at ${limitTo(limit)}`,
    { from },
  );
  const rows = page.rows.filter((row) => readOptionalInteger(row, 'changed_at') !== undefined);
  const [first, last] = [secondOf(rows[0]), secondOf(rows.at(-1))];
  if (rows.length < limit || first !== last) return { now: nowOf(page.rows), rows };
  // A page that ends in the second it began in would be read for ever.
  const crowd = await runner.execute(`${select} ON changed.changed_at = :from`, { from: first ?? from });
  return { now: nowOf(page.rows), rows: crowd.rows };
}

function answerOf(page: Page, limit: number, before: Place | undefined): Omit<ChangedRows, 'restarted'> {
  const { rows, now } = page;
  const last = secondOf(rows.at(-1));
  if (rows.length >= limit && last !== undefined)
    return { rows, more: true, cursor: cursorOf(pageOf(page, last, before)) };
  const second = Math.min(last ?? before?.second ?? 0, now, before?.unsettled ?? now);
  return { rows, more: false, cursor: cursorOf({ second, isEnd: true }) };
}

function pageOf({ rows, now }: Page, last: number, before: Place | undefined): Place {
  const isCrowd = secondOf(rows[0]) === last;
  const isNear = last > now - LOOKS_BACK_SECONDS;
  return {
    second: isCrowd ? last + 1 : last,
    isEnd: false,
    unsettled: before?.unsettled ?? (isNear ? now : undefined),
  };
}

function startOf(place: Place | undefined): number {
  if (place === undefined) return 0;
  return place.isEnd ? place.second - LOOKS_BACK_SECONDS : place.second;
}

function cursorOf({ second, isEnd, unsettled }: Place): string {
  const kind = isEnd ? 'end' : 'page';
  return unsettled === undefined ? `${kind} ${second}` : `${kind} ${second} ${unsettled}`;
}

function placeOf(cursor: string): Place {
  const [kind, second, unsettled] = cursor.split(' ');
  return {
    second: readInteger({ second }, 'second'),
    isEnd: kind === 'end',
    unsettled: unsettled === undefined ? undefined : readInteger({ unsettled }, 'unsettled'),
  };
}

function secondOf(row: StoredRow | undefined): number | undefined {
  return row && readOptionalInteger(row, 'changed_at');
}

function nowOf(rows: readonly StoredRow[]): number {
  return readInteger(rows[0] ?? {}, 'now_at');
}
