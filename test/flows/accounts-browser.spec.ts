// The routes that are for browsers, against the sample as a process.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ADAPTERS } from '../support/applications.js';
import { startApp, type AppProcess } from '../support/sample-process.js';
import { CookieJar } from '../support/cookie-jar.js';
import { freePort } from '../support/database-server.js';

const ada = { username: 'ada', password: 'correct horse battery staple' };

describe.each(ADAPTERS)('accounts for browsers on %s', (adapter) => {
  const environment = { HTTP_ADAPTER: adapter };
  let app: AppProcess;
  beforeAll(async () => {
    app = await startApp({ environment });
  }, 60_000);
  afterAll(() => app.remove());

  async function signedIn(by: 'cookie' | 'session'): Promise<CookieJar> {
    const jar = new CookieJar(app);
    const answer = await jar.post(`/auth/${by}/login`, ada);
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([204, 'no-store']);
    return jar;
  }

  it.each(['cookie', 'session'] as const)('signs in, acts and signs out by %s', async (by) => {
    const jar = await signedIn(by);
    expect(await (await jar.send('/account')).json()).toMatchObject({ username: 'ada', scheme: by });
    const motto = `written by ${by}`;
    const changed = await jar.post('/account/motto', { motto });
    expect([changed.status, await changed.json()]).toEqual([200, { username: 'ada', motto, scheme: by }]);
    expect((await jar.send('/account/motto', { method: 'POST', body: { motto } })).status).toBe(403);
    expect((await jar.post(`/auth/${by}/logout`)).status).toBe(204);
    expect((await jar.send('/account')).status).toBe(401);
  });

  it('names in its document the cookies that it sets', async () => {
    const document = JSON.stringify(await (await app.fetch('/docs-json')).json());
    for (const by of ['cookie', 'session'] as const) {
      const names = [...(await signedIn(by)).cookies.keys()];
      expect(names.filter((name) => !document.includes(`\`${name}\``))).toEqual([]);
    }
  });

  it('serves the page with a policy that forbids inline code and frames', async () => {
    const answer = await app.fetch('/');
    const policy = answer.headers.get('content-security-policy') ?? '';
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    expect(await answer.text()).not.toMatch(/<script(?![^>]*src=)|style=|https?:\/\//);
    for (const [path, type] of [
      ['/page.css', 'text/css'],
      ['/parts.css', 'text/css'],
      ['/page.js', 'text/javascript'],
      ['/modules/dom.js', 'text/javascript'],
      ['/page.svg', 'image/svg+xml'],
    ] as const) {
      expect((await app.fetch(path)).headers.get('content-type')).toContain(type);
    }
  });

  it('keeps sessions over a restart', async () => {
    // The URL is the issuer, and a login belongs to it.
    const port = await freePort();
    const first = await startApp({ environment, port });
    const jar = new CookieJar({ fetch: (path, init) => current.fetch(path, init) });
    let current = first;
    expect((await jar.post('/auth/session/login', ada)).status).toBe(204);
    await first.stop();
    const second = await startApp({ environment, port, folder: first.folder });
    current = second;
    try {
      expect(await (await jar.send('/account')).json()).toMatchObject({ username: 'ada', scheme: 'session' });
      expect((await jar.post('/auth/session/logout')).status).toBe(204);
      expect((await jar.send('/account')).status).toBe(401);
    } finally {
      await second.remove();
    }
  }, 60_000);
});
