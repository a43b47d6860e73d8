// Calls of a scheme of the application, and which of them fail: one event when a scheme begins to fail, one when it works again.
import { AuthError } from '../base/errors.js';
import { publish } from '../base/events.js';
import { kindOfError } from '../base/kind-of-error.js';

/** Takes note of schemes that fail. */
export class SchemeCalls {
  readonly #failing = new Set<string>();

  /** The schemes whose last call failed. */
  readonly failing: ReadonlySet<string> = this.#failing;

  /**
   * To be called with what a scheme threw.
   * @throws {AuthError} the same if it is a refusal, or `scheme_unavailable` for anything else
   */
  failed(scheme: string, cause: unknown): never {
    if (cause instanceof AuthError) throw cause;
    const reason = kindOfError(cause);
    if (!this.#failing.has(scheme)) publish({ type: 'scheme_failed', scheme, reason });
    this.#failing.add(scheme);
    throw new AuthError('scheme_unavailable', { cause, reason: { rule: `the scheme '${scheme}' failed: ${reason}` } });
  }

  /** To be called when a scheme answered. */
  recovered(scheme: string): void {
    if (this.#failing.delete(scheme)) publish({ type: 'scheme_recovered', scheme });
  }
}
