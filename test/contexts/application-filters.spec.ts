// Refusals that services throw in handlers without http, beside a catch-all filter of the application: the client learns the code as
// far as its context has words for it.
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { Catch, Controller, Inject, UseFilters, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { GraphQLModule, Query, Resolver } from '@nestjs/graphql';
import {
  BaseRpcExceptionFilter,
  ClientProxyFactory,
  MessagePattern,
  Transport,
  type ClientTCP,
} from '@nestjs/microservices';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WsAdapter } from '@nestjs/platform-ws';
import { Test } from '@nestjs/testing';
import { BaseWsExceptionFilter, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { afterEach, describe, expect, it } from '@jest/globals';
import { AuthModule, guardSockets, Public, TokenService } from 'nestjs-latchkey';
import { firstValueFrom } from 'rxjs';
import { ADAPTERS, SILENT, startApplication } from '../support/applications.js';
import { connectSocket, type SocketKind } from '../support/sockets.js';

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

class Verifying {
  @Inject(TokenService) readonly tokens!: TokenService;

  refused(): Promise<unknown> {
    return this.tokens.verify('x', { kind: 'access' });
  }
}

/** What the documentation of Nest extends for gateways, for everything. */
@Catch()
class AllOfGateways extends BaseWsExceptionFilter {}

@UseFilters(AllOfGateways)
@WebSocketGateway()
class Gateway extends Verifying {
  @Public() @SubscribeMessage('refused') override refused() {
    return super.refused();
  }
}

/** What the documentation of Nest extends for message handlers, for everything. */
@Catch()
class AllOfMessages extends BaseRpcExceptionFilter {}

@UseFilters(AllOfMessages)
@Controller()
class Messages extends Verifying {
  @Public() @MessagePattern('refused') override refused() {
    return super.refused();
  }
}

@Controller()
class PlainMessages extends Verifying {
  @Public() @MessagePattern('refused') override refused() {
    return super.refused();
  }
}

/** As the filters of the documentation for GraphQL: what it returns is what is reported. */
@Catch()
class AllOfResolvers implements ExceptionFilter {
  readonly asked: string[] = [];

  catch(exception: unknown, host: ArgumentsHost): unknown {
    this.asked.push(host.getType());
    return exception;
  }
}

@Resolver()
class Resolving extends Verifying {
  @Public() @Query(() => String, { nullable: true }) override async refused(): Promise<string> {
    return String(await super.refused());
  }
}

const REFUSED = { status: 'error', statusCode: 401, error: 'Unauthorized', errorCode: 'token_malformed' };

describe('a refusal of a service beside a catch-all filter', () => {
  it.each<SocketKind>(['socket.io', 'ws'])('keeps its code in a gateway on %s', async (kind) => {
    const { app, url } = await startApplication('express', {
      imports: [AuthModule.forRoot()],
      providers: [Gateway],
      configure: (made) =>
        made.useWebSocketAdapter(guardSockets(made, kind === 'ws' ? new WsAdapter(made) : new IoAdapter(made))),
    });
    closing.push(() => app.close());
    const { accessToken } = await app.get(TokenService).issue('ada');
    const client = await connectSocket(kind, url, { headers: { authorization: `Bearer ${accessToken}` } });
    closing.push(() => client.close());
    expect(await client.ask('refused', {})).toMatchObject({ event: 'exception', data: REFUSED });
  });

  it.each([
    ['at the controller', Messages, false],
    ['by useGlobalFilters()', PlainMessages, true],
  ])('keeps its code in a message handler over TCP, with the filter %s', async (...[, controller, everywhere]) => {
    const port = await freePort();
    const options = { host: '127.0.0.1', port };
    const module = await Test.createTestingModule({ imports: [AuthModule.forRoot()], controllers: [controller] })
      .setLogger(SILENT)
      .compile();
    const app = module.createNestMicroservice({ transport: Transport.TCP, options });
    if (everywhere) app.useGlobalFilters(new AllOfMessages());
    await app.listen();
    closing.push(() => app.close());
    const client = ClientProxyFactory.create({ transport: Transport.TCP, options }) as ClientTCP;
    closing.push(() => client.close());
    await expect(firstValueFrom(client.send('refused', {}))).rejects.toMatchObject(REFUSED);
  });

  it.each([
    ['keeps its code in a connected microservice with', true, REFUSED],
    ['is out of reach in a connected microservice without', false, { message: 'Internal server error' }],
  ])('%s the configuration of the application, as docs/errors.md says', async (...[, inheritAppConfig, expected]) => {
    const options = { host: '127.0.0.1', port: await freePort() };
    const { app } = await startApplication('express', {
      imports: [AuthModule.forRoot()],
      controllers: [Messages],
      configure: async (made) => {
        made.connectMicroservice({ transport: Transport.TCP, options }, { inheritAppConfig });
        await made.startAllMicroservices();
      },
    });
    closing.push(() => app.close());
    const client = ClientProxyFactory.create({ transport: Transport.TCP, options }) as ClientTCP;
    closing.push(() => client.close());
    await expect(firstValueFrom(client.send('refused', {}))).rejects.toMatchObject(expected);
  });

  it.each(ADAPTERS)('keeps its code in a resolver of Apollo on %s', async (adapter) => {
    const filter = new AllOfResolvers();
    const { app, url } = await startApplication(adapter, {
      imports: [
        AuthModule.forRoot(),
        GraphQLModule.forRoot<ApolloDriverConfig>({ driver: ApolloDriver, autoSchemaFile: true, graphiql: false }),
      ],
      providers: [Resolving],
      configure: (made) => made.useGlobalFilters(filter),
    });
    closing.push(() => app.close());
    const answer = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ refused }' }),
    });
    expect(await answer.json()).toMatchObject({
      errors: [{ extensions: { code: 'UNAUTHENTICATED', errorCode: 'token_malformed' } }],
    });
    expect(filter.asked).toEqual(['graphql']);
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
