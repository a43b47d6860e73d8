import { Get, type INestApplication } from '@nestjs/common';
import { describe, expect, it } from '@jest/globals';
import { IsEmail, IsString } from 'class-validator';
import { decodeJwt } from 'jose';
import { Public, type AuthUser, type IssueOptions } from 'nestjs-latchkey';
import { devicesController, SignInBody, tokenController } from 'nestjs-latchkey/controllers';
import { ADAPTERS } from '../support/applications.js';
import { PASSWORD, startRecordingApp, type RecordingApp } from '../support/recording-app.js';

class EmailSignIn {
  @IsEmail() readonly email!: string;
  @IsString() readonly secret!: string;
}

const recipe = tokenController({ path: 'sessions' });

class OwnTokens extends recipe.controller {
  @Public() @Get('hint') hint() {
    return { hint: 'sign in here' };
  }

  protected override issueOptions(user: AuthUser, userAgent: string | undefined): IssueOptions {
    return { ...super.issueOptions(user, userAgent), scopes: ['write'], label: 'my own label' };
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

  it('accept another body, mapped by one function', async () => {
    const tokens = tokenController({
      body: EmailSignIn,
      toCredentials: ({ email, secret }) => ({ username: email.split('@')[0] ?? '', password: secret }),
    });
    await withTokens({ structure: { controllers: [tokens] } }, async (app) => {
      const sent = { email: 'ada@app.test', secret: PASSWORD };
      expect((await app.post('/auth/token', sent)).status).toBe(200);
      expect((await app.post('/auth/token', { ...sent, email: 'ada' })).status).toBe(400);
      expect((await app.post('/auth/token', { username: 'ada', password: PASSWORD })).status).toBe(400);
      expect((await app.post('/auth/token', { ...sent, secret: 'wrong' })).status).toBe(401);
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
    expect(Reflect.getMetadata('design:paramtypes', prototype, 'obtain')).toEqual([SignInBody, String]);
    const own = tokenController({ body: EmailSignIn, toCredentials: () => ({ username: '', password: '' }) });
    expect(Reflect.getMetadata('design:paramtypes', own.controller.prototype as object, 'obtain')[0]).toBe(EmailSignIn);
  });
});
