// The user on the request before guards: what loggers and throttlers see, and what guards make of it.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
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
  type Principal,
} from 'nestjs-latchkey';
import { authenticateEarly } from 'nestjs-latchkey/browser';
import { csrfController } from 'nestjs-latchkey/controllers';
import { onAuthEvent, type AuthEvent } from 'nestjs-latchkey/events';
import { ADAPTERS, SILENT, startApplication } from '../support/applications.js';
import { startBrowserApp, type Person } from '../support/browser-app.js';
import type { CookieJar } from '../support/cookie-jar.js';
import { ISSUING, Scene } from '../support/issuing.js';

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

/** Runs `look` with each request before its guard, after the early look. */
function between(app: INestApplication, look: (request: Seen) => unknown): void {
  app.use(async (request: Seen, _: unknown, next: () => void) => {
    await look(request);
    next();
  });
}

describe.each(ADAPTERS.flatMap((adapter) => ISSUING.map((issuing) => [adapter, issuing.name, issuing] as const)))(
  'early authentication on %s with %s',
  (adapter, _, issuing) => {
    let scene: Scene;
    let seen: (string | undefined)[];
    let events: AuthEvent[];
    /** Done between the early look and the guard. */
    let meanwhile: (request: Seen) => unknown = () => {};
    let stop: () => void;
    beforeAll(async () => {
      events = [];
      stop = onAuthEvent((event) => void events.push(event));
      scene = await Scene.open(adapter, issuing, {
        controllers: [PagesController],
        configure: (app: INestApplication) => {
          authenticateEarly(app);
          between(app, (request) => {
            seen.push(request.user === undefined ? undefined : `${request.user.id} by ${request.auth?.scheme}`);
            return meanwhile(request);
          });
        },
      });
    });
    beforeEach(() => forget());
    afterEach(() => {
      meanwhile = () => {};
      scene.usersDown = false;
      scene.people.of('bob').active = true;
    });
    afterAll(async () => {
      stop();
      await scene.close();
    });

    function forget(): void {
      [seen, events, scene.people.lookups] = [[], [], 0];
      scene.linked?.resolved.splice(0);
    }

    const lookups = () => scene.linked?.resolved.length ?? scene.people.lookups;
    const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
    const outcomes = () => events.flatMap((event) => (event.type === 'early_attempt' ? [event.outcome] : []));

    /** A browser that is signed in, with nothing heard so far. */
    async function signedIn(session: string | undefined, cookie?: string): Promise<CookieJar> {
      const jar = await scene.browser(session, cookie === undefined ? undefined : await scene.token(cookie));
      forget();
      return jar;
    }

    it('shows the user of a bearer token, a cookie and a session', async () => {
      await scene.running.fetch('/pages/public', bearer(await scene.token('ada')));
      expect([seen, outcomes()]).toEqual([['ada by bearer'], ['success']]);
      for (const [kind, session, cookie] of [['cookie', undefined, 'ada'] as const, ['session', 'ada'] as const]) {
        const jar = await signedIn(session, cookie);
        await jar.send('/pages/public');
        expect([seen, outcomes()]).toEqual([[`ada by ${kind}`], ['success']]);
      }
    });

    it.each([
      ['the user', 'one and the same user', 'ada', ['ada by cookie'], 'success'],
      ['none', 'two users', 'bob', [undefined], 'user_mismatch_enforced'],
    ] as const)('shows %s of a cookie and a session of %s', async (_what, _whose, session, shown, outcome) => {
      const jar = await signedIn(session, 'ada');
      expect((await jar.send('/pages/public')).status).toBe(200);
      expect([seen, outcomes()]).toEqual([shown, [outcome]]);
    });

    it('is reused by the guard, whatever its route demands: one attempt, and one look-up of the user', async () => {
      for (const path of ['/account', '/account/jwt', '/account/header', '/account/optional', '/pages/scoped']) {
        forget();
        const token = await scopedToken();
        expect((await scene.running.fetch(path, bearer(token))).status).toBe(200);
        expect([seen, lookups(), events.filter(({ type }) => type === 'attempt').length]).toEqual([
          ['ada by bearer'],
          1,
          1,
        ]);
      }
    });

    const scopedToken = async () =>
      scene.lms?.token('ada', { scopes: ['motto:write'] }) ?? (await scene.own.valid(scene.people.of('ada') as never));

    it('grants nothing: the guard of a route decides by what its route demands', async () => {
      const answer = await scene.running.fetch('/pages/forbidden', bearer(await scene.token('ada')));
      expect([answer.status, seen]).toEqual([403, ['ada by bearer']]);
      const cookie = await signedIn(undefined, 'ada');
      expect((await cookie.send('/account/header')).status).toBe(401);
      expect(seen).toEqual(['ada by cookie']);
    });

    it('is not what @CurrentUser() shows on a public route', async () => {
      const answer = await scene.running.fetch('/pages/public', bearer(await scene.token('ada')));
      expect([await answer.json(), seen]).toEqual([{ user: null }, ['ada by bearer']]);
    });

    it.each<[string, () => string | undefined | Promise<string>, string]>([
      ['no credential', () => undefined, 'not_applicable'],
      ['a forged token', () => scene.token('ada', 'forged'), 'rejected'],
      ['an expired token', () => scene.token('ada', 'expired'), 'rejected'],
      ['the token of an inactive user', () => scene.token('lin'), 'rejected'],
      [
        'the token of a client',
        () => scene.lms?.token('robot', { grantType: 'client_credentials' }) ?? scene.own.client('robot'),
        'forbidden',
      ],
      [
        'the token of a restricted client',
        () => scene.lms?.token('ada', { restricted: true }) ?? scene.own.restricted(scene.people.of('ada') as never),
        'forbidden',
      ],
    ])('shows no user for %s, and lets the request pass', async (_what, tokenFor, outcome) => {
      const token = await tokenFor();
      const answer = await scene.running.fetch('/pages/public', token === undefined ? {} : bearer(token));
      expect([answer.status, seen, outcomes()]).toEqual([200, [undefined], [outcome]]);
    });

    it('shows no user to an unsafe request without a CSRF token', async () => {
      const jar = await signedIn(undefined, 'ada');
      expect((await jar.send('/pages/public', { method: 'POST' })).status).toBe(201);
      expect(seen).toEqual([undefined]);
      await jar.post('/pages/public');
      expect(seen.at(-1)).toBe('ada by cookie');
    });

    it('shows no user while users cannot be looked up: public routes pass, guarded ones are 503', async () => {
      const headers = bearer(await scene.token('ada'));
      scene.usersDown = true;
      const statuses = [
        (await scene.running.fetch('/pages/public', headers)).status,
        (await scene.running.fetch('/account', headers)).status,
      ];
      expect([statuses, seen]).toEqual([
        [200, 503],
        [undefined, undefined],
      ]);
      expect(outcomes()).toEqual(['unavailable', 'unavailable']);
    });

    it('is not reused by the guard if the request carries another credential by then', async () => {
      const [ada, bob] = [`Bearer ${await scene.token('ada')}`, `Bearer ${await scene.token('bob')}`];
      meanwhile = ({ rawHeaders }) => rawHeaders.splice(rawHeaders.indexOf(ada), 1, bob);
      const answer = await scene.running.fetch('/account', { headers: { authorization: ada } });
      expect([seen, await answer.json()]).toEqual([['ada by bearer'], expect.objectContaining({ username: 'bob' })]);
    });

    it('is not reused by the guard for an unsafe request whose method was changed in between', async () => {
      const jar = await signedIn(undefined, 'ada');
      meanwhile = (request) => Object.assign(request, { method: 'POST' });
      const answer = await jar.send('/account/motto');
      expect([seen, answer.status === 201]).toEqual([['ada by cookie'], false]);
    });

    it('keeps nothing of a request that is over', async () => {
      const requests: WeakRef<object>[] = [];
      meanwhile = (request) => void requests.push(new WeakRef(request.auth ?? request));
      for (let times = 0; times < 40; times += 1) {
        const headers = { ...bearer(await scene.token('ada', 'good', { version: `1.0.${times}` })).headers };
        expect(
          (await scene.running.fetch('/pages/public', { headers: { ...headers, connection: 'close' } })).status,
        ).toBe(200);
      }
      expect(new Set(seen)).toEqual(new Set(['ada by bearer']));
      seen = [];
      await scene.running.fetch('/pages/public');
      expect(seen).toEqual([undefined]);
      // The last one may still be on a stack or in a buffer of Node.
      expect(await leftOf(requests)).toBeLessThan(5);
    });

    it('is not reused by the guard if the credential ended while a slow body arrived', async () => {
      const token = await scene.token('ada');
      meanwhile = async () => {
        await scene.running.app.get(BlocklistService).revokeSubject({ issuer: scene.issuer, id: scene.idOf('ada') });
        scene.clock.advance('1s');
      };
      expect((await scene.running.fetch('/account', bearer(token))).status).toBe(401);
      expect(seen).toEqual(['ada by bearer']);
    });
  },
);

/** How many of these objects are still there after their garbage was collected. */
async function leftOf(references: readonly WeakRef<object>[]): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let times = 0; times < 5; times += 1) {
    await new Promise((done) => setTimeout(done, 20));
    collect();
  }
  return references.filter((reference) => reference.deref() !== undefined).length;
}

it('shows no user in an application that does not call authenticateEarly()', async () => {
  const seen: unknown[] = [];
  const configure = (app: INestApplication) => between(app, ({ user, auth }) => seen.push(user, auth));
  const scene = await Scene.open('express', ISSUING[0], { configure });
  const headers = { authorization: `Bearer ${await scene.token('ada')}` };
  const answer = await scene.running.fetch('/account', { headers });
  await scene.close();
  expect([answer.status, seen]).toEqual([200, [undefined, undefined]]);
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
