// Clients of sockets whose token ends while they are connected: the real clients of socket.io and graphql-ws, with the reconnection that
// they bring, and `ws` with its close codes.
import { UseGuards, type INestApplication } from '@nestjs/common';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { GraphQLModule, Query, Resolver, Subscription } from '@nestjs/graphql';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WsAdapter } from '@nestjs/platform-ws';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createClient, type Client } from 'graphql-ws';
import {
  authConfiguration,
  AuthModule,
  BlocklistService,
  CurrentUser,
  guardSockets,
  JwtAuthGuard,
  TokenService,
} from 'nestjs-latchkey';
import { io, type Socket } from 'socket.io-client';
import { WebSocket } from 'ws';
import { ADAPTERS, startApplication, type AdapterName, type RunningApplication } from '../support/applications.js';

@UseGuards(JwtAuthGuard)
@WebSocketGateway()
class ChatGateway {
  @SubscribeMessage('me') me(@CurrentUser('id') id: string) {
    return { event: 'me', data: id };
  }
}

@Resolver()
class TicksResolver {
  @Query(() => String) nothing(): string {
    return '';
  }
  @Subscription(() => String, { resolve: (value: string) => value }) ticks(@CurrentUser('id') id: string) {
    return ticksFor(id);
  }
}

async function* ticksFor(id: string): AsyncGenerator<string> {
  for (;;) {
    yield id;
    await new Promise((resolve) => setTimeout(resolve, 20).unref());
  }
}

let running: RunningApplication | undefined;
let socket: Socket | undefined;
let client: Client | undefined;

afterEach(async () => {
  socket?.close();
  await client?.dispose();
  [socket, client] = [undefined, undefined];
  await running?.close();
  running = undefined;
});

const sockets = {
  'socket.io': (app: INestApplication) => new IoAdapter(app),
  ws: (app: INestApplication) => new WsAdapter(app),
};

async function start(adapter: AdapterName, kind: keyof typeof sockets): Promise<RunningApplication> {
  running = await startApplication(adapter, {
    imports: [AuthModule.forRoot({ clockTolerance: 0, access: { ttl: '2s', maxTtl: '1h' } })],
    providers: [ChatGateway],
    configure: (app) => app.useWebSocketAdapter(guardSockets(app, sockets[kind](app))),
  });
  return running;
}

const once = (emitter: Socket, event: string): Promise<unknown> =>
  new Promise((resolve) => void emitter.once(event, resolve));

const ask = (emitter: Socket): Promise<unknown> => {
  const answer = once(emitter, 'me');
  emitter.emit('me');
  return answer;
};

/** A client as docs/contexts.md shows it: it fetches its token again at each connection. */
function connect(url: string, tokenOf: () => Promise<string>): Socket {
  socket = io(url, {
    transports: ['websocket'],
    forceNew: true,
    reconnectionDelay: 10,
    auth: (give) => void tokenOf().then((token) => give({ authorization: `Bearer ${token}` })),
  });
  return socket;
}

describe.each(ADAPTERS)('a client of socket.io on %s', (adapter) => {
  it('reconnects by itself with a new token when the old one has expired', async () => {
    const { app, url } = await start(adapter, 'socket.io');
    const tokens = app.get(TokenService);
    let issued = 0;
    const chat = connect(url, async () => {
      issued += 1;
      return (await tokens.issue(`ada ${issued}`)).accessToken;
    });
    await once(chat, 'connect');
    expect(await ask(chat)).toBe('ada 1');
    const [told, reason] = await Promise.all([once(chat, 'exception'), once(chat, 'disconnect')]);
    expect(told).toMatchObject({ statusCode: 401, errorCode: 'token_expired' });
    expect([reason, chat.active]).toEqual(['transport close', true]);
    await once(chat, 'connect');
    expect(await ask(chat)).toBe('ada 2');
  });

  it('is refused if it reconnects with the expired token, and receives the reason', async () => {
    const { app, url } = await start(adapter, 'socket.io');
    const { accessToken } = await app.get(TokenService).issue('ada');
    const chat = connect(url, async () => accessToken);
    await once(chat, 'connect');
    const refusal = (await once(chat, 'connect_error')) as Error & { data: unknown };
    expect(refusal.data).toMatchObject({ statusCode: 401, errorCode: 'token_expired' });
    expect([chat.connected, chat.active]).toEqual([false, false]);
  });

  it('does not reconnect after a revocation, and is refused if it tries', async () => {
    const { app, url } = await start(adapter, 'socket.io');
    const tokens = app.get(TokenService);
    const { accessToken } = await tokens.issue('ada', { accessTtl: '10m' });
    const chat = connect(url, async () => accessToken);
    await once(chat, 'connect');
    const disconnected = once(chat, 'disconnect');
    await app.get(BlocklistService).revokeToken(await tokens.verify(accessToken, { kind: 'access' }));
    expect([await disconnected, chat.active]).toEqual(['io server disconnect', false]);
    const refused = once(chat, 'connect_error');
    chat.connect();
    expect(((await refused) as { data?: unknown }).data).toMatchObject({ errorCode: 'token_invalid' });
  });
});

