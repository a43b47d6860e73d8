// Owns the sign-ins in SQL: one row each, and one conditional UPDATE that decides every race over it. Answers the forked family
// (J-09 to J-11): a read before the write would let two processes believe that they hold the live token.
import type { DataSource } from 'typeorm';
import type { Subject } from '../core/principal.js';
import {
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
import { dialectOf, execute, tableOf, type Executed, type SqlValues } from './database.js';
import { FamilyEntity } from './entities.js';
import { readable } from './exact-id.js';
import { pruneInBatches } from './pruning.js';
import { checkTable } from './readiness.js';

const KEY = 'issuer = :issuer AND sid = :sid';

/** The sign-ins in one table of your database, one row each. */
export class TypeOrmRefreshStore extends RefreshStore implements CheckedStore {
  constructor(private readonly dataSource: DataSource) {
    super();
  }

  override async open(family: Family): Promise<void> {
    await this.#execute(
      `INSERT INTO ${this.#table} (issuer, sid, subject, current_jti, current_issued_at, current_expires_at, previous_jti,
         rotated_at_ms, created_at, last_used_at, absolute_expires_at, label)
       VALUES (:issuer, :sid, :subject, :currentJti, :currentIssuedAt, :currentExpiresAt, :previousJti,
         :rotatedAtMs, :createdAt, :lastUsedAt, :absoluteExpiresAt, :label)`,
      valuesOf(family),
    );
  }

  override async rotate(rotation: Rotation): Promise<RotationOutcome> {
    const rotated = await this.#replaceLive(rotation);
    if (rotated) return { outcome: 'rotated', family: rotated };
    const family = await this.find(rotation.issuer, rotation.sid);
    if (!family) return { outcome: 'unknown' };
    const outcome = standingOf(family, rotation);
    // A leaf is handed out only after it was written, so that it cannot become live between the write and the reading.
    if (outcome === 'live') throw new Error('The live refresh token could not be replaced.');
    return { outcome, family };
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
      now,
    });
  }

  async checkReady(): Promise<void> {
    await checkTable(this.dataSource, FamilyEntity);
  }

  /** The one write that decides. Answers the family as this write left it, or nothing where the token is not the live one. */
  async #replaceLive(rotation: Rotation): Promise<Family | undefined> {
    if (rotation.from === '') return undefined;
    const { issuer, sid } = rotation;
    const fields = rotatedFields(rotation);
    const { rows, affected } = await this.#execute(
      `UPDATE ${this.#table} SET current_jti = :currentJti, current_issued_at = :currentIssuedAt,
         current_expires_at = :currentExpiresAt, previous_jti = :previousJti, rotated_at_ms = :rotatedAtMs,
         last_used_at = :lastUsedAt
       WHERE ${KEY} AND current_jti = :previousJti ${this.#returning}`,
      { issuer, sid, ...fields },
    );
    if (rows[0]) return familyOf(rows[0]);
    if (affected === 0) return undefined;
    // The next rotation may already have followed; what this one wrote is known, and the rest of a row never changes.
    const family = await this.find(issuer, sid);
    return family && { ...family, ...fields };
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

function valuesOf(family: Family): SqlValues {
  return {
    ...family,
    previousJti: family.previousJti ?? null,
    rotatedAtMs: family.rotatedAtMs ?? null,
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
    createdAt: storedWhole(row, 'created_at'),
    lastUsedAt: storedWhole(row, 'last_used_at'),
    absoluteExpiresAt: storedWhole(row, 'absolute_expires_at'),
    label: storedTextOrNothing(row, 'label'),
  };
}
