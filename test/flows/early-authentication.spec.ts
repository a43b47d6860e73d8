// The user on the request before guards: what loggers and throttlers see, and what guards make of it.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Post, type INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  AuthModule,
  BlocklistService,
  CurrentUser,
  Public,
  RequireScopes,
  SessionAuthGuard,
  TokenService,
  type Principal,
} from 'nestjs-latchkey';
import { authenticateEarly } from 'nestjs-latchkey/browser';
import { csrfController } from 'nestjs-latchkey/controllers';
import { onAuthEvent, type AuthEvent } from 'nestjs-latchkey/events';
import { FixedClock, TokenFactory } from 'nestjs-latchkey/testing';
import { ADAPTERS, SILENT, startApplication, type RunningApplication } from '../support/applications.js';
import { PASSWORD, People, startBrowserApp, type Person } from '../support/browser-app.js';
import { CookieJar } from '../support/cookie-jar.js';

@Controller('pages')
class PagesController {
  @Public() @Get('public') read(@CurrentUser() user: Person | undefined) {
    return { user: user?.id ?? null };
  }

  @Public() @Post('public') write() {
    return {};
  }

  @RequireScopes('motto:write') @Get('scoped') scoped(@CurrentUser('id') user: string) {
    return { user };
  }

  @RequireScopes('everything') @Get('forbidden') forbidden() {
    return {};
  }
}

/** What a middleware of the application sees. */
interface Seen {
  user?: Person;
  auth?: Principal;
  readonly rawHeaders: string[];
}

