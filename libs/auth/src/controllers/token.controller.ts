// The function tokenController(): its options, and its routes with their bodies. What the routes do is in token-routes.ts.
import { Body, Controller, type Type } from '@nestjs/common';
import { callback, group, readOptions, value } from '../core/internal.js';
import { Public, type MountableController } from '../index.js';
import type { Policy } from '../policies.js';
import { responseOption, statusOption } from './answer-options.js';
import type { Answer } from './open-api.js';
import type { SignInFacts } from '../sign-in.js';
import { absolute, RequestFacts } from './routing.js';
import {
  classOption,
  pathOption,
  requiresOf,
  signInOptions,
  stepBodyOf,
  StepRoute,
  type DeclaredSignIn,
  type SignInOptions,
} from './shared-options.js';
import { bodyPipe, oauthBodyPipe, SignInBody, TakesBody, type ContinuationBody } from './sign-in-body.js';
import { RefreshBody, refreshIn, TokenBody, type RefreshRequest } from './token-bodies.js';
import { ENDED, GOOD, PAIR } from './token-answers.js';
import {
  OpenRoute,
  PolicyRoute,
  staffOrIntrospectors,
  TokenController,
  type TokenAnswers,
  type TokenLoginOptions,
  type TokenStepOptions,
} from './token-routes.js';

/** The token routes that have a name of their own below the path. */
export type TokenRoute = 'refresh' | 'verify' | 'revoke' | 'introspect';

/** How the controller may differ. */
export interface TokenControllerOptions<Body extends object = SignInBody, Refresh extends object = RefreshBody>
  extends SignInOptions<Body, TokenLoginOptions>, TokenAnswers, TokenStepOptions {
  /** Where it is mounted. @defaultValue 'auth/token' */
  readonly path?: string;
  /** The routes below the path; `false` leaves one out. @defaultValue their own names */
  readonly routes?: Readonly<Partial<Record<TokenRoute, string | false>>>;
  /** Who may introspect tokens. @defaultValue the role `staff`, or the scope `introspect`, which is for clients */
  readonly mayIntrospect?: Policy;
  /** The body of a refresh: a class with the rules of class-validator, together with `toRefresh`. @defaultValue RefreshBody */
  readonly refreshBody?: Type<Refresh>;
  /** Where the refresh token, and scopes if fewer are wanted, are in that body. @defaultValue `refresh_token` and `scope` */
  readonly toRefresh?: (body: Refresh) => RefreshRequest;
}

/** What the routes need of the options. */
type RouteOptions = TokenAnswers & TokenStepOptions & SignInOptions<object, TokenLoginOptions>;

type Declared = DeclaredSignIn &
  TokenAnswers &
  TokenStepOptions &
  Pick<TokenControllerOptions, 'path' | 'routes' | 'mayIntrospect'> & {
    readonly refreshBody?: Type<object>;
    readonly toRefresh?: (body: never) => RefreshRequest;
  };

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
    ...signInOptions,
    binding: value<'optional' | 'required'>({
      accepts: "'optional' or 'required'",
      holds: (given: unknown) => given === 'optional' || given === 'required',
      refused: 'strict',
      default: 'optional',
      summary:
        'whether clients must keep a secret between the steps of a sign-in; otherwise `User-Agent` alone may bind them',
    }),
    toResponse: callback<NonNullable<TokenAnswers['toResponse']>>({
      accepts: 'a function of the token pair that returns the body of the answer',
      otherwise: '`{ access_token, refresh_token, token_type, expires_in }`',
      summary: 'what a sign-in and a refresh answer',
    }),
    response: responseOption,
    status: value<200 | 201>({ ...statusOption, default: 200 }),
    refreshBody: classOption('a class with the rules of class-validator', {
      otherwise: '`RefreshBody`',
      summary: 'the body of a refresh; what its rules do not name is dropped',
    }),
    toRefresh: callback<NonNullable<Declared['toRefresh']>>({
      accepts: 'a function of the body that returns { refreshToken, scopes }',
      otherwise: '`refresh_token` and `scope`',
      summary: 'where the refresh token is in that body, and scopes if fewer are wanted',
    }),
  },
  rules: [
    {
      between: ['binding', 'steps'],
      broken: ({ binding, steps }, of) =>
        binding === 'required' && steps === undefined && `${of('steps')} is required beside ${of('binding')}`,
    },
    {
      between: ['refreshBody', 'toRefresh'],
      broken: ({ refreshBody, toRefresh }, of) =>
        // A class comes with a mapping, because only its author knows its members.
        (refreshBody === undefined) !== (toRefresh === undefined) &&
        `${of(refreshBody === undefined ? 'refreshBody' : 'toRefresh')} is required beside ${refreshBody === undefined ? 'toRefresh' : 'refreshBody'}`,
    },
  ],
});

