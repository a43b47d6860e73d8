// A composite guard on a message handler of a connected microservice, which the guards of the whole application do not reach.
import {
  Controller,
  Get,
  Inject,
  Injectable,
  Module,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { APP_GUARD, ModuleRef, NestFactory } from '@nestjs/core';
import { ClientProxyFactory, MessagePattern, Transport } from '@nestjs/microservices';
import { describe, expect, it } from '@jest/globals';
import { firstValueFrom } from 'rxjs';
import type { AddressInfo, Server } from 'node:net';
import { AuthModule, JwtAuthGuard, Public, TokenService } from 'nestjs-latchkey';

/** As `OrGuard([JwtAuthGuard])` does it. */
@Injectable()
class AskingGuard implements CanActivate {
  constructor(@Inject(ModuleRef) private readonly modules: ModuleRef) {}
  async canActivate(context: ExecutionContext): Promise<boolean> {
    return (await this.modules.get<CanActivate>(JwtAuthGuard, { strict: false }).canActivate(context)) === true;
  }
}

@Controller()
class Handlers {
  @Public() @UseGuards(AskingGuard) @Get('asked') asked() {
    return 'in';
  }
  @Public() @UseGuards(AskingGuard) @MessagePattern('asked') askedByMessage() {
    return 'in';
  }
  @Public() @MessagePattern('open') open() {
    return 'open';
  }
}

@Module({
  imports: [AuthModule.forRoot()],
  controllers: [Handlers],
  // As applications have it that registered the guard themselves.
  providers: [JwtAuthGuard, AskingGuard, { provide: APP_GUARD, useExisting: JwtAuthGuard }],
})
class AppModule {}

describe.each([false, true])('a microservice that inherits the guards of the application: %s', (inheritAppConfig) => {
  it('validates when a composite guard asks, and also on a public handler', async () => {
    const app = await NestFactory.create(AppModule, { logger: false });
    const options = { port: 0, host: '127.0.0.1' };
    const connected = app.connectMicroservice({ transport: Transport.TCP, options }, { inheritAppConfig });
    await app.startAllMicroservices();
    await app.listen(0);
    const { port } = connected.unwrap<Server>().address() as AddressInfo;
    const client = ClientProxyFactory.create({ transport: Transport.TCP, options: { ...options, port } });
    const send = (pattern: string, headers: object) =>
      firstValueFrom(client.send<unknown>(pattern, { headers })).catch(
        (error: { errorCode: string }) => error.errorCode,
      );
    const { accessToken } = await app.get(TokenService).issue('ada');
    const answers = [
      await send('asked', {}),
      await send('asked', { authorization: `Bearer ${accessToken}` }),
      await send('open', {}),
    ];
    client.close();
    await app.close();
    expect(answers).toEqual(['unauthenticated', 'in', 'open']);
  });
});
