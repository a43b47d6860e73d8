// What a key set's text becomes: the keys in it that are fit to verify with. A bad key is left out and named, and never takes
// the good ones along; a bad text is refused as a whole.
import type { JWK } from 'jose';
import type { Algorithm } from '../keys/algorithms.js';
import { AuthConfigurationError } from '../base/errors.js';
import { JsonError, parseStrictJsonObject } from '../base/json.js';
import { importPublicKey } from '../keys/key-import.js';
import type { VerificationKey } from '../keys/keys.js';
import type { Json } from '../base/principal.js';
import { isRecord } from '../base/members.js';
import { certificateOf } from './key-certificate.js';
import { distinctKeys, inForce } from './same-keys.js';
import { stated } from './stated-members.js';

const MOST_KEYS = 100;

/** Room for a hundred keys with certificates. */
const LIMITS = { depth: 32, members: 5_000 } as const;

/** Their presence means that the issuer published a secret (RFC 7518 §6); such a key can no longer be trusted. */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'] as const;

/** Thrown if a text is not a usable key set. */
export class KeySetError extends Error {
  override readonly name = 'KeySetError';
}

/** A notice for operators about one key of a set. */
export interface KeyNotice {
  readonly kid: string | undefined;
  readonly reason: string;
}

/** What became of a text. */
export interface KeySetContent {
  readonly keys: readonly VerificationKey[];
  readonly notices: readonly KeyNotice[];
}

/** What reading needs to know. */
export interface KeySetReading {
  /** The algorithms that the issuer may use. */
  readonly algorithms: readonly Algorithm[];
  /** The keys in force. Those that are still in the set stay the same objects. */
  readonly known: readonly VerificationKey[];
}

/**
 * Reads a key set. Members that are not keys, or no keys for these algorithms, are left out.
 *
 * @throws KeySetError if the text is not a key set, or holds no key that is fit
 */
export async function readKeySet(body: Uint8Array | string, reading: KeySetReading): Promise<KeySetContent> {
  const notices: KeyNotice[] = [];
  const read: VerificationKey[] = [];
  for (const member of membersOf(body)) {
    const outcome = await readMember(member, reading);
    notices.push(...outcome.notices);
    read.push(...outcome.keys);
  }
  const { keys, ambiguous } = distinctKeys(read);
  notices.push(
    ...ambiguous.map((kid) => ({ kid, reason: 'several different keys have this id; none of them is used' })),
  );
  if (keys.length === 0) throw new KeySetError(`the key set holds no key that could be used${because(notices)}`);
  return { keys: keys.map((key) => inForce(reading.known, key)), notices };
}

/** Why the first keys were left out, because the reason is mostly the same for all of them. */
function because(notices: readonly KeyNotice[]): string {
  const reasons = notices.slice(0, 2).map(({ kid, reason }) => `the key ${kid ?? 'without an id'}: ${reason}`);
  return reasons.length === 0 ? '' : ` (${reasons.join('; ')})`;
}

function membersOf(body: Uint8Array | string): readonly Json[] {
  const { keys } = parse(body);
  if (!Array.isArray(keys)) throw new KeySetError('the response is not a key set');
  if (keys.length > MOST_KEYS) throw new KeySetError(`the key set holds more than ${MOST_KEYS} keys`);
  return keys;
}

function parse(body: Uint8Array | string): { readonly keys?: Json } {
  try {
    return parseStrictJsonObject(body, LIMITS);
  } catch (cause) {
    if (cause instanceof JsonError) throw new KeySetError('the response is not acceptable JSON', { cause });
    throw cause;
  }
}

/** The key of one member, or the reason why it is left out. */
async function readMember(member: Json, { algorithms }: KeySetReading): Promise<KeySetContent> {
  if (!isRecord(member)) return leftOut(undefined, 'it is not an object');
  const said = stated(member);
  const kid = typeof said['kid'] === 'string' ? onOneLine(said['kid']) : undefined;
  const published = PRIVATE_MEMBERS.find((name) => name in said);
  if (published !== undefined)
    return leftOut(kid, `it is published with its secret member "${published}" and must be replaced`);
  try {
    // Its members are checked one by one.
    const key = await importPublicKey(said as JWK, { optionName: 'it', algorithms });
    const { thumbprints, problem } = certificateOf(said, key.key);
    const issuers = statedIssuers(member['issuer']);
    return {
      keys: [Object.freeze({ ...key, ...issuers, ...(thumbprints.length > 0 && { thumbprints }) })],
      notices: problem === undefined ? [] : [{ kid: key.kid, reason: problem }],
    };
  } catch (cause) {
    return leftOut(kid, reasonOf(cause));
  }
}

function leftOut(kid: string | undefined, reason: string): KeySetContent {
  return { keys: [], notices: [{ kid, reason }] };
}

/** Whose tokens the key is for, if its entry says so. An unreadable name may be another issuer's. */
function statedIssuers(issuer: Json | undefined): Pick<VerificationKey, 'issuers'> {
  if (issuer === undefined || issuer === null) return {};
  if (typeof issuer === 'string' && issuer !== '') return { issuers: Object.freeze([issuer]) };
  throw new AuthConfigurationError(['it names its issuer in a way that cannot be read']);
}

function reasonOf(cause: unknown): string {
  const [problem = 'it is not a key that could be used'] =
    cause instanceof AuthConfigurationError ? cause.problems : [];
  return onOneLine(problem);
}

/** What others wrote must not end lines in a log. */
function onOneLine(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, ' ').slice(0, 200);
}
