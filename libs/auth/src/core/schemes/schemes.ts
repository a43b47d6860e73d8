// What a scheme is: the data by which the read path finds, verifies and checks one kind of credential.
import { applicationFault, AuthError } from '../base/errors.js';
import type { Principal, Subject, Verified } from '../base/principal.js';
import type { AuthRequest } from '../base/request.js';
import type { SchemeDescription } from './scheme-description.js';

/** How a request must prove that the page which sent it is ours. Throws an `AuthError` with a `csrf_*` code. */
export type CsrfPolicy = (request: AuthRequest, verified: Verified) => void;

/** What every scheme has; see {@link Scheme}. */
export interface SchemeBase<Credential> {
  /** Unique within the application: `bearer`, `cookie` and `session` are taken. Seen in `request.auth.scheme` and in events. */
  readonly name: string;
  /**
   * Stage 2: takes the credential out of the request. `undefined` means that there is none.
   * @throws {AuthError} if there is one that cannot be read (`malformed_header`) or two (`ambiguous_credentials`); anything else
   * thrown is a fault of the application, answered with 500 `application_fault` and logged
   */
  find(request: AuthRequest): Credential | undefined;
  /**
   * Stage 3: what the credential asserts, at once or later. `undefined` means "nothing for me after all".
   * @throws {AuthError} if it is not valid; anything else thrown counts as unavailable: 503 `scheme_unavailable`
   */
  verify(credential: Credential, request: AuthRequest): Verified | undefined | Promise<Verified | undefined>;
  /** `forgive` lets the next scheme answer in place of a bad credential. @defaultValue 'stop' */
  readonly onFailure?: 'stop' | 'forgive';
  /** The name in a `WWW-Authenticate` challenge. Absent: the scheme has no challenge of its own. */
  readonly challenge?: string;
  /** Whom the credential names, unverified: used to deny or to observe, never to grant. `undefined` means unreadable. */
  claimedSubject?(credential: Credential): Subject | undefined;
  /**
   * What an expired credential asserted, if nothing but its end stands against it: compared with the user of a session, never to grant.
   * `undefined` for any other. Absent: that cannot be told.
   */
  lapsed?(credential: Credential): Promise<Verified | undefined>;
  /** Called once a caller was authenticated by this scheme and was not refused. It must not throw. */
  recognised?(principal: Principal): void;
  /** How OpenAPI documents show it. @defaultValue an apiKey of the scheme's name in a header, with a hint to describe it */
  readonly openapi?: SchemeDescription;
}

/**
 * One way for a caller to be recognized. What a browser sends by itself (a cookie) must come with a CSRF policy; the types
 * insist on it.
 */
export type Scheme<Credential = unknown> = SchemeBase<Credential> &
  (
    | { readonly sentBy: 'client' }
    | { readonly sentBy: 'browser'; readonly csrf: CsrfPolicy }
    | {
        /** A header or a cookie: decided for each request. */
        readonly sentBy: 'either';
        readonly csrf: CsrfPolicy;
        /** True unless the request shows that the client put the credential there by its own doing. It must not throw. */
        isSentByBrowser(credential: Credential, request: AuthRequest): boolean;
      }
  );

/**
 * Names the credential's type once, so that `find` and `verify` agree on it.
 *
 * @example
 * ```ts
 * import { createHash } from 'node:crypto';
 * import { AuthError } from 'nestjs-latchkey';
 * import { defineScheme } from 'nestjs-latchkey/schemes';
 *
 * // Digests of the keys, and their owners: the table does not reveal a key.
 * const clients = new Map([[process.env['BILLING_KEY_SHA256'], 'billing']]);
 *
 * export const apiKey = defineScheme({
 *   name: 'api-key',
 *   sentBy: 'client',
 *   find: (request) => request.headerLines('x-api-key')[0],
 *   verify: async (key) => {
 *     const client = clients.get(createHash('sha256').update(key).digest('hex'));
 *     if (client === undefined) throw new AuthError('token_invalid');
 *     return { subject: { issuer: 'api-keys', id: client }, kind: 'client', claims: {}, scopes: [], own: false };
 *   },
 * });
 * ```
 */
