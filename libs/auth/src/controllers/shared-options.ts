// Options that several ready-made controllers have.
import { applyDecorators, Header, HttpCode, Post, type Type } from '@nestjs/common';
import { callback, text, value } from '../core/internal.js';
import type { AuthUser } from '../index.js';
import type { IdentifiedUser, LoginOptions, SignInFacts } from '../sign-in.js';
import { deviceLabel } from './device-label.js';
import { Describes, type Answer } from './open-api.js';
import { STEP_ROUTE } from './routing.js';
import { ContinuationBody, StepBody, type SignInBody } from './sign-in-body.js';

/** Where the routes of a controller are. */
export function pathOption(usual: string) {
  return text({
    accepts: `a path like '${usual}'`,
    check: /^[^\s?#]*$/,
    refused: 'a path',
    default: usual,
    summary: 'where the routes are, without a leading slash',
  });
}

/** A class. */
export const isClass = (given: unknown): boolean => typeof given === 'function';

/** What is known when a login begins. */
export interface SignInContext<Body extends object = SignInBody> {
  /** What was sent, as the class of the body lets it in; `undefined` if a further step completed the sign-in. */
  readonly body: Body | undefined;
  /** The further step that completed the sign-in, with the data that the user source gave it. */
  readonly step: IdentifiedUser['step'];
  readonly facts: SignInFacts;
}

/** What the controllers that sign users in have in common. */
export interface SignInOptions<Body extends object, Login> {
  /**
   * The body of a sign-in: a class with the rules of class-validator. What they do not name is dropped, all else reaches
   * `verifyCredentials`. @defaultValue SignInBody
   */
  readonly body?: Type<Body>;
  /**
   * Adds the route `continue`, for user sources that answer with `challenge()`: `true`, or the class of its body, which extends
   * `ContinuationBody`. @defaultValue no such route: a challenge is an error of the application
   */
  readonly steps?: true | Type<ContinuationBody>;
  /** What a device is called. @defaultValue `Firefox on Linux`, as far as the header tells */
  readonly toLabel?: (userAgent: string | undefined) => string | undefined;
  /** What the login of this user is to be like: how long it may last, its scopes. @defaultValue as the module says */
  readonly toLogin?: (user: AuthUser, context: SignInContext<Body>) => Login | Promise<Login>;
}

/** As it is declared: for any body. */
export interface DeclaredSignIn {
  readonly body?: Type<object>;
  readonly steps?: true | Type<ContinuationBody>;
  readonly toLabel?: (userAgent: string | undefined) => string | undefined;
  readonly toLogin?: (user: never, context: never) => unknown;
}

/** What a sign-in reads, and what becomes of it. */
export const signInOptions = {
  body: classOption('a class with the rules of class-validator', {
    otherwise: '`SignInBody`',
    summary: 'the body of a sign-in; what its rules do not name is dropped',
  }),
  steps: value<true | Type<ContinuationBody>>({
    accepts: 'true, or a class that extends ContinuationBody',
    holds: (given: unknown) =>
      given === true || (typeof given === 'function' && given.prototype instanceof ContinuationBody),
    shows: 'kind',
    refused: {},
    otherwise: 'no such route',
    summary: 'adds the route `continue` for sign-ins in several steps, and names the class of its body',
  }),
  toLabel: callback<NonNullable<DeclaredSignIn['toLabel']>>({
    accepts: 'a function of the header User-Agent that returns text',
    otherwise: '`Firefox on Linux`, as far as the header tells',
    summary: 'what a device is called',
  }),
  toLogin: callback<NonNullable<DeclaredSignIn['toLogin']>>({
    accepts: 'a function of the user and the sign-in that returns options of the login',
    otherwise: 'as the module says',
    summary: 'what the login of a user is to be like: how long it may last, its scopes',
  }),
};

/** The class of the body of a further step. */
export function stepBodyOf(steps: true | Type<ContinuationBody> | undefined): Type<ContinuationBody> {
  return steps === undefined || steps === true ? StepBody : steps;
}

/** What a controller with further steps needs of the application. */
export function requiresOf(steps: unknown): readonly 'steps'[] {
  return steps === undefined ? [] : ['steps'];
}

/** A route for further steps, if there are any. */
export function StepRoute(steps: unknown, answer: Answer): MethodDecorator {
  if (steps === undefined) return () => {};
  return applyDecorators(
    Post(STEP_ROUTE),
    HttpCode(answer.status),
    Header('Cache-Control', 'no-store'),
    Describes({ ...answer, description: `${answer.description} Of the last step.` }),
  );
}

/** A class of the application. */
export function classOption(accepts: string, words: { readonly otherwise: string; readonly summary: string }) {
  return value<Type<object>>({ accepts, holds: isClass, shows: 'kind', refused: {}, ...words });
}

/** What the login of a user is to be like, under the name of their device. */
export async function loginOptions<Body extends object, Login extends LoginOptions>(
  { toLabel = deviceLabel, toLogin }: SignInOptions<Body, Login>,
  user: AuthUser,
  context: SignInContext<Body>,
): Promise<Login | LoginOptions> {
  return { label: toLabel(context.facts.userAgent), ...(await toLogin?.(user, context)) };
}
