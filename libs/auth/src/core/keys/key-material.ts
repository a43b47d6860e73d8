// The accepted forms of a key: JWK, PEM, KeyObject, secret. Each is converted to one form, a JWK without other members, or
// refused in a sentence that never holds any of it.
import { createPrivateKey, createPublicKey, KeyObject } from 'node:crypto';
import type { JWK } from 'jose';

/** What is wrong with one key, as the end of a sentence. Internal: keys.ts names the option and the key in front of it. */
export class KeyError extends Error {
  override readonly name = 'KeyError';
}

/** A shared secret with the algorithm it is for. Text counts as its UTF-8 bytes. */
export interface SecretInput {
  readonly secret: string | Uint8Array;
  readonly alg?: string;
}

/** A key in any form: JWK (object or JSON text), PEM text, a `KeyObject` of Node, or a secret. */
export type KeyMaterial = JWK | string | KeyObject | SecretInput;

/** The members that make up a key, by type; `private` are those that must never be published (RFC 7518 §6). */
const MEMBERS: Readonly<Record<string, { readonly public: readonly string[]; readonly private: readonly string[] }>> = {
  oct: { public: [], private: ['k'] },
  RSA: { public: ['n', 'e'], private: ['d', 'p', 'q', 'dp', 'dq', 'qi'] },
  EC: { public: ['x', 'y'], private: ['d'] },
  OKP: { public: ['x'], private: ['d'] },
};

/** A key in its common form, with what its source said about its use. */
export interface Material {
  /** `kty`, `crv` and the key's own members, nothing else. */
  readonly jwk: JWK;
  readonly isPrivate: boolean;
  readonly alg: unknown;
  readonly kid: unknown;
  readonly use: unknown;
  readonly keyOps: unknown;
}

/** @throws KeyError */
export function readMaterial(input: unknown): Material {
  if (typeof input === 'string') return readText(input);
  if (input instanceof KeyObject) return readJwk(exported(input));
  if (typeof input !== 'object' || input === null)
    throw new KeyError('is not a key: give a JWK, PEM text, a KeyObject or { secret, alg }');
  return 'secret' in input ? readSecret(input) : readJwk({ ...input });
}

function readText(text: string): Material {
  const trimmed = text.trim();
  if (trimmed.startsWith('{')) return readJwk(readJson(trimmed));
  if (trimmed.startsWith('-----BEGIN ')) return readJwk(exported(readPem(trimmed)));
  throw new KeyError('is text that is neither PEM nor a JWK; a secret is given as { secret, alg }');
}

function readJson(text: string): Record<string, unknown> {
  try {
    return { ...JSON.parse(text) };
  } catch {
    // The parser's own message quotes the text, which holds the key.
    throw new KeyError('is not readable JSON');
  }
}

/** Pasted PEM often has indented lines, or `\n` spelt out by an environment file; neither changes the key. */
function readPem(text: string): KeyObject {
  const lines = text.replaceAll(String.raw`\n`, '\n').split('\n');
  const pem = lines
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('\n');
  if (/ENCRYPTED/.test(pem)) throw new KeyError('is an encrypted PEM key; decrypt it first');
  try {
    return /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem) ? createPrivateKey(pem) : createPublicKey(pem);
  } catch {
    throw new KeyError('is not a readable PEM key');
  }
}

function exported(key: KeyObject): Record<string, unknown> {
  try {
    return { ...key.export({ format: 'jwk' }) };
  } catch {
    throw new KeyError(`is a key of type ${key.asymmetricKeyType ?? key.type}, which signs no token`);
  }
}

function readSecret(
  input: object & { readonly secret?: unknown; readonly alg?: unknown; readonly kid?: unknown },
): Material {
  const { secret, alg, kid } = input;
  if (typeof secret !== 'string' && !(secret instanceof Uint8Array))
    throw new KeyError('has a secret that is neither text nor bytes');
  const k = Buffer.from(secret).toString('base64url');
  return { jwk: { kty: 'oct', k }, isPrivate: true, alg, kid, use: undefined, keyOps: undefined };
}

function readJwk(source: Record<string, unknown>): Material {
  const { kty, crv, alg, kid, use, key_ops: keyOps } = source;
  const members = typeof kty === 'string' && Object.hasOwn(MEMBERS, kty) ? MEMBERS[kty] : undefined;
  if (members === undefined) throw new KeyError('has no key type (kty) that signs tokens; RSA, EC, OKP and oct do');
  if ('oth' in source) throw new KeyError('has more than two primes, which is not supported');
  const isPrivate = members.private.some((name) => source[name] !== undefined);
  const jwk: Record<string, unknown> = { kty };
  if (crv !== undefined) jwk['crv'] = crv;
  for (const name of isPrivate ? [...members.public, ...members.private] : members.public) {
    jwk[name] = readMember(source[name], name);
  }
  return { jwk: jwk as JWK, isPrivate, alg, kid, use, keyOps };
}

/** Whitespace and padding come from pasting and are dropped; anything else that is not base64url is not this key. */
function readMember(value: unknown, name: string): string {
  if (typeof value !== 'string') throw new KeyError(`lacks its member "${name}"`);
  const text = value.replaceAll(/\s/g, '').replace(/={1,2}$/, '');
  if (text === '' || Buffer.from(text, 'base64url').toString('base64url') !== text) {
    throw new KeyError(`has a member "${name}" that is not base64url`);
  }
  return text;
}

/** The members that are public. */
export function publicPart(jwk: JWK): JWK {
  const shown = ['kty', 'crv', ...(MEMBERS[jwk.kty ?? '']?.public ?? [])];
  return Object.fromEntries(Object.entries(jwk).filter(([name]) => shown.includes(name))) as JWK;
}
