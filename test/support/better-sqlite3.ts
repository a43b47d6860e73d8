// better-sqlite3, which brings no types along.
import { createRequire } from 'node:module';
import type { BetterSqlite3 } from 'nestjs-latchkey/sql';

/** What the tests use of a database. */
export interface Sqlite extends BetterSqlite3 {
  exec(statement: string): void;
  close(): void;
}

/** Opens a file, or `:memory:`. `timeout` is how long a statement waits for a lock, in milliseconds. */
export function openSqlite(path: string, options: { readonly timeout?: number } = {}): Sqlite {
  const Database = createRequire(import.meta.url)('better-sqlite3') as new (path: string, options: object) => Sqlite;
  return new Database(path, options);
}
