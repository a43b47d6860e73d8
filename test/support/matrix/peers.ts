// What the doors make of their peers, in the versions beside one Nest: TypeORM keeps every promise of the stores, OpenAPI names the scheme,
// health checks answer, and passport's guard accepts and refuses. Throws where anything answers otherwise than it should.
import 'reflect-metadata';
import { deepStrictEqual as expectEqual } from 'node:assert';
import { Controller, Get, Global, Module, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { AuthModule, Public, TokenService, type Clock } from 'nestjs-latchkey';
import { PassportJwtModule } from 'nestjs-latchkey/passport';
import { describeAuth } from 'nestjs-latchkey/swagger';
import { AuthHealthIndicator } from 'nestjs-latchkey/terminus';
import { storeContract } from 'nestjs-latchkey/testing';
import { latchkeyEntities, latchkeyMigrations, typeOrmStores } from 'nestjs-latchkey/typeorm';
import { DataSource } from 'typeorm';

@Controller()
class RoutesController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly auth: AuthHealthIndicator,
  ) {}

  @UseGuards(AuthGuard('jwt')) @Get('passport') passport() {
    return { by: 'passport' };
  }
  @Public() @Get('ready') @HealthCheck() ready() {
    return this.health.check([() => this.auth.stores(), () => this.auth.keySets()]);
  }
}

async function openDatabase(): Promise<DataSource> {
  const source = new DataSource({
    type: 'sqljs',
    entities: [...latchkeyEntities],
    migrations: [...latchkeyMigrations],
    migrationsRun: true,
  });
  return source.initialize();
}

/** Every test of the contract has a database of its own. */
async function proveStores(): Promise<number> {
  for (const { run } of storeContract) {
    const source = await openDatabase();
    await run((clock: Clock) => typeOrmStores().useFactory(clock, source));
    await source.destroy();
  }
  return storeContract.length;
}

async function proveRoutes(): Promise<void> {
  @Global()
  @Module({ providers: [{ provide: DataSource, useFactory: openDatabase }], exports: [DataSource] })
  class DatabaseModule {}

  @Module({
    imports: [DatabaseModule, AuthModule.forRoot({ stores: typeOrmStores() }), PassportJwtModule, TerminusModule],
    controllers: [RoutesController],
    providers: [AuthHealthIndicator],
  })
  class AppModule {}
  const app = await NestFactory.create(AppModule, { logger: false, abortOnError: false });
  const document = describeAuth(app, () => SwaggerModule.createDocument(app, new DocumentBuilder().build()));
  expectEqual(Object.keys(document.components?.securitySchemes ?? {}), ['bearer']);
  expectEqual(document.paths['/ready']?.get?.security ?? [], []);
  await app.listen(0, '127.0.0.1');
  const statusOf = async (path: string, token?: string) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    return (await fetch((await app.getUrl()) + path, { headers })).status;
  };
  const { accessToken, refreshToken } = await app.get(TokenService, { strict: false }).issue('ada');
  const statuses = [await statusOf('/ready'), await statusOf('/passport'), await statusOf('/passport', refreshToken)];
  expectEqual([...statuses, await statusOf('/passport', accessToken)], [200, 401, 401, 200]);
  await app.get(DataSource).destroy();
  await app.close();
}

async function main(): Promise<void> {
  const promises = await proveStores();
  await proveRoutes();
  process.stdout.write(`${promises} promises kept`);
}

// Not awaited at the top, so that it also runs as CommonJS.
main().catch((error: unknown) => {
  process.stderr.write(String(error instanceof Error ? error.stack : error), () => process.exit(1));
});
