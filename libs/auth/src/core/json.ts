// Owns the strict reading of JSON (RFC 8259) as tokens and key sets need it: one meaning per text, and no object that behaves.
// It answers duplicate members, prototype pollution, byte order marks, endless nesting and numbers that are none.
import { isUtf8 } from 'node:buffer';
import { defaultLimits } from './limits.js';
import type { Json } from './principal.js';

/** Says that a text is not acceptable JSON. Internal: callers turn it into the refusal that fits. */
export class JsonRefused extends Error {
  override readonly name = 'JsonRefused';
}

/** An object out of strict JSON: deeply frozen, and without a prototype. */
export type JsonObject = { readonly [name: string]: Json };

/** Bounds on one JSON text. */
export interface JsonLimits {
  readonly depth: number;
  readonly members: number;
}

/** No double needs more; a longer spelling only costs time. */
const LONGEST_NUMBER = 100;

// Each is tried at one place only (sticky) and can match in one way only, so reading stays linear.
const BLANK = /[ \t\n\r]*/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const WORD = /true|false|null/y;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** True for text that UTF-8 can hold. */
export function isWellFormed(text: string): boolean {
  return !LONE_SURROGATE.test(text);
}

/**
 * Reads one JSON object. Refuses anything but an object at the top, a byte order mark, invalid UTF-8, lone surrogates, duplicate
 * members and `__proto__` at any depth, negative zero, numbers out of range, and whatever passes the limits.
 *
 * @throws JsonRefused
 */
export function parseStrictJsonObject(source: Uint8Array | string, limits: JsonLimits = defaultLimits): JsonObject {
  const text = typeof source === 'string' ? source : decodeUtf8(source);
  return new Reader(text, limits).readDocument();
}

function decodeUtf8(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) throw new JsonRefused('not UTF-8');
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

class Reader {
  private at = 0;
  private members = 0;

  constructor(
    private readonly text: string,
    private readonly limits: JsonLimits,
  ) {}

  readDocument(): JsonObject {
    this.take(BLANK);
    if (!this.skip('{')) throw new JsonRefused('not an object');
    const value = this.readObject(1);
    if (this.at !== this.text.length) throw new JsonRefused('text after the object');
    return value;
  }

  /** Everything after a value's or sign's last character up to the next sign is blank. */
  private skip(sign: string): boolean {
    if (this.text[this.at] !== sign) return false;
    this.at += 1;
    this.take(BLANK);
    return true;
  }

  private expect(sign: string): void {
    if (!this.skip(sign)) throw new JsonRefused(`no ${sign} where one must be`);
  }

  private take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.at += found.length;
    return found;
  }

  private readValue(depth: number): Json {
    if (this.skip('{')) return this.readObject(depth + 1);
    if (this.skip('[')) return this.readArray(depth + 1);
    const value = this.text[this.at] === '"' ? this.readString() : this.readScalar();
    this.take(BLANK);
    return value;
  }

  private readObject(depth: number): JsonObject {
    this.enter(depth);
    const object: Record<string, Json> = Object.create(null);
    if (this.skip('}')) return Object.freeze(object);
    do {
      const name = this.readString();
      this.take(BLANK);
      this.expect(':');
      this.admit(object, name);
      object[name] = this.readValue(depth);
    } while (this.skip(','));
    this.expect('}');
    return Object.freeze(object);
  }

  private readArray(depth: number): readonly Json[] {
    this.enter(depth);
    const array: Json[] = [];
    if (this.skip(']')) return Object.freeze(array);
    do array.push(this.readValue(depth));
    while (this.skip(','));
    this.expect(']');
    return Object.freeze(array);
  }

  private enter(depth: number): void {
    if (depth > this.limits.depth) throw new JsonRefused('nested too deep');
  }

  private admit(object: Record<string, Json>, name: string): void {
    this.members += 1;
    if (this.members > this.limits.members) throw new JsonRefused('too many members');
    if (name === '__proto__') throw new JsonRefused('a member named __proto__');
    if (name in object) throw new JsonRefused('a member twice');
  }

  private readString(): string {
    const spelling = this.take(STRING);
    if (spelling === undefined) throw new JsonRefused('no string where one must be');
    const value = spelling.includes('\\') ? String(JSON.parse(spelling)) : spelling.slice(1, -1);
    if (!isWellFormed(value)) throw new JsonRefused('a lone surrogate');
    return value;
  }

  private readScalar(): number | boolean | null {
    const word = this.take(WORD);
    if (word !== undefined) return word === 'null' ? null : word === 'true';
    const spelling = this.take(NUMBER) ?? '';
    const value = Number(spelling);
    const acceptable = spelling !== '' && spelling.length <= LONGEST_NUMBER && Number.isFinite(value);
    if (!acceptable || Object.is(value, -0)) throw new JsonRefused('no acceptable value');
    return value;
  }
}
