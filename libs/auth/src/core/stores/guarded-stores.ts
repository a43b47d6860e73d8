// How the library asks its stores: within a time limit, behind a breaker, and with one answer for everything that breaks,
// unavailable. The contract of a store is in stores.ts.
import { CircuitBreaker, type BreakerOptions } from './circuit-breaker.js';
import { takesTurns } from './turns.js';
import { openDespiteOthers } from './contention.js';
import type { Clock } from '../base/clock.js';
import type { Subject } from '../base/principal.js';
import {
  isChecked,
  LoginStore,
  BlocklistStore,
  OneTimeStore,
  type ConsumeOptions,
  type CheckedStore,
  type Login,
  type RevocationChanges,
  type RevocationEntry,
  type RevocationKind,
  type RevocationQuery,
  type Rotation,
  type RotationOutcome,
  type Stores,
} from './stores.js';

/** How stores are guarded. */
export interface GuardOptions extends Omit<BreakerOptions, 'store' | 'takesTurns'> {
  /** Called for every entry that this process added, once it is stored for good. */
  readonly onAdded?: ((entry: RevocationEntry) => void) | undefined;
}

/**
 * Wraps the stores, each with a time limit and a breaker of its own, so that one that is down does not take the other along.
 * Every rejection becomes `AuthError('store_unavailable')` with `retryAfterSeconds`. Stores that are wrapped stay as they are.
 *
 * A write that answers too late has still happened. That is harmless: a rotation is answered again as a retry, or taken back, and all
 * else is idempotent or tried with a fresh id.
 */
export function withCircuitBreakers(
  { revocations, logins, oneTime }: Stores,
  clock: Clock,
  options: GuardOptions = {},
): Stores {
  const { onAdded } = options;
  const breakerOf = (kept: object, store: 'revocations' | 'logins' | 'one_time'): CircuitBreaker =>
    new CircuitBreaker(clock, { ...options, store, takesTurns: takesTurns(kept) });
  return {
    revocations:
      revocations instanceof GuardedBlocklistStore
        ? revocations
        : new GuardedBlocklistStore(revocations, breakerOf(revocations, 'revocations'), onAdded),
    logins:
      logins instanceof GuardedLoginStore ? logins : new GuardedLoginStore(logins, breakerOf(logins, 'logins'), clock),
    oneTime:
      oneTime === undefined || oneTime instanceof GuardedOneTimeStore
        ? oneTime
        : new GuardedOneTimeStore(oneTime, breakerOf(oneTime, 'one_time')),
  };
}

/** The stores behind their guards, for questions about what they are. What is not guarded is itself. */
export function unguarded({ revocations, logins, oneTime }: Stores): Stores {
  return {
    revocations: revocations instanceof GuardedBlocklistStore ? revocations.store : revocations,
    logins: logins instanceof GuardedLoginStore ? logins.store : logins,
    oneTime: oneTime instanceof GuardedOneTimeStore ? oneTime.store : oneTime,
  };
}

class GuardedBlocklistStore extends BlocklistStore implements CheckedStore {
  constructor(
    readonly store: BlocklistStore,
    private readonly breaker: CircuitBreaker,
    private readonly onAdded: GuardOptions['onAdded'],
  ) {
    super();
  }

  override async add(entry: RevocationEntry): Promise<boolean> {
    // What a transaction of the application wrote may still be rolled back: this process reads it after the commit, like others.
    const mayBeUndone = isInTransaction(this.store);
    const isNew = await this.breaker.run(() => this.store.add(entry));
    if (!mayBeUndone) this.onAdded?.(entry);
    return isNew;
  }

  override find(query: RevocationQuery): Promise<RevocationKind | undefined> {
    return this.breaker.run(async () => this.store.find(query));
  }

  override subjectRevokedAt(subject: Subject): Promise<number | undefined> {
    return this.breaker.run(() => this.store.subjectRevokedAt(subject));
  }

