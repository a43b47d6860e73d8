// Requests that are not what Express or Fastify made: stand-ins of guards, contexts of GraphQL and unit tests. And what others put on
// requests, which is never the library's.
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import {
  Controller,
  Get,
  Injectable,
  Post,
  UseGuards,
  type ExecutionContext,
  type INestApplication,
  type LoggerService,
} from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { GraphQLModule, Query, Resolver, Subscription } from '@nestjs/graphql';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createClient } from 'graphql-ws';
import {
  CurrentPrincipal,
  AuthModule,
  BlocklistService,
  CurrentUser,
  JwtAuthGuard,
  OptionalAuth,
  Public,
  Scoped,
  TokenClaims,
  TokenService,
  type AuthUser,
  type Principal,
} from 'nestjs-latchkey';
import { ScopePolicy, type ScopeCondition } from 'nestjs-latchkey/policies';
import { WebSocket } from 'ws';
import { ADAPTERS, SILENT, startApplication, type RunningApplication } from '../support/applications.js';

type Incoming = Record<string, unknown> & { readonly headers: Record<string, string> };

/** What the guard of a route gets to see, by the header `x-stand-in`. */
const STAND_INS: Readonly<Record<string, (request: Incoming) => unknown>> = {
  headers: ({ headers }) => ({ headers: { Authorization: headers['x-inner'] } }),
  fetch: ({ headers }) => ({ headers: new Headers({ authorization: headers['x-inner'] ?? '' }) }),
  frozen: ({ headers }) => Object.freeze({ headers: Object.freeze({ authorization: headers['x-inner'] }) }),
  twice: ({ headers }) => ({ headers: { authorization: headers['x-inner'], Authorization: 'Bearer other' } }),
  list: ({ headers }) => ({ headers: { authorization: [headers['x-inner'], 'Bearer other'] } }),
  cookie: ({ headers }) => ({ headers: { cookie: headers['cookie'] } }),
  getCookie: ({ headers }) => ({ method: 'GET', headers: { cookie: headers['cookie'] } }),
  copy: (request) => ({ ...request, raw: undefined, rawHeaders: [], headers: { authorization: 'Bearer other' } }),
  heir: (request) =>
    Object.create(request, {
      raw: { value: undefined },
      rawHeaders: { value: [] },
      headers: { value: { authorization: 'Bearer other' } },
    }),
  nothing: () => undefined,
  text: () => 'a request',
  empty: () => ({ token: 'x', payload: {} }),
};

@Injectable()
class StandInGuard extends JwtAuthGuard {
  protected override getRequest(context: ExecutionContext): unknown {
    const request = super.getRequest(context) as Incoming;
    return (STAND_INS[request.headers['x-stand-in'] ?? ''] ?? (() => request))(request);
  }
}

type Rows = readonly string[];

@Injectable()
class OwnRows extends ScopePolicy<Rows> {
  override scope(rows: Rows, caller: Principal | undefined): Rows {
    return caller === undefined ? [] : rows;
  }
}

@Controller()
class Routes {
  @UseGuards(StandInGuard) @Get('inner') inner(@CurrentUser('id') id: string) {
    return { id };
  }
  @UseGuards(JwtAuthGuard, StandInGuard) @Get('both') both(@CurrentUser('id') id: string) {
    return { id };
  }
  @UseGuards(StandInGuard) @Post('act') act(@CurrentUser('id') id: string) {
    return { id };
  }
  @Public() @Get('open') open(
    @CurrentUser() user: unknown,
    @CurrentUser('id') id: unknown,
    @CurrentPrincipal() auth: unknown,
    @TokenClaims() claims: unknown,
    @Scoped(OwnRows) scoped: ScopeCondition<Rows>,
  ) {
    return { seen: [user, id, auth, claims].map((each) => each ?? null), rows: scoped(['a row']) };
  }
  @OptionalAuth() @Get('optional') optional(@CurrentUser() user: unknown, @CurrentPrincipal() auth: unknown) {
    return { seen: [user ?? null, auth ?? null] };
  }
  @Get('me') me(@CurrentUser('id') id: string, @CurrentPrincipal() { scheme }: Principal) {
    return { id, scheme };
  }
}

let running: RunningApplication | undefined;
let lines: string[] = [];
afterEach(async () => {
  await running?.close();
  running = undefined;
});

const log = (): LoggerService => {
  lines = [];
  return { ...SILENT, error: (message: unknown) => void lines.push(String(message)) };
};

