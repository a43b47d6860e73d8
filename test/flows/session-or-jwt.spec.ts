// Cookie and session together, with one issuer and with two: the users behind them are compared, also if an LMS set the cookie. The tables
// EDX-F and EDX-M of the behaviours of edx-drf-extensions, row by row.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Post, Req, type INestApplication } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { BlocklistService, LoginService, Public } from 'nestjs-latchkey';
import { authenticateEarly } from 'nestjs-latchkey/browser';
import { ADAPTERS, type AdapterName } from '../support/applications.js';
import { ISSUER, PASSWORD, SESSION_COOKIE } from '../support/browser-app.js';
import type { CookieJar } from '../support/cookie-jar.js';
import { ISSUING, LINKED_BY_TABLE, LinkedByTable, Scene, type Issuing, type Quality } from '../support/issuing.js';
import { LMS_COOKIES } from '../support/lms.js';

/** A page that keeps something in the session of a visitor who did not sign in. */
@Controller('visits')
class VisitsController {
  @Public() @Post() visit(@Req() { session }: { session: Record<string, unknown> }) {
    session['visits'] = 1;
    return {};
  }
}

/** A row: session, cookie, and what becomes of a request to `/account`. */
interface Row {
  readonly title: string;
  readonly session?: string;
  readonly cookie: readonly [user: string, quality?: Quality];
  /** An unsafe request whose CSRF token is missing. */
  readonly unsafe?: boolean;
  readonly status: number;
  readonly code?: string;
  readonly username?: string;
  readonly scheme?: string;
  readonly outcome: string;
  readonly forgiven?: readonly string[];
  /** The user of the session, if the event reports a mismatch. */
  readonly mismatch?: string;
  readonly issue?: string;
}

const ROWS: readonly Row[] = [
  { title: 'a good cookie alone', cookie: ['ada'], status: 200, username: 'ada', scheme: 'cookie', outcome: 'success' },
  {
    title: 'an expired cookie alone',
    cookie: ['ada', 'expired'],
    status: 401,
    code: 'token_expired',
    outcome: 'forgiven',
    forgiven: ['token_expired'],
  },
  {
    title: 'an expired cookie beside a session of the same user',
    session: 'ada',
    cookie: ['ada', 'expired'],
    status: 200,
    username: 'ada',
    scheme: 'session',
    outcome: 'success',
    forgiven: ['token_expired'],
  },
  {
    title: 'an expired cookie beside a session of another user',
    session: 'bob',
    cookie: ['ada', 'expired'],
    status: 401,
    code: 'token_expired',
    outcome: 'user_mismatch',
    forgiven: ['token_expired'],
    mismatch: 'bob',
  },
  {
    title: 'a good cookie beside a session of the same user',
    session: 'ada',
    cookie: ['ada'],
    status: 200,
    username: 'ada',
    scheme: 'cookie',
    outcome: 'success',
  },
  {
    title: 'a good cookie beside a session of another user',
    session: 'bob',
    cookie: ['ada'],
    status: 401,
    code: 'session_user_mismatch',
    outcome: 'user_mismatch_enforced',
    mismatch: 'bob',
  },
  {
    title: 'a forged cookie beside a session of another user',
    session: 'bob',
    cookie: ['ada', 'forged'],
    status: 401,
    code: 'token_invalid',
    outcome: 'user_mismatch',
    forgiven: ['token_invalid'],
    mismatch: 'bob',
  },
  {
    title: 'a cookie that is no token beside a session',
    session: 'bob',
    cookie: ['bob', 'noise'],
    status: 401,
    code: 'token_malformed',
    outcome: 'user_mismatch',
    forgiven: ['token_malformed'],
    mismatch: 'bob',
    issue: 'malformed',
  },
  {
    title: 'a cookie that names no user beside a session',
    session: 'bob',
    cookie: ['bob', 'unnamed'],
    status: 401,
    outcome: 'user_mismatch',
    mismatch: 'bob',
    issue: 'missing_subject',
  },
  {
    title: 'a cookie of an issuer that is not trusted beside a session',
    session: 'bob',
    cookie: ['bob', 'foreign'],
    status: 401,
    code: 'invalid_issuer',
    outcome: 'user_mismatch',
    forgiven: ['invalid_issuer'],
    mismatch: 'bob',
    issue: 'unknown_issuer',
  },
  {
    title: 'a good cookie without a CSRF token',
    cookie: ['ada'],
    unsafe: true,
    status: 403,
    code: 'csrf_cookie_missing',
    outcome: 'forgiven',
    forgiven: ['csrf_cookie_missing'],
  },
  {
    title: 'a good cookie and a session of the same user without a CSRF token',
    session: 'ada',
    cookie: ['ada'],
    unsafe: true,
    status: 403,
    code: 'csrf_cookie_missing',
    outcome: 'forbidden',
    forgiven: ['csrf_cookie_missing'],
  },
  {
    title: 'a good cookie and a session of another user without a CSRF token',
    session: 'bob',
    cookie: ['ada'],
    unsafe: true,
    status: 403,
    code: 'csrf_cookie_missing',
    outcome: 'user_mismatch',
    forgiven: ['csrf_cookie_missing'],
    mismatch: 'bob',
  },
];

