// Whatever Prisma speaks to, through its raw queries.
import { returnsRows, type SqlDatabase, type SqlDialect } from '../database.js';
import { resultOf } from './results.js';

/** A `PrismaClient`, or the `tx` of an interactive transaction. */
export interface PrismaLike {
  $queryRawUnsafe(statement: string, ...values: unknown[]): PromiseLike<unknown>;
  $executeRawUnsafe(statement: string, ...values: unknown[]): PromiseLike<number>;
}

/** What Prisma does not say in public. */
export interface PrismaOptions {
  /** Which SQL the `provider` of the data source speaks. */
  readonly dialect: SqlDialect;
}

/**
 * Makes a database of a `PrismaClient`. With the read-replica extension the primary alone is asked.
 *
 * @example
 * ```ts
 * import { prismaDatabase, sqlStores, type PrismaLike } from 'nestjs-latchkey/sql';
 *
 * // Of `new PrismaClient({ adapter })`.
 * export const storesIn = (prisma: PrismaLike) =>
 *   sqlStores({ database: prismaDatabase(prisma, { dialect: 'postgres' }) });
 * ```
 */
export function prismaDatabase(prisma: PrismaLike, { dialect }: PrismaOptions): SqlDatabase {
  const primary = primaryOf(prisma);
  return {
    dialect,
    // "Unsafe" because the text is not a template; every value is bound.
    async execute(statement, values) {
      if (returnsRows(statement)) return resultOf(await primary.$queryRawUnsafe(statement, ...values));
      return { rows: [], affected: await primary.$executeRawUnsafe(statement, ...values) };
    },
  };
}

function primaryOf(prisma: PrismaLike): PrismaLike {
  const method = '$primary' in prisma ? prisma.$primary : undefined;
  return typeof method === 'function' ? (method.call(prisma) as PrismaLike) : prisma;
}
