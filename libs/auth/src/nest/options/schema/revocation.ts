// Revocation checks: what can be asked of them.
import { DAY_MS, MINUTE_MS, SECOND_MS, type Duration } from '../../../core/base/duration.js';
import { group } from '../../../core/base/option-group.js';
import { duration, isGroup, oneOf, value } from '../../../core/base/option-kinds.js';

/** Revocation checks. */
export interface RevocationOptions {
  /**
   * `every-request` asks the store each time. `{ withinMs }` answers from memory that is kept in step with the store, so that a
   * revocation made by another process counts at most so much later; if it is not in sync, the store is queried. A refresh always
   * asks the store. @defaultValue 'every-request'
   */
  readonly freshness?: 'every-request' | { readonly withinMs: number };
  /**
   * What an access token is worth while the store does not answer. `allow` accepts tokens with at most 5 minutes to live, for at
   * most 10 minutes in a row: revoked tokens are accepted during that time. @defaultValue 'refuse'
   */
  readonly onStoreError?: 'refuse' | 'allow';
  /** How long one call to a store may take, at most a second. @defaultValue '300ms' */
  readonly timeout?: Duration;
  /**
   * Deletes expired rows at this interval, in stores that do not expire them themselves: SQL. One process of several is enough.
   * @defaultValue never: call `prune()` of `BlocklistService` and `LoginService` yourself
   */
  readonly pruneEvery?: Duration;
}

type Freshness = NonNullable<RevocationOptions['freshness']>;

export const revocation = group<RevocationOptions>()({
  summary: 'revocation checks',
  options: {
    freshness: value<Freshness>({
      accepts: "'every-request' or { withinMs: 10 to 60000 }",
      holds: (given: unknown) => given === 'every-request' || isFreshnessBound(given),
      names: ['withinMs'],
      refused: { withinMs: 1 },
      default: 'every-request',
      summary:
        '`every-request` asks the store each time; `{ withinMs }` answers from memory that is kept in step with it',
    }),
    onStoreError: oneOf(['refuse', 'allow'], {
      default: 'refuse',
      summary:
        '`allow` accepts tokens with at most 5 minutes to live while the store does not answer, for at most 10 minutes',
      warns: (given) => given === 'allow' && 'is allow: revoked tokens are accepted while the store does not answer.',
    }),
    timeout: duration({
      min: 10,
      // A request may wait for several calls, one after the other: the sum stays under five seconds.
      max: SECOND_MS,
      accepts: "'10ms' to '1s'",
      default: '300ms',
      summary: 'how long one call to a store may take',
    }),
    pruneEvery: duration({
      min: MINUTE_MS,
      max: DAY_MS,
      accepts: 'one minute to 24 hours',
      otherwise: 'never',
      summary: 'the interval at which expired rows are deleted, in SQL; one process of several is enough',
    }),
  },
  settings: ({ freshness, onStoreError, timeout, pruneEvery }) => ({
    freshness,
    onStoreError,
    timeoutMs: timeout,
    /** `undefined` if nothing is pruned by itself. */
    pruneEveryMs: pruneEvery,
  }),
});

/** A bound on how old an answer may be: from 10 milliseconds to a minute. */
export function isFreshnessBound(given: unknown): boolean {
  const withinMs = isGroup(given) ? given['withinMs'] : undefined;
  return Number.isInteger(withinMs) && Number(withinMs) >= 10 && Number(withinMs) <= 60_000;
}
