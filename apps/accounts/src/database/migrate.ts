import type { DataSource, QueryRunner } from 'typeorm';

/** Asks the database itself for a lock that ends with the connection, and gives it back. */
const LOCKS: Readonly<Record<string, readonly [take: string, release: string, giveUp: string]>> = {
  // A transaction on the one connection that SQLite has: the migrations run inside of it.
  'better-sqlite3': ['BEGIN IMMEDIATE', 'COMMIT', 'ROLLBACK'],
  postgres: ['SELECT pg_advisory_lock(7163)', 'SELECT pg_advisory_unlock(7163)', 'SELECT pg_advisory_unlock(7163)'],
  mariadb: [
    "SELECT GET_LOCK('accounts.migrations', 60)",
    "SELECT RELEASE_LOCK('accounts.migrations')",
    "SELECT RELEASE_LOCK('accounts.migrations')",
  ],
};

/** Runs what is pending. When several processes start at once, one does the work and the others wait for it. */
export async function migrate(dataSource: DataSource): Promise<void> {
  const { type } = dataSource.options;
  const [take, release, giveUp] = LOCKS[type] ?? [];
  if (take === undefined || release === undefined || giveUp === undefined)
    throw new Error(`No migrations for ${type}.`);
  const runner: QueryRunner = dataSource.createQueryRunner();
  try {
    await runner.query(take);
    await dataSource.runMigrations({ transaction: type === 'better-sqlite3' ? 'none' : 'all' });
    await runner.query(release);
  } catch (error) {
    await runner.query(giveUp);
    throw error;
  } finally {
    await runner.release();
  }
}
