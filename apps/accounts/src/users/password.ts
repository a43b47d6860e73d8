/**
 * The one spelling of a password, as the OpaqueString profile of RFC 8265 §4.2 makes it and NIST SP 800-63B asks for: one keyboard types
 * "é" as one character, another as two, and both mean the same password. Blanks of any script become the plain one; case, width and
 * everything else stay as they were typed.
 */
export function normalisePassword(typed: string): string {
  return typed.replaceAll(/\p{Zs}/gu, ' ').normalize('NFC');
}
