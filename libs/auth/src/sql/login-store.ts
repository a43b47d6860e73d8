// The logins in SQL: one row each, and one conditional UPDATE that decides every race over it. If something is read before the write, the
// write takes place on the same row that was read or not at all, so that no login has two live tokens.
import {
  replacedText,
  storedReplaced,
  readString,
  readOptionalString,
  readInteger,
  readOptionalInteger,
  rotatedFields,
  classifyPresentedToken,
  type Clock,
  type Subject,
} from '../core/internal.js';
import {
  type StoredRow,
  LoginStore,
  type CheckedStore,
  type Login,
  type Rotation,
  type RotationOutcome,
  type TurnTakingStore,
} from '../stores.js';
import type { SqlResult } from './database.js';
import { readable } from './column-text.js';
import { pruneInBatches } from './pruning.js';
import { checkTable, type Remedy } from './readiness.js';
import type { SqlRunner } from './runner.js';
import type { SqlValues } from './statements.js';
import { prunableAt, nowMsIn } from './store-clock.js';

/** The caller that loses a race reads again and finds that its token was replaced; only a rotation that is taken back needs a third look. */
const LOOKS = 5;
const KEY = 'issuer = :issuer AND sid = :sid';

/** The logins in one table of your database, one row each. */
export class SqlLoginStore extends LoginStore implements CheckedStore, TurnTakingStore {
  /** Whether the database has a pool of connections, which the rest of the application may use up. */
  readonly takesTurns: boolean;

  /** @internal @param clock moves the grace by hand if it tells the stores' time: see {@link Clock.storeNowMs} */
  constructor(
    private readonly runner: SqlRunner,
    private readonly clock: Clock,
    private readonly remedy: Remedy,
  ) {
    super();
    this.takesTurns = runner.takesTurns;
  }

  override async open(login: Login): Promise<void> {
    await this.runner.executeJoined(
      `INSERT INTO ${this.#table} (issuer, sid, subject, current_jti, current_issued_at, current_expires_at, previous_jti,
         rotated_at_ms, replaced_earlier, created_at, last_used_at, absolute_expires_at, label)
       VALUES (:issuer, :sid, :subject, :currentJti, :currentIssuedAt, :currentExpiresAt, :previousJti,
         :rotatedAtMs, :replacedEarlier, :createdAt, :lastUsedAt, :absoluteExpiresAt, :label)`,
      valuesOf(login),
    );
  }

