// Which schemes a refusal is about: kept beside it, because what refuses and what answers do not meet.
import type { AuthError } from '../../core/base/errors.js';
import type { Scheme } from '../../core/schemes/schemes.js';

/** What was refused: the schemes that the route accepts, and the one that decided. */
export interface RefusedAt {
  readonly schemes: readonly Pick<Scheme, 'name' | 'challenge' | 'openapi'>[];
  readonly scheme?: string | undefined;
}

/** A refusal by a service: it is about no scheme of the route, and must not make a browser ask for a password. */
const BY_SERVICE: RefusedAt = { schemes: [] };

const known = new WeakMap<AuthError, RefusedAt>();

/** Remembers which schemes a refusal is about, for its challenge. */
export function about(error: AuthError, at: RefusedAt): void {
  known.set(error, at);
}

/** As {@link about}, unless that is known already. */
export function aboutAtLeast(error: AuthError, at: RefusedAt): void {
  if (!known.has(error)) known.set(error, at);
}

/** The schemes that a refusal is about; none for one by a service. */
export function refusedAtOf(error: AuthError): RefusedAt {
  return known.get(error) ?? BY_SERVICE;
}
