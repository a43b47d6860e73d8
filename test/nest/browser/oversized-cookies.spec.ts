// A sign-in whose access token is larger than its cookie may be.
import { afterEach, describe, expect, it } from '@jest/globals';
import { LoginService } from 'nestjs-latchkey';
import { cookieController, csrfController } from 'nestjs-latchkey/controllers';
import { ADAPTERS, type AdapterName } from '../../support/applications.js';
import { ISSUER, PASSWORD, startRecordingApp, type RecordingApp } from '../../support/recording-app.js';

const open: RecordingApp[] = [];

afterEach(async () => {
  for (const app of open.splice(0)) await app.close();
});

async function start(adapter: AdapterName): Promise<RecordingApp> {
  const app = await startRecordingApp(adapter, {
    cookies: {},
    access: { claimsFor: () => ({ courses: Array.from({ length: 260 }, () => 'SECRET-COURSE') }) },
    structure: { controllers: [cookieController(), csrfController()] },
  });
  open.push(app);
  return app;
}

async function logIn(app: RecordingApp): Promise<Response> {
  const asked = await app.fetch('/auth/csrf');
  const { csrfToken } = (await asked.json()) as { csrfToken: string };
  const cookie = asked.headers.getSetCookie().map((line) => String(line.split(';')[0]));
  const headers = { cookie: cookie.join('; '), origin: ISSUER, 'x-csrf-token': csrfToken };
  return app.post('/auth/cookie/login', { username: 'ada', password: PASSWORD }, headers);
}

describe.each(ADAPTERS)('A token that is larger than its cookie may be, on %s', (adapter) => {
  it('is refused in the usual format, without a cookie and without a login', async () => {
    const app = await start(adapter);
    const answer = await logIn(app);
    expect(answer.status).toBe(500);
    expect(await answer.json()).toEqual({
      statusCode: 500,
      error: 'Internal Server Error',
      errorCode: 'misconfigured',
      message: 'This server is not set up to answer the request.',
    });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(await app.app.get(LoginService).list({ issuer: ISSUER, id: 'ada' })).toEqual([]);
  });

  it('causes one log line that names claims and sizes, and no value', async () => {
    const app = await start(adapter);
    await logIn(app);
    await logIn(app);
    const lines = app.logged.filter((line) => line.includes('browsers keep 4096'));
    expect(lines).toEqual([expect.stringMatching(/__Host-access would take \d+ bytes.* courses \(\d+ bytes\)/)]);
    expect(JSON.stringify([app.logged, app.events])).not.toContain('SECRET-COURSE');
  });
});