/** What is to be mounted, with its class to extend: `{ ...tokens, controller: MyTokens }`. */
export interface MountableTokenController extends MountableController {
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
 * // What reaches `verifyCredentials()` of the user source.
 * class EmailSignIn {
 *   @IsEmail() readonly email!: string;
 *   @IsString() readonly password!: string;
 * }
 *
 * export const tokens = tokenController({
 *   path: 'login',
 *   body: EmailSignIn,
 *   toResponse: ({ accessToken, refreshToken }) => ({ accessToken, refreshToken }),
 * });
 * ```
 */
export function tokenController<SignIn extends object = SignInBody, Refresh extends object = RefreshBody>(
  options: TokenControllerOptions<SignIn, Refresh> = {},
): MountableTokenController {
  const read = readOptions('tokenController', tokenControllerOptions, options);
  return {
    controller: mounted(options as unknown as RouteOptions, read),
    requires: ['credentials', 'signing', ...requiresOf(read.steps)],
    endpoints: endpoints(read.path, read.routes),
  };
}

type Read = ReturnType<(typeof tokenControllerOptions)['read']>['value'];

function mounted(options: RouteOptions, read: Read): Type<TokenController> {
  const { path, routes, mayIntrospect = staffOrIntrospectors, body = SignInBody, steps } = read;
  const { refreshBody = RefreshBody, toRefresh = refreshIn } = read;
  const [pair, stepBody] = [pairAnswer(read), stepBodyOf(steps)];

  @Controller(path)
  class MountedTokenController extends TokenController {
    // The pipe lets in instances of the class alone, which is the one that the functions of the options are for.
    protected override readonly options = options;

    @TakesBody(body)
    @OpenRoute('', { ...pair, madeBy: ['signIn', 'toResponse'] })
    obtain(@Body(bodyPipe(body)) sent: object, @RequestFacts() facts: SignInFacts) {
      return this.signIn(sent, facts);
    }

    @Public()
    @TakesBody(stepBody)
    @StepRoute(steps, { ...pair, madeBy: ['resume', 'toResponse'] })
    proceed(@Body(bodyPipe(stepBody)) sent: ContinuationBody, @RequestFacts() facts: SignInFacts) {
      return this.resume(sent, facts);
    }

    @TakesBody(refreshBody)
    @OpenRoute(routes.refresh, { ...pair, madeBy: ['renew', 'toResponse'] })
    refresh(@Body(bodyPipe(refreshBody)) sent: object, @RequestFacts() facts: SignInFacts) {
      return this.renew(toRefresh(sent as never), facts);
    }

    @OpenRoute(routes.verify, GOOD)
    verify(@Body(bodyPipe(TokenBody)) { token }: TokenBody) {
      return this.verifyToken(token);
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
  return MountedTokenController;
}

/** The schema is that of the usual body. */
function pairAnswer({ toResponse, response, status }: Pick<Read, 'toResponse' | 'response' | 'status'>): Answer {
  return { ...PAIR, status, schema: toResponse === undefined ? PAIR.schema : undefined, type: response };
}

/** By their names in RFC 8414 §2. There is no `token_endpoint`: the sign-in speaks JSON, not RFC 6749. */
function endpoints(path: string, { revoke, introspect }: Readonly<Record<TokenRoute, string | false>>) {
  return {
    ...(revoke === false ? undefined : { revocation_endpoint: absolute(path, revoke) }),
    ...(introspect === false ? undefined : { introspection_endpoint: absolute(path, introspect) }),
  };
}
