// The secrets of CSRF tokens: configured, or derived from the signing keys.
import { CSRF_PURPOSE } from '../browser/csrf.js';
import { deriveSecret } from '../keys/derived-secret.js';
import type { OwnKeys } from '../keys/own-keys.js';

/** The secrets, the one to sign with first. Asked at every use, because keys rotate. Empty if nothing can be derived. */
export function csrfSecrets(secret: string | undefined, keys: OwnKeys): () => readonly Uint8Array[] {
  if (secret === undefined) return () => keys.secretsFor(CSRF_PURPOSE);
  const configured = [deriveSecret(secret, CSRF_PURPOSE)];
  return () => configured;
}
