// Request bodies that cannot be read, and limits on requests: at ready-made controllers they are refusals like all others.
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Body,
  Catch,
  Controller,
  HttpException,
  Injectable,
  Post,
  VersioningType,
  type ArgumentsHost,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type INestApplication,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { AuthError, AuthModule, Public, type AuthModuleOptions, type AuthModuleStructure } from 'nestjs-latchkey';
import { cookieController, sessionController, tokenController } from 'nestjs-latchkey/controllers';
import { describeAuth } from 'nestjs-latchkey/swagger';
import { ADAPTERS, startApplication, type AdapterName, type RunningApplication } from '../../support/applications.js';
import { ISSUER, People } from '../../support/recording-app.js';

const SECRET = 'hunter2-is-my-password';

@Public()
@Controller('own')
class OwnController {
  @Post() take(@Body() body: unknown) {
    return { body };
  }
}

/** Keeps every line. */
class Lines {
  readonly all: string[] = [];
  readonly log = (...parts: readonly unknown[]): void => void this.all.push(parts.map(String).join(' '));
  readonly error = this.log;
  readonly warn = this.log;
  readonly debug = this.log;
  readonly verbose = this.log;
}

const open: RunningApplication[] = [];

afterEach(async () => {
  for (const app of open.splice(0)) await app.close();
});

interface Given {
  readonly options?: AuthModuleOptions & AuthModuleStructure;
  readonly configure?: (app: INestApplication) => unknown;
  readonly providers?: readonly unknown[];
}

async function start(adapter: AdapterName, { options = {}, configure, providers = [] }: Given = {}) {
  const lines = new Lines();
  const admin = { name: 'admin', audience: 'admin', users: People, errors: { format: 'problem' as const } };
  const app = await startApplication(adapter, {
    imports: [
      AuthModule.forRoot({
        issuer: ISSUER,
        audience: 'accounts',
        users: People,
        cookies: { secure: false },
        controllers: [tokenController(), cookieController()],
        ...options,
      }),
      AuthModule.forRoot({ ...admin, controllers: [tokenController({ path: 'admin/token' })] }),
    ],
    controllers: [OwnController],
    providers: [People, ...(providers as [])],
    log: lines,
    ...(configure === undefined ? {} : { configure }),
  });
  open.push(app);
  const send = (path: string, body: string, headers: Readonly<Record<string, string>> = {}) =>
    app.fetch(path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });
  return { app, lines, send };
}

/** What is sent, and what it is answered with. On Express a type that no parser knows is a body of the wrong shape. */
const BAD = {
  malformed: { body: `{"username":"ada","password":"${SECRET}",`, headers: {} },
  large: { body: JSON.stringify({ username: 'ada', password: SECRET.padEnd(2_000_000, 'x') }), headers: {} },
  charset: { body: `{"password":"${SECRET}"}`, headers: { 'content-type': 'application/json; charset=iso-8859-1' } },
  encoding: { body: `{"password":"${SECRET}"}`, headers: { 'content-encoding': 'compress' } },
  deflated: { body: `{"password":"${SECRET}"}`, headers: { 'content-encoding': 'gzip' } },
  type: { body: `<password>${SECRET}</password>`, headers: { 'content-type': 'application/xml' } },
} as const;

const EXPECTED = {
  invalid_request: {
    statusCode: 400,
    error: 'Bad Request',
    message: 'The request body does not have the required shape.',
  },
  payload_too_large: {
    statusCode: 413,
    error: 'Payload Too Large',
    message: 'The request body is larger than what is accepted here.',
  },
  unsupported_media_type: {
    statusCode: 415,
    error: 'Unsupported Media Type',
    message: 'The request body has a type that is not accepted here.',
  },
} as const;

const CASES: readonly (readonly [AdapterName, keyof typeof BAD, keyof typeof EXPECTED])[] = [
  ['express', 'malformed', 'invalid_request'],
  ['express', 'large', 'payload_too_large'],
  ['express', 'charset', 'unsupported_media_type'],
  ['express', 'encoding', 'unsupported_media_type'],
  ['express', 'deflated', 'invalid_request'],
  ['fastify', 'malformed', 'invalid_request'],
  ['fastify', 'large', 'payload_too_large'],
  ['fastify', 'type', 'unsupported_media_type'],
];

