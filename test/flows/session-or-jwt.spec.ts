import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { BlocklistService, LoginService, TokenService } from 'nestjs-latchkey';
import { FixedClock } from 'nestjs-latchkey/testing';
import { ADAPTERS, type AdapterName, type RunningApplication } from '../support/applications.js';
import { Attempts } from '../support/attempts.js';
import {
  ISSUER,
  PASSWORD,
  People,
  SESSION_COOKIE,
  startBrowserApp,
  type BrowserAppOptions,
} from '../support/browser-app.js';
import { CookieJar } from '../support/cookie-jar.js';

const ACCESS = '__Host-access';

/** One application with its clock, and browsers in any state. */
class Scene {
  private constructor(
    readonly running: RunningApplication,
    readonly clock: FixedClock,
    readonly attempts: Attempts,
  ) {}

  static async open(adapter: AdapterName, options: BrowserAppOptions = {}): Promise<Scene> {
    const clock = new FixedClock();
    const running = await startBrowserApp(adapter, { ...options, structure: { clock } });
    return new Scene(running, clock, new Attempts());
  }

  async close(): Promise<void> {
    this.attempts.close();
    await this.running.close();
  }

  get people(): People {
    return this.running.app.get(People, { strict: false });
  }

  /** A browser with a session of that user, or with none. */
  async browser(session?: string): Promise<CookieJar> {
    const jar = new CookieJar(this.running);
    if (session === undefined) return jar;
    const answer = await jar.post('/auth/session/login', { username: session, password: PASSWORD });
    expect(answer.status).toBe(204);
    return jar;
  }

  /** An access token of that user, valid unless it is altered. */
  async token(id: string, kind: 'good' | 'expired' | 'forged' | 'noise' = 'good'): Promise<string> {
    if (kind === 'noise') return 'not-a-token';
    const tokens = this.running.app.get(TokenService);
    const person = this.people.of(id) as never;
    const { accessToken } = await tokens.issue(person);
    if (kind === 'expired') this.clock.advance('1h');
    return kind === 'forged'
      ? accessToken.replace(/[^.]{4}$/, (end) => (end === 'AAAA' ? 'BBBB' : 'AAAA'))
      : accessToken;
  }

  /** Sends it and returns status, code or scheme, and the outcome of the attempt. */
  async outcome(jar: CookieJar, path: string, sending: Parameters<CookieJar['send']>[1] = {}) {
    this.attempts.forget();
    const answer = await jar.send(path, sending);
    const body = (await answer.json()) as { errorCode?: string; username?: string | null; scheme?: string | null };
    return {
      status: answer.status,
      code: body.errorCode,
      username: body.username,
      scheme: body.scheme,
      event: this.attempts.only(),
    };
  }
}

const post = { method: 'POST', body: { motto: 'forged' } };

