// The secrets of what a browser keeps of us besides tokens: configured, or derived from the signing keys.
import { CSRF_PURPOSE } from '../browser/csrf.js';
import { deriveSecret } from '../keys/derived-secret.js';
import type { OwnKeys } from '../keys/own-keys.js';

/**
 * The secrets, the one to use first. Asked at every use, because keys rotate. Empty if nothing can be derived.
 * @param secret the option `csrf.secret`
 * @param purpose another one gives another secret @defaultValue CSRF tokens
 */
export function csrfSecrets(
  secret: string | undefined,
  keys: OwnKeys,
  purpose = CSRF_PURPOSE,
): () => readonly Uint8Array[] {
  if (secret === undefined) return () => keys.secretsFor(purpose);
  const configured = [deriveSecret(secret, purpose)];
  return () => configured;
}
