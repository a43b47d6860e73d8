// The proof that the page which sent a request is ours. Asked only if the browser adds the credential by itself. Prevents
// forged requests of other sites (origin), and cookies planted by sibling hosts (the token is signed and bound to the sign-in).
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { AuthError } from '../base/errors.js';
import type { Subject } from '../base/principal.js';
import type { AuthRequest } from '../base/request.js';

/** What was asked for about CSRF, with defaults filled in. */
export interface CsrfSettings {
  /** The issuer's own, and those of the options. */
  readonly trustedOrigins: readonly string[];
  readonly headerName: string;
  /** With its prefix. */
  readonly cookieName: string;
  /** True for `csrf.dangerouslyDisable`. */
  readonly disabled: boolean;
}

/** The sign-in that a token is bound to. An anonymous token is only valid for signing in. */
export type CsrfHolder = { readonly subject: Subject; readonly sid?: string | undefined } | undefined;

/** A token taken apart: whom it is for, once its signature held. */
interface Opened {
  readonly binding: Buffer;
}

/** Both halves of the proof, whose signatures hold. */
interface Presented {
  readonly header: Opened;
  readonly cookies: readonly Opened[];
}

const RANDOM_BYTES = 16;
const BINDING_BYTES = 16;
const MAC_BYTES = 32;
const RAW_BYTES = RANDOM_BYTES + BINDING_BYTES + MAC_BYTES;
const MASKED_TEXT = /^[\w-]{171}$/;

/** `none` means a user-initiated navigation; any other value except `same-origin` is cross-site. */
const OWN_SITE: ReadonlySet<string> = new Set(['same-origin', 'none']);

/** What secrets are derived for; another purpose gives another secret. */
export const CSRF_PURPOSE = 'nestjs-latchkey csrf v1';

/**
 * Makes and checks CSRF tokens.
 *
 * @example
 * ```ts
 * import type { AuthRequest } from 'nestjs-latchkey';
 * import type { CsrfService } from 'nestjs-latchkey/browser';
 *
 * export const assertOwnPage = (csrf: CsrfService, request: AuthRequest) => csrf.enforceForAnyone(request);
 * ```
 */
export class CsrfService {
  /**
   * @internal The module makes it: inject it.
   * @param secrets the one to sign with, and then those that were signed with before; asked each time, because keys rotate
   * @param onRefusal told of every refusal, before it is thrown
   */
  constructor(
    private readonly settings: CsrfSettings,
    private readonly secrets: () => readonly Uint8Array[],
    private readonly onRefusal: (error: AuthError, request: AuthRequest) => void = () => {},
  ) {}

  /** A fresh token. No two are alike, so that compression of an answer says nothing about it (BREACH). */
  issue(holder: CsrfHolder): string {
    return this.seal(bindingOf(holder));
  }

  /**
   * The token for a page: bound to a sign-in that the caller shows, or else to what its CSRF cookie is bound to, so that it still
   * serves a refresh once the access cookie has gone.
   */
  renew(request: AuthRequest, holders: readonly NonNullable<CsrfHolder>[]): string {
    const [kept] = this.cookieTokens(request);
    const shown = holders.map(bindingOf);
    const isShown = kept !== undefined && shown.some((binding) => timingSafeEqual(binding, kept.binding));
    const binding = isShown ? kept.binding : (shown[0] ?? kept?.binding);
    return this.seal(binding ?? bindingOf(undefined));
  }

  /**
   * Insists that the request comes from a page of ours that knows a token of this sign-in.
   * @throws {AuthError} `csrf_origin_rejected`, `csrf_cookie_missing`, `csrf_token_missing`, `csrf_token_invalid`
   */
  enforce(request: AuthRequest, holder: CsrfHolder): void {
    this.insist(request, ({ header, cookies }) => {
      const expected = bindingOf(holder);
      const bound = [header, ...cookies].filter(({ binding }) => timingSafeEqual(binding, expected));
      return bound.includes(header) && bound.length >= 2;
    });
  }

  /**
   * Requires that the request comes from a page of ours, independent of the user: for signing in, and for signing out when there is
   * nothing left to sign out of.
   * @throws {AuthError} as {@link enforce}
   */
  enforceForAnyone(request: AuthRequest): void {
    this.insist(request, ({ header, cookies }) =>
      cookies.some(({ binding }) => timingSafeEqual(binding, header.binding)),
    );
  }

  private insist(request: AuthRequest, holds: (presented: Presented) => boolean): void {
    if (this.settings.disabled) return;
    try {
      if (!holds(this.presented(request))) throw new AuthError('csrf_token_invalid');
    } catch (error) {
      if (error instanceof AuthError) this.onRefusal(error, request);
      throw error;
    }
  }