describe.each(ADAPTERS)('a client of ws on %s', (adapter) => {
  it.each<[string, string, (app: INestApplication, token: string) => Promise<unknown>]>([
    ['an expiry', 'token_expired', async () => undefined],
    [
      'a revocation',
      'token_invalid',
      async (app, token) =>
        app.get(BlocklistService).revokeToken(await app.get(TokenService).verify(token, { kind: 'access' })),
    ],
  ])('reports %s by the reason of 4401', async (_, reason, work) => {
    const { app, url } = await start(adapter, 'ws');
    const { accessToken } = await app.get(TokenService).issue('ada');
    const opened = new WebSocket(url.replace('http', 'ws'), { headers: { authorization: `Bearer ${accessToken}` } });
    await new Promise((resolve) => opened.once('open', resolve));
    const closed = new Promise((resolve) => opened.once('close', (code, why) => resolve([code, String(why)])));
    await work(app, accessToken);
    expect(await closed).toEqual([4401, reason]);
  });
});

describe.each(ADAPTERS)('a client of graphql-ws on %s', (adapter) => {
  const driver: ApolloDriverConfig = {
    driver: ApolloDriver,
    autoSchemaFile: true,
    graphiql: false,
    subscriptions: { 'graphql-ws': true },
  };

  async function startGraph(): Promise<RunningApplication> {
    running = await startApplication(adapter, {
      imports: [
        AuthModule.forRoot({ clockTolerance: 0, access: { ttl: '2s', maxTtl: '1h' } }),
        GraphQLModule.forRoot<ApolloDriverConfig>(driver),
      ],
      providers: [TicksResolver],
    });
    return running;
  }

  /** Follows a subscription; the names that it receives, and how it ends. */
  function follow(url: string, tokenOf: () => Promise<string>) {
    const heard = new Set<unknown>();
    const waiting: (() => void)[] = [];
    const opened = createClient({
      url: `${url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: async () => ({ authorization: `Bearer ${await tokenOf()}` }),
      retryWait: () => new Promise((resolve) => setTimeout(resolve, 10)),
    });
    client = opened;
    const ended = new Promise<unknown>((resolve) => {
      opened.subscribe<Record<string, unknown>>(
        { query: 'subscription { ticks }' },
        {
          next: ({ data }) => {
            heard.add(data?.['ticks']);
            for (const wake of waiting) wake();
          },
          error: resolve,
          complete: () => resolve(undefined),
        },
      );
    });
    const hears = async (count: number): Promise<readonly unknown[]> => {
      while (heard.size < count) await new Promise<void>((resolve) => void waiting.push(resolve));
      return [...heard];
    };
    return { hears, ended };
  }

  it('reconnects by itself with a new token when the old one has expired', async () => {
    const { app, url } = await startGraph();
    let issued = 0;
    const { hears } = follow(url, async () => {
      issued += 1;
      return (await app.get(TokenService).issue(`ada ${issued}`)).accessToken;
    });
    expect(await hears(2)).toEqual(['ada 1', 'ada 2']);
  });

  it('does not reconnect after a revocation', async () => {
    const { app, url } = await startGraph();
    const tokens = app.get(TokenService);
    const { accessToken } = await tokens.issue('ada', { accessTtl: '10m' });
    const { hears, ended } = follow(url, async () => accessToken);
    await hears(1);
    await app.get(BlocklistService).revokeToken(await tokens.verify(accessToken, { kind: 'access' }));
    expect(await ended).toMatchObject({ code: 4401, reason: 'token_invalid' });
  });
});

describe.each(ADAPTERS)('gateways of two configurations on %s', (adapter) => {
  const admin = authConfiguration('admin');

  @UseGuards(admin.JwtAuthGuard)
  @WebSocketGateway({ namespace: 'admin' })
  class AdminGateway {
    @SubscribeMessage('me') me(@CurrentUser('id') id: string) {
      return { event: 'me', data: id };
    }
  }

  it('accept at the handshake the users of their own configuration', async () => {
    running = await startApplication(adapter, {
      imports: [
        AuthModule.forRoot({ audience: 'shop' }),
        AuthModule.forRoot({ name: 'admin', audience: 'shop-admin' }),
      ],
      providers: [ChatGateway, AdminGateway],
      configure: (app) => app.useWebSocketAdapter(guardSockets(app, new IoAdapter(app))),
    });
    const { app, url } = running;
    const shop = (await app.get(TokenService).issue('ada')).accessToken;
    const staff = (await app.get<TokenService>(admin.token(TokenService)).issue('grace')).accessToken;
    const outcomes: unknown[] = [];
    for (const [path, token] of [
      ['/', shop],
      ['/admin', staff],
      ['/', staff],
      ['/admin', shop],
    ] as const) {
      const opened = connect(url + path, async () => token);
      outcomes.push(
        await Promise.race([once(opened, 'connect').then(() => ask(opened)), once(opened, 'connect_error')]),
      );
      opened.close();
    }
    expect(outcomes).toEqual(['ada', 'grace', expect.any(Error), expect.any(Error)]);
  });
});
