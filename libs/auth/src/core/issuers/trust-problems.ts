// Owns the judgement of what an application says about issuers: everything that is wrong, at once, at boot. A sentence names the
// option and what is accepted, and never holds a key.
import { algorithms, isAlgorithm, isSymmetric, mixesSecretsAndPublicKeys } from '../keys/algorithms.js';
import { parseDurationMs } from '../duration.js';
import { nearest } from '../spelling.js';
import { limitProblems } from '../tokens/limits.js';
import { claimProblems } from './claim-problems.js';
import { algorithmsOf } from './foreign-profile.js';
import { addressProblem } from './key-addresses.js';
import { KeySetCache } from './key-set-cache.js';
import { firstAddress } from './key-set-address.js';
import { broken, flagProblems, isRecord, isText, shown } from './sentences.js';
import type { ClaimNames, KeyFetchOptions, TrustedKeys, TrustOptions } from './trust-options.js';

/** Spelt as records, so that an option that is forgotten here does not compile. */
const ENTRY: Readonly<Record<keyof TrustOptions, true>> = {
  issuer: true,
  audience: true,
  keys: true,
  algorithms: true,
  types: true,
  idTokens: true,
  boundTokens: true,
  accessTokenClaims: true,
  requiredClaims: true,
  exactClaims: true,
  claims: true,
  isClient: true,
  clockTolerance: true,
  maxLifetime: true,
  maxAge: true,
  limits: true,
  exclusiveAudience: true,
  claimEquals: true,
  claimIncludes: true,
  supportedMajor: true,
  upgradeClaims: true,
};

const FETCH: Readonly<Record<keyof KeyFetchOptions, true>> = {
  allowLoopbackHttp: true,
  allowPrivateAddresses: true,
  timeout: true,
  maxAge: true,
  staleIfError: true,
  eager: true,
  sharedCache: true,
};

const CLAIMS: Readonly<Record<keyof ClaimNames, true>> = {
  subject: true,
  scopes: true,
  roles: true,
  id: true,
  session: true,
  audience: true,
};

const FETCH_OPTIONS = Object.keys(FETCH);

/** The ways to keys, by the one member that tells them apart. */
const KEY_OPTIONS: Readonly<Record<string, readonly string[]>> = {
  jwksUri: ['jwksUri', ...FETCH_OPTIONS],
  discovery: ['discovery', 'metadataUri', ...FETCH_OPTIONS],
  jwks: ['jwks'],
  secret: ['secret', 'alg', 'kid'],
};

const MINUTE = 60_000;
const DAY = 86_400_000;

/** Bounds of a duration in milliseconds, and how to say them. */
type Bounds = readonly [min: number, max: number, accepts: string];

const RULE_DURATIONS: Readonly<Record<string, Bounds>> = {
  clockTolerance: [0, MINUTE, '0 to 60 seconds'],
  maxLifetime: [1_000, 400 * DAY, 'one second to 400 days'],
  maxAge: [1_000, 400 * DAY, 'one second to 400 days'],
};

const FETCH_DURATIONS: Readonly<Record<string, Bounds>> = {
  timeout: [10, 5_000, "'10ms' to '5s'"],
  maxAge: [MINUTE, DAY, 'one minute to 24 hours'],
  staleIfError: [0, DAY, '0 to 24 hours'],
};

/** Everything that is wrong with a list of trusted issuers; empty if nothing is. */
export function trustProblems(trust: readonly TrustOptions[]): readonly string[] {
  if (!Array.isArray(trust)) return ['trust must be a list of issuers'];
  const names = trust.map((entry) => entry?.issuer);
  const twice = new Set(names.filter((name, index) => names.indexOf(name) !== index));
  return [
    ...trust.flatMap((entry, index) => problemsOf(entry, `trust[${index}]`)),
    ...[...twice].map(
      (name) => `trust names the issuer ${shown(name)} twice: one issuer has one set of rules and keys`,
    ),
  ];
}

function problemsOf(entry: unknown, path: string): readonly string[] {
  if (!isRecord(entry)) return [`${path} must be an object with issuer, audience and keys`];
  const unknown = unknownNames(entry, path, Object.keys(ENTRY));
  const missing = requiredProblems(entry, path);
  if (missing.length > 0) return [...unknown, ...missing];
  // Issuer, audience and keys are there; everything else is judged one by one below.
  const options = entry as unknown as TrustOptions;
  return [
    ...unknown,
    ...keyProblems(options, `${path}.keys`),
    ...algorithmProblems(options, path),
    ...shapeProblems(options, path),
    ...durationProblems(entry, path, RULE_DURATIONS),
  ];
}

function requiredProblems(
  { issuer, audience, keys }: Readonly<Record<string, unknown>>,
  path: string,
): readonly string[] {
  const audiences: readonly unknown[] = [audience].flat();
  const isNamed = audience === false || (audiences.length > 0 && audiences.every(isText));
  return broken([
    [!isText(issuer), `${path}.issuer is required: the exact "iss" of its tokens`],
    [
      audience === undefined,
      `${path}.audience is required: whom its tokens must be meant for, or false to accept them all`,
    ],
    [
      audience !== undefined && !isNamed,
      `${path}.audience is ${shown(audience)}; accepted is a name, a list of names, or false`,
    ],
    [!isRecord(keys), `${path}.keys is required: { jwksUri }, { discovery: true }, { jwks } or { secret, alg }`],
  ]);
}

