import { UseGuards, type INestApplication, type WebSocketAdapter } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WsAdapter } from '@nestjs/platform-ws';
import { SubscribeMessage, WebSocketGateway, WebSocketServer } from '@nestjs/websockets';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  CurrentPrincipal,
  AuthModule,
  BlocklistService,
  CurrentUser,
  guardSockets,
  JwtAuthGuard,
  OptionalAuth,
  Public,
  RequireScopes,
  TokenService,
  type AuthModuleOptions,
  type AuthUser,
  type Principal,
} from 'nestjs-latchkey';
import { CsrfService } from 'nestjs-latchkey/browser';
import { BlocklistStore } from 'nestjs-latchkey/stores';
import { startApplication, type RunningApplication } from '../support/applications.js';
import { connectSocket, type ConnectOptions, type SocketClient, type SocketKind } from '../support/sockets.js';

@UseGuards(JwtAuthGuard)
@WebSocketGateway()
class ChatGateway {
  @SubscribeMessage('me') me(@CurrentUser() user: AuthUser, @CurrentPrincipal() { scheme }: Principal) {
    return { event: 'me', data: { id: user.id, scheme } };
  }
  @RequireScopes('chat:write') @SubscribeMessage('say') say() {
    return { event: 'said', data: true };
  }
}

@WebSocketGateway()
class OpenGateway {
  @Public() @SubscribeMessage('motto') motto() {
    return { event: 'motto', data: 'open to all' };
  }
  @OptionalAuth() @SubscribeMessage('hello') hello(@CurrentUser('id') id: string | undefined) {
    return { event: 'hello', data: id ?? 'stranger' };
  }
  // The default guard: a gateway without decorators is guarded.
  @SubscribeMessage('plain') plain(@CurrentUser('id') id: string) {
    return { event: 'plain', data: id };
  }
}

const adapters = {
  'socket.io': (app: INestApplication) => new IoAdapter(app),
  ws: (app: INestApplication) => new WsAdapter(app),
};

let running: RunningApplication | undefined;
let clients: SocketClient[] = [];

afterEach(async () => {
  for (const client of clients) client.close();
  clients = [];
  await running?.close();
  running = undefined;
});

async function start(
  kind: SocketKind,
  gateways: readonly (new () => unknown)[] = [ChatGateway],
  { guarded = true, log = [] as string[], ...options }: AuthModuleOptions & { guarded?: boolean; log?: string[] } = {},
) {
  const note = (text: unknown): void => void log.push(String(text));
  running = await startApplication('express', {
    imports: [AuthModule.forRoot({ clockTolerance: 0, ...options })],
    providers: gateways,
    configure: (app) => {
      const adapter: WebSocketAdapter = adapters[kind](app);
      app.useWebSocketAdapter(guarded ? guardSockets(app, adapter) : adapter);
    },
    log: { log: () => undefined, error: note, warn: note },
  });
  const { app, url } = running;
  const open = async (options: ConnectOptions = {}) => {
    const client = await connectSocket(kind, url, options);
    clients.push(client);
    return client;
  };
  const openAs = async (id: string, issue: Parameters<TokenService['issue']>[1] = {}) => {
    const { accessToken } = await app.get(TokenService).issue(id, issue);
    return { accessToken, client: await open({ headers: { authorization: `Bearer ${accessToken}` } }) };
  };
  return { app, open, openAs };
}

/** A browser that is signed in by cookie. */
async function startWithCookies() {
  const started = await start('socket.io', [ChatGateway], { cookies: { secure: false } });
  const tokens = started.app.get(TokenService);
  const { accessToken } = await tokens.issue('ada');
  const { subject, sid } = await tokens.verify(accessToken, { kind: 'access' });
  const csrf = started.app.get(CsrfService).issue({ subject, sid });
  return { ...started, csrf, cookie: `access=${accessToken}; csrf=${csrf}` };
}

