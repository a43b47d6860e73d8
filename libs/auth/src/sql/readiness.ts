// The look at the database before the first request: what is missing is a start-up error that says how to make it.
import { readInteger, readString, AuthConfigurationError } from '../core/internal.js';
import type { StoredRow } from '../stores.js';
import type { SqlDialect } from './database.js';
import type { SqlRunner } from './runner.js';
import { SHAPES, type ColumnShape, type TableShape } from './schema.js';
import type { SqlTable, TableKey } from './tables.js';

/** Says how to make what is missing; `from` is the version that the database still has. */
export type Remedy = (from: number) => string;

/** What a database says of a table. */
interface Found {
  /** The type of each column by its name. */
  readonly columns: ReadonlyMap<string, string>;
  readonly primaryKey: readonly string[];
  readonly indexes: readonly (readonly string[])[];
}

/**
 * Looks whether a table is there as its store needs it.
 * @throws {AuthConfigurationError} with every lack at once
 */
export async function checkTable(runner: SqlRunner, key: TableKey, remedy: Remedy): Promise<void> {
  await checkEscaping(runner);
  const table = runner.tables[key];
  const problems = problemsOf(await lookAt(runner, table), { table, shape: SHAPES[key], dialect: runner.dialect });
  if (problems.length === 0) return;
  const from = Math.min(...problems.map(({ since }) => since)) - 1;
  throw new AuthConfigurationError(problems.map(({ lack }) => `${lack}. ${remedy(from)}.`));
}

/** One backslash. A driver that writes values into statements doubles it, which a server in another mode takes for two. */
const PROBE = '\\';

/**
 * Looks whether a value arrives at MySQL and MariaDB as it is. Several drivers write values into the statement instead of binding them;
 * if the server has the mode NO_BACKSLASH_ESCAPES, an id of an external issuer could leave its quotation marks.
 *
 * @throws {AuthConfigurationError} if it does not
 */
async function checkEscaping(runner: SqlRunner): Promise<void> {
  if (runner.dialect !== 'mysql') return;
  const { rows } = await runner.execute('SELECT :probe AS probe', { probe: PROBE });
  if (readString(rows[0] ?? {}, 'probe') === PROBE) return;
  throw new AuthConfigurationError([
    'The driver writes values into statements in a way that this server does not read: its sql_mode has NO_BACKSLASH_ESCAPES. Remove that ' +
      'mode for the connection, or use mysql2Database(), which prepares statements',
  ]);
}

interface Problem {
  readonly lack: string;
  /** The version that would have made it. */
  readonly since: number;
}

interface Wanted {
  readonly table: SqlTable;
  readonly shape: TableShape;
  readonly dialect: SqlDialect;
}

function problemsOf(found: Found, wanted: Wanted): Problem[] {
  const { shape } = wanted;
  const path = pathOf(wanted.table);
  if (found.columns.size === 0) return [{ lack: `The table ${path} is missing`, since: shape.since }];
  const missing = shape.columns.filter(({ name }) => !found.columns.has(name));
  const wrong = [...keyProblems(found, wanted), ...indexProblems(found, wanted), ...inexactIds(found, wanted)];
  return [
    ...missing.map(({ name, since = shape.since }) => ({ lack: `The column ${path}.${name} is missing`, since })),
    ...wrong.map((lack) => ({ lack, since: shape.since })),
  ];
}

function keyProblems({ primaryKey }: Found, { table, shape, dialect }: Wanted): string[] {
  if (sameNames(primaryKey, shape.primaryKey)) return [];
  const { partitionKey } = shape;
  const isPartitioned = dialect === 'postgres' && partitionKey !== undefined;
  if (isPartitioned && sameNames(primaryKey, [...shape.primaryKey, partitionKey])) return [];
  return [`The primary key of ${pathOf(table)} is not (${shape.primaryKey.join(', ')})`];
}

function indexProblems({ indexes }: Found, { table, shape }: Wanted): string[] {
  return shape.indexes
    .filter(({ columns }) => !indexes.some((index) => index.join() === columns.join()))
    .map(({ columns }) => `The index on ${pathOf(table)} (${columns.join(', ')}) is missing`);
}

