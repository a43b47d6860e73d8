// The blocklist in Redis. Protects against an emptied Redis, which would make every revoked token valid again: a sentinel says since when
// the list is complete, and what is older than that is refused.
import {
  type Clock,
  type Subject,
  storedKind,
  readString,
  readOptionalString,
  readInteger,
  matchingRevocation,
  listLength,
} from '../core/internal.js';
import {
  type StoredRow,
  BlocklistStore,
  type CheckedStore,
  type RevocationChanges,
  type RevocationEntry,
  type RevocationKind,
  type RevocationQuery,
} from '../stores.js';
import { countOf, listOf, run, storeMoment, yesOrNo, type RedisClient } from './client.js';
import { initSentinels, restoreSentinels } from './flush.js';
import type { Keys, Shard } from './keys.js';
import { checkPush, listen } from './push.js';
import { checkKeepsKeys, checkRedis, probeShards } from './readiness.js';
import { ADD, CHANGES, LIST, READ, TRIM, TRIMMED_AT_ONCE } from './revocation-scripts.js';

/**
 * What to do when Redis was emptied while the application ran. `refuse` answers 503 until a process starts again
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
  /** Whether it receives changes on a connection of its own. @defaultValue false */
  readonly push?: boolean | undefined;
}

/** What was read of some shards: since when all of them are complete, and the entries. */
interface Read {
  readonly completeSince: number;
  readonly entries: readonly RevocationEntry[];
}

/** The blocklist in Redis, where entries expire by themselves. */
export class RedisBlocklistStore extends BlocklistStore implements CheckedStore {
  /** The latest time since which any shard is known to be complete. */
  #completeSince = 0;

  constructor(private readonly options: RedisRevocationStoreOptions) {
    super();
  }

  override async add(entry: RevocationEntry): Promise<boolean> {
    const { client, keys, clock } = this.options;
    const { kind, issuer, id, revokedAt, expiresAt, exceptSid, reason } = entry;
    const { shard, key } = keys.revocation(kind, issuer, id);
    const json = JSON.stringify({ kind, issuer, id, exceptSid, reason });
    const isNew = await run(client, ADD, {
      keys: [key, shard.revocationsByMoment, shard.revocationsByEnd, shard.revocationsByChange, shard.changes],
      values: [
        clock.nowSeconds(),
        kind,
        revokedAt,
        expiresAt,
        exceptSid === undefined ? 0 : 1,
        json,
        storeMoment(clock),
        keys.channel,
      ],
    });
    return yesOrNo(isNew);
  }

  override async find(query: RevocationQuery): Promise<RevocationKind | undefined> {
    const { issuer, jti, sid, subject, issuedAt } = query;
    const asked: [RevocationKind, string][] = [['subject', subject]];
    if (jti !== undefined) asked.push(['token', jti]);
    if (sid !== undefined) asked.push(['login', sid]);
    const { completeSince, entries } = await this.#read(issuer, asked);
    // Skipped if the credential has no `iat`: it would be refused forever.
    if (issuedAt !== undefined && issuedAt < completeSince) return 'subject';
    return matchingRevocation(entries, query);
  }

