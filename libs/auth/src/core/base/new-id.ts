// The ids of tokens and sign-ins.
import { randomBytes } from 'node:crypto';

/** A fresh, unguessable id for a token or a sign-in: 256 random bits that do not reveal the time of creation (ASVS 7.2.3). */
export function newId(): string {
  return randomBytes(32).toString('base64url');
}
