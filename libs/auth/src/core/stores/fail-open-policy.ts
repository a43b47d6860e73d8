// The open choice about a blocklist that does not answer: which access tokens are good without being looked up, and for how
// long. Nothing else is ever let through: no session, no refresh, nothing that lives on.
import type { Clock } from '../base/clock.js';
import { AuthError } from '../base/errors.js';
import { publish } from '../base/events.js';
import type { Verified } from '../base/principal.js';
import type { RevocationKind } from './stores.js';

const REMAINING_LIFE_SECONDS = 5 * 60;
const IN_A_ROW_MS = 10 * 60_000;

/** Lets access tokens with little life left through while the store is down, for ten minutes at most before it closes again. */
export class FailOpenPolicy {
  #sinceMs: number | undefined;

  constructor(private readonly clock: Clock) {}

  /**
   * Asks, and where there is no answer lets through what may be.
   * @throws {AuthError} `store_unavailable` for everything else
   */
  async find(verified: Verified, ask: () => Promise<RevocationKind | undefined>): Promise<RevocationKind | undefined> {
    try {
      const kind = await ask();
      // A memory may know an old revocation without the store: only "not revoked" says that it answers again.
      if (kind === undefined) this.#sinceMs = undefined;
      return kind;
    } catch (error) {
      if (!(error instanceof AuthError) || !error.isUnavailable) throw error;
      this.#sinceMs ??= this.clock.monotonicMs();
      if (!this.#admits(verified)) throw error;
      const { subject, jti } = verified;
      publish({ type: 'revocation_unchecked', issuer: subject.issuer, subject: subject.id, jti });
      return undefined;
    }
  }

  // Only tokens have a `jti`: a host session has none.
  #admits({ jti, expiresAt }: Verified): boolean {
    if (jti === undefined || expiresAt === undefined || this.#sinceMs === undefined) return false;
    const isBrief = expiresAt - this.clock.nowSeconds() <= REMAINING_LIFE_SECONDS;
    return isBrief && this.clock.monotonicMs() - this.#sinceMs < IN_A_ROW_MS;
  }
}
