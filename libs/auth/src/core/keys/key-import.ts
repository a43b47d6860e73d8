// Imports keys. Each is checked once, at boot or when a ring is reloaded, and a signing key is tested with a probe token. Errors name the
// option and the key, and never hold any of it.
import {
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  generateKeyPair,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { promisify } from 'node:util';
import { calculateJwkThumbprint, compactVerify, type JWK } from 'jose';
import { type Algorithm, algorithms, demandsOf, fits, isAlgorithm, isSymmetric } from './algorithms.js';
import { deriveSecret } from './derived-secret.js';
import { AuthConfigurationError } from '../base/errors.js';
import { kindOf } from '../base/kind-of.js';
import { type KeyMaterial, KeyError, type Material, publicPart, readMaterial } from './key-material.js';
import { assertMeantFor, assertStrong } from './key-strength.js';
import type { KeyInput, OwnKey, PublishedKey, RemoteSigner, SigningKey, VerificationKey, WrappedKey } from './keys.js';
import { makeSignature } from './signatures.js';
import { defaultLimits } from '../base/limits.js';

/** How an import names the key in its errors, and the algorithm of a key that does not say it, if it fits. */
export interface ImportOptions {
  /** The option that the key came by: `keys.current`. */
  readonly optionName: string;
  readonly alg?: Algorithm | undefined;
  /** Refuses a key that signs and does not fit the algorithm, instead of choosing one for it. @defaultValue false */
  readonly mustFit?: boolean;
}

/** A key read and checked, not yet imported. */
interface CheckedKey {
  readonly material: Material;
  readonly alg: Algorithm;
  readonly kid: string;
}

/**
 * Imports a key to sign with. Without an algorithm of its own an RSA key signs RS256, an Ed25519 key EdDSA, a secret HS256.
 *
 * @throws AuthConfigurationError naming the option and what is wrong, never the key
 */
export async function importOwnKey(input: KeyInput, options: ImportOptions): Promise<OwnKey> {
  return naming(options.optionName, input, async () => {
    if (isRemote(input)) return importRemote(input);
    const checked = await checkKey(input, options.alg);
    if (options.mustFit === true) assertAsked(checked, options.alg);
    if (!checked.material.isPrivate) throw new KeyError('is a public key; signing needs the private one');
    return probeSigningKey({ ...publishedSide(checked), signing: signingSide(checked) });
  });
}

/**
 * Imports a key that signs no more and only verifies what it once signed: a private key, of which the public half is kept, a
 * public one, or a secret.
 *
 * @throws AuthConfigurationError naming the option and what is wrong, never the key
 */
export async function importRetiredKey(input: KeyInput, options: ImportOptions): Promise<PublishedKey> {
  return naming(options.optionName, input, async () => {
    return publishedSide(await checkKey(isRemote(input) ? publicHalf(input) : input, options.alg));
  });
}

/**
 * Imports the public key of an external issuer. It may be used for those of the accepted algorithms that it fits and does not rule out.
 *
 * @throws AuthConfigurationError naming the option and what is wrong, never the key
 */
export async function importPublicKey(
  input: JWK | string | KeyObject,
  options: { readonly optionName: string; readonly algorithms: readonly Algorithm[] },
): Promise<VerificationKey> {
  return naming(options.optionName, input, async () => {
    const material = readMaterial(input);
    if (material.isPrivate) throw new KeyError('is a private or secret key; only the public one belongs here');
    assertMeantFor('verify', material);
    const usable = options.algorithms.filter((alg) => allows(material, alg));
    const [first] = usable;
    if (first === undefined)
      throw new KeyError(
        `${typeOf(material)}; it fits none of the accepted algorithms (${options.algorithms.join(', ')})`,
      );
    assertStrong(material.jwk, first);
    const key = createPublicKey({ key: { ...material.jwk }, format: 'jwk' });
    return Object.freeze({ kid: readKid(material.kid), algorithms: Object.freeze(usable), key });
  });
}

/** Makes a new private key (or secret) as a JWK with its id. RSA keys have 2048 bits. */
export async function generatePrivateJwk(alg: Algorithm = 'ES256'): Promise<JWK> {
  if (!isAlgorithm(alg))
    throw new AuthConfigurationError([
      `alg is ${typeof alg === 'string' ? `'${String(alg).slice(0, 20)}'` : kindOf(alg)}; accepted is ${algorithms.join(', ')}`,
    ]);
  const jwk = await generateMaterial(alg);
  return { ...jwk, use: 'sig', alg, kid: await calculateJwkThumbprint(jwk) };
}

async function generateMaterial(alg: Algorithm): Promise<JWK> {
  const { keyType, minimumBytes, curve } = demandsOf(alg);
  if (minimumBytes !== undefined) return { kty: 'oct', k: randomBytes(minimumBytes).toString('base64url') };
  const generate = promisify(generateKeyPair);
  if (keyType === 'RSA') return exportJwk(await generate('rsa', { modulusLength: 2048 }));
  if (keyType === 'OKP') return exportJwk(await generate('ed25519', {}));
  return exportJwk(await generate('ec', { namedCurve: String(curve) }));
}

function exportJwk({ privateKey }: { readonly privateKey: KeyObject }): JWK {
  return { ...privateKey.export({ format: 'jwk' }) } as JWK;
}

/** Makes a new key of our own, which lives in this process alone. */
export async function generateOwnKey(alg: Algorithm = 'ES256'): Promise<OwnKey> {
  return importOwnKey(await generatePrivateJwk(alg), { optionName: 'the generated key' });
}

async function checkKey(input: KeyMaterial | WrappedKey, wanted: Algorithm | undefined): Promise<CheckedKey> {
  const outer: WrappedKey = isWrapped(input) ? input : { key: input };
  const material = readMaterial(outer.key);
  assertMeantFor(material.isPrivate ? 'sign' : 'verify', material);
  const alg = chooseAlgorithm(material, outer.alg, wanted);
  assertStrong(material.jwk, alg);
  const kid =
    readKid(outer.kid === undefined ? material.kid : outer.kid) ?? (await calculateJwkThumbprint(material.jwk));
  return { material, alg, kid };
}

function chooseAlgorithm({ jwk, alg }: Material, stated: unknown, wanted: Algorithm | undefined): Algorithm {
  if (alg !== undefined && stated !== undefined && alg !== stated)
    throw new KeyError('is given with two different algorithms');
  const inferred = [wanted, ...algorithms].find((candidate) => candidate !== undefined && fits(jwk, candidate));
  const chosen = [stated, alg, inferred].find((value) => value !== undefined);
  if (!isAlgorithm(chosen))
    throw new KeyError(
      `has no algorithm that signs tokens here${unknownAlgorithm(chosen)}; there are ${algorithms.join(', ')}`,
    );
  return chosen;
}

/** What a key is, in words. A key without an algorithm of its own is for each that its type fits. */
function typeOf({ jwk: { kty, crv }, alg }: Material): string {
  const type = typeof crv === 'string' ? `${String(kty)} (${crv})` : String(kty);
  return alg === undefined ? `is of type ${type}` : `is of type ${type}, for ${String(alg)}`;
}

/** Names of algorithms are not secrets; what does not look like one is not shown. */
function unknownAlgorithm(given: unknown): string {
  return typeof given === 'string' && /^[\w-]{1,20}$/.test(given) ? `: it says '${given}'` : '';
}

/** Signing with another algorithm than the one that was asked for would only be noticed by verifiers. */
function assertAsked({ material, alg }: CheckedKey, asked: Algorithm | undefined): void {
  if (asked === undefined || fits(material.jwk, asked)) return;
  const { jwk } = material;
  const accepted = algorithms.filter((each) => fits(jwk, each)).join(', ');
  throw new KeyError(
    `${typeOf({ ...material, alg: undefined })} and signs ${alg}, but the option algorithm is '${asked}'; accepted for this key is ${accepted}`,
  );
}

function allows({ jwk, alg: own }: Material, alg: Algorithm): boolean {
  return fits(jwk, alg) && (own === undefined || own === alg);
}

/** Printable ASCII, because a key id travels in headers, file names and logs. */
function readKid(kid: unknown): string | undefined {
  if (kid === undefined) return undefined;
  if (typeof kid === 'string' && /^[\x20-\x7e]+$/.test(kid) && kid.length <= defaultLimits.kid) return kid;
  throw new KeyError(`has a key id (kid) that is not 1 to ${defaultLimits.kid} printable ASCII characters`);
}

function signingSide({ material, alg, kid }: CheckedKey): SigningKey {
  const key = isSymmetric(alg) ? secretOf(material) : createPrivateKey({ key: { ...material.jwk }, format: 'jwk' });
  return Object.freeze({ kid, alg, sign: (bytes: Uint8Array) => makeSignature(alg, key, bytes) });
}

function publishedSide({ material, alg, kid }: CheckedKey): PublishedKey {
  const shown = isSymmetric(alg) ? undefined : publicPart(material.jwk);
  // Of the public members alone: whether they belong to the private ones is for the probe to find out.
  const key = shown === undefined ? secretOf(material) : createPublicKey({ key: { ...shown }, format: 'jwk' });
  return {
    verification: Object.freeze({ kid, algorithms: Object.freeze([alg]), key }),
    publicJwk: shown && Object.freeze({ ...shown, use: 'sig', alg, kid }),
    derive: derivation(material),
  };
}

function secretOf({ jwk }: Material): KeyObject {
  if (jwk.k === undefined) throw new KeyError('is not a secret');
  return createSecretKey(jwk.k, 'base64url');
}

/** Kept in a closure, so that nothing that prints or copies a key can see the material. */
function derivation({ isPrivate, jwk }: Material): PublishedKey['derive'] {
  const secret = jwk.d ?? jwk.k;
  if (!isPrivate || secret === undefined) return undefined;
  const derived = new Map<string, Uint8Array>();
  return (purpose) => {
    const made = derived.get(purpose) ?? deriveSecret(Buffer.from(secret, 'base64url'), purpose);
    derived.set(purpose, made);
    return made;
  };
}

function publicHalf({ publicJwk, alg, kid }: RemoteSigner): WrappedKey {
  return kid === undefined ? { key: publicJwk, alg } : { key: publicJwk, alg, kid };
}

async function importRemote(input: RemoteSigner): Promise<OwnKey> {
  const checked = await checkKey(publicHalf(input), undefined);
  if (checked.material.isPrivate) throw new KeyError('has a publicJwk that holds a private or secret key');
  const { alg, kid } = checked;
  const signing = Object.freeze({ kid, alg, sign: (bytes: Uint8Array) => input.sign(bytes) });
  return probeSigningKey({ ...publishedSide(checked), signing });
}

/** A key whose signatures do not verify would make every token invalid, so this is tested at start-up. */
async function probeSigningKey(key: OwnKey): Promise<OwnKey> {
  const { alg, sign } = key.signing;
  const input = `${Buffer.from(JSON.stringify({ alg })).toString('base64url')}.${Buffer.from('{}').toString('base64url')}`;
  const signature = await sign(Buffer.from(input)).catch(() => {
    throw new KeyError('could not sign a probe');
  });
  await compactVerify(`${input}.${Buffer.from(signature).toString('base64url')}`, key.verification.key, {
    algorithms: [alg],
  }).catch(() => {
    throw new KeyError('signs what its public key does not verify: the halves do not belong together');
  });
  return Object.freeze(key);
}

async function naming<T>(optionName: string, input: unknown, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    // Errors of the platform may quote their input, so only our own words pass.
    const problem =
      cause instanceof KeyError ? cause.message : 'is not a valid key: its members do not belong together';
    throw new AuthConfigurationError([`${optionName}${kidOf(input)} ${problem}`]);
  }
}

function kidOf(input: unknown): string {
  const kid = typeof input === 'object' && input !== null && 'kid' in input ? input.kid : undefined;
  return typeof kid === 'string' ? ` (kid ${JSON.stringify(kid.slice(0, 64))})` : '';
}

function isRemote(input: KeyInput): input is RemoteSigner {
  return (
    typeof input === 'object' &&
    input !== null &&
    'publicJwk' in input &&
    'sign' in input &&
    typeof input.sign === 'function'
  );
}

function isWrapped(input: KeyMaterial | WrappedKey): input is WrappedKey {
  return typeof input === 'object' && input !== null && 'key' in input;
}
