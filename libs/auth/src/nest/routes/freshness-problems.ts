// What a route may not ask for if its user is what the token says: nothing that only the user source knows.
import { nameOfPolicy } from '../../core/policies/policies.js';
import type { UserFreshness } from '../../core/users/accounts.js';
import type { AuthModuleStructure } from '../options/auth.options.js';
import type { AuthSettings } from '../options/settings.js';
import type { EffectivePolicy } from './effective-policy.js';

/** How a configuration finds the users of requests. */
export interface UserLoading {
  readonly freshness: UserFreshness;
  /** True if there is a source of its own users. */
  readonly hasUsers: boolean;
  /** True if something makes the user of a token. */
  readonly hasTokenUser: boolean;
}

/** As the options say. */
export function loadingOf(
  { userFreshness = 'every-request', tokenUser }: Pick<AuthSettings, 'userFreshness' | 'tokenUser'>,
  { users }: Pick<AuthModuleStructure, 'users'>,
): UserLoading {
  return { freshness: userFreshness, hasUsers: users !== undefined, hasTokenUser: tokenUser !== undefined };
}

/** A sentence for each contradiction between a route and how its users are found. */
export function freshnessProblems(
  policy: EffectivePolicy,
  { freshness, hasUsers, hasTokenUser }: UserLoading,
): readonly string[] {
  const { userFreshness, policies, permissions } = policy;
  if (!hasUsers || (userFreshness ?? freshness) !== 'token') return [];
  const isStated = userFreshness === 'token';
  const needing = policies.filter(({ requires }) => requires?.currentUser === true).map(nameOfPolicy);
  const rules: readonly (readonly [boolean, string])[] = [
    [
      isStated && !hasTokenUser,
      "it says @UserFreshness('token'), and nothing makes the user of a token: give AuthModule `tokenUser`",
    ],
    [
      isStated && permissions.inactive,
      "it says @UserFreshness('token') and @AllowInactive(), but whether a user is active is not looked at then: remove one of the two",
    ],
    [
      needing.length > 0,
      `its policy ${needing.join(', ')} needs the user as the user source knows them now, which userFreshness 'token' does not ask: ` +
        "add @UserFreshness('every-request')",
    ],
  ];
  return rules.filter(([broken]) => broken).map(([, problem]) => problem);
}

/** What is wrong with the option itself. */
export function moduleFreshnessProblems(loading: UserLoading, hasExternalUsers: boolean): readonly string[] {
  const { freshness, hasUsers, hasTokenUser } = loading;
  if (freshness === 'every-request') return [];
  if (freshness !== 'token')
    return hasUsers || hasExternalUsers
      ? []
      : ['userFreshness needs `users` or `externalUsers`: without a source there is no user to remember'];
  if (!hasUsers)
    return ["userFreshness 'token' needs `users`: without a source the user is what the token says in any case"];
  return hasTokenUser ? [] : ["userFreshness 'token' needs `tokenUser`, which makes the user of a token"];
}
