// What is wrong between the sources of an issuer's keys, its issuer and its algorithms.
import { isSymmetric, mixesSecretsAndPublicKeys } from '../keys/algorithms.js';
import { type AddressRules, addressProblem } from './key-addresses.js';
import type { KeyFetchOptions } from './key-fetch-options.js';
import { firstAddressOf } from './key-set-address.js';
import { isFetched, isSeveral, type KeySourceRules, type SourceOptions, sourcesOf } from './key-sources.js';

/** What may be fetched from: a name or an address, and how. */
export function addressRulesOf(keys: KeyFetchOptions): AddressRules {
  return {
    allowLoopbackHttp: keys.allowLoopbackHttp === true,
    allowPrivateAddresses: keys.allowPrivateAddresses === true,
    allowPrivateHttp: keys.allowPrivateHttp,
  };
}

/** A sentence for each source that cannot be fetched from its address. */
export function addressProblems(issuer: string, keys: SourceOptions['keys'], path: string): readonly string[] {
  return sourcesOf({ keys }).flatMap(({ keys: source }, index) => {
    if (!isFetched(source)) return [];
    const address = firstAddressOf(issuer, source);
    const problem = addressProblem(address, addressRulesOf(source));
    const place = isSeveral(keys) ? `${path}[${index}]` : path;
    return problem === undefined ? [] : [`${place}: ${JSON.stringify(address).slice(0, 120)} ${problem}`];
  });
}

/** The names of both options, for the sentences. */
interface Names {
  readonly keys: string;
  readonly algorithms: string;
}

/** A sentence for each source whose algorithms do not fit its keys, and for what several sources cannot share. */
export function algorithmProblems(options: SourceOptions, names: Names): readonly string[] {
  if (!isSeveral(options.keys)) return sourcesOf(options).flatMap((source) => misfits(source, names.algorithms));
  const own = sourcesOf(options).flatMap((source, index) => misfits(source, `${names.keys}[${index}].algorithms`));
  return [...own, ...togetherProblems(options, names)];
}

function misfits({ keys, algorithms }: KeySourceRules, path: string): readonly string[] {
  const hasSecret = 'secret' in keys;
  const rules: readonly (readonly [broken: boolean, sentence: string])[] = [
    [mixesSecretsAndPublicKeys(algorithms), `${path} mixes HMAC with asymmetric algorithms`],
    [algorithms.every(isSymmetric) && !hasSecret, `${path} is HMAC, but its keys are public`],
    [!algorithms.some(isSymmetric) && hasSecret, `${path} is asymmetric, but its key is a secret`],
  ];
  return rules.filter(([broken]) => broken).map(([, sentence]) => sentence);
}

function togetherProblems(options: SourceOptions, names: Names): readonly string[] {
  const fetched = sourcesOf(options).filter(({ keys }) => isFetched(keys));
  const claimed = fetched.flatMap(({ algorithms }) => algorithms);
  const twice = new Set(claimed.filter((alg, index) => claimed.indexOf(alg) !== index));
  const beside = `${names.algorithms} cannot be given beside a list of sources: each has its own`;
  return [
    ...(options.algorithms === undefined ? [] : [beside]),
    ...[...twice].map(
      (alg) => `${names.keys} has several sources that are fetched for ${alg}; name the algorithms of each`,
    ),
  ];
}
