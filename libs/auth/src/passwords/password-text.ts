// Normalizes a password to the form that is hashed.

/**
 * The OpaqueString profile of RFC 8265 section 4.2: spaces of any script become the ASCII space, and what can be written as one character
 * or two (`é`) is written as one (NFC). Case, width and everything else stay as they were typed.
 *
 * @returns `undefined` for half a character (a lone surrogate), which no keyboard types and every encoder replaces by the same
 */
export function normalisedPassword(typed: unknown): string | undefined {
  if (typeof typed !== 'string' || /\p{Cs}/u.test(typed)) return undefined;
  return typed.replaceAll(/\p{Zs}/gu, ' ').normalize('NFC');
}

/** The length of a password as users count it: in characters (code points). */
export function lengthOf(password: string): number {
  return [...password].length;
}
