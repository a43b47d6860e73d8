// Account checks, run after authentication (stage 7 in docs/architecture.md). One list of checks for
// every path: request, refresh and verify.
import { AuthError } from '../base/errors.js';
import type { Verified } from '../base/principal.js';
import { stampDigest, type Account } from './users.js';

/** What a route permits beyond an active person. Every permission is off unless the route says it by name. */
export interface Permissions {
  /** `@AllowInactive()` */
  readonly inactive: boolean;
  /** `@AllowClients()` */
  readonly clients: boolean;
  /** `@AllowRestrictedClients()` */
  readonly restrictedClients: boolean;
}

/** Nothing beyond an active person. */
export const NO_PERMISSIONS: Permissions = Object.freeze({ inactive: false, clients: false, restrictedClients: false });

/** Everything a check may look at. */
export interface Facts {
  readonly verified: Verified;
  readonly account: Account;
  readonly permissions: Permissions;
}

/** Stays silent, or throws an `AuthError`. */
export type Check = (facts: Facts) => void;

const active: Check = ({ account, permissions }) => {
  const isActive = account.description === undefined || account.description.active === true;
  if (!isActive && !permissions.inactive) throw new AuthError('user_disabled');
};

/** A user with a stamp was changed since the credential was issued, or the credential never carried one. */
const current: Check = ({ verified, account }) => {
  const stamp = account.description?.stamp;
  if (stamp === undefined || !verified.own) return;
  if (verified.stamp !== stampDigest(verified.subject, stamp)) throw new AuthError('token_superseded');
};

const person: Check = ({ verified, permissions }) => {
  if (verified.kind === 'client' && !permissions.clients) throw new AuthError('client_not_allowed');
};

const unrestricted: Check = ({ verified, permissions }) => {
  if (verified.restricted === true && !permissions.restrictedClients) throw new AuthError('restricted_client');
};

/** In the order of what a client should hear first: a dead credential (401) before a lack of permission (403). */
const CHECKS: readonly Check[] = [active, current, person, unrestricted];

/**
 * Judges a verified credential and its account.
 * @throws {AuthError} `user_disabled`, `token_superseded`, `client_not_allowed`, `restricted_client`
 */
export function check(facts: Facts): void {
  for (const each of CHECKS) each(facts);
}
