// Ensures that claims survive a JSON round trip before they are signed. JSON would drop functions, turn dates into text and NaN
// into null without a word, and call `toJSON` wherever it finds one.
import { isWellFormed, type JsonLimits, type JsonObject } from '../base/json.js';
import { defaultLimits } from '../base/limits.js';
import type { Json } from '../base/principal.js';

/** A token cannot be signed; names the claim. It never holds a value. */
export class ClaimsNotSerializableError extends Error {
  override readonly name = 'ClaimsNotSerializableError';

  constructor(
    /** The path of the claim: `roles.2.name`. Empty for the token as a whole. */
    readonly claim: string,
    problem: string,
    options?: ErrorOptions,
  ) {
    super(`${claim === '' ? 'The token' : `The claim "${claim}"`} ${problem}`, options);
  }
}

/**
 * Copies claims as they will be read again. Members that are `undefined` are left out.
 *
 * @throws ClaimsNotSerializableError
 */
export function toSerializable(claims: object, limits: JsonLimits = defaultLimits): JsonObject {
  return new Copy(limits).object(claims, []);
}

/** Walks the claims. A cycle ends at the depth limit, too many members at the limit of members. */
class Copy {
  private members = 0;

  constructor(private readonly limits: JsonLimits) {}

  object(source: object, path: readonly string[]): JsonObject {
    assertPlain(source, [Object.prototype, null], path);
    const copy: Record<string, Json> = Object.create(null);
    for (const [name, member] of Object.entries(source)) {
      if (member === undefined) continue;
      const at = [...path, name];
      this.members += 1;
      if (this.members > this.limits.members) throw refusal(at, `is one too many; there may be ${this.limits.members}`);
      if (name === '__proto__' || !isWellFormed(name)) throw refusal(at, 'has a name that is not acceptable');
      copy[name] = this.value(member, at);
    }
    return copy;
  }

  private value(value: unknown, path: readonly string[]): Json {
    if (value === null || typeof value === 'boolean') return value;
    if (typeof value === 'string') return text(value, path);
    if (typeof value === 'number') return number(value, path);
    if (typeof value !== 'object') throw refusal(path, `is a ${typeof value}, which JSON cannot hold`);
    if (path.length >= this.limits.depth) throw refusal(path, 'is nested too deep, or holds itself');
    return Array.isArray(value) ? this.array(value, path) : this.object(value, path);
  }

  private array(source: readonly unknown[], path: readonly string[]): readonly Json[] {
    assertPlain(source, [Array.prototype], path);
    return Array.from(source, (entry, index) => this.value(entry, [...path, String(index)]));
  }
}

function assertPlain(source: object, prototypes: readonly unknown[], path: readonly string[]): void {
  if (!prototypes.includes(Object.getPrototypeOf(source)))
    throw refusal(path, 'is not a plain object; convert it first');
}

function text(value: string, path: readonly string[]): string {
  if (!isWellFormed(value)) throw refusal(path, 'holds half a character (a lone surrogate)');
  return value;
}

function number(value: number, path: readonly string[]): number {
  if (!Number.isFinite(value)) throw refusal(path, 'is not a finite number');
  if (Object.is(value, -0)) throw refusal(path, 'is minus zero, which JSON does not keep');
  return value;
}

function refusal(path: readonly string[], problem: string): ClaimsNotSerializableError {
  return new ClaimsNotSerializableError(path.slice(0, 4).join('.'), problem);
}
