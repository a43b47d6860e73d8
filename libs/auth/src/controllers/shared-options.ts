// Options that several ready-made controllers have.
import type { Type } from '@nestjs/common';
import { callback, text, value } from '../core/internal.js';
import type { SignInCredentials } from '../index.js';

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

/** What a device is called. */
export const toLabel = callback<(userAgent: string | undefined) => string | undefined>({
  accepts: 'a function of the header User-Agent that returns text',
  otherwise: '`Firefox on Linux`, as far as the header tells',
  summary: 'what a device is called',
});

/** A class. */
export const isClass = (given: unknown): boolean => typeof given === 'function';

/** The body of a sign-in, as both options are declared. */
export interface DeclaredBody {
  readonly body?: Type<object>;
  readonly toCredentials?: (body: never) => SignInCredentials;
}

/** A body of your own, and where the credentials are in it. */
export const bodyOptions = {
  body: value<Type<object>>({
    accepts: 'a class with the rules of class-validator',
    holds: isClass,
    shows: 'kind',
    refused: {},
    otherwise: '`SignInBody`',
    summary: 'the body of a sign-in; what its rules do not name is dropped',
  }),
  toCredentials: callback<NonNullable<DeclaredBody['toCredentials']>>({
    accepts: 'a function of the body that returns { username, password }',
    otherwise: 'the members of `SignInBody`',
    summary: 'where the user name and the password are in the body',
  }),
};

interface BodyValues {
  readonly body: Type<object> | undefined;
  readonly toCredentials: DeclaredBody['toCredentials'] | undefined;
}

/** A class comes with a mapping, because only its author knows its members. */
export const bodyRule = {
  between: ['body', 'toCredentials'] as const,
  broken: ({ body, toCredentials }: BodyValues, of: (name: 'body' | 'toCredentials') => string) =>
    (body === undefined) !== (toCredentials === undefined) &&
    `${of(body === undefined ? 'body' : 'toCredentials')} is required beside ${body === undefined ? 'toCredentials' : 'body'}`,
};
