// How old a key set may be: what the provider says, within bounds that neither a mistake nor an attacker can leave.
import type { CachedKeySet } from './key-set-cache.js';

const SHORTEST_MS = 60_000;
const LONGEST_MS = 24 * 3_600_000;

/** After this share of its age a set is fetched again in the background, so that no request waits when it expires. */
const REFRESH_AT = 0.8;

/** A clock that was set back further than clocks may differ. */
const STEP_MS = 60_000;

/** How old sets may become, in milliseconds. */
export interface FreshnessOptions {
  /** If the provider does not say. */
  readonly maxAgeMs: number;
  /** Beyond that age, while the provider cannot be reached. */
  readonly staleIfErrorMs: number;
}

/** How long a set is fresh: one minute to 24 hours, whatever the header says (RFC 9111 §5.2.2). */
export function lifetimeMs(cacheControl: string | undefined, { maxAgeMs }: FreshnessOptions): number {
  return Math.min(LONGEST_MS, Math.max(SHORTEST_MS, statedMs(cacheControl ?? '') ?? maxAgeMs));
}

function statedMs(cacheControl: string): number | undefined {
  const directives = cacheControl
    .toLowerCase()
    .split(',')
    .map((directive) => directive.trim());
  if (directives.some((directive) => directive === 'no-store' || directive === 'no-cache')) return 0;
  const seconds = directives
    .map((directive) => /^max-age="?(\d{1,10})"?$/.exec(directive)?.[1])
    .find((found) => found !== undefined);
  return seconds === undefined ? undefined : Number(seconds) * 1_000;
}

/** Freshness of a cached key set. */
export type Freshness = 'fresh' | 'due' | 'stale' | 'expired';

/** `due` is fresh, but about to end; `stale` counts only while the provider cannot be reached. */
export function freshnessOf(
  { fetchedAtMs, freshUntilMs }: CachedKeySet,
  nowMs: number,
  { staleIfErrorMs }: FreshnessOptions,
): Freshness {
  if (nowMs < fetchedAtMs - STEP_MS) return 'stale';
  if (nowMs < fetchedAtMs + (freshUntilMs - fetchedAtMs) * REFRESH_AT) return 'fresh';
  if (nowMs < freshUntilMs) return 'due';
  return nowMs < freshUntilMs + staleIfErrorMs ? 'stale' : 'expired';
}
