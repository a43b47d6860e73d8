// What is believed of a value that a store hands back. Drivers return big numbers as text, bytes for binary text and null
// for nothing; whatever else comes is a broken store, which counts as unavailable and never as valid.
import type { Replaced, RevocationKind } from './stores.js';

/** A row or record as a driver returns it. */
export type StoredRow = Readonly<Record<string, unknown>>;

/** The text in a field. Bytes are read as UTF-8. */
export function readString(row: StoredRow, field: string): string {
  const value = row[field];
  if (typeof value === 'string') return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  throw unreadable(field, value, 'text');
}

/** The whole number in a field, which may be written as text. */
export function readInteger(row: StoredRow, field: string): number {
  const value = row[field];
  if (typeof value === 'number' || typeof value === 'bigint' || isDigits(value)) {
    const whole = Number(value);
    if (Number.isSafeInteger(whole)) return whole;
  }
  throw unreadable(field, value, 'a whole number');
}

/** The text in a field that may be empty. */
export function readOptionalString(row: StoredRow, field: string): string | undefined {
  return isNothing(row[field]) ? undefined : readString(row, field);
}

/** The whole number in a field that may be empty. */
export function readOptionalInteger(row: StoredRow, field: string): number | undefined {
  return isNothing(row[field]) ? undefined : readInteger(row, field);
}

/** The kind of revocation in a field. */
export function storedKind(row: StoredRow, field: string): RevocationKind {
  const kind = readString(row, field);
  if (kind === 'token' || kind === 'login' || kind === 'subject') return kind;
  throw unreadable(field, kind, 'a kind of revocation');
}

/** How replaced tokens are written into one field of text: a JSON list of pairs. */
export function replacedText(replaced: readonly Replaced[]): string {
  return JSON.stringify(replaced.map(({ jti, atMs }) => [jti, atMs]));
}

/** The replaced tokens in a field that may be empty. */
export function storedReplaced(row: StoredRow, field: string): readonly Replaced[] | undefined {
  const text = readOptionalString(row, field);
  if (text === undefined) return undefined;
  const pairs = parsed(text);
  if (!Array.isArray(pairs)) throw unreadable(field, pairs, 'a list');
  return pairs.map((pair: unknown) => {
    if (!Array.isArray(pair)) throw unreadable(field, pair, 'a list of pairs');
    const [jti, atMs]: readonly unknown[] = pair;
    return { jti: readString({ jti }, 'jti'), atMs: readInteger({ atMs }, 'atMs') };
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isNothing(value: unknown): boolean {
  return value === null || value === undefined;
}

function isDigits(value: unknown): boolean {
  return typeof value === 'string' && /^-?\d{1,16}$/.test(value);
}

// The value itself stays out: it may be an id.
function unreadable(field: string, value: unknown, wanted: string): Error {
  return new Error(`The store holds ${value === null ? 'null' : typeof value} in ${field}, where ${wanted} belongs.`);
}
