// The decorators of routes and classes: marks that effective-policy.ts reads.
import { SetMetadata } from '@nestjs/common';
import { shown } from '../../core/base/shown.js';
import { METADATA } from './effective-policy.js';

/**
 * Makes a route public. Credentials are ignored, so a stale one cannot cause a 401.
 * @throws {TypeError} for an argument: there is no `@Public(false)`
 */
export const Public = (...none: readonly never[]): MethodDecorator & ClassDecorator => {
  assertNothing('@Public()', none);
  return SetMetadata(METADATA.public, true);
};

/**
 * Authenticates the caller if a valid credential is present; otherwise the caller is anonymous. With an invalid credential the caller is
 * anonymous too; two in one place are still 400, and an unavailable check is still 503.
 * @throws {TypeError} for an argument
 */
export const OptionalAuth = (...none: readonly never[]): MethodDecorator & ClassDecorator => {
  assertNothing('@OptionalAuth()', none);
  return SetMetadata(METADATA.optional, true);
};

/**
 * Why a route, or a class, says something else about authentication than the rest of the application: for the route audit, and
 * for `strictRoutes`, which insists on it. It belongs to the level that it stands on.
 * @throws {TypeError} for an empty text
 */
export const AuthReason = (reason: string): MethodDecorator & ClassDecorator => {
  if (!isText(reason)) throw new TypeError(`@AuthReason() takes a sentence; given was ${shown([reason])}.`);
  return SetMetadata(METADATA.reason, reason);
};

/** Lets inactive users in. The nearest statement wins: `@AllowInactive(false)` on a handler takes it back. */
export const AllowInactive = (allow = true): MethodDecorator & ClassDecorator =>
  permission('@AllowInactive()', METADATA.inactive, allow);

/** Accepts client principals: service accounts, which have no user. The nearest statement wins. */
export const AllowClients = (allow = true): MethodDecorator & ClassDecorator =>
  permission('@AllowClients()', METADATA.clients, allow);

/** Lets restricted clients in, within their scopes. The nearest statement wins. */
export const AllowRestrictedClients = (allow = true): MethodDecorator & ClassDecorator =>
  permission('@AllowRestrictedClients()', METADATA.restrictedClients, allow);

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
