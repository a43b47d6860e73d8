// Whatever Drizzle speaks to, through its `sql` template.
import { returnsRows, type SqlDatabase, type SqlDialect } from '../database.js';
import { resultOf } from './results.js';

/** A Drizzle database or the `tx` of a transaction. PostgreSQL and MySQL have `execute`; SQLite has `all` and `run`. */
export type Drizzle =
  { execute(query: never): PromiseLike<unknown> } | { all(query: never): unknown; run(query: never): unknown };

/** The `sql` of `drizzle-orm`. */
export type DrizzleSql = (strings: TemplateStringsArray, ...values: unknown[]) => unknown;

/** What the adapter needs besides the database. */
export interface DrizzleOptions {
  /** Which SQL the database speaks. */
  readonly dialect: SqlDialect;
  /** The `sql` of `drizzle-orm`. */
  readonly sql: DrizzleSql;
}

/**
 * Makes a database of a Drizzle database. With `withReplicas` the primary alone is asked.
 *
 * @example
 * ```ts
 * import { sql } from 'drizzle-orm';
 * import { drizzle } from 'drizzle-orm/node-postgres';
 * import { drizzleDatabase, sqlStores } from 'nestjs-latchkey/sql';
 * import { Pool } from 'pg';
 *
 * const db = drizzle(new Pool());
 * export const stores = sqlStores({ database: drizzleDatabase(db, { dialect: 'postgres', sql }) });
 * ```
 */
export function drizzleDatabase(drizzle: Drizzle, { dialect, sql }: DrizzleOptions): SqlDatabase {
  const templates = new Templates();
  return {
    dialect,
    placeholders: 'questions',
    async execute(statement, values) {
      // `never` only because each Drizzle names a query type of its own.
      const query = sql(templates.of(statement), ...values) as never;
      if ('execute' in drizzle) return resultOf(await drizzle.execute(query));
      return resultOf(await (returnsRows(statement) ? drizzle.all(query) : drizzle.run(query)));
    },
  };
}

/** Cuts statements at their placeholders, into what a template is made of. */
class Templates {
  readonly #strings = new Map<string, TemplateStringsArray>();

  of(statement: string): TemplateStringsArray {
    const known = this.#strings.get(statement);
    if (known !== undefined) return known;
    const strings = statement.split('?');
    const template = Object.assign(strings, { raw: strings });
    if (this.#strings.size >= 100) this.#strings.clear();
    this.#strings.set(statement, template);
    return template;
  }
}
