import { Controller, Get, Post, UseGuards } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AllowInactive, SessionAuthGuard } from 'nestjs-latchkey';
import { cookieController, csrfController, type CookieTimes } from 'nestjs-latchkey/controllers';
import { ADAPTERS, SILENT, type RunningApplication } from '../support/applications.js';
import { PASSWORD, People, startBrowserApp, type Person } from '../support/browser-app.js';
import { CookieJar } from '../support/cookie-jar.js';
import { ISSUING, Scene } from '../support/issuing.js';

const ada = { username: 'ada', password: PASSWORD };

@AllowInactive()
@UseGuards(SessionAuthGuard)
@Controller('waiting-room')
class WaitingRoomController {
  @Get() wait() {
    return 'waiting';
  }

  @Post() knock() {
    return 'knocked';
  }
}

describe.each(ADAPTERS)('a sign-in by cookie on %s', (adapter) => {
  let running: RunningApplication;
  beforeAll(async () => {
    running = await startBrowserApp(adapter, { controllers: [WaitingRoomController] });
  });
  afterAll(() => running.close());

  it('works from sign-in over use and refresh to sign-out', async () => {
    const browser = new CookieJar(running);
    const login = await browser.post('/auth/cookie/login', ada);
    expect([login.status, await login.text(), login.headers.get('cache-control')]).toEqual([204, '', 'no-store']);
    expect(await (await browser.send('/account')).json()).toEqual({ username: 'ada', motto: 'none', scheme: 'cookie' });
    const changed = await browser.post('/account/motto', { motto: 'by cookie' });
    expect([changed.status, await changed.json()]).toEqual([
      201,
      { username: 'ada', motto: 'by cookie', scheme: 'cookie' },
    ]);
    const before = browser.value('__Secure-refresh');
    expect((await browser.post('/auth/cookie/refresh')).status).toBe(204);
    expect(browser.value('__Secure-refresh')).not.toBe(before);
    expect((await browser.send('/account')).status).toBe(200);
    const stolen = browser.copy();
    expect((await browser.post('/auth/cookie/logout')).status).toBe(204);
    expect([...browser.cookies.keys()]).toEqual(['__Host-csrf']);
    expect((await browser.send('/account')).status).toBe(401);
    expect((await stolen.send('/account')).status).toBe(401);
  });

  it('keeps two tabs signed in that refresh at once', async () => {
    const browser = new CookieJar(running);
    await browser.post('/auth/cookie/login', ada);
    const other = browser.copy();
    const answers = await Promise.all([browser.post('/auth/cookie/refresh'), other.post('/auth/cookie/refresh')]);
    expect(answers.map(({ status }) => status)).toEqual([204, 204]);
    for (const tab of [browser, other]) expect((await tab.post('/auth/cookie/refresh')).status).toBe(204);
  });

  it('keeps a tab signed in whose cookie was replaced twice within the grace', async () => {
    const browser = new CookieJar(running);
    await browser.post('/auth/cookie/login', ada);
    const late = browser.copy();
    await browser.post('/auth/cookie/refresh');
    await browser.post('/auth/cookie/refresh');
    expect((await late.post('/auth/cookie/refresh')).status).toBe(204);
    expect((await browser.send('/account')).status).toBe(200);
    expect((await late.send('/account')).status).toBe(200);
  });

  it('clears a refresh cookie that can never be valid', async () => {
    const browser = new CookieJar(running);
    await browser.post('/auth/cookie/login', ada);
    browser.plant('__Secure-refresh', 'not-a-token', '/auth/cookie');
    expect((await browser.post('/auth/cookie/refresh')).status).toBe(401);
    expect(browser.value('__Secure-refresh')).toBeUndefined();
  });

  it('reports that there is nothing to refresh without a cookie', async () => {
    const answer = await new CookieJar(running).post('/auth/cookie/refresh');
    expect([answer.status, await answer.json()]).toEqual([
      401,
      expect.objectContaining({ errorCode: 'unauthenticated' }),
    ]);
  });

  it('ends the previous login of the browser at another sign-in', async () => {
    const browser = new CookieJar(running);
    await browser.post('/auth/cookie/login', ada);
    const before = browser.copy();
    await browser.post('/auth/cookie/login', { username: 'bob', password: PASSWORD });
    expect((await before.send('/account')).status).toBe(401);
    expect(await (await browser.send('/account')).json()).toMatchObject({ username: 'bob' });
  });

  it.each([
    ['a wrong password', { username: 'ada', password: 'wrong' }],
    ['an unknown name', { username: 'unknown', password: PASSWORD }],
    ['an inactive user', { username: 'lin', password: PASSWORD }],
  ])('refuses %s with the same response, and sets no credential', async (_, body) => {
    for (const path of ['/auth/cookie/login', '/auth/session/login']) {
      const browser = new CookieJar(running);
      const answer = await browser.post(path, body);
      expect([answer.status, answer.headers.getSetCookie(), await answer.json()]).toEqual([
        401,
        [],
        expect.objectContaining({ errorCode: 'invalid_credentials' }),
      ]);
    }
  });

  it('refuses an invalid body, and repeats none of it', async () => {
    for (const path of ['/auth/cookie/login', '/auth/session/login']) {
      const answer = await new CookieJar(running).post(path, { username: { $ne: '' }, password: ['s3cret'] });
      expect(answer.status).toBe(400);
      expect(await answer.text()).not.toContain('s3cret');
    }
  });

  it('accepts an inactive user by session if the route allows it, and still requires the CSRF token', async () => {
    const browser = new CookieJar(running);
    await browser.post('/auth/session/login', { username: 'bob', password: PASSWORD });
    const bob = running.app.get(People, { strict: false }).of('bob');
    bob.active = false;
    const seen = [await browser.send('/waiting-room'), await browser.send('/account/session')];
    const posted = [await browser.send('/waiting-room', { method: 'POST' }), await browser.post('/waiting-room')];
    bob.active = true;
    expect(seen.map(({ status }) => status)).toEqual([200, 401]);
    expect(posted.map(({ status }) => status)).toEqual([403, 201]);
  });
});

