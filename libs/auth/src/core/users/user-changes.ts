// How an application says that a user was changed: what is remembered of them is forgotten.
import type { AuthUser } from '../base/principal.js';
import type { AccountResolver } from './accounts.js';

/**
 * Tells of changed users, so that requests of this process load them again; without `userFreshness: { withinMs }` nothing is remembered.
 *
 * @example
 * ```ts
 * import type { UserChanges } from 'nestjs-latchkey';
 *
 * export const afterUpdate = (changes: UserChanges, userId: string) => changes.changed(userId);
 * ```
 */
export class UserChanges {
  /** @internal The module makes it: inject it. */
  constructor(
    private readonly users: AccountResolver,
    /** Those of all configurations: a user may be known in several. */
    private readonly all: () => Iterable<AccountResolver>,
  ) {}

  /**
   * Call it when the change is stored, not before. It counts at once in this process, for requests whose query is under way too; in other
   * processes the change counts within the bound. Forgetting a user of whom nothing is remembered changes nothing.
   *
   * @param user the user, or the `id` that `describe()` says of them
   * @throws {TypeError} for a user without a user source, or whose description cannot be used
   * @example
   * ```ts
   * import { Injectable } from '@nestjs/common';
   * import { UserChanges } from 'nestjs-latchkey';
   *
   * @Injectable()
   * export class Memberships {
   *   constructor(private readonly changes: UserChanges) {}
   *
   *   async end(userId: string) {
   *     // ... store it, then:
   *     this.changes.changed(userId);
   *   }
   * }
   * ```
   */
  changed(user: AuthUser | string): void {
    const id = typeof user === 'string' ? user : this.idOf(user);
    for (const each of this.all()) each.forgetUser(id);
  }

  private idOf(user: AuthUser): string {
    const { source } = this.users;
    if (source === undefined)
      throw new TypeError('UserChanges was given a user, but AuthModule has no `users`: pass the id of the user.');
    return this.users.describe(source, user).id;
  }
}
