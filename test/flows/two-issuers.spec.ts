// Cookie and session together, with one issuer and with two: the users behind them are compared, also if another issuer set the cookie.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable, Module, type Type } from '@nestjs/common';
import { BlocklistService, type Subject, type UserDescription, type Verified } from 'nestjs-latchkey';
import { ExternalUserSource, type TrustOptions } from 'nestjs-latchkey/issuers';
import { FixedClock, TokenFactory, type TestClaims } from 'nestjs-latchkey/testing';
import { ADAPTERS, type AdapterName, type RunningApplication } from '../support/applications.js';
import { Attempts } from '../support/attempts.js';
import {
  ISSUER,
  PASSWORD,
  People,
  PeopleModule,
  startBrowserApp,
  type BrowserAppOptions,
  type Person,
} from '../support/browser-app.js';
import { CookieJar } from '../support/cookie-jar.js';
import { LMS_COOKIES, startLms, type Lms } from '../support/lms.js';

/** Users of the other issuer, each linked with one of this application. */
@Injectable()
class Linked extends ExternalUserSource<Person> {
  /** The subjects that `resolve` was asked for. */
  readonly resolved: string[] = [];
  /** The subjects of the users here, by name. */
  subjects: ReadonlyMap<string, string> = new Map();
  down = false;

  constructor(protected readonly people: People) {
    super();
  }

  override async resolve({ subject }: Verified): Promise<Person | undefined> {
    this.resolved.push(subject.id);
    return this.personOf(subject);
  }

  override describe(person: Person): UserDescription {
    return this.people.describe(person);
  }

  protected personOf({ id }: Subject): Person | undefined {
    if (this.down) throw new Error('connect ECONNREFUSED 10.0.0.7:5432');
    return [...this.people.all.values()].find((person) => this.subjects.get(person.id) === id);
  }
}

/** The same, for those who can tell without making a user. */
@Injectable()
class LinkedByTable extends Linked {
  override async findLinked(subject: Subject): Promise<Person | undefined> {
    return this.personOf(subject);
  }
}

@Module({ imports: [PeopleModule], providers: [Linked, LinkedByTable], exports: [Linked, LinkedByTable] })
class LinkedModule {}

type Quality = 'good' | 'expired' | 'forged' | 'unnamed' | 'noise';

/** Who issues the cookies of an application, and how its users are found. */
interface Issuing {
  readonly name: string;
  /** The source of the users of the other issuer, if there is one. */
  readonly source?: Type<Linked>;
}

const ISSUING: readonly Issuing[] = [
  { name: 'one issuer' },
  { name: 'two issuers', source: Linked },
  { name: 'two issuers whose users are linked in a table', source: LinkedByTable },
];

const LAST = /[^.]{4}$/;

/** The entry of `trust` for the look-alike, whose tokens have no id. */
const trusted = ({ trust }: Lms): TrustOptions => ({
  ...trust,
  types: ['JWT'],
  algorithms: ['RS512'],
  claims: { scopes: 'scopes', id: false },
});

/** One application, and browsers in any state. */
class Scene {
  private constructor(
    readonly running: RunningApplication,
    readonly clock: FixedClock,
    readonly issuing: Issuing,
    private readonly lms: Lms | undefined,
    readonly attempts = new Attempts(),
  ) {}

  static async open(adapter: AdapterName, issuing: Issuing, options: BrowserAppOptions = {}): Promise<Scene> {
    const clock = new FixedClock();
    const { source } = issuing;
    const lms = source === undefined ? undefined : await startLms(() => clock.nowSeconds());
    const running = await startBrowserApp(adapter, {
      ...options,
      ...(lms === undefined ? {} : { trust: [trusted(lms)], cookies: { external: LMS_COOKIES } }),
      imports: [LinkedModule],
      structure: { clock, ...(source === undefined ? {} : { externalUsers: source as never }), ...options.structure },
    });
    if (source !== undefined && lms !== undefined) {
      const names = ['ada', 'bob', 'lin'].map((name) => [name, lms.subject(name)] as const);
      running.app.get(source, { strict: false }).subjects = new Map(names);
    }
    return new Scene(running, clock, issuing, lms);
  }

  async close(): Promise<void> {
    this.attempts.close();
    await this.running.close();
    await this.lms?.close();
  }

  get people(): People {
    return this.running.app.get(People, { strict: false });
  }

  get linked(): Linked | undefined {
    const { source } = this.issuing;
    return source === undefined ? undefined : this.running.app.get(source, { strict: false });
  }

  /** Whose cookies these are. */
  get issuer(): string {
    return this.lms?.issuer ?? ISSUER;
  }