const attached = { user: { id: 'planted' }, auth: { subject: { id: 'planted' }, claims: { admin: true }, own: true } };

/** As passport, a session or an older middleware does. */
const plant = (app: INestApplication) =>
  app.use((request: object, _: unknown, next: () => void) => {
    Object.assign(request, attached);
    next();
  });

describe.each(ADAPTERS)('a request on %s', (adapter) => {
  async function start(configure?: (app: INestApplication) => unknown) {
    running = await startApplication(adapter, {
      imports: [AuthModule.forRoot({ cookies: {} })],
      controllers: [Routes],
      providers: [OwnRows],
      log: log(),
      ...(configure && { configure }),
    });
    const token = (await running.app.get(TokenService).issue('ada')).accessToken;
    const ask = async (path: string, headers: Record<string, string>, method = 'GET') => {
      const answer = await running?.fetch(path, { method, headers });
      return [answer?.status, (await answer?.json()) as Record<string, unknown>] as const;
    };
    return { ask, token };
  }

  it('is read instead of the original if a guard returns it: with headers alone, frozen or of Fetch', async () => {
    const { ask, token } = await start();
    for (const kind of ['headers', 'fetch', 'frozen']) {
      const sent = { 'x-stand-in': kind, 'x-inner': `Bearer ${token}` };
      expect([kind, ...(await ask('/inner', sent))]).toEqual([kind, 200, { id: 'ada' }]);
      expect((await ask('/inner', { 'x-stand-in': kind, 'x-inner': 'Bearer rubbish' }))[0]).toBe(401);
    }
    expect(lines).toEqual([]);
  });

  it('has one credential, also if it replaces the original', async () => {
    const { ask, token } = await start();
    for (const kind of ['twice', 'list'])
      expect((await ask('/inner', { 'x-stand-in': kind, 'x-inner': `Bearer ${token}` }))[0]).toBe(400);
  });

  it('does not inherit the result of the request that it was copied from', async () => {
    const { ask, token } = await start();
    const authorization = `Bearer ${token}`;
    expect((await ask('/both', { authorization }))[0]).toBe(200);
    for (const kind of ['copy', 'heir'])
      expect([kind, (await ask('/both', { authorization, 'x-stand-in': kind }))[0]]).toEqual([kind, 401]);
  });

  it('counts as unsafe if it has no method, so that a cookie needs the CSRF token', async () => {
    const { ask, token } = await start();
    const cookie = `__Host-access=${token}`;
    expect((await ask('/inner', { cookie, 'x-stand-in': 'cookie' }))[0]).toBe(403);
    expect((await ask('/inner', { cookie, 'x-stand-in': 'getCookie' }))[0]).toBe(200);
    expect((await ask('/act', { cookie }, 'POST'))[0]).toBe(403);
  });

  it('is refused if it cannot be parsed, and the log gives each reason once', async () => {
    const { ask, token } = await start();
    for (const kind of ['nothing', 'text', 'empty', 'nothing', 'text', 'empty']) {
      const [status, body] = await ask('/inner', { 'x-stand-in': kind, authorization: `Bearer ${token}` });
      expect([kind, status, body['errorCode']]).toEqual([kind, 403, 'unsupported_context']);
    }
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/unsupported_context: it has no request with headers.*docs\/contexts\.md/);
    expect(lines[1]).toContain('its request is a string');
    expect(lines[2]).toMatch(/carries no headers.*token, payload/);
  });

  it('exposes no user that other middleware attached, on public and on optional routes', async () => {
    const { ask, token } = await start(plant);
    for (const headers of [{}, { authorization: `Bearer ${token}` }] as Record<string, string>[]) {
      const [status, body] = await ask('/open', headers);
      expect([status, body]).toEqual([200, { seen: [null, null, null, null], rows: [] }]);
    }
    expect(await ask('/optional', {})).toEqual([200, { seen: [null, null] }]);
    expect(await ask('/me', { authorization: `Bearer ${token}` })).toEqual([200, { id: 'ada', scheme: 'bearer' }]);
    expect((await ask('/me', {}))[0]).toBe(401);
  });
});

@Resolver()
class Greeter {
  @UseGuards(JwtAuthGuard) @Query(() => String) me(@CurrentUser() { id }: AuthUser): string {
    return id;
  }
  @Public() @Query(() => String) open(@CurrentUser('id') id: string | undefined): string {
    return id ?? 'anonymous';
  }
  @UseGuards(JwtAuthGuard)
  @Subscription(() => String, { resolve: (payload: string) => payload })
  async *hello(@CurrentUser() { id }: AuthUser): AsyncGenerator<string> {
    yield id;
  }
}