describe.each<SocketKind>(['socket.io', 'ws'])('a gateway on %s', (kind) => {
  it('authenticates the sender of a message, and enforces policies', async () => {
    const { openAs } = await start(kind);
    const { client } = await openAs('ada', { scopes: ['chat:read'] });
    expect(await client.ask('me')).toEqual({ event: 'me', data: { id: 'ada', scheme: 'bearer' } });
    expect(await client.ask('say')).toEqual({
      event: 'exception',
      data: {
        status: 'error',
        statusCode: 403,
        error: 'Forbidden',
        errorCode: 'insufficient_scope',
        message: 'The token lacks a scope that this resource requires.',
      },
    });
    const writer = await openAs('grace', { scopes: ['chat:write'] });
    expect(await writer.client.ask('say')).toEqual({ event: 'said', data: true });
  });

  it.each([
    ['nothing', {}, 'unauthenticated'],
    ['a bad token', { authorization: 'Bearer a.b.c' }, 'token_malformed'],
    ['a credential of another kind', { authorization: 'Basic YTpi' }, 'unauthenticated'],
  ])('refuses a handshake with %s', async (_, headers: Record<string, string>, errorCode) => {
    const { open } = await start(kind);
    await expect(open({ headers })).rejects.toMatchObject({ data: { statusCode: 401, errorCode } });
  });

  it('answers a handshake with "unavailable" if the store does not answer', async () => {
    const { app, openAs } = await start(kind);
    app.get(BlocklistStore).find = () => Promise.reject(new Error('down'));
    await expect(openAs('ada')).rejects.toMatchObject({ data: { statusCode: 503, errorCode: 'store_unavailable' } });
  });

  it('accepts every handshake if a handler is public, and checks each message by its handler', async () => {
    const { open, openAs } = await start(kind, [OpenGateway]);
    const stranger = await open();
    expect(await stranger.ask('motto')).toEqual({ event: 'motto', data: 'open to all' });
    expect(await stranger.ask('hello')).toEqual({ event: 'hello', data: 'stranger' });
    expect(await stranger.ask('plain')).toMatchObject({ event: 'exception', data: { errorCode: 'unauthenticated' } });
    const { client } = await openAs('ada');
    expect(await client.ask('hello')).toEqual({ event: 'hello', data: 'ada' });
    expect(await client.ask('plain')).toEqual({ event: 'plain', data: 'ada' });
  });

  it('closes the sockets of a revoked token, and no others', async () => {
    const { app, openAs } = await start(kind);
    const one = await openAs('ada');
    const other = await openAs('ada');
    const verified = await app.get(TokenService).verify(one.accessToken, { kind: 'access' });
    await app.get(BlocklistService).revokeToken(verified);
    expect(await one.client.closed).toEqual(kind === 'ws' ? 4401 : 'io server disconnect');
    expect(await other.client.ask('me')).toMatchObject({ event: 'me' });
  });

  it("tells no reason with errors.detail: 'generic'", async () => {
    const { app, open, openAs } = await start(kind, [ChatGateway], { errors: { detail: 'generic' } });
    const generic = { errorCode: 'unauthenticated', message: 'Sign in to use this resource.' };
    await expect(open({ headers: { authorization: 'Bearer a.b.c' } })).rejects.toMatchObject({ data: generic });
    const { client } = await openAs('ada');
    expect(await client.ask('say')).toMatchObject({ data: { errorCode: 'forbidden' } });
    app.get(BlocklistStore).find = () => Promise.resolve('token' as const);
    expect(await client.ask('me')).toMatchObject({ event: 'exception', data: generic });
  });

  it.each(['revokeLogin', 'revokeSubject'] as const)('closes the sockets that %s() concerns', async (method) => {
    const { app, openAs } = await start(kind);
    const { accessToken, client } = await openAs('ada');
    const { subject, sid = '' } = await app.get(TokenService).verify(accessToken, { kind: 'access' });
    const blocklist = app.get(BlocklistService);
    await (method === 'revokeLogin' ? blocklist.revokeLogin({ ...subject, sid }) : blocklist.revokeSubject(subject));
    expect(await client.closed).toBeDefined();
  });

  it('refuses a message after the token was revoked, if no event reported the revocation', async () => {
    const { app, openAs } = await start(kind);
    const { client } = await openAs('ada');
    app.get(BlocklistStore).find = () => Promise.resolve('token' as const);
    expect(await client.ask('me')).toMatchObject({ event: 'exception', data: { errorCode: 'token_invalid' } });
  });

  it('closes a socket when its token expires', async () => {
    const { openAs } = await start(kind, [ChatGateway], { access: { ttl: '2s' } });
    const { client } = await openAs('ada');
    expect(await client.closed).toBeDefined();
  });

  it('keeps a socket open while the store is unavailable, and after a refused message', async () => {
    const { app, openAs } = await start(kind);
    const { accessToken, client } = await openAs('ada');
    const store = app.get(BlocklistStore);
    const { subject } = await app.get(TokenService).verify(accessToken, { kind: 'access' });
    const find = store.find.bind(store);
    store.find = () => Promise.reject(new Error('down'));
    await app.get(BlocklistService).revokeSubject({ ...subject, id: 'another user' });
    expect(await client.ask('me')).toMatchObject({ event: 'exception', data: { errorCode: 'store_unavailable' } });
    store.find = find;
    expect(await client.ask('me')).toMatchObject({ event: 'me' });
  });

  it('logs at boot that handshakes are not checked if guardSockets() is not used', async () => {
    const log: string[] = [];
    await start(kind, [ChatGateway], { guarded: false, log });
    expect(log.join('\n')).toContain('guardSockets(app, new IoAdapter(app))');
  });
});

