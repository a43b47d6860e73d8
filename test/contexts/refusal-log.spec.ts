// The line of development about a refusal in sockets, GraphQL and messages: as in http, and one for each.
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { Controller, type LoggerService } from '@nestjs/common';
import { GraphQLModule, Query, Resolver } from '@nestjs/graphql';
import { ClientProxyFactory, MessagePattern, Transport } from '@nestjs/microservices';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WsAdapter } from '@nestjs/platform-ws';
import { Test } from '@nestjs/testing';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { afterEach, describe, expect, it } from '@jest/globals';
import { AuthError, AuthModule, guardSockets, Public, RequireScopes, TokenService } from 'nestjs-latchkey';
import { firstValueFrom } from 'rxjs';
import { SILENT, startApplication } from '../support/applications.js';
import { connectSocket, type SocketKind } from '../support/sockets.js';

@WebSocketGateway()
class ChatGateway {
  @RequireScopes('chat:write') @SubscribeMessage('say') say() {
    return { event: 'said', data: true };
  }
}

@Resolver()
class MeResolver {
  @Query(() => String) me(): string {
    return 'me';
  }
  @Public() @Query(() => String) thrown(): string {
    throw new AuthError('forbidden');
  }
}

@Controller()
class MathController {
  @MessagePattern('sum') sum() {
    return 3;
  }
  @Public() @MessagePattern('thrown') thrown(): never {
    throw new AuthError('insufficient_scope', { requiredScopes: ['math'] });
  }
}

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

function recorder(): { readonly log: LoggerService; readonly refused: readonly string[] } {
  const refused: string[] = [];
  const warn = (line: unknown): void => void (String(line).includes(' refused with ') && refused.push(String(line)));
  return { log: { ...SILENT, warn }, refused };
}

const auth = () => AuthModule.forRoot({ errors: { explain: true } });
const page = (code: string) => expect.stringMatching(new RegExp(`docs/errors/${code}\\.md$`));

describe.each<SocketKind>(['socket.io', 'ws'])('a refusal on %s', (kind) => {
  it('is one line, for a handshake and for a message', async () => {
    const { log, refused } = recorder();
    const { app, url, close } = await startApplication('express', {
      imports: [auth()],
      providers: [ChatGateway],
      configure: (made) =>
        made.useWebSocketAdapter(guardSockets(made, kind === 'ws' ? new WsAdapter(made) : new IoAdapter(made))),
      log,
    });
    closing.push(close);
    await expect(connectSocket(kind, url, {})).rejects.toBeDefined();
    expect(refused).toEqual([
      expect.stringMatching(
        /^The handshake of a socket( \(\/\))? was refused with 401 unauthenticated; schemes: bearer/,
      ),
    ]);
    const { accessToken } = await app.get(TokenService).issue('ada', { scopes: ['chat:read'] });
    const client = await connectSocket(kind, url, { headers: { authorization: `Bearer ${accessToken}` } });
    closing.push(() => client.close());
    expect(await client.ask('say')).toMatchObject({ event: 'exception' });
    expect(refused.slice(1)).toEqual([page('insufficient_scope')]);
    expect(refused[1]).toContain('ws (ChatGateway.say) was refused with 403 insufficient_scope by the scheme bearer');
    expect(refused[1]).toContain('(scopes chat:write)');
    expect(refused.join()).not.toContain(accessToken.slice(0, 20));
  });
});

it.each(['express', 'fastify'] as const)('a refusal of a resolver on %s is one line', async (adapter) => {
  const { log, refused } = recorder();
  const schema = GraphQLModule.forRoot<ApolloDriverConfig>({
    driver: ApolloDriver,
    autoSchemaFile: true,
    graphiql: false,
  });
  const running = await startApplication(adapter, { imports: [auth(), schema], providers: [MeResolver], log });
  closing.push(running.close);
  const ask = (query: string) =>
    running.fetch('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    });
  await ask('{ me }');
  await ask('{ thrown }');
  expect(refused).toEqual([page('unauthenticated'), page('forbidden')]);
  expect(refused[0]).toContain('graphql (MeResolver.me) was refused with 401 unauthenticated; schemes: bearer.');
  expect(refused[1]).toContain('graphql Query.thrown was refused with 403 forbidden');
});

it('a refusal of a message is one line, by a guard and by the handler itself', async () => {
  const { log, refused } = recorder();
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  const module = await Test.createTestingModule({ imports: [auth()], controllers: [MathController] })
    .setLogger(log)
    .compile();
  const options = { host: '127.0.0.1', port };
  const app = module.createNestMicroservice({ transport: Transport.TCP, options });
  await app.listen();
  const client = ClientProxyFactory.create({ transport: Transport.TCP, options });
  closing.push(
    () => app.close(),
    () => client.close(),
  );
  const ask = (pattern: string) => firstValueFrom(client.send<unknown>(pattern, {})).catch(() => 'refused');
  expect([await ask('sum'), await ask('thrown')]).toEqual(['refused', 'refused']);
  expect(refused).toEqual([page('unauthenticated'), page('insufficient_scope')]);
  expect(refused[0]).toContain('rpc (MathController.sum) was refused with 401 unauthenticated');
  expect(refused[1]).toContain('rpc (MathController.thrown) was refused with 403 insufficient_scope');
  expect(refused[1]).toContain('(scopes math)');
});
