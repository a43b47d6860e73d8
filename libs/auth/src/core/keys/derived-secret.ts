// Secrets that are made from other secrets, so that no key is ever used for two things (RFC 5869).
import { hkdfSync } from 'node:crypto';

const SECRET_BYTES = 32;

/** The secret for one purpose; the same in every process that holds the material, and no way back to it. */
export function deriveSecret(material: string | Uint8Array, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', material, '', purpose, SECRET_BYTES));
}
