// What may be said of an error that is not ours.

/** The kind of an error, and its code: the message may hold what was sent, or SQL. */
export function kindOfError(cause: unknown): string {
  if (!(cause instanceof Error)) return `a ${typeof cause} was thrown`;
  const { name, code } = cause as { readonly name: string; readonly code?: unknown };
  return [name, code].filter((word) => typeof word === 'string' && /^\w{1,60}$/.test(word)).join(' ') || 'Error';
}
