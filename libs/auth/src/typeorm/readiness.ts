// What an application has to do if its DataSource lacks an entity, or its database a table.
import type { DataSource, EntitySchema, ObjectLiteral } from 'typeorm';
import { AuthConfigurationError } from '../core/internal.js';
import type { Remedy } from '../sql/readiness.js';

const RUN_MIGRATIONS =
  'Add `...latchkeyMigrations` of nestjs-latchkey/typeorm to the `migrations` of the DataSource and run them';

/**
 * Looks whether the DataSource knows an entity.
 * @throws {AuthConfigurationError} if it does not
 */
export function checkEntity<Row extends ObjectLiteral>(dataSource: DataSource, entity: EntitySchema<Row>): void {
  if (dataSource.hasMetadata(entity)) return;
  throw new AuthConfigurationError([
    `The entity ${entity.options.name} is not in the DataSource. Add \`...latchkeyEntities\` of nestjs-latchkey/typeorm to its \`entities\`.`,
  ]);
}

/** The remedy for what is missing in the database. */
export function runMigrations({ options }: DataSource): Remedy {
  // TypeORM does not prefix the table in which it notes what ran, so that what ran for one application seems to have run for the other.
  const hint = options.entityPrefix
    ? '. The DataSource has an entityPrefix: give it a migrationsTableName of its own, or migrations of another application in the ' +
      'same schema count as its own'
    : '';
  const synchronized = options.synchronize === true ? '. `synchronize: true` does not make these tables' : '';
  return () => RUN_MIGRATIONS + synchronized + hint;
}
