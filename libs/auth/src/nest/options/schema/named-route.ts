// A statement about the routes of a controller that the application cannot decorate: what can be said.
import type { Type } from '@nestjs/common';
import { group } from '../../../core/base/option-group.js';
import { flag, text, value } from '../../../core/base/option-kinds.js';
import type { Policy } from '../../../core/policies/policies.js';

/** A statement about the routes of a controller that is not yours to decorate. */
export interface NamedRoute {
  /** The controller class. */
  readonly controller: Type<unknown>;
  /** One of its methods. @defaultValue all of them */
  readonly method?: string;
  /** As `@Public()`. @defaultValue false */
  readonly public?: boolean;
  /** As `@OptionalAuth()`. @defaultValue false */
  readonly optional?: boolean;
  /** As `@Authorize(...)`. @defaultValue none */
  readonly policies?: readonly Policy[];
  /** Why, for the route audit. */
  readonly reason: string;
}

export const namedRoute = group<NamedRoute>()({
  summary: 'a statement about the routes of a controller that you cannot decorate',
  accepts: 'a statement like { controller: HealthController, public: true, reason: "..." }',
  options: {
    controller: value<Type<unknown>>({
      accepts: 'a controller class',
      holds: (given: unknown) => typeof given === 'function',
      shows: 'kind',
      refused: 'HealthController',
      required: 'a controller class',
      summary: 'the controller class',
    }),
    method: text({
      accepts: 'the name of a method',
      check: /\S/,
      refused: '',
      otherwise: 'all of them',
      summary: 'one of its methods',
    }),
    public: flag({ default: false, summary: 'as `@Public()`' }),
    optional: flag({ default: false, summary: 'as `@OptionalAuth()`' }),
    policies: value<readonly Policy[]>({
      accepts: 'a list of policies, which are functions',
      holds: (given: unknown) => Array.isArray(given) && given.every((policy) => typeof policy === 'function'),
      shows: 'kind',
      refused: ['staff'],
      default: [],
      defaultInWords: 'none',
      summary: 'as `@Authorize(...)`',
    }),
    reason: text({
      accepts: 'a sentence for the route audit',
      check: /\S/,
      refused: ' ',
      required: 'a sentence for the route audit',
      summary: 'why, for the route audit',
    }),
  },
  rules: [
    {
      between: ['public', 'optional', 'policies'],
      broken: ({ public: isPublic, optional, policies }, _, { path }) =>
        !isPublic && !optional && policies.length === 0 && `${path} states nothing: say public, optional or policies`,
    },
  ],
});
