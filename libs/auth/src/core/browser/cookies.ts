// How cookies are read and written: one list of attributes for setting and for clearing. Prevents cookies that are parsed in
// two ways, cookies cleared with other attributes than they were set with, and cookies that browsers drop.
import { AuthError } from '../base/errors.js';
import type { TokenPair } from '../issuing/token-minter.js';

/** A cookie that another party sets, by its whole name; or both halves of a token: header and payload in one, the signature in the other. */
export type ExternalCookie = string | { readonly payload: string; readonly signature: string };

/** What was asked for about cookies, with defaults filled in. */
export interface CookieSettings {
  readonly mode: 'single' | 'split';
  /** Names without prefix. */
  readonly names: {
    readonly access: string;
    readonly refresh: string;
    readonly csrf: string;
    /** Of the readable half in split mode. @defaultValue that of the access cookie, with `-payload` */
    readonly payload?: string | undefined;
    /** @defaultValue that of the access cookie, with `-signature` */
    readonly signature?: string | undefined;
  };
  /** What another party sets; it is only read. */
  readonly external?: ExternalCookie | undefined;
  readonly sameSite: 'strict' | 'lax' | 'none';
  readonly domain: string | undefined;
  readonly refreshPath: string;
  readonly secure: boolean;
  readonly forgiving: boolean;
  /** False writes cookies that end with the browser's session. */
  readonly persistent: boolean;
  /** True keeps the cookies apart for each site that embeds ours (CHIPS). */
  readonly partitioned?: boolean | undefined;
}

/** One cookie: everything about it but its value and its age. */
export interface CookieSpec {
  readonly name: string;
  readonly path: string;
  readonly domain: string | undefined;
  readonly sameSite: 'Strict' | 'Lax' | 'None';
  readonly secure: boolean;
  readonly httpOnly: boolean;
  readonly partitioned?: boolean | undefined;
}

/** Every cookie that the library may write. */
export interface CookieSpecs {
  readonly mode: 'single' | 'split';
  readonly persistent: boolean;
  /** The whole token. */
  readonly access: CookieSpec;
  /** Split mode: header and payload, readable by scripts. */
  readonly payload: CookieSpec;
  /** Split mode: the signature, out of their reach. */
  readonly signature: CookieSpec;
  readonly refresh: CookieSpec;
  readonly csrf: CookieSpec;
  /** What binds the steps of a sign-in to this browser. */
  readonly step: CookieSpec;
  /** What is kept of a sign-in elsewhere until the browser is back. */
  readonly externalSignIn: CookieSpec;
}

/** A cookie as it goes on a response. */
export interface WrittenCookie {
  readonly name: string;
  /** The value of a `Set-Cookie` header. */
  readonly line: string;
}

/** Browsers drop longer cookies without a word; counted with name and attributes. */
export const COOKIE_BYTES = 4096;

const SAME_SITE = { strict: 'Strict', lax: 'Lax', none: 'None' } as const;

/**
 * Every value that the Cookie lines carry under exactly that name, in order. Values are taken literally: quotes, escapes and
 * percent signs mean nothing, because every reading but one is a way to smuggle a second cookie (RFC 6265 §5.4 sends them raw).
 */
export function cookieValues(lines: readonly string[], name: string): readonly string[] {
  const values: string[] = [];
  for (const pair of lines.join(';').split(';')) {
    const equals = pair.indexOf('=');
    // What has no name is a nameless cookie, whatever its value looks like.
    if (equals < 1 || trimmed(pair.slice(0, equals)) !== name) continue;
    values.push(trimmed(pair.slice(equals + 1)));
  }
  return values;
}

/** Without the spaces and tabs around it, and no other whitespace. It works by index, so that long runs cost linear time. */
function trimmed(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text, start)) start += 1;
  while (end > start && isBlank(text, end - 1)) end -= 1;
  return text.slice(start, end);
}

function isBlank(text: string, index: number): boolean {
  return text[index] === ' ' || text[index] === '\t';
}

/** The names of cookies that follow from that of the access cookie. */
export const derivedNames = (access: string) => ({ step: `${access}-step`, external: `${access}-external` });

/** The cookies that the settings ask for. */
export function cookieSpecs(settings: CookieSettings): CookieSpecs {
  const { names, sameSite, mode, persistent, refreshPath } = settings;
  const lax = SAME_SITE[sameSite];
  // Nothing but our own pages needs to refresh, so the refresh cookie is as strict as it can be.
  const strict = sameSite === 'none' ? lax : 'Strict';
  const at = (name: string, own: Partial<CookieSpec> = {}): CookieSpec =>
    specOf(settings, { name, sameSite: lax, ...own });
  return Object.freeze({
    mode,
    persistent,
    access: at(names.access),
    payload: at(names.payload ?? `${names.access}-payload`, { httpOnly: false }),
    signature: at(names.signature ?? `${names.access}-signature`),
    refresh: at(names.refresh, { path: refreshPath, sameSite: strict }),
    csrf: at(names.csrf),
    step: at(derivedNames(names.access).step, { sameSite: strict }),
    // The page of the provider sends the browser back, so that a strict cookie would stay behind. A sibling host must not plant one, or a
    // user could be signed in as the attacker: no domain.
    externalSignIn: specOf(
      { ...settings, domain: undefined, partitioned: false },
      { name: derivedNames(names.access).external, sameSite: 'Lax' },
    ),
  });
}

