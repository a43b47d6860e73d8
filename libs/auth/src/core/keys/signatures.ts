// Signs and verifies with `node:crypto`. Fast algorithms run synchronously, because a switch of threads costs about as much; slow ones
// use the thread pool, so that no other request waits.
import { createHmac, type KeyObject, sign, timingSafeEqual, verify } from 'node:crypto';
import { promisify } from 'node:util';
import { type Algorithm, demandsOf, isSymmetric } from './algorithms.js';
import { SMALLEST_RSA_BITS } from './key-strength.js';

const signOnPool = promisify(sign);
const verifyOnPool = promisify(verify);

/** What Node calls the curves of JOSE, and a type without one. */
const NODE_NAMES: Readonly<Record<string, string>> = {
  RSA: 'rsa',
  'P-256': 'prime256v1',
  'P-384': 'secp384r1',
  'P-521': 'secp521r1',
  Ed25519: 'ed25519',
};

/** Verifying with RSA is quick up to this size, and with the usual exponent. */
const QUICK_RSA = { bits: 4096, exponent: 65_537n } as const;

/** Signs the bytes as JWS demands (RFC 7518 §3). The key must fit the algorithm, which the import checks. */
export async function makeSignature(alg: Algorithm, key: KeyObject, data: Uint8Array): Promise<Uint8Array> {
  if (isSymmetric(alg)) return hmac(alg, key, data);
  const { digest, encoding, slow } = demandsOf(alg);
  const options = { ...encoding, key };
  return slow.includes('sign') ? signOnPool(digest, data, options) : sign(digest, data, options);
}

/**
 * True if this is the signature of the bytes.
 *
 * @throws TypeError for a key that does not fit the algorithm. Keys are bound to theirs at import; this is the second gate, because
 * Node itself goes by the key and would verify an ECDSA signature under the name of RS256.
 */
export function isSignature(
  alg: Algorithm,
  key: KeyObject,
  { data, signature }: { readonly data: Uint8Array; readonly signature: Uint8Array },
): boolean | Promise<boolean> {
  if (!fitsKey(alg, key)) throw new TypeError(`The key does not fit the algorithm ${alg}.`);
  if (isSymmetric(alg)) return areSame(hmac(alg, key, data), signature);
  const { digest, encoding } = demandsOf(alg);
  const options = { ...encoding, key };
  return isSlow(alg, key) ? verifyOnPool(digest, data, options, signature) : verify(digest, data, options, signature);
}

function hmac(alg: Algorithm, secret: KeyObject, data: Uint8Array): Buffer {
  return createHmac(String(demandsOf(alg).digest), secret)
    .update(data)
    .digest();
}

function areSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}

function fitsKey(alg: Algorithm, key: KeyObject): boolean {
  const { keyType, curve = keyType, minimumBytes = 0 } = demandsOf(alg);
  if (keyType === 'oct') return key.type === 'secret' && (key.symmetricKeySize ?? 0) >= minimumBytes;
  return key.type === 'public' && nodeName(key) === NODE_NAMES[curve] && !isWeakRsa(key);
}

function nodeName({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string | undefined {
  return asymmetricKeyDetails?.namedCurve ?? asymmetricKeyType;
}

function isWeakRsa({ asymmetricKeyDetails }: KeyObject): boolean {
  return (asymmetricKeyDetails?.modulusLength ?? SMALLEST_RSA_BITS) < SMALLEST_RSA_BITS;
}

function isSlow(alg: Algorithm, key: KeyObject): boolean {
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  const isLarge = modulusLength > QUICK_RSA.bits || publicExponent > QUICK_RSA.exponent;
  return isLarge || demandsOf(alg).slow.includes('verify');
}