const post = { method: 'POST', body: { motto: 'forged' } };

/** Ends all sign-ins of a user, one by one: what is opened later in the same second stays. */
async function endLogins({ running }: Scene, id: string): Promise<void> {
  const logins = running.app.get(LoginService);
  const subject = { issuer: ISSUER, id };
  for (const login of await logins.list(subject)) await logins.endOwn(subject, login.id);
}

/** Signs in by session as bob, and ends that. */
async function endedSession(jar: CookieJar, scene: Scene): Promise<void> {
  await jar.post('/auth/session/login', { username: 'bob', password: PASSWORD });
  await endLogins(scene, 'bob');
}

/** What a middleware of the application may do. */
function plantUser(app: INestApplication, adapter: AdapterName): void {
  const plant = (request: object): void => void Object.assign(request, { user: { id: 'bob' } });
  const onNode = (request: object, _: unknown, next: () => void): void => {
    plant(request);
    next();
  };
  if (adapter === 'express') app.use(onNode);
  else
    (app as NestFastifyApplication)
      .getHttpAdapter()
      .getInstance()
      .addHook('onRequest', async (request) => [request, request.raw].forEach(plant));
}

describe.each(ADAPTERS)('cookie and session on %s', (adapter) => {
  // What is looked up, and how, does not depend on the framework.
  describe.each<Issuing>(adapter === 'express' ? [...ISSUING, LINKED_BY_TABLE] : ISSUING)('with $name', (issuing) => {
    let scene: Scene;
    beforeAll(async () => {
      scene = await Scene.open(adapter, issuing, { controllers: [VisitsController] });
    });
    afterAll(() => scene.close());

    it.each(ROWS)('answers $status with $outcome to $title', async (row) => {
      const [user, quality = 'good'] = row.cookie;
      const jar = await scene.browser(row.session, await scene.token(user, quality));
      if (row.unsafe === true) jar.cookies.delete('__Host-csrf');
      const path = row.unsafe === true ? '/account/motto' : '/account';
      const { event, ...seen } = await scene.outcome(jar, path, row.unsafe === true ? post : {});
      const { status, code, username, scheme } = row;
      if (code !== undefined) expect(seen.code).toBe(code);
      expect(seen).toMatchObject({ status, ...(username === undefined ? {} : { username, scheme }) });
      expect(event.outcome).toBe(row.outcome);
      if (row.forgiven !== undefined) expect(event.forgiven.map(({ code: each }) => each)).toEqual(row.forgiven);
      expect(event.carried).toEqual(row.session === undefined ? ['cookie'] : ['cookie', 'session']);
      expect(event.conflicting).toBe(row.session !== undefined);
      // Both users are told only where they differ; whom the cookie names is always told.
      expect(event.sessionSubject).toBe(row.mismatch);
      expect(event.cookieSubject).toBe(row.issue === undefined ? scene.idOf(user) : 'unreadable');
      expect(event.cookieIssue).toBe(row.issue);
      // An own cookie that is refused is cleared, or its user would be locked out; those of the LMS stay.
      expect(jar.value(scene.cookieName) === undefined).toBe(status === 401 && issuing.source === undefined);
    });

    it('accepts a session again once the refused cookie of another user is gone', async () => {
      const jar = await scene.browser('bob', await scene.token('ada'));
      expect(await scene.outcome(jar, '/account')).toMatchObject({ status: 401 });
      // A browser keeps the cookies of an LMS until the LMS takes them back.
      if (scene.lms !== undefined) jar.cookies.delete(LMS_COOKIES.signature);
      expect(await scene.outcome(jar, '/account')).toMatchObject({ status: 200, username: 'bob', scheme: 'session' });
    });

    it.each<[string, forged: string, (jar: CookieJar) => unknown]>([
      ['no session', 'forgiven', () => {}],
      ['the session of a visitor', 'forgiven', (jar) => jar.send('/visits', { method: 'POST' })],
      ['a session id that was never given', 'forgiven', (jar) => jar.plant(SESSION_COOKIE, 's%3Anever.given')],
      // Here the session is the last word, and says that it was revoked.
      ['a session whose login was ended', 'rejected', (jar) => endedSession(jar, scene)],
    ])('sees no other user in %s', async (_, forged, prepare) => {
      for (const [quality, status, outcome] of [
        ['good', 200, 'success'],
        ['forged', 401, forged],
      ] as const) {
        const jar = await scene.browser(undefined);
        await prepare(jar);
        scene.plant(jar, await scene.token('ada', quality));
        const { event, ...seen } = await scene.outcome(jar, '/account');
        expect([seen.status, event.outcome, event.sessionSubject]).toEqual([status, outcome, undefined]);
      }
    });

    it('accepts cookie and session with the CSRF token of a page', async () => {
      const byOwnCookie = await scene.browser(undefined);
      await byOwnCookie.post('/auth/cookie/login', { username: 'ada', password: PASSWORD });
      const others = [[undefined, 'ada'] as const, ['ada', undefined] as const, ['ada', 'ada'] as const];
      const jars = [byOwnCookie];
      for (const [session, cookie] of others)
        jars.push(await scene.browser(session, cookie === undefined ? undefined : await scene.token(cookie)));
      const schemes = [];
      for (const jar of jars) {
        schemes.push((await scene.outcome(jar, '/account')).scheme);
        expect((await jar.post('/account/motto', { motto: 'mine' })).status).toBe(201);
      }
      expect(schemes).toEqual(['cookie', 'cookie', 'session', 'cookie']);
    });

    it('refuses a request without credentials, and one with a CSRF token alone', async () => {
      const jar = await scene.browser(undefined);
      for (const prepare of [() => {}, () => jar.csrfToken()]) {
        await prepare();
        expect(await scene.outcome(jar, '/account')).toMatchObject({
          status: 401,
          code: 'unauthenticated',
          event: { outcome: 'not_applicable', carried: [] },
        });
      }
    });

    it('ignores a forged cookie on a public route, and forgives it on an optional one', async () => {
      const jar = await scene.browser(undefined, await scene.token('ada', 'forged'));
      expect((await jar.send('/account/open', { method: 'POST' })).status).toBe(201);
      expect(await scene.outcome(jar, '/account/optional')).toMatchObject({
        status: 200,
        username: null,
        event: { outcome: 'anonymous', forgiven: [{ scheme: 'cookie', code: 'token_invalid' }] },
      });
    });

    it.each(['good', 'expired', 'noise'] as const)(
      'treats a bad header as final beside a %s cookie',
      async (quality) => {
        const jar = await scene.browser('ada', await scene.token('ada', quality));
        for (const authorization of [`Bearer ${await scene.token('ada', 'forged')}`, 'Bearer', 'Bearer a b']) {
          const seen = await scene.outcome(jar, '/account', { headers: { authorization } });
          expect(seen).toMatchObject({ status: 401, event: { outcome: 'rejected', scheme: 'bearer' } });
        }
        expect(jar.value(scene.cookieName)).toBeDefined();
      },
    );

    it('prefers a valid header over any cookie, and requires no CSRF token', async () => {
      const token = await scene.token('ada');
      const headers = { authorization: `Bearer ${token}` };
      for (const cookie of [await scene.token('bob', 'noise'), await scene.token('bob'), token]) {
        const jar = await scene.browser(undefined, cookie);
        expect(await scene.outcome(jar, '/account/motto', { ...post, headers })).toMatchObject({
          status: 201,
          username: 'ada',
          scheme: 'bearer',
          event: { outcome: 'success', scheme: 'bearer', conflicting: true },
        });
      }
    });

    it('reads the cookie if the header has another scheme', async () => {
      const jar = await scene.browser(undefined, await scene.token('ada'));
      expect(await scene.outcome(jar, '/account', { headers: { authorization: 'Basic YTpi' } })).toMatchObject({
        status: 200,
        scheme: 'cookie',
      });
    });

    it('reads the cookie as the bare token', async () => {
      const jar = await scene.browser(undefined, `Bearer ${await scene.token('ada')}`);
      expect(await scene.outcome(jar, '/account')).toMatchObject({ status: 401 });
    });

    it('separates cookie and session if the route allows only one of them', async () => {
      const jar = await scene.browser('ada', await scene.token('ada'));
      expect(await scene.outcome(jar, '/account/session')).toMatchObject({ status: 200, scheme: 'session' });
      expect(await scene.outcome(jar, '/account/jwt')).toMatchObject({ status: 200, scheme: 'cookie' });
      expect(await scene.outcome(jar, '/account/header')).toMatchObject({ status: 401, code: 'unauthenticated' });
      const headers = { authorization: `Bearer ${await scene.token('ada')}` };
      const headerOnly = await scene.browser(undefined);
      expect(await scene.outcome(headerOnly, '/account/cookie', { headers })).toMatchObject({
        status: 401,
        code: 'unauthenticated',
      });
    });

    it('compares cookie and session only if the route allows both', async () => {
      const jar = await scene.browser('bob', await scene.token('ada'));
      expect(await scene.outcome(jar, '/account/jwt')).toMatchObject({ status: 200, username: 'ada' });
      expect(await scene.outcome(jar, '/account/session')).toMatchObject({ status: 200, username: 'bob' });
    });

    it('compares ids and not the names that a token claims', async () => {
      const named = await scene.token('ada', 'good', { preferred_username: 'bob', email: 'bob@example.com' });
      const jar = await scene.browser('bob', named);
      expect(await scene.outcome(jar, '/account')).toMatchObject({ status: 401, code: 'session_user_mismatch' });
    });

    it('loads no user for a session that is only compared', async () => {
      const jar = await scene.browser('bob', await scene.token('ada', 'forged'));
      const before = scene.people.lookups;
      expect(await scene.outcome(jar, '/account')).toMatchObject({ status: 401 });
      expect(scene.people.lookups).toBe(before);
    });

    it('ends a session with its login, whichever party ends that', async () => {
      const jar = await scene.browser('ada');
      await endLogins(scene, 'ada');
      expect(await scene.outcome(jar, '/account')).toMatchObject({
        status: 401,
        code: 'token_invalid',
        event: { code: 'token_revoked', scheme: 'session' },
      });
    });

    describe('with users that change', () => {
      afterEach(() => {
        Object.assign(scene.people.of('bob'), { active: true, stamp: '1' });
        scene.usersDown = false;
      });

      it('refuses an inactive user by cookie and by session, and accepts them again when active', async () => {
        for (const [session, cookie] of [['bob'], [undefined, await scene.token('bob')]]) {
          const jar = await scene.browser(session, cookie);
          scene.people.of('bob').active = false;
          expect(await scene.outcome(jar, '/account')).toMatchObject({ status: 401, event: { code: 'user_disabled' } });
          scene.people.of('bob').active = true;
          if (cookie !== undefined) scene.plant(jar, cookie);
          expect(await scene.outcome(jar, '/account')).toMatchObject({ status: 200, username: 'bob' });
        }
      });

      it('ends the session of a user whose password was changed', async () => {
        const jar = await scene.browser('bob');
        scene.people.of('bob').stamp = '2';
        expect(await scene.outcome(jar, '/account')).toMatchObject({
          status: 401,
          event: { code: 'token_superseded' },
        });
      });

      it('answers 503, and clears no cookie, while the user source is down', async () => {
        const jar = await scene.browser('bob', await scene.token('bob'));
        scene.usersDown = true;
        const seen = await scene.outcome(jar, '/account');
        expect(seen).toMatchObject({ status: 503, code: 'users_unavailable', event: { outcome: 'unavailable' } });
        expect([jar.value(scene.cookieName), jar.value(SESSION_COOKIE)]).not.toContain(undefined);
        scene.usersDown = false;
        expect(await scene.outcome(jar, '/account')).toMatchObject({ status: 200 });
      });
    });

    describe('with users whose address must agree with their tokens', () => {
      const email = 'ada@example.com';
      const stale = { email: 'ada@before.example' };
      beforeAll(() => {
        scene.people.of('ada').email = email;
      });
      afterAll(() => {
        scene.people.of('ada').email = undefined;
      });

      it('accepts a token with the address of today', async () => {
        const jar = await scene.browser('ada', await scene.token('ada', 'good', { email }));
        expect(await scene.outcome(jar, '/account')).toMatchObject({ status: 200, scheme: 'cookie' });
      });

      it.each([
        ['the address of yesterday', stale],
        ['no address', { email: undefined }],
      ])('refuses a token with %s on every route, and clears no cookie', async (_, claims) => {
        const token = await scene.token('ada', 'good', claims);
        const jar = await scene.browser(undefined, token);
        expect(await scene.outcome(jar, '/account')).toMatchObject({
          status: 401,
          code: 'claims_stale',
          event: { outcome: 'forgiven', forgiven: [{ code: 'claims_stale', reason: { claim: 'email' } }] },
        });
        expect(jar.value(scene.cookieName)).toBeDefined();
        const headers = { authorization: `Bearer ${token}` };
        const byHeader = await scene.outcome(await scene.browser(undefined), '/account/header', { headers });
        expect(byHeader).toMatchObject({ status: 401, code: 'claims_stale', event: { outcome: 'rejected' } });
      });

      it('forgives the stale cookie beside a session of the same user', async () => {
        const jar = await scene.browser('ada', await scene.token('ada', 'good', stale));
        expect(await scene.outcome(jar, '/account')).toMatchObject({
          status: 200,
          scheme: 'session',
          event: { outcome: 'success', forgiven: [{ scheme: 'cookie', code: 'claims_stale' }] },
        });
      });
    });
  });

  describe.each(ISSUING)('with $name, in an application of its own', (issuing) => {
    let scene: Scene;
    afterEach(() => scene.close());

    it.each([
      ['prefer-jwt', 'ada', 'cookie'],
      ['prefer-session', 'bob', 'session'],
    ] as const)('%s answers as %s by the %s, and reports both users', async (mismatch, username, scheme) => {
      scene = await Scene.open(adapter, issuing, { session: { mismatch } });
      const jar = await scene.browser('bob', await scene.token('ada'));
      expect(await scene.outcome(jar, '/account')).toMatchObject({
        status: 200,
        username,
        scheme,
        event: { outcome: 'success', cookieSubject: scene.idOf('ada'), sessionSubject: 'bob' },
      });
      const same = await scene.browser('ada', await scene.token('ada'));
      const { event } = await scene.outcome(same, '/account');
      expect([event.scheme, event.sessionSubject]).toEqual(['cookie', undefined]);
    });

    it.each(['prefer-jwt', 'prefer-session'] as const)(
      '%s accepts no session beside a forged cookie of another user',
      async (mismatch) => {
        scene = await Scene.open(adapter, issuing, { session: { mismatch } });
        const jar = await scene.browser('bob', await scene.token('ada', 'forged'));
        expect(await scene.outcome(jar, '/account')).toMatchObject({ status: 401, code: 'token_invalid' });
      },
    );

    it('a strict cookie is final, although the session is of the same user', async () => {
      scene = await Scene.open(adapter, issuing, { cookies: { forgiving: false } });
      const jar = await scene.browser('ada', await scene.token('ada', 'expired'));
      expect(await scene.outcome(jar, '/account')).toMatchObject({
        status: 401,
        code: 'token_expired',
        event: { outcome: 'rejected', scheme: 'cookie' },
      });
    });

    it('ends a session if all logins of the user are revoked', async () => {
      scene = await Scene.open(adapter, issuing);
      const jar = await scene.browser('ada');
      await scene.running.app.get(BlocklistService).revokeSubject({ issuer: ISSUER, id: 'ada' });
      expect(await scene.outcome(jar, '/account')).toMatchObject({ status: 401, event: { code: 'token_revoked' } });
      scene.clock.advance(2);
      expect(await scene.outcome(await scene.browser('ada'), '/account')).toMatchObject({ status: 200 });
    });

    it.each<[string, (app: INestApplication) => unknown]>([
      ['an early look put there', authenticateEarly],
      ['other code put there', (app) => plantUser(app, adapter)],
    ])('compares the cookie with the session, and never with a user that %s', async (_, configure) => {
      scene = await Scene.open(adapter, issuing, { configure });
      const alone = await scene.browser(undefined, await scene.token('ada'));
      const { event, ...seen } = await scene.outcome(alone, '/account');
      expect(seen).toMatchObject({ status: 200, username: 'ada', scheme: 'cookie' });
      expect(event).toMatchObject({ outcome: 'success', carried: ['cookie'] });
      expect(event.sessionSubject).toBeUndefined();
      const forged = await scene.browser(undefined, await scene.token('ada', 'forged'));
      expect(await scene.outcome(forged, '/account')).toMatchObject({ status: 401, event: { outcome: 'forgiven' } });
      const beside = await scene.browser('bob', await scene.token('ada'));
      expect(await scene.outcome(beside, '/account')).toMatchObject({
        status: 401,
        event: { outcome: 'user_mismatch_enforced', sessionSubject: 'bob' },
      });
    });
  });
});

