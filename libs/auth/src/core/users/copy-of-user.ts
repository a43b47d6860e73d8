// A copy of a remembered user for one request: what a handler changes must not be seen by another request.

/**
 * A deep copy: plain objects, instances of classes with their prototype, lists, dates, maps, sets and bytes. Anything else (functions,
 * promises, URLs, objects with a `Symbol.toStringTag` of their own) is the same in every copy. Private fields (`#name`) cannot be copied.
 */
export function copyOfUser<User>(user: User): User {
  // A copy has the type of what was copied.
  return copied(user, new Map()) as User;
}

type Copies = Map<object, object>;

function copied(value: unknown, copies: Copies): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return copies.get(value) ?? copiedObject(value, copies);
}

function copiedObject(value: object, copies: Copies): object {
  if (value instanceof Date) return new Date(value.getTime());
  if (ArrayBuffer.isView(value)) return copiedBytes(value);
  if (value instanceof Map) return copiedMap(value, copies);
  if (value instanceof Set) return copiedSet(value, copies);
  return PLAIN.has(Object.prototype.toString.call(value)) ? copiedMembers(value, copies) : value;
}

const PLAIN: ReadonlySet<string> = new Set(['[object Object]', '[object Array]']);

function copiedBytes(value: ArrayBufferView): ArrayBufferView {
  // `slice` of a Buffer would share its memory.
  if (Buffer.isBuffer(value)) return Buffer.from(value);
  return value instanceof Uint8Array ? value.slice() : structuredClone(value);
}

function copiedMap(value: ReadonlyMap<unknown, unknown>, copies: Copies): Map<unknown, unknown> {
  const copy = new Map<unknown, unknown>();
  copies.set(value, copy);
  for (const [key, each] of value) copy.set(copied(key, copies), copied(each, copies));
  return copy;
}

function copiedSet(value: ReadonlySet<unknown>, copies: Copies): Set<unknown> {
  const copy = new Set<unknown>();
  copies.set(value, copy);
  for (const each of value) copy.add(copied(each, copies));
  return copy;
}

/** Getters and setters stay what they are; the copy of something frozen can be changed as little as the original. */
function copiedMembers(value: object, copies: Copies): object {
  const prototype = Object.getPrototypeOf(value) as object | null;
  const copy: object = Array.isArray(value) ? [] : (Object.create(prototype) as object);
  copies.set(value, copy);
  for (const name of Reflect.ownKeys(value)) {
    const member = Reflect.getOwnPropertyDescriptor(value, name);
    if (member === undefined) continue;
    if ('value' in member) member.value = copied(member.value, copies);
    Object.defineProperty(copy, name, member);
  }
  return copy;
}
