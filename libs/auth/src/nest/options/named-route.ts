// The option `routes`: statements about controllers that the application cannot decorate.
import type { Type } from '@nestjs/common';
import type { Policy } from '../../core/policies/policies.js';

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
