// The sign-ins in SQL: one row each, and one conditional UPDATE that decides every race over it. Answers the forked family
// (J-09 to J-11): where something is read before the write, the write takes place on the very row that was read or not at all.
import type { DataSource } from 'typeorm';
import { SystemClock, type Clock } from '../core/clock.js';
import type { Subject } from '../core/principal.js';
import {
  replacedText,
  storedReplaced,
  storedText,
  storedTextOrNothing,
  storedWhole,
  storedWholeOrNothing,
  type StoredRow,
} from '../core/stores/stored.js';
import {
  RefreshStore,
  type CheckedStore,
  type Family,
  type Rotation,
  type RotationOutcome,
} from '../core/stores/stores.js';
import { rotatedFields, standingOf } from '../core/stores/verdicts.js';
import type { TurnTakingStore } from '../core/stores/turns.js';
import { dialectOf, execute, tableOf, type Executed, type SqlValues } from './database.js';
import { FamilyEntity } from './entities.js';
import { readable } from './exact-id.js';
import { pruneInBatches } from './pruning.js';
import { checkTable } from './readiness.js';
import { forgettableAt, nowMsIn } from './store-clock.js';

/** Whoever loses a race reads again and finds that its token was replaced; only a rotation that is taken back needs a third look. */
const LOOKS = 5;
const KEY = 'issuer = :issuer AND sid = :sid';

/** The sign-ins in one table of your database, one row each. */
export class TypeOrmRefreshStore extends RefreshStore implements CheckedStore, TurnTakingStore {
  /** Whether the database has a pool of connections, which the rest of the application may use up. */
  readonly takesTurns: boolean;

