// The decorators that put policies on routes. They accumulate: class and handler, and everything on one level, must all hold.
import type { Duration } from '../../core/base/duration.js';
import { authenticatedBy, type AuthenticationRequirements } from '../../core/policies/authenticated-by.js';
import { hasAudience } from '../../core/policies/audiences.js';
import { hasFilter, type FilterExtractor, type FilterOptions } from '../../core/policies/filters.js';
import { allOf, anyOf, assertPolicies, not, type Policies, type Policy } from '../../core/policies/policies.js';
import {
  hasRoles,
  hasScopes,
  recentAuth,
  selfOrStaff,
  type SelfOrStaffOptions,
} from '../../core/policies/built-in-policies.js';
import { METADATA } from './effective-policy.js';

/** Functions that make policies are functions too, and as policies they would refuse every caller. */
const FACTORIES: ReadonlySet<unknown> = new Set([
  hasRoles,
  hasScopes,
  hasFilter,
  hasAudience,
  recentAuth,
  authenticatedBy,
  selfOrStaff,
  allOf,
  anyOf,
  not,
]);

/**
 * Adds policies of your own: functions over the verified principal.
 *
 * @example
 * ```ts
 * import { Controller, Get } from '@nestjs/common';
 * import { Authorize } from 'nestjs-latchkey';
 * import { anyOf, hasRoles, type Policy } from 'nestjs-latchkey/policies';
 *
 * const ownsTenant: Policy = ({ principal, request }) =>
 *   principal.claims['tenant'] !== undefined && principal.claims['tenant'] === request.param('tenant');
 *
 * @Controller('tenants')
 * export class TenantsController {
 *   @Authorize(anyOf(hasRoles('admin'), ownsTenant))
 *   @Get(':tenant') tenant() {
 *     return {};
 *   }
 * }
 * ```
 */
export function Authorize(...policies: Policies): MethodDecorator & ClassDecorator {
  assertPolicies('@Authorize()', policies);
  const uncalled = policies.find((policy) => FACTORIES.has(policy));
  if (uncalled !== undefined)
    throw new TypeError(
      `@Authorize() was given ${uncalled.name}, which makes policies: call it, as in ${uncalled.name}(...).`,
    );
  return (target: object, _name?: string | symbol, descriptor?: PropertyDescriptor): void => {
    const on: object = typeof descriptor?.value === 'function' ? (descriptor.value as object) : target;
    // What a base class demands is seen here too, so a subclass adds to it and cannot lose it.
    const others = (Reflect.getMetadata(METADATA.policies, on) as readonly Policy[] | undefined) ?? [];
    // Decorators run from the last to the first; policies are asked as they are read.
    Reflect.defineMetadata(METADATA.policies, [...policies, ...others], on);
  };
}

/**
 * The token must have all of these scopes: 403 `insufficient_scope` names them.
 *
 * @example
 * ```ts
 * import { Controller, Get } from '@nestjs/common';
 * import { RequireScopes } from 'nestjs-latchkey';
 *
 * @Controller('courses')
 * export class CoursesController {
 *   @RequireScopes('courses:read')
 *   @Get()
 *   list() {
 *     return ['algebra'];
 *   }
 * }
 * ```
 * @throws {TypeError} for an empty list, and for anything that is not a scope
 */
export const RequireScopes = (...scopes: readonly [string, ...string[]]): MethodDecorator & ClassDecorator =>
  Authorize(hasScopes(...scopes));

/**
 * The token must be meant for this audience, or for one of several: 401 `audience_mismatch` otherwise.
 *
 * @example
 * ```ts
 * import { Controller, Get } from '@nestjs/common';
 * import { RequireAudience } from 'nestjs-latchkey/policies';
 *
 * @RequireAudience('https://api.example.com/reports')
 * @Controller('reports')
 * export class ReportsController {
 *   @Get() list() {
 *     return [];
 *   }
 * }
 * ```
 * @throws {TypeError} for an empty list, and for anything that is not the name of an audience
 */
