// The core from the start of an application to its end: what must be there before the first request, and what goes on beside requests.
import type { AuditSink } from '../audit/audit.js';
import type { Clock } from '../base/clock.js';
import { completeAll } from '../base/complete-all.js';
import type { ExternalIssuers } from '../issuers/external-issuers.js';
import type { OwnKeys } from '../keys/own-keys.js';
import type { BlocklistService } from '../logins/blocklist-service.js';
import type { LoginService } from '../logins/login-service.js';
import { isChecked, type RevocationEntry } from '../stores/stores.js';
import type { GuardedStores } from './guard-stores.js';

/** What starts and ends with the application. */
export interface LifecycleParts {
  readonly clock: Clock;
  readonly keys: OwnKeys;
  readonly issuers: ExternalIssuers;
  readonly stores: GuardedStores;
  readonly blocklist: BlocklistService;
  readonly logins: LoginService;
  readonly auditSink: AuditSink | undefined;
  /** Called for each entry of the blocklist that is read from the store. */
  readonly onLearned: ((entry: RevocationEntry) => void) | undefined;
  /** `undefined` prunes nothing. */
  readonly pruneEveryMs: number | undefined;
}

/** Starts and ends background work. It never keeps the process running. */
export class Lifecycle {
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly parts: LifecycleParts) {}

  /**
   * Before the first request: fetches the keys of other issuers if the settings ask for it, and checks the audit sink.
   * @throws {AuthConfigurationError} with everything that is missing; and whatever the sink rejects with
   */
  async open(): Promise<void> {
    const { issuers, auditSink } = this.parts;
    const checked = auditSink !== undefined && isChecked(auditSink) ? auditSink.checkReady() : undefined;
    await completeAll([issuers.open(), checked]);
  }

  /** Keeps the replica in sync with the store, and prunes expired rows at intervals. */
  start(): void {
    const { stores, pruneEveryMs, onLearned } = this.parts;
    stores.replica?.follow(stores.revocations, onLearned);
    if (pruneEveryMs !== undefined) this.timer = setInterval(() => void this.prune(), pruneEveryMs).unref();
  }

  /** Ends what {@link open} and {@link start} began, and stops following the keys. */
  stop(): void {
    const { stores, issuers, keys } = this.parts;
    stores.replica?.stop();
    clearInterval(this.timer);
    issuers.close();
    keys.close();
  }

  /** A store that is down is pruned the next time; its breaker reports that it is down. */
  private async prune(): Promise<void> {
    const { blocklist, logins, stores, clock } = this.parts;
    await Promise.allSettled([blocklist.prune(), logins.prune(), stores.oneTime?.prune(clock.nowSeconds())]);
  }
}
