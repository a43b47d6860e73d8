// How the table of the audit trail comes to be. A migration that was released is never changed.
import { Table, type MigrationInterface, type QueryRunner, type TableColumnOptions } from 'typeorm';
import { AuditEntity } from './audit-entity.js';
import type { SqlDialect } from '../sql/database.js';
import { dataSourceOf, dialectOf } from './database.js';
import { indexNameOf, placeOf } from './places.js';

const PLAIN = { type: 'varchar', length: '255' };

/** MariaDB compares text without case and trailing spaces; bytes alone are exact. */
const IDS: Readonly<Record<SqlDialect, object>> = {
  sqlite: PLAIN,
  postgres: PLAIN,
  mysql: { type: 'varbinary', length: '765' },
};

/** Makes `latchkey_audit`. Harmless if it is there already. */
export class CreateLatchkeyAudit1763887200000 implements MigrationInterface {
  // Spelt out, because a bundler that shortens class names would make TypeORM run it again.
  readonly name = 'CreateLatchkeyAudit1763887200000';

  async up(queryRunner: QueryRunner): Promise<void> {
    const id = IDS[dialectOf(dataSourceOf(queryRunner))];
    // The kinds are column options without a name.
    const columns = [
      { name: 'id', isPrimary: true, ...id },
      { name: 'at_ms', type: 'bigint' },
      { name: 'type', type: 'varchar', length: '32' },
      { name: 'issuer', isNullable: true, ...id },
      { name: 'subject', isNullable: true, ...id },
      { name: 'sid', isNullable: true, ...id },
      { name: 'code', type: 'varchar', length: '64', isNullable: true },
      { name: 'detail', type: 'varchar', length: '255', isNullable: true },
    ] as TableColumnOptions[];
    const indices = [
      { name: indexNameOf(queryRunner, AuditEntity, 'subject'), columnNames: ['subject', 'at_ms'] },
      { name: indexNameOf(queryRunner, AuditEntity, 'moment'), columnNames: ['at_ms'] },
    ];
    await queryRunner.createTable(new Table({ name: placeOf(queryRunner, AuditEntity), columns, indices }), true);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable(placeOf(queryRunner, AuditEntity), true);
  }
}
