// Words for what a value is, for sentences that must name a mistake and never show the value itself.

/** `a number`, `text`, `empty text`, `null`, `a list`, `a Date`: the kind of a value, and nothing of its content. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return value === '' ? 'empty text' : 'text';
  if (typeof value !== 'object') return `a ${typeof value}`;
  if (Array.isArray(value)) return 'a list';
  if ('then' in value) return 'a promise';
  const name: unknown = (value as { readonly constructor?: { readonly name?: unknown } }).constructor?.name;
  return typeof name === 'string' && /^\w{1,40}$/.test(name) && name !== 'Object' ? `an object (${name})` : 'an object';
}
