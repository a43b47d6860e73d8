// Fetched key sets on a DataSource.
import type { DataSource } from 'typeorm';
import { StoredKeySetCache } from '../sql/key-set-cache.js';
import { runnerOn } from './database.js';
import { KeySetEntity } from './key-set-entity.js';
import { checkEntity, runMigrations } from './readiness.js';

/**
 * Shares fetched key sets in one table of your database: name it as `sharedCache` of the issuers in `trust`.
 *
 * @example
 * ```ts
 * import { AuthModule } from 'nestjs-latchkey';
 * import { TypeOrmKeySetCache } from 'nestjs-latchkey/typeorm';
 * import { DataSource } from 'typeorm';
 *
 * export const auth = AuthModule.forRootAsync({
 *   inject: [DataSource],
 *   useFactory: (dataSource: DataSource) => ({
 *     trust: [
 *       {
 *         issuer: 'https://accounts.example.com',
 *         audience: 'courses',
 *         keys: { discovery: true, sharedCache: new TypeOrmKeySetCache(dataSource) },
 *       },
 *     ],
 *   }),
 * });
 * ```
 */
export class TypeOrmKeySetCache extends StoredKeySetCache {
  constructor(private readonly dataSource: DataSource) {
    super(runnerOn(dataSource), runMigrations(dataSource));
  }

  override async checkReady(): Promise<void> {
    checkEntity(this.dataSource, KeySetEntity);
    await super.checkReady();
  }
}
