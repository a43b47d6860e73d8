// What a user of the packed library does first: a guarded route, an open one and a request-scoped provider, on both adapters.
// Throws if a response is not as expected.
import 'reflect-metadata';
import { deepStrictEqual as expectEqual } from 'node:assert';
import { Controller, Get, Injectable, Module, Scope, UseGuards, type INestApplication } from '@nestjs/common';
import { NestFactory, type AbstractHttpAdapter } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { AuthModule, BlocklistService, CurrentUser, JwtAuthGuard, Public, TokenService } from 'nestjs-latchkey';

let made = 0;

@Injectable({ scope: Scope.REQUEST })
class PerRequest {
  readonly number = (made += 1);
}

@UseGuards(JwtAuthGuard)
@Controller('me')
class MeController {
  constructor(private readonly each: PerRequest) {}

  @Get() me(@CurrentUser('id') id: string) {
    return { id, number: this.each.number };
  }
  @Public() @Get('motto') motto() {
    return { motto: 'open to all' };
  }
}

@Module({ imports: [AuthModule.forRoot()], controllers: [MeController], providers: [PerRequest] })
class AppModule {}

async function drive(app: INestApplication): Promise<void> {
  await app.listen(0, '127.0.0.1');
  const url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
  const get = async (path: string, token?: string) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const answer = await fetch(url + path, { headers });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  const tokens = app.get(TokenService, { strict: false });
  const { accessToken, refreshToken } = await tokens.issue('ada');
  expectEqual((await get('/me')).body['errorCode'], 'unauthenticated');
  expectEqual((await get('/me', refreshToken)).body['errorCode'], 'wrong_token_type');
  expectEqual((await get('/me/motto')).body, { motto: 'open to all' });
  const [first, second] = [await get('/me', accessToken), await get('/me', accessToken)];
  expectEqual([first.status, first.body['id']], [200, 'ada']);
  expectEqual(Number(second.body['number']) - Number(first.body['number']), 1);
  const verified = await tokens.verify(accessToken, { kind: 'access' });
  await app.get(BlocklistService, { strict: false }).revokeToken(verified);
  expectEqual((await get('/me', accessToken)).status, 401);
  await app.close();
}

async function main(): Promise<void> {
  for (const adapter of [new ExpressAdapter(), new FastifyAdapter()] as AbstractHttpAdapter[]) {
    await drive(await NestFactory.create(AppModule, adapter, { logger: false, abortOnError: false }));
  }
  process.stdout.write(`ran on Node ${process.versions.node}`);
}

// Not awaited at the top, so that it also runs as CommonJS.
main().catch((error: unknown) => {
  process.stderr.write(String(error instanceof Error ? error.stack : error), () => process.exit(1));
});
