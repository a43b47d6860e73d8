// Owns the way from what an application says about an issuer to what the verifier works with.
import type { Clock } from '../clock.js';
import { parseDurationMs } from '../duration.js';
import { AuthConfigurationError } from '../errors.js';
import type { KeySet } from '../keys/keys.js';
import { isChecked } from '../stores/stores.js';
import type { TrustedIssuer } from '../tokens/token-verifier.js';
import { algorithmsOf, foreignProfile, type ProfileSurroundings } from './foreign-profile.js';
import type { Resolve } from './key-addresses.js';
import type { FetchDocument } from './key-fetch.js';
import { RemoteKeySet } from './remote-key-set.js';
import { secretKeySet, staticKeySet } from './static-key-sets.js';
import type { DiscoveredKeys, JwksAddress, KeyFetchOptions, TrustOptions } from './trust-options.js';
import { trustProblems } from './trust-problems.js';

export type { TrustOptions } from './trust-options.js';
export { trustProblems } from './trust-problems.js';

/** What an issuer gets from the module around it. */
export interface TrustSurroundings extends ProfileSurroundings {
  readonly clock: Clock;
  /** Fetches documents. @defaultValue over node:https */
  readonly fetch?: FetchDocument | undefined;
  /** Resolves names. @defaultValue as the system does */
  readonly resolve?: Resolve | undefined;
}

/** A trusted issuer together with what it keeps running. */
export interface ForeignIssuer extends TrustedIssuer {
  /** Fetches the keys where the application asked for it at boot. Rejects where it must not start without them. */
  open(): Promise<void>;
  /** Ends what is under way. */
  close(): void;
}

/**
 * Makes an issuer of what the application says about it. Nothing is fetched here.
 * @throws AuthConfigurationError with everything that is wrong
 */
export async function trustedIssuer(options: TrustOptions, around: TrustSurroundings): Promise<ForeignIssuer> {
  const problems = trustProblems([options]);
  if (problems.length > 0) throw new AuthConfigurationError(problems);
  const keys = await keySetOf(options, around);
  const remote = keys instanceof RemoteKeySet ? keys : undefined;
  const { eager: isEager = false, sharedCache } = fetchOptionsOf(options);
  return Object.freeze({
    issuer: options.issuer,
    keys,
    profiles: { access: foreignProfile(options, around) },
    open: async () => {
      if (sharedCache !== undefined && isChecked(sharedCache)) await sharedCache.checkReady();
      if (isEager) await remote?.open();
    },
    close: () => remote?.close(),
  });
}

function fetchOptionsOf({ keys }: TrustOptions): KeyFetchOptions {
  return 'jwksUri' in keys || 'discovery' in keys ? keys : {};
}

async function keySetOf(options: TrustOptions, around: TrustSurroundings): Promise<KeySet> {
  const { keys } = options;
  if ('secret' in keys) return secretKeySet(options, keys);
  if ('jwks' in keys) return staticKeySet(options, keys);
  return remoteKeySet(options, keys, around);
}

function remoteKeySet(
  options: TrustOptions,
  keys: JwksAddress | DiscoveredKeys,
  around: TrustSurroundings,
): RemoteKeySet {
  return new RemoteKeySet({
    issuer: options.issuer,
    algorithms: algorithmsOf(options),
    keys,
    clock: around.clock,
    timeoutMs: parseDurationMs(keys.timeout) ?? 5_000,
    freshness: {
      maxAgeMs: parseDurationMs(keys.maxAge) ?? 600_000,
      staleIfErrorMs: parseDurationMs(keys.staleIfError) ?? 3_600_000,
    },
    addresses: {
      allowLoopbackHttp: keys.allowLoopbackHttp === true,
      allowPrivateAddresses: keys.allowPrivateAddresses === true,
    },
    fetch: around.fetch,
    resolve: around.resolve,
  });
}
