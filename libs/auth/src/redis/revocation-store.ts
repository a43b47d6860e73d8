// The blocklist in Redis. ErrorResponses an emptied Redis that would let every revoked token come alive: a sentinel says since when
// the list is complete, and what is older than that is refused.
import type { Clock } from '../core/base/clock.js';
import type { Subject } from '../core/base/principal.js';
import { storedKind, readString, readOptionalString, readInteger, type StoredRow } from '../core/stores/row.js';
import {
  BlocklistStore,
  type CheckedStore,
  type RevocationChanges,
  type RevocationEntry,
  type RevocationKind,
  type RevocationQuery,
} from '../core/stores/stores.js';
import { matchingRevocation, listLength } from '../core/stores/rules.js';
import { countOf, listOf, run, storeMoment, yesOrNo, type RedisClient } from './client.js';
import { vouch, vouchAfterFlush } from './flush.js';
import type { Keys } from './keys.js';
import { checkKeepsKeys, checkRedis, probe } from './readiness.js';
import { ADD, CHANGES, LIST, READ, TRIM, TRIMMED_AT_ONCE } from './revocation-scripts.js';

/**
 * What to do when Redis was emptied while the application ran. `refuse` answers "cannot tell" (503) until a process starts again
 * or `acknowledgeFlush()` is called; `barrier` goes on by itself. Either way what was issued before is refused.
 */
export type OnFlush = 'refuse' | 'barrier';

/** How a blocklist in Redis is made. */
export interface RedisRevocationStoreOptions {
  readonly client: RedisClient;
  readonly keys: Keys;
  readonly clock: Clock;
  /** @defaultValue `refuse` */
  readonly onFlush?: OnFlush | undefined;
  /** Starts although Redis may throw entries away when it is full. @defaultValue false */
  readonly allowEviction?: boolean | undefined;
}

/** The blocklist in Redis, where entries expire by themselves. */
export class RedisRevocationStore extends BlocklistStore implements CheckedStore {
  constructor(private readonly options: RedisRevocationStoreOptions) {
    super();
  }

  override async add(entry: RevocationEntry): Promise<boolean> {
    const { client, keys, clock } = this.options;
    const { kind, issuer, id, revokedAt, expiresAt, exceptSid, reason } = entry;
    const json = JSON.stringify({ kind, issuer, id, exceptSid, reason });
    const isNew = await run(client, ADD, {
      keys: [
        keys.revocation(kind, issuer, id),
        keys.revocationsByMoment,
        keys.revocationsByEnd,
        keys.revocationsByChange,
        keys.changes,
      ],
      values: [
        clock.nowSeconds(),
        kind,
        revokedAt,
        expiresAt,
        exceptSid === undefined ? 0 : 1,
        json,
        storeMoment(clock),
      ],
    });
    return yesOrNo(isNew);
  }

  override async find(query: RevocationQuery): Promise<RevocationKind | undefined> {
    const { keys } = this.options;
    const { issuer, jti, sid, subject, issuedAt } = query;
    const asked = [keys.revocation('subject', issuer, subject)];
    if (jti !== undefined) asked.push(keys.revocation('token', issuer, jti));
    if (sid !== undefined) asked.push(keys.revocation('login', issuer, sid));
    const { completeSince, entries } = await this.#read(asked);
    // Skipped if the credential has no `iat`: it would be refused forever.
    if (issuedAt !== undefined && issuedAt < completeSince) return 'subject';
    return matchingRevocation(entries, query);
  }

  override async subjectRevokedAt({ issuer, id }: Subject): Promise<number | undefined> {
    const { completeSince, entries } = await this.#read([this.options.keys.revocation('subject', issuer, id)]);
    const revokedAt = entries[0]?.revokedAt;
    // In the second of a flush everything issued now is refused, so that what is new must say the next.
    if (completeSince <= this.options.clock.nowSeconds()) return revokedAt;
    return Math.max(revokedAt ?? 0, completeSince - 1);
  }

  override async changesSince(cursor: string | undefined, limit: number): Promise<RevocationChanges> {
    const { client, keys } = this.options;
    const values = [...(cursor?.split(' ') ?? ['', '-1']), limit];
    const call = { keys: [keys.sentinel, keys.changes, keys.revocationsByChange], values };
    const [since, restarted, last, told, entries] = listOf(await run(client, CHANGES, call), 5);
    const completeSince = await this.#completeSince(since);
    return {
      entries: listOf(entries).map(entryOf),
      cursor: `${completeSince} ${readInteger({ last }, 'last')}`,
      more: countOf(told) === limit,
      restarted: yesOrNo(restarted),
      completeSince,
    };
  }

  override async list({ now, limit }: { now: number; limit: number }): Promise<readonly RevocationEntry[]> {
    const { client, keys } = this.options;
    const most = listLength(limit);
    if (most === 0) return [];
    const values = await run(client, LIST, { keys: [keys.revocationsByMoment], values: [now, most] });
    return listOf(values).map(entryOf);
  }

  /** Redis expires entries by itself; this only takes their names out of the list for operators. Resolves 0. */
  override async prune(now: number): Promise<number> {
    const { client, keys, clock } = this.options;
    const call = {
      keys: [keys.revocationsByEnd, keys.revocationsByMoment, keys.revocationsByChange],
      values: [now, storeMoment(clock)],
    };
    while (countOf(await run(client, TRIM, call)) >= TRIMMED_AT_ONCE);
    return 0;
  }

  async checkReady(): Promise<void> {
    const { client, keys, allowEviction } = this.options;
    await checkRedis(() => probe(client, keys));
    await checkRedis(() => this.#vouch());
    if (!allowEviction) await checkKeepsKeys(client, keys);
  }

  async #read(asked: readonly string[]): Promise<{ completeSince: number; entries: readonly RevocationEntry[] }> {
    const { client, keys, clock } = this.options;
    const call = { keys: [keys.sentinel, ...asked], values: [] };
    const [since, ...values] = listOf(await run(client, READ, call), call.keys.length);
    const completeSince = await this.#completeSince(since);
    const now = clock.nowSeconds();
    const entries = values.filter((value) => value !== null).map(entryOf);
    return { completeSince, entries: entries.filter(({ expiresAt }) => expiresAt > now) };
  }

  /** What the sentinel says. @throws {Error} where it is gone, unless the application chose to go on */
  async #completeSince(since: unknown): Promise<number> {
    if (since !== null) return readInteger({ since }, 'since');
    const { client, keys, clock, onFlush = 'refuse' } = this.options;
    if (onFlush === 'barrier') return vouchAfterFlush(client, keys, clock);
    throw new Error(
      `The key ${keys.sentinel} is gone: Redis was emptied, and what was revoked is not known. acknowledgeFlush() goes on.`,
    );
  }

  #vouch(): Promise<number> {
    const { client, keys, clock } = this.options;
    return vouch(client, keys, clock);
  }
}

function entryOf(value: unknown): RevocationEntry {
  const parts = typeof value === 'string' ? /^(\d+) (\d+) \d (\{.*\})$/s.exec(value) : null;
  const row: StoredRow | undefined = parts?.[3] === undefined ? undefined : JSON.parse(parts[3]);
  if (!row || !parts) throw new Error('Redis holds something else than a revocation under its key.');
  return {
    kind: storedKind(row, 'kind'),
    issuer: readString(row, 'issuer'),
    id: readString(row, 'id'),
    exceptSid: readOptionalString(row, 'exceptSid'),
    reason: readOptionalString(row, 'reason'),
    revokedAt: readInteger({ ...parts }, '1'),
    expiresAt: readInteger({ ...parts }, '2'),
  };
}
