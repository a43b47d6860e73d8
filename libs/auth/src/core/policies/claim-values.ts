// What a claim must say: one value, or a list with some values. A text is one value, and nothing is converted: '1' is not 1.
import type { Json } from '../base/principal.js';

/** A value that a claim can be compared with. */
export type ClaimValue = string | number | boolean;

/** One value or several. */
export type ClaimValues = ClaimValue | readonly ClaimValue[];

/** True if the claim is one of these. A list equals nothing, not even with one of them in it. */
export function equalsOne(claim: Json | undefined, values: readonly ClaimValue[]): boolean {
  return values.some((value) => value === claim);
}

/** True if the claim is a list that holds all of these. */
export function includesAll(claim: Json | undefined, values: readonly ClaimValue[]): boolean {
  return Array.isArray(claim) && values.every((value) => claim.includes(value));
}

/** True for what claims can be compared with: text that is not empty, a finite number, a boolean. */
export function isClaimValue(value: unknown): value is ClaimValue {
  return (typeof value === 'string' && value !== '') || typeof value === 'boolean' || Number.isFinite(value);
}
