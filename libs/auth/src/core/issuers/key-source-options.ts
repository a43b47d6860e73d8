// Where the keys of an issuer come from: what can be asked of each way. No sentence holds a key.
import type { JSONWebKeySet } from 'jose';
import { group } from '../base/option-group.js';
import { isGroup, text, value } from '../base/option-kinds.js';
import { optionOf, unknownName, type AnyOption, type Option, type Place } from '../base/option.js';
import { algorithms, isAlgorithm, type Algorithm } from '../keys/algorithms.js';
import { keyFetch, keyFetchRules, type KeyFetchOptions } from './key-fetch-options.js';

/** Keys at an address. */
export interface JwksAddress extends KeyFetchOptions {
  /** The https address of the key set, which must not redirect. */
  readonly jwksUri: string;
}

/** Keys at the address that the issuer's own metadata names (OpenID Connect Discovery, RFC 8414). */
export interface DiscoveredKeys extends KeyFetchOptions {
  /** Reads the URL of the keys from the metadata of the issuer. */
  readonly discovery: true;
  /**
   * The address of the metadata. @defaultValue the issuer with `/.well-known/openid-configuration` appended (OpenID Connect Discovery
   * §4), and if there is none, `/.well-known/oauth-authorization-server` between its host and path (RFC 8414 §3), and appended
   */
  readonly metadataUri?: string;
}

/** Keys that are known beforehand and change with a deployment. */
export interface StaticKeys {
  /** The key set. */
  readonly jwks: JSONWebKeySet;
}

/** A secret shared with the issuer: every party that can verify can also sign. Prefer the other sources. */
export interface SharedSecret {
  /** As many bytes as the algorithm's hash has, at least. */
  readonly secret: string | Uint8Array;
  /** The algorithm of the secret. */
  readonly alg: 'HS256' | 'HS384' | 'HS512';
  /** The key id that tokens must name. @defaultValue whatever a token names: there is but one key */
  readonly kid?: string;
}

/** Where the keys of an issuer come from. */
export type TrustedKeys = JwksAddress | DiscoveredKeys | StaticKeys | SharedSecret;

/** One of several sources of an issuer's keys, with algorithms of its own. */
export type TrustedKeySource = TrustedKeys & {
  /** What tokens of this source are signed with. @defaultValue RS256 and ES256, or that of the secret */
  readonly algorithms?: readonly Algorithm[];
};

/** What a source of a list has besides. */
type OwnAlgorithms = Pick<TrustedKeySource, 'algorithms'>;

/** The option `algorithms` of an issuer, and of each source of a list. */
export const sourceAlgorithms = value<readonly Algorithm[]>({
  accepts: `a list out of ${algorithms.join(', ')}`,
  holds: (given: unknown) => Array.isArray(given) && given.length > 0 && given.every(isAlgorithm),
  refused: ['none'],
  otherwise: '`RS256` and `ES256`, or that of the secret',
  summary: 'accepted signature algorithms; secrets and public keys never stand in one list',
});

// What an address may be depends on the issuer and on other options, so that the entry checks it.
const ADDRESS = { accepts: 'an https address', check: () => undefined } as const;

const jwksAddress = group<JwksAddress & OwnAlgorithms>()({
  summary: 'keys at an address',
  options: {
    jwksUri: text({
      ...ADDRESS,
      refused: 'http://accounts.example.com/jwks',
      required: 'the https address of the key set',
      summary: 'the https address of the key set, which must not redirect',
    }),
    ...keyFetch,
    algorithms: sourceAlgorithms,
  },
  rules: keyFetchRules,
});

const discoveredKeys = group<DiscoveredKeys & OwnAlgorithms>()({
  summary: "keys at the address that the issuer's own metadata names",
  options: {
    discovery: value<true>({
      accepts: 'true',
      holds: (given: unknown) => given === true,
      shows: 'nothing',
      refused: false,
      required: 'true',
      summary: "asks the issuer's own metadata where its keys are (OpenID Connect Discovery, RFC 8414)",
    }),
    metadataUri: text({
      ...ADDRESS,
      refused: 'http://accounts.example.com/metadata',
      otherwise: 'the well-known addresses of the issuer',
      summary: 'the address of the metadata',
    }),
    ...keyFetch,
    algorithms: sourceAlgorithms,
  },
  rules: keyFetchRules,
});

const staticKeys = group<StaticKeys & OwnAlgorithms>()({
  summary: 'keys that are known beforehand',
  options: {
    jwks: value<JSONWebKeySet>({
      accepts: 'a key set: { keys: [...] }',
      holds: (given: unknown) => isGroup(given) && Array.isArray(given['keys']),
      shows: 'nothing',
      refused: [],
      required: 'a key set',
      summary: 'a key set that changes with a deployment',
    }),
    algorithms: sourceAlgorithms,
  },
});

