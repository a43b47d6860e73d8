// The blocklist in SQL. Every write is one conditional statement that comes out the same in whatever order they land.
import {
  storedKind,
  readString,
  readOptionalString,
  readInteger,
  matchingRevocation,
  listLength,
  type Clock,
  type Subject,
} from '../core/internal.js';
import {
  type StoredRow,
  type TurnTakingStore,
  BlocklistStore,
  type CheckedStore,
  type RevocationChanges,
  type RevocationEntry,
  type RevocationKind,
  type RevocationQuery,
} from '../stores.js';
import { changesIn, LOOKS_BACK_SECONDS, NOW } from './changes.js';
import type { SqlResult } from './database.js';
import { exactId, readable } from './column-text.js';
import { checkListener, listen, NOTIFY, type OpenPgListener } from './listener.js';
import { pruneInBatches } from './pruning.js';
import { checkTable, type Remedy } from './readiness.js';
import { insertUnlessThere, limitTo, type SqlRunner } from './runner.js';
import type { SqlValues } from './statements.js';
import { prunableAt, nowMsIn } from './store-clock.js';

const SETTLE_ATTEMPTS = 3;
/** How long a transaction of the application may go on after a revocation. */
const LATEST_TRANSACTION_SECONDS = 300;
const LATEST_COMMIT_MS = (LOOKS_BACK_SECONDS / 2) * 1_000;
const KEY = 'issuer = :issuer AND kind = :kind AND id = :id';

/** How a blocklist in SQL is made. */
export interface BlocklistStoreOptions {
  readonly remedy: Remedy;
  /** The listener for changes, on PostgreSQL. */
  readonly openListener?: OpenPgListener | undefined;
}

/** The blocklist in one table of your database. */
export class SqlBlocklistStore extends BlocklistStore implements CheckedStore, TurnTakingStore {
  /** Whether the database has a pool of connections, which the rest of the application may use up. */
  readonly takesTurns: boolean;

  /** @internal */
  constructor(
    private readonly runner: SqlRunner,
    private readonly clock: Clock,
    private readonly how: BlocklistStoreOptions,
  ) {
    super();
    this.takesTurns = runner.takesTurns;
  }

  /** Whether what is written now may be rolled back by the application. */
  get isInTransaction(): boolean {
    return this.runner.isJoined;
  }

