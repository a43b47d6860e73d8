// Owns stage 7: where a guard leaves its answer, for handlers, other guards and loggers.
import type { AuthUser, Principal } from '../core/principal.js';

/** What a guard attaches to the framework's request. */
export interface Attached {
  /** The user, under the name that Nest and passport developers know. */
  user?: AuthUser | undefined;
  /** The principal; `undefined` where nobody was recognised. */
  auth?: Principal | undefined;
}

/** The framework's request, seen as what it may carry from us. */
export function attachedTo(request: unknown): Attached {
  // Every framework's request is an object that applications hang things on.
  return typeof request === 'object' && request !== null ? (request as Attached) : {};
}
