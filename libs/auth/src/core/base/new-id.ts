// The ids of tokens and sign-ins.
import { randomBytes } from 'node:crypto';

/** A fresh, unguessable id for a token or a sign-in: 256 random bits, of which nothing tells when it was made (ASVS 7.2.3). */
export function newId(): string {
  return randomBytes(32).toString('base64url');
}
