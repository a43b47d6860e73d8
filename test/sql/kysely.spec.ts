import { describe } from '@jest/globals';
import { CamelCasePlugin, Kysely, MysqlDialect, PostgresDialect, SqliteDialect } from 'kysely';
import { createPool } from 'mysql2';
import { kyselyDatabase } from 'nestjs-latchkey/sql';
import { openSqlite } from '../support/better-sqlite3.js';
import { openPgPool } from '../support/pg-pool.js';
import { testOnMariaDb, testOnPostgres } from '../support/sql-servers.js';
import { testSqlStores } from '../support/sql-suite.js';

// Which would rename the columns of the stores too.
const plugins = [new CamelCasePlugin()];
const FEW = { histories: 10, prefix: 'kysely_' };

testOnPostgres(
  'SQL stores on Kysely and PostgreSQL',
  (url) => {
    const kysely = new Kysely({ dialect: new PostgresDialect({ pool: openPgPool(url) }), plugins });
    return { database: kyselyDatabase(kysely, { dialect: 'postgres' }), close: () => kysely.destroy() };
  },
  FEW,
);

testOnMariaDb(
  'SQL stores on Kysely and MariaDB',
  (url) => {
    const kysely = new Kysely({ dialect: new MysqlDialect({ pool: createPool(url) }), plugins });
    return { database: kyselyDatabase(kysely, { dialect: 'mysql' }), close: () => kysely.destroy() };
  },
  FEW,
);

describe('SQL stores on Kysely and SQLite', () => {
  testSqlStores(async () => {
    // The driver of Kysely names what it uses of better-sqlite3, which is all there.
    const database = openSqlite(':memory:') as never;
    const kysely = new Kysely({ dialect: new SqliteDialect({ database }), plugins });
    return { database: kyselyDatabase(kysely, { dialect: 'sqlite' }), close: () => kysely.destroy() };
  }, FEW);
});
