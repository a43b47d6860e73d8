// What is wrong with the list of issuers that an application trusts: everything at once, at boot.
import type { Place } from '../base/option.js';
import { trustedEntry, type TrustOptions } from './trust-options.js';

/** The place of an entry. `null` is a value there: an option that was computed and is missing must not lift a restriction. */
export function entryPlace(path: string, production = false): Place {
  return { path, production, exact: true };
}

/** Everything that is wrong with a list of trusted issuers; empty if nothing is. */
export function trustProblems(trust: readonly TrustOptions[]): readonly string[] {
  if (!Array.isArray(trust)) return ['trust must be a list of issuers'];
  const names = trust.flatMap((entry) => [entry?.issuer, ...(Array.isArray(entry?.aliases) ? entry.aliases : [])]);
  const twice = new Set(names.filter((name, index) => names.indexOf(name) !== index));
  const nameless = trust.filter((entry) => entry?.withoutIssuer === true);
  return [
    ...(nameless.length > 1 ? ['trust has several entries with withoutIssuer: nothing tells their tokens apart'] : []),
    ...trust.flatMap((entry, index) => trustedEntry.read(entry, entryPlace(`trust[${index}]`)).problems),
    ...[...twice].map(
      (name) => `trust names the issuer ${JSON.stringify(name)} twice: one issuer has one set of rules and keys`,
    ),
  ];
}