describe('A body that cannot be read', () => {
  it.each(CASES)('is a usual refusal at ready-made controllers: on %s, %s is %s', async (...given) => {
    const [adapter, bad, errorCode] = given;
    const { lines, send } = await start(adapter);
    const { statusCode } = EXPECTED[errorCode];
    for (const path of ['/auth/token', '/auth/token/verify', '/auth/cookie/login', '/auth/cookie/logout']) {
      const answer = await send(path, BAD[bad].body, BAD[bad].headers);
      expect([path, answer.status, answer.headers.get('cache-control')]).toEqual([path, statusCode, 'no-store']);
      expect(await answer.json()).toEqual({ ...EXPECTED[errorCode], errorCode });
    }
    expect(lines.all.join('\n')).not.toContain('hunter2');
  });

  describe.each(ADAPTERS)('on %s', (adapter) => {
    it('is answered in the format of the configuration that the controller belongs to', async () => {
      const { send } = await start(adapter);
      const answer = await send('/admin/token', BAD.malformed.body);
      expect([answer.status, answer.headers.get('content-type')]).toEqual([
        400,
        expect.stringMatching(/^application\/problem\+json/),
      ]);
      expect(await answer.json()).toMatchObject({ title: 'Bad Request', status: 400, errorCode: 'invalid_request' });
    });

    it('is refused in the format of OAuth if other bodies are', async () => {
      const { send } = await start(adapter);
      for (const path of ['/auth/token/revoke', '/admin/token/revoke']) {
        const answer = await send(path, BAD.malformed.body);
        expect([answer.status, answer.headers.get('content-type')]).toEqual([
          400,
          expect.stringMatching(/^application\/json/),
        ]);
        expect(await answer.json()).toMatchObject({ error: 'invalid_request', error_description: expect.any(String) });
      }
    });

    it('has the body that errors.body builds', async () => {
      const errors = { body: ({ errorCode }: { errorCode: string }) => ({ made: errorCode }) };
      const { send } = await start(adapter, { options: { errors } });
      expect(await (await send('/auth/token', BAD.large.body)).json()).toEqual({ made: 'payload_too_large' });
    });

    it('is detected below a global prefix and a version, with a query', async () => {
      const configure = (app: INestApplication) =>
        app.setGlobalPrefix('api').enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
      const { send } = await start(adapter, { configure });
      for (const path of ['/api/v1/auth/token', '/api/v1/auth/token?a=b'])
        expect(await (await send(path, BAD.malformed.body)).json()).toMatchObject({ errorCode: 'invalid_request' });
    });

    it('reaches a filter of the application as a refusal, without the request body', async () => {
      const seen: unknown[] = [];
      @Catch(HttpException)
      class Envelope implements ExceptionFilter<HttpException> {
        catch(exception: HttpException, host: ArgumentsHost): void {
          seen.push(exception);
          const response = host.switchToHttp().getResponse<{ status(code: number): { send(body: object): unknown } }>();
          response.status(exception.getStatus()).send({ envelope: exception.getResponse() });
        }
      }
      const { send } = await start(adapter, { configure: (app) => app.useGlobalFilters(new Envelope()) });
      const answer = await send('/auth/token', BAD.malformed.body);
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(await answer.json()).toEqual({
        envelope: { ...EXPECTED.invalid_request, errorCode: 'invalid_request' },
      });
      expect(seen).toEqual([expect.any(AuthError)]);
      expect((seen[0] as Error).cause).toBeUndefined();
    });

    it('is unchanged at routes of the application', async () => {
      const { send } = await start(adapter);
      const answer = await send('/own', BAD.malformed.body);
      expect([answer.status, answer.headers.get('cache-control')]).toEqual([400, null]);
      expect(await answer.json()).not.toHaveProperty('errorCode');
      expect(await (await send('/own', '{"a":1}')).json()).toEqual({ body: { a: 1 } });
    });

    it('is a refusal at every route by option', async () => {
      const { send } = await start(adapter, { options: { errors: { unreadableBodies: 'all' } } });
      for (const path of ['/own', '/auth/token']) {
        const answer = await send(path, BAD.malformed.body);
        expect([answer.status, answer.headers.get('cache-control')]).toEqual([400, 'no-store']);
        expect(await answer.json()).toEqual({ ...EXPECTED.invalid_request, errorCode: 'invalid_request' });
      }
    });
  });

  it('can be configured for two groups of routes, and nothing else', async () => {
    const errors = { unreadableBodies: 'none' as 'all' };
    await expect(start('express', { options: { errors } })).rejects.toThrow(/errors\.unreadableBodies/);
  });

  it('is an option of the unnamed configuration alone', async () => {
    const named = AuthModule.forRoot({ name: 'admin', audience: 'admin', errors: { unreadableBodies: 'all' } });
    const imports = [AuthModule.forRoot({ issuer: ISSUER, audience: 'accounts' }), named];
    await expect(startApplication('express', { imports })).rejects.toThrow(
      /errors\.unreadableBodies concerns every route/,
    );
  });
});

