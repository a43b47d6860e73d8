// How the table of used one-time tokens comes to be. A migration that was released is never changed.
import { Table, type MigrationInterface, type QueryRunner, type TableColumnOptions } from 'typeorm';
import type { SqlDialect } from '../sql/database.js';
import { dataSourceOf, dialectOf } from './database.js';
import { OneTimeEntity } from './one-time-entity.js';
import { indexNameOf, placeOf } from './places.js';

const PLAIN = { type: 'varchar', length: '255' };

/** MariaDB compares text without case and trailing spaces; bytes alone are exact. */
const IDS: Readonly<Record<SqlDialect, object>> = {
  sqlite: PLAIN,
  postgres: PLAIN,
  mysql: { type: 'varbinary', length: '765' },
};

/** Makes `latchkey_one_time`. Harmless if it is there already. */
export class CreateLatchkeyOneTime1764504000000 implements MigrationInterface {
  // Spelt out, because a bundler that shortens class names would make TypeORM run it again.
  readonly name = 'CreateLatchkeyOneTime1764504000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    // The kinds are column options without a name.
    const columns = [
      { name: 'id', isPrimary: true, ...IDS[dialectOf(dataSourceOf(queryRunner))] },
      { name: 'expires_at', type: 'bigint' },
    ] as TableColumnOptions[];
    const indices = [{ name: indexNameOf(queryRunner, OneTimeEntity, 'end'), columnNames: ['expires_at'] }];
    await queryRunner.createTable(new Table({ name: placeOf(queryRunner, OneTimeEntity), columns, indices }), true);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable(placeOf(queryRunner, OneTimeEntity), true);
  }
}
