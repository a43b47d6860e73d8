// The certificate that may stand beside a key in a set. It decides nothing about the key: its digests are names that a token may use
// (RFC 7517 §4.8), and a certificate of another key is reported (§4.7).
import { createHash, type KeyObject, X509Certificate } from 'node:crypto';
import type { Json } from '../base/principal.js';

/** The digests of a certificate, and a notice for operators about it. */
export interface KeyCertificate {
  readonly thumbprints: readonly string[];
  readonly problem?: string;
}

/** Reads `x5c`, `x5t` and `x5t#S256` of a member of a key set. */
export function certificateOf(member: Readonly<Record<string, Json>>, key: KeyObject): KeyCertificate {
  const named = ['x5t', 'x5t#S256'].flatMap((name) => {
    const thumbprint = member[name];
    return typeof thumbprint === 'string' ? [thumbprint] : [];
  });
  const certified = digestsOf(member['x5c'], key);
  if (certified === undefined)
    return { thumbprints: named, problem: 'its certificate (x5c) is not of this key and is ignored' };
  return { thumbprints: Object.freeze([...new Set([...named, ...certified])]) };
}

/** The digests of the certificate, if there is one; `undefined` if it is of another key or cannot be read. */
function digestsOf(chain: Json | undefined, key: KeyObject): readonly string[] | undefined {
  if (chain === undefined) return [];
  const [leaf] = Array.isArray(chain) ? chain : [];
  try {
    const { publicKey, raw } = new X509Certificate(Buffer.from(String(leaf), 'base64'));
    if (!publicKey.equals(key)) return undefined;
    return ['sha1', 'sha256'].map((digest) => createHash(digest).update(raw).digest('base64url'));
  } catch {
    return undefined;
  }
}
