import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';

export class CreateUsers1763900000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(
      new Table({
        name: 'users',
        columns: [
          { name: 'id', type: 'varchar', length: '36', isPrimary: true },
          { name: 'username', type: 'varchar', length: '64', isUnique: true },
          { name: 'password_hash', type: 'varchar', length: '255' },
          { name: 'active', type: 'boolean', default: true },
          { name: 'version', type: 'int', default: 1 },
          { name: 'roles', type: 'text' },
          { name: 'scopes', type: 'text' },
          { name: 'motto', type: 'varchar', length: '255', default: "''" },
        ],
      }),
      true,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable('users');
  }
}