/** MariaDB and MySQL compare text without case and trailing spaces unless it is bytes: one user would be another. */
function inexactIds({ columns }: Found, { table, shape, dialect }: Wanted): string[] {
  if (dialect !== 'mysql') return [];
  const isInexact = ({ name, kind }: ColumnShape): boolean =>
    kind === 'id' && columns.has(name) && !/binary|blob/i.test(columns.get(name) ?? '');
  return shape.columns
    .filter(isInexact)
    .map(({ name }) => `The column ${pathOf(table)}.${name} does not compare byte by byte: it must be VARBINARY`);
}

function sameNames(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && other.every((name) => one.includes(name));
}

function pathOf({ schema, name }: SqlTable): string {
  return schema === undefined ? name : `${schema}.${name}`;
}

/** Questions to the catalogue: `name` and `type` of columns; `name`, `is_primary` and `column_name` of indexes, in their order. */
const CATALOGUES: Readonly<Record<SqlDialect, { readonly columns: string; readonly indexes: string }>> = {
  postgres: {
    columns: `SELECT CAST(attname AS text) AS name, format_type(atttypid, atttypmod) AS type FROM pg_attribute
      WHERE attrelid = to_regclass(CAST(:quoted AS text)) AND attnum > 0 AND NOT attisdropped`,
    indexes: `SELECT CAST(i.indexrelid AS text) AS name, CASE WHEN i.indisprimary THEN 1 ELSE 0 END AS is_primary,
        CAST(a.attname AS text) AS column_name
      FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(attnum, place)
      JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
      WHERE i.indrelid = to_regclass(CAST(:quoted AS text)) AND i.indisvalid ORDER BY i.indexrelid, k.place`,
  },
  mysql: {
    columns: `SELECT column_name AS name, data_type AS type FROM information_schema.columns
      WHERE table_schema = COALESCE(:schema, DATABASE()) AND table_name = :name`,
    indexes: `SELECT index_name AS name, CASE WHEN index_name = 'PRIMARY' THEN 1 ELSE 0 END AS is_primary,
        column_name AS column_name
      FROM information_schema.statistics
      WHERE table_schema = COALESCE(:schema, DATABASE()) AND table_name = :name ORDER BY index_name, seq_in_index`,
  },
  sqlite: {
    columns: `SELECT name, type FROM pragma_table_info(:name, COALESCE(:schema, 'main'))`,
    indexes: `SELECT '' AS name, 1 AS is_primary, name AS column_name FROM pragma_table_info(:name, COALESCE(:schema, 'main'))
        WHERE pk > 0
      UNION ALL
      SELECT l.name, 0, i.name FROM pragma_index_list(:name, COALESCE(:schema, 'main')) l,
        pragma_index_info(l.name, COALESCE(:schema, 'main')) i
        WHERE l.origin <> 'pk'`,
  },
};

async function lookAt(runner: SqlRunner, { schema, name, quoted }: SqlTable): Promise<Found> {
  const { columns, indexes } = CATALOGUES[runner.dialect];
  const values = { schema: schema ?? null, name, quoted };
  const found = await runner.execute(columns, values);
  const types = found.rows.map((row) => [readString(row, 'name'), readString(row, 'type')] as const);
  const { rows } = await runner.execute(indexes, values);
  return {
    columns: new Map(types),
    primaryKey: rows.filter(isPrimary).map((row) => readString(row, 'column_name')),
    indexes: grouped(rows.filter((row) => !isPrimary(row))),
  };
}

function isPrimary(row: StoredRow): boolean {
  return readInteger(row, 'is_primary') === 1;
}

function grouped(rows: readonly StoredRow[]): readonly (readonly string[])[] {
  const columns = new Map<string, string[]>();
  for (const row of rows) {
    const name = readString(row, 'name');
    columns.set(name, [...(columns.get(name) ?? []), readString(row, 'column_name')]);
  }
  return [...columns.values()];
}
