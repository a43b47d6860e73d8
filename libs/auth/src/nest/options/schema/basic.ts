// Passwords in the header of every request: what can be asked of them.
import { group } from '../../../core/base/option-group.js';
import { flag } from '../../../core/base/option-kinds.js';

/** The scheme `basic` (RFC 7617) for `AuthGuardFor('basic')`. Off unless this group is given; it needs `users` with `verifyCredentials()`. */
export interface BasicOptions {
  /** False if a 401 does not mention it, so that no browser asks for a password. @defaultValue true */
  readonly challenge?: boolean;
}

export const basic = group<BasicOptions>()({
  summary: "a user name and a password with every request, for `AuthGuardFor('basic')`: [Basic](sign-in.md#basic)",
  otherwise: 'off',
  options: {
    challenge: flag({
      default: true,
      summary: '`false`: a 401 does not mention it, and no browser asks for a password',
    }),
  },
});
