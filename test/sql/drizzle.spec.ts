import { describe } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { drizzle as drizzleOnSqlite } from 'drizzle-orm/better-sqlite3';
import { drizzle as drizzleOnMysql } from 'drizzle-orm/mysql2';
import { drizzle } from 'drizzle-orm/node-postgres';
import { createPool } from 'mysql2/promise';
import { drizzleDatabase } from 'nestjs-latchkey/sql';
import { openSqlite } from '../support/better-sqlite3.js';
import { openPgPool } from '../support/pg-pool.js';
import { testOnMariaDb, testOnPostgres } from '../support/sql-servers.js';
import { testSqlStores } from '../support/sql-suite.js';

const FEW = { histories: 10, prefix: 'drizzle_' };

testOnPostgres(
  'SQL stores on Drizzle and PostgreSQL',
  (url) => {
    const pool = openPgPool(url);
    return { database: drizzleDatabase(drizzle(pool), { dialect: 'postgres', sql }), close: () => pool.end() };
  },
  FEW,
);

testOnMariaDb(
  'SQL stores on Drizzle and MariaDB',
  (url) => {
    const pool = createPool(url);
    return { database: drizzleDatabase(drizzleOnMysql(pool), { dialect: 'mysql', sql }), close: () => pool.end() };
  },
  FEW,
);

describe('SQL stores on Drizzle and SQLite', () => {
  testSqlStores(async () => {
    const sqlite = openSqlite(':memory:');
    // Drizzle names what it uses of better-sqlite3, which is all there.
    const database = drizzleDatabase(drizzleOnSqlite(sqlite as never), { dialect: 'sqlite', sql });
    return { database, close: () => sqlite.close() };
  }, FEW);
});
