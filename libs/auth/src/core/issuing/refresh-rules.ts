// What a refresh returns, and the rules that need no store.
import { AuthError } from '../base/errors.js';
import type { AuthUser } from '../base/principal.js';
import type { Login } from '../stores/stores.js';
import type { RefreshGrant, TokenPair } from './token-minter.js';

/** A login that was refreshed. */
export interface RefreshedLogin {
  readonly pair: TokenPair;
  readonly user: AuthUser | undefined;
}

/** The one live refresh token of the login, to be signed again exactly as it was. */
export function asStored(next: RefreshGrant, login: Login): RefreshGrant {
  return { ...next, jti: login.currentJti, issuedAt: login.currentIssuedAt, expiresAt: login.currentExpiresAt };
}

/** @throws {AuthError} `invalid_scope` if more is asked for than was granted (RFC 6749 §6) */
export function narrowed(granted: readonly string[], requested: readonly string[] | undefined): readonly string[] {
  if (requested === undefined) return granted;
  if (!requested.every((scope) => granted.includes(scope))) throw new AuthError('invalid_scope');
  return requested;
}

/** An expired refresh token means that the sign-in has ended, which is what a client needs to know. */
export function asRefreshError(error: unknown): never {
  throw error instanceof AuthError && error.code === 'token_expired'
    ? new AuthError('refresh_expired', { cause: error })
    : error;
}
