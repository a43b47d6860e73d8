// How big anything inside a token may be. Our own tokens go into stores and cookies of ours; those of other issuers are as big as
// their issuers make them, up to what fits into a request.

/** Bounds on what a token may hold. Text is counted in UTF-16 units, which for a well-formed token are bytes. */
export interface TokenLimits {
  /** Length of the whole token. @defaultValue 8192 for our own, 16384 for those of other issuers */
  readonly token: number;
  /** Bytes of the decoded protected header. @defaultValue 2048 for our own, 8192 for those of other issuers */
  readonly header: number;
  /** Levels of objects and arrays, the outermost counted. @defaultValue 32 */
  readonly depth: number;
  /** Members of all objects of one JSON text together. @defaultValue 1000 for our own, 5000 for those of other issuers */
  readonly members: number;
  /** Entries of an audience list. @defaultValue 32 for our own, 1000 for those of other issuers */
  readonly audiences: number;
  /** Length of a key id. @defaultValue 256 */
  readonly kid: number;
  /** Length of a token id. @defaultValue 128 for our own, as long as the token for those of other issuers */
  readonly jti: number;
  /** Length of a subject, and of a sign-in id. @defaultValue 255 for our own, as long as the token for those of other issuers */
  readonly subject: number;
}

/** The limits of our own tokens, where none are asked for. */
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

/** The limits of tokens of other issuers: what Node.js accepts as the headers of a request, and nothing of our stores. */
export const externalLimits: TokenLimits = Object.freeze({
  token: 16_384,
  header: 8192,
  depth: 32,
  members: 5000,
  audiences: 1000,
  kid: 256,
  jti: 16_384,
  subject: 16_384,
});

/** The highest that can be asked for. */
export const highestLimits: TokenLimits = Object.freeze({
  token: 65_536,
  header: 16_384,
  depth: 64,
  members: 20_000,
  audiences: 10_000,
  kid: 256,
  jti: 16_384,
  subject: 16_384,
});

/** The limits of our own tokens. Their ids are rows of our stores, so that only lower limits count for those. */
export function ownLimits(asked: Partial<TokenLimits> = {}): TokenLimits {
  const limits = { ...defaultLimits, ...asked };
  const { jti, subject } = defaultLimits;
  return { ...limits, jti: Math.min(jti, limits.jti), subject: Math.min(subject, limits.subject) };
}

/** For each limit the widest of these: what a token may be before it is known whose it is. */
export function widestLimits(all: readonly TokenLimits[]): TokenLimits {
  const names = Object.keys(defaultLimits) as (keyof TokenLimits)[];
  const widest = names.map((name) => [name, Math.max(...all.map((limits) => limits[name]))] as const);
  // One entry for each name.
  return Object.fromEntries(widest) as unknown as TokenLimits;
}

/** What is wrong with limits that somebody asked for; empty if nothing is. */
export function limitProblems(asked: Partial<TokenLimits>, path = 'limits'): readonly string[] {
  if (typeof asked !== 'object' || asked === null || Array.isArray(asked))
    return [`${path} must be an object like { token: 16384 }`];
  return Object.entries(asked).flatMap(([name, value]) => {
    const cap = Object.hasOwn(highestLimits, name) ? highestLimits[name as keyof TokenLimits] : undefined;
    if (cap === undefined)
      return [`${path}.${name} is not a limit; there are ${Object.keys(highestLimits).join(', ')}`];
    if (Number.isInteger(value) && value >= 1 && value <= cap) return [];
    return [`${path}.${name} must be a whole number from 1 to ${cap}`];
  });
}
