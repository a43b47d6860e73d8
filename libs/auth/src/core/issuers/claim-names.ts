// The claims that an issuer says its things with: what can be asked of them.
import { group } from '../base/option-group.js';
import { isGroup, value, type Check } from '../base/option-kinds.js';
import type { Claims } from '../base/principal.js';

/**
 * Where texts are: a claim whose text is one of them, or a list of them. `scope` alone is read as separated by spaces (RFC 6749
 * §3.3); for another claim of that form write `{ spaceSeparated: 'scp' }`.
 */
export type TextClaim = string | { readonly spaceSeparated: string };

/** One such claim, several that are joined, or a function that reads them. */
export type TextClaims = TextClaim | readonly TextClaim[] | ((claims: Claims) => readonly string[]);

/** The claims that an issuer says its things with. A path leads into objects: `realm_access.roles`. */
export interface ClaimNames {
  /** A claim, or a function that finds the subject among several. @defaultValue 'sub' */
  readonly subject?: string | ((claims: Claims) => string | undefined);
  /** The granted scopes. @defaultValue ['scope', 'scp'] */
  readonly scopes?: TextClaims;
  /** The roles; a text is one role, whatever is in it. @defaultValue none: no roles are read from tokens of external issuers */
  readonly roles?: TextClaims;
  /** The token's id; `false` if it has none, so that single tokens cannot be revoked. @defaultValue 'jti' */
  readonly id?: string | false;
  /** The sign-in's id. @defaultValue 'sid' */
  readonly session?: string | false;
  /** Who must be named. @defaultValue 'aud' */
  readonly audience?: string;
}

const SHOWS = { shows: 'nothing', refused: 7 } as const satisfies Partial<Check>;

export const claimNames = group<ClaimNames>()({
  summary: 'which claim says what; a path leads into objects: `realm_access.roles`',
  options: {
    subject: value<NonNullable<ClaimNames['subject']>>({
      ...SHOWS,
      accepts: 'a claim or a function',
      holds: (given: unknown) => isTrimmedText(given) || typeof given === 'function',
      default: 'sub',
      summary: 'the subject, or a function that finds it among several claims',
    }),
    scopes: value<TextClaims>({
      ...SHOWS,
      accepts: "names of claims: 'scope', { spaceSeparated: 'scp' }, a list, or a function",
      must: "name claims: 'scope', { spaceSeparated: 'scp' }, a list, or a function",
      holds: isTextClaims,
      default: ['scope', 'scp'],
      summary: 'the granted scopes',
    }),
    roles: value<TextClaims>({
      ...SHOWS,
      accepts: "names of claims: 'roles', 'realm_access.roles', a list, or a function",
      must: "name claims: 'roles', 'realm_access.roles', a list, or a function",
      holds: isTextClaims,
      default: [],
      defaultInWords: 'none: no roles are taken from tokens of other issuers',
      summary: 'the roles; a text is one role, whatever is in it',
    }),
    id: value<string | false>({
      ...SHOWS,
      accepts: 'a claim or false',
      holds: isClaimOrFalse,
      default: 'jti',
      summary: "the token's id; `false` if it has none, so that single tokens cannot be revoked",
    }),
    session: value<string | false>({
      ...SHOWS,
      accepts: 'a claim or false',
      holds: isClaimOrFalse,
      default: 'sid',
      summary: "the login's id",
    }),
    audience: value<string>({
      ...SHOWS,
      accepts: 'a claim',
      holds: isTrimmedText,
      default: 'aud',
      summary: 'who must be named',
    }),
  },
});

/** Trimmed text: with a stray space or line break of a configuration file, the value would match no token. */
export function isTrimmedText(given: unknown): given is string {
  return typeof given === 'string' && given !== '' && given.trim() === given;
}

function isClaimOrFalse(given: unknown): boolean {
  return given === false || isTrimmedText(given);
}

function isTextClaims(given: unknown): boolean {
  if (typeof given === 'function') return true;
  return [given].flat().every((one) => isTrimmedText(one) || (isGroup(one) && isTrimmedText(one['spaceSeparated'])));
}
