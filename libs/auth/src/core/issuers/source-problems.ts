// What is wrong with the sources of an issuer's keys, and with what each may be used for.
import { algorithms, isAlgorithm, isSymmetric, mixesSecretsAndPublicKeys } from '../keys/algorithms.js';
import { type AddressRules, addressProblem } from './key-addresses.js';
import { KeySetCache } from './key-set-cache.js';
import { firstAddressOf } from './key-set-address.js';
import { isFetched, isSeveral, type KeySourceRules, sourcesOf } from './key-sources.js';
import type { KeyFetchOptions, TrustedKeys, TrustOptions } from './trust-options.js';
import { type Bounds, broken, DAY, durationProblems, flagProblems, MINUTE, shown, unknownNames } from './sentences.js';
import { wayOutProblems } from './way-out-problems.js';

/** Spelt as a record, so that an option that is forgotten here does not compile. */
const FETCH: Readonly<Record<keyof KeyFetchOptions, true>> = {
  allowLoopbackHttp: true,
  allowPrivateAddresses: true,
  timeout: true,
  maxAge: true,
  staleIfError: true,
  eager: true,
  sharedCache: true,
  allowPrivateHttp: true,
  proxy: true,
  ca: true,
  headers: true,
  fetch: true,
};

const FETCH_DURATIONS: Readonly<Record<string, Bounds>> = {
  timeout: [10, 5_000, "'10ms' to '5s'"],
  maxAge: [MINUTE, DAY, 'one minute to 24 hours'],
  staleIfError: [0, DAY, '0 to 24 hours'],
};

const FETCH_OPTIONS = Object.keys(FETCH);

/** The ways to keys, by the one member that tells them apart. */
const KEY_OPTIONS: Readonly<Record<string, readonly string[]>> = {
  jwksUri: ['jwksUri', ...FETCH_OPTIONS],
  discovery: ['discovery', 'metadataUri', ...FETCH_OPTIONS],
  jwks: ['jwks'],
  secret: ['secret', 'alg', 'kid'],
};

/** Everything that is wrong with `keys` and `algorithms` of an issuer. */
export function sourceProblems(options: TrustOptions, path: string): readonly string[] {
  const { issuer, keys } = options;
  const several = isSeveral(keys);
  return [
    ...sourcesOf(options).flatMap((rules, index) => [
      ...keyProblems(issuer, rules.keys, several ? `${path}.keys[${index}]` : `${path}.keys`),
      ...algorithmProblems(rules, several ? `${path}.keys[${index}]` : path),
    ]),
    ...(several ? togetherProblems(options, path) : []),
  ];
}

/** What may be fetched from: a name or an address, and how. */
export function addressRulesOf(keys: KeyFetchOptions): AddressRules {
  return {
    allowLoopbackHttp: keys.allowLoopbackHttp === true,
    allowPrivateAddresses: keys.allowPrivateAddresses === true,
    allowPrivateHttp: keys.allowPrivateHttp,
  };
}

function togetherProblems(options: TrustOptions, path: string): readonly string[] {
  const fetched = sourcesOf(options).filter(({ keys }) => isFetched(keys));
  const claimed = fetched.flatMap((rules) => rules.algorithms);
  const twice = claimed.filter((alg, index) => claimed.indexOf(alg) !== index);
  return [
    ...broken([
      [
        options.algorithms !== undefined,
        `${path}.algorithms cannot be given beside a list of sources: each has its own`,
      ],
    ]),
    ...[...new Set(twice)].map(
      (alg) => `${path}.keys has several sources that are fetched for ${alg}; name the algorithms of each`,
    ),
  ];
}

function keyProblems(issuer: string, keys: TrustedKeys, path: string): readonly string[] {
  const given: Readonly<Record<string, unknown>> = { ...keys };
  const ways = Object.keys(KEY_OPTIONS).filter((way) => given[way] !== undefined);
  const [way, ...others] = ways;
  if (way === undefined || others.length > 0) {
    return [
      `${path} has ${ways.length === 0 ? 'none' : 'several'} of jwksUri, discovery, jwks and secret; it must have exactly one`,
    ];
  }
  return [...unknownNames(given, path, KEY_OPTIONS[way] ?? []), ...wayProblems(issuer, keys, path)];
}

function wayProblems(issuer: string, keys: TrustedKeys, path: string): readonly string[] {
  if ('secret' in keys)
    return broken([[!isAlgorithm(keys.alg) || !isSymmetric(keys.alg), `${path}.alg must be HS256, HS384 or HS512`]]);
  if ('jwks' in keys)
    return broken([[!Array.isArray(keys.jwks?.keys), `${path}.jwks must be a key set: { keys: [...] }`]]);
  const wrongWay = wayOutProblems(keys, path);
  if (wrongWay.length > 0) return wrongWay;
  const address = firstAddressOf(issuer, keys);
  const problem = addressProblem(address, addressRulesOf(keys));
  return [
    ...broken([
      [problem !== undefined, `${path}: ${shown(address)} ${problem}`],
      ['discovery' in keys && keys.discovery !== true, `${path}.discovery must be true`],
      [
        !(keys.sharedCache === undefined || keys.sharedCache instanceof KeySetCache),
        `${path}.sharedCache must be a KeySetCache`,
      ],
    ]),
    ...flagProblems({ ...keys }, path, ['allowLoopbackHttp', 'allowPrivateAddresses', 'eager']),
    ...durationProblems({ ...keys }, path, FETCH_DURATIONS),
  ];
}

function algorithmProblems({ keys, algorithms: given }: KeySourceRules, path: string): readonly string[] {
  const listed: readonly unknown[] = [given].flat();
  const known = listed.filter(isAlgorithm);
  if (listed.length === 0 || known.length < listed.length) {
    return [`${path}.algorithms is ${shown(listed)}; accepted is a list out of ${algorithms.join(', ')}`];
  }
  const hasSecret = 'secret' in keys;
  return broken([
    [mixesSecretsAndPublicKeys(known), `${path}.algorithms mixes HMAC with asymmetric algorithms`],
    [known.every(isSymmetric) && !hasSecret, `${path}.algorithms is HMAC, but its keys are public`],
    [!known.some(isSymmetric) && hasSecret, `${path}.algorithms is asymmetric, but its key is a secret`],
  ]);
}
