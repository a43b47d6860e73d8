// Owns how big anything inside a token may be. The defaults are also the caps: an option may only lower them.

/** Bounds on what a token may hold. Text is counted in UTF-16 units, which for a well-formed token are bytes. */
export interface TokenLimits {
  /** Length of the whole token. @defaultValue 8192 */
  readonly token: number;
  /** Bytes of the decoded protected header. @defaultValue 2048 */
  readonly header: number;
  /** Levels of objects and arrays, the outermost counted. @defaultValue 32 */
  readonly depth: number;
  /** Members of all objects of one JSON text together. @defaultValue 1000 */
  readonly members: number;
  /** Entries of an audience list. @defaultValue 32 */
  readonly audiences: number;
  /** Length of a key id. @defaultValue 256 */
  readonly kid: number;
  /** Length of a token id. @defaultValue 128 */
  readonly jti: number;
  /** Length of a subject, and of a sign-in id. @defaultValue 255 */
  readonly subject: number;
}

/** The default limits, and the highest that can be asked for. */
export const defaultLimits: TokenLimits = Object.freeze({
  token: 8192,
  header: 2048,
  depth: 32,
  members: 1000,
  audiences: 32,
  kid: 256,
  jti: 128,
  subject: 255,
});

/** What is wrong with limits that somebody asked for; empty if nothing is. */
export function limitProblems(asked: Partial<TokenLimits>): readonly string[] {
  return Object.entries(asked).flatMap(([name, value]) => {
    const cap = Object.hasOwn(defaultLimits, name) ? defaultLimits[name as keyof TokenLimits] : undefined;
    if (cap === undefined) return [`limits.${name} is not a limit; there are ${Object.keys(defaultLimits).join(', ')}`];
    if (Number.isInteger(value) && value >= 1 && value <= cap) return [];
    return [`limits.${name} must be a whole number from 1 to ${cap}`];
  });
}