export const RequireAudience = (...audiences: readonly [string, ...string[]]): MethodDecorator & ClassDecorator =>
  Authorize(hasAudience(...audiences));

/**
 * The user must have one of these roles. For two at once, write it twice.
 *
 * @example
 * ```ts
 * import { Controller, Get } from '@nestjs/common';
 * import { RequireRoles } from 'nestjs-latchkey';
 *
 * @Controller('grades')
 * export class GradesController {
 *   @RequireRoles('teacher', 'admin')
 *   @Get()
 *   list() {
 *     return ['A'];
 *   }
 * }
 * ```
 * @throws {TypeError} for an empty list, and for anything that is not a name
 */
export const RequireRoles = (...roles: readonly [string, ...string[]]): MethodDecorator & ClassDecorator =>
  Authorize(hasRoles(...roles));

/**
 * Staff, or the user that a path parameter names: `@SelfOrStaff('id')` on `@Get('users/:id')`.
 *
 * @example
 * ```ts
 * import { Controller, Get } from '@nestjs/common';
 * import { SelfOrStaff } from 'nestjs-latchkey';
 *
 * @Controller('users')
 * export class UsersController {
 *   @SelfOrStaff('id')
 *   @Get(':id/grades')
 *   list() {
 *     return ['A'];
 *   }
 * }
 * ```
 * @throws {TypeError} without the name of a parameter
 */
export const SelfOrStaff = (options: string | SelfOrStaffOptions): MethodDecorator & ClassDecorator =>
  Authorize(selfOrStaff(typeof options === 'string' ? { param: options } : options));

/**
 * One of the token's filters of that kind must fit what the request asks for: 403 `filter_mismatch` otherwise.
 *
 * @example
 * ```ts
 * import { Controller, Get } from '@nestjs/common';
 * import { AllowRestrictedClients, RequireFilter, RequireScopes } from 'nestjs-latchkey';
 *
 * @Controller('orgs')
 * export class OrgsController {
 *   @AllowRestrictedClients()
 *   @RequireScopes('grades:read')
 *   @RequireFilter('content_org', ({ request }) => request.param('org'))
 *   @Get(':org/grades') grades() {
 *     return [];
 *   }
 * }
 * ```
 */
export const RequireFilter = (
  kind: string,
  extract: FilterExtractor,
  options?: FilterOptions,
): MethodDecorator & ClassDecorator => Authorize(hasFilter(kind, extract, options));

/**
 * The user must have signed in within that time: 401 with the challenge of RFC 9470 otherwise.
 *
 * @example
 * ```ts
 * import { Controller, Delete } from '@nestjs/common';
 * import { RequireRecentAuth } from 'nestjs-latchkey';
 *
 * @Controller('account')
 * export class AccountController {
 *   @RequireRecentAuth('10m')
 *   @Delete()
 *   remove() {
 *     return { removed: true };
 *   }
 * }
 * ```
 * @throws {TypeError} for anything but a duration
 */
export const RequireRecentAuth = (maxAge: Duration): MethodDecorator & ClassDecorator => Authorize(recentAuth(maxAge));

/**
 * The person must have signed in as recently and as strongly as is said: 401 with the challenge of RFC 9470 otherwise.
 *
 * @example
 * ```ts
 * import { Controller, Delete } from '@nestjs/common';
 * import { RequireAuth } from 'nestjs-latchkey';
 *
 * @Controller('account')
 * export class AccountController {
 *   @RequireAuth({ amr: 'otp', maxAge: '10m' })
 *   @Delete() remove() {}
 * }
 * ```
 * @throws {TypeError} without any demand, and for what is none
 */
export const RequireAuth = (requirements: AuthenticationRequirements): MethodDecorator & ClassDecorator =>
  Authorize(authenticatedBy(requirements));
