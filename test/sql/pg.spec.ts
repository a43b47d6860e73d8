import { pgDatabase } from 'nestjs-latchkey/sql';
import { openPgPool } from '../support/pg-pool.js';
import { testOnPostgres } from '../support/sql-servers.js';

testOnPostgres('SQL stores on pg', (url) => {
  const pool = openPgPool(url);
  return { database: pgDatabase(pool), close: () => pool.end() };
});
