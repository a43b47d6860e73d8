// What binds the steps of a sign-in to a client of an API, which keeps no cookies: a secret of its own, as in PKCE (RFC 7636 §4.1). The
// first request has the digest of it, and the next the secret itself, so that a continuation that leaks on its way is of no use.
import { createHash } from 'node:crypto';
import { AuthError } from '../../core/base/errors.js';
import type { SignInFacts } from '../../core/users/sign-in-answers.js';

/** The base64url SHA-256 of the secret, with the first step. */
export const CHALLENGE_HEADER = 'sign-in-challenge';

/** The secret, with the next one: 43 to 128 characters (RFC 7636 §4.1). */
export const VERIFIER_HEADER = 'sign-in-verifier';

const DIGEST = /^[\w-]{43}$/;
const SECRET = /^[\w.~-]{43,128}$/;

/**
 * The digest that the first request has; `undefined` for a client that keeps no secret.
 * @throws {AuthError} `invalid_request` for a header that is none
 */
export function challengeOf({ header }: SignInFacts): string | undefined {
  const digest = header(CHALLENGE_HEADER);
  if (digest !== undefined && !DIGEST.test(digest)) throw new AuthError('invalid_request');
  return digest;
}

/**
 * The digest of the secret that the next request has. A challenge is not accepted in its place: it is no secret.
 * @throws {AuthError} `invalid_request` for a header that is none
 */
export function verifierDigestOf({ header }: SignInFacts): string | undefined {
  const secret = header(VERIFIER_HEADER);
  if (secret === undefined) return undefined;
  if (!SECRET.test(secret)) throw new AuthError('invalid_request');
  return createHash('sha256').update(secret).digest('base64url');
}
