import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ADAPTERS, type RunningApplication } from '../support/applications.js';
import { PASSWORD, startBrowserApp } from '../support/browser-app.js';
import { CookieJar } from '../support/cookie-jar.js';

const ada = { username: 'ada', password: PASSWORD };

describe.each(ADAPTERS)('a sign-in by cookie on %s', (adapter) => {
  let running: RunningApplication;
  beforeAll(async () => {
    running = await startBrowserApp(adapter);
  });
  afterAll(() => running.close());

  it('lives through sign-in, use, refresh and sign-out', async () => {
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
});
