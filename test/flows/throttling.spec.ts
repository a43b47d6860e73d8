import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ADAPTERS } from '../support/applications.js';
import { startApp, type AppProcess } from '../support/sample-process.js';

const ADA = { username: 'ada', password: 'correct horse battery staple' };
const GRACE = { username: 'grace', password: 'amazing grace 1906' };
const wrong = (username: string) => ({ username, password: 'not the password' });

// The sample runs as a process of its own: @nestjs/throttler is CommonJS, which Jest's ESM mode does not load on Node 20.
describe.each(ADAPTERS)('throttled sign-ins of accounts on %s', (adapter) => {
  let app: AppProcess;
  beforeAll(async () => {
    app = await startApp({ environment: { HTTP_ADAPTER: adapter } });
  });
  afterAll(() => app.remove());

  const signIn = async (body: unknown): Promise<number> => (await app.post('/auth/token', body)).status;

  it('do not count successes, however many come at once', async () => {
    const statuses = await Promise.all(Array.from({ length: 15 }, () => signIn(ADA)));
    expect(statuses).toEqual(Array.from({ length: 15 }, () => 200));
  });

  it('do not count invalid bodies', async () => {
    for (let tries = 0; tries < 12; tries += 1) expect(await signIn({ username: 'ada' })).toBe(400);
    expect(await signIn(ADA)).toBe(200);
  });

  it('are refused after ten failures for one name, with 429 also for the right password, in the usual format', async () => {
    for (let tries = 0; tries < 10; tries += 1) expect(await signIn(wrong('grace'))).toBe(401);
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
    expect(await signIn({ ...GRACE, username })).toBe(429);
  });

  it.each(['/auth/token/', '/AUTH/token', '//auth/token'])('cannot bypass the limit by the path %s', async (path) => {
    expect([404, 429]).toContain((await app.post(path, GRACE)).status);
  });

  it('stay possible for other users of the same IP address', async () => {
    expect(await signIn(ADA)).toBe(200);
  });

  it('allow no more than ten guesses when thirty arrive at once', async () => {
    const statuses = await Promise.all(Array.from({ length: 30 }, () => signIn(wrong('unknown'))));
    expect(statuses.filter((status) => status === 401)).toHaveLength(10);
    expect(statuses.filter((status) => status === 429)).toHaveLength(20);
  });

  it('do not affect other routes', async () => {
    const answers = await Promise.all(Array.from({ length: 30 }, () => app.fetch('/motto')));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  });
});
