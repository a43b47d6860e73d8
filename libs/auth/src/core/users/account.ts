// What is known of the user of a credential.
import type { AuthUser } from '../base/principal.js';
import type { UserDescription } from './users.js';

/** The user of a credential, and what is known of them. Without a source nothing is known, and nothing is compared. */
export interface Account {
  readonly user: AuthUser | undefined;
  readonly description: UserDescription | undefined;
}
