// Session packages that are not supported: whether the application starts, what it answers, and what the log says.
import fastifyCookie from '@fastify/cookie';
import fastifySecureSession from '@fastify/secure-session';
import {
  Controller,
  Get,
  Module,
  UseGuards,
  type INestApplication,
  type MiddlewareConsumer,
  type NestModule,
} from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterEach, describe, expect, it } from '@jest/globals';
import cookieSession from 'cookie-session';
import expressSession from 'express-session';
import { AuthConfigurationError, AuthModule, OptionalAuth, SessionOrJwtGuard, TokenService } from 'nestjs-latchkey';
import { HostSession } from 'nestjs-latchkey/browser';
import { sessionController } from 'nestjs-latchkey/controllers';
import {
  ADAPTERS,
  SILENT,
  startApplication,
  type AdapterName,
  type RunningApplication,
} from '../support/applications.js';
import { People, PASSWORD, PeopleModule, registerSessions } from '../support/browser-app.js';
import { CookieJar } from '../support/cookie-jar.js';
import { bearer } from '../support/sample-users.js';

const SECRET = 'a secret of the test for sessions, long enough';
const FITTING = /express-session on Express or @fastify\/session on Fastify/;

let running: RunningApplication | undefined;
let errors: string[] = [];

afterEach(async () => {
  await running?.close();
  running = undefined;
  errors = [];
});

interface Around {
  readonly configure?: (app: INestApplication) => unknown;
  readonly consumed?: ReturnType<typeof expressSession> | ReturnType<typeof cookieSession>;
}

/** An application with the option `session`, and whatever the test puts in the place of the session. */
async function start(adapter: AdapterName, { configure, consumed }: Around): Promise<RunningApplication> {
  class Consuming implements NestModule {
    configure(consumer: MiddlewareConsumer): void {
      if (consumed !== undefined) consumer.apply(consumed).forRoutes('{*all}');
    }
  }
  Module({})(Consuming);
  const auth = AuthModule.forRoot({
    session: {},
    // The CSRF token of a page needs the session too; this is about the sign-in.
    csrf: { dangerouslyDisable: true },
    // The users of this test have a type of their own.
    users: People as never,
    controllers: [sessionController()],
  });
  running = await startApplication(adapter, {
    imports: [PeopleModule, auth, Consuming],
    log: { ...SILENT, error: (text: unknown) => void errors.push(String(text)) },
    ...(configure && { configure }),
  });
  return running;
}

/** The response to a sign-in with valid credentials. */
async function signIn(app: RunningApplication): Promise<{ answer: Response; body: unknown; jar: CookieJar }> {
  const jar = new CookieJar(app);
  const answer = await jar.post('/auth/session/login', { username: 'ada', password: PASSWORD });
  return { answer, body: answer.status === 204 ? undefined : await answer.json(), jar };
}

async function problemsOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(() => undefined).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(AuthConfigurationError);
  return (error as AuthConfigurationError).problems.join('\n');
}

const expectMisconfigured = (answer: Response, body: unknown): void => {
  expect(answer.status).toBe(500);
  expect(answer.headers.has('retry-after')).toBe(false);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(body).toEqual({
    statusCode: 500,
    message: 'This server is not set up to answer the request.',
    error: 'Internal Server Error',
    errorCode: 'misconfigured',
  });
};

describe.each(ADAPTERS)('the supported session packages, on %s', (adapter) => {
  it('start, sign in and out, and log nothing', async () => {
    const app = await start(adapter, { configure: (nest) => registerSessions(nest, adapter) });
    const { answer, jar } = await signIn(app);
    expect(answer.status).toBe(204);
    expect((await jar.post('/auth/session/logout')).status).toBe(204);
    expect(errors).toEqual([]);
  });
});

describe('cookie-session', () => {
  it('stops the start if it is detected', async () => {
    const problems = await problemsOf(
      start('express', { configure: (app) => app.use(cookieSession({ secret: SECRET })) }),
    );
    expect(problems).toMatch(/^session is set, but the sessions are those of cookie-session: /);
    expect(problems).toMatch(FITTING);
  });

  it('answers 500 without Retry-After if it is hidden in a consumer, and is named in the log once', async () => {
    const app = await start('express', { consumed: cookieSession({ secret: SECRET }) });
    for (let request = 0; request < 3; request += 1) {
      const { answer, body } = await signIn(app);
      expectMisconfigured(answer, body);
    }
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(/have no regenerate\(\), save\(\), destroy\(\)/);
    expect(errors[0]).toMatch(FITTING);
  });
});

