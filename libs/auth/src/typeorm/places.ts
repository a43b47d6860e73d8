// The names that a DataSource gives to what migrations make. ErrorResponses two applications in one schema: SQLite and PostgreSQL know an
// index by its name alone, whatever its table.
import { createHash } from 'node:crypto';
import type { EntitySchema, ObjectLiteral, QueryRunner } from 'typeorm';

/** The schema and prefix that the DataSource gives a table; the bare name where a tool runs migrations without entities. */
export function placeOf<Row extends ObjectLiteral>({ dataSource }: QueryRunner, entity: EntitySchema<Row>): string {
  return dataSource.hasMetadata(entity) ? dataSource.getMetadata(entity).tablePath : (entity.options.tableName ?? '');
}

/** What every database takes as a name: 63 bytes on PostgreSQL, which cuts off the rest without a word. */
const LONGEST = 63;

/**
 * The name of an index: that of its table, prefix included, and what it is over. Where that is too long, a digest keeps the names of two
 * applications apart.
 */
export function indexNameOf<Row extends ObjectLiteral>(
  { dataSource }: QueryRunner,
  entity: EntitySchema<Row>,
  over: string,
): string {
  const table = dataSource.hasMetadata(entity) ? dataSource.getMetadata(entity).tableName : entity.options.tableName;
  const name = `${table ?? ''}_${over}`;
  if (Buffer.byteLength(name) <= LONGEST) return name;
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 16);
  return `latchkey_${over}_${digest}`;
}