  override changesSince(cursor: string | undefined, limit: number): Promise<RevocationChanges> {
    const { store } = this;
    return this.breaker.run(async () => {
      if (store.changesSince === undefined) throw new TypeError('The store has no changesSince().');
      return store.changesSince(cursor, limit);
    });
  }

  // No request waits for it, and it tells nothing that could be wrong.
  override watch(onHint: () => void): () => void {
    return this.store.watch?.(onHint) ?? (() => {});
  }

  override list(options: { readonly now: number; readonly limit: number }): Promise<readonly RevocationEntry[]> {
    return this.breaker.run(() => this.store.list(options));
  }

  override prune(now: number): Promise<number> {
    return this.breaker.runInBackground(() => this.store.prune(now));
  }

  // At boot there is no request to protect, and the sentence that names what is missing must come through.
  async checkReady(): Promise<void> {
    if (isChecked(this.store)) await this.store.checkReady();
  }
}

/** True if what is written now is part of a transaction of the application. A store that can tell has a member of that name. */
function isInTransaction(store: object): boolean {
  return 'isInTransaction' in store && store.isInTransaction === true;
}

class GuardedLoginStore extends LoginStore implements CheckedStore {
  constructor(
    readonly store: LoginStore,
    private readonly breaker: CircuitBreaker,
    private readonly clock: Clock,
  ) {
    super();
  }

  override open(login: Login): Promise<void> {
    return this.breaker.run(() => openDespiteOthers(this.store, login));
  }

  override async rotate(rotation: Rotation): Promise<RotationOutcome> {
    let isAwaited = true;
    const startedMs = this.clock.monotonicMs();
    const work = async (): Promise<RotationOutcome> => {
      const result = await this.store.rotate(rotation);
      const isLate = !isAwaited && this.clock.monotonicMs() - startedMs >= rotation.graceMs;
      if (isLate && result.outcome === 'rotated') await this.takeBack(rotation);
      return result;
    };
    try {
      return await this.breaker.run(work);
    } finally {
      isAwaited = false;
    }
  }

  /**
   * A rotation that committed after its caller got a 503 would make a retry after the grace look like token reuse. Its caller never got
   * the new token, so the rotation is rolled back; a client that got it in between still has the grace.
   */
  private async takeBack({ from, to, ...rotation }: Rotation): Promise<void> {
    await this.store.rotate({ ...rotation, nowMs: this.clock.nowMs(), from: to.jti, to: { ...to, jti: from } });
  }

  override find(issuer: string, sid: string): Promise<Login | undefined> {
    return this.breaker.run(() => this.store.find(issuer, sid));
  }

  override touch(issuer: string, sid: string, now: number): Promise<void> {
    return this.breaker.run(() => this.store.touch(issuer, sid, now));
  }

  override list(subject: Subject, now: number): Promise<readonly Login[]> {
    return this.breaker.run(() => this.store.list(subject, now));
  }

  override end(issuer: string, sid: string): Promise<boolean> {
    return this.breaker.run(() => this.store.end(issuer, sid));
  }

  override endAll(subject: Subject, exceptSid?: string): Promise<number> {
    return this.breaker.run(() => this.store.endAll(subject, exceptSid));
  }

  override prune(now: number): Promise<number> {
    return this.breaker.runInBackground(() => this.store.prune(now));
  }

  async checkReady(): Promise<void> {
    if (isChecked(this.store)) await this.store.checkReady();
  }
}

class GuardedOneTimeStore extends OneTimeStore implements CheckedStore {
  constructor(
    readonly store: OneTimeStore,
    private readonly breaker: CircuitBreaker,
  ) {
    super();
  }

  override consume(id: string, expiresAt: number, options?: ConsumeOptions): Promise<boolean> {
    return this.breaker.run(() => this.store.consume(id, expiresAt, options));
  }

  override prune(now: number): Promise<number> {
    return this.breaker.runInBackground(() => this.store.prune(now));
  }

  async checkReady(): Promise<void> {
    if (isChecked(this.store)) await this.store.checkReady();
  }
}
