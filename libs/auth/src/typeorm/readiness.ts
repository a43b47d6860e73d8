// The look at the database before the first request: what is missing is a boot error that says how to make it.
import type { DataSource, EntityMetadata, EntitySchema, ObjectLiteral, Table } from 'typeorm';
import { AuthConfigurationError } from '../core/internal.js';
import { dialectOf } from './database.js';

const RUN_MIGRATIONS =
  'Add `...latchkeyMigrations` of nestjs-latchkey/typeorm to the `migrations` of the DataSource and run them';

const SHARED_NOTES = 'migrations of another application in the same schema count as its own';

/**
 * Looks whether an entity and its table are there as the store needs them.
 * @throws {AuthConfigurationError} with every lack at once
 */
export async function checkTable<Row extends ObjectLiteral>(
  dataSource: DataSource,
  entity: EntitySchema<Row>,
): Promise<void> {
  const { name } = entity.options;
  if (!dataSource.hasMetadata(entity))
    throw new AuthConfigurationError([
      `The entity ${name} is not in the DataSource. Add \`...latchkeyEntities\` of nestjs-latchkey/typeorm to its \`entities\`.`,
    ]);
  const metadata = dataSource.getMetadata(entity);
  const problems = problemsOf(
    await tableAt(dataSource, metadata.tablePath),
    metadata,
    dialectOf(dataSource) === 'mysql',
  );
  // TypeORM does not prefix the table in which it notes what ran, so that what ran for one application seems to have run for the other.
  const hint = dataSource.options.entityPrefix
    ? [`The DataSource has an entityPrefix: give it a migrationsTableName of its own, or ${SHARED_NOTES}.`]
    : [];
  if (problems.length > 0) throw new AuthConfigurationError([...problems, ...hint]);
}

async function tableAt(dataSource: DataSource, path: string): Promise<Table | undefined> {
  const runner = dataSource.createQueryRunner('master');
  try {
    return await runner.getTable(path);
  } finally {
    await runner.release();
  }
}

function problemsOf(table: Table | undefined, metadata: EntityMetadata, mustCompareBytes: boolean): string[] {
  const path = metadata.tablePath;
  if (!table) return [`The table ${path} is missing. ${RUN_MIGRATIONS}.`];
  const columns = metadata.columns.filter(({ databaseName }) => !table.findColumnByName(databaseName));
  return [
    ...columns.map(({ databaseName }) => `The column ${path}.${databaseName} is missing. ${RUN_MIGRATIONS}.`),
    ...lackingKey(table, metadata),
    ...lackingIndexes(table, metadata),
    ...(mustCompareBytes ? inexactIds(table, metadata) : []),
  ];
}

function lackingKey(table: Table, metadata: EntityMetadata): string[] {
  const wanted = metadata.primaryColumns.map(({ databaseName }) => databaseName);
  const found = table.primaryColumns.map(({ name }) => name);
  if (wanted.length === found.length && wanted.every((name) => found.includes(name))) return [];
  return [`The primary key of ${metadata.tablePath} is not (${wanted.join(', ')}). ${RUN_MIGRATIONS}.`];
}

function lackingIndexes(table: Table, metadata: EntityMetadata): string[] {
  return metadata.indices
    .map(({ columns }) => columns.map(({ databaseName }) => databaseName))
    .filter((wanted) => !table.indices.some(({ columnNames }) => sameNames(columnNames, wanted)))
    .map((wanted) => `The index on ${metadata.tablePath} (${wanted.join(', ')}) is missing. ${RUN_MIGRATIONS}.`);
}

/** In any order: TypeORM reads the columns of an index from PostgreSQL as the planner happens to join them. */
function sameNames(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && other.every((name) => one.includes(name));
}

/** MariaDB and MySQL compare text without case and trailing blanks unless it is bytes: one user would be another. */
function inexactIds(table: Table, metadata: EntityMetadata): string[] {
  return table.primaryColumns
    .filter(({ type }) => !type.includes('binary'))
    .map(
      ({ name }) =>
        `The column ${metadata.tablePath}.${name} does not compare byte by byte: it must be VARBINARY. ${RUN_MIGRATIONS}.`,
    );
}
