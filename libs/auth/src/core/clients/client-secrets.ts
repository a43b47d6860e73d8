// Secrets of clients: random, so that one SHA-256 is enough to keep them (a slow hash is for what people choose), compared in constant time.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** A secret that was made, and what is stored of it. */
export interface NewClientSecret {
  /** What the client is given, once: 256 random bits, 43 characters. */
  readonly secret: string;
  /** What is stored: `sha256:` and the digest. */
  readonly hash: string;
}

const HASH = /^sha256:[A-Za-z0-9_-]{43}$/;

/** Compared with if a client has no secret, or there is no such client. */
const OF_NO_SECRET = hashOf(randomBytes(32).toString('base64url'));

/**
 * Makes a secret for a client.
 *
 * @example
 * ```ts
 * import { newClientSecret } from 'nestjs-latchkey/controllers';
 *
 * const { secret, hash } = newClientSecret();
 * console.log(`Give the client ${secret.length} characters, and store ${hash.slice(0, 7)}...`);
 * ```
 */
export function newClientSecret(): NewClientSecret {
  const secret = randomBytes(32).toString('base64url');
  return { secret, hash: hashOf(secret) };
}

/** Whether this is a hash that {@link newClientSecret} makes. */
export function isSecretHash(given: unknown): boolean {
  return typeof given === 'string' && HASH.test(given);
}

/** Whether the secret is one of those that were hashed. It takes as long if there is none. */
export function isSecretOf(secret: string, hashes: readonly string[]): boolean {
  const presented = Buffer.from(hashOf(secret));
  const stored = hashes.length === 0 ? [OF_NO_SECRET] : hashes;
  const matches = stored.map((hash) => timingSafeEqual(presented, Buffer.from(hash)));
  return hashes.length > 0 && matches.includes(true);
}

function hashOf(secret: string): string {
  return `sha256:${createHash('sha256').update(secret).digest('base64url')}`;
}