const sharedSecret = group<SharedSecret & OwnAlgorithms>()({
  summary: 'a secret shared with the issuer',
  options: {
    secret: value<string | Uint8Array>({
      accepts: 'text or bytes',
      // Its strength is checked when it is imported, without showing it.
      holds: (given: unknown) => given !== null,
      shows: 'nothing',
      refused: null,
      required: 'the secret',
      summary: 'a secret shared with the issuer: every party that can verify can also sign',
    }),
    alg: value<SharedSecret['alg']>({
      accepts: 'HS256, HS384 or HS512',
      holds: (given: unknown) => ['HS256', 'HS384', 'HS512'].includes(String(given)),
      shows: 'nothing',
      refused: 'RS256',
      required: 'HS256, HS384 or HS512',
      summary: 'the algorithm of the secret',
    }),
    kid: text({
      accepts: 'the id of the key',
      check: (given) => (given === '' ? 'is empty; accepted is the id of the key' : undefined),
      shows: 'nothing',
      refused: '',
      otherwise: 'whatever a token names: there is but one key',
      summary: 'the key id that tokens must name',
    }),
    algorithms: sourceAlgorithms,
  },
});

/** The ways to keys, by the one member that tells them apart. */
const WAYS = { jwksUri: jwksAddress, discovery: discoveredKeys, jwks: staticKeys, secret: sharedSecret } as const;

type GivenKeys = TrustedKeys | readonly TrustedKeySource[];

/** The option `keys` of an issuer: one source, or a list of several. */
export const trustedKeys: Option<GivenKeys> = optionOf<GivenKeys, GivenKeys>(
  {
    required: '{ jwksUri }, { discovery: true }, { jwks } or { secret, alg }, or a list of such sources',
    summary:
      'where its keys are: one source, or a list of several with algorithms of their own; a source has one of `jwksUri`, `discovery`, `jwks` and `secret`',
  },
  {
    accepts: '{ jwksUri }, { discovery: true }, { jwks } or { secret, alg }, or a list of such sources',
    refused: [],
    members: { ...jwksAddress.members, ...discoveredKeys.members, ...staticKeys.members, ...sharedSecret.members },
    read: (given, at) => {
      const problems = sourcesIn(given, at)?.flatMap(([source, place]) => sourceProblems(source, place, given));
      const missing = `${at.path} is required: { jwksUri }, { discovery: true }, { jwks } or { secret, alg }, or a list of such sources`;
      // What was read without problems is of one of the ways.
      return { problems: problems ?? [missing], value: given as GivenKeys };
    },
    warnings: (given, at) =>
      (sourcesIn(given, at) ?? []).flatMap(([source, place]) => wayOf(source)?.warnings(source, place) ?? []),
  },
);

type Source = Readonly<Record<string, unknown>>;

/** Each source with its place; `undefined` for what is not a source and no list of some. */
function sourcesIn(given: unknown, at: Place): readonly (readonly [Source, Place])[] | undefined {
  if (isGroup(given)) return [[given, at]];
  if (!Array.isArray(given) || given.length === 0 || !given.every(isGroup)) return undefined;
  return given.map((source, index) => [source, { ...at, path: `${at.path}[${index}]` }] as const);
}

function waysOf(source: Source): readonly (keyof typeof WAYS)[] {
  return (Object.keys(WAYS) as (keyof typeof WAYS)[]).filter((way) => source[way] !== undefined);
}

function wayOf(source: Source): AnyOption | undefined {
  const [way] = waysOf(source);
  return way === undefined ? undefined : WAYS[way];
}

function sourceProblems(source: Source, at: Place, given: unknown): readonly string[] {
  const ways = waysOf(source);
  const way = wayOf(source);
  if (way === undefined || ways.length > 1)
    return [
      `${at.path} has ${ways.length === 0 ? 'none' : 'several'} of ${Object.keys(WAYS).slice(0, -1).join(', ')} and secret; it must have exactly one`,
    ];
  // One source has the algorithms of its entry.
  const known = Object.keys(way.members ?? {}).filter((name) => name !== 'algorithms');
  if (!Array.isArray(given) && 'algorithms' in source) return [unknownName(at, 'algorithms', { known })];
  return way.read(source, at).problems;
}

/** The settings of a source that is fetched, with defaults filled in. */
export function keyFetchSettings(keys: JwksAddress | DiscoveredKeys) {
  const at: Place = { path: 'keys', production: false, exact: true };
  return 'jwksUri' in keys ? jwksAddress.read(keys, at).value : discoveredKeys.read(keys, at).value;
}
