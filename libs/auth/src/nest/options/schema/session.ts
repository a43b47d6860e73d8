// Host sessions beside tokens: what can be asked of them.
import { group } from '../../../core/base/option-group.js';
import { oneOf } from '../../../core/base/option-kinds.js';
import type { MismatchRule } from '../../../core/authentication/session-mismatch.js';

/**
 * Host sessions beside tokens. Off unless this group is given; register express-session or @fastify/session yourself.
 */
export interface AuthSessionOptions {
  /** Whose word counts when a good cookie and a live session name different users. @defaultValue 'reject' */
  readonly mismatch?: MismatchRule;
}

export const session = group<AuthSessionOptions>()({
  summary: 'host sessions beside tokens; register express-session or @fastify/session yourself',
  otherwise: 'off',
  options: {
    mismatch: oneOf(['reject', 'prefer-jwt', 'prefer-session'], {
      default: 'reject',
      summary: 'whose word counts when a good cookie and a live session name different users',
    }),
  },
});
