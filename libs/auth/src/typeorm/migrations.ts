// How the tables come to be, on each database. A migration that was released is never changed, so that it says everything
// itself and takes nothing from the entities but their place.
import { Table, type MigrationInterface, type QueryRunner, type TableColumnOptions } from 'typeorm';
import type { SqlDialect } from '../sql/database.js';
import { dataSourceOf, dialectOf } from './database.js';
import { CreateLatchkeyAudit1763887200000 } from './audit.migration.js';
import { CreateLatchkeyKeySets1763883600000 } from './key-sets.migration.js';
import { LoginEntity, RevocationEntity } from './entities.js';
import { CreateLatchkeyOneTime1764504000000 } from './one-time.migration.js';
import { indexNameOf, placeOf } from './places.js';
import { RememberReplacedTokens1764417600000 } from './replaced.migration.js';

interface ColumnKinds {
  /** An id, compared byte by byte. */
  id(name: string, more?: Partial<TableColumnOptions>): TableColumnOptions;
  /** Free text for users. */
  note(name: string): TableColumnOptions;
  /** An epoch time. */
  time(name: string, more?: Partial<TableColumnOptions>): TableColumnOptions;
}

const time = (name: string, more: Partial<TableColumnOptions> = {}): TableColumnOptions => ({
  name,
  type: 'bigint',
  ...more,
});

const PLAIN: ColumnKinds = {
  id: (name, more = {}) => ({ name, type: 'varchar', length: '255', ...more }),
  note: (name) => ({ name, type: 'varchar', length: '255', isNullable: true }),
  time,
};

// MariaDB compares text without case and without trailing spaces, in binary collations too; bytes alone are exact. 255 UTF-16
// units are at most 765 bytes.
const MYSQL: ColumnKinds = {
  id: (name, more = {}) => ({ name, type: 'varbinary', length: '765', ...more }),
  note: (name) => ({ ...PLAIN.note(name), charset: 'utf8mb4', collation: 'utf8mb4_bin' }),
  time,
};

const COLUMNS: Readonly<Record<SqlDialect, ColumnKinds>> = { sqlite: PLAIN, postgres: PLAIN, mysql: MYSQL };

/** Makes `latchkey_revocations` and `latchkey_logins`. Harmless if they are there already. */
export class CreateLatchkeyTables1763880000000 implements MigrationInterface {
  // Spelt out, because a bundler that shortens class names would make TypeORM run it again.
  readonly name = 'CreateLatchkeyTables1763880000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    const columns = COLUMNS[dialectOf(dataSourceOf(queryRunner))];
    await queryRunner.createTable(revocations(queryRunner, columns), true);
    await queryRunner.createTable(logins(queryRunner, columns), true);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const entity of [LoginEntity, RevocationEntity])
      await queryRunner.dropTable(placeOf(queryRunner, entity), true);
  }
}

/**
 * All migrations, for the `migrations` of a DataSource. They run on SQLite, PostgreSQL, MySQL and MariaDB.
 *
 * @example
 * ```ts
 * import { latchkeyEntities, latchkeyMigrations } from 'nestjs-latchkey/typeorm';
 * import { DataSource } from 'typeorm';
 *
 * export const dataSource = new DataSource({
 *   type: 'postgres',
 *   entities: [...latchkeyEntities],
 *   migrations: [...latchkeyMigrations],
 *   migrationsRun: true,
 * });
 * ```
 */
export const latchkeyMigrations = [
  CreateLatchkeyTables1763880000000,
  CreateLatchkeyKeySets1763883600000,
  CreateLatchkeyAudit1763887200000,
  RememberReplacedTokens1764417600000,
  CreateLatchkeyOneTime1764504000000,
] as const;

function revocations(queryRunner: QueryRunner, { id, note, time }: ColumnKinds): Table {
  const index = (over: string): string => indexNameOf(queryRunner, RevocationEntity, over);
  return new Table({
    name: placeOf(queryRunner, RevocationEntity),
    columns: [
      id('issuer', { isPrimary: true }),
      id('kind', { isPrimary: true, length: '16' }),
      id('id', { isPrimary: true }),
      time('revoked_at'),
      time('expires_at'),
      id('except_sid', { isNullable: true }),
      note('reason'),
      time('changed_at'),
    ],
    indices: [
      { name: index('moment'), columnNames: ['revoked_at'] },
      { name: index('end'), columnNames: ['expires_at'] },
      { name: index('change'), columnNames: ['changed_at'] },
    ],
  });
}

function logins(queryRunner: QueryRunner, { id, note, time }: ColumnKinds): Table {
  const subject = indexNameOf(queryRunner, LoginEntity, 'subject');
  return new Table({
    name: placeOf(queryRunner, LoginEntity),
    columns: [
      id('issuer', { isPrimary: true }),
      id('sid', { isPrimary: true }),
      id('subject'),
      id('current_jti'),
      time('current_issued_at'),
      time('current_expires_at'),
      id('previous_jti', { isNullable: true }),
      time('rotated_at_ms', { isNullable: true }),
      time('created_at'),
      time('last_used_at'),
      time('absolute_expires_at'),
      note('label'),
    ],
    indices: [{ name: subject, columnNames: ['issuer', 'subject'] }],
  });
}
