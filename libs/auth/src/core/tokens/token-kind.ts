// What a token states about its kind, and what rules out a plain bearer token: its `typ`, the marks of an ID token, claims that name
// another kind, and the key that it is bound to.
import type { AuthError } from '../base/errors.js';
import type { Claims } from '../base/principal.js';
import type { TokenProfile } from './token-profile.js';
import { refused, unacceptable } from './refusals.js';

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
  if (!profile.types.includes(mediaType(typ ?? '')))
    throw otherKind('typ header', `must be ${profile.types.map((type) => type || 'absent').join(' or ')}`, 'types');
  const mark = profile.idTokens === 'refuse' ? idTokenMark(claims, profile) : undefined;
  if (mark !== undefined)
    throw otherKind(mark, 'marks an ID token', mark === 'nonce' ? 'accessTokenClaims' : 'idTokens');
  // Our own say it in the header alone; no claim of an application counts.
  const marker = profile.own ? undefined : claimOfOtherKind(claims, profile);
  if (marker !== undefined) throw otherKind(marker, 'names a token of another kind', 'exactClaims');
  assertUnbound(claims, profile);
}

function otherKind(claim: string, rule: string, option: string): AuthError {
  return refused('wrong_token_type', { claim, rule, option });
}

/** Media types compare without case, and `application/` may be left out (RFC 7515 §4.1.9). */
function mediaType(typ: string): string {
  return typ.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase()).replace(/^application\//, '');
}

function idTokenMark(claims: Claims, { provesKind }: Profile): string | undefined {
  if ('nonce' in claims && provesKind?.(claims) !== true) return 'nonce';
  return ID_TOKEN_HASHES.find((mark) => mark in claims);
}

function claimOfOtherKind(claims: Claims, { idTokens, kindClaims = [], provesKind }: Profile): string | undefined {
  const isOther = (said: unknown): boolean =>
    typeof said === 'string' && (OTHER_KIND.test(said) || (idTokens === 'refuse' && ID_TOKEN.test(said)));
  // A security event: a log-out, a change of risk (RFC 8417 §2.2). It grants nothing.
  if (typeof claims['events'] === 'object' && provesKind?.(claims) !== true) return 'events';
  return KIND_CLAIMS.find((name) => !kindClaims.includes(name) && isOther(claims[name]));
}

/**
 * A token that is bound to a key must not be accepted without proof that its sender holds the key (RFC 7800 §3.1, RFC 8705 §3, RFC 9449
 * §7.2), which is not checked here.
 */
function assertUnbound(claims: Claims, { boundTokens = 'refuse', own }: Profile): void {
  if (boundTokens !== 'refuse' || !('cnf' in claims)) return;
  throw unacceptable(
    'cnf',
    'binds the token to a key, whose proof is not checked here',
    own ? undefined : 'boundTokens',
  );
}
