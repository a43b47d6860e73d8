// Helpers for values of unknown type.

/** True for objects of any kind, lists among them. */
export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** True for an object that is not a list. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return isObject(value) && !Array.isArray(value);
}

/** The member of an object, inherited or not; `undefined` for anything that is not an object. */
export function memberIn(value: unknown, name: string): unknown {
  return isObject(value) ? Reflect.get(value, name) : undefined;
}

/** The own member of an object. For data that a client sent: which prevents access to inherited members such as `constructor`. */
export function ownMemberIn(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
}
