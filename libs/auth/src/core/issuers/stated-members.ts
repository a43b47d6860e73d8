// What the members of somebody else's key say, and which of them say nothing.

/**
 * The members that say something. Serialisers of other languages write out what was never set, as `null`, an empty text or an empty
 * list; such a member says nothing about the key.
 */
export function stated<T>(members: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => !isEmpty(value)));
}

function isEmpty(value: unknown): boolean {
  return value === null || value === '' || (Array.isArray(value) && value.length === 0);
}
