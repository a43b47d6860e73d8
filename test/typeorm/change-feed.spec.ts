// The change feed of the blocklist in SQL, where rows arrive late or clocks are set back. Rows are stamped by the clock of the
// database; here it is set by hand. What only a real server can do, a transaction that commits late, is in postgres.spec.ts.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Clock } from 'nestjs-latchkey';
import type { BlocklistStore } from 'nestjs-latchkey/stores';
import { FixedClock } from 'nestjs-latchkey/testing';
import type { DataSource } from 'typeorm';
import { FeedReader } from '../support/change-feed-reader.js';
import { openDataSource, storesOf } from '../support/typeorm-suite.js';

const T = 1_900_000_000;
const WRITE_SECONDS = 20;
/** The second that the database takes for the present one. */
const database = { second: T };

/** The clock of a process, on which a long time passes between any two reads; that of the database advances too. */
class SlowClock extends Clock {
  #looks = -1;

  override nowMs(): number {
    return T * 1_000;
  }

  override monotonicMs(): number {
    this.#looks += 1;
    database.second = T + this.#looks * WRITE_SECONDS;
    return this.#looks * WRITE_SECONDS * 1_000;
  }
}

const add = (store: BlocklistStore, id: string) =>
  store.add({ kind: 'token', issuer: 'i', id, revokedAt: T, expiresAt: T + 86_400 });

describe('the change feed in SQL', () => {
  let dataSource: DataSource;
  let revocations: BlocklistStore;
  let reader: FeedReader;

  beforeEach(async () => {
    database.second = T;
    dataSource = await openDataSource({ type: 'better-sqlite3', database: ':memory:', prepareDatabase: setByHand });
    revocations = await storeOn(new FixedClock(new Date(T * 1_000)));
    reader = new FeedReader(revocations);
  });
  afterEach(() => dataSource.destroy());

  const storeOn = async (clock: Clock): Promise<BlocklistStore> => (await storesOf(dataSource, clock)).revocations;

  it.each([
    ['new', async () => {}],
    ['there before', () => add(revocations, 'slow')],
  ])('reports an entry that committed late to readers past its first timestamp: %s', async (_, prepare) => {
    await prepare();
    database.second = T + WRITE_SECONDS;
    await add(revocations, 'quick');
    await reader.read();
    // The slow one began before that reading, and is stamped with its beginning.
    await add(await storeOn(new SlowClock()), 'slow');
    database.second = T + WRITE_SECONDS;
    expect((await reader.read()).ids).toContain('slow');
  });

  it('reports an entry stamped a little before the last reading, which was in progress', async () => {
    await add(revocations, 'read');
    await reader.read();
    database.second = T - 4;
    await add(revocations, 'late');
    database.second = T;
    expect((await reader.read()).ids).toContain('late');
  });

  it.each([
    ['in the second that filled it', 0],
    ['a little before', 4],
  ])('reports entries after a full page, %s, however long the next one took', async (_, secondsBefore) => {
    const told: string[] = [];
    let cursor: string | undefined;
    const readPage = async () => {
      const page = await revocations.changesSince?.(cursor, 2);
      cursor = page?.cursor;
      told.push(...(page?.entries ?? []).map(({ id }) => id));
    };
    await add(revocations, 'one');
    database.second = T + secondsBefore;
    await add(revocations, 'two');
    await readPage();
    database.second = T;
    await add(revocations, 'late');
    database.second = T + 30;
    await add(revocations, 'much later');
    for (let pages = 0; pages < 5; pages += 1) await readPage();
    expect(new Set(told)).toEqual(new Set(['one', 'two', 'late', 'much later']));
    const { length } = told;
    database.second = T + 60;
    for (let pages = 0; pages < 3; pages += 1) await readPage();
    // It ends nevertheless: only the last entries are reported again.
    expect(told.slice(length)).not.toContain('one');
  });

  it('starts again if the clock of the database was set back, so that no entry is missed', async () => {
    await add(revocations, 'before');
    await reader.read();
    database.second = T - 3_600;
    await add(revocations, 'after');
    expect(await reader.read()).toEqual({ ids: ['after', 'before'], restarted: true });
    await add(revocations, 'later');
    expect((await reader.read()).ids).toContain('later');
  });

  it('does not start again if the clock of the database was set back by a second or two', async () => {
    await add(revocations, 'before');
    await reader.read();
    database.second = T - 2;
    await add(revocations, 'after');
    expect(await reader.read()).toEqual({ ids: ['after', 'before'], restarted: false });
  });
});

/** What is used of a connection of better-sqlite3, which brings no types along. */
interface Connection {
  function(name: string, does: (format: unknown, when: unknown) => string): unknown;
}

/** Takes the place of the function that reads the time. */
function setByHand(connection: Connection): void {
  connection.function('strftime', (format, when) => {
    if (format !== '%s' || when !== 'now') throw new Error('Only the present second is asked for.');
    return String(database.second);
  });
}
