// Parses and serializes a JWS: its three segments, its header and its signature. It prevents ambiguous encodings, headers that control
// the verifier, and algorithm confusion. See claims.ts for the claims.
import { after, orUnavailable, rescued } from '../base/at-once.js';
import { AuthError } from '../base/errors.js';
import { JsonError, parseStrictJsonObject, type JsonObject } from '../base/json.js';
import type { Algorithm, SigningKey, VerificationKey } from '../keys/keys.js';
import { isSignature } from '../keys/signatures.js';
import { defaultLimits, type TokenLimits } from '../base/limits.js';
import type { Claims } from '../base/principal.js';
import { refused } from './refusals.js';
import { toSerializable, ClaimsNotSerializableError } from './serializable-claims.js';
import { algorithmNotAllowed } from '../keys/key-refusals.js';

/** The members of a protected header that are read. All others are ignored, above all those that name or hold keys. */
export interface JwsHeader {
  readonly alg: string;
  readonly kid: string | undefined;
  readonly typ: string | undefined;
  /** `x5t#S256` and `x5t`, as far as they are there: digests of a certificate that name a key (RFC 7515 §4.1.7, §4.1.8). */
  readonly thumbprints: readonly string[];
}

/** A token taken apart. Nothing of it may be trusted before {@link verifySignature}. */
export interface ParsedJws {
  /** The token as it was presented, which is its only valid form. */
  readonly token: string;
  readonly header: JwsHeader;
  readonly claims: Claims;
}

/** Each changes what is signed or how it is read, and none is supported (RFC 7515 §4.1.11, RFC 7797, RFC 7516 §4.1.3). */
const REFUSED_MEMBERS = ['crit', 'b64', 'zip'] as const;

/** A SHA-256 as base64url has 43 characters, as hexadecimal digits 64. */
const LONGEST_THUMBPRINT = 64;

/**
 * Takes a token apart without checking its signature or its claims.
 *
 * @throws AuthError `token_malformed`, `token_too_large`
 */
export function parseJws(token: string, limits: TokenLimits = defaultLimits): ParsedJws {
  if (typeof token !== 'string') throw new AuthError('token_malformed');
  assertSize(token, limits);
  const [header, payload, signature, ...more] = token.split('.', 4);
  if (header === undefined || payload === undefined || signature === undefined || more.length > 0) {
    throw malformed('must be three parts with dots between them');
  }
  decode(signature);
  return Object.freeze({
    token,
    header: readHeader(decode(header), limits),
    claims: readJson(decode(payload), limits),
  });
}

/** @throws AuthError `token_too_large`, `token_malformed` */
export function assertSize(token: string, limits: TokenLimits): void {
  if (token.length <= limits.token) return;
  // A long text that is not a token at all has nothing to do with a limit.
  if (token.split('.', 4).length !== 3) throw malformed('must be three parts with dots between them');
  const rule = `must not be longer than ${limits.token} characters`;
  throw refused('token_too_large', { claim: 'token', rule, option: 'limits.token' });
}

function malformed(rule: string, claim = 'token'): AuthError {
  return refused('token_malformed', { claim, rule });
}

/** One text per value: base64url without padding, whitespace, other characters or stray bits (RFC 7515 §2). */
function decode(segment: string): Buffer {
  const bytes = Buffer.from(segment, 'base64url');
  if (bytes.toString('base64url') !== segment) throw malformed('must be base64url without padding');
  return bytes;
}

function readJson(bytes: Buffer, limits: TokenLimits): JsonObject {
  try {
    return parseStrictJsonObject(bytes, limits);
  } catch (cause) {
    const rule = cause instanceof JsonError ? `must be acceptable JSON: ${cause.message}` : 'must be JSON';
    throw new AuthError('token_malformed', { cause, reason: { rule } });
  }
}

