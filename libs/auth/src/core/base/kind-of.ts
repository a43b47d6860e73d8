// Words for the kind of a value, for messages that name a mistake without showing the value.

/** `a number`, `text`, `empty text`, `null`, `a list`, `an object (Date)`: the kind of a value, and nothing of its content. */
export function kindOf(value: unknown): string {
  if (typeof value === 'string') return value === '' ? 'empty text' : 'text';
  if (typeof value === 'object' && value !== null) return objectKind(value);
  return value === null || value === undefined || typeof value === 'boolean' ? String(value) : `a ${typeof value}`;
}

function objectKind(value: object): string {
  if (Array.isArray(value)) return 'a list';
  if ('then' in value) return 'a promise';
  const { name }: { readonly name?: unknown } = value.constructor ?? {};
  return typeof name === 'string' && /^\w{1,40}$/.test(name) && name !== 'Object' ? `an object (${name})` : 'an object';
}
