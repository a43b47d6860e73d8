// How the table of fetched key sets comes to be. A migration that was released is never changed.
import { Table, type MigrationInterface, type QueryRunner, type TableColumnOptions } from 'typeorm';
import type { SqlDialect } from '../sql/database.js';
import { dataSourceOf, dialectOf } from './database.js';
import { KeySetEntity } from './key-set-entity.js';
import { placeOf } from './places.js';

const PLAIN_KEY = { type: 'varchar', length: '255' };
const PLAIN_BODY = { type: 'text' };

/** MariaDB compares text without case, and its TEXT ends at 64 KiB. */
const KINDS: Readonly<Record<SqlDialect, { readonly key: object; readonly body: object }>> = {
  sqlite: { key: PLAIN_KEY, body: PLAIN_BODY },
  postgres: { key: PLAIN_KEY, body: PLAIN_BODY },
  mysql: { key: { type: 'varbinary', length: '765' }, body: { type: 'mediumtext', charset: 'utf8mb4' } },
};

/** Makes `latchkey_key_sets`. Harmless if it is there already. */
export class CreateLatchkeyKeySets1763883600000 implements MigrationInterface {
  // Spelt out, because a bundler that shortens class names would make TypeORM run it again.
  readonly name = 'CreateLatchkeyKeySets1763883600000';

  async up(queryRunner: QueryRunner): Promise<void> {
    const { key, body } = KINDS[dialectOf(dataSourceOf(queryRunner))];
    // The kinds are column options without a name.
    const columns = [
      { name: 'address', isPrimary: true, ...key },
      { name: 'body', isNullable: true, ...body },
      { name: 'fetched_at_ms', type: 'bigint' },
      { name: 'fresh_until_ms', type: 'bigint' },
      { name: 'holder', type: 'varchar', length: '64' },
      { name: 'lease_ends_at_ms', type: 'bigint' },
    ] as TableColumnOptions[];
    await queryRunner.createTable(new Table({ name: placeOf(queryRunner, KeySetEntity), columns }), true);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable(placeOf(queryRunner, KeySetEntity), true);
  }
}
