// Host sessions of the sample in Redis: sign-in and sign-out, over a restart, and while Redis does not answer or is down.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { ADAPTERS } from '../support/applications.js';
import { startApp, type AppProcess } from '../support/sample-process.js';
import { CookieJar } from '../support/cookie-jar.js';
import { hasRedis, startRedis } from '../support/redis.js';
import { freePort } from '../support/database-server.js';
import { requireOrSkip } from '../support/skips.js';

const ADA = { username: 'ada', password: 'correct horse battery staple' };
const TIMEOUT_MS = 120_000;

type Redis = Awaited<ReturnType<typeof startRedis>>;

const running: { redis?: Redis; app?: AppProcess } = {};

async function start(adapter: string): Promise<{ readonly redis: Redis; readonly app: AppProcess }> {
  const redis = await startRedis();
  running.redis = redis;
  const app = await startApp({ environment: { HTTP_ADAPTER: adapter, REDIS_URL: redis.url } });
  running.app = app;
  return { redis, app };
}

async function stopAll(): Promise<void> {
  running.redis?.thaw();
  await running.app?.remove();
  await running.redis?.stop();
  delete running.app;
  delete running.redis;
}

async function signedIn(app: Pick<AppProcess, 'fetch'>): Promise<CookieJar> {
  const jar = new CookieJar(app);
  expect((await jar.post('/auth/session/login', ADA)).status).toBe(204);
  return jar;
}

/** What a route answers while the session store is down: to retry, and nothing else. */
async function outcomeOf(answer: Response): Promise<readonly unknown[]> {
  const { errorCode } = (await answer.json()) as { errorCode?: string };
  const { headers } = answer;
  const isRetryable = /^\d+$/.test(headers.get('retry-after') ?? '');
  return [answer.status, errorCode, isRetryable, headers.get('cache-control'), headers.getSetCookie()];
}

const CANNOT_TELL = [503, 'store_unavailable', true, 'no-store', []];

/** Requests every route that needs a session, with a token that was valid before. */
async function outcomesOf(jar: CookieJar, token: string): Promise<readonly (readonly unknown[])[]> {
  const headers = { 'x-csrf-token': token };
  const answers = await Promise.all([
    jar.send('/account'),
    jar.send('/auth/csrf'),
    jar.send('/account/motto', { method: 'POST', headers, body: { motto: 'lost' } }),
    jar.send('/auth/session/login', { method: 'POST', headers, body: ADA }),
    jar.send('/auth/session/logout', { method: 'POST', headers }),
  ]);
  return Promise.all(answers.map(outcomeOf));
}

async function expectNoAnswers(jar: CookieJar, token: string): Promise<void> {
  const outcomes = await outcomesOf(jar, token);
  expect(outcomes).toEqual(outcomes.map(() => CANNOT_TELL));
}

/** Waits until a process that lost its Redis recognises the user again. */
async function expectKnownAgain(jar: CookieJar): Promise<void> {
  let answer = await jar.send('/account');
  for (let attempt = 0; attempt < 50 && answer.status === 503; attempt += 1) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    answer = await jar.send('/account');
  }
  expect(await answer.json()).toMatchObject({ username: 'ada', scheme: 'session' });
}

requireOrSkip('redis-server', hasRedis())('accounts with sessions in Redis', () => {
  describe.each(ADAPTERS)('on %s', (adapter) => {
    describe('while Redis answers', () => {
      let app: AppProcess;
      beforeAll(async () => {
        ({ app } = await start(adapter));
      }, TIMEOUT_MS);
      afterAll(stopAll);

      it('signs in by session, acts with a CSRF token alone, and signs out', async () => {
        const jar = await signedIn(app);
        expect(await (await jar.send('/account')).json()).toMatchObject({ username: 'ada', scheme: 'session' });
        const changed = await jar.post('/account/motto', { motto: 'kept in Redis' });
        expect(await changed.json()).toEqual({ username: 'ada', motto: 'kept in Redis', scheme: 'session' });
        expect((await jar.send('/account/motto', { method: 'POST', body: { motto: 'forged' } })).status).toBe(403);
        const stolen = jar.copy();
        expect((await jar.post('/auth/session/logout')).status).toBe(204);
        expect([(await jar.send('/account')).status, (await stolen.send('/account')).status]).toEqual([401, 401]);
      });

      it('refuses a sign-in without a CSRF token', async () => {
        const answer = await app.post('/auth/session/login', ADA);
        expect([answer.status, answer.headers.getSetCookie()]).toEqual([403, []]);
      });
    });

    describe('whatever happens', () => {
      afterEach(stopAll);

      it(
        'keeps sessions over a restart of the process, and ends them at sign-out',
        async () => {
          const redis = await startRedis();
          running.redis = redis;
          // The URL is the issuer, and a login belongs to it.
          const port = await freePort();
          const environment = { HTTP_ADAPTER: adapter, REDIS_URL: redis.url };
          const first = await startApp({ environment, port });
          running.app = first;
          const jar = await signedIn({ fetch: (path, init) => (running.app ?? first).fetch(path, init) });
          await first.stop();
          running.app = await startApp({ environment, port, folder: first.folder });
          expect(await (await jar.send('/account')).json()).toMatchObject({ username: 'ada', scheme: 'session' });
          expect((await jar.post('/auth/session/logout')).status).toBe(204);
          expect((await jar.send('/account')).status).toBe(401);
        },
        TIMEOUT_MS,
      );

      it(
        'answers 503 while Redis does not answer, and recognises users again afterwards',
        async () => {
          const { redis, app } = await start(adapter);
          const jar = await signedIn(app);
          const token = await jar.csrfToken();
          redis.freeze();
          await expectNoAnswers(jar, token);
          redis.thaw();
          await expectKnownAgain(jar);
        },
        TIMEOUT_MS,
      );

      it(
        'answers 503 while Redis is down, to requests with and without a session',
        async () => {
          const { redis, app } = await start(adapter);
          const jar = await signedIn(app);
          const token = await jar.csrfToken();
          const stranger = new CookieJar(app);
          const strange = { 'x-csrf-token': await stranger.csrfToken() };
          await redis.stop();
          await expectNoAnswers(jar, token);
          const login = await stranger.send('/auth/session/login', { method: 'POST', headers: strange, body: ADA });
          expect(await outcomeOf(login)).toEqual(CANNOT_TELL);
        },
        TIMEOUT_MS,
      );

      it(
        'stops on a signal, also while Redis does not answer',
        async () => {
          const { redis, app } = await start(adapter);
          const jar = await signedIn(app);
          redis.freeze();
          expect(await outcomeOf(await jar.send('/account'))).toEqual(CANNOT_TELL);
          await expect(app.stop()).resolves.toBeDefined();
        },
        TIMEOUT_MS,
      );
    });
  });
});
