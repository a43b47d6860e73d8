// What the tables look like, and the statements that make them. A version that was released is never changed: what comes later is a new
// version, which adds and never takes away, so that processes of the version before go on beside it.
import type { SqlDialect } from './database.js';
import { indexName, quoted, tablesAt, type SqlPlace, type SqlTable, type TableKey } from './tables.js';

/**
 * What a column holds. `id` is compared byte by byte; `note` is free text for users; `word` is one of our own, at most 64 characters;
 * `list` is text of any length; `document` may be larger than 64 KiB; `time` is an epoch time.
 */
export type ColumnKind = 'id' | 'note' | 'word' | 'list' | 'document' | 'time';

/** A column of one of our tables. */
export interface ColumnShape {
  readonly name: string;
  readonly kind: ColumnKind;
  /** The most characters; only for an id or a word that is shorter than others. */
  readonly length?: number | undefined;
  readonly isNullable?: boolean | undefined;
  /** The version that added it to a table that was there. */
  readonly since?: number | undefined;
}

/** An index; `over` is the end of its name. */
export interface IndexShape {
  readonly over: string;
  readonly columns: readonly string[];
}

/** One of our tables. */
export interface TableShape {
  /** The version that made it. */
  readonly since: number;
  readonly columns: readonly ColumnShape[];
  readonly primaryKey: readonly string[];
  /**
   * The column that PostgreSQL may partition the table by, which its primary key then has to contain too. Every statement that could
   * insert a row of the same key twice says the same value for it.
   */
  readonly partitionKey?: string | undefined;
  readonly indexes: readonly IndexShape[];
}

/** The present version. */
export const SCHEMA_VERSION = 5;

const id = (name: string, more: Partial<ColumnShape> = {}): ColumnShape => ({ name, kind: 'id', ...more });
const time = (name: string, more: Partial<ColumnShape> = {}): ColumnShape => ({ name, kind: 'time', ...more });
const note = (name: string): ColumnShape => ({ name, kind: 'note', isNullable: true });
const word = (name: string, length: number, isNullable = false): ColumnShape => ({
  name,
  kind: 'word',
  length,
  isNullable,
});

const NULLABLE = { isNullable: true } as const;

/** Our tables by what they hold. */
export const SHAPES: Readonly<Record<TableKey, TableShape>> = {
  revocations: {
    since: 1,
    columns: [
      id('issuer'),
      id('kind', { length: 16 }),
      id('id'),
      time('revoked_at'),
      time('expires_at'),
      id('except_sid', NULLABLE),
      note('reason'),
      time('changed_at'),
    ],
    primaryKey: ['issuer', 'kind', 'id'],
    indexes: [
      { over: 'moment', columns: ['revoked_at'] },
      { over: 'end', columns: ['expires_at'] },
      { over: 'change', columns: ['changed_at'] },
    ],
  },
  logins: {
    since: 1,
    columns: [
      id('issuer'),
      id('sid'),
      id('subject'),
      id('current_jti'),
      time('current_issued_at'),
      time('current_expires_at'),
      id('previous_jti', NULLABLE),
      time('rotated_at_ms', NULLABLE),
      time('created_at'),
      time('last_used_at'),
      time('absolute_expires_at'),
      note('label'),
      { name: 'replaced_earlier', kind: 'list', isNullable: true, since: 4 },
    ],
    primaryKey: ['issuer', 'sid'],
    // A sid is never given twice, and the absolute end of a login never changes.
    partitionKey: 'absolute_expires_at',
    // None on the ends: every refresh would have to move it, and pruning can afford to read the table.
    indexes: [{ over: 'subject', columns: ['issuer', 'subject'] }],
  },
  keySets: {
    since: 2,
    columns: [
      id('address'),
      { name: 'body', kind: 'document', isNullable: true },
      time('fetched_at_ms'),
      time('fresh_until_ms'),
      word('holder', 64),
      time('lease_ends_at_ms'),
    ],
    primaryKey: ['address'],
    indexes: [],
  },
  audit: {
    since: 3,
    columns: [
      id('id'),
      time('at_ms'),
      word('type', 32),
      id('issuer', NULLABLE),
      id('subject', NULLABLE),
      id('sid', NULLABLE),
      word('code', 64, true),
      note('detail'),
    ],
    primaryKey: ['id'],
    partitionKey: 'at_ms',
    indexes: [
      { over: 'subject', columns: ['subject', 'at_ms'] },
      { over: 'moment', columns: ['at_ms'] },
    ],
  },
  oneTime: {
    since: 5,
    columns: [id('id'), time('expires_at')],
    primaryKey: ['id'],
    indexes: [{ over: 'end', columns: ['expires_at'] }],
  },
};

