// The decorators of parameters: they read what a guard left for the handler.
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { AuthError } from '../../core/base/errors.js';
import { isObject } from '../../core/base/members.js';
import { shown } from '../../core/base/shown.js';
import { about } from '../refusals/refused-at.js';
import type { AuthenticatedRequest } from '../transport/contexts.js';
import { authResultFor, schemesAskedFor } from '../transport/request-auth.js';

/** What a parameter asks for: a path of member names, or the same with whether a handler without it is of no use. */
type Asked = string | { readonly path?: string; readonly required?: boolean } | undefined;

/** A parameter decorator that takes {@link Asked}, spelt out where it is exported, and pipes as all of Nest's do: what those are depends on the version of Nest. */
type AskingDecorator = ReturnType<typeof createParamDecorator<Asked>>;

/** Takes what is read out of the answer of a guard. */
type Reader = (answer: AuthenticatedRequest) => unknown;

function asking(name: string, read: Reader): AskingDecorator {
  const decorator = createParamDecorator((asked: Asked, context: ExecutionContext): unknown => {
    const { path, required } = typeof asked === 'string' ? { path: asked } : (asked ?? {});
    const answer = authResultFor(context);
    const found = read(answer);
    if (found === undefined && required === true) throw missing(answer, context);
    return follow(found, path);
  });
  // Anything else would fail at the first request, as a 500.
  return (...given) => {
    const [asked] = given as readonly unknown[];
    if (!isAsked(asked)) throw new TypeError(`${name} ${ACCEPTED}; given was ${shown([asked])}.`);
    return decorator(...given);
  };
}

const ACCEPTED = "takes a path of member names, as in 'address.city', or { path, required }";

function isAsked(given: unknown): boolean {
  if (given === undefined || typeof given === 'function') return true;
  if (typeof given === 'string') return given.trim() !== '';
  return isObject(given) && (isPipe(given) || isRequest(given));
}

function isPipe(given: object): boolean {
  return 'transform' in given && typeof given.transform === 'function';
}

function isRequest(given: object): boolean {
  const { path, required = false, ...others } = given as Record<string, unknown>;
  const isRight = path === undefined || (typeof path === 'string' && path.trim() !== '');
  return isRight && typeof required === 'boolean' && Object.keys(others).length === 0;
}

/** A client was recognized, and has no user; anyone else was not. The challenges are those of the guards that looked. */
function missing({ auth }: AuthenticatedRequest, context: ExecutionContext): AuthError {
  const error = new AuthError(auth === undefined ? 'unauthenticated' : 'client_not_allowed');
  about(error, { schemes: schemesAskedFor(context) });
  return error;
}

/** Own members only: prevents access to inherited members such as `constructor`. */
function follow(value: unknown, path: string | undefined): unknown {
  if (path === undefined) return value;
  return path.split('.').reduce<unknown>((from, name) => {
    if (typeof from !== 'object' || from === null) return undefined;
    // A getter of a user class lives on its prototype; what every object inherits does not count.
    return name in Object.prototype ? undefined : (from as Record<string, unknown>)[name];
  }, value);
}

/**
 * The user of the request, or what a path of member names leads to: `@CurrentUser('address.city')`. `undefined` for an anonymous caller
 * and for a client principal.
 *
 * `@CurrentUser({ required: true })`, or `{ path, required: true }`, refuses the call in place of `undefined`: 401 `unauthenticated` for an
 * anonymous caller, 403 `client_not_allowed` for a client. Nest makes parameters after interceptors have begun.
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
 * @throws {TypeError} for anything but a path or `{ path, required }`
 */
export const CurrentUser: ReturnType<
  typeof createParamDecorator<string | { readonly path?: string; readonly required?: boolean } | undefined>
> = asking('@CurrentUser()', ({ user }) => user);

/**
 * The verified claims of the token, or one of them: `@TokenClaims('tenant')`. `undefined` for an anonymous caller, unless they are `required`:
 * that is about the caller, not about a claim.
 *
 * @example
 * ```ts
 * import { Controller, Get } from '@nestjs/common';
 * import { TokenClaims } from 'nestjs-latchkey';
 *
 * @Controller('tenant')
 * export class TenantController {
 *   @Get()
 *   read(@TokenClaims('tenant') tenant: unknown) {
 *     return { tenant };
 *   }
 * }
 * ```
 * @throws {TypeError} for anything but a path or `{ path, required }`
 */
export const TokenClaims: ReturnType<
  typeof createParamDecorator<string | { readonly path?: string; readonly required?: boolean } | undefined>
> = asking('@TokenClaims()', ({ auth }) => auth?.claims);

/**
 * The `Principal` of the request: who, by which scheme, with which scopes. `undefined` for an anonymous caller, unless it is `required`.
 *
 * @example
 * ```ts
 * import { Controller, Get } from '@nestjs/common';
 * import { CurrentPrincipal, type Principal } from 'nestjs-latchkey';
 *
 * @Controller('me')
 * export class MeController {
 *   @Get()
 *   read(@CurrentPrincipal({ required: true }) { subject, scopes }: Principal) {
 *     return { id: subject.id, scopes };
 *   }
 * }
 * ```
 * @throws {TypeError} for anything but a path or `{ path, required }`
 */
export const CurrentPrincipal: ReturnType<
  typeof createParamDecorator<string | { readonly path?: string; readonly required?: boolean } | undefined>
> = asking('@CurrentPrincipal()', ({ auth }) => auth);
