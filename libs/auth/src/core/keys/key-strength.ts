// The requirements for a key: size, exponent, curve, use, and that it is none of the keys known to be broken.
import type { JWK } from 'jose';
import { type Algorithm, demandsOf, fits } from './algorithms.js';
import { KeyError, type Material } from './key-material.js';
import { secretProblem } from './secret-strength.js';

export const SMALLEST_RSA_BITS = 2048;
/** Verifying costs the square of the size: a larger key is a way to keep the process busy. */
const LARGEST_BITS = 8192;
/** FIPS 186-5 §A.1.1: odd, and from 2^16 to 2^256. It leaves out 1, 3 and everything even. */
const SMALLEST_EXPONENT = 65_537n;
const LARGEST_EXPONENT = 1n << 256n;

/** @throws KeyError */
export function assertStrong(jwk: JWK, alg: Algorithm): void {
  if (!fits(jwk, alg)) throw new KeyError(`is of type ${describe(jwk)} and does not fit the algorithm ${alg}`);
  if (jwk.kty === 'oct') assertStrongSecret(jwk, alg);
  if (jwk.kty === 'RSA') assertStrongRsa(jwk);
}

function describe(jwk: JWK): string {
  return typeof jwk.crv === 'string' ? `${jwk.kty} (${jwk.crv})` : String(jwk.kty);
}

function assertStrongSecret(jwk: JWK, alg: Algorithm): void {
  const bytes = Buffer.from(jwk.k ?? '', 'base64url');
  const problem = secretProblem(bytes, { bytes: demandsOf(alg).minimumBytes ?? 0, purpose: alg });
  if (problem !== undefined) throw new KeyError(problem);
  if (bytes.length * 8 > LARGEST_BITS) throw new KeyError(`has more than ${LARGEST_BITS / 8} bytes`);
}

function assertStrongRsa(jwk: JWK): void {
  const modulus = integer(jwk.n);
  const exponent = integer(jwk.e);
  const bits = modulus.toString(2).length;
  if (bits < SMALLEST_RSA_BITS || bits > LARGEST_BITS) {
    throw new KeyError(`is an RSA key of ${bits} bits; ${SMALLEST_RSA_BITS} to ${LARGEST_BITS} are accepted`);
  }
  if (isEven(exponent) || exponent < SMALLEST_EXPONENT || exponent > LARGEST_EXPONENT) {
    throw new KeyError('is an RSA key with an unsafe exponent; 65537 is the usual one');
  }
  if (isEven(modulus)) throw new KeyError('is an RSA key with an even modulus');
  if (hasRocaFingerprint(modulus)) throw new KeyError('is an RSA key with the ROCA weakness (CVE-2017-15361)');
}

function integer(base64url: string | undefined): bigint {
  return BigInt(`0x0${Buffer.from(base64url ?? '', 'base64url').toString('hex')}`);
}

function isEven(value: bigint): boolean {
  return value % 2n === 0n;
}

/** The odd primes up to 167, whose product the weak generator built on. */
const ROCA_PRIMES = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113,
  127, 131, 137, 139, 149, 151, 157, 163, 167,
] as const;

/** Weak keys are powers of 65537 modulo every one of these primes; of sound keys about one in 2^28 is, by chance. */
function hasRocaFingerprint(modulus: bigint): boolean {
  return ROCA_PRIMES.every((prime) => isPowerOf65537(Number(modulus % BigInt(prime)), prime));
}

function isPowerOf65537(residue: number, prime: number): boolean {
  let power = 1;
  do {
    if (power === residue) return true;
    power = (power * 65_537) % prime;
  } while (power !== 1);
  return false;
}

/** @throws KeyError if the key says of itself that it is for something else (RFC 7517 §4.2, §4.3) */
export function assertMeantFor(operation: 'sign' | 'verify', { use, keyOps }: Material): void {
  if (use !== undefined && use !== 'sig') throw new KeyError('is not for signatures: its "use" is not "sig"');
  if (keyOps === undefined) return;
  if (!Array.isArray(keyOps) || !keyOps.includes(operation))
    throw new KeyError(`does not list "${operation}" in its "key_ops"`);
}