export function defineScheme<Credential>(scheme: Scheme<Credential>): Scheme {
  // The read path passes a scheme only what its own `find` returned, so dropping the credential's type is safe.
  return scheme as unknown as Scheme;
}

/** Whether the browser may have added the credential by itself, so that the request must prove its intent. */
export function isSentByBrowser(scheme: Scheme, credential: unknown, request: AuthRequest): boolean {
  if (scheme.sentBy === 'either') return scheme.isSentByBrowser(credential, request);
  return scheme.sentBy === 'browser';
}

/** What a scheme carried in the request: a credential, or the reason why it cannot be read. */
export interface Candidate {
  readonly scheme: Scheme;
  readonly credential?: unknown;
  readonly error?: AuthError;
}

/**
 * Stage 2 for a whole route: what each scheme carries, collected before any of it is checked.
 * @throws {AuthError} `ambiguous_credentials`; `application_fault` if a scheme breaks while it looks
 */
export function findCandidates(request: AuthRequest, schemes: readonly Scheme[]): readonly Candidate[] {
  const found: Candidate[] = [];
  for (const scheme of schemes) {
    const one = findOne(request, scheme);
    if (one !== undefined) found.push(one);
  }
  return found;
}

function findOne(request: AuthRequest, scheme: Scheme): Candidate | undefined {
  try {
    const credential = scheme.find(request);
    return credential === undefined ? undefined : { scheme, credential };
  } catch (error) {
    if (!(error instanceof AuthError)) throw applicationFault(`finding the credential of '${scheme.name}'`, error);
    if (error.status === 400) throw error;
    return { scheme, error };
  }
}

/** Finds the text of a credential in a request. */
export type CredentialFinder = (request: AuthRequest) => string | undefined;

/** A scheme name (RFC 9110 §11.4). */
const SCHEME_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]*/;

/** True for characters that no token holds: HTTP whitespace and separators. */
function isSeparated(text: string): boolean {
  return text.includes(' ') || text.includes('\t') || text.includes(',');
}

/**
 * Reads `Authorization: Bearer <token>`, or another header and other scheme names, which compare without case. Without any scheme name
 * the header holds the token alone, as access proxies send it.
 *
 * @throws {AuthError} `ambiguous_credentials` for two such lines; `malformed_header` if our scheme is followed by
 * anything but one token. Another scheme is not a credential.
 */
export function headerFinder(options: {
  readonly name: string;
  readonly schemes: readonly string[];
}): CredentialFinder {
  if (options.schemes.length === 0) return bareHeaderFinder(options.name);
  // As nearly every client writes it; all other spellings are read with care.
  const prefixes = options.schemes.map((scheme) => `${scheme} `);
  const accepted = new Set(options.schemes.map((scheme) => scheme.toLowerCase()));
  return (request) => {
    const line = onlyLine(request, options.name);
    if (line === undefined) return undefined;
    const usual = prefixes.find((prefix) => line.startsWith(prefix));
    if (usual !== undefined) return oneToken(line, usual.length - 1);
    const scheme = SCHEME_NAME.exec(line)?.[0] ?? '';
    return accepted.has(scheme.toLowerCase()) ? oneToken(line, scheme.length) : undefined;
  };
}

/** @throws {AuthError} `ambiguous_credentials` */
function onlyLine(request: AuthRequest, name: string): string | undefined {
  const lines = request.headerLines(name);
  if (lines.length > 1) throw new AuthError('ambiguous_credentials');
  return lines[0];
}

/** A line that is the token; an empty one is not a token. */
function bareHeaderFinder(name: string): CredentialFinder {
  return (request) => {
    const line = onlyLine(request, name);
    if (line === undefined || line === '') return undefined;
    if (isSeparated(line)) throw new AuthError('malformed_header');
    return line;
  };
}

/**
 * One or more plain spaces and one token, to the end of the line. Searched, not matched: this is every request, and tokens are long.
 * @throws {AuthError} `malformed_header`
 */
function oneToken(line: string, from: number): string {
  let start = from;
  while (line[start] === ' ') start += 1;
  const token = line.slice(start);
  if (start > from && token !== '' && !isSeparated(token)) return token;
  throw new AuthError('malformed_header');
}
