// A sign-in whose token this service itself would refuse: a mistake of the application, in the usual response and in the log.
import { afterEach, describe, expect, it } from '@jest/globals';
import { cookieController, csrfController, tokenController } from 'nestjs-latchkey/controllers';
import { ADAPTERS } from '../../support/applications.js';
import {
  PASSWORD,
  startRecordingApp,
  type RecordingApp,
  type RecordingAppOptions,
} from '../../support/recording-app.js';

const open: RecordingApp[] = [];

afterEach(async () => {
  for (const app of open.splice(0)) await app.close();
});

const SECRET = 'value-of-a-claim';

describe.each(ADAPTERS)('A token that cannot be issued, on %s', (adapter) => {
  async function start(options: RecordingAppOptions): Promise<RecordingApp> {
    const controllers = [tokenController(), cookieController(), csrfController()];
    const app = await startRecordingApp(adapter, {
      cookies: { secure: false },
      structure: { controllers },
      ...options,
    });
    open.push(app);
    return app;
  }

  const signIn = (app: RecordingApp) => app.post('/auth/token', { username: 'ada', password: PASSWORD });
  const misconfigured = {
    statusCode: 500,
    error: 'Internal Server Error',
    errorCode: 'misconfigured',
    message: 'This server is not set up to answer the request.',
  };

  it.each([
    ['nonce', { nonce: SECRET }],
    ['cnf', { cnf: { jkt: SECRET } }],
    ['born', { born: new Date() }],
  ])('is 500 misconfigured, and the log names the claim: %s', async (claim, claims) => {
    const app = await start({ access: { claimsFor: () => claims as never } });
    for (let round = 0; round < 2; round += 1) {
      const answer = await signIn(app);
      expect([answer.status, answer.headers.get('cache-control')]).toEqual([500, 'no-store']);
      expect(await answer.json()).toEqual(misconfigured);
    }
    const lines = app.logged.filter((line) => line.includes('500 misconfigured'));
    expect(lines).toEqual([expect.stringContaining(claim)]);
    expect(app.logged.join('\n')).not.toContain(SECRET);
  });

  it('is 500 at a sign-in by cookies, which sets none', async () => {
    const app = await start({ access: { claimsFor: () => ({ nonce: SECRET }) } });
    const page = await app.fetch('/auth/csrf');
    const { csrfToken } = (await page.json()) as { csrfToken: string };
    const cookie = page.headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ');
    const headers = { cookie, 'x-csrf-token': csrfToken };
    const answer = await app.post('/auth/cookie/login', { username: 'ada', password: PASSWORD }, headers);
    expect(await answer.json()).toEqual(misconfigured);
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  it('is 500 at a refresh, which consumes nothing', async () => {
    let claims: object = {};
    const app = await start({ access: { claimsFor: () => claims as never } });
    const { refresh_token } = (await (await signIn(app)).json()) as { refresh_token: string };
    claims = { nonce: SECRET };
    const answer = await app.post('/auth/token/refresh', { refresh_token });
    expect(await answer.json()).toEqual(misconfigured);
    claims = {};
    expect((await app.post('/auth/token/refresh', { refresh_token })).status).toBe(200);
  });
});
