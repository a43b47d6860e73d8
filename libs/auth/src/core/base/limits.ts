// How big anything inside a token may be. Our own tokens go into stores and cookies of ours; those of other issuers are as big as
// their issuers make them, up to what fits into a request.
import { group } from './option-group.js';
import { wholeNumber } from './option-kinds.js';
import type { Option } from './option.js';

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

/** The limits of our own tokens, if none are asked for. */
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

/** Bounds that replace the usual ones, each up to the highest one. */
export const limits = limitsOption(
  'bounds on what a token may hold; ids of our own tokens can only be made shorter',
  (name) => {
    const [own, external] = [`\`${defaultLimits[name]}\``, `\`${externalLimits[name]}\``];
    return own === external ? own : `${own}; ${external} for tokens of other issuers`;
  },
);

/** The option that replaces some limits; `otherwise` says what a limit is without it. */
export function limitsOption(
  summary: string,
  otherwise: (name: keyof TokenLimits) => string,
): Option<Partial<TokenLimits>> {
  const limit = (name: keyof TokenLimits, summary: string) =>
    wholeNumber({ min: 1, max: highestLimits[name], otherwise: otherwise(name), summary });
  return group<Partial<TokenLimits>>()({
    summary,
    accepts: 'an object like { token: 16384 }',
    shows: 'nothing',
    noun: 'a limit',
    options: {
      token: limit('token', 'length of the whole token'),
      header: limit('header', 'bytes of the decoded protected header'),
      depth: limit('depth', 'levels of objects and arrays, the outermost counted'),
      members: limit('members', 'members of all objects of one JSON text together'),
      audiences: limit('audiences', 'entries of an audience list'),
      kid: limit('kid', 'length of a key id'),
      jti: limit('jti', 'length of a token id'),
      subject: limit('subject', 'length of a subject, and of a login id'),
    },
    // What was not given must not replace a default.
    settings: (given): Partial<TokenLimits> =>
      Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  });
}

/** What is wrong with limits that were asked for; empty if nothing is. */
export function limitProblems(asked: Partial<TokenLimits>, path = 'limits'): readonly string[] {
  return limits.read(asked, { path, production: false }).problems;
}
