// The judgement of what an application says about issuers: everything that is wrong, at once, at boot. A sentence names the
// option and what is accepted, and never holds a key.
import { limitProblems } from '../base/limits.js';
import { isRecord } from '../base/members.js';
import { claimProblems } from './claim-problems.js';
import { nameProblems } from './name-problems.js';
import {
  type Bounds,
  broken,
  DAY,
  durationProblems,
  flagProblems,
  isFunction,
  isList,
  isText,
  MINUTE,
  shown,
  unknownNames,
} from './sentences.js';
import { sourceProblems } from './source-problems.js';
import type { ClaimNames, TrustOptions } from './trust-options.js';

/** Spelt as records, so that an option that is forgotten here does not compile. */
const ENTRY: Readonly<Record<keyof TrustOptions, true>> = {
  issuer: true,
  aliases: true,
  tenants: true,
  tenantClaim: true,
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

const CLAIMS: Readonly<Record<keyof ClaimNames, true>> = {
  subject: true,
  scopes: true,
  roles: true,
  id: true,
  session: true,
  audience: true,
};

const RULE_DURATIONS: Readonly<Record<string, Bounds>> = {
  clockTolerance: [0, MINUTE, '0 to 60 seconds'],
  maxLifetime: [1_000, 400 * DAY, 'one second to 400 days'],
  maxAge: [1_000, 400 * DAY, 'one second to 400 days'],
};

/** Everything that is wrong with a list of trusted issuers; empty if nothing is. */
export function trustProblems(trust: readonly TrustOptions[]): readonly string[] {
  if (!Array.isArray(trust)) return ['trust must be a list of issuers'];
  const names = trust.flatMap((entry) => [entry?.issuer, ...(Array.isArray(entry?.aliases) ? entry.aliases : [])]);
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
    ...nameProblems(options, path),
    ...sourceProblems(options, path),
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
    [
      !isRecord(keys) && !isSources(keys),
      `${path}.keys is required: { jwksUri }, { discovery: true }, { jwks } or { secret, alg }, or a list of such sources`,
    ],
  ]);
}

function isSources(keys: unknown): boolean {
  return Array.isArray(keys) && keys.length > 0 && keys.every(isRecord);
}

function shapeProblems(options: TrustOptions, path: string): readonly string[] {
  const { types = ['at+jwt'], claims = {}, supportedMajor = 0 } = options;
  return [
    ...flagProblems({ ...options }, path, ['idTokens', 'boundTokens', 'exclusiveAudience']),
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
