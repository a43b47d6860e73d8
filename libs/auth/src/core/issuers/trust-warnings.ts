// What is allowed but should be said loudly: openings that an application chose by name.
import { trustedEntry, type TrustOptions } from './trust-options.js';
import { entryPlace, trustProblems } from './trust-problems.js';

/** A sentence for every opening; empty if there is none. */
export function trustWarnings(trust: readonly TrustOptions[], isProduction: boolean): readonly string[] {
  // What is wrong is said as a problem; only what is right can be checked for what it opens.
  if (trustProblems(trust).length > 0) return [];
  return trust.flatMap((entry) =>
    trustedEntry.warnings(entry, entryPlace(`trust[${JSON.stringify(entry.issuer)}]`, isProduction)),
  );
}
