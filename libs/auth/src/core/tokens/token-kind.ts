// What a token says about its own kind, and against being a plain bearer token: its `typ`, the marks of an ID token, claims that name
// another kind, and the key that it is bound to.
import { AuthError } from '../errors.js';
import type { Claims } from '../principal.js';
import type { TokenProfile } from './claims.js';

/** Claims that only an ID token has (OpenID Connect Core §3.1.3.6, §3.3.2.11); `nonce` stands in access tokens of some providers too. */
const ID_TOKEN_HASHES = ['at_hash', 'c_hash', 's_hash'] as const;

/** Claims that providers name the kind of a token with: Keycloak and Hydra, Cognito, simplejwt, Flask. */
export const KIND_CLAIMS = ['typ', 'token_use', 'token_type', 'type', 'use'] as const;

/** What they say of tokens that are not for an API. */
const ID_TOKEN = /^id([_ -]?token)?$/i;
const OTHER_KIND = /^(refresh|offline|logout|authorization[_ -]?code|code)([_ -]?token)?$/i;

type Profile = Pick<TokenProfile, 'own' | 'types' | 'idTokens' | 'kindClaims' | 'provesKind' | 'boundTokens'>;

/**
 * @param typ the `typ` of the header
 * @throws AuthError `wrong_token_type`, `invalid_claims` for a token that is bound to a key
 */
export function assertKind(typ: string | undefined, claims: Claims, profile: Profile): void {
  if (!profile.types.includes(mediaType(typ ?? ''))) throw new AuthError('wrong_token_type');
  if (profile.idTokens === 'refuse' && hasIdTokenMark(claims, profile)) throw new AuthError('wrong_token_type');
  // Our own say it in the header alone; no claim of an application counts.
  if (!profile.own && namesOtherKind(claims, profile)) throw new AuthError('wrong_token_type');
  assertUnbound(claims, profile);
}

/** Media types compare without case, and `application/` may be left out (RFC 7515 §4.1.9). */
function mediaType(typ: string): string {
  return typ.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase()).replace(/^application\//, '');
}

function hasIdTokenMark(claims: Claims, { provesKind }: Profile): boolean {
  if (ID_TOKEN_HASHES.some((mark) => mark in claims)) return true;
  return 'nonce' in claims && provesKind?.(claims) !== true;
}

function namesOtherKind(claims: Claims, { idTokens, kindClaims = [], provesKind }: Profile): boolean {
  const isOther = (said: unknown): boolean =>
    typeof said === 'string' && (OTHER_KIND.test(said) || (idTokens === 'refuse' && ID_TOKEN.test(said)));
  if (KIND_CLAIMS.some((name) => !kindClaims.includes(name) && isOther(claims[name]))) return true;
  // A security event: a log-out, a change of risk (RFC 8417 §2.2). It grants nothing.
  return typeof claims['events'] === 'object' && provesKind?.(claims) !== true;
}

/**
 * A token that is bound to a key is worth nothing without the proof that its sender holds it (RFC 7800 §3.1, RFC 8705 §3, RFC 9449
 * §7.2), and nothing here asks for one.
 */
function assertUnbound(claims: Claims, { boundTokens = 'refuse' }: Profile): void {
  if (boundTokens === 'refuse' && 'cnf' in claims) throw new AuthError('invalid_claims');
}
