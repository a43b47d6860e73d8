// The agreement between the module and the ready-made controllers, so that neither knows the other.
import type { Type } from '@nestjs/common';

/** Metadata of a handler: the statuses by which it refuses although no guard does, for OpenAPI. */
export const REFUSALS = 'nestjs-latchkey:refusals';

/** Metadata of a handler: it refuses bodies in the words of RFC 6749 §5.2, for OpenAPI. */
export const OAUTH_ERRORS = 'nestjs-latchkey:oauth-errors';

/** Metadata of a handler: what it has to do with browsers, for OpenAPI. */
export const BROWSER_ROUTE = 'nestjs-latchkey:browser-route';

/** Metadata of a handler: which methods make its answer, for OpenAPI. */
export const ANSWERED_BY = 'nestjs-latchkey:answered-by';

/** A subclass that overrides one of the methods answers with something that the described schema does not know. */
export interface AnsweredBy {
  readonly prototype: object;
  readonly methods: readonly string[];
}

/** What a route for browsers takes and sets. The names of both are configured, and not known where it is declared. */
export interface BrowserRoute {
  /** Of the answer that sets the cookies. */
  readonly status: number;
  /** Which cookies it sets. `no-tokens` clears those of either mode, so that none is left when the mode has changed. */
  readonly sets: readonly ('tokens' | 'no-tokens' | 'session' | 'csrf')[];
  /** Whether it demands the CSRF header. */
  readonly provesIntent: boolean;
}

/** A ready-made controller, as its factory in `nestjs-latchkey/controllers` returns it. */
export interface MountableController {
  /** The controller to mount. */
  readonly controller: Type<unknown>;
  /** What it needs that the options must provide; missing ones are boot errors. */
  readonly requires: readonly ('credentials' | 'steps' | 'signing' | 'cookies' | 'session' | 'csrf')[];
  /** What it answers for, so that metadata can name what is mounted: `token_endpoint`, `jwks_uri`. Paths with a leading slash. */
  readonly endpoints?: Readonly<Record<string, string>>;
  /** What metadata says of it besides: lists by the names of RFC 8414 §2, such as `grant_types_supported`. */
  readonly metadata?: Readonly<Record<string, readonly string[]>>;
}
