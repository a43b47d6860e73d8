// Signing in at a real identity provider by openid-client, in cookies, a session and tokens, and what an attacker may try on the way.
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { decodeJwt } from 'jose';
import { challenge } from 'nestjs-latchkey/sign-in';
import { ADAPTERS } from '../support/applications.js';
import {
  callbackAt,
  CODE,
  ExternalBrowser,
  externalSetup,
  linkOf,
  startExternalApp,
  unchanged,
  type ExternalApp,
} from '../support/external-sign-in-app.js';
import { startIdentityProvider, type IdentityProvider } from '../support/identity-provider.js';
import { ACCESS } from '../support/recording-browser-app.js';

const KEPT = '__Host-access-external';
const SUBJECT = 'subject-1';

let one: IdentityProvider;
let two: IdentityProvider;
beforeAll(async () => {
  // The provider warns at length of what a test may do.
  for (const level of ['info', 'warn'] as const) jest.spyOn(console, level).mockImplementation(() => {});
  one = await startIdentityProvider(['one', 'passport', 'nest-passport'].map(callbackAt));
  two = await startIdentityProvider([callbackAt('two')]);
}, 60_000);
afterAll(async () => {
  jest.restoreAllMocks();
  await Promise.all([one.close(), two.close()]);
});

const codeIn = async (answer: Response): Promise<string> =>
  `${answer.status} ${((await answer.json()) as { errorCode?: string }).errorCode}`;