@Injectable()
class Limit implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    // As ThrottlerGuard of @nestjs/throttler does.
    context.switchToHttp().getResponse<{ header(name: string, value: string): unknown }>().header('Retry-After', '17');
    throw new HttpException('ThrottlerException: Too Many Requests', 429);
  }
}

@Injectable()
class LimitInOurWords implements CanActivate {
  canActivate(): boolean {
    throw new AuthError('too_many_requests', { retryAfterSeconds: 21 });
  }
}

describe.each(ADAPTERS)('A guard of the application that limits requests, on %s', (adapter) => {
  const body = JSON.stringify({ username: 'ada', password: 'x' });
  const limited = (useClass: unknown) => ({ providers: [{ provide: APP_GUARD, useClass }] });
  const tooMany = {
    statusCode: 429,
    error: 'Too Many Requests',
    message: 'Too many requests. Try again later.',
    errorCode: 'too_many_requests',
  };

  it('causes a refusal at ready-made controllers, with its own Retry-After, and is unchanged elsewhere', async () => {
    const { send } = await start(adapter, limited(Limit));
    const answer = await send('/auth/token', body);
    expect([answer.status, answer.headers.get('retry-after'), answer.headers.get('cache-control')]).toEqual([
      429,
      '17',
      'no-store',
    ]);
    expect(await answer.json()).toEqual(tooMany);
    const own = await send('/own', body);
    expect([own.status, own.headers.get('retry-after'), own.headers.get('cache-control')]).toEqual([429, '17', null]);
    expect(await own.json()).toEqual({ statusCode: 429, message: 'ThrottlerException: Too Many Requests' });
  });

  it('may throw an AuthError of its own at every route', async () => {
    const { send } = await start(adapter, limited(LimitInOurWords));
    for (const path of ['/auth/token', '/own']) {
      const answer = await send(path, body);
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '21']);
      expect(await answer.json()).toEqual(tooMany);
    }
  });
});

describe('The document', () => {
  it('has these responses for every ready-made POST, and for no other route', async () => {
    const controllers = [tokenController(), cookieController(), sessionController()];
    const { app } = await start('express', {
      options: { controllers, session: {} },
    });
    const document = describeAuth(app.app, () => SwaggerModule.createDocument(app.app, new DocumentBuilder().build()));
    const posts = Object.entries(document.paths).flatMap(([path, { post }]) =>
      post === undefined ? [] : [{ path, post }],
    );
    expect(posts.length).toBeGreaterThan(9);
    for (const { path, post } of posts) {
      const documented = ['400', '413', '415', '429'].filter((status) => status in post.responses);
      expect([path, documented]).toEqual([path, path === '/own' ? [] : ['400', '413', '415', '429']]);
      const content = JSON.stringify(post.responses['413'] ?? '');
      expect([path, content.includes('AuthErrorBody')]).toEqual([path, path !== '/own']);
    }
  });
});
