// The mounting of the token routes: paths, bodies, and who may call.
import { Body, Controller, type Type } from '@nestjs/common';
import { callback, group, readOptions, value } from '../core/internal.js';
import type { MountableController, TokenPair } from '../index.js';
import type { Policy } from '../policies.js';
import type { Answer } from './open-api.js';
import { absolute, UserAgent } from './routing.js';
import { bodyOptions, bodyRule, isClass, pathOption, toLabel, type DeclaredBody } from './shared-options.js';
import {
  bodyPipe,
  credentialsIn,
  oauthBodyPipe,
  SignInBody,
  TakesBody,
  type SignInBodyOptions,
} from './sign-in-body.js';
import { RefreshBody, TokenBody } from './token-bodies.js';
import { ENDED, GOOD, PAIR } from './token-answers.js';
import { OpenRoute, PolicyRoute, staffOrIntrospectors, TokenController, type TokenAnswers } from './token-routes.js';

/** The token routes that have a name of their own below the path. */
export type TokenRoute = 'refresh' | 'verify' | 'revoke' | 'introspect';

/** How the controller may differ. */
export type TokenControllerOptions<Body extends object = SignInBody> = SignInBodyOptions<Body> &
  TokenAnswers & {
    /** Where it is mounted. @defaultValue 'auth/token' */
    readonly path?: string;
    /** The routes below the path; `false` leaves one out. @defaultValue their own names */
    readonly routes?: Readonly<Partial<Record<TokenRoute, string | false>>>;
    /** Who may introspect tokens. @defaultValue the role `staff`, or the scope `introspect`, which is for clients */
    readonly mayIntrospect?: Policy;
  };

type Declared = DeclaredBody & TokenAnswers & Pick<TokenControllerOptions, 'path' | 'routes' | 'mayIntrospect'>;

const routeName = (name: TokenRoute) =>
  value<string | false>({
    accepts: 'a path, or false for no route',
    holds: (given: unknown) => given === false || (typeof given === 'string' && /^[^\s?#]+$/.test(given)),
    refused: true,
    default: name,
    summary: `the route \`${name}\` below the path`,
  });

const routeNames = group<NonNullable<TokenControllerOptions['routes']>>()({
  summary: 'the routes below the path; `false` leaves one out',
  options: {
    refresh: routeName('refresh'),
    verify: routeName('verify'),
    revoke: routeName('revoke'),
    introspect: routeName('introspect'),
  },
});

export const tokenControllerOptions = group<Declared>()({
  summary: 'the token endpoints',
  options: {
    path: pathOption('auth/token'),
    routes: routeNames,
    mayIntrospect: callback<Policy>({
      accepts: 'a policy',
      otherwise: 'the role `staff`, or the scope `introspect`',
      summary: 'who may introspect tokens',
    }),
    ...bodyOptions,
    toResponse: callback<(pair: TokenPair) => unknown>({
      accepts: 'a function of the token pair that returns the body of the answer',
      otherwise: '`{ access_token, refresh_token, token_type, expires_in }`',
      summary: 'what a sign-in and a refresh answer',
    }),
    response: value<Type<object>>({
      accepts: 'a class with @ApiProperty() on its members',
      holds: isClass,
      shows: 'kind',
      refused: {},
      otherwise: 'none',
      summary: 'the class of that answer, for OpenAPI',
    }),
    toLabel,
  },
  rules: [bodyRule],
});

/** What is to be mounted, with its class to extend: `{ ...recipe, controller: MyTokens }`. */
export interface TokenControllerRecipe extends MountableController {
  readonly controller: Type<TokenController>;
}

/**
 * `POST` signs in; `POST refresh`, `verify`, `revoke` (RFC 7009) and `introspect` (RFC 7662) do what they say. The last two take
 * forms as well as JSON.
 *
 * @example
 * ```ts
 * import { IsEmail, IsString } from 'class-validator';
 * import { tokenController } from 'nestjs-latchkey/controllers';
 *
 * class EmailSignIn {
 *   @IsEmail() readonly email!: string;
 *   @IsString() readonly password!: string;
 * }
 *
 * export const tokens = tokenController({
 *   path: 'login',
 *   body: EmailSignIn,
 *   toCredentials: ({ email, password }) => ({ username: email, password }),
 *   toResponse: ({ accessToken, refreshToken }) => ({ accessToken, refreshToken }),
 * });
 * ```
 */
export function tokenController<SignIn extends object = SignInBody>(
  options: TokenControllerOptions<SignIn> = {},
): TokenControllerRecipe {
  const read = readOptions('tokenController', tokenControllerOptions, options);
  const { path, routes, body = SignInBody, mayIntrospect = staffOrIntrospectors } = read;
  const schema = options.toResponse === undefined ? PAIR.schema : undefined;
  const pair: Answer = { ...PAIR, schema, type: options.response };

  @Controller(path)
  class MountedTokenController extends TokenController {
    protected override readonly answers = options;

    @TakesBody(body)
    @OpenRoute('', { ...pair, madeBy: ['signIn', 'toResponse'] })
    obtain(@Body(bodyPipe(body)) sent: object, @UserAgent() userAgent?: string) {
      return this.signIn(credentialsIn(options, sent), userAgent);
    }

    @OpenRoute(routes.refresh, { ...pair, madeBy: ['renew', 'toResponse'] })
    refresh(@Body(bodyPipe(RefreshBody)) { refresh_token }: RefreshBody) {
      return this.renew(refresh_token);
    }

    @OpenRoute(routes.verify, GOOD)
    verify(@Body(bodyPipe(TokenBody)) { token }: TokenBody) {
      return this.judge(token);
    }

    @OpenRoute(routes.revoke, ENDED)
    revoke(@Body(oauthBodyPipe(TokenBody)) { token }: TokenBody) {
      return this.end(token);
    }

    @PolicyRoute(routes.introspect, mayIntrospect)
    introspect(@Body(oauthBodyPipe(TokenBody)) { token }: TokenBody) {
      return this.describe(token);
    }
  }
  // What OpenAPI and logs call it.
  Object.defineProperty(MountedTokenController, 'name', { value: 'TokenController' });
  return {
    controller: MountedTokenController,
    requires: ['credentials', 'signing'],
    endpoints: endpoints(path, routes),
  };
}

/** By their names in RFC 8414 §2. There is no `token_endpoint`: the sign-in speaks JSON, not RFC 6749. */
function endpoints(path: string, { revoke, introspect }: Readonly<Record<TokenRoute, string | false>>) {
  return {
    ...(revoke === false ? undefined : { revocation_endpoint: absolute(path, revoke) }),
    ...(introspect === false ? undefined : { introspection_endpoint: absolute(path, introspect) }),
  };
}
