// From a verified credential and its account to the principal that a request carries.
import { dateOf } from '../base/clock.js';
import type { Principal, Verified } from '../base/principal.js';
import type { Account } from './users.js';

/** The principal of a verified credential and its account. */
export function principalOf(verified: Verified, account: Account, scheme: string): Principal {
  const { description } = account;
  return Object.freeze({
    kind: verified.kind,
    user: account.user,
    subject: verified.subject,
    own: verified.own,
    scheme,
    scopes: scopesOf(verified, account),
    roles: description?.roles ?? verified.roles ?? [],
    claims: verified.claims,
    jti: verified.jti,
    sid: verified.sid,
    authTime: verified.authTime === undefined ? undefined : dateOf(verified.authTime),
    expiresAt: verified.expiresAt === undefined ? undefined : dateOf(verified.expiresAt),
    restricted: verified.restricted === true,
  });
}

/** A session has the current scopes of its user; a token has the scopes that were granted to it. */
function scopesOf({ scopes }: Verified, { description }: Account): readonly string[] {
  return scopes ?? description?.scopes ?? [];
}