/** The five fields of `login_refresh` of an LMS, and its word for success. */
const asTheLmsAnswers = ({ userId, serverTime, accessExpiresAt }: CookieTimes) => ({
  success: true,
  user_id: userId,
  response_epoch_seconds: serverTime.getTime() / 1000,
  response_http_date: serverTime.toUTCString(),
  expires: accessExpiresAt.toUTCString(),
  expires_epoch_seconds: accessExpiresAt.getTime() / 1000,
});

describe.each(ADAPTERS)('a page that keeps its sign-in alive on %s', (adapter) => {
  describe.each(ISSUING)('with $name', (issuing) => {
    let scene: Scene;
    beforeAll(async () => {
      scene = await Scene.open(adapter, issuing, {
        access: { claimsFor: (user: unknown) => ({ email: (user as Person).email }) },
        cookies: { refreshPath: '/auth' },
        ready: [
          cookieController({ toResponse: true }),
          cookieController({ path: 'auth/login_refresh', toResponse: asTheLmsAnswers }),
          csrfController(),
        ],
      });
    });
    afterAll(() => scene.close());

    /** A browser that is signed in at the LMS as another user, if there is one. */
    const browser = async () => scene.browser(undefined, scene.lms?.token('bob'));

    it('learns at sign-in and at each refresh when the cookies end, and nothing of the tokens', async () => {
      const jar = await browser();
      for (const [path, body] of [['login', ada], ['refresh']] as const) {
        scene.clock.advance('1m');
        const answer = await jar.post(`/auth/cookie/${path}`, body);
        expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store']);
        const now = scene.clock.nowMs();
        expect(await answer.json()).toEqual({
          userId: 'ada',
          serverTime: new Date(now).toISOString(),
          accessExpiresAt: new Date(Math.floor(now / 1000) * 1000 + 900_000).toISOString(),
          accessExpiresIn: 900,
          refreshExpiresAt: new Date(Math.floor(now / 1000) * 1000 + 14 * 86_400_000).toISOString(),
        });
      }
    });

    it('learns it under the names that an existing front end reads', async () => {
      const jar = await browser();
      await jar.post('/auth/login_refresh/login', ada);
      const answer = await jar.post('/auth/login_refresh/refresh');
      const seconds = Math.floor(scene.clock.nowMs() / 1000);
      expect(await answer.json()).toEqual({
        success: true,
        user_id: 'ada',
        response_epoch_seconds: scene.clock.nowMs() / 1000,
        response_http_date: new Date(scene.clock.nowMs()).toUTCString(),
        expires: new Date((seconds + 900) * 1000).toUTCString(),
        expires_epoch_seconds: seconds + 900,
      });
    });

    it('refreshes only what was issued here: a cookie of another issuer stays as it is', async () => {
      const jar = await scene.browser(undefined, await scene.token('bob'));
      const planted = jar.value(scene.cookieName);
      const answer = await jar.post('/auth/cookie/refresh');
      expect([answer.status, await answer.json()]).toEqual([
        401,
        expect.objectContaining({ errorCode: 'unauthenticated' }),
      ]);
      await jar.post('/auth/cookie/login', ada);
      expect((await jar.post('/auth/cookie/refresh')).status).toBe(200);
      expect(jar.value(scene.cookieName) === planted).toBe(scene.lms !== undefined);
      expect(await (await jar.send('/account')).json()).toMatchObject({ username: 'ada' });
      await jar.post('/auth/cookie/logout');
      const afterwards = await jar.send('/account');
      expect(afterwards.status).toBe(scene.lms === undefined ? 401 : 200);
    });

    it('brings the new address into the cookie by a refresh, and until then has a stale one', async () => {
      const person = scene.people.of('ada');
      person.email = 'ada@example.com';
      const jar = await browser();
      await jar.post('/auth/cookie/login', ada);
      expect((await jar.send('/account')).status).toBe(200);
      person.email = 'ada@new.example';
      expect(await (await jar.send('/account')).json()).toMatchObject({ errorCode: 'claims_stale' });
      expect((await jar.post('/auth/cookie/refresh')).status).toBe(200);
      expect((await jar.send('/account')).status).toBe(200);
      person.email = undefined;
    });
  });
});

it('issues no token that would be stale at once, and says which claim is missing', async () => {
  const logged: string[] = [];
  const log = { ...SILENT, error: (message: unknown) => void logged.push(String(message)) };
  const running = await startBrowserApp('fastify', { log });
  running.app.get(People, { strict: false }).of('ada').email = 'ada@example.com';
  const answer = await new CookieJar(running).post('/auth/cookie/login', ada);
  await running.close();
  expect([answer.status, logged.join()]).toEqual([
    500,
    expect.stringMatching(/describe\(\)\.match names the claim "email"/),
  ]);
});
