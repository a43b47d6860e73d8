// Factories of the options whose dependencies are missing, or fail.
import { Module, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { describe, expect, it } from '@jest/globals';
import { AuthConfigurationError, AuthModule, memoryStores } from 'nestjs-latchkey';
import type { StoresFactory } from 'nestjs-latchkey/stores';
import { redisStores } from 'nestjs-latchkey/redis';
import { sqlAuditSink } from 'nestjs-latchkey/sql';
import { typeOrmStores } from 'nestjs-latchkey/typeorm';
import { DataSource } from 'typeorm';

const REDIS = Symbol('REDIS');

function moduleWith(...imports: readonly DynamicModule[]): DynamicModule {
  @Module({})
  class RootModule {}
  return { module: RootModule, imports: [...imports] };
}

async function errorOf(...imports: readonly DynamicModule[]): Promise<unknown> {
  const options = { logger: false, abortOnError: false } as const;
  const started = NestFactory.createApplicationContext(moduleWith(...imports), options);
  return started.then(
    (app) => app.close(),
    (error: unknown) => error,
  );
}

const providing = (provide: unknown, useFactory: () => unknown): DynamicModule => {
  @Module({})
  class ProvidingModule {}
  const token = provide as symbol;
  return { module: ProvidingModule, global: true, providers: [{ provide: token, useFactory }], exports: [token] };
};

describe('a factory of the options whose dependency no module provides', () => {
  it.each<[string, Parameters<typeof AuthModule.forRoot>[0], string]>([
    [
      'typeOrmStores()',
      { stores: typeOrmStores() },
      'stores needs DataSource, which AuthModule cannot inject: import TypeOrmModule.forRoot() in your root module',
    ],
    [
      'typeOrmStores({ dataSource })',
      { stores: typeOrmStores({ dataSource: 'OtherDataSource' }) },
      'stores needs OtherDataSource, which AuthModule cannot inject',
    ],
    ['redisStores({ inject })', { stores: redisStores({ inject: REDIS }) }, 'stores needs Symbol(REDIS), which'],
    [
      'sqlAuditSink({ inject })',
      { audit: { sink: sqlAuditSink({ inject: REDIS }) } },
      'audit.sink needs Symbol(REDIS)',
    ],
  ])('is named by the option and not by a symbol of the library: %s', async (_, options, sentence) => {
    const error = await errorOf(AuthModule.forRoot(options));
    expect(error).toBeInstanceOf(AuthConfigurationError);
    expect(String(error)).toContain(sentence);
    expect(String(error)).not.toMatch(/nestjs-latchkey:|circular|resolve dependencies/);
  });

  it('keeps its name in a named configuration', async () => {
    const error = await errorOf(AuthModule.forRoot(), AuthModule.forRoot({ name: 'admin', stores: typeOrmStores() }));
    expect(String(error)).toContain('stores needs DataSource');
  });

  it('is started without it if the factory itself says that it is optional', async () => {
    const given: unknown[] = [];
    const stores: StoresFactory = {
      inject: [{ token: REDIS, optional: true }],
      useFactory: (redis: unknown) => {
        given.push(redis);
        return memoryStores().useFactory();
      },
    };
    expect(await errorOf(AuthModule.forRoot({ stores }))).toBeUndefined();
    expect(given).toEqual([undefined]);
  });
});

describe('a factory of the options whose dependency fails', () => {
  it.each([
    ['at once', () => Promise.reject(new Error('connect ECONNREFUSED'))],
    [
      'later',
      async () => {
        await new Promise((resolve) => setTimeout(resolve, 50));
        throw new Error('connect ECONNREFUSED');
      },
    ],
    [
      'in its constructor',
      () => {
        throw new Error('connect ECONNREFUSED');
      },
    ],
  ])('is reported with the error of the dependency, which failed %s', async (_, fail) => {
    for (const order of [0, 1]) {
      const modules = [providing(DataSource, fail), AuthModule.forRoot({ stores: typeOrmStores() })];
      if (order === 1) modules.reverse();
      expect(String(await errorOf(...modules))).toBe('Error: connect ECONNREFUSED');
    }
  });

  it('is reported with the error of what the dependency itself is made of', async () => {
    @Module({})
    class DatabaseModule {}
    const database: DynamicModule = {
      module: DatabaseModule,
      global: true,
      providers: [
        { provide: 'URL', inject: ['ENVIRONMENT'], useFactory: String },
        { provide: 'OPTIONS', inject: ['URL'], useFactory: String },
        { provide: DataSource, inject: ['OPTIONS'], useFactory: String },
      ],
      exports: [DataSource],
    };
    for (const modules of [
      [database, AuthModule.forRoot({ stores: typeOrmStores() })],
      [AuthModule.forRoot({ stores: typeOrmStores() }), database],
    ])
      expect(String(await errorOf(...modules))).toContain('"ENVIRONMENT"');
  });
});