describe('an unsupported session, on an optional route', () => {
  @UseGuards(SessionOrJwtGuard)
  @Controller('hello')
  class HelloController {
    @OptionalAuth() @Get() hello() {
      return {};
    }
  }

  it('is an error, and does not make the caller anonymous', async () => {
    class Consuming implements NestModule {
      configure(consumer: MiddlewareConsumer): void {
        consumer.apply(cookieSession({ secret: SECRET })).forRoutes('{*all}');
      }
    }
    Module({})(Consuming);
    running = await startApplication('express', {
      imports: [AuthModule.forRoot({ session: {} }), Consuming],
      controllers: [HelloController],
    });
    expect((await running.fetch('/hello')).status).toBe(500);
    const { accessToken } = await running.app.get(TokenService).issue('ada');
    expect((await running.fetch('/hello', bearer(accessToken))).status).toBe(200);
  });
});

describe('@fastify/secure-session', () => {
  it('stops the start if @fastify/session is expected', async () => {
    const configure = async (app: INestApplication): Promise<void> => {
      const fastify = app as NestFastifyApplication;
      await fastify.register(fastifyCookie as never);
      await fastify.register(fastifySecureSession as never, { key: Buffer.alloc(32, 7) } as never);
    };
    const problems = await problemsOf(start('fastify', { configure }));
    expect(problems).toMatch(/^session is set, but the sessions are those of @fastify\/secure-session: /);
    expect(problems).toMatch(FITTING);
  });

  it('may be used beside @fastify/session under another name', async () => {
    const configure = async (app: INestApplication): Promise<void> => {
      await registerSessions(app, 'fastify');
      const options = { key: Buffer.alloc(32, 7), sessionName: 'flash' };
      await (app as NestFastifyApplication).register(fastifySecureSession as never, options as never);
    };
    const { answer } = await signIn(await start('fastify', { configure }));
    expect([answer.status, errors]).toEqual([204, []]);
  });
});

describe('a missing session package', () => {
  it('stops the start of an application on Fastify', async () => {
    const problems = await problemsOf(start('fastify', {}));
    expect(problems).toMatch(/^session is set, but requests have no session: register /);
  });

  it('answers 500 without Retry-After on Express, and is named in the log once', async () => {
    const app = await start('express', {});
    for (let request = 0; request < 3; request += 1) {
      const { answer, body } = await signIn(app);
      expectMisconfigured(answer, body);
    }
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(/^A request has no session.*register express-session/);
  });

  it('is accepted if the application has a host session of its own', async () => {
    class NoHost extends HostSession {
      override read = () => undefined;
      override start = async () => {};
      override destroy = async () => {};
    }
    running = await startApplication('fastify', {
      imports: [AuthModule.forRoot({ session: {} })],
      prepare: (builder) => builder.overrideProvider(HostSession).useValue(new NoHost()),
    });
    expect(running.url).toMatch(/^http/);
  });
});

describe('express-session with a store that is down', () => {
  const away = () => {
    const store = new expressSession.MemoryStore();
    const middleware = expressSession({ store, secret: SECRET, resave: false, saveUninitialized: false });
    return { store, middleware };
  };

  it('answers 503, and recovers', async () => {
    const { store, middleware } = away();
    const app = await start('express', { configure: (nest) => nest.use(middleware) });
    store.emit('disconnect');
    const { answer } = await signIn(app);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
    store.emit('connect');
    expect((await signIn(app)).answer.status).toBe(204);
    expect(errors).toEqual([expect.stringMatching(/^A request has no session: the session store is down/)]);
  });

  it('answers 503 too if it is hidden in a consumer and has worked before', async () => {
    const { store, middleware } = away();
    const app = await start('express', { consumed: middleware });
    expect((await signIn(app)).answer.status).toBe(204);
    store.emit('disconnect');
    expect((await signIn(app)).answer.status).toBe(503);
  });
});

describe.each(ADAPTERS)('a session on %s whose calls never answer', (adapter) => {
  it('answers 503 within a bounded time, and is named in the log', async () => {
    const silent = { regenerate: () => {}, save: () => {}, destroy: () => {} };
    const configure = (app: INestApplication): void => {
      if (adapter === 'express') {
        app.use((request: { session?: unknown }, _: unknown, next: () => void) => {
          request.session = { ...silent };
          next();
        });
        return;
      }
      const fastify = (app as NestFastifyApplication).getHttpAdapter().getInstance();
      fastify.decorateRequest('session', null as never);
      fastify.addHook('onRequest', async (request) => void Object.assign(request, { session: { ...silent } }));
    };
    const app = await start(adapter, { configure });
    const { answer } = await signIn(app);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
    expect(errors).toEqual([
      expect.stringMatching(/^session\.regenerate\(\) did not answer within 2000 ms: register /),
    ]);
  });
});