  get cookieName(): string {
    return this.lms === undefined ? '__Host-access' : LMS_COOKIES.payload;
  }

  /** An LMS sets a token in two halves. */
  private plant(jar: CookieJar, token: string): void {
    if (this.lms === undefined) return jar.plant(this.cookieName, token);
    const dot = token.lastIndexOf('.');
    jar.plant(LMS_COOKIES.payload, dot < 0 ? token : token.slice(0, dot));
    jar.plant(LMS_COOKIES.signature, token.slice(dot + 1));
  }

  /** The id of a user as cookies name it. */
  idOf(name: string): string {
    return this.lms?.subject(name) ?? name;
  }

  /** A token of the issuer of the cookies. */
  async token(name: string, quality: Quality = 'good', claims: TestClaims = {}): Promise<string> {
    if (quality === 'noise') return 'not-a-token';
    const said = quality === 'unnamed' ? { ...claims, sub: undefined } : claims;
    const token = await (quality === 'expired' ? this.expired(name, said) : this.good(name, said));
    return quality === 'forged' ? token.replace(LAST, (end) => (end === 'AAAA' ? 'BBBB' : 'AAAA')) : token;
  }

  private good(name: string, claims: TestClaims): string | Promise<string> {
    return this.lms?.token(name, { claims }) ?? this.own.valid(this.people.of(name) as never, { claims });
  }

  private expired(name: string, claims: TestClaims): string | Promise<string> {
    const expiresIn = -60;
    return this.lms?.token(name, { expiresIn, claims }) ?? this.own.expired(this.people.of(name) as never, { claims });
  }

  private get own(): TokenFactory {
    return TokenFactory.of(this.running.app);
  }

  /** A browser with a session of that user, and a cookie. */
  async browser(session: string | undefined, cookie?: string): Promise<CookieJar> {
    const jar = new CookieJar(this.running);
    if (session !== undefined) {
      const answer = await jar.post('/auth/session/login', { username: session, password: PASSWORD });
      expect(answer.status).toBe(204);
    }
    if (cookie !== undefined) this.plant(jar, cookie);
    return jar;
  }

  /** Sends it and returns status, code or user, and the event of the attempt. */
  async outcome(jar: CookieJar, path: string, sending: Parameters<CookieJar['send']>[1] = {}) {
    this.attempts.forget();
    const answer = await jar.send(path, sending);
    const body = (await answer.json()) as { errorCode?: string; username?: string | null; scheme?: string | null };
    const { errorCode: code, username, scheme } = body;
    return { status: answer.status, code, username, scheme, event: this.attempts.only() };
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

describe.each(ADAPTERS)('cookie and session on %s', (adapter) => {
  // What is looked up, and how, does not depend on the framework.
  describe.each(adapter === 'express' ? ISSUING : ISSUING.slice(0, 2))('with $name', (issuing) => {
    let scene: Scene;
    beforeAll(async () => {
      scene = await Scene.open(adapter, issuing);
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
      // Both users are told only where they differ; whom the cookie names is always told.
      expect(event.sessionSubject).toBe(row.mismatch);
      expect(event.cookieSubject).toBe(row.issue === undefined ? scene.idOf(user) : 'unreadable');
      expect(event.cookieIssue).toBe(row.issue);
    });

    it('accepts a request with the CSRF token of a page beside a session of the same user', async () => {
      const jar = await scene.browser('ada', await scene.token('ada'));
      expect((await jar.post('/account/motto', { motto: 'mine' })).status).toBe(201);
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
        const headers = { authorization: `Bearer ${await scene.token('ada', 'forged')}` };
        expect(await scene.outcome(jar, '/account', { headers })).toMatchObject({
          status: 401,
          event: { outcome: 'rejected', scheme: 'bearer', code: 'token_invalid' },
        });
      },
    );

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

  describe.each(ISSUING.slice(0, 2))('with $name, by the rule for a mismatch', (issuing) => {
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
  });
});

describe.each(ISSUING.slice(1))('cookies of another issuer, with $name', (issuing) => {
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
    const { linked } = scene;
    if (linked !== undefined) linked.down = true;
    expect(await scene.outcome(jar, '/account')).toMatchObject({ status: 503, code: 'users_unavailable' });
    if (linked !== undefined) linked.down = false;
    expect(await scene.outcome(jar, '/account')).toMatchObject({ status: 200, scheme: 'session' });
  });

  it('forgives a forged cookie of the same user only if that can be told without making one', async () => {
    const jar = await scene.browser('ada', await scene.token('ada', 'forged'));
    const { status } = await scene.outcome(jar, '/account');
    expect(status).toBe(issuing.source === LinkedByTable ? 200 : 401);
  });
});
