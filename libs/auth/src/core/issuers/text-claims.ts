// If scopes and roles stand in the tokens of an issuer.
import { claimAt } from '../base/claim-path.js';
import type { Claims } from '../base/principal.js';
import { listedTexts, spacedTexts } from '../tokens/texts.js';
import type { TextClaim, TextClaims } from './trust-options.js';

/** Reads texts of several claims, each once. */
export function textsOf(names: TextClaims): (claims: Claims) => readonly string[] {
  if (typeof names === 'function') return names;
  const readers = [names].flat().map(readerOf);
  return (claims) => [...new Set(readers.flatMap((read) => read(claims)))];
}

/** `scope` alone is separated by spaces wherever it is found, because it is defined so (RFC 6749 §3.3, RFC 9068 §2.2.3). */
function readerOf(name: TextClaim): (claims: Claims) => readonly string[] {
  const [path, read] =
    typeof name === 'string'
      ? [name, name === 'scope' ? spacedTexts : listedTexts]
      : [name.spaceSeparated, spacedTexts];
  return (claims) => read(claimAt(claims, path), path);
}
