// Proves that the defence is what refuses a forged request: the same pages, the same browser, with the defence and without it.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, BrowserContext } from 'playwright-core';
import { ADAPTERS, type AdapterName, type RunningApplication } from '../support/applications.js';
import { PASSWORD, People, startBrowserApp } from '../support/browser-app.js';
import { startChromium } from '../support/chromium.js';
import { HttpsFront } from '../support/https-front.js';

const APP = 'app.example.test';
const SIBLING = 'blog.example.test';
const STRANGER = 'evil.attacker.test';

let browser: Browser;
let front: HttpsFront;
let running: RunningApplication | undefined;
beforeAll(async () => {
  browser = await startChromium();
  front = await HttpsFront.open();
  const action = `${front.origin(APP)}/account/motto`;
  const page = `<form method="post" action="${action}"><input name="motto" value="forged"></form>`;
  for (const host of [SIBLING, STRANGER]) front.serve(host, { '/': page });
}, 60_000);
afterAll(async () => {
  await browser.close();
  await front.close();
});

/** Cookies that a browser sends from other sites too, so that only the protection prevents the attack. */
async function start(adapter: AdapterName, dangerouslyDisable: boolean): Promise<RunningApplication> {
  const app = await startBrowserApp(adapter, {
    issuer: front.origin(APP),
    cookies: { sameSite: 'none' },
    csrf: { dangerouslyDisable },
  });
  front.serve(APP, app.url);
  return app;
}

async function signIn(context: BrowserContext): Promise<void> {
  const page = await context.newPage();
  await page.goto(`${front.origin(APP)}/auth/csrf`);
  const status = await page.evaluate(async (password) => {
    const { csrfToken } = (await (await fetch('/auth/csrf')).json()) as { csrfToken: string };
    const headers = { 'content-type': 'application/json', 'x-csrf-token': csrfToken };
    const body = JSON.stringify({ username: 'ada', password });
    return (await fetch('/auth/cookie/login', { method: 'POST', headers, body })).status;
  }, PASSWORD);
  expect(status).toBe(204);
}

/** The motto of the user after they opened a page of the attacker. */
async function mottoAfter(host: string, app: RunningApplication): Promise<{ status: number; motto: string }> {
  const ada = app.app.get(People, { strict: false }).of('ada');
  ada.motto = 'mine';
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  await signIn(context);
  const tab = await context.newPage();
  await tab.goto(`${front.origin(host)}/`);
  const [answer] = await Promise.all([
    tab.waitForNavigation({ timeout: 10_000 }),
    tab.evaluate('document.forms[0].submit()'),
  ]);
  await context.close();
  return { status: answer?.status() ?? 0, motto: ada.motto };
}

describe.each(ADAPTERS)('a forged request on %s', (adapter) => {
  it.each([
    ['another site', STRANGER],
    ['a sibling host', SIBLING],
  ])(
    'succeeds from %s without the protection, and is refused with it',
    async (_, host) => {
      for (const [disabled, outcome] of [
        [true, { status: 201, motto: 'forged' }],
        [false, { status: 403, motto: 'mine' }],
      ] as const) {
        running = await start(adapter, disabled);
        try {
          expect(await mottoAfter(host, running)).toEqual(outcome);
        } finally {
          await running.close();
        }
      }
    },
    60_000,
  );
});