describe.each(ADAPTERS)('cookie and session together on %s', (adapter) => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.open(adapter);
  });
  afterAll(() => scene.close());

  /** Session of one user, cookie of another or the same. */
  async function browserWith(session: string | undefined, cookie: string): Promise<CookieJar> {
    const jar = await scene.browser(session);
    jar.plant(ACCESS, cookie);
    return jar;
  }

  it('accepts a valid cookie without a session', async () => {
    const jar = await browserWith(undefined, await scene.token('ada'));
    expect(await scene.outcome(jar, '/account')).toMatchObject({
      status: 200,
      username: 'ada',
      scheme: 'cookie',
      event: { outcome: 'success', scheme: 'cookie', carried: ['cookie'], conflicting: false },
    });
  });

  it('reports an expired cookie as expired if no other scheme succeeds', async () => {
    const jar = await browserWith(undefined, await scene.token('ada', 'expired'));
    expect(await scene.outcome(jar, '/account')).toMatchObject({
      status: 401,
      code: 'token_expired',
      event: { outcome: 'forgiven', code: 'token_expired', forgiven: [{ scheme: 'cookie', code: 'token_expired' }] },
    });
  });

  it('accepts the session of the same user beside an expired cookie', async () => {
    const jar = await browserWith('ada', await scene.token('ada', 'expired'));
    expect(await scene.outcome(jar, '/account')).toMatchObject({
      status: 200,
      username: 'ada',
      scheme: 'session',
      event: {
        outcome: 'success',
        scheme: 'session',
        forgiven: [{ scheme: 'cookie', code: 'token_expired' }],
        conflicting: true,
      },
    });
  });

  it('prefers a valid cookie over a session of the same user, and reports no mismatch', async () => {
    const jar = await browserWith('ada', await scene.token('ada'));
    const { event, ...seen } = await scene.outcome(jar, '/account');
    expect(seen).toMatchObject({ status: 200, username: 'ada', scheme: 'cookie' });
    expect(event).toMatchObject({ outcome: 'success', conflicting: true });
    expect(event.sessionSubject).toBeUndefined();
  });

  it('refuses a valid cookie if the session belongs to another user', async () => {
    const jar = await browserWith('bob', await scene.token('ada'));
    expect(await scene.outcome(jar, '/account')).toMatchObject({
      status: 401,
      code: 'session_user_mismatch',
      event: { outcome: 'user_mismatch_enforced', cookieSubject: 'ada', sessionSubject: 'bob' },
    });
    // The cookie is cleared, so that the user is not locked out.
    expect(jar.value(ACCESS)).toBeUndefined();
    expect(await scene.outcome(jar, '/account')).toMatchObject({ status: 200, username: 'bob', scheme: 'session' });
  });

  it('accepts no session beside a forged cookie of another user', async () => {
    const jar = await browserWith('bob', await scene.token('ada', 'forged'));
    expect(await scene.outcome(jar, '/account')).toMatchObject({
      status: 401,
      code: 'token_invalid',
      event: { outcome: 'user_mismatch', code: 'token_invalid', cookieSubject: 'ada', sessionSubject: 'bob' },
    });
    expect(jar.value(ACCESS)).toBeUndefined();
  });

  it('treats an unreadable cookie as that of another user', async () => {
    const jar = await browserWith('bob', await scene.token('ada', 'noise'));
    expect(await scene.outcome(jar, '/account')).toMatchObject({
      status: 401,
      code: 'token_malformed',
      event: { outcome: 'user_mismatch', cookieSubject: 'unreadable', sessionSubject: 'bob' },
    });
    expect(jar.value(ACCESS)).toBeUndefined();
  });

  it('ignores a forged cookie on a public route, and forgives it on an optional one', async () => {
    const jar = await browserWith(undefined, await scene.token('ada', 'forged'));
    expect((await jar.send('/account/open', { method: 'POST' })).status).toBe(201);
    expect(await scene.outcome(jar, '/account/optional')).toMatchObject({
      status: 200,
      username: null,
      event: { outcome: 'anonymous', forgiven: [{ scheme: 'cookie', code: 'token_invalid' }] },
    });
  });

  it('reports the CSRF failure of a valid cookie without a token', async () => {
    const jar = await browserWith(undefined, await scene.token('ada'));
    expect(await scene.outcome(jar, '/account/motto', post)).toMatchObject({
      status: 403,
      code: 'csrf_cookie_missing',
      event: { outcome: 'forgiven', forgiven: [{ scheme: 'cookie', code: 'csrf_cookie_missing' }] },
    });
  });

  it('refuses cookie and session alike without a CSRF token', async () => {
    const jar = await browserWith('ada', await scene.token('ada'));
    jar.cookies.delete('__Host-csrf');
    expect(await scene.outcome(jar, '/account/motto', post)).toMatchObject({
      status: 403,
      code: 'csrf_cookie_missing',
      event: { outcome: 'forbidden', scheme: 'session' },
    });
  });

  it('reports the CSRF failure if cookie and session belong to two users', async () => {
    const jar = await browserWith('bob', await scene.token('ada'));
    jar.cookies.delete('__Host-csrf');
    expect(await scene.outcome(jar, '/account/motto', post)).toMatchObject({
      status: 403,
      code: 'csrf_cookie_missing',
      event: { outcome: 'user_mismatch', cookieSubject: 'ada', sessionSubject: 'bob' },
    });
    expect(jar.value(ACCESS)).toBeDefined();
  });

  it('treats an invalid header as final, whatever cookie and session hold', async () => {
    const jar = await browserWith('ada', await scene.token('ada'));
    for (const authorization of [`Bearer ${await scene.token('ada', 'forged')}`, 'Bearer', 'Bearer a b']) {
      const seen = await scene.outcome(jar, '/account', { headers: { authorization } });
      expect(seen).toMatchObject({ status: 401, event: { outcome: 'rejected', scheme: 'bearer' } });
    }
    expect(jar.value(ACCESS)).toBeDefined();
  });

  it('refuses a request without credentials', async () => {
    expect(await scene.outcome(await scene.browser(), '/account')).toMatchObject({
      status: 401,
      code: 'unauthenticated',
      event: { outcome: 'not_applicable', carried: [] },
    });
  });

  it('prefers a valid header over a stale cookie, and requires no CSRF token', async () => {
    const jar = await browserWith(undefined, await scene.token('bob', 'noise'));
    const authorization = `Bearer ${await scene.token('ada')}`;
    expect(await scene.outcome(jar, '/account/motto', { ...post, headers: { authorization } })).toMatchObject({
      status: 201,
      username: 'ada',
      scheme: 'bearer',
      event: { outcome: 'success', scheme: 'bearer', conflicting: true },
    });
  });

  it('distinguishes header and cookie by place, also with the same token', async () => {
    const token = await scene.token('ada');
    const jar = await browserWith(undefined, token);
    const headers = { authorization: `Bearer ${token}` };
    expect(await scene.outcome(jar, '/account/motto', { ...post, headers })).toMatchObject({
      status: 201,
      scheme: 'bearer',
    });
  });

  it('reads the cookie if the header has another scheme', async () => {
    const jar = await browserWith(undefined, await scene.token('ada'));
    expect(await scene.outcome(jar, '/account', { headers: { authorization: 'Basic YTpi' } })).toMatchObject({
      status: 200,
      scheme: 'cookie',
    });
  });

  it('reads the cookie as the bare token', async () => {
    const jar = await browserWith(undefined, `Bearer ${await scene.token('ada')}`);
    expect(await scene.outcome(jar, '/account')).toMatchObject({ status: 401 });
  });

  it('does not accept a CSRF token as a credential', async () => {
    const jar = await scene.browser();
    await jar.csrfToken();
    expect(await scene.outcome(jar, '/account')).toMatchObject({ status: 401, code: 'unauthenticated' });
  });

  it('accepts a valid cookie and a valid session with the CSRF token of a page', async () => {
    const byCookie = await scene.browser();
    await byCookie.post('/auth/cookie/login', { username: 'ada', password: PASSWORD });
    expect(await scene.outcome(byCookie, '/account')).toMatchObject({ status: 200, scheme: 'cookie' });
    const bySession = await scene.browser('ada');
    for (const jar of [byCookie, bySession]) {
      expect((await jar.post('/account/motto', { motto: 'mine' })).status).toBe(201);
    }
  });

  it('ends a session with its login, whichever party ends that', async () => {
    const jar = await scene.browser('ada');
    const logins = scene.running.app.get(LoginService);
    const subject = { issuer: ISSUER, id: 'ada' };
    for (const { id } of await logins.list(subject)) await logins.endOwn(subject, id);
    expect(await scene.outcome(jar, '/account')).toMatchObject({
      status: 401,
      code: 'token_invalid',
      event: { code: 'token_revoked', scheme: 'session' },
    });
  });

  it('ends a session if all logins of the user are revoked', async () => {
    const jar = await scene.browser('ada');
    await scene.running.app.get(BlocklistService).revokeSubject({ issuer: ISSUER, id: 'ada' });
    expect(await scene.outcome(jar, '/account')).toMatchObject({ status: 401, event: { code: 'token_revoked' } });
    scene.clock.advance(2);
    expect(await scene.outcome(await scene.browser('ada'), '/account')).toMatchObject({ status: 200 });
  });

  it('separates cookie and session if the route allows only one of them', async () => {
    const jar = await browserWith('ada', await scene.token('ada'));
    expect(await scene.outcome(jar, '/account/session')).toMatchObject({ status: 200, scheme: 'session' });
    expect(await scene.outcome(jar, '/account/jwt')).toMatchObject({ status: 200, scheme: 'cookie' });
    expect(await scene.outcome(jar, '/account/header')).toMatchObject({ status: 401, code: 'unauthenticated' });
    const headers = { authorization: `Bearer ${await scene.token('ada')}` };
    const headerOnly = await scene.browser();
    expect(await scene.outcome(headerOnly, '/account/cookie', { headers })).toMatchObject({
      status: 401,
      code: 'unauthenticated',
    });
  });

  it('compares cookie and session only if the route allows both', async () => {
    const jar = await browserWith('bob', await scene.token('ada'));
    expect(await scene.outcome(jar, '/account/jwt')).toMatchObject({ status: 200, username: 'ada' });
    expect(await scene.outcome(jar, '/account/session')).toMatchObject({ status: 200, username: 'bob' });
  });

  describe('with users that change', () => {
    beforeEach(() => {
      scene.people.of('bob').active = true;
      scene.people.of('bob').stamp = '1';
    });

    it('refuses an inactive user by cookie and by session, and accepts them again when active', async () => {
      const jar = await scene.browser('bob');
      scene.people.of('bob').active = false;
      expect(await scene.outcome(jar, '/account')).toMatchObject({ status: 401, event: { code: 'user_disabled' } });
      scene.people.of('bob').active = true;
      expect(await scene.outcome(jar, '/account')).toMatchObject({ status: 200, scheme: 'session' });
    });

    it('ends the session of a user whose password was changed', async () => {
      const jar = await scene.browser('bob');
      scene.people.of('bob').stamp = '2';
      expect(await scene.outcome(jar, '/account')).toMatchObject({ status: 401, event: { code: 'token_superseded' } });
    });

    it('answers 503, and clears no cookie, while the user source is down', async () => {
      const jar = await browserWith('bob', await scene.token('bob'));
      scene.people.down = true;
      const seen = await scene.outcome(jar, '/account');
      scene.people.down = false;
      expect(seen).toMatchObject({ status: 503, code: 'users_unavailable', event: { outcome: 'unavailable' } });
      expect([jar.value(ACCESS), jar.value(SESSION_COOKIE)]).not.toContain(undefined);
      expect(await scene.outcome(jar, '/account')).toMatchObject({ status: 200 });
    });
  });
});

