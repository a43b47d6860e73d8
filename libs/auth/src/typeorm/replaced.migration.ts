// How sign-ins come to remember all that was replaced within the grace. A migration that was released is never changed.
import { TableColumn, type MigrationInterface, type QueryRunner } from 'typeorm';
import { dataSourceOf, dialectOf } from './database.js';
import { LoginEntity } from './entities.js';
import { placeOf } from './places.js';

const COLUMN = 'replaced_earlier';

/** Adds `replaced_earlier` to `latchkey_logins`. Harmless if it is there already; processes of the version before go on beside it. */
export class RememberReplacedTokens1764417600000 implements MigrationInterface {
  // Spelt out, because a bundler that shortens class names would make TypeORM run it again.
  readonly name = 'RememberReplacedTokens1764417600000';

  async up(queryRunner: QueryRunner): Promise<void> {
    const table = placeOf(queryRunner, LoginEntity);
    if (await queryRunner.hasColumn(table, COLUMN)) return;
    const text = { name: COLUMN, type: 'text', isNullable: true };
    const isMysql = dialectOf(dataSourceOf(queryRunner)) === 'mysql';
    const exact = isMysql ? { ...text, charset: 'utf8mb4', collation: 'utf8mb4_bin' } : text;
    await queryRunner.addColumn(table, new TableColumn(exact));
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    const table = placeOf(queryRunner, LoginEntity);
    if (await queryRunner.hasColumn(table, COLUMN)) await queryRunner.dropColumn(table, COLUMN);
  }
}
