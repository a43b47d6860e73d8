// The closed list of signature algorithms: what each demands of a key, and how its signatures are made. `none` is not in it, and
// nothing can add it.
import { constants, type SigningOptions } from 'node:crypto';
import type { JWK } from 'jose';

/** A signature algorithm that the library can use. `EdDSA` and `Ed25519` are two names of one; each counts only if listed. */
export type Algorithm =
  | 'HS256'
  | 'HS384'
  | 'HS512'
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA'
  | 'Ed25519';

/** One line of the table: what a key must be, and what `node:crypto` needs to know for its signatures. */
interface AlgorithmEntry {
  readonly keyType: 'oct' | 'RSA' | 'EC' | 'OKP';
  readonly curve?: string;
  /** For secrets: as many bytes as the hash has (RFC 7518 §3.2). */
  readonly minimumBytes?: number;
  /** `null` if the algorithm hashes by itself. */
  readonly digest: string | null;
  readonly encoding?: SigningOptions;
  /** Operations that would block other requests: those of a fifth of a millisecond and more. See ADR 0010. */
  readonly slow: readonly ('sign' | 'verify')[];
}

const hmac = (bits: number): AlgorithmEntry => ({
  keyType: 'oct',
  minimumBytes: bits / 8,
  digest: `sha${bits}`,
  slow: [],
});
const rsa = (bits: number): AlgorithmEntry => ({ keyType: 'RSA', digest: `sha${bits}`, slow: ['sign'] });
const pss = (bits: number): AlgorithmEntry => ({
  ...rsa(bits),
  encoding: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: bits / 8 },
});
/** The two halves one after the other (RFC 7518 §3.4), not DER. The larger curves take a millisecond and more. */
const ecdsa = (bits: number, curve: string): AlgorithmEntry => ({
  keyType: 'EC',
  curve,
  digest: `sha${bits}`,
  encoding: { dsaEncoding: 'ieee-p1363' },
  slow: curve === 'P-256' ? [] : ['sign', 'verify'],
});
const ed25519: AlgorithmEntry = { keyType: 'OKP', curve: 'Ed25519', digest: null, slow: [] };

const table = {
  HS256: hmac(256),
  HS384: hmac(384),
  HS512: hmac(512),
  RS256: rsa(256),
  RS384: rsa(384),
  RS512: rsa(512),
  PS256: pss(256),
  PS384: pss(384),
  PS512: pss(512),
  ES256: ecdsa(256, 'P-256'),
  ES384: ecdsa(384, 'P-384'),
  ES512: ecdsa(512, 'P-521'),
  EdDSA: ed25519,
  Ed25519: ed25519,
} as const satisfies Readonly<Record<Algorithm, AlgorithmEntry>>;

/** All of them, in the order in which a key without a stated algorithm takes the first that fits. */
export const algorithms: readonly Algorithm[] = Object.freeze(Object.keys(table) as Algorithm[]);

export function isAlgorithm(value: unknown): value is Algorithm {
  return typeof value === 'string' && Object.hasOwn(table, value);
}

/** True for the algorithms whose signing key is also the key to verify with. */
export function isSymmetric(alg: Algorithm): boolean {
  return table[alg].keyType === 'oct';
}

/** Its line of the table. */
export function demandsOf(alg: Algorithm): AlgorithmEntry {
  return table[alg];
}

/** True if the key is of the algorithm's type and on its curve. */
export function fits(jwk: JWK, alg: Algorithm): boolean {
  const { keyType, curve }: AlgorithmEntry = table[alg];
  return jwk.kty === keyType && (curve === undefined || jwk.crv === curve);
}

/** True if secrets and public keys stand in one list: the door to algorithm confusion (CVE-2022-29217). */
export function mixesSecretsAndPublicKeys(list: readonly Algorithm[]): boolean {
  return list.some(isSymmetric) && !list.every(isSymmetric);
}
