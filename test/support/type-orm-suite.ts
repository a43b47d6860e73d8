// Owns what TypeORM stores are put through on each database, beyond what all stores are.
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import type { Clock, Stores } from 'nestjs-latchkey';
import {
  AuditEntity,
  KeySetEntity,
  latchkeyEntities,
  latchkeyMigrations,
  TypeOrmAuditSink,
  TypeOrmKeySetCache,
  typeOrmStores,
} from 'nestjs-latchkey/typeorm';
import { auditSinkContract, keySetCacheContract } from 'nestjs-latchkey/testing';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { testStores } from './store-suite.js';

export async function openDataSource(options: DataSourceOptions): Promise<DataSource> {
  const dataSource = await new DataSource({
    ...options,
    entities: [...latchkeyEntities],
    migrations: [...latchkeyMigrations],
  }).initialize();
  await dataSource.runMigrations();
  return dataSource;
}

/** Runs everything on one database. `options` is asked once the server is there. */
export function testTypeOrmStores(options: () => DataSourceOptions, histories?: number): void {
  let dataSource: DataSource;
  beforeAll(async () => {
    dataSource = await openDataSource(options());
  }, 60_000);
  afterAll(() => dataSource?.destroy());

  testStores(async (clock) => {
    for (const entity of latchkeyEntities) await dataSource.getRepository(entity.options.name).clear();
    return storesOf(dataSource, clock);
  }, histories);

  describe('the contract of audit sinks', () => {
    for (const { name, run } of auditSinkContract)
      it(name, () =>
        run(async () => {
          await dataSource.getRepository(AuditEntity).clear();
          return new TypeOrmAuditSink(dataSource);
        }),
      );
  });

  describe('the contract of shared key sets', () => {
    for (const { name, run } of keySetCacheContract)
      it(name, () =>
        run(async () => {
          await dataSource.getRepository(KeySetEntity).clear();
          return new TypeOrmKeySetCache(dataSource);
        }),
      );
  });
}

export function storesOf(dataSource: DataSource, clock: Clock): Stores | Promise<Stores> {
  return typeOrmStores().useFactory(clock, dataSource);
}
