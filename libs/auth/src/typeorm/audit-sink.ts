// The audit trail in SQL: one row an entry, which is written once and never changed.
import { DataSource, EntitySchema, type EntitySchemaColumnOptions } from 'typeorm';
import {
  type Subject,
  readString,
  readOptionalString,
  readInteger,
  type StoredRow,
  type TurnTakingStore,
} from '../core/internal.js';
import type { CheckedStore } from '../stores.js';
import { AuditSink, type AuditEntry, type AuditSinkFactory } from '../events.js';
import { dialectOf, execute, tableOf } from './database.js';
import { exactId, readable } from './exact-id.js';
import { pruneInBatches } from './pruning.js';
import { checkTable } from './readiness.js';

/** A row of `latchkey_audit`. */
export interface AuditRow {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly atMs: number;
  readonly type: string;
  readonly issuer: string | null;
  readonly subject: string | null;
  readonly sid: string | null;
  readonly code: string | null;
  readonly detail: string | null;
}

const text: EntitySchemaColumnOptions = { type: 'varchar', length: 255, nullable: true };

/** The audit trail. Read it as you like; the module writes it. */
export const AuditEntity = new EntitySchema<AuditRow>({
  name: 'LatchkeyAudit',
  tableName: 'latchkey_audit',
  // Only our migrations know the exact comparison that MariaDB needs.
  synchronize: false,
  columns: {
    id: { ...text, nullable: false, primary: true },
    atMs: { type: 'bigint', name: 'at_ms' },
    type: { type: 'varchar', length: 32 },
    issuer: text,
    subject: text,
    sid: text,
    code: { ...text, length: 64 },
    detail: text,
  },
  indices: [
    { name: 'latchkey_audit_subject', columns: ['subject', 'atMs'] },
    { name: 'latchkey_audit_moment', columns: ['atMs'] },
  ],
});

/** The audit trail in one table of your database. */
export class TypeOrmAuditSink extends AuditSink implements CheckedStore, TurnTakingStore {
  /** Whether the database has a pool of connections, which the rest of the application may use up. */
  readonly takesTurns: boolean;

  constructor(private readonly dataSource: DataSource) {
    super();
    this.takesTurns = dialectOf(dataSource) !== 'sqlite';
  }

  override async record(entry: AuditEntry): Promise<void> {
    const [verb, unlessThere] =
      dialectOf(this.dataSource) === 'mysql' ? ['INSERT IGNORE', ''] : ['INSERT', 'ON CONFLICT DO NOTHING'];
    const sql = `${verb} INTO ${this.#table} (id, at_ms, type, issuer, subject, sid, code, detail)
      VALUES (:id, :atMs, :type, :issuer, :subject, :sid, :code, :detail) ${unlessThere}`;
    const { id, atMs, type, issuer, subject, sid, code = null, detail } = entry;
    const ids = { issuer: exactOrNothing(issuer), subject: exactOrNothing(subject), sid: exactOrNothing(sid) };
    await execute(this.dataSource, sql, { id, atMs, type, code, detail: readable(detail), ...ids });
  }

  override async list({ issuer, id }: Subject, limit: number): Promise<readonly AuditEntry[]> {
    const sql = `SELECT * FROM ${this.#table} WHERE issuer = :issuer AND subject = :subject ORDER BY at_ms DESC LIMIT :limit`;
    const values = { issuer: exactId(issuer), subject: exactId(id), limit: Math.min(limit, 1_000) };
    return (await execute(this.dataSource, sql, values)).rows.map(entryOf);
  }

  override async prune(beforeMs: number): Promise<number> {
    return pruneInBatches(this.dataSource, { table: this.#table, key: ['id'], ended: 'at_ms < :now', now: beforeMs });
  }

  async checkReady(): Promise<void> {
    await checkTable(this.dataSource, AuditEntity);
  }

  get #table(): string {
    return tableOf(this.dataSource, AuditEntity);
  }
}

/**
 * Keeps the audit trail in your own database.
 *
 * @param dataSource the injection token of the DataSource, for an application that has several
 * @example
 * ```ts
 * import { AuthModule } from 'nestjs-latchkey';
 * import { typeOrmAuditSink, typeOrmStores } from 'nestjs-latchkey/typeorm';
 *
 * export const auth = AuthModule.forRoot({ stores: typeOrmStores(), audit: { sink: typeOrmAuditSink() } });
 * ```
 */
export function typeOrmAuditSink(dataSource: unknown = DataSource): AuditSinkFactory {
  return { inject: [dataSource], useFactory: (source: DataSource) => new TypeOrmAuditSink(source) };
}

function exactOrNothing(id: string | undefined): string | null {
  return id === undefined ? null : exactId(id);
}

function entryOf(row: StoredRow): AuditEntry {
  return {
    id: readString(row, 'id'),
    atMs: readInteger(row, 'at_ms'),
    // Only `record` writes rows.
    type: readString(row, 'type') as AuditEntry['type'],
    issuer: readOptionalString(row, 'issuer'),
    subject: readOptionalString(row, 'subject'),
    sid: readOptionalString(row, 'sid'),
    code: readOptionalString(row, 'code') as AuditEntry['code'],
    detail: readOptionalString(row, 'detail'),
  };
}
