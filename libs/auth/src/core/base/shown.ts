// How a sentence about a mistake shows what was given: by its kind and a few letters, since it may be anything.

const LONGEST = 40;

/** The arguments of a call as they are written in code; `nothing` for none. */
export function shown(given: readonly unknown[]): string {
  return given.length === 0 ? 'nothing' : given.map(one).join(', ');
}

function one(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, LONGEST));
  if (Array.isArray(value)) return `a list (${shown(value.slice(0, 3) as unknown[])})`;
  if (typeof value === 'function') return value.name === '' ? 'a function' : value.name;
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}
