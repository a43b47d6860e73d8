// Keys as the rest of the library sees them: something that signs, something that verifies, and a set to find the latter in.
// How keys come in is for key-import.ts.
import type { KeyObject } from 'node:crypto';
import type { JWK } from 'jose';
import type { Algorithm } from './algorithms.js';
import type { KeyMaterial } from './key-material.js';
import { algorithmNotAllowed, unknownKey } from './key-refusals.js';

export type { Algorithm } from './algorithms.js';
export type { KeyMaterial, SecretInput } from './key-material.js';

/** Signs tokens. The private key may live elsewhere: a KMS implements exactly this. */
export interface SigningKey {
  readonly kid: string;
  readonly alg: Algorithm;
  /** Signs the bytes as JWS demands: for ECDSA the two halves one after the other (RFC 7518 §3.4), not DER. */
  sign(data: Uint8Array): Promise<Uint8Array>;
}

/** A key that signatures are verified with, and the only algorithms it may be used for. */
export interface VerificationKey {
  readonly kid: string | undefined;
  readonly algorithms: readonly Algorithm[];
  readonly key: KeyObject;
  /**
   * The issuers that its entries in the key set name: it verifies tokens of no other one. Absent if they name none. See
   * key-issuer.ts.
   */
  readonly issuers?: readonly string[] | undefined;
  /** The digests of the key's certificate: SHA-1 and SHA-256 as base64url (RFC 7517 §4.8, §4.9). */
  readonly thumbprints?: readonly string[] | undefined;
}

/** What a token's header says about its key, and what the search for it has come to so far. */
export interface KeyQuery {
  readonly alg: Algorithm;
  readonly kid: string | undefined;
  /** `x5t#S256` and `x5t` of the header, which name a key if `kid` does not. */
  readonly thumbprints?: readonly string[];
  /** Identifies this token and cannot be misused: a part of its signature. */
  readonly mark?: string;
  /** The key that verified this very token before; it is found again if it still may. */
  readonly known?: VerificationKey | undefined;
  /** Keys that did not verify it. Another one is wanted. */
  readonly tried?: readonly VerificationKey[];
}

/** The keys of one issuer. A set returns the same object for as long as the key is in force. */
export interface KeySet {
  /**
   * The algorithms that are kept apart in it, by source; none may hold those of secrets and of public keys.
   * @defaultValue one source with all algorithms of the profile
   */
  readonly separated?: readonly (readonly Algorithm[])[];
  /**
   * Finds the key that a token may be verified with.
   *
   * @throws AuthError `unknown_key`, `algorithm_not_allowed`; `keys_unavailable` if the set cannot be had
   */
  find(query: KeyQuery): VerificationKey | Promise<VerificationKey>;
}

/** A signer that keeps its private key to itself, with the public one that its signatures verify with. */
export interface RemoteSigner {
  readonly alg: Algorithm;
  readonly kid?: string;
  readonly publicJwk: JWK;
  /**
   * Signs the bytes as JWS demands: for ECDSA the two halves one after the other (RFC 7518 §3.4), whereas many KMS return DER.
   * A rejection counts as unavailable: 503 `keys_unavailable`.
   */
  sign(data: Uint8Array): Promise<Uint8Array>;
}

/** A key together with members that its form cannot hold. */
export interface WrappedKey {
  readonly key: KeyMaterial;
  readonly alg?: Algorithm;
  readonly kid?: string;
}

/** A key of our own, in any form. */
export type KeyInput = KeyMaterial | WrappedKey | RemoteSigner;

/** A key that tokens verify with, and what others may see of it. */
export interface PublishedKey {
  readonly verification: VerificationKey;
  /** What others verify with; a shared secret has none. */
  readonly publicJwk: JWK | undefined;
  /** The secret for another purpose than signing. Absent if the private key is not in this process. */
  readonly derive?: ((purpose: string) => Uint8Array) | undefined;
}

/** A key of our own after import. */
export interface OwnKey extends PublishedKey {
  readonly signing: SigningKey;
}

/**
 * Chooses among keys: by id if the token names one. One that names none may be of any key of its algorithm: those that were tried are passed
 * over, and who asks bounds their number.
 *
 * @throws AuthError `unknown_key`, `algorithm_not_allowed`
 */
export function selectKey(keys: readonly VerificationKey[], { alg, kid, tried = [] }: KeyQuery): VerificationKey {
  const named = kid === undefined ? keys : keys.filter((key) => key.kid === kid);
  if (named.length === 0 || (kid !== undefined && named.length > 1)) throw unknownKey();
  const fitting = named.filter((key) => key.algorithms.includes(alg));
  if (fitting.length === 0) throw algorithmNotAllowed();
  const found = fitting.find((key) => !tried.includes(key));
  if (found === undefined) throw unknownKey();
  return found;
}
