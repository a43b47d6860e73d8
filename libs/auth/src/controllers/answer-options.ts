// The body, the class and the status of an answer that signs a user in, as options of the ready-made controllers.
import type { Type } from '@nestjs/common';
import { value } from '../core/internal.js';
import type { AuthUser } from '../index.js';
import type { SignInFacts } from '../sign-in.js';
import { classOption } from './shared-options.js';

/** What an answer with tokens, in its body or in cookies, may depend on. */
export interface TokenAnswerContext {
  /** Whose the tokens are; absent at a refresh in an application without a user source. */
  readonly user: AuthUser | undefined;
  readonly occasion: 'sign-in' | 'refresh';
  readonly facts: SignInFacts;
}

/** What the answer of a sign-in by session may depend on. */
export interface SessionAnswerContext {
  /** Who signed in. */
  readonly user: AuthUser;
  readonly facts: SignInFacts;
}

/** How an answer with a body is described, and its status. */
export interface AnswerForm {
  /** The class of the body that `toResponse` returns, with `@ApiProperty()` on its members, for OpenAPI. @defaultValue none */
  readonly response?: Type<object>;
  /** The status of the answer with that body. @defaultValue 200 */
  readonly status?: 200 | 201;
}

export const responseOption = classOption('a class with @ApiProperty() on its members', {
  otherwise: 'none',
  summary: 'the class of that answer, for OpenAPI',
});

export const statusOption = {
  accepts: '200 or 201',
  holds: (given: unknown) => given === 200 || given === 201,
  refused: 204,
  summary: 'the status of that answer',
} as const;

/** Of routes that answer with a body only if they are asked for one. */
export const answerFormOptions = {
  response: responseOption,
  status: value<200 | 201>({ ...statusOption, otherwise: '200 with `toResponse`, 204 without' }),
};

/** A form is of a body. */
export const formNeedsBody = {
  between: ['response', 'status', 'toResponse'] as const,
  broken: (
    {
      response,
      status,
      toResponse,
    }: { readonly response?: unknown; readonly status?: unknown; readonly toResponse?: unknown },
    of: (name: 'response' | 'status') => string,
  ): string | false => {
    const form = response !== undefined ? 'response' : status !== undefined ? 'status' : undefined;
    return form !== undefined && toResponse === undefined && `${of(form)} is of no use without toResponse`;
  },
};
