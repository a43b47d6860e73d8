import { Get, type INestApplication } from '@nestjs/common';
import { describe, expect, it } from '@jest/globals';
import { IsBoolean, IsEmail, IsOptional, IsString } from 'class-validator';
import { decodeJwt } from 'jose';
import { Public, type AuthUser } from 'nestjs-latchkey';
import {
  devicesController,
  SignInBody,
  tokenController,
  type SignInContext,
  type TokenLoginOptions,
} from 'nestjs-latchkey/controllers';
import type { SignInFacts } from 'nestjs-latchkey/sign-in';
import { ADAPTERS } from '../support/applications.js';
import { PASSWORD, startRecordingApp, type RecordingApp } from '../support/recording-app.js';

class EmailSignIn {
  @IsEmail() readonly email!: string;
  @IsString() readonly secret!: string;
  @IsOptional() @IsString() readonly tenant?: string;
  @IsOptional() @IsString() readonly otp?: string;
}

class RenewBody {
  @IsString() readonly renewal!: string;
  @IsString({ each: true }) readonly only!: string[];
}

class RememberedSignIn extends SignInBody {
  @IsOptional() @IsBoolean() readonly remember?: boolean;
}

/** Makes the user source take e-mail addresses, and tells what it was asked. */
function useEmails({ people }: RecordingApp): (readonly [EmailSignIn, SignInFacts])[] {
  const seen: (readonly [EmailSignIn, SignInFacts])[] = [];
  people.verifyCredentials = async (body: unknown, facts?: SignInFacts) => {
    const sent = body as EmailSignIn;
    if (facts !== undefined) seen.push([sent, facts]);
    return sent.secret === PASSWORD ? people.all.get(sent.email.split('@')[0] ?? '') : undefined;
  };
  return seen;
}

const recipe = tokenController({ path: 'sessions' });

class OwnTokens extends recipe.controller {
  @Public() @Get('hint') hint() {
    return { hint: 'sign in here' };
  }

  protected override async issueOptions(user: AuthUser, context: SignInContext<object>): Promise<TokenLoginOptions> {
    return { ...(await super.issueOptions(user, context)), scopes: ['write'], label: 'my own label' };
  }
}