  override async subjectRevokedAt({ issuer, id }: Subject): Promise<number | undefined> {
    const { entries } = await this.#read(issuer, [['subject', id]]);
    const revokedAt = entries[0]?.revokedAt;
    // In the second of a flush everything issued now is refused, so that what is new must say the next.
    if (this.#completeSince <= this.options.clock.nowSeconds()) return revokedAt;
    return Math.max(revokedAt ?? 0, this.#completeSince - 1);
  }

  override async changesSince(cursor: string | undefined, limit: number): Promise<RevocationChanges> {
    const { client, keys } = this.options;
    const { shards } = keys;
    const cursors = cursor?.split(',') ?? [];
    const page = Math.ceil(limit / shards.length);
    const read = async ({ sentinel, changes, revocationsByChange }: Shard, at: number) => {
      const values = [...(cursors[at]?.split(' ') ?? ['', '-1']), page];
      return listOf(await run(client, CHANGES, { keys: [sentinel, changes, revocationsByChange], values }), 5);
    };
    const answers = await Promise.all(shards.map(read));
    const completeSince = await this.#checkSentinels(answers.map(([since]) => since));
    const next = answers.map(([since, , last]) => `${String(since ?? completeSince)} ${readInteger({ last }, 'last')}`);
    return {
      entries: answers.flatMap(([, , , , entries]) => listOf(entries).map(entryOf)),
      cursor: next.join(','),
      more: answers.map(([, , , sent]) => countOf(sent)).includes(page),
      restarted: answers.map(([, restarted]) => yesOrNo(restarted)).includes(true),
      completeSince,
    };
  }

  override watch(onHint: () => void): () => void {
    const { client, keys, push } = this.options;
    return push === true ? listen({ client, channel: keys.channel, onMessage: onHint }) : () => {};
  }

  override async list({ now, limit }: { now: number; limit: number }): Promise<readonly RevocationEntry[]> {
    const { client, keys } = this.options;
    const most = listLength(limit);
    if (most === 0) return [];
    const read = async ({ revocationsByMoment }: Shard): Promise<RevocationEntry[]> =>
      listOf(await run(client, LIST, { keys: [revocationsByMoment], values: [now, most] })).map(entryOf);
    const found = (await Promise.all(keys.shards.map(read))).flat();
    return found.sort((one, other) => other.revokedAt - one.revokedAt).slice(0, most);
  }

  /** Redis expires entries by itself; this only takes their names out of the list for operators. Resolves 0. */
  override async prune(now: number): Promise<number> {
    const { client, keys, clock } = this.options;
    const values = [now, storeMoment(clock)];
    const trim = async (shard: Shard): Promise<void> => {
      const call = { keys: [shard.revocationsByEnd, shard.revocationsByMoment, shard.revocationsByChange], values };
      while (countOf(await run(client, TRIM, call)) >= TRIMMED_AT_ONCE);
    };
    await Promise.all(keys.shards.map(trim));
    return 0;
  }

  async checkReady(): Promise<void> {
    const { client, keys, clock, allowEviction, push } = this.options;
    await checkRedis(() => probeShards(client, keys));
    await checkRedis(() => initSentinels(client, keys, clock));
    if (!allowEviction) await checkKeepsKeys(client, keys);
    if (push === true) await checkPush(client, keys);
  }

  /** The live entries of these names, of each shard in one step. */
  async #read(issuer: string, asked: readonly (readonly [RevocationKind, string])[]): Promise<Read> {
    const { client, keys, clock } = this.options;
    const names = new Map<Shard, string[]>();
    for (const [kind, id] of asked) {
      const { shard, key } = keys.revocation(kind, issuer, id);
      names.set(shard, [...(names.get(shard) ?? [shard.sentinel]), key]);
    }
    const read = async (of: readonly string[]) => listOf(await run(client, READ, { keys: of, values: [] }), of.length);
    const answers = await Promise.all([...names.values()].map(read));
    const completeSince = await this.#checkSentinels(answers.map(([since]) => since));
    const now = clock.nowSeconds();
    const entries = answers.flatMap(([, ...values]) => values.filter((value) => value !== null).map(entryOf));
    return { completeSince, entries: entries.filter(({ expiresAt }) => expiresAt > now) };
  }

  /**
   * Since when all these shards are complete, as their sentinels say.
   * @throws {Error} if one is missing, unless the application chose to go on
   */
  async #checkSentinels(sentinels: readonly unknown[]): Promise<number> {
    const { client, keys, clock, onFlush = 'refuse' } = this.options;
    const isFlushed = sentinels.includes(null);
    if (isFlushed && onFlush === 'refuse')
      throw new Error(
        `A sentinel of ${keys.prefix} is missing: Redis was emptied, and what was revoked is not known. acknowledgeFlush() goes on.`,
      );
    const since = isFlushed
      ? await restoreSentinels(client, keys, clock)
      : Math.max(...sentinels.map((sentinel) => readInteger({ sentinel }, 'sentinel')));
    this.#completeSince = Math.max(this.#completeSince, since);
    return since;
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
