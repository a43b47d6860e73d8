// Owns the decorators: marks that effective-policy.ts reads, and parameters that read what a guard attached.
import { createParamDecorator, SetMetadata, type ExecutionContext } from '@nestjs/common';
import { MARKS } from './routes/effective-policy.js';
import { answerFor } from './attached.js';

type Mark = MethodDecorator & ClassDecorator;

/** Opens a route or a class to everybody: credentials are not even looked at, so a stale one does no harm. */
export const Public = (): Mark => SetMetadata(MARKS.public, true);

/**
 * Recognises the caller if a good credential is there, and goes on as nobody if not. A bad credential makes the caller nobody
 * too; two in one place are still 400, and "cannot tell" is still 503.
 */
export const OptionalAuth = (): Mark => SetMetadata(MARKS.optional, true);

/**
 * Why a route, or a class, says something else about authentication than the rest of the application: for the route audit, and
 * for `strictRoutes`, which insists on it. It belongs to the level that it stands on.
 * @throws {TypeError} for an empty text
 */
export const AuthReason = (reason: string): Mark => {
  if (typeof reason !== 'string' || reason.trim() === '') throw new TypeError('@AuthReason() needs a reason.');
  return SetMetadata(MARKS.reason, reason);
};

/** Lets inactive users in. The nearest statement wins: `@AllowInactive(false)` on a handler takes it back. */
export const AllowInactive = (allow = true): Mark => SetMetadata(MARKS.inactive, allow);

/** Lets client principals in: machines, which have no user. The nearest statement wins. */
export const AllowClients = (allow = true): Mark => SetMetadata(MARKS.clients, allow);

/** Lets restricted clients in, within their scopes. The nearest statement wins. */
export const AllowRestrictedClients = (allow = true): Mark => SetMetadata(MARKS.restrictedClients, allow);

/**
 * The user of the request, or what a path of member names leads to: `@CurrentUser('address.city')`. `undefined` where nobody was
 * recognised, and for a client principal.
 *
 * Nest does not check parameter decorators against the parameter's type: write `AuthUser`, or your own user type.
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
export const CurrentUser = createParamDecorator((path: string | undefined, context: ExecutionContext): unknown =>
  follow(answerFor(context).user, path),
);

/** The verified claims of the token, or one of them: `@TokenClaims('tenant')`. `undefined` where nobody was recognised. */
export const TokenClaims = createParamDecorator((path: string | undefined, context: ExecutionContext): unknown =>
  follow(answerFor(context).auth?.claims, path),
);

/** The `Principal` of the request: who, by which scheme, with which scopes. `undefined` where nobody was recognised. */
export const AuthInfo = createParamDecorator(
  (_: unknown, context: ExecutionContext): unknown => answerFor(context).auth,
);

/** Own members only, so that no path leads out of the value into the language. */
function follow(value: unknown, path: string | undefined): unknown {
  if (path === undefined) return value;
  return path.split('.').reduce<unknown>((from, name) => {
    if (typeof from !== 'object' || from === null) return undefined;
    // A getter of a user class lives on its prototype; what every object inherits does not count.
    return name in Object.prototype ? undefined : (from as Record<string, unknown>)[name];
  }, value);
}
