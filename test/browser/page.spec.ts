// The web page of accounts in a real browser, and what pages of an attacker can do to its users.
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { ADAPTERS } from '../support/applications.js';
import { startApp, type AppProcess } from '../support/sample-process.js';
import { openSqlite } from '../support/better-sqlite3.js';
import { startIdentityProvider, type IdentityProvider } from '../support/identity-provider.js';
import { startChromium } from '../support/chromium.js';
import { HttpsFront } from '../support/https-front.js';
import { Authenticator } from '../support/authenticator.js';

const APP = 'app.example.test';
const SIBLING = 'blog.example.test';
const STRANGER = 'evil.attacker.test';
const PASSWORD = 'correct horse battery staple';

/** A page with a form that a script sends without asking. */
function form(action: string, fields: Readonly<Record<string, string>>): string {
  const inputs = Object.entries(fields).map(([name, value]) => `<input name="${name}" value="${value}">`);
  return `<form method="post" action="${action}">${inputs.join('')}</form>`;
}

let browser: Browser;
beforeAll(async () => {
  browser = await startChromium();
}, 60_000);
afterAll(() => browser.close());

describe.each(ADAPTERS)('the page on %s', (adapter) => {
  const mary = new Authenticator('JBSWY3DPEHPK3PXP');
  let front: HttpsFront;
  let app: AppProcess;
  let provider: IdentityProvider;
  let origin: string;
  let context: BrowserContext;
  let page: Page;
  let foreign: string[];

  beforeAll(async () => {
    front = await HttpsFront.open();
    origin = front.origin(APP);
    // The provider warns at length of what a test may do.
    for (const level of ['info', 'warn'] as const) jest.spyOn(console, level).mockImplementation(() => {});
    provider = await startIdentityProvider([`${origin}/login/elsewhere/callback`]);
    const { issuer, client } = provider;
    const external = { EXTERNAL_ISSUER: issuer, EXTERNAL_CLIENT_ID: client.id, EXTERNAL_CLIENT_SECRET: client.secret };
    app = await startApp({ environment: { HTTP_ADAPTER: adapter, PUBLIC_URL: origin, ...external } });
    front.serve(APP, app.url);
    const forged = { motto: 'forged' };
    const attacks = {
      '/': '<h1>elsewhere</h1>',
      '/motto': form(`${origin}/account/motto`, forged),
      '/sign-in': form(`${origin}/auth/cookie/login`, { username: 'grace', password: 'amazing grace 1906' }),
      '/sign-out': form(`${origin}/auth/cookie/logout`, {}),
      '/refresh': form(`${origin}/auth/cookie/refresh`, {}),
      '/frame': `<iframe id="frame" src="${origin}/"></iframe>`,
    };
    front.serve(SIBLING, attacks);
    front.serve(STRANGER, attacks);
  }, 60_000);
  afterAll(async () => {
    await app.remove();
    await front.close();
    await provider.close();
    jest.restoreAllMocks();
  });

  beforeEach(async () => {
    context = await browser.newContext({ ignoreHTTPSErrors: true });
    page = await context.newPage();
    foreign = [];
    page.on('request', (request) => {
      if (new URL(request.url()).origin !== origin) foreign.push(request.url());
    });
    await page.goto(`${origin}/`);
  });
  afterEach(() => context.close());

  async function signIn(by: 'cookie' | 'session' = 'cookie'): Promise<void> {
    await page.getByLabel('User name').fill('ada');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByLabel(by === 'cookie' ? 'a token in a cookie' : 'a session on the server').check();
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Hello, ada' }).waitFor();
  }

  /** What the server answers to this browser. */
  const account = () =>
    page.evaluate(async () => {
      const answer = await fetch('/account');
      return { status: answer.status, ...((await answer.json()) as { username?: string; motto?: string }) };
    });

  const lastSaid = () => page.locator('#log li').first().innerText();

  /** Opens a page of the attacker in the same browser, and returns the answer to the forged request. */
  async function forgedFrom(host: string, path: string): Promise<number> {
    const tab = await context.newPage();
    await tab.goto(front.origin(host) + path);
    const [answer] = await Promise.all([
      tab.waitForNavigation({ timeout: 10_000 }),
      tab.evaluate('document.forms[0].submit()'),
    ]);
    return answer?.status() ?? 0;
  }

  it('lets a user sign in, act, and sign out with the keyboard alone', async () => {
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to content');
    await page.getByLabel('User name').focus();
    await page.keyboard.type('ada');
    await page.keyboard.press('Tab');
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Hello, ada' }).waitFor();
    expect(await page.evaluate('document.activeElement.id')).toBe('signed-in-title');
    expect(await page.locator('#scheme').innerText()).toBe('cookie');
    await page.getByLabel('A new motto').focus();
    await page.keyboard.type('festina lente');
    await page.keyboard.press('Enter');
    await page.locator('#motto-now', { hasText: 'festina lente' }).waitFor();
    await page.getByRole('button', { name: 'Sign out', exact: true }).first().focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(await page.evaluate('document.activeElement.id')).toBe('signed-out-title');
    expect(await account()).toMatchObject({ status: 401 });
  });

  it.each(['cookie', 'session'] as const)('asks for a code where the user has an authenticator, by %s', async (by) => {
    await page.getByLabel('User name').fill('mary');
    await page.getByLabel('Password').fill('connexion of the sciences');
    await page.getByLabel(by === 'cookie' ? 'a token in a cookie' : 'a session on the server').check();
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByLabel('Code of your authenticator app').waitFor();
    expect(await page.evaluate('document.activeElement.id')).toBe('code');
    expect(await account()).toMatchObject({ status: 401 });
    await page.keyboard.type('000000');
    await page.keyboard.press('Enter');
    await page.locator('#second-step-error', { hasText: 'That code is not right' }).waitFor();
    await page.getByLabel('Code of your authenticator app').fill(mary.next());
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Hello, mary' }).waitFor();
    expect(await page.locator('#scheme').innerText()).toBe(by);
  });

  it('signs a user in elsewhere, as the same user each time, and by a code if they have an authenticator', async () => {
    const elsewhere = page.getByRole('link', { name: 'Sign in elsewhere' });
    await elsewhere.click();
    const greeting = page.getByRole('heading', { name: /^Hello, guest-/ });
    await greeting.waitFor();
    const name = await greeting.innerText();
    expect(await page.locator('#scheme').innerText()).toBe('cookie');
    await page.getByRole('button', { name: 'Sign out', exact: true }).first().click();
    const database = openSqlite(join(app.folder, 'accounts.sqlite'), { timeout: 5_000 });
    const secret = 'KRSXG5CTMVRXEZLUKN2XAZLSKNSWG4TF';
    database.exec(`UPDATE users SET totp_secret = '${secret}' WHERE username LIKE 'guest-%'`);
    database.close();
    await elsewhere.click();
    await page.getByLabel('Code of your authenticator app').fill(new Authenticator(secret).next());
    expect([page.url(), await account()]).toEqual([`${origin}/`, expect.objectContaining({ status: 401 })]);
    await page.keyboard.press('Enter');
    await greeting.waitFor();
    expect(await greeting.innerText()).toBe(name);
  });

  it('says that a sign-in elsewhere was declined, or was not begun here', async () => {
    const { account: subject } = provider.visitor;
    provider.visitor.account = undefined;
    await page.getByRole('link', { name: 'Sign in elsewhere' }).click();
    await page.getByRole('alert').filter({ hasText: 'was not completed' }).waitFor();
    provider.visitor.account = subject;
    await page.goto(`${origin}/login/elsewhere/callback?code=theirs&state=theirs`);
    await page.getByRole('alert').filter({ hasText: 'was not begun in this browser' }).waitFor();
    expect(await account()).toMatchObject({ status: 401 });
  });

  it('recognises a user by session too, and signs them out of it', async () => {
    await signIn('session');
    expect(await page.locator('#scheme').innerText()).toBe('session');
    await page.getByRole('button', { name: 'Sign out', exact: true }).first().click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(await account()).toMatchObject({ status: 401 });
  });

  it('reports why a sign-in was refused', async () => {
    await page.getByLabel('User name').fill('ada');
    await page.getByLabel('Password').fill('wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').filter({ hasText: 'The user name or password is not right.' }).waitFor();
  });

  it('refreshes by itself once the access cookie has expired', async () => {
    await signIn();
    await context.clearCookies({ name: '__Host-access' });
    await page.reload();
    await page.getByRole('heading', { name: 'Hello, ada' }).waitFor();
    expect((await context.cookies()).map(({ name }) => name)).toContain('__Host-access');
  });

  it('shows refusals', async () => {
    await signIn();
    const rows = [
      ['No credential', '401', 'unauthenticated'],
      ['A spoilt token', '401', 'token_malformed'],
      ['No CSRF token', '403', 'csrf_token_missing'],
      ['An expired token (7 seconds)', '401', 'token_expired'],
    ] as const;
    for (const [button, status, code] of rows) {
      await page.getByRole('button', { name: button }).click();
      await page.locator('#log li').first().filter({ hasText: code }).waitFor({ timeout: 15_000 });
      expect(await lastSaid()).toContain(status);
    }
  }, 40_000);

  const devices = () => page.locator('#device-list li');

  it.each([
    ['one other', () => devices().filter({ hasNotText: '(this one)' }).getByRole('button').first()],
    ['all others', () => page.getByRole('button', { name: 'Sign out everywhere else' })],
  ])('lists devices with their last use, and ends %s', async (_, button) => {
    await signIn();
    const other = await browser.newContext({ ignoreHTTPSErrors: true });
    const elsewhere = await other.newPage();
    await elsewhere.goto(`${origin}/`);
    await elsewhere.getByLabel('User name').fill('ada');
    await elsewhere.getByLabel('Password').fill(PASSWORD);
    await elsewhere.getByRole('button', { name: 'Sign in' }).click();
    await elsewhere.getByRole('heading', { name: 'Hello, ada' }).waitFor();
    await page.reload();
    await devices()
      .filter({ hasText: /since .*, last used .*\(this one\)/ })
      .waitFor();
    const listed = await devices().count();
    await button().click();
    await devices()
      .nth(listed - 1)
      .waitFor({ state: 'detached' });
    expect(await elsewhere.evaluate(async () => (await fetch('/account')).status)).toBe(401);
    await other.close();
  });

  it('loads nothing from other hosts, exposes no credential to scripts, and violates no policy', async () => {
    const complaints: string[] = [];
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    await page.reload();
    await signIn();
    expect(foreign).toEqual([]);
    expect(complaints.filter((text) => /Content Security Policy/i.test(text))).toEqual([]);
    expect(await page.evaluate('document.cookie')).toBe('');
    const kept = await page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }])');
    expect(kept).toBe('[{},{"by":"cookie"}]');
    for (const cookie of await context.cookies()) expect(cookie).toMatchObject({ secure: true, httpOnly: true });
  });

  describe.each([
    ['another site', STRANGER],
    ['a sibling host', SIBLING],
  ])('attacked from %s', (_, host) => {
    beforeEach(() => signIn());

    it.each(['/motto', '/sign-in', '/sign-out', '/refresh'])('refuses a forged form: %s', async (path) => {
      const before = await account();
      const cookies = (await context.cookies(origin)).map(({ name, value }) => `${name}=${value}`).sort();
      expect([401, 403]).toContain(await forgedFrom(host, path));
      expect(await account()).toEqual(before);
      expect((await context.cookies(origin)).map(({ name, value }) => `${name}=${value}`).sort()).toEqual(cookies);
    });

    it('refuses a forged fetch, and does not reveal the CSRF token', async () => {
      const before = await account();
      const tab = await context.newPage();
      await tab.goto(`${front.origin(host)}/`);
      const outcome = await tab.evaluate(async (target) => {
        const options = { credentials: 'include' } as const;
        const body = new URLSearchParams({ motto: 'forged' });
        const read = (path: string, more: RequestInit = {}) =>
          fetch(target + path, { ...options, ...more }).then(
            () => 'read',
            () => 'blocked',
          );
        return [
          await read('/auth/csrf'),
          await read('/account/motto', { method: 'POST', body, mode: 'no-cors' }),
          await read('/account/motto', { method: 'POST', body, headers: { 'x-csrf-token': 'x' } }),
        ];
      }, origin);
      expect([outcome[0], outcome[2]]).toEqual(['blocked', 'blocked']);
      expect(await account()).toEqual(before);
    });

    it('cannot be framed', async () => {
      const tab = await context.newPage();
      await tab.goto(`${front.origin(host)}/frame`);
      await tab.waitForTimeout(500);
      const [, frame] = tab.frames();
      expect(await frame?.locator('h1').count()).toBe(0);
    });
  });

  it('ignores cookies that a sibling host sets', async () => {
    await signIn();
    const attacker = await browser.newContext({ ignoreHTTPSErrors: true });
    const theirs = await attacker.newPage();
    await theirs.goto(`${origin}/`);
    await theirs.getByLabel('User name').fill('grace');
    await theirs.getByLabel('Password').fill('amazing grace 1906');
    await theirs.getByRole('button', { name: 'Sign in' }).click();
    await theirs.getByRole('heading', { name: 'Hello, grace' }).waitFor();
    const loot = (await attacker.cookies()).map(({ name, value, path }) => ({ name, value, path }));
    await attacker.close();
    const tab = await context.newPage();
    await tab.goto(`${front.origin(SIBLING)}/`);
    const lines = loot.flatMap(({ name, value, path }) =>
      [path, '/'].map((each) => `${name}=${value}; Domain=example.test; Path=${each}; Secure`),
    );
    for (const line of lines) await tab.evaluate(`document.cookie = ${JSON.stringify(line)}`);
    // Whatever the browser let through, no request acts as another user.
    expect(await account()).toMatchObject({ status: 200, username: 'ada' });
    const planted = (await context.cookies(origin)).filter(({ domain }) => domain.startsWith('.'));
    expect(planted.every(({ name }) => !name.startsWith('__Host-'))).toBe(true);
    const refreshed = await page.evaluate(async () => {
      const { csrfToken } = (await (await fetch('/auth/csrf')).json()) as { csrfToken: string };
      const headers = { 'x-csrf-token': csrfToken };
      return (await fetch('/auth/cookie/refresh', { method: 'POST', headers })).status;
    });
    expect([204, 400, 403]).toContain(refreshed);
    expect(await account()).toMatchObject({ status: 200, username: 'ada' });
  });
});