  override async rotate(rotation: Rotation): Promise<RotationOutcome> {
    const rotated = await this.#replaceAlone(rotation);
    if (rotated) return { outcome: 'rotated', login: rotated };
    for (let looks = 0; looks < LOOKS; looks += 1) {
      const seen = await this.#look(rotation);
      if (!seen) return { outcome: 'unknown' };
      const outcome = classifyPresentedToken(seen.login, rotation, seen.nowMs);
      if (outcome !== 'live') return { outcome, login: seen.login };
      const next = { ...seen.login, ...rotatedFields(seen.login, rotation, seen.nowMs) };
      if (await this.#replaceSeen(seen.login, next)) return { outcome: 'rotated', login: next };
    }
    throw new Error('The live refresh token could not be replaced.');
  }

  override async find(issuer: string, sid: string): Promise<Login | undefined> {
    const { rows } = await this.runner.executeJoined(`SELECT * FROM ${this.#table} WHERE ${KEY}`, { issuer, sid });
    return rows[0] && loginOf(rows[0]);
  }

  override async touch(issuer: string, sid: string, now: number): Promise<void> {
    const sql = `UPDATE ${this.#table} SET last_used_at = :now WHERE ${KEY} AND last_used_at < :now`;
    await this.#execute(sql, { issuer, sid, now });
  }

  override async list(subject: Subject, now: number): Promise<readonly Login[]> {
    const { rows } = await this.runner.executeJoined(
      `SELECT * FROM ${this.#table} WHERE issuer = :issuer AND subject = :subject
         AND current_expires_at > :now AND absolute_expires_at > :now ORDER BY created_at DESC`,
      { issuer: subject.issuer, subject: subject.id, now },
    );
    return rows.map(loginOf);
  }

  override async end(issuer: string, sid: string): Promise<boolean> {
    const { affected } = await this.runner.executeJoined(`DELETE FROM ${this.#table} WHERE ${KEY}`, { issuer, sid });
    return affected > 0;
  }

  override async endAll(subject: Subject, exceptSid?: string): Promise<number> {
    const { affected } = await this.runner.executeJoined(
      `DELETE FROM ${this.#table} WHERE issuer = :issuer AND subject = :subject ${exceptSid === undefined ? '' : 'AND sid <> :exceptSid'}`,
      { issuer: subject.issuer, subject: subject.id, ...(exceptSid !== undefined && { exceptSid }) },
    );
    return affected;
  }

  override async prune(now: number): Promise<number> {
    return pruneInBatches(this.runner, {
      table: this.#table,
      key: ['issuer', 'sid'],
      ended: '(current_expires_at <= :now OR absolute_expires_at <= :now)',
      now: await prunableAt(this.runner, this.clock, now),
    });
  }

  async checkReady(): Promise<void> {
    await checkTable(this.runner, 'logins', this.remedy);
  }

  /**
   * Replaces the live token if nothing else was replaced within the grace: nearly always, and in one statement. Resolves the login
   * as this write left it, or nothing if the token is not the live one or something must be remembered besides it.
   */
  async #replaceAlone({ issuer, sid, from, to, nowMs, graceMs }: Rotation): Promise<Login | undefined> {
    if (from === '') return undefined;
    const now = this.#nowMs;
    const fields = {
      currentJti: to.jti,
      currentIssuedAt: to.issuedAt,
      currentExpiresAt: to.expiresAt,
      previousJti: from,
      lastUsedAt: Math.floor(nowMs / 1_000),
    };
    const { rows, affected } = await this.#execute(
      `UPDATE ${this.#table} SET current_jti = :currentJti, current_issued_at = :currentIssuedAt,
         current_expires_at = :currentExpiresAt, previous_jti = :previousJti, rotated_at_ms = ${now},
         replaced_earlier = NULL, last_used_at = :lastUsedAt
       WHERE ${KEY} AND current_jti = :previousJti AND (rotated_at_ms IS NULL OR rotated_at_ms <= ${now} - :graceMs)
       ${this.#returning}`,
      { issuer, sid, ...fields, graceMs },
    );
    if (rows[0]) return loginOf(rows[0]);
    if (affected === 0) return undefined;
    // The next rotation may already have followed; what this one wrote is known, and the rest of a row never changes.
    const seen = await this.#look({ issuer, sid });
    return seen && { ...seen.login, ...fields };
  }

  /** The login, and the time of the database at which it was read. */
  async #look({ issuer, sid }: Pick<Login, 'issuer' | 'sid'>): Promise<{ login: Login; nowMs: number } | undefined> {
    const sql = `SELECT logins.*, ${this.#nowMs} AS now_ms FROM ${this.#table} logins WHERE ${KEY}`;
    const [row] = (await this.#execute(sql, { issuer, sid })).rows;
    return row && { login: loginOf(row), nowMs: readInteger(row, 'now_ms') };
  }

  /** Replaces the live token, and remembers what was replaced before. Resolves whether the row was still the one that was seen. */
  async #replaceSeen(seen: Login, next: Login): Promise<boolean> {
    const asSeen = seen.rotatedAtMs === undefined ? 'rotated_at_ms IS NULL' : 'rotated_at_ms = :seenRotatedAtMs';
    const { affected } = await this.#execute(
      `UPDATE ${this.#table} SET current_jti = :currentJti, current_issued_at = :currentIssuedAt,
         current_expires_at = :currentExpiresAt, previous_jti = :previousJti, rotated_at_ms = :rotatedAtMs,
         replaced_earlier = :replacedEarlier, last_used_at = :lastUsedAt
       WHERE ${KEY} AND current_jti = :seenJti AND ${asSeen}`,
      { ...valuesOf(next), seenJti: seen.currentJti, seenRotatedAtMs: seen.rotatedAtMs ?? null },
    );
    return affected > 0;
  }

  get #nowMs(): string {
    return nowMsIn(this.runner.dialect, this.clock);
  }

  get #returning(): string {
    return this.runner.dialect === 'mysql' ? '' : 'RETURNING *';
  }

  get #table(): string {
    return this.runner.tables.logins.quoted;
  }

  #execute(sql: string, values: SqlValues): Promise<SqlResult> {
    return this.runner.execute(sql, values);
  }
}

function valuesOf({ replacedEarlier, ...login }: Login): SqlValues {
  return {
    ...login,
    previousJti: login.previousJti ?? null,
    rotatedAtMs: login.rotatedAtMs ?? null,
    replacedEarlier: replacedEarlier === undefined ? null : replacedText(replacedEarlier),
    label: readable(login.label),
  };
}

function loginOf(row: StoredRow): Login {
  return {
    issuer: readString(row, 'issuer'),
    sid: readString(row, 'sid'),
    subject: readString(row, 'subject'),
    currentJti: readString(row, 'current_jti'),
    currentIssuedAt: readInteger(row, 'current_issued_at'),
    currentExpiresAt: readInteger(row, 'current_expires_at'),
    previousJti: readOptionalString(row, 'previous_jti'),
    rotatedAtMs: readOptionalInteger(row, 'rotated_at_ms'),
    replacedEarlier: storedReplaced(row, 'replaced_earlier'),
    createdAt: readInteger(row, 'created_at'),
    lastUsedAt: readInteger(row, 'last_used_at'),
    absoluteExpiresAt: readInteger(row, 'absolute_expires_at'),
    label: readOptionalString(row, 'label'),
  };
}
