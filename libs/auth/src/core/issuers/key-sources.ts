// The sources that an issuer's keys come from: one, or several with algorithms of their own each.
import type { Algorithm } from '../keys/algorithms.js';
import type { TrustedKeys, TrustOptions } from './trust-options.js';

/** One source, and the only algorithms that its keys are used for. */
export interface KeySourceRules {
  readonly keys: TrustedKeys;
  readonly algorithms: readonly Algorithm[];
}

/** The sources of an issuer. */
export function sourcesOf({ keys, algorithms }: Pick<TrustOptions, 'keys' | 'algorithms'>): readonly KeySourceRules[] {
  if (!isSeveral(keys)) return [{ keys, algorithms: algorithms ?? usualAlgorithms(keys) }];
  return keys.map(({ algorithms: own, ...source }) => ({ keys: source, algorithms: own ?? usualAlgorithms(source) }));
}

/** The algorithms of an issuer: as listed, that of its secret, or the two that most providers use; of all its sources together. */
export function algorithmsOf(options: Pick<TrustOptions, 'keys' | 'algorithms'>): readonly Algorithm[] {
  return [...new Set(sourcesOf(options).flatMap(({ algorithms }) => algorithms))];
}

/** True for a list of sources. */
export function isSeveral(keys: TrustOptions['keys']): keys is Exclude<TrustOptions['keys'], TrustedKeys> {
  return Array.isArray(keys);
}

/** True for a source that is fetched. */
export function isFetched(keys: TrustedKeys): keys is Extract<TrustedKeys, { timeout?: unknown }> {
  return 'jwksUri' in keys || 'discovery' in keys;
}

function usualAlgorithms(keys: TrustedKeys): readonly Algorithm[] {
  return 'secret' in keys ? [keys.alg] : ['RS256', 'ES256'];
}
