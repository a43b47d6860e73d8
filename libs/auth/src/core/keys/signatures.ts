// Owns the arithmetic of signatures, which Node's own OpenSSL does. What costs less than handing it to another thread is done at once;
// the rest goes to the thread pool, so that no other request waits for it.
import { createHmac, type KeyObject, sign, timingSafeEqual, verify } from 'node:crypto';
import { promisify } from 'node:util';
import { type Algorithm, demandsOf, isSymmetric } from './algorithms.js';

const signOnPool = promisify(sign);
const verifyOnPool = promisify(verify);

/** Signs the bytes as JWS demands (RFC 7518 §3). The key must fit the algorithm, which whoever imports it sees to. */
export async function makeSignature(alg: Algorithm, key: KeyObject, data: Uint8Array): Promise<Uint8Array> {
  if (isSymmetric(alg)) return hmac(alg, key, data);
  const { digest, encoding, slow } = demandsOf(alg);
  const options = { ...encoding, key };
  return slow.includes('sign') ? signOnPool(digest, data, options) : sign(digest, data, options);
}

/** True where this is the signature of the bytes. The key must fit the algorithm, which whoever imports it sees to. */
export function isSignature(
  alg: Algorithm,
  key: KeyObject,
  { data, signature }: { readonly data: Uint8Array; readonly signature: Uint8Array },
): boolean | Promise<boolean> {
  if (isSymmetric(alg)) return areSame(hmac(alg, key, data), signature);
  const { digest, encoding, slow } = demandsOf(alg);
  const options = { ...encoding, key };
  return slow.includes('verify')
    ? verifyOnPool(digest, data, options, signature)
    : verify(digest, data, options, signature);
}

function hmac(alg: Algorithm, secret: KeyObject, data: Uint8Array): Buffer {
  return createHmac(String(demandsOf(alg).digest), secret)
    .update(data)
    .digest();
}

function areSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}
