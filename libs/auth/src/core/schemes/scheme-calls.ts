// Calls of a scheme of the application, and which of them fail: one event when a scheme begins to fail, one when it works again.
import { AuthError, orUnavailable, isPromise } from '../base/errors.js';
import { publish } from '../base/events.js';
import { kindOfError } from '../base/kind-of-error.js';
import type { Verified } from '../base/principal.js';
import type { AuthRequest } from '../base/request.js';
import type { Candidate } from './schemes.js';

/** Verifies credentials by their schemes. */
export class SchemeCalls {
  readonly #failing = new Set<string>();

  /**
   * What the credential vouches for.
   * @throws {AuthError} what the scheme threw, or `scheme_unavailable` for anything else
   */
  verify(
    { scheme, credential }: Candidate,
    request: AuthRequest,
  ): Promise<Verified | undefined> | Verified | undefined {
    const answer = orUnavailable('scheme_unavailable', () =>
      this.#asked(scheme.name, () => scheme.verify(credential, request)),
    );
    if (this.#failing.size === 0 || !isPromise(answer)) return answer;
    return answer.then((verified) => {
      if (this.#failing.delete(scheme.name)) publish({ type: 'scheme_recovered', scheme: scheme.name });
      return verified;
    });
  }

  async #asked<T>(scheme: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      if (cause instanceof AuthError) throw cause;
      const reason = kindOfError(cause);
      if (!this.#failing.has(scheme)) publish({ type: 'scheme_failed', scheme, reason });
      this.#failing.add(scheme);
      throw new AuthError('scheme_unavailable', {
        cause,
        reason: { rule: `the scheme '${scheme}' failed: ${reason}` },
      });
    }
  }
}