  /** @param clock moves the grace by hand where it tells the stores' time: see {@link Clock.storeNowMs} */
  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock = new SystemClock(),
  ) {
    super();
    this.takesTurns = dialectOf(dataSource) !== 'sqlite';
  }

  override async open(family: Family): Promise<void> {
    await this.#execute(
      `INSERT INTO ${this.#table} (issuer, sid, subject, current_jti, current_issued_at, current_expires_at, previous_jti,
         rotated_at_ms, replaced_earlier, created_at, last_used_at, absolute_expires_at, label)
       VALUES (:issuer, :sid, :subject, :currentJti, :currentIssuedAt, :currentExpiresAt, :previousJti,
         :rotatedAtMs, :replacedEarlier, :createdAt, :lastUsedAt, :absoluteExpiresAt, :label)`,
      valuesOf(family),
    );
  }

  override async rotate(rotation: Rotation): Promise<RotationOutcome> {
    const rotated = await this.#replaceAlone(rotation);
    if (rotated) return { outcome: 'rotated', family: rotated };
    for (let looks = 0; looks < LOOKS; looks += 1) {
      const seen = await this.#look(rotation);
      if (!seen) return { outcome: 'unknown' };
      const outcome = standingOf(seen.family, rotation, seen.nowMs);
      if (outcome !== 'live') return { outcome, family: seen.family };
      const next = { ...seen.family, ...rotatedFields(seen.family, rotation, seen.nowMs) };
      if (await this.#replaceSeen(seen.family, next)) return { outcome: 'rotated', family: next };
    }
    throw new Error('The live refresh token could not be replaced.');
  }

  override async find(issuer: string, sid: string): Promise<Family | undefined> {
    const { rows } = await this.#execute(`SELECT * FROM ${this.#table} WHERE ${KEY}`, { issuer, sid });
    return rows[0] && familyOf(rows[0]);
  }

  override async touch(issuer: string, sid: string, now: number): Promise<void> {
    const sql = `UPDATE ${this.#table} SET last_used_at = :now WHERE ${KEY} AND last_used_at < :now`;
    await this.#execute(sql, { issuer, sid, now });
  }

  override async list(subject: Subject, now: number): Promise<readonly Family[]> {
    const { rows } = await this.#execute(
      `SELECT * FROM ${this.#table} WHERE issuer = :issuer AND subject = :subject
         AND current_expires_at > :now AND absolute_expires_at > :now ORDER BY created_at DESC`,
      { issuer: subject.issuer, subject: subject.id, now },
    );
    return rows.map(familyOf);
  }

  override async end(issuer: string, sid: string): Promise<boolean> {
    const { affected } = await this.#execute(`DELETE FROM ${this.#table} WHERE ${KEY}`, { issuer, sid });
    return affected > 0;
  }

  override async endAll(subject: Subject, exceptSid?: string): Promise<number> {
    const { affected } = await this.#execute(
      `DELETE FROM ${this.#table} WHERE issuer = :issuer AND subject = :subject ${exceptSid === undefined ? '' : 'AND sid <> :exceptSid'}`,
      { issuer: subject.issuer, subject: subject.id, ...(exceptSid !== undefined && { exceptSid }) },
    );
    return affected;
  }

  override async prune(now: number): Promise<number> {
    return pruneInBatches(this.dataSource, {
      table: this.#table,
      key: ['issuer', 'sid'],
      ended: '(current_expires_at <= :now OR absolute_expires_at <= :now)',
      now: await forgettableAt(this.dataSource, this.clock, now),
    });
  }

  async checkReady(): Promise<void> {
    await checkTable(this.dataSource, FamilyEntity);
  }

  /**
   * Replaces the live token where nothing else was replaced within the grace: nearly always, and in one statement. Answers the family
   * as this write left it, or nothing where the token is not the live one or something must be remembered besides it.
   */
  async #replaceAlone({ issuer, sid, from, to, nowMs, graceMs }: Rotation): Promise<Family | undefined> {
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
    if (rows[0]) return familyOf(rows[0]);
    if (affected === 0) return undefined;
    // The next rotation may already have followed; what this one wrote is known, and the rest of a row never changes.
    const seen = await this.#look({ issuer, sid });
    return seen && { ...seen.family, ...fields };
  }

  /** The family, and the moment of the database at which it was so. */
  async #look({ issuer, sid }: Pick<Family, 'issuer' | 'sid'>): Promise<{ family: Family; nowMs: number } | undefined> {
    const sql = `SELECT families.*, ${this.#nowMs} AS now_ms FROM ${this.#table} families WHERE ${KEY}`;
    const [row] = (await this.#execute(sql, { issuer, sid })).rows;
    return row && { family: familyOf(row), nowMs: storedWhole(row, 'now_ms') };
  }

  /** Replaces the live token, and remembers what was replaced before. Answers whether the row was still the one that was seen. */
  async #replaceSeen(seen: Family, next: Family): Promise<boolean> {
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
    return nowMsIn(this.dataSource, this.clock);
  }

  get #returning(): string {
    return dialectOf(this.dataSource) === 'mysql' ? '' : 'RETURNING *';
  }

  get #table(): string {
    return tableOf(this.dataSource, FamilyEntity);
  }

  #execute(sql: string, values: SqlValues): Promise<Executed> {
    return execute(this.dataSource, sql, values);
  }
}

function valuesOf({ replacedEarlier, ...family }: Family): SqlValues {
  return {
    ...family,
    previousJti: family.previousJti ?? null,
    rotatedAtMs: family.rotatedAtMs ?? null,
    replacedEarlier: replacedEarlier === undefined ? null : replacedText(replacedEarlier),
    label: readable(family.label),
  };
}

function familyOf(row: StoredRow): Family {
  return {
    issuer: storedText(row, 'issuer'),
    sid: storedText(row, 'sid'),
    subject: storedText(row, 'subject'),
    currentJti: storedText(row, 'current_jti'),
    currentIssuedAt: storedWhole(row, 'current_issued_at'),
    currentExpiresAt: storedWhole(row, 'current_expires_at'),
    previousJti: storedTextOrNothing(row, 'previous_jti'),
    rotatedAtMs: storedWholeOrNothing(row, 'rotated_at_ms'),
    replacedEarlier: storedReplaced(row, 'replaced_earlier'),
    createdAt: storedWhole(row, 'created_at'),
    lastUsedAt: storedWhole(row, 'last_used_at'),
    absoluteExpiresAt: storedWhole(row, 'absolute_expires_at'),
    label: storedTextOrNothing(row, 'label'),
  };
}
