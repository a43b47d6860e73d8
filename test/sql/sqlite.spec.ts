import { describe, expect, it } from '@jest/globals';

import { betterSqlite3Database, type SqlDatabase } from 'nestjs-latchkey/sql';
import { openSqlite } from '../support/better-sqlite3.js';
import { temporaryFolder } from '../support/database-server.js';
import { loginOf, makeTables, sqlStoresOn, testSqlStores } from '../support/sql-suite.js';

describe('SQL stores on better-sqlite3', () => {
  testSqlStores(
    async () => {
      const sqlite = openSqlite(':memory:');
      return { database: betterSqlite3Database(sqlite), close: () => sqlite.close() };
    },
    { histories: 60, oneUse: true },
  );
});

describe('a blocklist on SQLite', () => {
  it('is searched by the whole key, however many entries there are', async () => {
    const sqlite = openSqlite(':memory:');
    const database = betterSqlite3Database(sqlite);
    await makeTables(database);
    const asked: string[] = [];
    const execute: SqlDatabase['execute'] = (statement, values) => {
      const plan = sqlite.prepare(`EXPLAIN QUERY PLAN ${statement}`).all(...values) as { detail: string }[];
      asked.push(...plan.map(({ detail }) => detail));
      return database.execute(statement, values);
    };
    const { revocations } = sqlStoresOn({ ...database, execute });
    await revocations.find({ issuer: 'i', jti: 'jti', sid: 'sid', subject: 'ada' });
    const searches = asked.filter((detail) => detail.startsWith('SEARCH'));
    expect(searches).toHaveLength(3);
    for (const detail of searches) expect(detail).toContain('(issuer=? AND kind=? AND id=?)');
    sqlite.close();
  });
});

describe('SQL stores on a file of SQLite that another process writes to', () => {
  const open = async () => {
    const path = `${temporaryFolder('busy')}/database`;
    const sqlite = openSqlite(path, { timeout: 5 });
    const other = openSqlite(path, { timeout: 5 });
    sqlite.exec('PRAGMA journal_mode = WAL');
    const database = betterSqlite3Database(sqlite);
    await makeTables(database);
    const close = (): void => {
      sqlite.close();
      other.close();
    };
    return { other, stores: sqlStoresOn(database), close };
  };

  it('try again while it holds the lock for a moment', async () => {
    const { other, stores, close } = await open();
    other.exec('BEGIN IMMEDIATE');
    const opened = stores.logins.open(loginOf('sid-1'));
    other.exec('COMMIT');
    await expect(opened).resolves.toBeUndefined();
    close();
  });

  it('read on, and fail in time to write, while it holds the lock', async () => {
    const { other, stores, close } = await open();
    other.exec('BEGIN IMMEDIATE');
    const startedMs = performance.now();
    await expect(stores.logins.open(loginOf('sid-1'))).rejects.toMatchObject({ code: 'SQLITE_BUSY' });
    expect(performance.now() - startedMs).toBeLessThan(1_000);
    expect(await stores.logins.find('i', 'sid-1')).toBeUndefined();
    other.exec('COMMIT');
    await expect(stores.logins.open(loginOf('sid-1'))).resolves.toBeUndefined();
    close();
  });
});