describe.each([...ISSUING.slice(1), LINKED_BY_TABLE])('cookies of another issuer, with $name', (issuing) => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.open('express', issuing);
  });
  afterAll(() => scene.close());

  it('makes no user for a cookie that was not verified, or was revoked', async () => {
    const revoked = [await scene.token('zoe'), await scene.token('zoe', 'expired')];
    await scene.running.app.get(BlocklistService).revokeSubject({ issuer: scene.issuer, id: scene.idOf('zoe') });
    scene.linked?.resolved.splice(0);
    for (const cookie of [await scene.token('ada', 'forged'), ...revoked, await scene.token('stranger', 'forged')]) {
      const jar = await scene.browser('bob', cookie);
      expect(await scene.outcome(jar, '/account')).toMatchObject({ status: 401, event: { outcome: 'user_mismatch' } });
    }
    expect(scene.linked?.resolved).toEqual([]);
  });

  it('treats a user who is linked with no one here as another user', async () => {
    for (const quality of ['good', 'expired'] as const) {
      const jar = await scene.browser('bob', await scene.token('stranger', quality));
      expect(await scene.outcome(jar, '/account')).toMatchObject({
        status: 401,
        event: { outcome: 'user_mismatch', cookieSubject: scene.idOf('stranger'), sessionSubject: 'bob' },
      });
    }
  });

  it('never clears a cookie that it does not set', async () => {
    const jar = await scene.browser('bob', await scene.token('ada'));
    expect(await scene.outcome(jar, '/account')).toMatchObject({ status: 401, code: 'session_user_mismatch' });
    expect([jar.value(LMS_COOKIES.payload), jar.value(LMS_COOKIES.signature)]).not.toContain(undefined);
  });

  it('answers 503 while the source of its users is down, and compares again afterwards', async () => {
    const jar = await scene.browser('ada', await scene.token('ada', 'expired'));
    scene.usersDown = true;
    expect(await scene.outcome(jar, '/account')).toMatchObject({ status: 503, code: 'users_unavailable' });
    scene.usersDown = false;
    expect(await scene.outcome(jar, '/account')).toMatchObject({ status: 200, scheme: 'session' });
  });

  it('forgives a forged cookie of the same user only if that can be told without making one', async () => {
    const jar = await scene.browser('ada', await scene.token('ada', 'forged'));
    const { status } = await scene.outcome(jar, '/account');
    expect(status).toBe(issuing.source === LinkedByTable ? 200 : 401);
  });
});
