// The stores as everything else uses them: behind a time limit and a breaker (core/stores/guarded-stores.ts), with the replica that the
// settings ask for.
import type { Clock } from '../base/clock.js';
import type { RevocationLookup } from '../logins/blocklist-service.js';
import { FailOpenPolicy } from '../stores/fail-open-policy.js';
import { withCircuitBreakers } from '../stores/guarded-stores.js';
import { MemoryBlocklistStore } from '../stores/memory-stores.js';
import { RevocationReplica } from '../stores/revocation-replica.js';
import type { Stores } from '../stores/stores.js';
import type { RevocationSettings } from './authentication-settings.js';

/** The stores behind their guard. */
export interface GuardedStores extends Stores {
  /** The blocklist as this process remembers it; `undefined` if every request asks the store. */
  readonly replica: RevocationReplica | undefined;
}

/** Puts the guard in front of the stores. */
export function guardStores(stores: Stores, { freshness, timeoutMs }: RevocationSettings, clock: Clock): GuardedStores {
  // What is in the memory of this process cannot hang, and a timer for each request would cost more than the answer.
  const isMemory = stores.revocations instanceof MemoryBlocklistStore;
  const replica = isMemory || freshness === 'every-request' ? undefined : new RevocationReplica(clock, freshness);
  const guarded = withCircuitBreakers(stores, clock, { timeoutMs, onAdded: (entry) => replica?.note(entry) });
  return { ...guarded, revocations: isMemory ? stores.revocations : guarded.revocations, replica };
}

/**
 * The stores in use, if the application put its own in the place of some: those get the same guard, and the others keep theirs.
 *
 * @param guarded what {@link guardStores} returned
 * @param inUse each of these, or another store in its place
 */
export function guardReplaced(
  guarded: GuardedStores,
  inUse: Stores,
  ...rules: [settings: RevocationSettings, clock: Clock]
): GuardedStores {
  const { revocations, replica } = guarded;
  const again = guardStores(inUse, ...rules);
  // The replica is noted to by the guard that it was made with.
  return inUse.revocations === revocations ? { ...again, revocations, replica } : again;
}

/** How requests ask the blocklist: the replica or the store, and with the allowance if it was chosen. `undefined` is the store alone. */
export function lookupIn(
  { revocations, replica }: GuardedStores,
  rules: RevocationSettings,
  clock: Clock,
): RevocationLookup | undefined {
  if (replica === undefined && rules.onStoreError === 'refuse') return undefined;
  const ask: RevocationLookup = (query) =>
    replica === undefined ? revocations.find(query) : replica.find(query, revocations);
  if (rules.onStoreError === 'refuse') return ask;
  const allowance = new FailOpenPolicy(clock);
  return (query, verified) => allowance.find(verified, () => ask(query, verified));
}