/** The names of all cookies that we may set, with prefix. */
export function ownCookieNames(specs: CookieSpecs): readonly string[] {
  const { access, payload, signature, refresh, csrf, step, externalSignIn } = specs;
  return [access, payload, signature, refresh, csrf, step, externalSignIn].map(({ name }) => name);
}

/** The strictest prefix that the attributes allow, so that no sibling host can plant the cookie (RFC 6265bis §4.1.3). */
function specOf(
  { domain, secure, partitioned }: CookieSettings,
  { name, sameSite, path = '/', httpOnly = true }: Partial<CookieSpec> & Pick<CookieSpec, 'name' | 'sameSite'>,
): CookieSpec {
  const hostOnly = path === '/' && domain === undefined;
  const prefix = secure ? (hostOnly ? '__Host-' : '__Secure-') : '';
  return Object.freeze({
    name: `${prefix}${name}`,
    path,
    domain,
    sameSite,
    secure,
    httpOnly,
    ...(partitioned === true && { partitioned }),
  });
}

/**
 * Writes a cookie. The age is in seconds; without one it ends with the browser's session.
 * @throws {TypeError} for a value that would not come back as it was
 */
export function writeCookie(spec: CookieSpec, value: string, maxAgeSeconds?: number): WrittenCookie {
  if (!/^[\w.~+/=-]*$/.test(value)) throw new TypeError(`The cookie ${spec.name} cannot hold such a value.`);
  const attributes = [
    maxAgeSeconds === undefined ? undefined : `Max-Age=${Math.max(0, Math.floor(maxAgeSeconds))}`,
    spec.domain === undefined ? undefined : `Domain=${spec.domain}`,
    `Path=${spec.path}`,
    spec.httpOnly ? 'HttpOnly' : undefined,
    spec.secure ? 'Secure' : undefined,
    `SameSite=${spec.sameSite}`,
    spec.partitioned === true ? 'Partitioned' : undefined,
  ];
  const line = [`${spec.name}=${value}`, ...attributes.filter((each) => each !== undefined)].join('; ');
  return { name: spec.name, line };
}

/** Clears a cookie, with the attributes that it was set with. */
export function clearCookie(spec: CookieSpec): WrittenCookie {
  return writeCookie(spec, '', 0);
}

/** The cookies that may hold an access token; those of the other mode too, so that a change of mode leaves none behind. */
export function accessCookieSpecs(specs: CookieSpecs): readonly CookieSpec[] {
  return [specs.access, specs.payload, specs.signature];
}

/**
 * The cookies of a sign-in, none of which outlives its token.
 * @throws {CookieTooLargeError} if a browser would drop one
 */
export function writeTokenCookies(specs: CookieSpecs, pair: TokenPair, nowSeconds: number): readonly WrittenCookie[] {
  const age = (end: Date): number | undefined => (specs.persistent ? end.getTime() / 1000 - nowSeconds : undefined);
  const access = accessParts(specs, pair.accessToken).map(([spec, value]) => ({
    token: pair.accessToken,
    cookie: writeCookie(spec, value, age(pair.accessExpiresAt)),
  }));
  const refresh = {
    token: pair.refreshToken,
    cookie: writeCookie(specs.refresh, pair.refreshToken, age(pair.refreshExpiresAt)),
  };
  return [...access, refresh].map(({ token, cookie }) => fitting(cookie, token));
}

function accessParts(specs: CookieSpecs, token: string): readonly (readonly [CookieSpec, string])[] {
  if (specs.mode === 'single') return [[specs.access, token]];
  const dot = token.lastIndexOf('.');
  return [
    [specs.payload, token.slice(0, dot)],
    [specs.signature, token.slice(dot + 1)],
  ];
}

function fitting(cookie: WrittenCookie, token: string): WrittenCookie {
  const bytes = Buffer.byteLength(cookie.line);
  if (bytes > COOKIE_BYTES) throw new CookieTooLargeError(cookie.name, bytes, claimSizes(token));
  return cookie;
}

/** How many bytes a claim takes inside a token. */
export interface ClaimSize {
  readonly claim: string;
  readonly bytes: number;
}

/**
 * A token does not fit into a cookie: its claims are too big, or cookies are the wrong place for them. A refusal like any other: 500
 * `misconfigured` to a client, while the message names the cookie, the claims and their sizes, never a value.
 */
export class CookieTooLargeError extends AuthError<'misconfigured'> {
  override readonly name = 'CookieTooLargeError';
  override readonly message: string;

  constructor(
    readonly cookie: string,
    /** With name and attributes. */
    readonly bytes: number,
    /** The biggest first. It holds names, never values. */
    readonly claims: readonly ClaimSize[],
  ) {
    const biggest = claims.slice(0, 3).map(({ claim, bytes: size }) => `${claim} (${size} bytes)`);
    const message = `The cookie ${cookie} would take ${bytes} bytes; browsers keep ${COOKIE_BYTES}. The biggest claims: ${biggest.join(', ')}.`;
    super('misconfigured', { reason: { rule: message, option: 'access.claimsFor' } });
    this.message = message;
  }
}

/** Sizes of the claims of a token that we have just signed ourselves. */
function claimSizes(token: string): readonly ClaimSize[] {
  const claims: object = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  return Object.entries(claims)
    .map(([claim, value]) => ({ claim, bytes: Buffer.byteLength(JSON.stringify(value)) }))
    .sort((one, other) => other.bytes - one.bytes);
}
