import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { credentials, loadPackageDefinition, Metadata, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import {
  Controller,
  Injectable,
  Scope,
  UseGuards,
  type INestApplication,
  type INestMicroservice,
} from '@nestjs/common';
import {
  ClientProxyFactory,
  GrpcMethod,
  MessagePattern,
  Payload,
  RpcException,
  Transport,
  type ClientTCP,
  type MicroserviceOptions,
} from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  AuthError,
  CurrentPrincipal,
  AuthModule,
  CurrentUser,
  JwtAuthGuard,
  Public,
  RequireScopes,
  TokenService,
  UserSource,
  type AuthModuleStructure,
  type AuthUser,
  type Principal,
} from 'nestjs-latchkey';
import { ephemeralKeys } from 'nestjs-latchkey/keys';
import { BlocklistStore } from 'nestjs-latchkey/stores';
import { firstValueFrom } from 'rxjs';
import { ADAPTERS, SILENT, startApplication } from '../support/applications.js';

@Controller()
class MathController {
  @MessagePattern('who') who(@CurrentUser('id') id: string, @CurrentPrincipal() { scheme }: Principal) {
    return { id, scheme };
  }
  @RequireScopes('math') @MessagePattern('sum') sum(@Payload() { numbers }: { numbers: number[] }) {
    return numbers.reduce((one, other) => one + other, 0);
  }
  @Public() @MessagePattern('motto') motto() {
    return 'open to all';
  }
  @Public() @MessagePattern('thrown') thrown(): never {
    throw new AuthError('insufficient_scope', { requiredScopes: ['a'] });
  }
}

@UseGuards(JwtAuthGuard)
@Controller()
class GreeterController {
  @GrpcMethod('Greeter', 'Greet') greet(_: unknown, metadata: Metadata): { message: string } {
    return { message: `hello ${String((metadata as Metadata & { user: AuthUser }).user.id)}` };
  }
  @RequireScopes('greet') @GrpcMethod('Greeter', 'GreetLoudly') greetLoudly(): { message: string } {
    return { message: 'HELLO' };
  }
}

let closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.reverse()) await close();
  closing = [];
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

async function startMicroservice(
  options: MicroserviceOptions,
  controllers: readonly (new () => unknown)[],
  structure: AuthModuleStructure = {},
): Promise<INestMicroservice> {
  const module = await Test.createTestingModule({
    imports: [AuthModule.forRoot({ ...structure })],
    controllers: [...controllers],
    providers: structure.users === undefined ? [] : [structure.users as new () => unknown],
  })
    .setLogger(SILENT)
    .compile();
  const app = module.createNestMicroservice(options);
  await app.listen();
  closing.push(() => app.close());
  return app;
}

function tcpClient(port: number): ClientTCP {
  const client = ClientProxyFactory.create({ transport: Transport.TCP, options: { host: '127.0.0.1', port } });
  closing.push(() => client.close());
  return client as ClientTCP;
}

const refusalOf = (answer: Promise<unknown>): Promise<unknown> =>
  answer.then(
    () => 'no refusal',
    (error: unknown) => error,
  );

async function headersFor(app: INestMicroservice, scopes: readonly string[] = []) {
  const { accessToken } = await app.get(TokenService).issue('ada', { scopes });
  return { headers: { authorization: `Bearer ${accessToken}` } };
}

describe('message handlers over TCP', () => {
  let app: INestMicroservice;
  let ask: (pattern: string, data: object) => Promise<unknown>;
  beforeEach(async () => {
    const port = await freePort();
    app = await startMicroservice({ transport: Transport.TCP, options: { host: '127.0.0.1', port } }, [MathController]);
    const client = tcpClient(port);
    ask = (pattern, data) => firstValueFrom(client.send<unknown>(pattern, data));
  });

  it('authenticate the caller by the headers of the payload, and enforce policies', async () => {
    const [plain, mathematician] = [await headersFor(app), await headersFor(app, ['math'])];
    expect(await ask('who', plain)).toEqual({ id: 'ada', scheme: 'bearer' });
    expect(await ask('sum', { ...mathematician, numbers: [1, 2] })).toBe(3);
    expect(await refusalOf(ask('sum', { ...plain, numbers: [1] }))).toEqual({
      status: 'error',
      statusCode: 403,
      error: 'Forbidden',
      errorCode: 'insufficient_scope',
      message: 'The token lacks a scope that this resource requires.',
    });
  });

  it.each([
    ['nothing', {}, 'unauthenticated'],
    ['headers of another kind', { headers: 'authorization' }, 'unauthenticated'],
    ['a bad token', { headers: { Authorization: 'Bearer a.b.c' } }, 'token_malformed'],
    ['two tokens', { headers: { authorization: ['Bearer a', 'Bearer b'] } }, 'ambiguous_credentials'],
    ['a number', { headers: { authorization: 7 } }, 'unauthenticated'],
  ])('refuse %s', async (_, payload, errorCode) => {
    expect(await refusalOf(ask('who', payload))).toMatchObject({ status: 'error', errorCode });
  });

  it('answer "unavailable" if the store does not answer', async () => {
    const { accessToken } = await app.get(TokenService).issue('ada');
    app.get(BlocklistStore).find = () => Promise.reject(new Error('down'));
    const payload = { headers: { authorization: `Bearer ${accessToken}` } };
    expect(await refusalOf(ask('who', payload))).toMatchObject({ statusCode: 503, errorCode: 'store_unavailable' });
  });

  it('are open if they are public, and return refusals that they throw themselves', async () => {
    expect(await ask('motto', { headers: { authorization: 'Bearer a.b.c' } })).toBe('open to all');
    expect(await refusalOf(ask('thrown', {}))).toMatchObject({ statusCode: 403, errorCode: 'insufficient_scope' });
  });
});