describe('credentials of a socket', () => {
  it('may be sent as parameters of socket.io, which browsers can send', async () => {
    const { app, open } = await start('socket.io');
    const { accessToken } = await app.get(TokenService).issue('ada');
    const client = await open({ auth: { authorization: `Bearer ${accessToken}` } });
    expect(await client.ask('me')).toMatchObject({ event: 'me' });
  });

  it('are ambiguous if the header and the parameters both carry one', async () => {
    const { app, open } = await start('socket.io');
    const authorization = `Bearer ${(await app.get(TokenService).issue('ada')).accessToken}`;
    const both = open({ headers: { authorization }, auth: { authorization } });
    await expect(both).rejects.toMatchObject({ data: { errorCode: 'ambiguous_credentials' } });
  });

  it('are checked for the gateways of the namespace alone', async () => {
    @WebSocketGateway({ namespace: 'open' })
    class Namespaced extends OpenGateway {}
    const { open } = await start('socket.io', [ChatGateway, Namespaced]);
    await expect(open()).rejects.toMatchObject({ data: { errorCode: 'unauthenticated' } });
    expect(await (await open({ path: '/open' })).ask('motto')).toMatchObject({ event: 'motto' });
  });

  it('are checked on socket.io without guardSockets() too', async () => {
    const { open, openAs } = await start('socket.io', [ChatGateway], { guarded: false });
    const { client } = await openAs('ada');
    expect(await client.ask('me')).toMatchObject({ event: 'me' });
    expect(await (await open()).ask('me')).toMatchObject({ data: { errorCode: 'unauthenticated' } });
  });

  it('are refused on ws without guardSockets(), because ws does not keep the request', async () => {
    const { openAs } = await start('ws', [ChatGateway], { guarded: false });
    const { client } = await openAs('ada');
    expect(await client.ask('me')).toMatchObject({ data: { errorCode: 'unsupported_context' } });
  });

  describe('that a browser sends by itself', () => {
    it('open a socket for our own page, which knows the CSRF token', async () => {
      const { open, cookie, csrf } = await startWithCookies();
      const client = await open({ headers: { cookie, origin: 'http://localhost' }, auth: { 'X-CSRF-Token': csrf } });
      expect(await client.ask('me')).toEqual({ event: 'me', data: { id: 'ada', scheme: 'cookie' } });
    });

    it.each([
      ['of another site', 'https://evil.example', 'csrf_origin_rejected'],
      ['that does not know the CSRF token', 'http://localhost', 'csrf_token_missing'],
    ])('open none for a page %s', async (_, origin, errorCode) => {
      const { open, cookie } = await startWithCookies();
      const opening = open({ headers: { cookie, origin }, auth: { origin: 'http://localhost' } });
      await expect(opening).rejects.toMatchObject({ data: { statusCode: 403, errorCode } });
    });

    it('are not read from the parameters', async () => {
      const { open, cookie, csrf } = await startWithCookies();
      const opening = open({ auth: { cookie, 'x-csrf-token': csrf } });
      await expect(opening).rejects.toMatchObject({ data: { errorCode: 'unauthenticated' } });
    });
  });

  it('respect a verifyClient of the application', async () => {
    @WebSocketGateway({ verifyClient: ({ req }: { req: { url: string } }) => req.url !== '/no' })
    class Picky extends ChatGateway {}
    const { app, open } = await start('ws', [Picky]);
    const { accessToken } = await app.get(TokenService).issue('ada');
    const headers = { authorization: `Bearer ${accessToken}` };
    expect(await (await open({ headers })).ask('me')).toMatchObject({ event: 'me' });
  });
});

describe('a contradiction on a gateway', () => {
  it('is a boot error', async () => {
    @WebSocketGateway()
    class Torn {
      @Public()
      @RequireScopes('a')
      @SubscribeMessage('torn')
      torn(): void {}
    }
    await expect(start('ws', [Torn])).rejects.toThrow('Torn.torn: it has a policy, but @Public() means');
  });
});

describe('a namespace that anonymous callers may enter', () => {
  @WebSocketGateway()
  class Broadcasts {
    @WebSocketServer() private readonly server!: { emit(event: string, data: unknown): void };
    @UseGuards(JwtAuthGuard)
    @SubscribeMessage('tell')
    tell(): void {
      this.server.emit('told', 'all sockets');
    }
  }
  @WebSocketGateway()
  class Motto {
    @Public() @SubscribeMessage('motto') motto() {
      return { event: 'motto', data: 'open to all' };
    }
  }
  @WebSocketGateway({ namespace: 'open' })
  class ElsewhereMotto extends Motto {}

  it('receives the broadcasts of its guarded gateways, which the log says at boot', async () => {
    const log: string[] = [];
    const { open, openAs } = await start('socket.io', [Broadcasts, Motto], { log });
    const stranger = await open();
    const heard = stranger.ask('nothing');
    const { client } = await openAs('ada');
    void client.ask('tell');
    expect(await heard).toEqual({ event: 'told', data: 'all sockets' });
    expect(log.join('\n')).toMatch(
      /Anonymous clients may open a socket because of Motto\.motto, .*those of Broadcasts\.tell included/,
    );
  });

  it('causes no log line if no other gateway is in it', async () => {
    const log: string[] = [];
    const { open } = await start('socket.io', [Broadcasts, ElsewhereMotto], { log });
    await expect(open()).rejects.toMatchObject({ data: { errorCode: 'unauthenticated' } });
    expect(log.join('\n')).not.toContain('Anonymous clients may open a socket');
  });
});
