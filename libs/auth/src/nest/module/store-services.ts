// How the stores come into an application: behind their guard, with the mirror that the options ask for, and looked after while
// the application runs.
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy, type Provider } from '@nestjs/common';
import { BlocklistService, type RevocationLookup } from '../../core/logins/blocklist-service.js';
import { Clock } from '../../core/base/clock.js';
import { LoginService } from '../../core/logins/login-service.js';
import { withCircuitBreakers, type GuardOptions } from '../../core/stores/guarded-stores.js';
import { MemoryRevocationStore } from '../../core/stores/memory-stores.js';
import { FailOpenPolicy } from '../../core/stores/fail-open-policy.js';
import { RevocationReplica } from '../../core/stores/revocation-replica.js';
import { LoginStore, BlocklistStore, type Stores } from '../../core/stores/stores.js';
import { EventSink } from '../../core/base/event-sink.js';
import { factoryProvider } from './factory-provider.js';
import type { AuthSettings } from '../options/settings.js';
import { AUTH_SETTINGS, AUTH_STORES, RAW_STORES, REVOCATION_MIRROR } from '../options/injection-tokens.js';

type Mirror = RevocationReplica | null;

/** Prunes now and then, and keeps the mirror in step, from the start of the application to its end. */
@Injectable()
export class StoreUpkeep implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;

  @Inject(REVOCATION_MIRROR) private readonly mirror!: Mirror;
  @Inject(AUTH_SETTINGS) private readonly settings!: AuthSettings;
  @Inject(BlocklistStore) private readonly revocations!: BlocklistStore;
  @Inject(BlocklistService) private readonly blocklist!: BlocklistService;
  @Inject(LoginService) private readonly logins!: LoginService;

  onApplicationBootstrap(): void {
    this.mirror?.follow(this.revocations);
    const { pruneEveryMs } = this.settings.revocation;
    if (pruneEveryMs !== undefined) this.timer = setInterval(() => void this.prune(), pruneEveryMs).unref();
  }

  onModuleDestroy(): void {
    this.mirror?.stop();
    clearInterval(this.timer);
  }

  /** A store that is down is pruned the next time; that it is down, its breaker tells. */
  private async prune(): Promise<void> {
    await Promise.allSettled([this.blocklist.prune(), this.logins.prune()]);
  }
}

/** Why the stores cannot do what the options ask of them. */
export function storeProblems({ revocations }: Stores, { revocation }: AuthSettings): readonly string[] {
  if (revocation.freshness === 'every-request' || revocations.changesSince !== undefined) return [];
  return [
    `revocation.freshness needs a store that tells what changed, and ${revocations.constructor.name} has no changesSince(): ` +
      "say 'every-request'",
  ];
}

/** A blocklist in this process's memory is in step with itself. */
function mirrorOf({ revocations }: Stores, { revocation }: AuthSettings, clock: Clock): Mirror {
  const { freshness } = revocation;
  if (freshness === 'every-request' || revocations instanceof MemoryRevocationStore) return null;
  return new RevocationReplica(clock, freshness);
}

/** What is in our own memory cannot hang, and a timer for each request would cost more than the answer. */
function guardedStores(stores: Stores, clock: Clock, options: GuardOptions): Stores {
  const guarded = withCircuitBreakers(stores, clock, options);
  return stores.revocations instanceof MemoryRevocationStore
    ? { ...guarded, revocations: stores.revocations }
    : guarded;
}

/** How requests ask: the mirror or the store, and with the allowance where it was chosen. */
function lookOf(store: BlocklistStore, mirror: Mirror, allowance: FailOpenPolicy | undefined): RevocationLookup {
  const ask: RevocationLookup = (query) => (mirror === null ? store.find(query) : mirror.find(query, store));
  return allowance === undefined ? ask : (query, verified) => allowance.find(verified, () => ask(query, verified));
}

/** The stores and the service in front of the blocklist. */
export const storeProviders: Provider[] = [
  factoryProvider(
    REVOCATION_MIRROR,
    [RAW_STORES, AUTH_SETTINGS, Clock],
    (stores: Stores, settings: AuthSettings, clock: Clock) => mirrorOf(stores, settings, clock),
  ),
  factoryProvider(
    AUTH_STORES,
    [RAW_STORES, Clock, AUTH_SETTINGS, REVOCATION_MIRROR],
    (...[stores, clock, { revocation }, mirror]: [Stores, Clock, AuthSettings, Mirror]) =>
      guardedStores(stores, clock, { timeoutMs: revocation.timeoutMs, onAdded: (entry) => mirror?.note(entry) }),
  ),
  factoryProvider(BlocklistStore, [AUTH_STORES], ({ revocations }: Stores) => revocations),
  factoryProvider(LoginStore, [AUTH_STORES], ({ logins }: Stores) => logins),
  factoryProvider(
    BlocklistService,
    [BlocklistStore, Clock, AUTH_SETTINGS, REVOCATION_MIRROR, EventSink],
    (...[store, clock, { tokens, toleranceSeconds, revocation }, mirror, eventSink]: BlocklistParts) => {
      const allowance = revocation.onStoreError === 'allow' ? new FailOpenPolicy(clock) : undefined;
      const rules = {
        look: lookOf(store, mirror, allowance),
        eventSink,
        accessSeconds: tokens.access.maxTtlSeconds,
        loginSeconds: tokens.refresh.absoluteSeconds,
        toleranceSeconds,
      };
      return new BlocklistService(store, clock, rules);
    },
  ),
  StoreUpkeep,
];

type BlocklistParts = [BlocklistStore, Clock, AuthSettings, Mirror, EventSink];
