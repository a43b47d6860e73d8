// Turns a statement with named values into one with the placeholders of a database.
import type { SqlDatabase, SqlValue } from './database.js';

/** Values by the name that they have in a statement: `:name`. */
export type SqlValues = Readonly<Record<string, SqlValue>>;

/** A statement as a driver takes it. */
interface Compiled {
  readonly text: string;
  /** The names of the values, in the order of the placeholders. */
  readonly names: readonly string[];
}

/** The statements are few; only tests that set the time by hand make more. */
const MOST_KEPT = 500;
const kept = { numbered: new Map<string, Compiled>(), questions: new Map<string, Compiled>() };

/** The statement and the values for one database. */
export function compile(
  { dialect, placeholders }: SqlDatabase,
  sql: string,
  values: SqlValues,
): { readonly text: string; readonly bound: readonly SqlValue[] } {
  const style = placeholders ?? (dialect === 'postgres' ? 'numbered' : 'questions');
  const { text, names } = compiled(sql, style);
  return { text, bound: names.map((name) => checked(name, values[name])) };
}

function compiled(sql: string, style: keyof typeof kept): Compiled {
  const known = kept[style].get(sql);
  if (known !== undefined) return known;
  const made = style === 'numbered' ? numbered(sql) : questioned(sql);
  if (kept[style].size >= MOST_KEPT) kept[style].clear();
  kept[style].set(sql, made);
  return made;
}

const NAME = /:([a-zA-Z]\w*)/g;

function numbered(sql: string): Compiled {
  const names: string[] = [];
  const text = sql.replace(NAME, (_, name: string) => {
    if (!names.includes(name)) names.push(name);
    return `$${names.indexOf(name) + 1}`;
  });
  return { text, names };
}

function questioned(sql: string): Compiled {
  const names: string[] = [];
  const text = sql.replace(NAME, (_, name: string) => {
    names.push(name);
    return '?';
  });
  return { text, names };
}

// Types hold for our callers; a value that was parsed from JSON may still be an object.
function checked(name: string, value: SqlValue | undefined): SqlValue {
  if (value === null || typeof value === 'string' || Number.isSafeInteger(value)) return value as SqlValue;
  throw new TypeError(`The value of ${name} is neither text nor a whole number.`);
}
