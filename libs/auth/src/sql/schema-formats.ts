// The tables in the words of an ORM, for applications whose migrations it makes: a fragment of a Prisma schema, and a schema file of Drizzle.
import { camelCase } from './names.js';
import {
  SCHEMA_VERSION,
  sqlSchema,
  SHAPES,
  TABLE_KEYS,
  typeOf,
  type ColumnShape,
  type SqlSchemaOptions,
  type TableShape,
} from './schema.js';
import type { SqlDialect } from './database.js';
import { indexName, TABLE_NAMES, tablesAt, type TableKey } from './tables.js';

/** The formats in which the tables can be written. */
export const SCHEMA_FORMATS = ['sql', 'prisma', 'drizzle'] as const;

export type SchemaFormat = (typeof SCHEMA_FORMATS)[number];

/** The text of a file that describes the tables. `from` is for SQL alone: ORMs compare by themselves. */
export function schemaText(format: SchemaFormat, options: SqlSchemaOptions): string {
  const texts: Readonly<Record<SchemaFormat, (options: SqlSchemaOptions) => string>> = {
    sql: sqlText,
    prisma: prismaText,
    drizzle: drizzleText,
  };
  return texts[format](options);
}

const MODELS: Readonly<Record<TableKey, string>> = {
  revocations: 'LatchkeyRevocation',
  logins: 'LatchkeyLogin',
  keySets: 'LatchkeyKeySet',
  audit: 'LatchkeyAudit',
  oneTime: 'LatchkeyOneTime',
};

const HEADING = `Tables of nestjs-latchkey, version ${SCHEMA_VERSION} of the schema. Its stores write them; read them as you like.`;

function sqlText(options: SqlSchemaOptions): string {
  const statements = sqlSchema(options).map((statement) => `${statement};`);
  return [`-- ${HEADING}`, ...statements].join('\n');
}

function prismaText({ dialect, ...place }: SqlSchemaOptions): string {
  const tables = tablesAt(dialect, place);
  const models = TABLE_KEYS.map((key) => {
    const { name, schema } = tables[key];
    const lines = [
      ...SHAPES[key].columns.map((column) => prismaField(column, dialect)),
      '',
      `@@id([${SHAPES[key].primaryKey.map(camelCase).join(', ')}])`,
      ...SHAPES[key].indexes.map(
        ({ over, columns }) => `@@index([${columns.map(camelCase).join(', ')}], map: "${indexName(name, over)}")`,
      ),
      `@@map("${name}")`,
      ...(schema === undefined ? [] : [`@@schema("${schema}")`]),
    ];
    return `model ${MODELS[key]} {\n${lines.map((line) => (line === '' ? '' : `  ${line}`)).join('\n')}\n}`;
  });
  return [`// ${HEADING}`, ...models].join('\n\n');
}

function prismaField(column: ColumnShape, dialect: SqlDialect): string {
  const { name, isNullable } = column;
  const [kind, native] = prismaType(column, dialect);
  const attributes = [...(camelCase(name) === name ? [] : [`@map("${name}")`]), ...(native === '' ? [] : [native])];
  return [camelCase(name), `${kind}${isNullable === true ? '?' : ''}`, ...attributes].join(' ');
}

/** The type of Prisma and that of the database: `varchar(255)` is `@db.VarChar(255)`. */
function prismaType(column: ColumnShape, dialect: SqlDialect): readonly [string, string] {
  if (column.kind === 'time') return ['BigInt', ''];
  const [type = ''] = typeOf(column, dialect).split(' ');
  const names: Readonly<Record<string, string>> = {
    varchar: 'VarChar',
    varbinary: 'VarBinary',
    text: 'Text',
    mediumtext: 'MediumText',
  };
  const native = `@db.${type.replace(/^[a-z]+/, (word) => names[word] ?? word)}`;
  return [type.startsWith('varbinary') ? 'Bytes' : 'String', dialect === 'sqlite' ? '' : native];
}

/** The package of Drizzle for a dialect, and what it makes tables with. */
const DRIZZLE: Readonly<
  Record<SqlDialect, { readonly core: string; readonly table: string; readonly schema: string }>
> = {
  postgres: { core: 'pg-core', table: 'pgTable', schema: 'pgSchema' },
  mysql: { core: 'mysql-core', table: 'mysqlTable', schema: 'mysqlSchema' },
  sqlite: { core: 'sqlite-core', table: 'sqliteTable', schema: '' },
};

function drizzleText({ dialect, ...place }: SqlSchemaOptions): string {
  const tables = tablesAt(dialect, place);
  const { core, table, schema } = DRIZZLE[dialect];
  const inSchema = place.schema !== undefined && schema !== '';
  const [make, maker] = inSchema ? ['latchkeySchema.table', schema] : [table, table];
  const declarations = TABLE_KEYS.map((key) => drizzleTable(tables[key].name, { make, key, dialect }));
  const used = new Set([
    maker,
    'index',
    'primaryKey',
    ...allColumns().map((column) => drizzleKind(column, dialect).name),
  ]);
  return [
    `// ${HEADING}`,
    `import { ${[...used].toSorted().join(', ')} } from 'drizzle-orm/${core}';`,
    '',
    ...(inSchema ? [`const latchkeySchema = ${schema}('${place.schema}');`, ''] : []),
    declarations.join('\n\n'),
  ].join('\n');
}

function allColumns(): readonly ColumnShape[] {
  return Object.values(SHAPES).flatMap(({ columns }: TableShape) => columns);
}

function drizzleTable(
  name: string,
  { make, key, dialect }: { readonly make: string; readonly key: TableKey; readonly dialect: SqlDialect },
): string {
  const { columns, primaryKey, indexes } = SHAPES[key];
  const lines = [
    `export const ${camelCase(TABLE_NAMES[key])} = ${make}(`,
    `  '${name}',`,
    '  {',
    ...columns.map((column) => `    ${camelCase(column.name)}: ${drizzleColumn(column, dialect)},`),
    '  },',
    '  (table) => [',
    `    primaryKey({ columns: [${fieldsOf(primaryKey)}] }),`,
    ...indexes.map(({ over, columns: on }) => `    index('${indexName(name, over)}').on(${fieldsOf(on)}),`),
    '  ],',
    ');',
  ];
  return lines.join('\n');
}

function fieldsOf(columns: readonly string[]): string {
  return columns.map((name) => `table.${camelCase(name)}`).join(', ');
}

function drizzleColumn(column: ColumnShape, dialect: SqlDialect): string {
  const { name, options } = drizzleKind(column, dialect);
  const parameters = [`'${column.name}'`, ...(options === '' ? [] : [`{ ${options} }`])].join(', ');
  return `${name}(${parameters})${column.isNullable === true ? '' : '.notNull()'}`;
}

function drizzleKind(column: ColumnShape, dialect: SqlDialect): { readonly name: string; readonly options: string } {
  if (column.kind === 'time') {
    const options = "mode: 'number'";
    return dialect === 'sqlite' ? { name: 'integer', options } : { name: 'bigint', options };
  }
  if (dialect === 'sqlite') return { name: 'text', options: '' };
  const [, name = '', length] = /^([a-z]+)(?:\((\d+)\))?/.exec(typeOf(column, dialect)) ?? [];
  return { name, options: length === undefined ? '' : `length: ${length}` };
}
