// Sign-ins in two steps over HTTP, by tokens, cookies and sessions.
import { createHash, randomBytes } from 'node:crypto';
import { Controller, Get, Injectable, Module, UseGuards } from '@nestjs/common';
import { RouterModule } from '@nestjs/core';
import { describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import {
  AuthModule,
  CurrentPrincipal,
  RequireAuth,
  SessionOrJwtGuard,
  type MountableController,
  type Principal,
} from 'nestjs-latchkey';
import { RequireAudience } from 'nestjs-latchkey/policies';
import { challenge, proven } from 'nestjs-latchkey/sign-in';
import { cookieController, csrfController, sessionController, tokenController } from 'nestjs-latchkey/controllers';
import { ADAPTERS, startApplication } from '../support/applications.js';
import { registerSessions } from '../support/browser-app.js';
import { CookieJar } from '../support/cookie-jar.js';
import { startRecordingBrowserApp } from '../support/recording-browser-app.js';
import { PASSWORD, People, type Person, type RecordingApp } from '../support/recording-app.js';

const CODE = '123456';
const SENT = { username: 'ada', password: PASSWORD };

interface Step {
  readonly kind: string;
  readonly data: unknown;
  readonly continuation: string;
  readonly expiresIn: number;
}

const isRecent = (time: Date | undefined): boolean => Math.abs(Date.now() - Number(time)) < 60_000;

@UseGuards(SessionOrJwtGuard)
@Controller('vault')
class VaultController {
  @Get() look(@CurrentPrincipal() { acr, amr, authTime, scheme }: Principal) {
    return { acr: acr ?? null, amr, scheme, isDated: isRecent(authTime) };
  }

  @RequireAudience('elsewhere') @Get('elsewhere') elsewhere() {
    return { open: true };
  }

  @RequireAuth({ amr: 'otp' }) @Get('open') open() {
    return { open: true };
  }

  @RequireAuth({ acr: ['gold', 'silver'], maxAge: '10m' }) @Get('level') level() {
    return { open: true };
  }
}

const vault: MountableController = { controller: VaultController, requires: [] };

/** Staff need a code; a code is used once. */
function needCodes(people: People): void {
  const used = new Set<string>();
  const byPassword = people.verifyCredentials.bind(people);
  Object.assign(people, {
    verifyCredentials: async (sent: typeof SENT) => {
      const user = await byPassword(sent);
      return user && challenge({ kind: 'totp', user, data: { digits: 6 }, amr: ['pwd'] });
    },
    completeChallenge: async ({ user }: { user: Person }, { code }: { code: string }) => {
      if (!code.startsWith(CODE) || used.has(code)) return undefined;
      used.add(code);
      return proven({ user, amr: ['otp'], acr: 'silver' });
    },
  });
}

const stepIn = async (answer: Response): Promise<Step> => {
  expect(answer.status).toBe(401);
  const body = (await answer.json()) as { errorCode: string; step: Step };
  expect(body.errorCode).toBe('further_step_required');
  return body.step;
};

const codeIn = async (answer: Response): Promise<string> =>
  `${answer.status} ${((await answer.json()) as { errorCode: string }).errorCode}`;

describe.each(ADAPTERS)('a sign-in in two steps on %s', (adapter) => {
  async function withSteps(work: (app: RecordingApp) => Promise<void>): Promise<void> {
    const app = await startRecordingBrowserApp(adapter, {
      configure: (application) => needCodes(application.get(People, { strict: false })),
      structure: {
        controllers: [
          tokenController({ steps: true }),
          tokenController({ path: 'admin/token', steps: true }),
          tokenController({ path: 'app/token', steps: true, binding: 'required' }),
          cookieController({ steps: true }),
          sessionController({ steps: true }),
          csrfController(),
          vault,
        ],
      },
    });
    await work(app).finally(() => app.close());
  }

  it('answers with tokens that say how the user was proven', async () => {
    await withSteps(async (app) => {
      const first = await app.post('/auth/token', SENT);
      expect([first.headers.get('cache-control'), first.headers.get('www-authenticate')]).toEqual([
        'no-store',
        'Bearer realm="api"',
      ]);
      const step = await stepIn(first);
      expect(step).toEqual({ kind: 'totp', data: { digits: 6 }, continuation: expect.any(String), expiresIn: 300 });
      const second = await app.post('/auth/token/continue', { continuation: step.continuation, code: CODE });
      expect(second.status).toBe(200);
      const { access_token, refresh_token } = (await second.json()) as { access_token: string; refresh_token: string };
      expect(decodeJwt(access_token)).toMatchObject({ sub: 'ada', amr: ['pwd', 'otp'], acr: 'silver' });
      const renewed = await app.post('/auth/token/refresh', { refresh_token });
      const next = (await renewed.json()) as { access_token: string };
      expect(decodeJwt(next.access_token)).toMatchObject({ amr: ['pwd', 'otp'], acr: 'silver' });
      expect(app.logged.join('\n')).not.toContain(step.continuation);
    });
  });

  it('refuses all that is wrong with a second step in the words of a wrong password', async () => {
    await withSteps(async (app) => {
      const wrongPassword = await (await app.post('/auth/token', { ...SENT, password: 'wrong' })).text();
      const { continuation } = await stepIn(await app.post('/auth/token', SENT));
      const sent = { continuation, code: CODE };
      const agent = { 'user-agent': 'Other/1.0' };
      const refused = [
        await app.post('/auth/token/continue', { ...sent, code: '000000' }),
        await app.post('/auth/token/continue', { ...sent, continuation: 'x.y.z' }),
        await app.post('/auth/token/continue', sent, agent),
      ];
      expect((await app.post('/auth/token/continue', sent)).status).toBe(200);
      refused.push(await app.post('/auth/token/continue', sent));
      for (const answer of refused) expect([answer.status, await answer.text()]).toEqual([401, wrongPassword]);
      expect((await app.post('/auth/token/continue', { continuation })).status).toBe(400);
    });
  });

  it('is open to no bearer of the continuation', async () => {
    await withSteps(async (app) => {
      const { continuation } = await stepIn(await app.post('/auth/token', SENT));
      const answer = await app.fetch('/me', { headers: { authorization: `Bearer ${continuation}` } });
      expect(answer.status).toBe(401);
      expect((await app.post('/auth/token/refresh', { refresh_token: continuation })).status).toBe(401);
      expect((await app.post('/auth/token/verify', { token: continuation })).status).toBe(401);
    });
  });

  it('is bound to a secret that the client keeps, if it says so', async () => {
    await withSteps(async (app) => {
      const secret = randomBytes(32).toString('base64url');
      const digest = createHash('sha256').update(secret).digest('base64url');
      const { continuation } = await stepIn(await app.post('/auth/token', SENT, { 'sign-in-challenge': digest }));
      const sent = { continuation, code: CODE };
      const proceed = (headers?: Record<string, string>) => app.post('/auth/token/continue', sent, headers);
      expect(await codeIn(await proceed())).toBe('401 invalid_credentials');
      // The challenge is no secret.
      expect(await codeIn(await proceed({ 'sign-in-challenge': digest }))).toBe('401 invalid_credentials');
      expect(await codeIn(await proceed({ 'sign-in-verifier': randomBytes(32).toString('base64url') }))).toBe(
        '401 invalid_credentials',
      );
      expect(await codeIn(await proceed({ 'sign-in-verifier': 'short' }))).toBe('400 invalid_request');
      expect((await proceed({ 'sign-in-verifier': secret })).status).toBe(200);
    });
  });

  it('needs such a secret where the controller demands it, whether the password is right or not', async () => {
    await withSteps(async (app) => {
      const secret = randomBytes(32).toString('base64url');
      const digest = createHash('sha256').update(secret).digest('base64url');
      for (const password of [PASSWORD, 'wrong'])
        expect(await codeIn(await app.post('/app/token', { ...SENT, password }))).toBe('400 invalid_request');
      const { continuation } = await stepIn(await app.post('/app/token', SENT, { 'sign-in-challenge': digest }));
      const sent = { continuation, code: CODE };
      const proceed = (headers?: Record<string, string>) => app.post('/app/token/continue', sent, headers);
      expect(await codeIn(await proceed())).toBe('400 invalid_request');
      expect(await codeIn(await proceed({ 'sign-in-challenge': digest }))).toBe('400 invalid_request');
      const other = { 'sign-in-verifier': randomBytes(32).toString('base64url') };
      expect(await codeIn(await proceed(other))).toBe('401 invalid_credentials');
      expect((await proceed({ 'sign-in-verifier': secret })).status).toBe(200);
    });
  });

  it('is completed at the controller where it began, and at no other of its kind', async () => {
    await withSteps(async (app) => {
      const { continuation } = await stepIn(await app.post('/auth/token', SENT));
      const sent = { continuation, code: CODE };
      expect(await codeIn(await app.post('/admin/token/continue', sent))).toBe('401 invalid_credentials');
      expect((await app.post('/auth/token/continue', sent)).status).toBe(200);
    });
  });

  it.each([
    ['cookie', 'session'],
    ['session', 'cookie'],
  ])('is not completed by another kind of login: begun by %s, sent to %s', async (by, other) => {
    await withSteps(async (app) => {
      const jar = new CookieJar(app);
      const { continuation } = await stepIn(await jar.post(`/auth/${by}/login`, SENT));
      const sent = { continuation, code: CODE };
      expect(await codeIn(await jar.post(`/auth/${other}/continue`, sent))).toBe('401 invalid_credentials');
      expect((await jar.post(`/auth/${by}/continue`, sent)).status).toBe(204);
    });
  });

  it.each(['cookie', 'session'])('is bound to the browser by a cookie, by %s', async (by) => {
    await withSteps(async (app) => {
      const [jar, stranger] = [new CookieJar(app), new CookieJar(app)];
      const first = await jar.post(`/auth/${by}/login`, SENT);
      const { continuation } = await stepIn(first);
      const line = first.headers.getSetCookie().find((each) => each.startsWith('__Host-access-step='));
      expect(line).toMatch(/Max-Age=300; Path=\/; HttpOnly; Secure; SameSite=Strict$/);
      const sent = { continuation, code: CODE };
      expect(await codeIn(await stranger.post(`/auth/${by}/continue`, sent))).toBe('401 invalid_credentials');
      await stepIn(await stranger.post(`/auth/${by}/login`, SENT));
      expect(await codeIn(await stranger.post(`/auth/${by}/continue`, sent))).toBe('401 invalid_credentials');
      // A client without the cookie cannot go on with it at the token route either.
      expect(await codeIn(await app.post('/auth/token/continue', sent))).toBe('401 invalid_credentials');
      const done = await jar.post(`/auth/${by}/continue`, sent);
      expect(done.status).toBe(204);
      expect(done.headers.getSetCookie().some((each) => each.startsWith('__Host-access-step=; Max-Age=0'))).toBe(true);
      const look = await jar.send('/vault');
      expect(await look.json()).toEqual({ acr: 'silver', amr: ['pwd', 'otp'], scheme: by, isDated: true });
      expect((await jar.send('/vault/open')).status).toBe(200);
      // A route for another audience ends no login: the cookie is good for all others.
      const elsewhere = await jar.send('/vault/elsewhere');
      expect(elsewhere.headers.getSetCookie()).toEqual([]);
      expect(await codeIn(elsewhere)).toBe('401 audience_mismatch');
      expect((await jar.send('/vault')).status).toBe(200);
    });
  });

  it('needs the CSRF token of the page in both steps', async () => {
    await withSteps(async (app) => {
      const jar = new CookieJar(app);
      const { continuation } = await stepIn(await jar.post('/auth/cookie/login', SENT));
      const answer = await app.post('/auth/cookie/continue', { continuation, code: CODE });
      expect(await codeIn(answer)).toBe('403 csrf_cookie_missing');
    });
  });
});

@Injectable()
class StepwisePeople extends People {
  constructor() {
    super();
    needCodes(this);
  }
}

@Module({ providers: [StepwisePeople], exports: [StepwisePeople] })
class StepwisePeopleModule {}

describe.each(ADAPTERS)('one controller that two modules mount on %s', (adapter) => {
  it('completes a sign-in in the module where it began, and not in the other', async () => {
    // Of the ready-made controllers that sign users in, this one needs nothing that only the module of the library has.
    const { controller } = sessionController({ steps: true });
    @Module({ controllers: [controller] })
    class UsersModule {}
    @Module({ controllers: [controller] })
    class StaffModule {}
    const users = { session: {}, users: StepwisePeople, controllers: [csrfController()] };
    const app = await startApplication(adapter, {
      imports: [
        StepwisePeopleModule,
        AuthModule.forRoot(users),
        UsersModule,
        StaffModule,
        RouterModule.register([
          { path: 'users', module: UsersModule },
          { path: 'staff', module: StaffModule },
        ]),
      ],
      configure: (application) => registerSessions(application, adapter),
    });
    try {
      for (const [own, other] of [
        ['users', 'staff'],
        ['staff', 'users'],
      ]) {
        const jar = new CookieJar(app);
        const { continuation } = await stepIn(await jar.post(`/${own}/auth/session/login`, SENT));
        const sent = { continuation, code: `${CODE}-${own}` };
        expect(await codeIn(await jar.post(`/${other}/auth/session/continue`, sent))).toBe('401 invalid_credentials');
        expect((await jar.post(`/${own}/auth/session/continue`, sent)).status).toBe(204);
      }
    } finally {
      await app.close();
    }
  });
});

describe.each(ADAPTERS)('a mapping of logins on %s', (adapter) => {
  it('does not say when and how the user was authenticated, by cookie and by session', async () => {
    const login = { authTime: new Date(0), acr: 'gold', amr: ['hwk'] };
    const toLogin = () => login as object;
    const controllers = [cookieController({ toLogin }), sessionController({ toLogin }), csrfController(), vault];
    const app = await startRecordingBrowserApp(adapter, { structure: { controllers } });
    try {
      for (const by of ['cookie', 'session']) {
        const jar = new CookieJar(app);
        expect((await jar.post(`/auth/${by}/login`, SENT)).status).toBe(204);
        expect(await (await jar.send('/vault')).json()).toEqual({ acr: null, amr: [], scheme: by, isDated: true });
      }
    } finally {
      await app.close();
    }
  });
});

describe.each(ADAPTERS)('a route that demands a strong sign-in on %s', (adapter) => {
  it('says what is missing, and takes what is enough', async () => {
    const app = await startRecordingBrowserApp(adapter, { structure: { controllers: [vault] } });
    const get = async (path: string, options: object) => {
      const { accessToken } = await app.tokens.issue(app.people.of('ada') as never, options);
      return app.fetch(path, { headers: { authorization: `Bearer ${accessToken}` } });
    };
    const weak = await get('/vault/open', { amr: ['pwd'] });
    expect([weak.status, weak.headers.get('www-authenticate')]).toEqual([
      401,
      'Bearer realm="api", error="insufficient_user_authentication", error_description="This resource requires a stronger sign-in."',
    ]);
    expect(((await weak.json()) as { errorCode: string }).errorCode).toBe('stronger_authentication_required');
    const level = await get('/vault/level', { acr: 'bronze' });
    expect(level.headers.get('www-authenticate')).toContain('acr_values="gold silver", max_age="600"');
    const old = { acr: 'gold', authTime: new Date(Date.now() - 3_600_000) };
    const late = await get('/vault/level', old);
    expect([late.status, ((await late.json()) as { errorCode: string }).errorCode]).toEqual([
      401,
      'reauthentication_required',
    ]);
    expect((await get('/vault/open', { amr: ['pwd', 'otp'] })).status).toBe(200);
    expect((await get('/vault/level', { acr: 'silver' })).status).toBe(200);
    await app.close();
  });
});