  /** The origin first: it costs nothing and answers every other site. Then both halves, which must both be ours. */
  private presented(request: AuthRequest): Presented {
    assertOrigin(request, this.settings.trustedOrigins);
    const sent = request.cookieValues(this.settings.cookieName).filter((value) => value !== '');
    if (sent.length === 0) throw new AuthError('csrf_cookie_missing');
    const [text, ...others] = request.headerLines(this.settings.headerName);
    if (text === undefined || text === '') throw new AuthError('csrf_token_missing');
    const header = others.length === 0 ? this.open(text) : undefined;
    const cookies = this.cookieTokens(request);
    if (header === undefined || cookies.length === 0) throw new AuthError('csrf_token_invalid');
    return { header, cookies };
  }

  /** There can be several if a sibling subdomain set one too: it can neither sign one nor know the one for the header. */
  private cookieTokens(request: AuthRequest): readonly Opened[] {
    const opened = request
      .cookieValues(this.settings.cookieName)
      .slice(0, 8)
      .map((value) => this.open(value));
    return opened.filter((each) => each !== undefined);
  }

  private open(text: string): Opened | undefined {
    const raw = unmask(text);
    if (raw === undefined) return undefined;
    const signed = raw.subarray(0, RANDOM_BYTES + BINDING_BYTES);
    const mac = raw.subarray(RANDOM_BYTES + BINDING_BYTES);
    const ours = this.secrets().some((secret) => timingSafeEqual(mac, hmac(secret, signed)));
    return ours ? { binding: signed.subarray(RANDOM_BYTES) } : undefined;
  }

  private seal(binding: Buffer): string {
    const [secret] = this.secrets();
    if (secret === undefined) throw new TypeError('There is no secret to sign CSRF tokens with: set csrf.secret.');
    const signed = Buffer.concat([randomBytes(RANDOM_BYTES), binding]);
    const raw = Buffer.concat([signed, hmac(secret, signed)]);
    const mask = randomBytes(RAW_BYTES);
    return Buffer.concat([mask, xor(raw, mask)]).toString('base64url');
  }
}

/** What a token says about its holder: enough to compare, nothing to read. */
function bindingOf(holder: CsrfHolder): Buffer {
  return createHash('sha256')
    .update(JSON.stringify(nameOf(holder)))
    .digest()
    .subarray(0, BINDING_BYTES);
}

/** A credential of another issuer may belong to no sign-in; its subject is what its pages have in common then. */
function nameOf(holder: CsrfHolder): readonly string[] {
  if (holder === undefined) return ['anonymous'];
  const { subject, sid } = holder;
  return sid === undefined ? ['sub', subject.issuer, subject.id] : ['sid', subject.issuer, sid];
}

function hmac(secret: Uint8Array, bytes: Uint8Array): Buffer {
  return createHmac('sha256', secret).update(bytes).digest();
}

/** The bytes under the mask; `undefined` for anything that is not exactly as we spell it. */
function unmask(text: string): Buffer | undefined {
  if (!MASKED_TEXT.test(text)) return undefined;
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.toString('base64url') !== text) return undefined;
  return xor(bytes.subarray(RAW_BYTES), bytes.subarray(0, RAW_BYTES));
}

function xor(bytes: Buffer, mask: Buffer): Buffer {
  return Buffer.from(bytes.map((byte, index) => byte ^ (mask[index] ?? 0)));
}

/**
 * Refuses what a browser says comes from elsewhere. Origins are compared whole, and only with configured ones: never with `Host`,
 * which the sender chooses. Clients that say nothing at all are checked by the token alone.
 *
 * @throws {AuthError} `csrf_origin_rejected`
 */
export function assertOrigin(request: AuthRequest, trustedOrigins: readonly string[]): void {
  const origins = request.headerLines('origin');
  const trusted = (origin: string): boolean => trustedOrigins.includes(origin);
  if (origins.length > 0) {
    if (origins.length === 1 && origins.every(trusted)) return;
    throw new AuthError('csrf_origin_rejected');
  }
  const ownSite = request.headerLines('sec-fetch-site').every((site) => OWN_SITE.has(site));
  const ownPage = request
    .headerLines('referer')
    .every((referer) => URL.canParse(referer) && trusted(originOf(new URL(referer))));
  if (!ownSite || !ownPage) throw new AuthError('csrf_origin_rejected');
}

/** The origin as browsers send it. Node calls those of apps and extensions `null`, though their pages have one. */
export function originOf({ origin, protocol, host }: URL): string {
  return origin === 'null' && host !== '' ? `${protocol}//${host}` : origin;
}
