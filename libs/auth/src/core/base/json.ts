// Strict JSON parsing (RFC 8259) for tokens and key sets: unambiguous input, inert output (frozen, no prototype).
// It prevents duplicate members, prototype pollution, byte order marks, deep nesting and invalid numbers.
import { isUtf8 } from 'node:buffer';
import { defaultLimits } from './limits.js';
import type { Json } from './principal.js';

/** Says that a text is not acceptable JSON. Internal: callers turn it into the refusal that fits. */
export class JsonError extends Error {
  override readonly name = 'JsonError';
}

/** An object out of strict JSON: deeply frozen, and without a prototype. */
export type JsonObject = { readonly [name: string]: Json };

/** Bounds on one JSON text. */
export interface JsonLimits {
  readonly depth: number;
  readonly members: number;
}

// Neither can match in two ways, so both stay linear.
const STRINGS = /"[^"\\]*(?:\\.[^"\\]*)*"/g;
/** No double needs so many digits; more digits only obscure the value. */
const LONG_NUMBER = /[0-9.]{101}/;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** True for text that UTF-8 can hold. */
export function isWellFormed(text: string): boolean {
  return !LONE_SURROGATE.test(text);
}

/**
 * Reads one JSON object. Refuses anything but an object at the top, a byte order mark, invalid UTF-8, lone surrogates, duplicate
 * members and `__proto__` at any depth, negative zero, numbers out of range, and whatever passes the limits.
 *
 * @throws JsonError
 */
export function parseStrictJsonObject(source: Uint8Array | string, limits: JsonLimits = defaultLimits): JsonObject {
  const text = typeof source === 'string' ? source : decodeUtf8(source);
  const value = parseObject(text);
  const signs = text.replaceAll(STRINGS, '');
  if (LONG_NUMBER.test(signs)) throw new JsonError('a number of too many digits');
  const members = signs.split(':').length - 1;
  if (members > limits.members) throw new JsonError(`it has more than ${limits.members} members (limits.members)`);
  // Of two members with one name the parser keeps the later: then the text has more of them than what came out of it.
  if (new Inspection(limits.depth).count(value, 1) !== members) throw new JsonError('a member twice');
  // Every member was walked, and JSON has no other values than these.
  return value as JsonObject;
}

function decodeUtf8(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) throw new JsonError('not UTF-8');
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

function parseObject(text: string): object {
  const value: unknown = parse(text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new JsonError('not an object');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the text.
    throw new JsonError('not JSON');
  }
}

/** Walks what came out of the parser: checks every value, counts the members, and removes the prototype of every object. */
class Inspection {
  constructor(private readonly depthLimit: number) {}

  count(value: object, depth: number): number {
    if (depth > this.depthLimit)
      throw new JsonError(`it is nested deeper than ${this.depthLimit} levels (limits.depth)`);
    return Array.isArray(value)
      ? this.countArray(value, depth)
      : this.countObject(value as Record<string, unknown>, depth);
  }

  private countObject(object: Record<string, unknown>, depth: number): number {
    let members = 0;
    for (const name of Object.keys(object)) {
      if (name === '__proto__') throw new JsonError('a member named __proto__');
      members += 1 + this.countIn(name, depth) + this.countIn(object[name], depth);
    }
    Object.freeze(Object.setPrototypeOf(object, null));
    return members;
  }

  private countArray(array: readonly unknown[], depth: number): number {
    let members = 0;
    for (const entry of array) members += this.countIn(entry, depth);
    Object.freeze(array);
    return members;
  }

  private countIn(value: unknown, depth: number): number {
    if (typeof value === 'object' && value !== null) return this.count(value, depth + 1);
    if (typeof value === 'string' && !isWellFormed(value)) throw new JsonError('a lone surrogate');
    if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0)))
      throw new JsonError('no number');
    return 0;
  }
}