/** The order in which tables are made. */
export const TABLE_KEYS = Object.keys(SHAPES) as readonly TableKey[];

const MOST_CHARACTERS = 255;
/** A UTF-16 unit takes at most three bytes of UTF-8. */
const BYTES = 3;

/**
 * The type of a column. MySQL and MariaDB compare text without case and trailing spaces, in binary collations too: only bytes are exact.
 */
export function typeOf({ kind, length = MOST_CHARACTERS }: ColumnShape, dialect: SqlDialect): string {
  const isMysql = dialect === 'mysql';
  const types: Readonly<Record<ColumnKind, string>> = {
    id: isMysql ? `varbinary(${length === MOST_CHARACTERS ? BYTES * length : length})` : `varchar(${length})`,
    note: isMysql ? 'varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin' : 'varchar(255)',
    word: `varchar(${length})`,
    list: isMysql ? 'text CHARACTER SET utf8mb4 COLLATE utf8mb4_bin' : 'text',
    document: isMysql ? 'mediumtext CHARACTER SET utf8mb4' : 'text',
    time: 'bigint',
  };
  return types[kind];
}

/** Which statements are wanted. */
export interface SqlSchemaOptions extends SqlPlace {
  readonly dialect: SqlDialect;
  /**
   * The version that the database has: only later changes are written.
   * @defaultValue 0: all of it
   */
  readonly from?: number | undefined;
}

/**
 * The statements that make the tables, one each, in order and without a semicolon. Without `from` they do no harm if the tables are there.
 *
 * @example
 * ```ts
 * import { sqlSchema } from 'nestjs-latchkey/sql';
 *
 * console.log(sqlSchema({ dialect: 'postgres' }).join(';\n'));
 * ```
 * @throws {AuthConfigurationError} if the prefix or the schema is not a plain identifier
 */
export function sqlSchema({ dialect, from = 0, ...place }: SqlSchemaOptions): readonly string[] {
  const tables = tablesAt(dialect, place);
  return TABLE_KEYS.flatMap((key) => {
    const at: Place = { dialect, table: tables[key], shape: SHAPES[key] };
    return at.shape.since > from ? createTable(at) : addColumns(at, from);
  });
}

interface Place {
  readonly dialect: SqlDialect;
  readonly table: SqlTable;
  readonly shape: TableShape;
}

function createTable({ dialect, table, shape }: Place): string[] {
  const isMysql = dialect === 'mysql';
  const lines = [
    ...shape.columns.map((column) => columnLine(column, dialect)),
    `PRIMARY KEY (${shape.primaryKey.join(', ')})`,
    // MySQL has no CREATE INDEX IF NOT EXISTS.
    ...(isMysql ? shape.indexes.map((index) => `KEY ${indexOn(index, { dialect, table, shape })}`) : []),
  ];
  const engine = isMysql ? ' ENGINE=InnoDB' : '';
  return [
    `CREATE TABLE IF NOT EXISTS ${table.quoted} (\n  ${lines.join(',\n  ')}\n)${engine}`,
    ...(isMysql ? [] : shape.indexes.map((index) => createIndex(index, { dialect, table, shape }))),
  ];
}

function addColumns({ dialect, table, shape }: Place, from: number): string[] {
  const unlessThere = dialect === 'postgres' ? 'IF NOT EXISTS ' : '';
  return shape.columns
    .filter(({ since = 0 }) => since > from)
    .map((column) => `ALTER TABLE ${table.quoted} ADD COLUMN ${unlessThere}${columnLine(column, dialect)}`);
}

function columnLine(column: ColumnShape, dialect: SqlDialect): string {
  return `${column.name} ${typeOf(column, dialect)}${column.isNullable === true ? '' : ' NOT NULL'}`;
}

function indexOn({ over, columns }: IndexShape, { dialect, table }: Place): string {
  return `${quoted(dialect, indexName(table.name, over))} (${columns.join(', ')})`;
}

/** On PostgreSQL an index lies in the schema of its table; on SQLite the schema stands before the name of the index. */
function createIndex(index: IndexShape, place: Place): string {
  const { dialect, table } = place;
  const name = quoted(dialect, indexName(table.name, index.over));
  const isAttached = dialect === 'sqlite' && table.schema !== undefined;
  const [before, on] = isAttached
    ? [`${quoted(dialect, table.schema ?? '')}.`, quoted(dialect, table.name)]
    : ['', table.quoted];
  return `CREATE INDEX IF NOT EXISTS ${before}${name} ON ${on} (${index.columns.join(', ')})`;
}
