import { describe, expect, it } from '@jest/globals';
import {
  AllowClients,
  AllowInactive,
  AllowRestrictedClients,
  AuthGuardFor,
  Authorize,
  AuthReason,
  CurrentUser,
  OptionalAuth,
  Public,
  RequireFilter,
  RequireRecentAuth,
  RequireRoles,
  RequireScopes,
  Scoped,
  SelfOrStaff,
  TokenClaims,
} from 'nestjs-latchkey';
import {
  allOf,
  anyOf,
  hasAudience,
  hasFilter,
  hasRoles,
  hasScopes,
  not,
  recentAuth,
  RequireAudience,
  selfOrStaff,
  type PolicyContext,
} from 'nestjs-latchkey/policies';
import { RedirectToLogin } from 'nestjs-latchkey/browser';

/** As JavaScript calls it. */
type Loose = (...given: readonly unknown[]) => unknown;

class OwnerPolicy {}

const good = hasRoles('staff');

const MISTAKES: readonly (readonly [name: string, call: Loose, given: readonly unknown[], shown: string])[] = [
  ['@RequireRoles()', RequireRoles as Loose, [], 'nothing'],
  ['@RequireRoles()', RequireRoles as Loose, [undefined], 'undefined'],
  ['@RequireRoles()', RequireRoles as Loose, [null], 'null'],
  ['@RequireRoles()', RequireRoles as Loose, [1], '1'],
  ['@RequireRoles()', RequireRoles as Loose, ['staff', undefined], '"staff", undefined'],
  ['@RequireRoles()', RequireRoles as Loose, ['staff', ''], '"staff", ""'],
  ['@RequireRoles()', RequireRoles as Loose, [['staff', 'admin']], 'a list ("staff", "admin")'],
  ['@RequireScopes()', RequireScopes as Loose, [], 'nothing'],
  ['@RequireScopes()', RequireScopes as Loose, [undefined], 'undefined'],
  ['@RequireScopes()', RequireScopes as Loose, ['a', undefined], '"a", undefined'],
  ['@RequireScopes()', RequireScopes as Loose, [['a', 'b']], 'a list ("a", "b")'],
  ['@RequireScopes()', RequireScopes as Loose, ['a b'], '"a b"'],
  ['@RequireAudience()', RequireAudience as Loose, [], 'nothing'],
  ['@RequireAudience()', RequireAudience as Loose, ['a', ' '], '"a", " "'],
  ['hasAudience()', hasAudience as Loose, [['a', 'b']], 'a list ("a", "b")'],
  ['@Authorize()', Authorize as Loose, [hasAudience], 'hasAudience'],
  ['hasRoles()', hasRoles as Loose, [undefined], 'undefined'],
  ['hasScopes()', hasScopes as Loose, [null], 'null'],
  ['@Authorize()', Authorize as Loose, [], 'nothing'],
  ['@Authorize()', Authorize as Loose, [good, undefined], 'roles(staff), undefined'],
  ['@Authorize()', Authorize as Loose, [OwnerPolicy], 'OwnerPolicy'],
  ['@Authorize()', Authorize as Loose, [hasRoles], 'hasRoles'],
  ['allOf()', allOf as Loose, [undefined], 'undefined'],
  ['anyOf()', anyOf as Loose, [good, 'staff'], 'roles(staff), "staff"'],
  ['not()', not as Loose, [undefined], 'undefined'],
  ['@SelfOrStaff()', SelfOrStaff as Loose, [], 'nothing'],
  ['@SelfOrStaff()', SelfOrStaff as Loose, [{ param: 'id', staff: 'staff' }], 'an object'],
  ['selfOrStaff()', selfOrStaff as Loose, [undefined], 'nothing'],
  ['@RequireRecentAuth()', RequireRecentAuth as Loose, [], 'nothing'],
  ['recentAuth()', recentAuth as Loose, ['soon'], '"soon"'],
  ['@RequireFilter()', RequireFilter as Loose, [], 'undefined, undefined'],
  ['@RequireFilter()', RequireFilter as Loose, ['org'], '"org", undefined'],
  ['hasFilter()', hasFilter as Loose, ['org', () => 'acme', null], '"org", a function, null'],
  ['hasFilter()', hasFilter as Loose, ['org', () => 'acme', { optional: 'no' }], 'an object'],
  ['@Public()', Public as Loose, [false], 'false'],
  ['@OptionalAuth()', OptionalAuth as Loose, [false], 'false'],
  ['@AllowInactive()', AllowInactive as Loose, ['no'], '"no"'],
  ['@AllowClients()', AllowClients as Loose, [0], '0'],
  ['@AllowRestrictedClients()', AllowRestrictedClients as Loose, [null], 'null'],
  ['@AuthReason()', AuthReason as Loose, [undefined], 'undefined'],
  ['@CurrentUser()', CurrentUser as Loose, [42], '42'],
  ['@TokenClaims()', TokenClaims as Loose, [''], '""'],
  ['@RedirectToLogin()', RedirectToLogin as Loose, [7], '7'],
  ['AuthGuardFor()', AuthGuardFor as Loose, [], 'nothing'],
  ['AuthGuardFor()', AuthGuardFor as Loose, [undefined], 'undefined'],
  ['AuthGuardFor()', AuthGuardFor as Loose, ['bearer', OwnerPolicy], '"bearer", OwnerPolicy'],
];

describe('a decorator or policy with missing or invalid arguments', () => {
  it.each(MISTAKES)('%s names itself and the argument', (name, call, given, shown) => {
    expect(() => call(...given)).toThrow(TypeError);
    expect(() => call(...given)).toThrow(name);
    expect(() => call(...given)).toThrow(shown);
  });

  it('@Scoped() too', () => {
    expect(() => (Scoped as Loose)(undefined)).toThrow('@Scoped(undefined) needs a class that extends ScopePolicy');
  });

  it('finds no role and no scope in a string, so that no part of it is one', () => {
    const principal = { roles: 'nonstaff', scopes: 'reader' } as unknown as PolicyContext['principal'];
    const context = { principal } as PolicyContext;
    expect(hasRoles('staff')(context)).toBe(false);
    expect(() => hasScopes('read')(context)).toThrow('The token lacks a scope');
  });
});
