import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';

export class CreateKnownAddresses1764504000001 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(
      new Table({
        name: 'known_addresses',
        columns: [
          { name: 'digest', type: 'varchar', length: '64', isPrimary: true },
          { name: 'successes', type: 'int' },
          { name: 'seen_at', type: 'bigint' },
        ],
        indices: [{ name: 'known_addresses_seen_at', columnNames: ['seen_at'] }],
      }),
      true,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable('known_addresses');
  }
}
