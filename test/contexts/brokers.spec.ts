import { Controller, type INestMicroservice } from '@nestjs/common';
import {
  KafkaContext,
  MessagePattern,
  MqttContext,
  NatsContext,
  RedisContext,
  RmqContext,
  Server,
  type CustomTransportStrategy,
} from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuthModule, CurrentUser, TokenService } from 'nestjs-latchkey';
import { firstValueFrom } from 'rxjs';
import { SILENT } from '../support/applications.js';

@Controller()
class WhoController {
  @MessagePattern('who') who(@CurrentUser('id') id: string) {
    return id;
  }
}

/** Hands messages over as a broker's server would, with the context that Nest makes for it. */
class Broker extends Server implements CustomTransportStrategy {
  listen(callback: () => void): void {
    callback();
  }
  close(): void {}
  on(): never {
    throw new Error('nothing to listen to');
  }
  unwrap(): never {
    throw new Error('nothing underneath');
  }
  async deliver(context: unknown, data: unknown = {}): Promise<unknown> {
    const handler = this.getHandlerByPattern('who');
    if (handler === null) throw new Error('there is no such handler');
    return firstValueFrom(this.transformToObservable(await handler(data, context)));
  }
}

/** As `MsgHdrs` of NATS: names keep their case. */
function natsHeaders(lines: readonly (readonly [string, string])[]) {
  return {
    keys: () => lines.map(([name]) => name),
    values: (name: string) => lines.filter(([each]) => each === name).map(([, value]) => value),
    get: (name: string) => lines.find(([each]) => each === name)?.[1] ?? '',
  };
}

type KafkaArgs = ConstructorParameters<typeof KafkaContext>[0];

// Their constructors are typed over the packages of the brokers, which are not installed.
const contexts: Record<string, (authorization: string) => unknown> = {
  NATS: (authorization) => new NatsContext(['who', natsHeaders([['Authorization', authorization]])]),
  RabbitMQ: (authorization) =>
    new RmqContext([{ properties: { headers: { authorization } }, content: Buffer.from('') }, {}, 'who']),
  Kafka: (authorization) =>
    new KafkaContext(
      // The type of the message is that of a package which is not installed.
      [{ headers: { authorization: Buffer.from(authorization) } }] as unknown as KafkaArgs,
    ),
  'MQTT 5': (authorization) => new MqttContext(['who', { properties: { userProperties: { authorization } } }]),
};

describe('message handlers behind a broker', () => {
  const broker = new Broker();
  let app: INestMicroservice;
  let bearer: string;
  beforeAll(async () => {
    const module = await Test.createTestingModule({ imports: [AuthModule.forRoot()], controllers: [WhoController] })
      .setLogger(SILENT)
      .compile();
    app = module.createNestMicroservice({ strategy: broker });
    await app.listen();
    bearer = `Bearer ${(await app.get(TokenService).issue('ada')).accessToken}`;
  });
  afterAll(() => app.close());

  it.each(Object.entries(contexts))('authenticate the caller by the headers of %s', async (_, contextWith) => {
    expect(await broker.deliver(contextWith(bearer))).toBe('ada');
    await expect(broker.deliver(contextWith('Bearer a.b.c'))).rejects.toMatchObject({ errorCode: 'token_malformed' });
  });

  it.each(Object.entries(contexts))('do not read the payload if there is %s', async (_, contextWith) => {
    const payload = { headers: { authorization: bearer } };
    await expect(broker.deliver(contextWith('Basic YTpi'), payload)).rejects.toMatchObject({
      errorCode: 'unauthenticated',
    });
  });

  it('authenticate the caller by the payload if the transport has no headers', async () => {
    expect(await broker.deliver(new RedisContext(['who']), { headers: { Authorization: bearer } })).toBe('ada');
    await expect(broker.deliver(new RedisContext(['who']), 'text')).rejects.toMatchObject({
      errorCode: 'unauthenticated',
    });
  });

  it('remember nothing with a context that a strategy of the application uses for every message', async () => {
    const context = new RedisContext(['who']);
    expect(await broker.deliver(context, { headers: { Authorization: bearer } })).toBe('ada');
    await expect(broker.deliver(context, {})).rejects.toMatchObject({ errorCode: 'unauthenticated' });
  });

  it('refuse two lines of a header as ambiguous', async () => {
    const twice = natsHeaders([
      ['Authorization', bearer],
      ['authorization', bearer],
    ]);
    await expect(broker.deliver(new NatsContext(['who', twice]))).rejects.toMatchObject({
      errorCode: 'ambiguous_credentials',
    });
  });
});
