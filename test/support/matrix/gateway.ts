// A gateway that relies on the default guard: on Nest 11, which would not call it, the application must not start.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { WsAdapter } from '@nestjs/platform-ws';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { AuthModule, guardSockets } from 'nestjs-latchkey';

@WebSocketGateway()
class ChatGateway {
  @SubscribeMessage('say') say(): void {}
}

@Module({ imports: [AuthModule.forRoot()], providers: [ChatGateway] })
class AppModule {}

async function main(): Promise<void> {
  const app = await NestFactory.create(AppModule, { logger: false, abortOnError: false });
  app.useWebSocketAdapter(guardSockets(app, new WsAdapter(app)));
  await app.init();
  process.stdout.write('it started');
}

main()
  .catch((error: unknown) => process.stdout.write(String(error)))
  .finally(() => process.exit());