  override async add(entry: RevocationEntry): Promise<boolean> {
    const values = valuesOf(entry);
    for (let attempt = 0; attempt < SETTLE_ATTEMPTS; attempt += 1) {
      const startedMs = this.clock.monotonicMs();
      const isNew = (await this.#insert(values)) || (await this.#revive(values));
      if (!isNew && !(await this.#merge(entry, values))) continue;
      // Those who read what changed look back only so far: what was so long on its way must be stamped again.
      if (this.clock.monotonicMs() - startedMs > LATEST_COMMIT_MS) await this.#merge(entry, values);
      return isNew;
    }
    throw new Error('A revocation could not be recorded: its row came and went.');
  }

  override async changesSince(cursor: string | undefined, limit: number): Promise<RevocationChanges> {
    const { rows, ...place } = await changesIn(this.runner, this.#table, { cursor, limit });
    return { ...place, entries: rows.map(entryOf) };
  }

  override async find(query: RevocationQuery): Promise<RevocationKind | undefined> {
    // The issuer in each branch: SQLite searches by the whole key then, and otherwise reads every row of the issuer.
    const { rows } = await this.#execute(
      `SELECT kind, revoked_at, except_sid FROM ${this.#table} WHERE expires_at > :now AND (
        (issuer = :issuer AND kind = 'token' AND id = :jti) OR (issuer = :issuer AND kind = 'login' AND id = :sid)
        OR (issuer = :issuer AND kind = 'subject' AND id = :subject))`,
      {
        issuer: exactId(query.issuer),
        jti: exactIdOrNull(query.jti),
        sid: exactIdOrNull(query.sid),
        subject: exactId(query.subject),
        now: this.clock.nowSeconds(),
      },
    );
    const sid = exactIdOrNull(query.sid) ?? undefined;
    return matchingRevocation(rows.map(factsOf), { ...query, sid });
  }

  override async subjectRevokedAt({ issuer, id }: Subject): Promise<number | undefined> {
    const { rows } = await this.runner.executeJoined(
      `SELECT revoked_at FROM ${this.#table} WHERE ${KEY} AND expires_at > :now`,
      {
        issuer: exactId(issuer),
        kind: 'subject',
        id: exactId(id),
        now: this.clock.nowSeconds(),
      },
    );
    return rows[0] && readInteger(rows[0], 'revoked_at');
  }

  override async list({ now, limit }: { now: number; limit: number }): Promise<readonly RevocationEntry[]> {
    const { rows } = await this.#execute(
      `SELECT * FROM ${this.#table} WHERE expires_at > :now ORDER BY revoked_at DESC ${limitTo(listLength(limit))}`,
      { now },
    );
    return rows.map(entryOf);
  }

  override async prune(now: number): Promise<number> {
    return pruneInBatches(this.runner, {
      table: this.#table,
      key: ['issuer', 'kind', 'id'],
      ended: 'expires_at <= :now',
      now: await prunableAt(this.runner, this.clock, now),
    });
  }

  override watch(onHint: () => void): () => void {
    const { openListener } = this.how;
    return openListener === undefined ? () => {} : listen(openListener, onHint);
  }

  async checkReady(): Promise<void> {
    const { remedy, openListener } = this.how;
    await checkTable(this.runner, 'revocations', remedy);
    if (openListener !== undefined) await checkListener(this.runner, openListener);
  }

  async #insert(values: SqlValues): Promise<boolean> {
    const columns = {
      issuer: ':issuer',
      kind: ':kind',
      id: ':id',
      revoked_at: ':revokedAt',
      expires_at: ':expiresAt',
      except_sid: ':exceptSid',
      reason: ':reason',
      changed_at: this.#stamp,
    };
    const sql = insertUnlessThere(this.runner.dialect, this.#table, columns);
    return (await this.runner.executeJoined(`${sql}${this.#notice}`, values)).affected > 0;
  }

  /** Takes over a row that has ended, by the clock of the database too, and was not pruned yet: it counts as absent. */
  async #revive(values: SqlValues): Promise<boolean> {
    const { affected } = await this.runner.executeJoined(
      `UPDATE ${this.#table} SET revoked_at = :revokedAt, expires_at = :expiresAt, except_sid = :exceptSid, reason = :reason,
         changed_at = ${this.#stamp}
       WHERE ${KEY} AND expires_at <= :now AND expires_at * 1000 <= ${nowMsIn(this.runner.dialect, this.clock)}${this.#notice}`,
      { ...values, now: this.clock.nowSeconds() },
    );
    return affected > 0;
  }

  /** Lets the longer life and the stricter time win. Resolves whether the row was still there. */
  async #merge(entry: RevocationEntry, values: SqlValues): Promise<boolean> {
    if (entry.kind === 'subject') {
      const orAsStrict = entry.exceptSid === undefined ? 'OR (revoked_at = :revokedAt AND except_sid IS NOT NULL)' : '';
      await this.runner.executeJoined(
        `UPDATE ${this.#table} SET revoked_at = :revokedAt, except_sid = :exceptSid, reason = :reason
         WHERE ${KEY} AND (revoked_at < :revokedAt ${orAsStrict})`,
        values,
      );
    }
    // Stamped also if nothing grows: who added it first may have died before it was known to be there.
    const { affected } = await this.runner.executeJoined(
      `UPDATE ${this.#table} SET changed_at = ${this.#stamp},
         expires_at = CASE WHEN expires_at < :expiresAt THEN :expiresAt ELSE expires_at END
       WHERE ${KEY}${this.#notice}`,
      values,
    );
    if (affected > 0) return true;
    // Some drivers count only rows that became different.
    const { rows } = await this.runner.executeJoined(`SELECT expires_at FROM ${this.#table} WHERE ${KEY}`, values);
    return rows.length > 0;
  }

  /**
   * The second that a write is stamped with. In a transaction of the application it lies ahead, so that processes that read what changed
   * still meet the entry when the transaction is committed later.
   */
  get #stamp(): string {
    const now = NOW[this.runner.dialect];
    return this.runner.isJoined ? `${now} + ${LATEST_TRANSACTION_SECONDS}` : now;
  }

  /** What tells those who listen, as part of the write: with its transaction or not at all. */
  get #notice(): string {
    return this.how.openListener === undefined ? '' : ` RETURNING ${NOTIFY} AS told`;
  }

  get #table(): string {
    return this.runner.tables.revocations.quoted;
  }

  #execute(sql: string, values: SqlValues): Promise<SqlResult> {
    return this.runner.execute(sql, values);
  }
}

function exactIdOrNull(id: string | undefined): string | null {
  return id === undefined ? null : exactId(id);
}

function valuesOf(entry: RevocationEntry): SqlValues {
  return {
    issuer: exactId(entry.issuer),
    kind: entry.kind,
    id: exactId(entry.id),
    revokedAt: entry.revokedAt,
    expiresAt: entry.expiresAt,
    exceptSid: exactIdOrNull(entry.exceptSid),
    reason: readable(entry.reason),
  };
}

function factsOf(row: StoredRow): Pick<RevocationEntry, 'kind' | 'revokedAt' | 'exceptSid'> {
  return {
    kind: storedKind(row, 'kind'),
    revokedAt: readInteger(row, 'revoked_at'),
    exceptSid: readOptionalString(row, 'except_sid'),
  };
}

function entryOf(row: StoredRow): RevocationEntry {
  return {
    ...factsOf(row),
    issuer: readString(row, 'issuer'),
    id: readString(row, 'id'),
    expiresAt: readInteger(row, 'expires_at'),
    reason: readOptionalString(row, 'reason'),
  };
}
