import { describe } from '@jest/globals';
import knex from 'knex';
import { knexDatabase } from 'nestjs-latchkey/sql';
import { testOnMariaDb, testOnPostgres } from '../support/sql-servers.js';
import { testSqlStores } from '../support/sql-suite.js';

const FEW = { histories: 10, prefix: 'knex_' };

testOnPostgres(
  'SQL stores on Knex and PostgreSQL',
  (connection) => {
    const opened = knex({ client: 'pg', connection });
    return { database: knexDatabase(opened, { dialect: 'postgres' }), close: () => opened.destroy() };
  },
  FEW,
);

testOnMariaDb(
  'SQL stores on Knex and MariaDB',
  (connection) => {
    const opened = knex({ client: 'mysql2', connection });
    return { database: knexDatabase(opened, { dialect: 'mysql' }), close: () => opened.destroy() };
  },
  FEW,
);

describe('SQL stores on Knex and SQLite', () => {
  testSqlStores(async () => {
    const opened = knex({ client: 'better-sqlite3', connection: { filename: ':memory:' }, useNullAsDefault: true });
    return { database: knexDatabase(opened, { dialect: 'sqlite' }), close: () => opened.destroy() };
  }, FEW);
});
