// Sign-ins at an identity provider, between their begin and their callback. What belongs together is kept sealed in a cookie of the browser
// that began: a callback that another browser began, that was used before, or that comes too late is refused. The cookie keeps the last three,
// for the tabs of one browser.
import { createHash, randomBytes } from 'node:crypto';
import { orUnavailable } from '../base/at-once.js';
import type { Clock } from '../base/clock.js';
import { AuthConfigurationError, AuthError } from '../base/errors.js';
import { isRecord } from '../base/members.js';
import { openSealedText, sealText } from '../keys/sealed-text.js';
import type { OneTimeStore } from '../stores/stores.js';
import { returnAddress } from './return-address.js';

/** What the keys of the cookie are derived for. */
export const EXTERNAL_SIGN_IN_PURPOSE = 'nestjs-latchkey external sign-in v1';

/** How long a user may take at the provider. */
export const EXTERNAL_SIGN_IN_SECONDS = 15 * 60;

/** How many sign-ins of one browser can be under way: each tab that a user comes back to may begin one. */
const MOST_AT_ONCE = 3;

/** Browsers keep no cookie of more than 4,096 bytes, with its name and attributes. */
const MOST_CHARACTERS = 3_500;

/** Between sealed texts, in whose alphabet (base64url) it is not. */
const SEPARATOR = '.';

/** What begins. */
export interface ExternalSignInStart {
  /** The provider, by a name of the application: 1 to 64 letters, digits, `.`, `_` and `-`. A callback is good for one provider alone. */
  readonly provider: string;
  /**
   * Where the browser goes afterwards, as it came from the client: a path of this application, or an address on the origin of `issuer` or on
   * one of `csrf.trustedOrigins`. @defaultValue '/'
   */
  readonly returnTo?: string | undefined;
  /** The PKCE verifier of a library that makes its own: 43 to 128 characters (RFC 7636 §4.1). @defaultValue a random one */
  readonly codeVerifier?: string | undefined;
}

/** What the request to the provider needs. Each value is random, and used once. */
export interface ExternalSignInRequest {
  /** `state` (RFC 6749 §4.1.1). */
  readonly state: string;
  /** `nonce` (OpenID Connect Core §3.1.2.1). */
  readonly nonce: string;
  /** The PKCE verifier (RFC 7636 §4.1), for libraries that make the challenge of it. The provider gets it with the code, and not before. */
  readonly codeVerifier: string;
  /** `code_challenge`, by the method `S256` (RFC 7636 §4.2). */
  readonly codeChallenge: string;
}

/** A callback that belongs to a sign-in which this browser began. Nothing is known of the user yet. */
export interface ExternalCallback extends Omit<ExternalSignInRequest, 'codeChallenge'> {
  /** Where the browser goes afterwards: checked, and good for a redirect. */
  readonly returnTo: string;
  /** The parameters that the provider added, with the question mark: `?code=...&state=...`. */
  readonly search: string;
}

/** What is in the cookie. */
interface Kept extends Omit<ExternalSignInRequest, 'codeChallenge'> {
  readonly issuer: string;
  readonly provider: string;
  readonly returnTo: string;
  readonly expiresAt: number;
}

const PROVIDER = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const VERIFIER = /^[\w.~-]{43,128}$/;
const RANDOM_BYTES = 32;
/** What a provider may call its refusal (RFC 6749 §4.1.2.1). */
const ERROR_CODE = /^\w{1,60}$/;

/** Begins sign-ins at providers, and takes their callbacks. */
export class ExternalSignIns {
  constructor(
    private readonly parts: {
      readonly issuer: string;
      /** Where browsers may be sent to: the issuer's own origin, and those of the options. */
      readonly origins: readonly string[];
      readonly toleranceSeconds: number;
      readonly clock: Clock;
      /** The one to seal with first, and then those that were sealed with before. */
      readonly secrets: () => readonly Uint8Array[];
      readonly store: OneTimeStore | undefined;
    },
  ) {}

  /**
   * What the request to the provider needs, and what the browser keeps.
   * @param before what the browser kept until now: sign-ins of other tabs stay beside the new one, the last two of them
   * @throws {AuthError} `invalid_request` for an address that is not ours
   * @throws {TypeError} for a provider or verifier that cannot be used
   * @throws {AuthConfigurationError} without a secret, or a store for what is used once
   */
  begin(
    { provider, returnTo = '/', codeVerifier = random() }: ExternalSignInStart,
    before?: string,
  ): { readonly request: ExternalSignInRequest; readonly sealed: string } {
    const { issuer, clock, origins } = this.parts;
    this.storeInUse();
    assertProvider(provider);
    if (!VERIFIER.test(codeVerifier)) throw new TypeError('A PKCE verifier is 43 to 128 letters, digits, `-._~`.');
    const address = returnAddress(returnTo, origins);
    if (address === undefined) throw new AuthError('invalid_request', { problems: [NOT_OURS] });
    const [state, nonce] = [random(), random()];
    const expiresAt = clock.nowSeconds() + EXTERNAL_SIGN_IN_SECONDS;
    const kept: Kept = { issuer, provider, state, nonce, codeVerifier, returnTo: address, expiresAt };
    const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url');
    return { request: { state, nonce, codeVerifier, codeChallenge }, sealed: this.beside(this.seal(kept), before) };
  }

