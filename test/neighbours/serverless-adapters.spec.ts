// Adapters that run an application as a function of a cloud: most make requests whose `rawHeaders` are empty.
import { Controller, Get, Post, type INestApplication } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { configure as codegenie } from '@codegenie/serverless-express';
import { ServerlessAdapter } from '@h4ad/serverless-adapter';
import { ApiGatewayV1Adapter, ApiGatewayV2Adapter } from '@h4ad/serverless-adapter/adapters/aws';
import { ExpressFramework } from '@h4ad/serverless-adapter/frameworks/express';
import { FastifyFramework } from '@h4ad/serverless-adapter/frameworks/fastify';
import { DefaultHandler } from '@h4ad/serverless-adapter/handlers/default';
import { PromiseResolver } from '@h4ad/serverless-adapter/resolvers/promise';
import vendia from '@vendia/serverless-express';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { CurrentPrincipal, AuthModule, TokenService, type AuthModuleOptions, type Principal } from 'nestjs-latchkey';
import serverlessHttp from 'serverless-http';
import { ADAPTERS, SILENT, type AdapterName } from '../support/applications.js';

// Fastify's inject() needs it for an option that is not used here; on Node 20 Jest cannot load it (docs/adr/0001).
jest.mock('../../node_modules/light-my-request/node_modules/cookie/dist/index.js', () => ({}));

@Controller('me')
class Me {
  @Get() me(@CurrentPrincipal() { scheme, subject }: Principal) {
    return { scheme, id: subject.id };
  }
  @Post() act(@CurrentPrincipal() { scheme }: Principal) {
    return { scheme };
  }
}

interface Answer {
  readonly statusCode: number;
  readonly body: string;
}

type Invoke = (event: object) => Promise<Answer>;

let app: INestApplication | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
});

/** An event of the HTTP API of API Gateway, which joins repeated lines with a comma and keeps cookies apart. */
function eventOf(method: string, headers: Record<string, string>, cookies: readonly string[] = []): object {
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: '/me',
    rawQueryString: '',
    headers: { host: 'api.test', ...headers },
    ...(cookies.length === 0 ? undefined : { cookies }),
    requestContext: {
      http: { method, path: '/me', protocol: 'HTTP/1.1', sourceIp: '192.0.2.1', userAgent: 'test' },
      requestId: 'one',
      stage: '$default',
      timeEpoch: 1,
    },
    body: '',
    isBase64Encoded: false,
  };
}

/** An event of the REST API, which lists every line of a header. */
function listingEventOf(headers: Record<string, readonly string[]>): object {
  return {
    httpMethod: 'GET',
    path: '/me',
    resource: '/{proxy+}',
    headers: {},
    multiValueHeaders: { Host: ['api.test'], ...headers },
    queryStringParameters: null,
    multiValueQueryStringParameters: null,
    pathParameters: null,
    stageVariables: null,
    requestContext: { identity: { sourceIp: '192.0.2.1' }, requestId: 'one', stage: 'dev' },
    body: '',
    isBase64Encoded: false,
  };
}

type Wrap = (instance: never, adapter: AdapterName) => Invoke;

const PACKAGES: Readonly<Record<string, Wrap>> = {
  'serverless-http': (instance) => {
    const handler = serverlessHttp(instance);
    return async (event) => (await handler(event, {})) as Answer;
  },
  '@h4ad/serverless-adapter': (instance, adapter) => {
    const handler = ServerlessAdapter.new(instance as object)
      .setFramework((adapter === 'express' ? new ExpressFramework() : new FastifyFramework()) as never)
      .setHandler(new DefaultHandler() as never)
      .setResolver(new PromiseResolver() as never)
      .addAdapter(new ApiGatewayV2Adapter() as never)
      .addAdapter(new ApiGatewayV1Adapter() as never)
      .build() as (event: object, context: object) => Promise<Answer>;
    return (event) => handler(event, {});
  },
  '@vendia/serverless-express': (instance) => promised((vendia as unknown as typeof codegenie)({ app: instance })),
  '@codegenie/serverless-express': (instance) => promised(codegenie({ app: instance })),
};

function promised(handler: unknown): Invoke {
  // Both take a callback that is not used, and answer with a promise.
  const call = handler as (event: object, context: object, callback: () => void) => Promise<Answer>;
  return (event) => call(event, {}, () => undefined);
}

/**
 * These pass lines on in `rawHeaders`, as Node does, joined or not: anything wrong in one Authorization line is 401. On Fastify,
 * serverless-http goes through inject().
 */
const fillsLines = (name: string, adapter: AdapterName): boolean =>
  name.includes('serverless-express') || (name === 'serverless-http' && adapter === 'fastify');

