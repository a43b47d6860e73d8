// The names that a DataSource gives to what migrations make. SQLite and PostgreSQL know an index by its name alone, whatever its table.
import type { EntitySchema, ObjectLiteral, QueryRunner } from 'typeorm';
import { indexName } from '../sql/tables.js';
import { dataSourceOf } from './database.js';

/** The schema and prefix that the DataSource gives a table; the bare name if a tool runs migrations without entities. */
export function placeOf<Row extends ObjectLiteral>(runner: QueryRunner, entity: EntitySchema<Row>): string {
  const dataSource = dataSourceOf(runner);
  return dataSource.hasMetadata(entity) ? dataSource.getMetadata(entity).tablePath : (entity.options.tableName ?? '');
}

/** The name of an index: that of its table, prefix included, and what it is over. */
export function indexNameOf<Row extends ObjectLiteral>(
  runner: QueryRunner,
  entity: EntitySchema<Row>,
  over: string,
): string {
  const dataSource = dataSourceOf(runner);
  const table = dataSource.hasMetadata(entity) ? dataSource.getMetadata(entity).tableName : entity.options.tableName;
  return indexName(table ?? '', over);
}