describe.each(ADAPTERS)('a sign-in at another provider on %s', (adapter) => {
  let app: ExternalApp;
  let browser: ExternalBrowser;
  beforeAll(async () => {
    app = await startExternalApp(adapter, externalSetup({ one, two }));
  }, 60_000);
  afterAll(() => app.close());

  beforeEach(() => {
    Object.assign(app.setup, unchanged());
    app.events.length = 0;
    app.setup.links.clear();
    app.setup.links.set(linkOf(one.issuer, SUBJECT), 'ada');
    Object.assign(one.visitor, { account: SUBJECT, email: 'ada@example.com', amr: ['pwd', 'hwk'], acr: 'gold' });
    Object.assign(two.visitor, one.visitor);
    browser = new ExternalBrowser(app);
  });

  /** A callback that was refused, and began no login. */
  async function refusal(answer: Response): Promise<string> {
    expect(browser.jar.value(ACCESS)).toBeUndefined();
    expect(answer.headers.get('cache-control')).toBe('no-store');
    return codeIn(answer);
  }

  const refusedAgain = async (path: string): Promise<number> => (await browser.jar.copy().send(path)).status;

  describe('for a user who has an account', () => {
    it.each([
      ['cookies', 'cookie'],
      ['session', 'session'],
    ] as const)('ends in %s, and at the page that was asked for', async (as, scheme) => {
      app.setup.as = as;
      const path = await browser.goThere('one', undefined, `?next=${encodeURIComponent('/account?a=1#b')}`);
      const answer = await browser.jar.send(path);
      expect([answer.status, answer.headers.get('location')]).toEqual([302, '/account?a=1#b']);
      expect(await browser.who()).toMatchObject({ subject: 'ada', scheme, amr: [] });
      expect(browser.jar.value(KEPT)).toBeUndefined();
      expect((await browser.jar.post(`/auth/${scheme}/logout`)).status).toBe(204);
    });

    it('ends in a login for each of three tabs, in any order', async () => {
      app.setup.as = 'cookies';
      const paths: string[] = [];
      for (const tab of ['a', 'b', 'c']) paths.push(await browser.goThere('one', undefined, `?next=/${tab}`));
      for (const index of [1, 0, 2]) {
        const answer = await browser.jar.send(paths[index] ?? '');
        expect([answer.status, answer.headers.get('location')]).toEqual([302, `/${'abc'[index]}`]);
        expect(await refusedAgain(paths[index] ?? '')).toBe(400);
      }
    });

    it('ends in tokens', async () => {
      app.setup.as = 'tokens';
      const { access_token } = (await (await browser.signIn()).json()) as { access_token: string };
      const who = await app.fetch('/who', { headers: { authorization: `Bearer ${access_token}` } });
      expect(await who.json()).toMatchObject({ subject: 'ada', scheme: 'bearer' });
    });

    it('takes over how the provider authenticated them, if the application says so', async () => {
      app.setup.as = 'tokens';
      app.setup.login = (idToken) => ({ idToken: { ...idToken, auth_time: 1_000 } });
      const claimsOf = async () =>
        decodeJwt(((await (await browser.signIn()).json()) as { access_token: string }).access_token);
      expect(await claimsOf()).toMatchObject({ acr: 'gold', amr: ['pwd', 'hwk'], auth_time: 1_000 });
      app.setup.login = () => ({ idToken: { acr: 7, amr: 'pwd', auth_time: 9_999_999_999 } });
      const { acr, amr, iat, auth_time } = await claimsOf();
      expect([acr, amr, auth_time]).toEqual([undefined, undefined, iat]);
    });

    it('takes the callback of a provider that posts a form', async () => {
      app.setup.begin = { formPost: true };
      const path = await browser.goThere('one', (url) => url.searchParams.set('prompt', 'login'));
      expect(browser.jar.cookies.get(KEPT)?.attributes).toEqual(expect.arrayContaining(['samesite=none', 'secure']));
      const body = new URLSearchParams(path.slice(path.indexOf('?')));
      const answer = await app.fetch('/login/one/callback', {
        method: 'POST',
        body,
        headers: { cookie: browser.jar.headerFor('/login/one/callback') },
      });
      expect(answer.status).toBe(302);
    });

    it.each(['cookies', 'session'] as const)('ends the login that the browser had before, by %s', async (as) => {
      app.setup.as = as;
      await browser.signIn();
      const before = browser.jar.copy();
      expect((await before.send('/who')).status).toBe(200);
      await browser.signIn();
      expect((await before.send('/who')).status).toBe(401);
      expect(await browser.who()).toMatchObject({ subject: 'ada' });
    });
  });

  describe('with a second step', () => {
    beforeEach(() => {
      app.setup.answer = (user) => user && challenge({ kind: 'totp', user, amr: ['fed'] });
    });

    it.each([
      ['cookies', 'cookie'],
      ['session', 'session'],
    ] as const)('goes on in the same browser alone, by %s', async (as, kind) => {
      app.setup.as = as;
      const statedAt = 1_700_000_000;
      app.setup.login = (idToken) => ({
        idToken: { ...idToken, auth_time: statedAt },
        continueAt: `/auth/${kind}/continue`,
      });
      const answer = await browser.signIn();
      expect(answer.status).toBe(401);
      const { errorCode, step } = (await answer.json()) as { errorCode: string; step: { continuation: string } };
      expect([errorCode, await browser.who()]).toEqual(['further_step_required', 401]);
      const sent = { continuation: step.continuation, code: CODE };
      const stranger = new ExternalBrowser(app);
      expect(await codeIn(await stranger.jar.post(`/auth/${kind}/continue`, sent))).toBe('401 invalid_credentials');
      const other = kind === 'cookie' ? 'session' : 'cookie';
      expect(await codeIn(await browser.jar.post(`/auth/${other}/continue`, sent))).toBe('401 invalid_credentials');
      expect((await browser.jar.post(`/auth/${kind}/continue`, sent)).status).toBe(204);
      // A step of ours does not make what the provider states more recent.
      const authTime = new Date(statedAt * 1000).toISOString();
      const amr = ['pwd', 'hwk', 'fed', 'otp'];
      expect(await browser.who()).toMatchObject({ subject: 'ada', acr: 'gold', amr, authTime });
    });

    it('goes on for a client of tokens', async () => {
      app.setup.as = 'tokens';
      app.setup.login = () => ({ continueAt: '/auth/token/continue' });
      const { step } = (await (await browser.signIn()).json()) as { step: { continuation: string } };
      const sent = { continuation: step.continuation, code: CODE };
      expect((await app.post('/auth/token/continue', sent)).status).toBe(200);
    });

    it('is not passed over by an application that does not say whether one is needed', async () => {
      app.setup.answer = (user) => user;
      expect(await refusal(await browser.signIn())).toBe('500 misconfigured');
      expect(app.logged.join('\n')).toContain('challenge() if this user needs a step, and with proven() if not');
    });

    it('is an error of the application if nothing goes on with it', async () => {
      app.setup.login = () => ({ continueAt: '/auth/cookie' });
      expect(await refusal(await browser.signIn())).toBe('500 misconfigured');
      app.setup.login = () => ({});
      expect(await refusal(await browser.signIn())).toBe('500 misconfigured');
    });
  });

  describe('is refused', () => {
    it('with one answer for an unknown user and an inactive one', async () => {
      app.setup.links.set(linkOf(one.issuer, SUBJECT), 'lin');
      const inactive = await browser.signIn();
      app.setup.links.clear();
      const unknown = await browser.signIn();
      expect(await inactive.clone().text()).toBe(await unknown.clone().text());
      expect([await refusal(inactive), await refusal(unknown)]).toEqual(Array(2).fill('401 external_sign_in_refused'));
    });

    it('for the same subject of another issuer, and for the same e-mail address', async () => {
      expect(two.visitor).toMatchObject({ account: SUBJECT, email: 'ada@example.com' });
      expect(await refusal(await browser.signIn('two'))).toBe('401 external_sign_in_refused');
      Object.assign(one.visitor, { account: 'subject-2' });
      expect(await refusal(await browser.signIn('one'))).toBe('401 external_sign_in_refused');
    });

    it('in a browser that did not begin it', async () => {
      const path = await new ExternalBrowser(app).goThere();
      expect(await refusal(await browser.jar.send(path))).toBe('400 external_state_invalid');
      await browser.begin();
      expect(await refusal(await browser.jar.send(path))).toBe('400 external_state_invalid');
      expect(app.events).toContainEqual(
        expect.objectContaining({ type: 'sign_in_refused', code: 'external_state_invalid' }),
      );
    });

    it('when the callback comes again, with the cookie it came with', async () => {
      const path = await browser.goThere();
      const copies = Array.from({ length: 8 }, () => browser.jar.copy());
      const answers = await Promise.all(copies.map((copy) => copy.send(path)));
      const refused = answers.filter(({ status }) => status !== 302);
      expect(refused).toHaveLength(7);
      for (const answer of refused) expect(await codeIn(answer)).toBe('400 external_state_invalid');
    });

    it('at the callback of another provider', async () => {
      const path = await browser.goThere('one');
      const elsewhere = path.replace('/login/one/', '/login/two/');
      expect(await refusal(await browser.jar.send(elsewhere))).toBe('400 external_state_invalid');
    });

    it.each([
      ['no state', (params: URLSearchParams) => params.delete('state')],
      ['another state', (params: URLSearchParams) => params.set('state', 'x'.repeat(43))],
      ['two states', (params: URLSearchParams) => params.append('state', 'x'.repeat(43))],
    ])('with %s, and can still be completed', async (_, change) => {
      const path = await browser.goThere();
      const [address = '', query] = path.split('?');
      const params = new URLSearchParams(query);
      change(params);
      expect(await refusal(await browser.jar.send(`${address}?${params}`))).toBe('400 external_state_invalid');
      expect((await browser.jar.send(path)).status).toBe(302);
    });

    it.each([
      ['nonce', 'nonce'],
      ['PKCE challenge', 'code_challenge'],
    ])('with another %s than the browser began with', async (_, name) => {
      const path = await browser.goThere('one', (url) => url.searchParams.set(name, 'x'.repeat(43)));
      expect(await refusal(await browser.jar.send(path))).toBe('401 external_sign_in_refused');
    });

    it('with the code of another sign-in', async () => {
      const theirs = new URLSearchParams((await new ExternalBrowser(app).goThere()).split('?')[1]);
      const [address = '', query] = (await browser.goThere()).split('?');
      const mixed = new URLSearchParams(query);
      mixed.set('code', theirs.get('code') ?? '');
      expect(await refusal(await browser.jar.send(`${address}?${mixed}`))).toBe('401 external_sign_in_refused');
    });

    it('when the user declines at the provider, in words that say so', async () => {
      one.visitor.account = undefined;
      const answer = await browser.signIn();
      const { message } = (await answer.clone().json()) as { message: string };
      expect(message).toContain('was not completed');
      expect(await refusal(answer)).toBe('401 external_sign_in_refused');
      expect(browser.jar.value(KEPT)).toBeUndefined();
      const rule = 'the provider answered access_denied';
      expect(app.events).toContainEqual(expect.objectContaining({ type: 'sign_in_refused', reason: { rule } }));
    });

    it.each(['https://evil.test/', '//evil.test', '/\\evil.test', '/.//evil.test', 'javascript:alert(1)'])(
      'before it begins if it is to end at %s',
      async (next) => {
        const answer = await browser.jar.send(`/login/one?next=${encodeURIComponent(next)}`);
        expect(await refusal(answer)).toBe('400 invalid_request');
        expect(browser.jar.value(KEPT)).toBeUndefined();
      },
    );

    it('with 503 while the provider does not answer', async () => {
      const three = await startIdentityProvider([callbackAt('three')]);
      (app.setup.providers as Map<string, IdentityProvider>).set('three', three);
      const path = await browser.goThere('three').finally(() => three.close());
      expect(await refusal(await browser.jar.send(path))).toBe('503 scheme_unavailable');
    });
  });

  // passport itself redirects on Express alone.
  const guards = adapter === 'express' ? ['passport', 'nest-passport'] : ['passport'];
  describe.each(guards)('by the strategy of %s', (name) => {
    it('ends in our login, at the page that was asked for', async () => {
      const path = await browser.goThere(name, undefined, '?next=/account');
      const answer = await browser.jar.send(path);
      expect([answer.status, answer.headers.get('location')]).toEqual([302, '/account']);
      expect(await browser.who()).toMatchObject({ subject: 'ada', scheme: 'cookie' });
      expect(app.events.filter(({ type }) => type === 'sign_in_refused')).toEqual([]);
    });

    it('is refused in another browser, a second time, and with another PKCE challenge', async () => {
      const path = await browser.goThere(name);
      const copy = browser.jar.copy();
      const other = new ExternalBrowser(app);
      expect((await other.jar.send(path)).status).toBe(400);
      expect((await browser.jar.send(path)).status).toBe(302);
      expect((await copy.send(path)).status).toBe(400);
      const changed = await other.goThere(name, (url) => url.searchParams.set('code_challenge', 'x'.repeat(43)));
      expect((await other.jar.send(changed)).status).toBe(name === 'passport' ? 401 : 500);
      expect(await other.who()).toBe(401);
    });

    it('is refused without an account, when the user declines, and with an address of another host', async () => {
      app.setup.links.clear();
      expect((await browser.signIn(name)).status).toBe(401);
      one.visitor.account = undefined;
      expect((await browser.signIn(name)).status).toBe(401);
      expect((await browser.jar.send(`/strategy/${name}?next=//evil.test`)).status).toBe(400);
      expect(await browser.who()).toBe(401);
    });

    // The stock guard of @nestjs/passport answers every error of a provider with 500.
    if (name === 'passport')
      it('is refused, and not unavailable, whatever error the browser brings', async () => {
        for (const error of ['access_denied', 'ETIMEDOUT', 'TimeoutError'])
          expect(await refusal(await browser.jar.send(`/strategy/${name}/callback?error=${error}`))).toBe(
            '401 external_sign_in_refused',
          );
      });

    // Fastify reads no body of a GET.
    if (adapter === 'express')
      it('is refused with a code that the strategy cannot send on, and the process goes on', async () => {
        const state = new URLSearchParams((await browser.goThere(name)).split('?')[1]).get('state');
        const body = `{"code":"\\ud800","state":"${state}"}`;
        const cookie = browser.jar.headerFor(`/strategy/${name}/callback`);
        const headers = { 'content-type': 'application/json', 'content-length': body.length, cookie };
        const asked = request(`${app.url}/strategy/${name}/callback`, { headers }).end(body);
        const [{ statusCode }] = (await once(asked, 'response')) as [IncomingMessage];
        expect(statusCode).toBe(name === 'passport' ? 401 : 500);
      });
  });

  it('writes nothing of it to the log', async () => {
    const path = await browser.goThere();
    const parts = [...new URLSearchParams(path.split('?')[1])].filter(([name]) => name !== 'iss');
    const texts = [...parts.map(([, value]) => value), browser.jar.value(KEPT) ?? ''];
    await browser.jar.send(path);
    await browser.jar.send(path);
    for (const text of texts) expect(app.logged.join('\n')).not.toContain(text);
  });
});
