// Pages without an https origin of their own: apps with a web view, browser extensions, and pages embedded in other sites.
import { afterEach, describe, expect, it } from '@jest/globals';
import { AuthConfigurationError } from 'nestjs-latchkey';
import { ADAPTERS, type RunningApplication } from '../support/applications.js';
import { PASSWORD, startBrowserApp, type BrowserAppOptions } from '../support/browser-app.js';
import { CookieJar } from '../support/cookie-jar.js';

const EXTENSION = 'chrome-extension://mhjfbmdgcfjbbpaeojofohoefgiehjai';
const APPS = ['capacitor://localhost', 'tauri://localhost', 'ionic://localhost:8100', EXTENSION, 'app://obsidian.md'];

let running: RunningApplication | undefined;
afterEach(() => running?.close());

async function problemsOf(options: BrowserAppOptions): Promise<readonly string[]> {
  try {
    running = await startBrowserApp('express', options);
    return [];
  } catch (error) {
    if (error instanceof AuthConfigurationError) return error.problems;
    throw error;
  }
}

describe.each(ADAPTERS)('pages of apps and extensions on %s', (adapter) => {
  it('sign in and act if their origin is trusted, and only then', async () => {
    running = await startBrowserApp(adapter, { csrf: { trustedOrigins: APPS } });
    for (const origin of APPS) {
      const jar = new CookieJar(running);
      const signIn = { username: 'ada', password: PASSWORD };
      expect((await jar.post('/auth/cookie/login', signIn, { headers: { origin } })).status).toBe(204);
      expect((await jar.post('/account/motto', { motto: 'app' }, { headers: { origin } })).status).toBe(201);
      for (const other of [
        `${origin}.evil`,
        origin.toUpperCase(),
        `${origin}/`,
        'null',
        'tauri://localhost:1',
        origin.replace(/^[^:]+/, 'https'),
      ]) {
        const refused = await jar.post('/account/motto', { motto: 'x' }, { headers: { origin: other } });
        expect([other, refused.status, ((await refused.json()) as { errorCode: string }).errorCode]).toEqual([
          other,
          403,
          'csrf_origin_rejected',
        ]);
      }
    }
  });

  it('are checked by their Referer if they send no Origin', async () => {
    running = await startBrowserApp(adapter, { csrf: { trustedOrigins: ['capacitor://localhost'] } });
    const jar = new CookieJar(running);
    const send = async (referer: string): Promise<number> =>
      (await jar.post('/auth/cookie/login', { username: 'ada', password: PASSWORD }, { headers: { referer } })).status;
    expect([await send('capacitor://localhost/index.html'), await send('capacitor://other/index.html')]).toEqual([
      204, 403,
    ]);
  });

  it('embedded in other sites get partitioned cookies by option, and have them cleared alike', async () => {
    running = await startBrowserApp(adapter, { cookies: { sameSite: 'none', partitioned: true } });
    const jar = new CookieJar(running);
    const signedIn = await jar.post('/auth/cookie/login', { username: 'ada', password: PASSWORD });
    const signedOut = await jar.post('/auth/cookie/logout');
    const lines = [...signedIn.headers.getSetCookie(), ...signedOut.headers.getSetCookie()];
    expect(lines.length).toBeGreaterThanOrEqual(5);
    expect(lines.filter((line) => !line.endsWith('; Secure; SameSite=None; Partitioned'))).toEqual([]);
    await running.close();
    running = await startBrowserApp(adapter);
    const plain = await new CookieJar(running).post('/auth/cookie/login', { username: 'ada', password: PASSWORD });
    expect(plain.headers.getSetCookie().join('\n')).not.toContain('Partitioned');
  });
});

describe('the options of such pages', () => {
  it.each([
    'null',
    'capacitor://',
    'capacitor://localhost/',
    'Capacitor://localhost',
    'capacitor://localhost/index.html',
    'https://app.example/',
    'https://APP.example',
    'file://',
    'data:text/html,x',
    'javascript://x',
    '*',
    'localhost',
    '',
  ])('are boot errors if the origin is %j', async (origin) => {
    expect(await problemsOf({ csrf: { trustedOrigins: [origin] } })).toEqual([
      expect.stringContaining('csrf.trustedOrigins has'),
    ]);
  });

  it.each<[string, NonNullable<BrowserAppOptions['cookies']>]>([
    ['lax', { partitioned: true }],
    ['strict', { partitioned: true, sameSite: 'strict' }],
    ['not secure', { partitioned: true, sameSite: 'none', secure: false }],
  ])('are boot errors if partitioned cookies are %s', async (_, cookies) => {
    expect((await problemsOf({ cookies })).join('\n')).toContain('cookies.partitioned is true; accepted beside it are');
  });
});
