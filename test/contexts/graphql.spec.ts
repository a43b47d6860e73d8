import { UseGuards } from '@nestjs/common';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import {
  Field,
  GraphQLModule,
  Mutation,
  ObjectType,
  Query,
  ResolveField,
  Resolver,
  Subscription,
} from '@nestjs/graphql';
import type { MercuriusDriverConfig } from '@nestjs/mercurius';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { createClient, type Client } from 'graphql-ws';
import {
  AuthGuardFor,
  CurrentPrincipal,
  AuthModule,
  BlocklistService,
  CurrentUser,
  JwtAuthGuard,
  OptionalAuth,
  Public,
  RequireScopes,
  TokenService,
  type AuthModuleOptions,
  type AuthUser,
  type Principal,
} from 'nestjs-latchkey';
import { defineScheme } from 'nestjs-latchkey/schemes';
import { onAuthEvent } from 'nestjs-latchkey/events';
import { BlocklistStore } from 'nestjs-latchkey/stores';
import { WebSocket } from 'ws';
import { startApplication, type RunningApplication } from '../support/applications.js';

// Mercurius serves a page with it, which no test requests; on Node 20 Jest cannot load what it requires (docs/adr/0001).
jest.mock('@fastify/static', () => () => undefined);
const { MercuriusDriver } = await import('@nestjs/mercurius');

@ObjectType()
class Me {
  @Field() id!: string;
  @Field() scheme!: string;
}

@UseGuards(JwtAuthGuard)
@Resolver()
class MeResolver {
  @Query(() => Me) me(@CurrentUser() user: AuthUser, @CurrentPrincipal() { scheme }: Principal): Me {
    return { id: user.id, scheme };
  }
  @Public() @Query(() => String) motto(): string {
    return 'open to all';
  }
  @OptionalAuth() @Query(() => String) hello(@CurrentUser('id') id: string | undefined): string {
    return id ?? 'stranger';
  }
  @RequireScopes('write') @Mutation(() => Boolean) write(): boolean {
    return true;
  }
  @Subscription(() => String, { resolve: (payload: string) => payload })
  ticks(@CurrentUser('id') id: string): AsyncGenerator<string> {
    return countedFor(id);
  }
}

@Resolver()
class PlainResolver {
  @Query(() => String) plain(@CurrentUser('id') id: string): string {
    return id;
  }
}

const keyScheme = defineScheme({
  name: 'key',
  sentBy: 'client',
  find: (request) => request.headerLines('x-key')[0],
  verify: (id) =>
    Promise.resolve({ subject: { issuer: 'keys', id }, kind: 'user' as const, claims: {}, scopes: [], own: false }),
});

@ObjectType()
class Seen {
  @Field() before!: string;
  @Field() below?: string;
}

@Resolver(() => Seen)
class TwoCallersResolver {
  @UseGuards(AuthGuardFor('bearer'))
  @Query(() => Seen)
  byBearer(@CurrentUser('id') before: string): Seen {
    return { before };
  }
  @UseGuards(AuthGuardFor('key'))
  @Query(() => Seen)
  byKey(@CurrentUser('id') before: string): Seen {
    return { before };
  }
  @Public() @Query(() => Seen) byAnonymous(@CurrentUser('id') before: string | undefined): Seen {
    return { before: before ?? 'anonymous' };
  }
  // Runs without guards of its own, after all of the above.
  @ResolveField(() => String) below(@CurrentUser('id') id: string | undefined): string {
    return id ?? 'anonymous';
  }
}

async function* countedFor(id: string): AsyncGenerator<string> {
  for (let count = 1; ; count += 1) {
    yield `${id} ${count}`;
    await new Promise((resolve) => setTimeout(resolve, 20).unref());
  }
}

const apollo = () =>
  GraphQLModule.forRoot<ApolloDriverConfig>({
    driver: ApolloDriver,
    autoSchemaFile: true,
    graphiql: false,
    subscriptions: { 'graphql-ws': true },
  });

const drivers = {
  'Apollo on Express': {
    adapter: 'express',
    module: apollo,
  },
  'Apollo on Fastify': {
    adapter: 'fastify',
    module: apollo,
  },
  'Mercurius on Fastify': {
    adapter: 'fastify',
    module: () =>
      GraphQLModule.forRoot<MercuriusDriverConfig>({
        driver: MercuriusDriver,
        autoSchemaFile: true,
        subscription: true,
      }),
  },
} as const;

interface Answer {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly { readonly message: string; readonly extensions?: Record<string, unknown> }[];
}

let running: RunningApplication | undefined;
let client: Client | undefined;
afterEach(async () => {
  await client?.dispose();
  client = undefined;
  await running?.close();
  running = undefined;
});

/** Follows a subscription; `ended` resolves with the code with which the server closed the socket. */
function subscribe(url: string, connectionParams: Record<string, unknown>) {
  const received: unknown[] = [];
  const opened = createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams,
    retryAttempts: 0,
  });
  const ended = new Promise((resolve) => {
    opened.on('closed', (event) => resolve((event as { code: number }).code));
  });
  client = opened;
  const first = new Promise<Answer>((resolve, reject) => {
    opened.subscribe<Record<string, unknown>>(
      { query: 'subscription { ticks }' },
      {
        next: (answer) => {
          received.push(answer.data);
          resolve(answer as Answer);
        },
        error: (error) =>
          Array.isArray(error) ? resolve({ errors: error as Answer['errors'] & object }) : reject(error as Error),
        complete: () => undefined,
      },
    );
  });
  first.catch(() => undefined);
  return { first, ended, received };
}

