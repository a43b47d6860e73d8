// The same application for browsers with cookies of its own issuer, or with those of the look-alike of an LMS beside accounts of its own: a flow that
// is written for a `Scene` runs with one issuer and with two.
//
//   describe.each(ISSUING)('with $name', (issuing) => {
//     const scene = await Scene.open('express', issuing);
//     const jar = await scene.browser('bob', await scene.token('ada', 'expired'));
import { Injectable, Module, type Type } from '@nestjs/common';
import { expect } from '@jest/globals';
import type { Subject, UserDescription, Verified } from 'nestjs-latchkey';
import { ExternalUserSource, openEdx } from 'nestjs-latchkey/issuers';
import { FixedClock, TokenFactory, type TestClaims } from 'nestjs-latchkey/testing';
import type { AdapterName, RunningApplication } from './applications.js';
import { Attempts } from './attempts.js';
import {
  ISSUER,
  PASSWORD,
  People,
  PeopleModule,
  startBrowserApp,
  type BrowserAppOptions,
  type Person,
} from './browser-app.js';
import { CookieJar, type Sending } from './cookie-jar.js';
import { LMS_COOKIES, startLms, type Lms } from './lms.js';

/** Users of the LMS, each linked with one of this application. */
@Injectable()
export class Linked extends ExternalUserSource<Person> {
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
export class LinkedByTable extends Linked {
  override async findLinked(subject: Subject): Promise<Person | undefined> {
    return this.personOf(subject);
  }
}

@Module({ imports: [PeopleModule], providers: [Linked, LinkedByTable], exports: [Linked, LinkedByTable] })
class LinkedModule {}

/** Who issues the cookies of an application, and how its users are found. */
export interface Issuing {
  readonly name: string;
  /** The source of the users of the LMS, if there is one. */
  readonly source?: Type<Linked>;
}

/** One issuer, and two: what every flow beside an LMS is run with. */
export const ISSUING: readonly [Issuing, Issuing] = [{ name: 'one issuer' }, { name: 'two issuers', source: Linked }];

export const LINKED_BY_TABLE: Issuing = {
  name: 'two issuers whose users are linked in a table',
  source: LinkedByTable,
};

/** How good a token is: `foreign` names an issuer that is not trusted, `unnamed` lacks its subject, `noise` is no token. */
export type Quality = 'good' | 'expired' | 'forged' | 'foreign' | 'unnamed' | 'noise';

/** The issuer of tokens that are `foreign`. */
export const STRANGER = 'https://stranger.example';

const LAST = /[^.]{4}$/;

/** One application, and browsers in any state. */
export class Scene {
  private constructor(
    readonly running: RunningApplication,
    readonly clock: FixedClock,
    readonly issuing: Issuing,
    readonly lms: Lms | undefined,
    readonly attempts = new Attempts(),
  ) {}

  static async open(adapter: AdapterName, issuing: Issuing, options: BrowserAppOptions = {}): Promise<Scene> {
    const clock = new FixedClock();
    const { source } = issuing;
    const lms = source === undefined ? undefined : await startLms(() => clock.nowSeconds());
    const besideLms = lms === undefined ? {} : { trust: [openEdx(lms.trust)], header: { schemes: ['JWT', 'Bearer'] } };
    const starting = startBrowserApp(adapter, {
      ...options,
      ...besideLms,
      cookies: { ...options.cookies, ...(lms === undefined ? {} : { external: LMS_COOKIES }) },
      imports: [LinkedModule, ...(options.imports ?? [])],
      structure: { clock, ...(source === undefined ? {} : { externalUsers: source as never }), ...options.structure },
    });
    const running = await starting.catch(async (error: unknown) => {
      await lms?.close();
      throw error;
    });
    const scene = new Scene(running, clock, issuing, lms);
    const names = [...scene.people.all.keys()].map((name) => [name, scene.idOf(name)] as const);
    if (scene.linked !== undefined) scene.linked.subjects = new Map(names);
    return scene;
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

  /** The id of a user as cookies name it. */
  idOf(name: string): string {
    return this.lms?.subject(name) ?? name;
  }

  /** What answers who the users of the cookies are is down, or up again. */
  set usersDown(down: boolean) {
    if (this.linked === undefined) this.people.down = down;
    else this.linked.down = down;
  }

  get cookieName(): string {
    return this.lms === undefined ? '__Host-access' : LMS_COOKIES.payload;
  }

  /** An LMS sets a token in two halves. */
  plant(jar: CookieJar, token: string): void {
    if (this.lms === undefined) return jar.plant(this.cookieName, token);
    const dot = token.lastIndexOf('.');
    jar.plant(LMS_COOKIES.payload, dot < 0 ? token : token.slice(0, dot));
    jar.plant(LMS_COOKIES.signature, token.slice(dot + 1));
  }

  /** A token of the issuer of the cookies. */
  async token(name: string, quality: Quality = 'good', claims: TestClaims = {}): Promise<string> {
    if (quality === 'noise') return 'not-a-token';
    const said = {
      ...claims,
      ...(quality === 'unnamed' && { sub: undefined }),
      ...(quality === 'foreign' && { iss: STRANGER }),
    };
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

  /** Makes tokens of the application itself. */
  get own(): TokenFactory {
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
  async outcome(jar: CookieJar, path: string, sending: Sending = {}) {
    this.attempts.forget();
    const answer = await jar.send(path, sending);
    const body = (await answer.json()) as { errorCode?: string; username?: string | null; scheme?: string | null };
    const { errorCode: code, username, scheme } = body;
    return { status: answer.status, code, username, scheme, event: this.attempts.only() };
  }
}
