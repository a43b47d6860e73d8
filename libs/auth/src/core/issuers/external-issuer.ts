// From an entry of `trust` to the issuer that the verifier works with. The entry is read here a second time, because the settings hold it as
// it was given.
import type { Clock } from '../base/clock.js';
import { AuthConfigurationError } from '../base/errors.js';
import type { KeySet } from '../keys/keys.js';
import { isChecked } from '../stores/stores.js';
import type { TrustedIssuer } from '../tokens/token-verifier.js';
import { CombinedKeySet } from './combined-key-set.js';
import { externalProfile, type ProfileContext } from './external-profile.js';
import { tenantRule } from './issuer-names.js';
import type { Resolve } from './key-addresses.js';
import type { FetchDocument } from './key-fetch.js';
import { firstAddressOf } from './key-set-address.js';
import { isFetched, type KeySourceRules, sourcesOf } from './key-sources.js';
import { RemoteKeySet } from './remote-key-set.js';
import { secretKeySet, staticKeySet } from './static-key-sets.js';
import { addressRulesOf } from './source-problems.js';
import { keyFetchSettings } from './key-source-options.js';
import { trustedEntry, type KeyFetchOptions, type TrustOptions } from './trust-options.js';
import { untilSeconds } from './transition-options.js';
import { entryPlace, trustProblems } from './trust-problems.js';
import { wayOut } from './way-out.js';

export type { TrustOptions } from './trust-options.js';
export { trustProblems } from './trust-problems.js';

/** What an issuer gets from the module around it. */
export interface TrustContext extends ProfileContext {
  readonly clock: Clock;
  /** Fetches documents. @defaultValue over node:https */
  readonly fetch?: FetchDocument | undefined;
  /** Resolves names. @defaultValue as the system does */
  readonly resolve?: Resolve | undefined;
}

/** A trusted issuer together with what it keeps running. */
export interface ExternalIssuer extends TrustedIssuer {
  /** Its key sets that are fetched. */
  readonly remotes: readonly RemoteKeySet[];
  /** Fetches the keys if the application asked for it at boot. Rejects if it must not start without them. */
  open(): Promise<void>;
  /** Ends what is under way. */
  close(): void;
}

/**
 * Makes an issuer of what the application says about it. Nothing is fetched here.
 * @throws AuthConfigurationError with everything that is wrong
 */
export async function externalIssuer(options: TrustOptions, context: TrustContext): Promise<ExternalIssuer> {
  const problems = trustProblems([options]);
  if (problems.length > 0) throw new AuthConfigurationError(problems);
  const { value: entry } = trustedEntry.read(options, entryPlace('trust'));
  const { issuer, aliases } = entry;
  const sources = await Promise.all(
    sourcesOf(entry).map(async (rules) => ({ rules, set: await keySetOf(issuer, rules, context) })),
  );
  const sets = sources.map(({ set }) => set);
  const [only] = sets;
  return Object.freeze({
    issuer,
    aliases,
    accepts: tenantRule(entry),
    untilSeconds: untilSeconds(entry.until),
    withoutIssuer: entry.withoutIssuer,
    keys: only !== undefined && sets.length === 1 ? only : combined(sources),
    remotes: sets.filter((set) => set instanceof RemoteKeySet),
    profiles: { access: externalProfile(entry, context) },
    open: async () => void (await Promise.all(sources.map(open))),
    close: () => sets.forEach((set) => set instanceof RemoteKeySet && set.close()),
  });
}

interface Source {
  readonly rules: KeySourceRules;
  readonly set: KeySet;
}

function combined(sources: readonly Source[]): CombinedKeySet {
  return new CombinedKeySet(
    sources.map(({ set, rules: { algorithms } }) => ({
      keys: set,
      algorithms,
      isAtHand: !(set instanceof RemoteKeySet),
    })),
  );
}

async function open({ rules: { keys }, set }: Source): Promise<void> {
  const { eager: isEager = false, sharedCache }: KeyFetchOptions = isFetched(keys) ? keys : {};
  if (sharedCache !== undefined && isChecked(sharedCache)) await sharedCache.checkReady();
  if (isEager && set instanceof RemoteKeySet) await set.open();
}

async function keySetOf(issuer: string, rules: KeySourceRules, context: TrustContext): Promise<KeySet> {
  const { keys, algorithms } = rules;
  if ('secret' in keys) return secretKeySet({ issuer }, keys);
  if ('jwks' in keys) return staticKeySet({ issuer, algorithms }, keys);
  const { timeout, maxAge, staleIfError } = keyFetchSettings(keys);
  return new RemoteKeySet({
    issuer,
    algorithms,
    keys,
    clock: context.clock,
    timeoutMs: timeout,
    freshness: { maxAgeMs: maxAge, staleIfErrorMs: staleIfError },
    addresses: addressRulesOf(keys),
    fetch: context.fetch ?? wayOut(keys, { firstAddress: firstAddressOf(issuer, keys) }),
    resolve: context.resolve,
  });
}