  /** Whether the browser keeps no sign-in beside the one that was resumed or refused. */
  isAlone(sealed: string | undefined): boolean {
    return this.keptIn(sealed).length <= 1;
  }

  /**
   * The sign-in that a callback belongs to. Of many calls, on all processes, exactly one resolves.
   * @param sealed what the browser kept
   * @param params what the provider added to the address
   * @throws {AuthError} `external_state_invalid`, the same for every reason; `external_sign_in_refused` for an error of the provider;
   * `store_unavailable`: nothing was used then
   */
  async resume(
    sealed: string | undefined,
    { provider, params }: { readonly provider: string; readonly params: URLSearchParams },
  ): Promise<ExternalCallback> {
    const store = this.storeInUse();
    assertProvider(provider);
    const [state, ...others] = params.getAll('state');
    const kept = this.keptIn(sealed).find((one) => one.state === state);
    if (kept === undefined || kept.provider !== provider || others.length > 0)
      throw new AuthError('external_state_invalid');
    const error = params.get('error');
    // Nothing is used by it: an anonymous client could write a row with each request.
    if (error !== null) throw refusedBy(error);
    await this.use(store, kept);
    const { nonce, codeVerifier, returnTo } = kept;
    return { state: kept.state, nonce, codeVerifier, returnTo, search: `?${params.toString()}` };
  }

  /** A second use would let a copied cookie and callback sign in another browser. */
  private async use(store: OneTimeStore, { state, expiresAt }: Kept): Promise<void> {
    const { issuer, toleranceSeconds } = this.parts;
    const id = JSON.stringify(['external-sign-in', issuer, state]);
    // Clocks of several processes differ by no more than the tolerance.
    const forgottenAt = expiresAt + toleranceSeconds + 1;
    const isFirst = await orUnavailable('store_unavailable', () => store.consume(id, forgottenAt));
    if (isFirst !== true) throw new AuthError('external_state_invalid');
  }

  private seal(kept: Kept): string {
    const [secret] = this.parts.secrets();
    if (secret === undefined)
      throw new AuthConfigurationError([
        'csrf.secret is required: external sign-ins are sealed, and no private key is in this process that a secret could be derived from',
      ]);
    return sealText(secret, JSON.stringify(kept));
  }

  /** The new one first, and as many of those before it as a cookie has room for. */
  private beside(sealed: string, before: string | undefined): string {
    const parts = [sealed];
    for (const part of partsOf(before).filter((text) => this.open(text) !== undefined)) {
      const length = [...parts, part].join(SEPARATOR).length;
      if (parts.length < MOST_AT_ONCE && length <= MOST_CHARACTERS) parts.push(part);
    }
    return parts.join(SEPARATOR);
  }

  private keptIn(sealed: string | undefined): readonly Kept[] {
    return partsOf(sealed)
      .map((part) => this.open(part))
      .filter((kept) => kept !== undefined);
  }

  /** What is still good of one sealed text. Another configuration of this application may have the same keys. */
  private open(sealed: string): Kept | undefined {
    const { secrets, issuer, clock } = this.parts;
    const text = openSealedText(secrets(), sealed);
    const kept: unknown = text === undefined ? undefined : JSON.parse(text);
    return isKept(kept) && kept.issuer === issuer && kept.expiresAt > clock.nowSeconds() ? kept : undefined;
  }

  private storeInUse(): OneTimeStore {
    if (this.parts.store !== undefined) return this.parts.store;
    throw new AuthConfigurationError([
      'the stores have no `oneTime`, which external sign-ins need; those of nestjs-latchkey have one',
    ]);
  }
}

const NOT_OURS =
  'the address to return to must be a path of this application, or on the origin of `issuer` or one of `csrf.trustedOrigins`';

const TEXTS = ['issuer', 'provider', 'state', 'nonce', 'codeVerifier', 'returnTo'] as const;

/** The sealed texts of a cookie. Anyone can send one: no more are opened than were written, and none that is longer. */
function partsOf(sealed: string | undefined): readonly string[] {
  if (sealed === undefined || sealed.length > MOST_CHARACTERS) return [];
  return sealed.split(SEPARATOR, MOST_AT_ONCE);
}

/** Our own key sealed it; the shape is looked at because another version of the library may have. */
function isKept(value: unknown): value is Kept {
  return (
    isRecord(value) && TEXTS.every((name) => typeof value[name] === 'string') && Number.isInteger(value['expiresAt'])
  );
}

/** @throws {TypeError} */
function assertProvider(provider: unknown): void {
  if (typeof provider !== 'string' || !PROVIDER.test(provider))
    throw new TypeError('The provider of an external sign-in is 1 to 64 letters, digits, `.`, `_` and `-`.');
}

/** The name alone: the description is a text that anyone may have written. */
function refusedBy(error: string): AuthError {
  const name = ERROR_CODE.test(error) ? error : 'an error without a name';
  return new AuthError('external_sign_in_refused', { reason: { rule: `the provider answered ${name}` } });
}

function random(): string {
  return randomBytes(RANDOM_BYTES).toString('base64url');
}
