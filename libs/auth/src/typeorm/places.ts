// The names that a DataSource gives to what migrations make.
import type { EntitySchema, ObjectLiteral, QueryRunner } from 'typeorm';

/** The schema and prefix that the DataSource gives a table; the bare name where a tool runs migrations without entities. */
export function placeOf<Row extends ObjectLiteral>({ dataSource }: QueryRunner, entity: EntitySchema<Row>): string {
  return dataSource.hasMetadata(entity) ? dataSource.getMetadata(entity).tablePath : (entity.options.tableName ?? '');
}