interface GreeterClient {
  greet(request: object, metadata: Metadata, answer: (error: ServiceError | null, reply: unknown) => void): void;
  greetLoudly: GreeterClient['greet'];
  close(): void;
}

function metadataOf(...authorization: string[]): Metadata {
  const metadata = new Metadata();
  for (const each of authorization) metadata.add('authorization', each);
  return metadata;
}

describe('message handlers over gRPC', () => {
  const protoPath = fileURLToPath(new URL('greeter.proto', import.meta.url));

  async function start() {
    const url = `127.0.0.1:${await freePort()}`;
    const options = { package: 'greeter', protoPath, url };
    const app = await startMicroservice({ transport: Transport.GRPC, options }, [GreeterController]);
    const loaded = loadPackageDefinition(loadSync(protoPath)) as unknown as {
      greeter: { Greeter: new (url: string, secure: unknown) => GreeterClient };
    };
    const client = new loaded.greeter.Greeter(url, credentials.createInsecure());
    closing.push(() => client.close());
    const ask = (method: 'greet' | 'greetLoudly', metadata: Metadata) =>
      new Promise<unknown>((resolve, reject) => {
        client[method]({}, metadata, (error, reply) => (error === null ? resolve(reply) : reject(error)));
      });
    return { app, ask };
  }

  it('authenticate the caller by the metadata', async () => {
    const { app, ask } = await start();
    const { accessToken } = await app.get(TokenService).issue('ada');
    expect(await ask('greet', metadataOf(`Bearer ${accessToken}`))).toEqual({ message: 'hello ada' });
    const refusal = (await refusalOf(ask('greetLoudly', metadataOf(`Bearer ${accessToken}`)))) as ServiceError;
    expect(refusal).toMatchObject({ code: 7, details: 'The token lacks a scope that this resource requires.' });
    expect(refusal.metadata.get('error-code')).toEqual(['insufficient_scope']);
  });

  it.each([
    ['nothing', [], 16, 'unauthenticated'],
    ['a bad token', ['Bearer a.b.c'], 16, 'token_malformed'],
  ])('refuse %s', async (_, sent, code, errorCode) => {
    const { ask } = await start();
    const refusal = (await refusalOf(ask('greet', metadataOf(...sent)))) as ServiceError;
    expect(refusal.code).toBe(code);
    expect(refusal.metadata.get('error-code')).toEqual([errorCode]);
  });

  it('answer UNAVAILABLE if the store does not answer', async () => {
    const { app, ask } = await start();
    const { accessToken } = await app.get(TokenService).issue('ada');
    app.get(BlocklistStore).find = () => Promise.reject(new Error('down'));
    expect(await refusalOf(ask('greet', metadataOf(`Bearer ${accessToken}`)))).toMatchObject({ code: 14 });
  });
});

@UseGuards(JwtAuthGuard)
@Controller()
class NamedController {
  @MessagePattern('named') named(@CurrentUser('id') id: string) {
    return id;
  }
}

