import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { LoginService } from 'nestjs-latchkey';
import { devicesController } from 'nestjs-latchkey/controllers';
import { FixedClock } from 'nestjs-latchkey/testing';
import { ADAPTERS } from '../support/applications.js';
import { CookieJar } from '../support/cookie-jar.js';
import { codeOf, expectRefusal } from '../support/refusal-invariants.js';
import { ISSUER, PASSWORD, startRecordingApp, type RecordingApp } from '../support/recording-app.js';
import { startRecordingBrowserApp } from '../support/recording-browser-app.js';

const ADA = { username: 'ada', password: PASSWORD };

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
const PHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1';

interface Listed {
  readonly id: string;
  readonly label: string;
}

describe.each(ADAPTERS)('the device routes on %s', (adapter) => {
  const clock = new FixedClock();
  let app: RecordingApp;
  let desk: string;
  let phone: string;
  beforeAll(async () => {
    app = await startRecordingApp(adapter, { structure: { clock } });
  });
  beforeEach(async () => {
    await call(await signIn(FIREFOX), 'DELETE');
    clock.advance(2);
    desk = await signIn(FIREFOX);
    clock.advance(2);
    phone = await signIn(PHONE);
  });
  afterAll(() => app.close());

  async function signIn(userAgent: string, username = 'ada'): Promise<string> {
    const answer = await app.post('/auth/token', { username, password: PASSWORD }, { 'user-agent': userAgent });
    return ((await answer.json()) as { access_token: string }).access_token;
  }
  const call = (token: string, method = 'GET', path = ''): Promise<Response> =>
    app.fetch(`/auth/devices${path}`, { method, headers: { authorization: `Bearer ${token}` } });
  const list = async (token: string): Promise<readonly Listed[]> => (await (await call(token)).json()) as Listed[];
  const works = async (token: string): Promise<boolean> => (await call(token)).status === 200;

  it('lists the logins of the user, newest first, and marks the current one', async () => {
    const answer = await call(desk);
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store']);
    const [newest, older] = (await answer.json()) as unknown[];
    const moment = expect.stringMatching(/^2026-.*Z$/);
    const device = { id: expect.any(String), createdAt: moment, lastUsedAt: moment };
    expect(newest).toEqual({ ...device, label: 'Safari on iPhone', current: false });
    expect(older).toEqual({ ...device, label: 'Firefox on Linux', current: true });
  });

  it('ends one of them, at once', async () => {
    const [newest] = await list(desk);
    expect((await call(desk, 'DELETE', `/${newest?.id}`)).status).toBe(204);
    expect([await works(phone), await works(desk)]).toEqual([false, true]);
  });

  it('ends all other logins and keeps the current one', async () => {
    expect((await call(desk, 'DELETE')).status).toBe(204);
    expect([await works(phone), await works(desk)]).toEqual([false, true]);
    expect(await list(desk)).toHaveLength(1);
  });

  it('answers the same for the device of another user and an unknown one, and touches neither', async () => {
    const grace = await signIn(FIREFOX, 'grace');
    const [theirs] = await list(grace);
    for (const id of [theirs?.id, 'no-such-device', '%00', '..%2f']) {
      const answer = await call(desk, 'DELETE', `/${id}`);
      expect([answer.status, await answer.text()]).toEqual([204, '']);
    }
    expect(await works(grace)).toBe(true);
  });

  it.each(['GET', 'DELETE'])('refuses %s to anonymous callers', async (method) => {
    const answer = await expectRefusal(app, () => app.fetch('/auth/devices', { method }));
    expect([answer.status, codeOf(answer)]).toEqual([401, 'unauthenticated']);
  });
});

describe.each(ADAPTERS)('device routes of the application’s own on %s', (adapter) => {
  it('have other paths and other responses', async () => {
    const devices = devicesController({
      path: 'my/devices',
      toResponse: ({ id }, current) => ({ device: id, current }),
    });
    const app = await startRecordingApp(adapter, { structure: { controllers: [devices] } });
    const { accessToken, sid } = await app.signIn();
    const answer = await app.fetch('/my/devices', { headers: { authorization: `Bearer ${accessToken}` } });
    expect(await answer.json()).toEqual([{ device: sid, current: true }]);
    await app.close();
  });
});

describe.each(ADAPTERS)('devices that signed in by browser on %s', (adapter) => {
  let app: RecordingApp;
  beforeAll(async () => {
    app = await startRecordingBrowserApp(adapter);
  });
  afterAll(() => app.close());

  it.each(['cookie', 'session'])('are named after the browser: a sign-in by %s', async (way) => {
    const ada = { issuer: ISSUER, id: 'ada' };
    const logins = app.app.get(LoginService);
    await logins.endAll(ada);
    const headers = { 'user-agent': FIREFOX };
    const sent = await new CookieJar(app).send(`/auth/${way}/login`, {
      method: 'POST',
      headers,
      csrf: true,
      body: ADA,
    });
    expect(sent.status).toBe(204);
    expect((await logins.list(ada)).map(({ label }) => label)).toEqual(['Firefox on Linux']);
  });
});
