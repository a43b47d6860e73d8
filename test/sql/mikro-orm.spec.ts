import { describe } from '@jest/globals';
import { EntitySchema } from '@mikro-orm/core';
import { MikroORM as MikroOrmOnSqlite } from '@mikro-orm/better-sqlite';
import { MikroORM as MikroOrmOnMariaDb } from '@mikro-orm/mariadb';
import { MikroORM } from '@mikro-orm/postgresql';
import { mikroOrmDatabase } from 'nestjs-latchkey/sql';
import { testOnMariaDb, testOnPostgres } from '../support/sql-servers.js';
import { testSqlStores } from '../support/sql-suite.js';

const FEW = { histories: 10, prefix: 'mikro_' };
// It does not start without an entity.
const entities = [new EntitySchema({ name: 'Person', properties: { id: { type: 'number', primary: true } } })];

testOnPostgres(
  'SQL stores on MikroORM and PostgreSQL',
  async (clientUrl) => {
    const orm = await MikroORM.init({ clientUrl, entities });
    return { database: mikroOrmDatabase(orm.em, { dialect: 'postgres' }), close: () => orm.close(true) };
  },
  FEW,
);

testOnMariaDb(
  'SQL stores on MikroORM and MariaDB',
  async (clientUrl) => {
    const orm = await MikroOrmOnMariaDb.init({ clientUrl, entities });
    return { database: mikroOrmDatabase(orm.em, { dialect: 'mysql' }), close: () => orm.close(true) };
  },
  FEW,
);

describe('SQL stores on MikroORM and SQLite', () => {
  testSqlStores(async () => {
    const orm = await MikroOrmOnSqlite.init({ dbName: ':memory:', entities });
    return { database: mikroOrmDatabase(orm.em, { dialect: 'sqlite' }), close: () => orm.close(true) };
  }, FEW);
});
