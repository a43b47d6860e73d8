// Whatever MikroORM 6 speaks to, through the Knex underneath: its own raw queries write values into the statement.
import type { SqlDatabase } from '../database.js';
import { knexDatabase, type KnexLike, type KnexOptions } from './knex.js';

/** An `EntityManager` of MikroORM 6 for SQL: `orm.em`, or the one of a transaction. */
export interface MikroOrmEntityManager {
  getConnection(type: 'write'): { getKnex(): KnexLike };
  getTransactionContext(): unknown;
}

/**
 * Makes a database of an `EntityManager`. Replicas are not asked.
 *
 * @example
 * ```ts
 * import type { MikroORM } from '@mikro-orm/postgresql';
 * import { mikroOrmDatabase, sqlStores } from 'nestjs-latchkey/sql';
 *
 * export const storesIn = ({ em }: MikroORM) =>
 *   sqlStores({ database: mikroOrmDatabase(em, { dialect: 'postgres' }) });
 * ```
 */
export function mikroOrmDatabase(em: MikroOrmEntityManager, options: KnexOptions): SqlDatabase {
  // Looked at once: stores must not join a transaction that was not passed to them.
  const transaction = em.getTransactionContext();
  // What MikroORM 6 calls a transaction context is the transaction of Knex.
  return knexDatabase((transaction as KnexLike | undefined) ?? em.getConnection('write').getKnex(), options);
}
