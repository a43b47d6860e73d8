// The decorators of routes and classes: marks that effective-policy.ts reads.
import { SetMetadata } from '@nestjs/common';
import { shown } from '../../core/base/shown.js';
import { METADATA } from './effective-policy.js';

/**
 * Makes a route public. Credentials are ignored, so a stale one cannot cause a 401.
 *
 * @example
 * ```ts
 * import { Controller, Get } from '@nestjs/common';
 * import { Public } from 'nestjs-latchkey';
 *
 * @Controller('health')
 * export class HealthController {
 *   @Public()
 *   @Get()
 *   check() {
 *     return { status: 'up' };
 *   }
 * }
 * ```
 * @throws {TypeError} for an argument: there is no `@Public(false)`
 */
export const Public = (...none: readonly never[]): MethodDecorator & ClassDecorator => {
  assertNothing('@Public()', none);
  return SetMetadata(METADATA.public, true);
};

/**
 * Authenticates the caller if a valid credential is present; otherwise the caller is anonymous. With an invalid credential the caller is
 * anonymous too; two in one place are still 400, and an unavailable check is still 503.
 *
 * @example
 * ```ts
 * import { Controller, Get } from '@nestjs/common';
 * import { CurrentPrincipal, OptionalAuth, type Principal } from 'nestjs-latchkey';
 *
 * @Controller('courses')
 * export class CoursesController {
 *   @OptionalAuth()
 *   @Get()
 *   list(@CurrentPrincipal() principal?: Principal) {
 *     return principal === undefined ? ['algebra'] : ['algebra', 'drafts'];
 *   }
 * }
 * ```
 * @throws {TypeError} for an argument
 */
export const OptionalAuth = (...none: readonly never[]): MethodDecorator & ClassDecorator => {
  assertNothing('@OptionalAuth()', none);
  return SetMetadata(METADATA.optional, true);
};

/**
 * Why a route, or a class, says something else about authentication than the rest of the application: for the route audit, and
 * for `strictRoutes`, which insists on it. It belongs to the level that it stands on.
 *
 * @example
 * ```ts
 * import { Controller, Get } from '@nestjs/common';
 * import { AuthReason, Public } from 'nestjs-latchkey';
 *
 * @AuthReason('The load balancer asks, and has no token.')
 * @Public()
 * @Controller('health')
 * export class HealthController {
 *   @Get()
 *   check() {
 *     return { status: 'up' };
 *   }
 * }
 * ```
 * @throws {TypeError} for an empty text
 */
export const AuthReason = (reason: string): MethodDecorator & ClassDecorator => {
  if (!isText(reason)) throw new TypeError(`@AuthReason() takes a sentence; given was ${shown([reason])}.`);
  return SetMetadata(METADATA.reason, reason);
};

/**
 * Lets inactive users in. The nearest statement wins: `@AllowInactive(false)` on a handler takes it back.
 *
 * @example
 * ```ts
 * import { Controller, Get } from '@nestjs/common';
 * import { AllowInactive } from 'nestjs-latchkey';
 *
 * @Controller('invoices')
 * export class InvoicesController {
 *   @AllowInactive()
 *   @Get()
 *   list() {
 *     return ['2026-01'];
 *   }
 * }
 * ```
 */
export const AllowInactive = (allow = true): MethodDecorator & ClassDecorator =>
  permission('@AllowInactive()', METADATA.inactive, allow);

/**
 * Accepts client principals: service accounts, which have no user. The nearest statement wins.
 *
 * @example
 * ```ts
 * import { Controller, Get } from '@nestjs/common';
 * import { AllowClients } from 'nestjs-latchkey';
 *
 * @Controller('courses')
 * export class CoursesController {
 *   @AllowClients()
 *   @Get()
 *   list() {
 *     return ['algebra'];
 *   }
 * }
 * ```
 */
export const AllowClients = (allow = true): MethodDecorator & ClassDecorator =>
  permission('@AllowClients()', METADATA.clients, allow);

/**
 * Lets restricted clients in, within their scopes. The nearest statement wins.
 *
 * @example
 * ```ts
 * import { Controller, Get } from '@nestjs/common';
 * import { AllowRestrictedClients, RequireScopes } from 'nestjs-latchkey';
 *
 * @Controller('courses')
 * export class CoursesController {
 *   @AllowRestrictedClients()
 *   @RequireScopes('courses:read')
 *   @Get()
 *   list() {
 *     return ['algebra'];
 *   }
 * }
 * ```
 */
export const AllowRestrictedClients = (allow = true): MethodDecorator & ClassDecorator =>
  permission('@AllowRestrictedClients()', METADATA.restrictedClients, allow);

/**
 * How fresh the user of a request must be on this route, or on the routes of this class, whatever the option `userFreshness` says. The nearest
 * statement wins.
 *
 * @param freshness `every-request` asks the user source. `token` does not, for own access tokens: `tokenUser` makes the user, and that they
 * were deactivated is seen only when the token expires or is revoked. A host session is looked up in any case
 * @throws {TypeError} for anything else
 * @example
 * ```ts
 * import { Controller, Get } from '@nestjs/common';
 * import { UserFreshness } from 'nestjs-latchkey';
 *
 * @Controller('courses')
 * export class CoursesController {
 *   @UserFreshness('token')
 *   @Get() list() {
 *     return [];
 *   }
 * }
 * ```
 */
export const UserFreshness = (freshness: 'every-request' | 'token'): MethodDecorator & ClassDecorator => {
  if (freshness !== 'every-request' && freshness !== 'token')
    throw new TypeError(`@UserFreshness() takes 'every-request' or 'token'; given was ${shown([freshness])}.`);
  return SetMetadata(METADATA.userFreshness, freshness);
};

function permission(name: string, key: string, allow: unknown): MethodDecorator & ClassDecorator {
  if (typeof allow !== 'boolean') throw new TypeError(`${name} takes true or false; given was ${shown([allow])}.`);
  return SetMetadata(key, allow);
}

function assertNothing(name: string, given: readonly unknown[]): void {
  if (given.length > 0) throw new TypeError(`${name} takes no argument; given was ${shown(given)}.`);
}

function isText(text: unknown): text is string {
  return typeof text === 'string' && text.trim() !== '';
}