/** As middleware does that wants its tokens in one place. */
function copyCookie(request: { headers: Record<string, string> }, _: unknown, next: () => void): void {
  const token = /jwt=([^;]*)/.exec(request.headers['cookie'] ?? '')?.[1];
  if (token !== undefined) request.headers['authorization'] = `Bearer ${token}`;
  next();
}

// oxlint-disable-next-line max-params
async function start(name: string, adapter: AdapterName, options: AuthModuleOptions = {}, copying = false) {
  const built = Test.createTestingModule({ imports: [AuthModule.forRoot(options)], controllers: [Me] });
  const module = await built.setLogger(SILENT).compile();
  app = adapter === 'express' ? module.createNestApplication() : module.createNestApplication(new FastifyAdapter());
  if (copying) app.use(copyCookie);
  await app.init();
  const instance = app.getHttpAdapter().getInstance() as { ready?: () => Promise<void> };
  if (adapter === 'fastify') await instance.ready?.();
  const invoke = (PACKAGES[name] as Wrap)(instance as never, adapter);
  const { accessToken } = await app.get(TokenService).issue('ada');
  return { invoke, accessToken };
}

const code = ({ statusCode, body }: Answer): unknown => [
  statusCode,
  (JSON.parse(body) as { errorCode?: string }).errorCode,
];

describe.each(Object.keys(PACKAGES))('an application that %s runs', (name) => {
  // Both of them pass requests on to a function, which an instance of Fastify is not.
  const adapters = name.includes('serverless-express') ? (['express'] as const) : ADAPTERS;

  it.each(adapters)('accepts a valid token, and refuses others, on %s', async (adapter) => {
    const { invoke, accessToken } = await start(name, adapter);
    const good = await invoke(eventOf('GET', { authorization: `Bearer ${accessToken}` }));
    expect([good.statusCode, JSON.parse(good.body)]).toEqual([200, { scheme: 'bearer', id: 'ada' }]);
    const posted = await invoke(eventOf('POST', { authorization: `Bearer ${accessToken}` }));
    expect(posted.statusCode).toBe(201);
    expect(code(await invoke(eventOf('GET', {})))).toEqual([401, 'unauthenticated']);
    expect((await invoke(eventOf('GET', { authorization: 'Bearer rubbish' }))).statusCode).toBe(401);
  });

  it.each(adapters)('refuses a second Authorization value on %s', async (adapter) => {
    const { invoke, accessToken } = await start(name, adapter);
    const line = `Bearer ${accessToken}`;
    for (const joined of [`${line},${line}`, `${line}, Basic dTpw`, `Basic dTpw, ${line}`]) {
      const { statusCode } = await invoke(eventOf('GET', { authorization: joined }));
      expect([joined.length, statusCode]).toEqual([joined.length, fillsLines(name, adapter) ? 401 : 400]);
    }
    const digest = 'Digest username="ada", realm="x", nonce="y", uri="/me", response="z"';
    expect(code(await invoke(eventOf('GET', { authorization: digest })))).toEqual([401, 'unauthenticated']);
    const listed = await invoke(listingEventOf({ Authorization: [line, 'Bearer other'] }));
    expect(listed.statusCode).toBe(fillsLines(name, adapter) ? 401 : 400);
  });

  it.each(adapters)('reads cookies, under CSRF rules, on %s', async (adapter) => {
    const { invoke, accessToken } = await start(name, adapter, { cookies: {} });
    const cookies = ['other=1', `__Host-access=${accessToken}`];
    const good = await invoke(eventOf('GET', {}, cookies));
    expect([good.statusCode, JSON.parse(good.body)]).toEqual([200, { scheme: 'cookie', id: 'ada' }]);
    expect(code(await invoke(eventOf('POST', {}, cookies)))).toEqual([403, 'csrf_cookie_missing']);
    const foreign = await invoke(eventOf('POST', { origin: 'https://evil.example' }, cookies));
    expect(code(foreign)).toEqual([403, 'csrf_origin_rejected']);
    expect((await invoke(eventOf('GET', {}, [...cookies, '__Host-access=other']))).statusCode).toBe(400);
  });

  it.each(adapters)('applies CSRF rules if middleware copies a cookie into the header, on %s', async (adapter) => {
    const { invoke, accessToken } = await start(name, adapter, {}, true);
    const foreign = { origin: 'https://evil.example' };
    const { statusCode } = await invoke(eventOf('POST', foreign, [`jwt=${accessToken}`]));
    // If the raw header lines of the client are known, the copy is ignored.
    expect(statusCode).toBe(fillsLines(name, adapter) ? 401 : 403);
    const own = await invoke(eventOf('POST', { ...foreign, authorization: `Bearer ${accessToken}` }, ['other=1']));
    expect(own.statusCode).toBe(201);
  });
});
