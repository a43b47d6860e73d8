// A DataSource as the SQL stores need it: always on the primary, because a replica may not know yet what was revoked.
import type { DataSource, EntityManager, EntitySchema, ObjectLiteral, QueryRunner } from 'typeorm';
import type { SqlDatabase, SqlDialect, SqlResult, SqlValue } from '../sql/database.js';
import { connectionOf } from '../sql/pools.js';
import { rowsOf } from '../sql/adapters/results.js';
import { SqlRunner } from '../sql/runner.js';
import { tableIn, type SqlTable, type SqlTables } from '../sql/tables.js';
import { joinFor } from '../sql/transactions.js';
import { AuditEntity } from './audit-entity.js';
import { LoginEntity, RevocationEntity } from './entities.js';
import { KeySetEntity } from './key-set-entity.js';
import { OneTimeEntity } from './one-time-entity.js';

const DIALECTS: Readonly<Record<string, SqlDialect>> = {
  'better-sqlite3': 'sqlite',
  sqljs: 'sqlite',
  postgres: 'postgres',
  'aurora-postgres': 'postgres',
  mysql: 'mysql',
  mariadb: 'mysql',
  'aurora-mysql': 'mysql',
};

/**
 * Says which SQL a DataSource speaks.
 * @throws {Error} for a database that has no migrations here
 */
export function dialectOf({ options }: DataSource): SqlDialect {
  const dialect = DIALECTS[options.type];
  if (!dialect)
    throw new Error(`nestjs-latchkey/typeorm knows SQLite, PostgreSQL, MySQL and MariaDB, and not ${options.type}.`);
  return dialect;
}

/** The DataSource of a query runner: TypeORM 0.3 calls it `connection`. */
export function dataSourceOf(runner: QueryRunner): DataSource {
  const { dataSource = Reflect.get(runner, 'connection') } = runner as { dataSource?: DataSource };
  return dataSource;
}

/** Runs the statements of the stores on a DataSource. */
export function runnerOn(dataSource: DataSource): SqlRunner {
  return new SqlRunner(databaseOf(dataSource), new EntityTables(dataSource), dataSource);
}

function databaseOf(dataSource: DataSource): SqlDatabase {
  const dialect = dialectOf(dataSource);
  return {
    dialect,
    takesTurns: dialect !== 'sqlite',
    async execute(statement, values) {
      const runner = dataSource.createQueryRunner('master');
      try {
        await connectionOf(
          poolOf(dataSource.driver),
          () => runner.connect(),
          () => {},
        );
        return await runOn(runner, statement, values);
      } finally {
        await runner.release();
      }
    },
  };
}

/**
 * Does work whose logins, revocations and audit entries are written by a transaction of the application: they are committed or rolled
 * back with it. See `joinTransaction` of `nestjs-latchkey/sql` for what takes part.
 *
 * @param manager the `EntityManager` of the transaction
 * @example
 * ```ts
 * import { randomUUID } from 'node:crypto';
 * import type { TokenService } from 'nestjs-latchkey';
 * import { joinTypeOrmTransaction } from 'nestjs-latchkey/typeorm';
 * import type { DataSource } from 'typeorm';
 *
 * export const signUp = (dataSource: DataSource, tokens: TokenService, name: string) =>
 *   dataSource.transaction(async (manager) => {
 *     const { id } = await manager.save('User', { id: randomUUID(), name });
 *     return joinTypeOrmTransaction(manager, () => tokens.issue(id));
 *   });
 * ```
 */
export async function joinTypeOrmTransaction<T>(manager: EntityManager, work: () => Promise<T>): Promise<T> {
  const { queryRunner } = manager;
  if (queryRunner === undefined) throw new TypeError('The EntityManager is not one of a transaction.');
  const dataSource = dataSourceOf(queryRunner);
  const transaction: SqlDatabase = {
    dialect: dialectOf(dataSource),
    execute: (statement, values) => runOn(queryRunner, statement, values),
  };
  return joinFor(dataSource, transaction, work);
}

async function runOn(runner: QueryRunner, statement: string, values: readonly SqlValue[]): Promise<SqlResult> {
  const { records, affected } = await runner.query(statement, [...values], true);
  return { rows: rowsOf(records), affected: affected ?? 0 };
}

/** The tables by the names that the DataSource gives to the entities: schema, prefix and naming strategy included. */
class EntityTables implements SqlTables {
  readonly #known = new Map<string, SqlTable>();

  constructor(private readonly dataSource: DataSource) {}

  get revocations(): SqlTable {
    return this.#tableOf(RevocationEntity);
  }

  get logins(): SqlTable {
    return this.#tableOf(LoginEntity);
  }

  get keySets(): SqlTable {
    return this.#tableOf(KeySetEntity);
  }

  get audit(): SqlTable {
    return this.#tableOf(AuditEntity);
  }

  get oneTime(): SqlTable {
    return this.#tableOf(OneTimeEntity);
  }

  // Not before it is asked for: a DataSource knows its entities once it is initialised.
  #tableOf<Row extends ObjectLiteral>(entity: EntitySchema<Row>): SqlTable {
    const known = this.#known.get(entity.options.name);
    if (known !== undefined) return known;
    const path = this.dataSource.getMetadata(entity).tablePath.split('.');
    const table = tableIn(dialectOf(this.dataSource), { schema: path.at(-2), name: path.at(-1) ?? '' });
    this.#known.set(entity.options.name, table);
    return table;
  }
}

/** TypeORM calls it `master` or `pool`. With replicas there are several, which are not looked into. */
function poolOf(driver: object): unknown {
  if ('master' in driver && driver.master !== undefined) return driver.master;
  return 'pool' in driver ? driver.pool : undefined;
}
