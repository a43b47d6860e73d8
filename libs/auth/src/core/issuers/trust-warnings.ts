// What is allowed but should be said loudly: openings that an application chose by name.
import { isFetched } from './key-sources.js';
import type { KeyFetchOptions, TrustOptions } from './trust-options.js';
import { trustProblems } from './trust-problems.js';

/** A sentence for every opening; empty where there is none. */
export function trustWarnings(trust: readonly TrustOptions[], isProduction: boolean): readonly string[] {
  // What is wrong is said as a problem; only what is right can be judged for what it opens.
  if (trustProblems(trust).length > 0) return [];
  return trust.flatMap(({ issuer, audience, keys, boundTokens }) => {
    const name = `trust[${JSON.stringify(issuer)}]`;
    const fetched: readonly KeyFetchOptions[] = [keys].flat().filter(isFetched);
    const isLoopback = fetched.some((source) => source.allowLoopbackHttp === true);
    const named = [...new Set(fetched.flatMap(({ allowPrivateHttp = [] }) => allowPrivateHttp))];
    return [
      ...(audience === false ? [`${name}.audience is false: its tokens for other services are accepted here.`] : []),
      ...(boundTokens === true
        ? [`${name}.boundTokens is true: tokens that are bound to a key are accepted without the proof of it.`]
        : []),
      ...(isLoopback && isProduction
        ? [`${name}.keys.allowLoopbackHttp is set: whoever is on this machine may hand out its keys.`]
        : []),
      ...(named.length > 0 && isProduction
        ? [
            `${name}.keys.allowPrivateHttp is set: whoever can answer for ${named.join(', ')} in this network may hand out its keys.`,
          ]
        : []),
    ];
  });
}
