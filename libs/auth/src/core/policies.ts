// Owns what a policy is: one function over the verified principal, asked after authentication and inside the same guard.
import { AuthError } from './errors.js';
import type { Principal } from './principal.js';
import type { AuthRequest } from './request.js';

/** What a policy may look at. The principal is verified and present; nothing unverified is in reach but the request itself. */
export interface PolicyContext {
  readonly principal: Principal;
  readonly request: AuthRequest;
}

/**
 * Says whether this principal may do this. `false` answers 403 `forbidden`; to give another reason, throw an `AuthError`.
 * A policy that trips over missing data refuses.
 *
 * @example
 * ```ts
 * import type { Policy } from 'nestjs-latchkey';
 *
 * const ownsTenant: Policy = ({ principal, request }) => principal.claims['tenant'] === request.param('tenant');
 * ```
 */
export type Policy = (context: PolicyContext) => boolean | Promise<boolean>;

/**
 * All must hold, asked in order.
 * @throws {AuthError} the first refusal; `forbidden` where a policy says no or breaks
 */
export async function enforce(policies: readonly Policy[], context: PolicyContext): Promise<void> {
  for (const policy of policies) {
    if (!(await answerOf(policy, context))) throw new AuthError('forbidden');
  }
}

async function answerOf(policy: Policy, context: PolicyContext): Promise<boolean> {
  try {
    return (await policy(context)) === true;
  } catch (cause) {
    if (cause instanceof AuthError) throw cause;
    throw new AuthError('forbidden', { cause });
  }
}