describe.each(ADAPTERS)('a hybrid application on %s', (adapter) => {
  async function hybrid(controllers: readonly (new () => unknown)[], inheritAppConfig: boolean) {
    const port = await freePort();
    const connect = (app: INestApplication): unknown =>
      app.connectMicroservice(
        { transport: Transport.TCP, options: { host: '127.0.0.1', port } },
        inheritAppConfig ? { inheritAppConfig } : {},
      );
    const running = await startApplication(adapter, {
      imports: [AuthModule.forRoot()],
      controllers,
      configure: connect,
    });
    closing.push(() => running.close());
    await running.app.startAllMicroservices();
    return { running, client: tcpClient(port) };
  }

  it('guards its message handlers if the microservice inherits the configuration', async () => {
    const { running, client } = await hybrid([MathController], true);
    const { accessToken } = await running.app.get(TokenService).issue('ada');
    const headers = { authorization: `Bearer ${accessToken}` };
    expect(await firstValueFrom(client.send('who', { headers }))).toEqual({ id: 'ada', scheme: 'bearer' });
    const refusal = await refusalOf(firstValueFrom(client.send('who', {})));
    expect(refusal).toMatchObject({ errorCode: 'unauthenticated' });
  });

  it('does not start if the microservice does not inherit the configuration', async () => {
    const starting = hybrid([MathController], false);
    await expect(starting).rejects.toThrow('so MathController.who, MathController.sum are not guarded:');
  });

  it('starts if every handler names its guard, or is public', async () => {
    const { running, client } = await hybrid([NamedController], false);
    const { accessToken } = await running.app.get(TokenService).issue('ada');
    expect(await firstValueFrom(client.send('named', { headers: { authorization: `Bearer ${accessToken}` } }))).toBe(
      'ada',
    );
    expect(await refusalOf(firstValueFrom(client.send('named', {})))).toMatchObject({ errorCode: 'unauthenticated' });
  });
});

describe('a microservice that listens before its application has started', () => {
  @Injectable()
  class Members extends UserSource {
    override async findBySubject({ id, issuer }: { id: string; issuer: string }) {
      return { id, issuer } as AuthUser;
    }
    override describe({ id }: AuthUser) {
      return { id, active: false };
    }
  }

  it('answers "unavailable"', async () => {
    const port = await freePort();
    const keys = ephemeralKeys('ES256');
    // The issuing application must have started.
    const issuing = await Test.createTestingModule({ imports: [AuthModule.forRoot({ keys })] })
      .setLogger(SILENT)
      .compile();
    closing.push(() => issuing.close());
    const module = await Test.createTestingModule({
      imports: [AuthModule.forRoot({ keys, users: Members })],
      controllers: [NamedController],
      providers: [Members],
    })
      .setLogger(SILENT)
      .compile();
    const app = module.createNestApplication();
    closing.push(() => app.close());
    app.connectMicroservice(
      { transport: Transport.TCP, options: { host: '127.0.0.1', port } },
      { inheritAppConfig: true },
    );
    await app.startAllMicroservices();
    const { accessToken } = await issuing.get(TokenService).issue('ada');
    const ask = () =>
      refusalOf(firstValueFrom(tcpClient(port).send('named', { headers: { authorization: `Bearer ${accessToken}` } })));
    expect(await ask()).toMatchObject({ statusCode: 503 });
    await app.init();
    expect(await ask()).toMatchObject({ statusCode: 401 });
  });
});

describe('the exception of a refusal', () => {
  it('is the RpcException that filters of the application handle', async () => {
    const seen: unknown[] = [];
    class Watching extends JwtAuthGuard {
      override async canActivate(context: Parameters<JwtAuthGuard['canActivate']>[0]): Promise<boolean> {
        try {
          return await super.canActivate(context);
        } catch (error) {
          seen.push(error);
          throw error;
        }
      }
    }
    @UseGuards(Watching)
    @Controller()
    class Watched {
      @MessagePattern('watched') watched() {
        return true;
      }
    }
    const port = await freePort();
    await startMicroservice({ transport: Transport.TCP, options: { host: '127.0.0.1', port } }, [Watched]);
    await refusalOf(firstValueFrom(tcpClient(port).send('watched', {})));
    expect(seen).toEqual([expect.any(RpcException)]);
    expect(JSON.stringify(seen)).not.toContain('cause');
  });
});

describe('a request-scoped controller', () => {
  it('is guarded like any other', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class PerMessage {}
    @Controller()
    class Scoped {
      constructor(readonly each: PerMessage) {}
      @MessagePattern('scoped') scoped(@CurrentUser('id') id: string) {
        return id;
      }
    }
    const port = await freePort();
    const module = await Test.createTestingModule({
      imports: [AuthModule.forRoot()],
      controllers: [Scoped],
      providers: [PerMessage],
    })
      .setLogger(SILENT)
      .compile();
    const app = module.createNestMicroservice<MicroserviceOptions>({
      transport: Transport.TCP,
      options: { host: '127.0.0.1', port },
    });
    closing.push(() => app.close());
    await app.listen();
    const { accessToken } = await app.get(TokenService).issue('ada');
    const ask = (payload: object) => firstValueFrom(tcpClient(port).send('scoped', payload));
    expect(await ask({ headers: { authorization: `Bearer ${accessToken}` } })).toBe('ada');
    expect(await refusalOf(ask({}))).toMatchObject({ errorCode: 'unauthenticated' });
  });
});