describe.each(ADAPTERS)('token routes of the application’s own on %s', (adapter) => {
  async function withTokens(
    controllers: Parameters<typeof startRecordingApp>[1] & object,
    work: (app: RecordingApp) => Promise<void>,
  ): Promise<void> {
    const app = await startRecordingApp(adapter, controllers);
    await work(app).finally(() => app.close());
  }

  it('hand another body to the user source as it is', async () => {
    await withTokens({ structure: { controllers: [tokenController({ body: EmailSignIn })] } }, async (app) => {
      useEmails(app);
      const sent = { email: 'ada@app.test', secret: PASSWORD };
      expect((await app.post('/auth/token', sent)).status).toBe(200);
      expect((await app.post('/auth/token', { ...sent, email: 'ada' })).status).toBe(400);
      expect((await app.post('/auth/token', { username: 'ada', password: PASSWORD })).status).toBe(400);
      expect((await app.post('/auth/token', { ...sent, secret: 'wrong' })).status).toBe(401);
    });
  });

  it('hand over all that the class names, and what is known of the request', async () => {
    await withTokens({ structure: { controllers: [tokenController({ body: EmailSignIn })] } }, async (app) => {
      const seen = useEmails(app);
      const sent = { email: 'ada@app.test', secret: PASSWORD, tenant: 'school', otp: '123456', admin: true };
      await app.post('/auth/token', sent, { 'user-agent': 'Test/1.0', 'X-Device': 'phone' });
      const [body, facts] = seen[0] ?? [];
      expect(body).toBeInstanceOf(EmailSignIn);
      expect({ ...body }).toEqual({ email: 'ada@app.test', secret: PASSWORD, tenant: 'school', otp: '123456' });
      expect([facts?.userAgent, facts?.header('x-device'), facts?.header('X-DEVICE'), facts?.header('x-none')]).toEqual(
        ['Test/1.0', 'phone', 'phone', undefined],
      );
      expect(facts?.address).toMatch(/^(::ffff:)?127\.0\.0\.1$|^::1$/);
    });
  });

  it('answer with another status, and tell the mapping whose the tokens are', async () => {
    const tokens = tokenController({
      status: 201,
      toResponse: ({ accessToken, refreshToken }, { user, occasion, facts }) => ({
        accessToken,
        refreshToken,
        who: (user as { id: string } | undefined)?.id,
        occasion,
        by: facts.header('x-device'),
      }),
    });
    await withTokens({ structure: { controllers: [tokens] } }, async (app) => {
      const headers = { 'x-device': 'phone' };
      const first = await app.post('/auth/token', { username: 'ada', password: PASSWORD }, headers);
      const pair = (await first.json()) as { refreshToken: string };
      expect([first.status, pair]).toEqual([
        201,
        expect.objectContaining({ who: 'ada', occasion: 'sign-in', by: 'phone' }),
      ]);
      const second = await app.post('/auth/token/refresh', { refresh_token: pair.refreshToken }, headers);
      expect([second.status, await second.json()]).toEqual([
        201,
        expect.objectContaining({ who: 'ada', occasion: 'refresh', by: 'phone' }),
      ]);
    });
  });

  it('narrow the scopes of one access token at a refresh, and never widen them', async () => {
    await withTokens({}, async (app) => {
      const user = app.people.of('ada') as never;
      const { refreshToken } = await app.tokens.issue(user, { scopes: ['read', 'write', 'list'] });
      const refresh = async (token: string, scope: unknown) =>
        app.post('/auth/token/refresh', { refresh_token: token, scope });
      const narrow = await refresh(refreshToken, 'read list');
      const narrowed = (await narrow.json()) as { access_token: string; refresh_token: string };
      expect(decodeJwt(narrowed.access_token)['scope']).toBe('read list');
      const wider = await refresh(narrowed.refresh_token, 'read admin');
      expect([wider.status, ((await wider.json()) as { errorCode: string }).errorCode]).toEqual([400, 'invalid_scope']);
      expect(wider.headers.get('www-authenticate')).toBeNull();
      for (const malformed of ['', ' ', 'read  list', 'read\tlist', ['read'], 7, 'a"b'])
        expect((await refresh(narrowed.refresh_token, malformed)).status).toBe(400);
      const whole = await refresh(narrowed.refresh_token, undefined);
      const again = (await whole.json()) as { access_token: string };
      // What was refused consumed nothing, and the refresh token has all scopes (RFC 6749 §6).
      expect(decodeJwt(again.access_token)['scope']).toBe('read write list');
    });
  });

  it('keep the life of access tokens through a refresh, and let no mapping say how the user was authenticated', async () => {
    const old = new Date('2020-01-01T00:00:00Z');
    // As JavaScript writes it: the types of the mapping know none of the last three.
    const login = { accessTtl: '1m', claims: { tier: 'gold' }, authTime: old, acr: 'gold', amr: ['hwk'] } as const;
    const tokens = tokenController({ toLogin: () => login as TokenLoginOptions });
    await withTokens({ structure: { controllers: [tokens] } }, async (app) => {
      const pairOf = async (answer: Promise<Response>) =>
        (await (await answer).json()) as { access_token: string; refresh_token: string; expires_in: number };
      const first = await pairOf(app.post('/auth/token', { username: 'ada', password: PASSWORD }));
      const second = await pairOf(app.post('/auth/token/refresh', { refresh_token: first.refresh_token }));
      expect([first.expires_in, second.expires_in]).toEqual([60, 60]);
      const [before, after] = [decodeJwt(first.access_token), decodeJwt(second.access_token)];
      expect([before['tier'], after['tier']]).toEqual(['gold', undefined]);
      for (const claims of [before, after])
        expect([claims['auth_time'], claims['acr'], claims['amr']]).toEqual([before.iat, undefined, undefined]);
    });
  });

  it('take a refresh in another body', async () => {
    const tokens = tokenController({
      refreshBody: RenewBody,
      toRefresh: ({ renewal, only }) => ({ refreshToken: renewal, scopes: only }),
    });
    await withTokens({ structure: { controllers: [tokens] } }, async (app) => {
      const { refreshToken } = await app.tokens.issue(app.people.of('ada') as never, { scopes: ['read', 'write'] });
      expect((await app.post('/auth/token/refresh', { refresh_token: refreshToken })).status).toBe(400);
      const answer = await app.post('/auth/token/refresh', { renewal: refreshToken, only: ['read'] });
      const { access_token } = (await answer.json()) as { access_token: string };
      expect(decodeJwt(access_token)['scope']).toBe('read');
    });
  });

  it('begin shorter logins where the application says so', async () => {
    const tokens = tokenController({
      body: RememberedSignIn,
      toLogin: (_, { body }) => (body?.remember === true ? {} : { refresh: { idle: '1h', absolute: '8h' } }),
    });
    await withTokens({ structure: { controllers: [tokens] } }, async (app) => {
      const life = async (path: string, sent: object) => {
        const answer = (await (await app.post(path, sent)).json()) as { refresh_token: string };
        const { exp = 0, iat = 0, login_exp } = decodeJwt<{ login_exp: number }>(answer.refresh_token);
        return { token: answer.refresh_token, idle: exp - iat, absolute: login_exp - iat };
      };
      const sent = { username: 'ada', password: PASSWORD };
      const short = await life('/auth/token', sent);
      expect([short.idle, short.absolute]).toEqual([3_600, 28_800]);
      const renewed = await life('/auth/token/refresh', { refresh_token: short.token });
      expect(renewed.idle).toBe(3_600);
      const long = await life('/auth/token', { ...sent, remember: true });
      expect([long.idle, long.absolute]).toEqual([14 * 86_400, 30 * 86_400]);
    });
  });

  it('answer in another format', async () => {
    const tokens = tokenController({
      toResponse: ({ accessToken, subject }) => ({ jwt: accessToken, who: subject.id }),
    });
    await withTokens({ structure: { controllers: [tokens] } }, async (app) => {
      const answer = await app.post('/auth/token', { username: 'ada', password: PASSWORD });
      expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store']);
      expect(await answer.json()).toEqual({ jwt: expect.any(String), who: 'ada' });
    });
  });

  it('have other paths, and can be left out', async () => {
    const tokens = tokenController({ path: 'login', routes: { refresh: 'again', introspect: false } });
    await withTokens({ structure: { controllers: [tokens] } }, async (app) => {
      const { refreshToken } = await app.signIn();
      expect((await app.post('/login', { username: 'ada', password: PASSWORD })).status).toBe(200);
      expect((await app.post('/login/again', { refresh_token: refreshToken })).status).toBe(200);
      for (const path of ['/login/introspect', '/login/refresh', '/auth/token']) {
        expect((await app.post(path, { token: 'x' })).status).toBe(404);
      }
    });
    expect(tokens.endpoints).toEqual({ revocation_endpoint: '/login/revoke' });
  });

  it('gain routes and change methods in a subclass', async () => {
    await withTokens(
      { structure: { controllers: [{ ...recipe, controller: OwnTokens }, devicesController()] } },
      async (app) => {
        expect(await (await app.fetch('/sessions/hint')).json()).toEqual({ hint: 'sign in here' });
        const answer = await app.post('/sessions', { username: 'ada', password: PASSWORD });
        const { access_token } = (await answer.json()) as { access_token: string };
        expect(decodeJwt(access_token)['scope']).toBe('write');
        const devices = await app.fetch('/auth/devices', { headers: { authorization: `Bearer ${access_token}` } });
        expect(await devices.json()).toEqual([expect.objectContaining({ label: 'my own label', current: true })]);
        expect((await app.post('/sessions', { username: 'ada' })).status).toBe(400);
      },
    );
  });

  it('do not affect each other when mounted twice', async () => {
    const controllers = [tokenController(), tokenController({ path: 'other', toResponse: () => ({ other: true }) })];
    await withTokens({ structure: { controllers } }, async (app) => {
      const sent = { username: 'ada', password: PASSWORD };
      expect(await (await app.post('/auth/token', sent)).json()).toHaveProperty('access_token');
      expect(await (await app.post('/other', sent)).json()).toEqual({ other: true });
    });
  });

  it('refuse an invalid body as problem details if the application asks for them', async () => {
    await withTokens({ errors: { format: 'problem' } }, async (app) => {
      const answer = await app.post('/auth/token', { username: 'ada' });
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
      expect(await answer.json()).toMatchObject({
        status: 400,
        title: 'Bad Request',
        errorCode: 'invalid_request',
        errors: expect.arrayContaining(['password must be a string']),
      });
    });
  });

  it('keep their own rules beside a global validation pipe', async () => {
    const { ValidationPipe } = await import('@nestjs/common');
    const configure = (app: INestApplication) => app.useGlobalPipes(new ValidationPipe({ whitelist: true }));
    await withTokens({ configure }, async (app) => {
      expect((await app.post('/auth/token', { username: 'ada', password: PASSWORD, extra: 1 })).status).toBe(200);
      expect((await app.post('/auth/token', { username: 'ada' })).status).toBe(400);
    });
  });
});

describe('the body of a sign-in', () => {
  it('is visible in the types of the route', () => {
    const { prototype } = tokenController().controller as { prototype: object };
    expect(Reflect.getMetadata('design:paramtypes', prototype, 'obtain')).toEqual([SignInBody, Object]);
    const own = tokenController({ body: EmailSignIn });
    expect(Reflect.getMetadata('design:paramtypes', own.controller.prototype as object, 'obtain')[0]).toBe(EmailSignIn);
  });
});
