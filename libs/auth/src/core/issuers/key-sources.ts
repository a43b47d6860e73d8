// The sources that an issuer's keys come from: one, or several with algorithms of their own each.
import type { Algorithm } from '../keys/algorithms.js';
import type { TrustedKeys, TrustedKeySource } from './key-source-options.js';

/** One source, and the only algorithms that its keys are used for. */
export interface KeySourceRules {
  readonly keys: TrustedKeys;
  readonly algorithms: readonly Algorithm[];
}

/** The options of an issuer that say where its keys are, and what they are used for. */
export interface SourceOptions {
  readonly keys: TrustedKeys | readonly TrustedKeySource[];
  readonly algorithms?: readonly Algorithm[] | undefined;
}

/** The sources of an issuer. */
export function sourcesOf({ keys, algorithms }: SourceOptions): readonly KeySourceRules[] {
  if (!isSeveral(keys)) return [{ keys, algorithms: algorithms ?? usualAlgorithms(keys) }];
  return keys.map(({ algorithms: own, ...source }) => ({ keys: source, algorithms: own ?? usualAlgorithms(source) }));
}

/** The algorithms of an issuer: as listed, that of its secret, or the two that most providers use; of all its sources together. */
export function algorithmsOf(options: SourceOptions): readonly Algorithm[] {
  return [...new Set(sourcesOf(options).flatMap(({ algorithms }) => algorithms))];
}

/** True for a list of sources. */
export function isSeveral(keys: SourceOptions['keys']): keys is readonly TrustedKeySource[] {
  return Array.isArray(keys);
}

/** True for a source that is fetched. */
export function isFetched(keys: TrustedKeys): keys is Extract<TrustedKeys, { timeout?: unknown }> {
  return 'jwksUri' in keys || 'discovery' in keys;
}

function usualAlgorithms(keys: TrustedKeys): readonly Algorithm[] {
  return 'secret' in keys ? [keys.alg] : ['RS256', 'ES256'];
}
