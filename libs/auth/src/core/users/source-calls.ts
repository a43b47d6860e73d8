// Calls of the user sources of the application, and which of them fail: one event when a source begins to fail, one when it answers again.
import { isPromise } from '../base/at-once.js';
import { AuthError } from '../base/errors.js';
import { publish, type UsersEvent } from '../base/events.js';
import { kindOfError } from '../base/kind-of-error.js';

type SourceName = UsersEvent['source'];

/** Asks the sources. */
export class SourceCalls {
  readonly #failing = new Set<SourceName>();

  /**
   * What the source answers. What is known at once is answered at once: on the read path every promise counts.
   * @throws {AuthError} what the source threw, or `users_unavailable` for anything else
   */
  ask<T>(source: SourceName, work: () => T | Promise<T>): T | Promise<T> {
    try {
      const answer = work();
      if (!isPromise(answer)) return answer;
      const settled = answer.then(undefined, (cause: unknown) => this.#refuse(source, cause));
      return this.#failing.has(source) ? settled.then((given) => this.#recovered(source, given)) : settled;
    } catch (cause) {
      return this.#refuse(source, cause);
    }
  }

  #recovered<T>(source: SourceName, answer: T): T {
    if (this.#failing.delete(source)) publish({ type: 'users_recovered', source });
    return answer;
  }

  /** A refusal of the source's own, such as `sign_in_overloaded`, is not an outage. */
  #refuse(source: SourceName, cause: unknown): never {
    if (cause instanceof AuthError) throw cause;
    const reason = kindOfError(cause);
    if (!this.#failing.has(source)) publish({ type: 'users_failed', source, reason });
    this.#failing.add(source);
    throw new AuthError('users_unavailable', { cause, reason: { rule: `the user source failed: ${reason}` } });
  }
}
