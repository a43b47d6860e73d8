// Reads the members of an external key, and which of them to ignore.

/**
 * The members that say something. Serializers of other languages write out what was never set, as `null`, an empty text or an empty
 * list; such a member says nothing about the key.
 */
export function stated<T>(members: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => !isEmpty(value)));
}

function isEmpty(value: unknown): boolean {
  return value === null || value === '' || (Array.isArray(value) && value.length === 0);
}