describe.each(Object.entries(drivers))('a resolver of %s', (_, { adapter, module }) => {
  async function start(options: AuthModuleOptions = {}) {
    running = await startApplication(adapter, {
      imports: [AuthModule.forRoot({ clockTolerance: 0, schemes: [keyScheme], ...options }), module()],
      providers: [MeResolver, PlainResolver, TwoCallersResolver],
    });
    const { app, url } = running;
    const tokenOf = async (id: string, scopes: readonly string[] = []) =>
      (await app.get(TokenService).issue(id, { scopes })).accessToken;
    const ask = async (query: string, token?: string, more: Record<string, string> = {}): Promise<Answer> => {
      const authorization = token === undefined ? more : { ...more, authorization: `Bearer ${token}` };
      const body = JSON.stringify({ query });
      const headers = { 'content-type': 'application/json', ...authorization };
      return (await (await fetch(`${url}/graphql`, { method: 'POST', headers, body })).json()) as Answer;
    };
    return { app, url, tokenOf, ask };
  }

  it('authenticates the caller in queries and in mutations, and enforces policies', async () => {
    const { ask, tokenOf } = await start();
    expect(await ask('{ me { id scheme } plain }', await tokenOf('ada'))).toEqual({
      data: { me: { id: 'ada', scheme: 'bearer' }, plain: 'ada' },
    });
    expect(await ask('mutation { write }', await tokenOf('ada', ['write']))).toEqual({ data: { write: true } });
    const refused = await ask('mutation { write }', await tokenOf('ada'));
    expect(refused.errors?.[0]).toMatchObject({
      message: 'The token lacks a scope that this resource requires.',
      extensions: { code: 'FORBIDDEN', errorCode: 'insufficient_scope' },
    });
  });

  it.each([
    ['nothing', undefined, 'unauthenticated'],
    ['a bad token', 'a.b.c', 'token_malformed'],
  ])('refuses %s', async (_, token, errorCode) => {
    const { ask } = await start();
    const { data, errors } = await ask('{ me { id } }', token);
    expect(data ?? null).toBeNull();
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'UNAUTHENTICATED', errorCode });
    expect(JSON.stringify(errors)).not.toMatch(/stack|latchkey/i);
  });

  it('guards a resolver without decorators, and opens a public one', async () => {
    const { ask } = await start();
    expect((await ask('{ plain }')).errors?.[0]?.extensions).toMatchObject({ errorCode: 'unauthenticated' });
    expect(await ask('{ motto hello }', 'a.b.c')).toEqual({ data: { motto: 'open to all', hello: 'stranger' } });
  });

  it('answers "unavailable" if the store does not answer', async () => {
    const { app, ask, tokenOf } = await start();
    const token = await tokenOf('ada');
    app.get(BlocklistStore).find = () => Promise.reject(new Error('down'));
    const { errors } = await ask('{ me { id } }', token);
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'SERVICE_UNAVAILABLE', errorCode: 'store_unavailable' });
  });

  it('authenticates once for an operation of several resolvers', async () => {
    const { ask, tokenOf } = await start();
    const token = await tokenOf('ada');
    let attempts = 0;
    const stop = onAuthEvent(({ type }) => {
      if (type === 'attempt') attempts += 1;
    });
    await ask('{ me { id } plain again: plain }', token);
    stop();
    expect(attempts).toBe(1);
  });

  it('never shows one field the caller that the guard of another field authenticated', async () => {
    const { ask, tokenOf } = await start();
    const query = '{ byBearer { before below } byKey { before below } byAnonymous { before below } }';
    expect(await ask(query, await tokenOf('ada'), { 'x-key': 'eve' })).toEqual({
      data: {
        byBearer: { before: 'ada', below: 'ada' },
        byKey: { before: 'eve', below: 'eve' },
        byAnonymous: { before: 'anonymous', below: 'anonymous' },
      },
    });
  });

  it('authenticates a subscriber by the parameters of the connection', async () => {
    const { url, tokenOf } = await start();
    const { first } = subscribe(url, { authorization: `Bearer ${await tokenOf('ada')}` });
    expect((await first).data).toEqual({ ticks: 'ada 1' });
  });

  it('refuses a subscription without a valid token', async () => {
    const { url } = await start();
    const { first } = subscribe(url, { authorization: 'Bearer a.b.c' });
    expect((await first).errors?.[0]).toMatchObject({ message: 'The token is malformed.' });
  });

  it('closes the connection of a subscription when its token is revoked', async () => {
    const { app, url, tokenOf } = await start();
    const token = await tokenOf('ada');
    const { first, ended } = subscribe(url, { authorization: `Bearer ${token}` });
    await first;
    await app.get(BlocklistService).revokeToken(await app.get(TokenService).verify(token, { kind: 'access' }));
    expect([4401, 1006]).toContain(await ended);
  });

  it('closes the connection of a subscription when its token expires', async () => {
    const { url, tokenOf } = await start({ access: { ttl: '2s' } });
    const { first, ended } = subscribe(url, { authorization: `Bearer ${await tokenOf('ada')}` });
    await first;
    expect([4403, 1006]).toContain(await ended);
  });
});

describe('a contradiction on a resolver', () => {
  it('is a boot error', async () => {
    @Resolver()
    class Torn {
      @Public()
      @RequireScopes('a')
      @Query(() => String)
      torn(): string {
        return '';
      }
    }
    const imports = [AuthModule.forRoot(), drivers['Apollo on Express'].module()];
    const starting = startApplication('express', { imports, providers: [Torn] });
    await expect(starting).rejects.toThrow('Torn.torn: it has a policy, but @Public() means');
  });
});
