// typeOrmStores(): what an application names in `stores`.
import { DataSource } from 'typeorm';
import { Clock } from '../core/internal.js';
import type { Stores, StoresFactory } from '../stores.js';
import type { PushOptions } from '../sql/listener.js';
import { TypeOrmOneTimeStore, TypeOrmLoginStore, TypeOrmBlocklistStore } from './stores.js';

/** Which database to use. */
export interface TypeOrmStoresOptions extends PushOptions {
  /**
   * The injection token of the DataSource, for an application that has several: `getDataSourceToken('name')`.
   * @defaultValue the default one of `TypeOrmModule`
   */
  readonly dataSource?: unknown;
}

/**
 * Keeps revocations, sign-ins and used one-time tokens in your own database: SQLite, PostgreSQL, MySQL or MariaDB.
 *
 * The stores join a transaction of yours only through {@link joinTypeOrmTransaction}. SQLite is the exception: TypeORM has one connection
 * to it, so that what is written while your transaction is open goes when it is rolled back.
 *
 * @example
 * ```ts
 * import { AuthModule } from 'nestjs-latchkey';
 * import { latchkeyEntities, latchkeyMigrations, typeOrmStores } from 'nestjs-latchkey/typeorm';
 *
 * export const dataSourceOptions = {
 *   type: 'postgres',
 *   entities: [...latchkeyEntities],
 *   migrations: [...latchkeyMigrations],
 *   migrationsRun: true,
 * };
 * export const auth = AuthModule.forRoot({ stores: typeOrmStores() });
 * ```
 */
export function typeOrmStores({ dataSource = DataSource, listen }: TypeOrmStoresOptions = {}): StoresFactory {
  return {
    inject: [Clock, dataSource],
    remedy:
      'import TypeOrmModule.forRoot() in your root module; for a DataSource of another name set typeOrmStores({ dataSource })',
    useFactory: (clock: Clock, source: DataSource): Stores => ({
      revocations: new TypeOrmBlocklistStore(source, clock, listen),
      logins: new TypeOrmLoginStore(source, clock),
      oneTime: new TypeOrmOneTimeStore(source, clock),
    }),
  };
}
