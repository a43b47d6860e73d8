// What makes two members of a key set one key: the same id and the same numbers. `kid` and `alg` together name a key (RFC 7517 §4.5),
// so that one id may name several keys of different algorithms, and never for two of the same.
import type { KeyObject } from 'node:crypto';
import type { Algorithm } from '../keys/algorithms.js';
import type { VerificationKey } from '../keys/keys.js';

/** A set without copies, and the ids that name nothing. */
export interface DistinctKeys {
  readonly keys: readonly VerificationKey[];
  /** Ids that stood for different keys of one algorithm; under that algorithm none of them is used. */
  readonly ambiguous: readonly string[];
}

/** Joins copies, and takes from keys what they are not named for alone. */
export function distinctKeys(read: readonly VerificationKey[]): DistinctKeys {
  const joined = new Map<string, VerificationKey>();
  for (const key of read) {
    const identity = JSON.stringify([key.kid, numbersOf(key.key)]);
    joined.set(identity, join(joined.get(identity), key));
  }
  const all = [...joined.values()];
  const matched = all.map((key) => ({ key, unique: key.algorithms.filter((alg) => !isContested(all, key, alg)) }));
  return {
    keys: matched.flatMap(({ key, unique }) => {
      if (unique.length === 0) return [];
      return unique.length === key.algorithms.length ? [key] : [Object.freeze({ ...key, algorithms: unique })];
    }),
    ambiguous: [
      ...new Set(matched.flatMap(({ key, unique }) => (unique.length < key.algorithms.length ? (key.kid ?? []) : []))),
    ],
  };
}

/** The key in force that says the same as this one: for as long as a key is in the set it stays the same object. */
export function inForce(known: readonly VerificationKey[], key: VerificationKey): VerificationKey {
  return known.find((old) => describe(old) === describe(key)) ?? key;
}

function join(one: VerificationKey | undefined, other: VerificationKey): VerificationKey {
  if (one === undefined) return other;
  const issuers = union(one.issuers, other.issuers);
  const thumbprints = union(one.thumbprints, other.thumbprints);
  return Object.freeze({
    ...one,
    ...(issuers.length > 0 && { issuers }),
    ...(thumbprints.length > 0 && { thumbprints }),
    algorithms: union(one.algorithms, other.algorithms),
  });
}

function union<T>(one: readonly T[] = [], other: readonly T[] = []): readonly T[] {
  return Object.freeze([...new Set([...one, ...other])]);
}

function isContested(all: readonly VerificationKey[], key: VerificationKey, alg: Algorithm): boolean {
  return (
    key.kid !== undefined &&
    all.some((other) => other !== key && other.kid === key.kid && other.algorithms.includes(alg))
  );
}

function describe({ key, ...rest }: VerificationKey): string {
  return JSON.stringify([numbersOf(key), Object.entries(rest).sort(([one], [other]) => (one < other ? -1 : 1))]);
}

const numbers = new WeakMap<KeyObject, string>();

/** The key in the canonical form that Node exports: without leading zeros, whitespace and other members. */
function numbersOf(key: KeyObject): string {
  const known = numbers.get(key) ?? JSON.stringify(key.export({ format: 'jwk' }));
  numbers.set(key, known);
  return known;
}