interface OperationContext {
  readonly req: object;
  readonly connectionParams?: object;
}

describe('the context of an operation of GraphQL', () => {
  async function start(context: (given: OperationContext) => object) {
    const module = GraphQLModule.forRoot<ApolloDriverConfig>({
      driver: ApolloDriver,
      autoSchemaFile: true,
      graphiql: false,
      subscriptions: { 'graphql-ws': true },
      context,
    });
    running = await startApplication('express', {
      imports: [AuthModule.forRoot(), module],
      providers: [Greeter],
      log: log(),
    });
    const { app, url } = running;
    const { accessToken } = await app.get(TokenService).issue('ada');
    const ask = async (query: string, headers: Record<string, string>): Promise<string> => {
      const init = {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ query }),
      };
      return (await fetch(`${url}/graphql`, init)).text();
    };
    const listen = (connectionParams: Record<string, unknown>): Promise<string> =>
      new Promise((resolve, reject) => {
        const client = createClient({
          url: `${url.replace('http', 'ws')}/graphql`,
          webSocketImpl: WebSocket,
          connectionParams,
          retryAttempts: 0,
        });
        const done = (answer: unknown): void => {
          resolve(JSON.stringify(answer));
          void client.dispose();
        };
        client.subscribe(
          { query: 'subscription { hello }' },
          { next: done, error: done, complete: () => reject(new Error('nothing came')) },
        );
      });
    return { ask, listen, accessToken };
  }

  it('may have a substitute request whose headers are the connection parameters', async () => {
    const { ask, listen, accessToken } = await start(({ req, connectionParams }) =>
      connectionParams === undefined ? { req } : { req: { headers: connectionParams } },
    );
    const authorization = `Bearer ${accessToken}`;
    expect(await ask('{ me }', { authorization })).toContain('"me":"ada"');
    expect(await listen({ Authorization: authorization })).toContain('"hello":"ada"');
    expect(await listen({})).toContain('unauthenticated');
    expect(await listen({ authorization: [authorization, 'Bearer other'] })).toContain('ambiguous_credentials');
    expect(await listen({ authorization: { toString: 1 } })).toContain('unauthenticated');
  });

  it('may carry the headers itself', async () => {
    const { ask, accessToken } = await start(({ req }) => ({ headers: (req as Incoming).headers }));
    expect(await ask('{ me }', { authorization: `Bearer ${accessToken}` })).toContain('"me":"ada"');
    expect(await ask('{ me }', {})).toContain('unauthenticated');
  });

  it('is refused without a request, and the log says what is missing', async () => {
    const { ask, accessToken } = await start(() => ({ req: { token: 'x' } }));
    expect(await ask('{ me }', { authorization: `Bearer ${accessToken}` })).toContain('unsupported_context');
    expect(lines.filter((line) => line.includes('needs a member `req` or `request`'))).toHaveLength(1);
  });

  it('exposes to resolvers no user that other code attached', async () => {
    const { ask } = await start(({ req }) => ({ req: Object.assign(req, attached), ...attached }));
    expect(await ask('{ open }', {})).toContain('"open":"anonymous"');
  });
});

describe('a mock of a unit test', () => {
  const contextOf = (request: object): ExecutionContext => {
    const context = new ExecutionContextHost([request, {}], Routes, Routes.prototype.me);
    context.setType('http');
    return context;
  };

  it('is accepted with headers alone, and authenticated again each time', async () => {
    running = await startApplication('express', {
      imports: [AuthModule.forRoot()],
      controllers: [Routes],
      providers: [OwnRows],
    });
    const { app } = running;
    const pair = await app.get(TokenService).issue('ada');
    const guard = await app.resolve(JwtAuthGuard).catch(() => app.get(JwtAuthGuard, { strict: false }));
    const shared = { headers: { authorization: `Bearer ${pair.accessToken}` } } as { headers: object; user?: AuthUser };
    expect(await guard.canActivate(contextOf(shared))).toBe(true);
    expect(shared.user?.id).toBe('ada');
    await app.get(BlocklistService).revokeSubject({ issuer: 'http://localhost', id: 'ada' });
    await expect(guard.canActivate(contextOf(shared))).rejects.toThrow();
  });
});
