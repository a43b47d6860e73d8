// Reads a claim as a list of strings. A string is split only if a standard defines it as separated by spaces, so that one value never
// becomes several.
import type { Json } from '../base/principal.js';
import { unacceptable } from './refusals.js';

/**
 * The strings of a claim: a string is one entry, whatever it contains; a list must hold strings.
 * @throws AuthError `invalid_claims` for anything else
 */
export function listedTexts(value: Json | undefined, claim: string): readonly string[] {
  if (value === undefined || value === null) return [];
  const texts: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (!texts.every((text) => typeof text === 'string'))
    throw unacceptable(claim, 'must be a string or a list of strings');
  return texts.filter((text) => text !== '');
}

/**
 * As {@link listedTexts}, but a text holds several, separated by spaces: `scope`, whose values cannot have one (RFC 6749 §3.3).
 * @throws AuthError `invalid_claims`
 */
export function spacedTexts(value: Json | undefined, claim: string): readonly string[] {
  return typeof value === 'string' ? value.split(' ').filter((text) => text !== '') : listedTexts(value, claim);
}
