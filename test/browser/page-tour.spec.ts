// What the page of accounts shows a visitor in a real browser: the life of a token, an end that reaches another tab, refusals with their
// reasons, the routes for staff. That it is accessible, fits a phone, and leaves the console clean.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { ADAPTERS } from '../support/applications.js';
import { startChromium } from '../support/chromium.js';
import { startApp, type AppProcess } from '../support/sample-process.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const WAYS = { bearer: 'a bearer token', cookie: 'a token in a cookie', session: 'a session on the server' } as const;
type Way = keyof typeof WAYS;

let browser: Browser;
beforeAll(async () => {
  browser = await startChromium();
}, 60_000);
afterAll(() => browser.close());

describe.each(ADAPTERS)('the page for a visitor on %s', (adapter) => {
  let app: AppProcess;
  let context: BrowserContext;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    app = await startApp({ environment: { HTTP_ADAPTER: adapter } });
  }, 60_000);
  afterAll(() => app.remove());
  beforeEach(() => open({}));
  afterEach(() => context.close());

  async function open(options: BrowserContextOptions): Promise<void> {
    context = await browser.newContext(options);
    complaints = [];
    page = await tab();
  }

  async function tab(): Promise<Page> {
    const opened = await context.newPage();
    opened.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    opened.on('pageerror', (error) => complaints.push(error.message));
    // The issuer, whose origin the CSRF check knows, is at this name.
    await opened.goto(`${app.url.replace('127.0.0.1', 'localhost')}/`);
    return opened;
  }

  async function signIn(username: string, way: Way, on = page): Promise<void> {
    await on.getByRole('group', { name: 'Demo users' }).getByRole('button', { name: username }).click();
    await on.getByLabel(WAYS[way]).check();
    await on.getByRole('button', { name: 'Sign in' }).click();
    await on.getByRole('heading', { name: `Hello, ${username}` }).waitFor();
  }

  const claim = async (name: string): Promise<string> =>
    page
      .locator('#claims > div', { has: page.locator(`dt code:text-is("${name}")`) })
      .locator('dd')
      .innerText();

  const devices = () => page.locator('#device-list li');

  it.each(['bearer', 'cookie', 'session'] as const)(
    'signs in by %s, and says what each request carries',
    async (way) => {
      await signIn('ada', way);
      expect(await page.locator('#scheme').innerText()).toBe(way);
      const carried = await page.locator('#carried').innerText();
      expect(carried).toMatch(way === 'bearer' ? /^Authorization: Bearer eyJ/ : /^Cookie: .*HttpOnly/);
      expect(await claim('sub')).toMatch(/^[0-9a-f-]{36}$/);
      await page.getByLabel('A new motto').fill(`by ${way}`);
      await page.keyboard.press('Enter');
      await page.locator('#motto-now', { hasText: `by ${way}` }).waitFor();
      await page.getByRole('button', { name: 'Sign out', exact: true }).first().click();
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
      expect(complaints).toEqual([]);
    },
  );

  it('changes from one way to another with one press', async () => {
    await signIn('ada', 'cookie');
    for (const way of ['session', 'bearer', 'cookie'] as const) {
      await page.locator(`[data-way=${way}]`).click();
      await page.locator('#scheme', { hasText: way }).waitFor();
    }
    const names = (await context.cookies()).map(({ name }) => name);
    expect(names).toContain('access');
    expect(complaints).toEqual([]);
  });

  it('keeps bearer tokens in memory alone: a reload forgets them, and that is said', async () => {
    await signIn('ada', 'bearer');
    const kept = await page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])');
    expect(kept).toBe('[{},{"by":"bearer"},""]');
    await page.reload();
    await page.getByRole('alert').filter({ hasText: 'the reload forgot it' }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('takes the second step with the code of the demo app', async () => {
    await page.getByRole('button', { name: 'mary' }).click();
    await page.getByLabel(WAYS.bearer).check();
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('button', { name: 'Fill in the code of the demo app' }).click();
    await page.locator('#code:valid').waitFor();
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('heading', { name: 'Hello, mary' }).waitFor();
    expect(await claim('amr')).toBe('password, code, two steps');
  });

  it.each(['bearer', 'cookie'] as const)('counts down, and shows a token with its successor, by %s', async (way) => {
    await signIn('ada', way);
    const first = await claim('jti');
    const left = await page.getByRole('timer').innerText();
    expect(left).toMatch(/^1[45]:[0-5]\d$/);
    await page.getByRole('timer').filter({ hasNotText: left }).waitFor();
    await page.getByRole('button', { name: 'Refresh now' }).click();
    await page.locator('#chain li').nth(1).waitFor();
    const second = await claim('jti');
    expect(second).not.toBe(first);
    const chain = await page.locator('#chain li').allInnerTexts();
    expect([chain[0], chain[1]]).toEqual([
      expect.stringMatching(new RegExp(`^${second.slice(0, 8)}\\s+in use`)),
      expect.stringMatching(new RegExp(`^${first.slice(0, 8)}\\s+replaced at`)),
    ]);
    expect(complaints).toEqual([]);
  });

  it.each([
    ['of the same browser', 'cookie', 'cookie'],
    ['with a sign-in of its own', 'bearer', 'cookie'],
  ] as const)('shows an end in a second tab %s, without a reload', async (_, way, otherWay) => {
    await signIn('ada', way);
    const second = await tab();
    if (way === 'cookie') await second.getByRole('heading', { name: 'Hello, ada' }).waitFor();
    else await signIn('ada', otherWay, second);
    await page.bringToFront();
    // The list may not show the other sign-in yet: all others are ended, whatever is listed.
    if (way === 'cookie') await devices().filter({ hasText: '(this one)' }).getByRole('button').click();
    else await page.getByRole('button', { name: 'Sign out everywhere else' }).click();
    await second.locator('#ended', { hasText: 'ended from another tab or device' }).waitFor({ timeout: 5_000 });
    expect(await second.locator('#token-state').innerText()).toBe('Refused: ended');
    expect(complaints).toEqual([]);
  });

  it('notices an end that no other tab tells it of', async () => {
    await signIn('grace', 'bearer');
    const other = (await (
      await app.post('/auth/token', { username: 'grace', password: 'amazing grace 1906' })
    ).json()) as {
      access_token: string;
    };
    const headers = { authorization: `Bearer ${other.access_token}` };
    await app.fetch('/auth/devices', { method: 'DELETE', headers });
    await page.locator('#ended').waitFor({ timeout: 5_000 });
  });

  it('shows the history of the account as it grows', async () => {
    await signIn('ada', 'session');
    const trail = page.locator('#trail li');
    await trail.first().waitFor();
    const before = await trail.first().innerText();
    await app.post('/auth/token', { username: 'ada', password: 'correct horse battery staple' });
    await trail.first().filter({ hasNotText: '(this sign-in)' }).waitFor({ timeout: 5_000 });
    expect(before).toContain('Signed in (this sign-in)');
    expect(await trail.first().innerText()).toContain('Signed in');
  });

  const REFUSED = [
    ['No credential', '401', 'unauthenticated'],
    ['A spoilt token', '401', 'token_malformed'],
    ['An unsigned token', '401', 'algorithm_not_allowed'],
    ['Another scheme', '401', 'unauthenticated'],
    ['No CSRF token', '403', 'csrf_token_missing'],
    ['A token for another service', '401', 'invalid_audience'],
    ['A refresh token as access token', '401', 'wrong_token_type'],
    ['Staff only', '403', 'forbidden'],
    ['An expired token (7 seconds)', '401', 'token_expired'],
    ['A reused refresh token (11 seconds)', '401', 'token_invalid'],
  ] as const;

  it('explains each refusal, with a link', async () => {
    await signIn('ada', 'bearer');
    const items = page.locator('#refusal-list > li');
    expect(await items.count()).toBe(REFUSED.length);
    for (const [name] of REFUSED) await page.getByRole('button', { name, exact: true }).click();
    for (const [name, status, code] of REFUSED) {
      const answer = items.filter({ has: page.getByRole('button', { name, exact: true }) }).locator('.answer');
      await answer.locator('.pill').waitFor({ timeout: 20_000 });
      expect(await answer.locator('.verdict').innerText()).toBe(`${status} ${code}`);
      expect((await answer.locator('p').nth(1).innerText()).length).toBeGreaterThan(40);
      expect(await answer.getByRole('link').getAttribute('href')).toMatch(/\/docs\/[\w/-]+\.md$/);
    }
    // The reuse ended its own sign-in, which the history says, and not this one.
    await page.locator('#trail .alarming').first().waitFor({ timeout: 5_000 });
    expect(await page.locator('#token-state').innerText()).toBe('Accepted');
  }, 60_000);

  it('does not take a server that is out of order for the end of a sign-in', async () => {
    await signIn('ada', 'cookie');
    await page.route('**/credential', (route) =>
      route.fulfill({ status: 503, headers: { 'retry-after': '1' }, body: '{}' }),
    );
    for (let answers = 0; answers < 3; answers += 1) await page.waitForResponse('**/credential');
    expect(await page.locator('#token-state').innerText()).toBe('Accepted');
    expect(await page.locator('#ended').isHidden()).toBe(true);
  });

  it('shows staff what each route demands, and nothing of it to others', async () => {
    expect((await app.fetch('/staff/routes')).status).toBe(401);
    await signIn('ada', 'cookie');
    expect(await page.locator('#staff').isHidden()).toBe(true);
    const asked = await context.request.get(`${app.url.replace('127.0.0.1', 'localhost')}/staff/routes`);
    expect(asked.status()).toBe(403);
    await page.getByRole('button', { name: 'Sign out', exact: true }).first().click();
    await signIn('grace', 'cookie');
    const row = page.getByRole('row', { name: 'GET /staff/routes' });
    await row.waitFor();
    expect(await row.getByRole('cell').allInnerTexts()).toEqual([
      'Signed-in users',
      'bearer, cookie, session',
      'roles(staff)',
    ]);
    await page.getByLabel('Show routes that contain').fill('devices');
    await page
      .getByRole('status')
      .filter({ hasText: /^3 of \d+ routes$/ })
      .waitFor();
  });

  it('leaves the console clean and asks nothing that is refused while a visitor does nothing', async () => {
    const refused: string[] = [];
    page.on('response', (response) => response.status() >= 400 && refused.push(response.url()));
    await page.reload();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.waitForTimeout(1_500);
    expect([refused, complaints]).toEqual([[], []]);
    expect((await app.fetch('/favicon.ico')).status).toBe(200);
    expect((await app.fetch('/modules/..%2f..%2fpackage.json')).status).toBe(404);
  });

  it('can be used with the keyboard alone, and tells a screen reader', async () => {
    await page.getByRole('button', { name: 'ada' }).focus();
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Sign in');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Hello, ada' }).waitFor();
    expect(await page.evaluate('document.activeElement.id')).toBe('signed-in-title');
    await page.getByRole('status').filter({ hasText: 'Signed in as ada.' }).waitFor({ state: 'attached' });
    await page.getByRole('button', { name: 'Another scheme' }).focus();
    await page.keyboard.press('Enter');
    await page
      .getByRole('status')
      .filter({ hasText: 'Another scheme: 401 unauthenticated' })
      .waitFor({ state: 'attached' });
  });

  const VIEWS = [
    ['light', 1280],
    ['light', 390],
    ['dark', 1280],
    ['dark', 390],
  ] as const;

  it.each(VIEWS)(
    'has no fault that axe finds and no sideways scroll: %s, %i px wide',
    async (colorScheme, width) => {
      await context.close();
      // The test alone adds a script that the policy of the page does not allow.
      await open({ colorScheme, viewport: { width, height: 844 }, bypassCSP: true });
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
      expect(await faults()).toEqual([]);
      await signIn('grace', 'bearer');
      await page.getByRole('button', { name: 'Refresh now' }).click();
      for (const name of ['No CSRF token', 'Staff only']) await page.getByRole('button', { name }).click();
      await page.locator('.answer .pill').nth(1).waitFor();
      await page.locator('#trail li').first().waitFor();
      await page.locator('#route-rows tr').first().waitFor();
      expect(await faults()).toEqual([]);
    },
    30_000,
  );

  /** What axe finds, and how far the page reaches over the right edge. */
  async function faults(): Promise<readonly string[]> {
    await page.waitForTimeout(700);
    await page.evaluate(AXE);
    const found = (await page.evaluate(
      'axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`)))',
    )) as string[];
    const beyond = (await page.evaluate('document.documentElement.scrollWidth - innerWidth')) as number;
    return beyond > 0 ? [...found, `${beyond} px beyond the edge`] : found;
  }
});
