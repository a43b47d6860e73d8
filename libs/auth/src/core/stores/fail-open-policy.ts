// The open choice about a blocklist that does not answer: which access tokens are good without being looked up, and for how
// long. Nothing else is ever let through: no session, no refresh, nothing that lives on.
import { after, rescued } from '../base/at-once.js';
import type { Clock } from '../base/clock.js';
import { AuthError } from '../base/errors.js';
import { publish } from '../base/events.js';
import type { Verified } from '../base/principal.js';
import type { RevocationAnswer } from './stores.js';

const REMAINING_LIFE_SECONDS = 5 * 60;
const IN_A_ROW_MS = 10 * 60_000;

type Answer = RevocationAnswer | Promise<RevocationAnswer>;

/** Lets access tokens with little life left through while the store is down, for ten minutes at most before it closes again. */
export class FailOpenPolicy {
  #sinceMs: number | undefined;

  constructor(private readonly clock: Clock) {}

  /**
   * Asks, and if there is no answer lets through what may be.
   * @throws {AuthError} `store_unavailable` for everything else
   */
  find(verified: Verified, ask: () => Answer): Answer {
    return rescued(
      () => after(ask(), (kind) => this.#answered(kind)),
      (error) => this.#unanswered(verified, error),
    );
  }

  /** A memory may know an old revocation without the store: only "not revoked" says that it answers again. */
  #answered(kind: RevocationAnswer): RevocationAnswer {
    if (kind === undefined) this.#sinceMs = undefined;
    return kind;
  }

  #unanswered(verified: Verified, error: unknown): undefined {
    if (!(error instanceof AuthError) || !error.isUnavailable) throw error;
    this.#sinceMs ??= this.clock.monotonicMs();
    if (!this.#admits(verified)) throw error;
    const { subject, jti } = verified;
    publish({ type: 'revocation_unchecked', issuer: subject.issuer, subject: subject.id, jti });
  }

  // Only tokens have a `jti`: a host session has none.
  #admits({ jti, expiresAt }: Verified): boolean {
    if (jti === undefined || expiresAt === undefined || this.#sinceMs === undefined) return false;
    const isBrief = expiresAt - this.clock.nowSeconds() <= REMAINING_LIFE_SECONDS;
    return isBrief && this.clock.monotonicMs() - this.#sinceMs < IN_A_ROW_MS;
  }
}
