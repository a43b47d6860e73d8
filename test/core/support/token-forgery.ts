// Makes tokens by node:crypto alone, so that what the library verifies is not only what it signed itself; hostile ones included.
import {
  constants,
  createHmac,
  createPrivateKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto';
import type { JWK } from 'jose';
import type { TokenKind } from '../../../libs/auth/src/core/tokens/claims.js';
import { AuthError } from '../../../libs/auth/src/core/base/errors.js';
import { importOwnKey } from '../../../libs/auth/src/core/keys/key-import.js';
import { type Algorithm, type KeySet, selectKey, type VerificationKey } from '../../../libs/auth/src/core/keys/keys.js';
import {
  type OwnAccessProfileOptions,
  ownAccessProfile,
  ownRefreshProfile,
} from '../../../libs/auth/src/core/tokens/profiles.js';
import { TokenVerifier } from '../../../libs/auth/src/core/tokens/token-verifier.js';
import { ManualClock } from '../../support/clocks.js';

/** The time at which all of these tests take place, in epoch seconds. */
export const NOW = 1_800_000_000;
export const TOLERANCE = 5;
export const LIFETIME = 900;
export const ISSUER = 'https://accounts.example';
export const AUDIENCE = 'courses';

export interface Forger {
  readonly alg: string;
  readonly kid: string;
  readonly jwk: JWK;
  readonly sign: (input: string) => Buffer;
}

const HASHES: Readonly<Record<string, string>> = { '256': 'sha256', '384': 'sha384', '512': 'sha512' };

function generate(alg: Algorithm): KeyObject {
  if (alg.startsWith('RS') || alg.startsWith('PS'))
    return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  if (alg.startsWith('Ed')) return generateKeyPairSync('ed25519').privateKey;
  const namedCurve = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }[alg as 'ES256'];
  return generateKeyPairSync('ec', { namedCurve }).privateKey;
}

/** Signs as the algorithm says, with the key given or with a new one. */
export function forger(alg: Algorithm, { kid = `${alg}-key`, jwk }: { kid?: string; jwk?: JWK } = {}): Forger {
  const hash = HASHES[alg.slice(-3)];
  if (alg.startsWith('HS')) {
    const k = jwk?.k ?? randomBytes(64).toString('base64url');
    const key = Buffer.from(k, 'base64url');
    return {
      alg,
      kid,
      jwk: { kty: 'oct', k, alg, kid },
      sign: (input) => createHmac(String(hash), key).update(input).digest(),
    };
  }
  const key = jwk === undefined ? generate(alg) : createPrivateKey({ key: jwk as JsonWebKey, format: 'jwk' });
  const padding = alg.startsWith('PS')
    ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : {};
  const options = { key, dsaEncoding: 'ieee-p1363' as const, ...padding };
  return {
    alg,
    kid,
    jwk: { ...(key.export({ format: 'jwk' }) as JWK), alg, kid },
    sign: (input) => sign(hash, Buffer.from(input), options),
  };
}

/** A part of a token: an object, its JSON, or any bytes. */
export type Part = object | string | Buffer;

export function encode(part: Part): string {
  if (Buffer.isBuffer(part)) return part.toString('base64url');
  return Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');
}

/** A token with a right signature over whatever header and payload are given. */
export function forge(header: Part, payload: Part, by: Pick<Forger, 'sign'>): string {
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${by.sign(input).toString('base64url')}`;
}

export const accessClaims = (changes: object = {}) => ({
  iss: ISSUER,
  sub: 'ada',
  aud: AUDIENCE,
  iat: NOW,
  exp: NOW + LIFETIME,
  jti: 'token-1',
  sid: 'login-1',
  ...changes,
});

export const refreshClaims = (changes: object = {}) => accessClaims({ aud: ISSUER, jti: 'token-2', ...changes });

/** One issuer with one key, and a verifier that trusts it. */
export async function oneIssuer(alg: Algorithm = 'ES256', changes: Partial<OwnAccessProfileOptions> = {}) {
  const by = forger(alg);
  const { verification } = await importOwnKey(by.jwk, { optionName: 'keys.current' });
  return { by, ...trusting([verification], [alg], changes) };
}

export function trusting(
  keys: readonly VerificationKey[],
  algorithms: readonly Algorithm[],
  changes: Partial<OwnAccessProfileOptions> = {},
) {
  const clock = new ManualClock(NOW * 1_000);
  const lookups: unknown[] = [];
  const set: KeySet = {
    find(query) {
      lookups.push(query);
      return selectKey(keys, query);
    },
  };
  const common = { issuer: ISSUER, algorithms, toleranceSeconds: TOLERANCE, maxLifetimeSeconds: LIFETIME, ...changes };
  const profiles = { access: ownAccessProfile({ audience: AUDIENCE, ...common }), refresh: ownRefreshProfile(common) };
  const verifier = new TokenVerifier({ issuers: [{ issuer: common.issuer, keys: set, profiles }], clock });
  const verdict = (token: string, kind: TokenKind = 'access') => verdictOf(verifier.verify(token, kind));
  return { clock, lookups, profiles, verifier, verdict };
}

/** `OK`, or the code of the refusal. Anything else that is thrown fails the test. */
export async function verdictOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'OK';
  } catch (error) {
    if (error instanceof AuthError) return error.code;
    throw error;
  }
}