describe.each(ADAPTERS)('the options of the mismatch on %s', (adapter) => {
  async function seen(options: BrowserAppOptions, cookie: 'good' | 'forged' | 'expired' = 'good', session = 'bob') {
    const scene = await Scene.open(adapter, options);
    try {
      const jar = await scene.browser(session);
      jar.plant(ACCESS, await scene.token('ada', cookie));
      return await scene.outcome(jar, '/account');
    } finally {
      await scene.close();
    }
  }

  it('prefer-jwt uses the cookie and reports both', async () => {
    expect(await seen({ session: { mismatch: 'prefer-jwt' } })).toMatchObject({
      status: 200,
      username: 'ada',
      event: { outcome: 'success', cookieSubject: 'ada', sessionSubject: 'bob' },
    });
  });

  it('prefer-session uses the session and reports both', async () => {
    expect(await seen({ session: { mismatch: 'prefer-session' } })).toMatchObject({
      status: 200,
      username: 'bob',
      scheme: 'session',
      event: { outcome: 'success', cookieSubject: 'ada', sessionSubject: 'bob' },
    });
  });

  it('neither rule accepts a session beside a forged cookie of another user', async () => {
    for (const mismatch of ['prefer-jwt', 'prefer-session'] as const) {
      expect(await seen({ session: { mismatch } }, 'forged')).toMatchObject({ status: 401, code: 'token_invalid' });
    }
  });

  it('a strict cookie is final, although the session is of the same user', async () => {
    expect(await seen({ cookies: { forgiving: false } }, 'expired', 'ada')).toMatchObject({
      status: 401,
      code: 'token_expired',
      event: { outcome: 'rejected', scheme: 'cookie' },
    });
  });
});
