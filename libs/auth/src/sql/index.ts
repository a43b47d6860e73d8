export { betterSqlite3Database, type BetterSqlite3, type BetterSqlite3Statement } from './adapters/better-sqlite3.js';
export { drizzleDatabase, type Drizzle, type DrizzleOptions, type DrizzleSql } from './adapters/drizzle.js';
export { knexDatabase, type KnexLike, type KnexOptions, type KnexRaw } from './adapters/knex.js';
export { kyselyDatabase, type KyselyLike, type KyselyOptions, type KyselyRawQuery } from './adapters/kysely.js';
export { mikroOrmDatabase, type MikroOrmEntityManager } from './adapters/mikro-orm.js';
export { mysql2Database, type Mysql2, type Mysql2Pool, type Mysql2Statements } from './adapters/mysql2.js';
export { nodeSqliteDatabase, type NodeSqlite, type NodeSqliteStatement } from './adapters/node-sqlite.js';
export { pgDatabase, type PgLike, type PgPool, type PgPoolClient, type PgQueries } from './adapters/pg.js';
export { prismaDatabase, type PrismaLike, type PrismaOptions } from './adapters/prisma.js';
export { returnsRows, type SqlDatabase, type SqlDialect, type SqlResult, type SqlValue } from './database.js';
export { type OpenPgListener, type PgListener, type PushOptions } from './listener.js';
export {
  SqlKeySetCache,
  sqlAuditSink,
  sqlStores,
  type SqlDatabaseOptions,
  type SqlStoresOptions,
} from './stores-factory.js';
export { SCHEMA_VERSION, sqlSchema, type SqlSchemaOptions } from './schema.js';
export { type SqlPlace } from './tables.js';
export { joinTransaction } from './transactions.js';

// The stores behind these, for the doors of particular mappers, which extend them.
export type { SqlAuditSink } from './audit-sink.js';
export type { SqlBlocklistStore } from './blocklist-store.js';
export type { StoredKeySetCache } from './key-set-cache.js';
export type { SqlLoginStore } from './login-store.js';
export type { SqlOneTimeStore } from './one-time-store.js';
