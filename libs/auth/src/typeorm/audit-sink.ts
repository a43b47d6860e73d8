// The audit trail on a DataSource.
import { DataSource } from 'typeorm';
import type { AuditSinkFactory } from '../events.js';
import { SqlAuditSink } from '../sql/audit-sink.js';
import { AuditEntity } from './audit-entity.js';
import { runnerOn } from './database.js';
import { checkEntity, runMigrations } from './readiness.js';

/** The audit trail in one table of your database. */
export class TypeOrmAuditSink extends SqlAuditSink {
  constructor(private readonly dataSource: DataSource) {
    super(runnerOn(dataSource), runMigrations(dataSource));
  }

  override async checkReady(): Promise<void> {
    checkEntity(this.dataSource, AuditEntity);
    await super.checkReady();
  }
}

/**
 * Keeps the audit trail in your own database.
 *
 * @param dataSource the injection token of the DataSource, for an application that has several
 * @example
 * ```ts
 * import { AuthModule } from 'nestjs-latchkey';
 * import { typeOrmAuditSink, typeOrmStores } from 'nestjs-latchkey/typeorm';
 *
 * export const auth = AuthModule.forRoot({ stores: typeOrmStores(), audit: { sink: typeOrmAuditSink() } });
 * ```
 */
export function typeOrmAuditSink(dataSource: unknown = DataSource): AuditSinkFactory {
  return { inject: [dataSource], useFactory: (source: DataSource) => new TypeOrmAuditSink(source) };
}
