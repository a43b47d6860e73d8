// Whom tokens are issued to: a user of the application, or the user with an id.
import { AuthError } from '../base/errors.js';
import type { AuthUser, Subject } from '../base/principal.js';
import type { AccountResolver } from '../users/accounts.js';
import type { UserDescription } from '../users/users.js';
import { assertSubject } from './issue-input.js';
import type { AccessGrant } from './token-minter.js';
import type { TokenSettings } from './token-settings.js';

/** A user, as far as there is one, and what is known of them. */
export interface Described {
  readonly user: AuthUser | undefined;
  readonly description: UserDescription;
}

/** Where users come from, and whose subjects they are. */
interface Source {
  readonly users: AccountResolver;
  readonly settings: Pick<TokenSettings, 'issuer'>;
}

/**
 * Whom to issue to. An id is looked up if there is somewhere to look: who is inactive there gets nothing.
 *
 * @throws {AuthError} `user_disabled`, `user_not_found`, `users_unavailable`
 * @throws {TypeError} for a subject that is not acceptable, and for a user without a user source
 */
export async function activeAccountOf(who: AuthUser | string, source: Source): Promise<Described> {
  const account = await accountOf(who, source);
  if (!account.description.active) throw new AuthError('user_disabled');
  return account;
}

async function accountOf(who: AuthUser | string, { users, settings }: Source): Promise<Described> {
  if (typeof who !== 'string') return { user: who, description: users.describe(sourceOf(users), who) };
  assertSubject(who, 'The subject given to TokenService.issue');
  const subject: Subject = { issuer: settings.issuer, id: who };
  const { user, description } = await users.lookUp(subject);
  return description === undefined
    ? { user: undefined, description: { id: who, active: true } }
    : { user, description };
}

/** @throws {TypeError} without a user source, which alone can say who a user is */
export function sourceOf({ source }: AccountResolver): NonNullable<AccountResolver['source']> {
  if (source !== undefined) return source;
  throw new TypeError(
    'TokenService was given a user, but AuthModule has no user source: set `users`, or pass the subject id.',
  );
}

/** What is true of the user now. */
export function currentFacts(description: UserDescription | undefined): Pick<AccessGrant, 'roles' | 'match'> {
  return { roles: description?.roles ?? [], match: description?.match };
}
