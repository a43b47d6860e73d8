// Owns what a key set's text becomes: the keys in it that are fit to verify with. A bad key is left out and named, and never takes
// the good ones along; a bad text is refused as a whole.
import { createPublicKey, X509Certificate } from 'node:crypto';
import type { JWK } from 'jose';
import type { Algorithm } from '../keys/algorithms.js';
import { AuthConfigurationError } from '../errors.js';
import { JsonRefused, parseStrictJsonObject } from '../tokens/json.js';
import { importPublicKey } from '../keys/key-import.js';
import type { VerificationKey } from '../keys/keys.js';
import type { Json } from '../principal.js';

const MOST_KEYS = 100;

/** Room for a hundred keys with certificates. */
const LIMITS = { depth: 32, members: 5_000 } as const;

/** Their presence means that somebody published a secret (RFC 7518 §6); such a key is worthless from then on. */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'] as const;

/** Says that a text is no key set that could be used. */
export class KeySetRefused extends Error {
  override readonly name = 'KeySetRefused';
}

/** Something about one key of a set that operators should hear. */
export interface KeyNotice {
  readonly kid: string | undefined;
  readonly reason: string;
}

/** What became of a text. */
export interface KeySetContent {
  readonly keys: readonly VerificationKey[];
  readonly notices: readonly KeyNotice[];
}

/** A key and everything that it was made of, to tell whether another one is the same. */
interface ReadKey {
  readonly fingerprint: string;
  readonly key: VerificationKey;
}

/** What reading needs to know. */
export interface KeySetReading {
  /** The algorithms that the issuer may use. */
  readonly algorithms: readonly Algorithm[];
  /** The keys in force. Those that are still in the set stay the same objects. */
  readonly known: readonly VerificationKey[];
}

const fingerprints = new WeakMap<VerificationKey, string>();

/**
 * Reads a key set. Members that are no keys, or no keys for these algorithms, are left out.
 *
 * @throws KeySetRefused where the text is no key set, or holds no key that is fit
 */
export async function readKeySet(body: Uint8Array | string, reading: KeySetReading): Promise<KeySetContent> {
  const members = membersOf(body);
  const notices: KeyNotice[] = [];
  const read: ReadKey[] = [];
  for (const member of members) {
    const outcome = await readKey(member, reading);
    if ('key' in outcome) read.push(outcome);
    else notices.push(outcome);
    if (isObject(member) && 'key' in outcome && !certificateAgrees(member)) {
      notices.push({ kid: outcome.key.kid, reason: 'its certificate (x5c) is not of this key and is ignored' });
    }
  }
  const ambiguous = ambiguousIds(read);
  notices.push(
    ...[...ambiguous].map((kid) => ({ kid, reason: 'several different keys have this id; none of them is used' })),
  );
  const usable = withoutCopies(read).filter(({ key }) => key.kid === undefined || !ambiguous.has(key.kid));
  if (usable.length === 0) throw new KeySetRefused('the key set holds no key that could be used');
  return { keys: usable.map(({ key }) => key), notices };
}

function membersOf(body: Uint8Array | string): readonly Json[] {
  const { keys } = parse(body);
  if (!Array.isArray(keys)) throw new KeySetRefused('the answer is no key set');
  if (keys.length > MOST_KEYS) throw new KeySetRefused(`the key set holds more than ${MOST_KEYS} keys`);
  return keys;
}

function parse(body: Uint8Array | string): { readonly keys?: Json } {
  try {
    return parseStrictJsonObject(body, LIMITS);
  } catch (cause) {
    if (cause instanceof JsonRefused) throw new KeySetRefused('the answer is no acceptable JSON', { cause });
    throw cause;
  }
}

async function readKey(member: Json, { algorithms, known }: KeySetReading): Promise<ReadKey | KeyNotice> {
  if (!isObject(member)) return { kid: undefined, reason: 'it is no object' };
  const kid = typeof member['kid'] === 'string' ? onOneLine(member['kid']) : undefined;
  const published = PRIVATE_MEMBERS.find((name) => name in member);
  if (published !== undefined)
    return { kid, reason: `it is published with its secret member "${published}" and must be replaced` };
  const fingerprint = JSON.stringify(Object.entries(member).sort(([one], [other]) => (one < other ? -1 : 1)));
  const same = known.find((key) => fingerprints.get(key) === fingerprint);
  if (same !== undefined) return { fingerprint, key: same };
  try {
    // Judged member by member in there.
    const imported = await importPublicKey(member as JWK, { optionName: 'it', algorithms });
    const key = Object.freeze({ ...imported, issuer: statedIssuer(member['issuer']) });
    fingerprints.set(key, fingerprint);
    return { fingerprint, key };
  } catch (cause) {
    return { kid, reason: reasonOf(cause) };
  }
}

/** Whose tokens the key is for, if its entry says so. What cannot be read may be somebody else. */
function statedIssuer(issuer: Json | undefined): string | undefined {
  if (issuer === undefined || issuer === null) return undefined;
  if (typeof issuer === 'string' && issuer !== '') return issuer;
  throw new AuthConfigurationError(['it names its issuer in a way that cannot be read']);
}

function reasonOf(cause: unknown): string {
  const [problem = 'it is no key that could be used'] = cause instanceof AuthConfigurationError ? cause.problems : [];
  return onOneLine(problem);
}

/** What others wrote must not end lines in a log. */
function onOneLine(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, ' ').slice(0, 200);
}

function withoutCopies(read: readonly ReadKey[]): readonly ReadKey[] {
  return read.filter(
    ({ fingerprint }, index) => read.findIndex((other) => other.fingerprint === fingerprint) === index,
  );
}

function ambiguousIds(read: readonly ReadKey[]): ReadonlySet<string> {
  const ids = withoutCopies(read)
    .map(({ key }) => key.kid)
    .filter((kid) => kid !== undefined);
  return new Set(ids.filter((kid, index) => ids.indexOf(kid) !== index));
}

/** The key's own members count; a certificate beside them is looked at only so that somebody notices (RFC 7517 §4.7). */
function certificateAgrees(member: Readonly<Record<string, Json>>): boolean {
  const chain = member['x5c'];
  if (chain === undefined) return true;
  const [leaf] = Array.isArray(chain) ? chain : [];
  try {
    const certified = new X509Certificate(Buffer.from(String(leaf), 'base64')).publicKey;
    return certified.equals(createPublicKey({ key: { ...member }, format: 'jwk' }));
  } catch {
    return false;
  }
}

function isObject(value: Json): value is Readonly<Record<string, Json>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
