// The decorators: marks that effective-policy.ts reads, and parameters that read what a guard attached.
import { createParamDecorator, SetMetadata, type ExecutionContext } from '@nestjs/common';
import { shown } from '../../core/base/shown.js';
import { METADATA } from './effective-policy.js';
import { authResultFor } from '../transport/request-auth.js';

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

/** A parameter decorator that takes a path of member names, and pipes as all of Nest's do: what those are depends on the version of Nest. */
type PathDecorator = ReturnType<typeof createParamDecorator<string | undefined>>;

/** Anything else would fail at the first request, as a 500. */
function checkingPath(name: string, decorator: PathDecorator): PathDecorator {
  return (...given) => {
    const [path] = given as readonly unknown[];
    const isPipe = typeof path === 'function' || (typeof path === 'object' && path !== null);
    if (path !== undefined && !isPipe && !isText(path))
      throw new TypeError(`${name} takes a path of member names, as in 'address.city'; given was ${shown([path])}.`);
    return decorator(...given);
  };
}

/**
 * The user of the request, or what a path of member names leads to: `@CurrentUser('address.city')`. `undefined` for an anonymous caller
 * and for a client principal.
 *
 * Nest does not check parameter decorators against the parameter's type: write `AuthUser`, or your own user type.
 *
 * It is the object that the user source loaded, password hash included. Answer with the members that the client needs.
 *
 * @example
 * ```ts
 * import { Controller, Get } from '@nestjs/common';
 * import { CurrentUser, type AuthUser } from 'nestjs-latchkey';
 *
 * @Controller('me')
 * export class MeController {
 *   @Get() me(@CurrentUser() { id }: AuthUser) {
 *     return { id };
 *   }
 * }
 * ```
 */
export const CurrentUser: ReturnType<typeof createParamDecorator<string | undefined>> = checkingPath(
  '@CurrentUser()',
  createParamDecorator((path: string | undefined, context: ExecutionContext): unknown =>
    follow(authResultFor(context).user, path),
  ),
);

/** The verified claims of the token, or one of them: `@TokenClaims('tenant')`. `undefined` for an anonymous caller. */
export const TokenClaims: ReturnType<typeof createParamDecorator<string | undefined>> = checkingPath(
  '@TokenClaims()',
  createParamDecorator((path: string | undefined, context: ExecutionContext): unknown =>
    follow(authResultFor(context).auth?.claims, path),
  ),
);

/** The `Principal` of the request: who, by which scheme, with which scopes. `undefined` for an anonymous caller. */
export const CurrentPrincipal = createParamDecorator(
  (_: unknown, context: ExecutionContext): unknown => authResultFor(context).auth,
);

/** Own members only: prevents access to inherited members such as `constructor`. */
function follow(value: unknown, path: string | undefined): unknown {
  if (path === undefined) return value;
  return path.split('.').reduce<unknown>((from, name) => {
    if (typeof from !== 'object' || from === null) return undefined;
    // A getter of a user class lives on its prototype; what every object inherits does not count.
    return name in Object.prototype ? undefined : (from as Record<string, unknown>)[name];
  }, value);
}
