// Keys that no client has, so that an assertion of an unknown client, or by an unknown key, costs the same work as a bad signature.
import { createPublicKey, generateKeyPairSync, randomBytes, type JsonWebKey, type KeyObject } from 'node:crypto';
import type { JSONWebKeySet, JWK } from 'jose';
import { AuthError } from '../base/errors.js';
import type { Algorithm } from '../keys/algorithms.js';
import { verifySignature, type ParsedJws } from '../tokens/jws.js';

/** A public key and the algorithms that it is for. */
interface StandInKey {
  readonly algorithms: readonly Algorithm[];
  readonly jwk: JWK;
  readonly key: KeyObject;
}

/** One key of each type; their private halves were never kept. */
export class StandInKeys {
  private made: readonly [StandInKey, ...StandInKey[]] | undefined;

  /** A key set as of a client that signs with that algorithm; for one that no client may sign with, a set that fits nothing. */
  setFor(alg: unknown): JSONWebKeySet {
    const { jwk } = this.keyFor(alg) ?? this.keys[0];
    return { keys: [{ ...jwk }] };
  }

  /** Checks the signature in vain. An algorithm that no client may sign with was refused before, without this work. */
  async verify(jws: ParsedJws): Promise<void> {
    const found = this.keyFor(jws.header.alg);
    if (found === undefined) return;
    try {
      await verifySignature(jws, { kid: undefined, algorithms: found.algorithms, key: found.key });
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
    }
  }

  private keyFor(alg: unknown): StandInKey | undefined {
    return this.keys.find(({ algorithms }) => algorithms.some((each) => each === alg));
  }

  /** Made at the first assertion: most services have none. */
  private get keys(): readonly [StandInKey, ...StandInKey[]] {
    return (this.made ??= makeKeys());
  }
}

function makeKeys(): readonly [StandInKey, ...StandInKey[]] {
  return [
    { algorithms: ['RS256', 'PS256'], ...keyOf(rsaOfNobody()) },
    { algorithms: ['ES256'], ...keyOf(jwkOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }))) },
    { algorithms: ['EdDSA', 'Ed25519'], ...keyOf(jwkOf(generateKeyPairSync('ed25519'))) },
  ];
}

/** Need not be a product of primes: no signature is to hold. */
function rsaOfNobody(): JWK {
  const modulus = randomBytes(256);
  // The highest bit makes it 2,048 bits long, the lowest odd.
  modulus[0] = (modulus[0] ?? 0) | 0x80;
  modulus[255] = (modulus[255] ?? 0) | 1;
  return { kty: 'RSA', n: modulus.toString('base64url'), e: 'AQAB' };
}

function keyOf(jwk: JWK): Pick<StandInKey, 'jwk' | 'key'> {
  return { jwk, key: createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' }) };
}

function jwkOf({ publicKey }: { readonly publicKey: KeyObject }): JWK {
  return publicKey.export({ format: 'jwk' }) as JWK;
}