describe.each(ADAPTERS)('early authentication on %s', (adapter) => {
  const clock = new FixedClock();
  let running: RunningApplication;
  let people: People;
  let seen: (string | undefined)[];
  let events: AuthEvent[];
  /** Done between the early look and the guard. */
  let meanwhile: (request: Seen) => unknown = () => {};
  const stop = onAuthEvent((event) => void events.push(event));
  beforeAll(async () => {
    events = [];
    running = await startBrowserApp(adapter, {
      structure: { clock },
      controllers: [PagesController],
      configure: (app: INestApplication) => {
        authenticateEarly(app);
        app.use(async (request: Seen, _: unknown, next: () => void) => {
          seen.push(request.user === undefined ? undefined : `${request.user.id} by ${request.auth?.scheme}`);
          await meanwhile(request);
          next();
        });
      },
    });
    people = running.app.get(People, { strict: false });
  });
  beforeEach(() => {
    [seen, events] = [[], []];
    people.lookups = 0;
  });
  afterEach(() => {
    meanwhile = () => {};
    people.down = false;
    people.of('bob').active = true;
  });
  afterAll(async () => {
    stop();
    await running.close();
  });

  const tokens = () => TokenFactory.of(running.app);
  const tokenOf = (id: string) => tokens().valid(people.of(id) as never);
  const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
  const outcomes = () => events.flatMap((event) => (event.type === 'early_attempt' ? [event.outcome] : []));

  async function signedIn(kind: 'cookie' | 'session', username = 'ada'): Promise<CookieJar> {
    const jar = new CookieJar(running);
    await jar.post(`/auth/${kind}/login`, { username, password: PASSWORD });
    [seen, events, people.lookups] = [[], [], 0];
    return jar;
  }

  it('shows the user of a bearer token, a cookie and a session', async () => {
    await running.fetch('/pages/public', bearer(await tokenOf('ada')));
    expect([seen, outcomes()]).toEqual([['ada by bearer'], ['success']]);
    for (const kind of ['cookie', 'session'] as const) {
      const jar = await signedIn(kind);
      await jar.send('/pages/public');
      expect([seen, outcomes()]).toEqual([[`ada by ${kind}`], ['success']]);
    }
  });

  it('is reused by the guard, whatever its route demands: one attempt, and one look-up of the user', async () => {
    for (const path of ['/account', '/account/jwt', '/account/header', '/account/optional', '/pages/scoped']) {
      [seen, events, people.lookups] = [[], [], 0];
      expect((await running.fetch(path, bearer(await tokenOf('ada')))).status).toBe(200);
      expect([seen, people.lookups, events.filter(({ type }) => type === 'attempt').length]).toEqual([
        ['ada by bearer'],
        1,
        1,
      ]);
    }
  });

  it('grants nothing: the guard of a route decides by what its route demands', async () => {
    const answer = await running.fetch('/pages/forbidden', bearer(await tokenOf('ada')));
    expect([answer.status, seen]).toEqual([403, ['ada by bearer']]);
    const cookie = await signedIn('cookie');
    expect((await cookie.send('/account/header')).status).toBe(401);
    expect(seen).toEqual(['ada by cookie']);
  });

  it('is not what @CurrentUser() shows on a public route', async () => {
    const answer = await running.fetch('/pages/public', bearer(await tokenOf('ada')));
    expect([await answer.json(), seen]).toEqual([{ user: null }, ['ada by bearer']]);
  });

  it.each([
    ['no credential', async () => undefined, 'not_applicable'],
    ['a forged token', async () => (await tokenOf('ada')).replace(/.{4}$/, 'AAAA'), 'rejected'],
    ['an expired token', () => tokens().expired(people.of('ada') as never), 'rejected'],
    ['the token of an inactive user', () => tokenOf('lin'), 'rejected'],
    ['the token of a client', () => tokens().client('robot'), 'forbidden'],
    ['the token of a restricted client', () => tokens().restricted(people.of('ada') as never), 'forbidden'],
  ])('shows no user for %s, and lets the request pass', async (_, tokenFor, outcome) => {
    const token = await tokenFor();
    const answer = await running.fetch('/pages/public', token === undefined ? {} : bearer(token));
    expect([answer.status, seen, outcomes()]).toEqual([200, [undefined], [outcome]]);
  });

  it('shows no user to an unsafe request without a CSRF token', async () => {
    const jar = await signedIn('cookie');
    expect((await jar.send('/pages/public', { method: 'POST' })).status).toBe(201);
    expect(seen).toEqual([undefined]);
    await jar.post('/pages/public');
    expect(seen.at(-1)).toBe('ada by cookie');
  });

  it('shows no user while users cannot be looked up: public routes pass, guarded ones are 503', async () => {
    const headers = bearer(await tokenOf('ada'));
    people.down = true;
    const statuses = [
      (await running.fetch('/pages/public', headers)).status,
      (await running.fetch('/account', headers)).status,
    ];
    expect([statuses, seen]).toEqual([
      [200, 503],
      [undefined, undefined],
    ]);
    expect(outcomes()).toEqual(['unavailable', 'unavailable']);
  });

  it('is not reused by the guard if the request carries another credential by then', async () => {
    const [ada, bob] = [`Bearer ${await tokenOf('ada')}`, `Bearer ${await tokenOf('bob')}`];
    meanwhile = ({ rawHeaders }) => rawHeaders.splice(rawHeaders.indexOf(ada), 1, bob);
    const answer = await running.fetch('/account', { headers: { authorization: ada } });
    expect([seen, await answer.json()]).toEqual([['ada by bearer'], expect.objectContaining({ username: 'bob' })]);
  });

  it('is not reused by the guard if the credential ended while a slow body arrived', async () => {
    const token = await tokenOf('ada');
    const principal = await running.app.get(TokenService).verify(token, { kind: 'access' });
    meanwhile = async () => {
      await running.app.get(BlocklistService).revokeToken(principal);
      clock.advance('1s');
    };
    expect((await running.fetch('/account', bearer(token))).status).toBe(401);
    expect(seen).toEqual(['ada by bearer']);
  });

  it('is not reused by the guard for an unsafe request whose method was changed in between', async () => {
    const jar = await signedIn('cookie');
    meanwhile = (request) => Object.assign(request, { method: 'POST' });
    const answer = await jar.send('/account/motto');
    expect([seen, answer.status === 201]).toEqual([['ada by cookie'], false]);
  });
});

describe('authenticateEarly()', () => {
  it('refuses a guard that is not of the library', async () => {
    const configure = (app: INestApplication) => {
      authenticateEarly(app, { guard: class Mine {} as never });
    };
    await expect(startBrowserApp('express', { configure })).rejects.toThrow(
      'authenticateEarly() was given the guard Mine; it takes a guard of this library',
    );
  });

  it('refuses an application without the module', async () => {
    const module = await Test.createTestingModule({}).compile();
    expect(() => authenticateEarly(module.createNestApplication())).toThrow('authenticateEarly() needs AuthModule');
  });

  it('says once in the log if its guard has a scheme that is not configured, and lets requests pass', async () => {
    const logged: string[] = [];
    const log = { ...SILENT, error: (message: unknown) => void logged.push(String(message)) };
    const configure = (app: INestApplication) => authenticateEarly(app, { guard: SessionAuthGuard });
    const imports = [AuthModule.forRoot({ controllers: [csrfController()] })];
    const running = await startApplication('express', { imports, configure, log });
    const answers = [await running.fetch('/auth/csrf'), await running.fetch('/auth/csrf')];
    await running.close();
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(logged).toEqual([expect.stringMatching(/^authenticateEarly\(\) shows no user: .*'session'/s)]);
  });
});