function readHeader(bytes: Buffer, limits: TokenLimits): JwsHeader {
  if (bytes.length > limits.header) {
    const rule = `must not be longer than ${limits.header} bytes`;
    throw refused('token_malformed', { claim: 'header', rule, option: 'limits.header' });
  }
  const members = readJson(bytes, limits);
  const member = REFUSED_MEMBERS.find((name) => name in members);
  if (member !== undefined) throw refused('token_malformed', { claim: `${member} header`, rule: 'is not supported' });
  const alg = optionalString(members['alg']);
  const kid = optionalString(members['kid']);
  if (alg === undefined) throw malformed('is required', 'alg header');
  if (kid !== undefined && kid.length > limits.kid)
    throw malformed(`must not be longer than ${limits.kid}`, 'kid header');
  return Object.freeze({ alg, kid, typ: optionalString(members['typ']), thumbprints: readThumbprints(members) });
}

const NO_THUMBPRINTS: readonly string[] = Object.freeze([]);

/** What is not a digest names no key, and is ignored like every member that is not read. */
function readThumbprints(members: JsonObject): readonly string[] {
  if (!('x5t' in members || 'x5t#S256' in members)) return NO_THUMBPRINTS;
  const named = [members['x5t#S256'], members['x5t']].filter((value) => typeof value === 'string');
  return Object.freeze(named.filter(({ length }) => length <= LONGEST_THUMBPRINT));
}

function optionalString(value: unknown): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  throw new AuthError('token_malformed');
}

/**
 * Verifies the signature with one key, under the one algorithm that the header names, if the key is for it. Nothing of the header is
 * looked at again: that it is one we understand was for {@link parseJws}. Fast algorithms run synchronously: it then throws, and returns
 * no promise.
 *
 * @throws AuthError `algorithm_not_allowed`, `token_invalid`
 */
export function verifySignature(jws: ParsedJws, key: VerificationKey): void | Promise<void> {
  const alg = key.algorithms.find((allowed) => allowed === jws.header.alg);
  if (alg === undefined) throw algorithmNotAllowed();
  return after(holds(alg, jws.token, key), (isGood) => {
    if (!isGood) throw new AuthError('token_invalid');
  });
}

function holds(alg: Algorithm, token: string, { key }: VerificationKey): boolean | Promise<boolean> {
  const end = token.lastIndexOf('.');
  const data = Buffer.from(token.slice(0, end), 'latin1');
  return rescued(
    () => isSignature(alg, key, { data, signature: Buffer.from(token.slice(end + 1), 'base64url') }),
    (cause) => {
      // A key that cannot verify a signature has not found it good.
      throw new AuthError('token_invalid', { cause });
    },
  );
}

/** What a token is signed with, and how large it may be. */
export type Signer = SigningKey & {
  /** @defaultValue those of our own tokens */
  readonly limits?: TokenLimits | undefined;
};

/**
 * Signs claims under a header whose `alg` and `kid` come from the key. Members that are `undefined` are left out; anything else
 * that JSON would drop or change, and whatever {@link parseJws} would refuse, is refused here.
 *
 * @throws ClaimsNotSerializableError naming the claim
 * @throws AuthError `keys_unavailable` if a remote signer does not answer
 */
export async function signJws(header: object, claims: object, key: Signer): Promise<string> {
  const { limits = defaultLimits } = key;
  const protectedHeader = toSerializable({ ...header, alg: key.alg, kid: key.kid }, limits);
  const input = `${encode(protectedHeader)}.${encode(toSerializable(claims, limits))}`;
  const signature = await orUnavailable('keys_unavailable', () => key.sign(Buffer.from(input)));
  const token = `${input}.${Buffer.from(signature).toString('base64url')}`;
  assertReadable(token, limits);
  return token;
}

function encode(members: JsonObject): string {
  return Buffer.from(JSON.stringify(members)).toString('base64url');
}

function assertReadable(token: string, limits: TokenLimits): void {
  try {
    parseJws(token, limits);
  } catch (cause) {
    throw new ClaimsNotSerializableError(
      '',
      `would be refused: it is longer than ${limits.token}, or its header is not acceptable`,
      { cause },
    );
  }
}
