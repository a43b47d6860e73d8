// `latchkey schema`: the tables of the SQL stores, as statements or in the words of an ORM. No database is asked.
import { schemaText, SCHEMA_FORMATS, type SchemaFormat } from '../sql/schema-formats.js';
import { SQL_DIALECTS, type SqlDialect } from '../sql/database.js';
import { SCHEMA_VERSION } from '../sql/schema.js';
import { atMost, type Command, type Given, optional, readArguments, required, UsageError } from './command.js';

const OPTIONS = {
  dialect: { type: 'string' },
  prefix: { type: 'string' },
  schema: { type: 'string' },
  from: { type: 'string' },
  format: { type: 'string' },
} as const;

/** Prints what makes the tables, and nothing else, so that it can be piped into a client of the database. */
export const schema: Command = async (args, { print }) => {
  const given = readArguments(args, OPTIONS);
  atMost(given, 0);
  const format = oneOf('format', optional(given, 'format') ?? 'sql', SCHEMA_FORMATS);
  const place = { prefix: optional(given, 'prefix'), schema: optional(given, 'schema') };
  print(schemaText(format, { dialect: dialectOf(given), from: fromOf(given, format), ...place }));
  return 'done';
};

function dialectOf(given: Given): SqlDialect {
  return oneOf('dialect', required(given, 'dialect', SQL_DIALECTS.join(', ')), SQL_DIALECTS);
}

function oneOf<Choice extends string>(name: string, value: string, choices: readonly Choice[]): Choice {
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw new UsageError(`--${name} is ${value}; accepted are ${choices.join(', ')}`);
  return found;
}

function fromOf(given: Given, format: SchemaFormat): number {
  const text = optional(given, 'from');
  if (text === undefined) return 0;
  if (format !== 'sql')
    throw new UsageError(`--from is for --format sql: ${format} compares with the database by itself`);
  const version = /^\d+$/.test(text) ? Number(text) : -1;
  if (version < 0 || version > SCHEMA_VERSION)
    throw new UsageError(`--from is ${text}; accepted is a version from 0 to ${SCHEMA_VERSION}`);
  return version;
}
