// The names of our tables in a database of the application: its schema, a prefix, and how names are quoted.
import { createHash } from 'node:crypto';
import { AuthConfigurationError } from '../core/internal.js';
import type { SqlDialect } from './database.js';

/** A table and where it is. */
export interface SqlTable {
  /** On SQLite the name of an attached database. Absent: where the connection looks by itself. */
  readonly schema?: string | undefined;
  readonly name: string;
  /** Both, quoted, for a statement. */
  readonly quoted: string;
}

/** Our tables by what they hold. */
export interface SqlTables {
  readonly revocations: SqlTable;
  readonly logins: SqlTable;
  readonly keySets: SqlTable;
  readonly audit: SqlTable;
  readonly oneTime: SqlTable;
}

/** What a table may hold. */
export type TableKey = keyof SqlTables;

/** The name of each table, without a prefix. */
export const TABLE_NAMES = {
  revocations: 'latchkey_revocations',
  logins: 'latchkey_logins',
  keySets: 'latchkey_key_sets',
  audit: 'latchkey_audit',
  oneTime: 'latchkey_one_time',
} as const satisfies Readonly<Record<TableKey, string>>;

/** Where the tables are, and how their names begin. */
export interface SqlPlace {
  /**
   * What the names of tables and indexes begin with, for two applications in one schema: `shop_`. Letters, digits and `_`.
   * @defaultValue none
   */
  readonly prefix?: string | undefined;
  /**
   * The schema on PostgreSQL, the database on MySQL and MariaDB, the attached database on SQLite. Letters, digits and `_`.
   * @defaultValue the one that the connection looks in
   */
  readonly schema?: string | undefined;
}

/** What PostgreSQL takes as a name, in bytes; it cuts off the rest without an error. */
const LONGEST_NAME = 63;
const PLAIN = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * The tables of a place.
 * @throws {AuthConfigurationError} if the prefix or the schema is not a plain identifier, or the prefix is too long
 */
export function tablesAt(dialect: SqlDialect, place: SqlPlace): SqlTables {
  const problems = problemsOf(place);
  if (problems.length > 0) throw new AuthConfigurationError(problems);
  const { prefix = '', schema } = place;
  const at = (key: TableKey): SqlTable => tableIn(dialect, { schema, name: prefix + TABLE_NAMES[key] });
  return {
    revocations: at('revocations'),
    logins: at('logins'),
    keySets: at('keySets'),
    audit: at('audit'),
    oneTime: at('oneTime'),
  };
}

/** The table of that name, quoted. */
export function tableIn(dialect: SqlDialect, { schema, name }: Omit<SqlTable, 'quoted'>): SqlTable {
  const parts = schema === undefined ? [name] : [schema, name];
  return { schema, name, quoted: parts.map((part) => quoted(dialect, part)).join('.') };
}

/** The name of an index: that of its table, prefix included, and what it is over. A digest keeps names that are too long apart. */
export function indexName(table: string, over: string): string {
  const name = `${table}_${over}`;
  if (Buffer.byteLength(name) <= LONGEST_NAME) return name;
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 16);
  return `latchkey_${over}_${digest}`;
}

/** An identifier between the quotation marks of a dialect. */
export function quoted(dialect: SqlDialect, name: string): string {
  const mark = dialect === 'mysql' ? '`' : '"';
  return mark + name.replaceAll(mark, mark + mark) + mark;
}

function problemsOf({ prefix, schema }: SqlPlace): string[] {
  const longest = LONGEST_NAME - Math.max(...Object.values(TABLE_NAMES).map(({ length }) => length));
  const problems = Object.entries({ prefix, schema }).flatMap(([name, value]) =>
    value === undefined || (typeof value === 'string' && PLAIN.test(value))
      ? []
      : [`${name} is ${JSON.stringify(value)}; accepted are letters, digits and _, beginning with a letter or _`],
  );
  if (problems.length === 0 && prefix !== undefined && prefix.length > longest)
    problems.push(`prefix has ${prefix.length} characters; accepted are at most ${longest}`);
  return problems;
}