function keyProblems(options: TrustOptions, path: string): readonly string[] {
  const given: Readonly<Record<string, unknown>> = { ...options.keys };
  const ways = Object.keys(KEY_OPTIONS).filter((way) => given[way] !== undefined);
  const [way, ...others] = ways;
  if (way === undefined || others.length > 0) {
    return [
      `${path} has ${ways.length === 0 ? 'none' : 'several'} of jwksUri, discovery, jwks and secret; it must have exactly one`,
    ];
  }
  return [...unknownNames(given, path, KEY_OPTIONS[way] ?? []), ...wayProblems(options, path)];
}

function wayProblems({ issuer, keys }: TrustOptions, path: string): readonly string[] {
  if ('secret' in keys)
    return broken([[!isAlgorithm(keys.alg) || !isSymmetric(keys.alg), `${path}.alg must be HS256, HS384 or HS512`]]);
  if ('jwks' in keys)
    return broken([[!Array.isArray(keys.jwks?.keys), `${path}.jwks must be a key set: { keys: [...] }`]]);
  const address = firstAddress(issuer, keys);
  const problem = addressProblem(address, {
    allowLoopbackHttp: keys.allowLoopbackHttp === true,
    allowPrivateAddresses: keys.allowPrivateAddresses === true,
  });
  return [
    ...broken([
      [problem !== undefined, `${path}: ${shown(address)} ${problem}`],
      ['discovery' in keys && keys.discovery !== true, `${path}.discovery must be true`],
      [
        !(keys.sharedCache === undefined || keys.sharedCache instanceof KeySetCache),
        `${path}.sharedCache must be a KeySetCache`,
      ],
    ]),
    ...durationProblems({ ...keys }, path, FETCH_DURATIONS),
  ];
}

function algorithmProblems(options: TrustOptions, path: string): readonly string[] {
  const listed: readonly unknown[] = [algorithmsOf(options)].flat();
  const known = listed.filter(isAlgorithm);
  if (listed.length === 0 || known.length < listed.length) {
    return [`${path}.algorithms is ${shown(listed)}; accepted is a list out of ${algorithms.join(', ')}`];
  }
  const hasSecret = keysAreSecret(options.keys);
  return broken([
    [mixesSecretsAndPublicKeys(known), `${path}.algorithms mixes HMAC with asymmetric algorithms`],
    [known.every(isSymmetric) && !hasSecret, `${path}.algorithms is HMAC, but its keys are public`],
    [!known.some(isSymmetric) && hasSecret, `${path}.algorithms is asymmetric, but its key is a secret`],
  ]);
}

function keysAreSecret(keys: TrustedKeys): boolean {
  return 'secret' in keys;
}

function shapeProblems(options: TrustOptions, path: string): readonly string[] {
  const { types = ['at+jwt'], claims = {}, supportedMajor = 0 } = options;
  return [
    ...flagProblems({ ...options }, path, ['idTokens', 'boundTokens', 'exclusiveAudience']),
    ...flagProblems({ ...options.keys }, `${path}.keys`, ['allowLoopbackHttp', 'allowPrivateAddresses', 'eager']),
    ...(options.limits === undefined ? [] : limitProblems(options.limits, `${path}.limits`)),
    ...claimProblems(options, path),
    ...broken([
      [!isList(types, (type) => typeof type === 'string'), `${path}.types must be a list like ['at+jwt']`],
      [
        !Number.isInteger(supportedMajor),
        `${path}.supportedMajor is ${shown(supportedMajor)}; accepted is a whole number`,
      ],
      ...(['isClient', 'upgradeClaims'] as const).map(
        (name) => [!isFunction(options[name]), `${path}.${name} must be a function`] as const,
      ),
    ]),
    ...unknownNames({ ...claims }, `${path}.claims`, Object.keys(CLAIMS)),
  ];
}

function isList(value: readonly unknown[], holds: (member: unknown) => boolean): boolean {
  return Array.isArray(value) && value.length > 0 && value.every(holds);
}

function isFunction(value: unknown): boolean {
  return value === undefined || typeof value === 'function';
}

function durationProblems(
  given: Readonly<Record<string, unknown>>,
  path: string,
  durations: Readonly<Record<string, Bounds>>,
): readonly string[] {
  return Object.entries(durations).flatMap(([name, [min, max, accepts]]) => {
    const milliseconds = given[name] === undefined ? min : parseDurationMs(given[name]);
    const fits = milliseconds !== undefined && milliseconds >= min && milliseconds <= max;
    return fits
      ? []
      : [`${path}.${name} is ${shown(given[name])}; accepted is ${accepts}, as seconds or as a text like '10m'`];
  });
}

function unknownNames(
  given: Readonly<Record<string, unknown>>,
  path: string,
  known: readonly string[],
): readonly string[] {
  return Object.keys(given)
    .filter((name) => !known.includes(name))
    .map((name) => {
      const near = nearest(name, known);
      return `${path}.${name} is not an option${near === undefined ? `; there are ${known.join(', ')}` : `; did you mean ${near}?`}`;
    });
}
