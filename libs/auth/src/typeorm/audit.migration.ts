// Owns how the table of the audit trail comes to be. A migration that was released is never changed.
import { Table, type MigrationInterface, type QueryRunner, type TableColumnOptions } from 'typeorm';
import { dialectOf, type Dialect } from './database.js';

const PLAIN = { type: 'varchar', length: '255' };

/** MariaDB compares text without case and trailing blanks; bytes alone are exact. */
const IDS: Readonly<Record<Dialect, object>> = {
  sqlite: PLAIN,
  postgres: PLAIN,
  mysql: { type: 'varbinary', length: '765' },
};

/** Makes `latchkey_audit`. Harmless where it is there already. */
export class CreateLatchkeyAudit1763887200000 implements MigrationInterface {
  // Spelt out, because a bundler that shortens class names would make TypeORM run it again.
  readonly name = 'CreateLatchkeyAudit1763887200000';

  async up(queryRunner: QueryRunner): Promise<void> {
    const id = IDS[dialectOf(queryRunner.dataSource)];
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
      { name: 'latchkey_audit_subject', columnNames: ['subject', 'at_ms'] },
      { name: 'latchkey_audit_moment', columnNames: ['at_ms'] },
    ];
    await queryRunner.createTable(new Table({ name: 'latchkey_audit', columns, indices }), true);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable('latchkey_audit', true);
  }
}
