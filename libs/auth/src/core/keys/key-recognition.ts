// Whether bytes are a key or a token in any of their spellings, so that none is taken for a secret.
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';

/** Too long to come by chance. */
const KEY_TEXT =
  /-----BEGIN |"kty"\s*:|^\s*(?:ssh-rsa |ssh-ed25519 |ssh-dss |ecdsa-sha2-|AAAAB3NzaC1|AAAAC3NzaC1|AAAAE2VjZHNh)/;
/** So short that only text as a whole counts. */
const JWT = /^\s*eyJ[\w-]+\.[\w-]+\.[\w-]*$/;
const OBJECT = /^\s*\{\s*"/;
/** ASN.1 SEQUENCE: the first byte of every key and certificate in DER. */
const SEQUENCE = 0x30;

/** True for PEM, DER, OpenSSH, JWK, certificates and signed tokens; of base64 or hex, hand in what it decodes to as well. */
export function isKeyText(bytes: Buffer): boolean {
  const text = bytes.toString('latin1');
  return (
    KEY_TEXT.test(text) ||
    JWT.test(text) ||
    isJsonObject(text) ||
    isOpenSsh(bytes) ||
    (bytes[0] === SEQUENCE && isDer(bytes))
  );
}

/** Random text may begin like one, and does not go on like one. */
function isJsonObject(text: string): boolean {
  return OBJECT.test(text) && reads(() => JSON.parse(text));
}

/** The body of an OpenSSH key: the length of its name, and the name. */
function isOpenSsh(bytes: Buffer): boolean {
  return /^\0\0\0[\x07-\x20](?:ssh-|ecdsa-)/.test(bytes.toString('latin1', 0, 12));
}

function isDer(bytes: Buffer): boolean {
  const readers = [
    () => createPublicKey({ key: bytes, format: 'der', type: 'spki' }),
    () => createPublicKey({ key: bytes, format: 'der', type: 'pkcs1' }),
    () => createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' }),
    () => createPrivateKey({ key: bytes, format: 'der', type: 'pkcs1' }),
    () => createPrivateKey({ key: bytes, format: 'der', type: 'sec1' }),
    () => new X509Certificate(bytes),
  ];
  return readers.some(reads);
}

function reads(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch {
    return false;
  }
}
