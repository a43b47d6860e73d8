// The audit trail in SQL: one row an entry, which is written once and never changed.
import { readInteger, readOptionalString, readString, listLength, type Subject } from '../core/internal.js';
import type { StoredRow, TurnTakingStore, CheckedStore } from '../stores.js';
import { AuditSink, type AuditEntry } from '../events.js';
import { exactId, readable } from './column-text.js';
import { pruneInBatches } from './pruning.js';
import { checkTable, type Remedy } from './readiness.js';
import { insertUnlessThere, limitTo, type SqlRunner } from './runner.js';

const COLUMNS = {
  id: ':id',
  at_ms: ':atMs',
  type: ':type',
  issuer: ':issuer',
  subject: ':subject',
  sid: ':sid',
  code: ':code',
  detail: ':detail',
} as const;

/** The audit trail in one table of your database. */
export class SqlAuditSink extends AuditSink implements CheckedStore, TurnTakingStore {
  /** Whether the database has a pool of connections, which the rest of the application may use up. */
  readonly takesTurns: boolean;

  /** @internal */
  constructor(
    private readonly runner: SqlRunner,
    private readonly remedy: Remedy,
  ) {
    super();
    this.takesTurns = runner.takesTurns;
  }

  override async record(entry: AuditEntry): Promise<void> {
    const { id, atMs, type, issuer, subject, sid, code = null, detail } = entry;
    const ids = { issuer: exactOrNothing(issuer), subject: exactOrNothing(subject), sid: exactOrNothing(sid) };
    const sql = insertUnlessThere(this.runner.dialect, this.#table, COLUMNS);
    await this.runner.executeJoined(sql, { id, atMs, type, code, detail: readable(detail), ...ids });
  }

  override async list({ issuer, id }: Subject, limit: number): Promise<readonly AuditEntry[]> {
    const sql = `SELECT * FROM ${this.#table} WHERE issuer = :issuer AND subject = :subject
      ORDER BY at_ms DESC ${limitTo(listLength(limit))}`;
    const { rows } = await this.runner.execute(sql, { issuer: exactId(issuer), subject: exactId(id) });
    return rows.map(entryOf);
  }

  override async prune(beforeMs: number): Promise<number> {
    return pruneInBatches(this.runner, { table: this.#table, key: ['id'], ended: 'at_ms < :now', now: beforeMs });
  }

  async checkReady(): Promise<void> {
    await checkTable(this.runner, 'audit', this.remedy);
  }

  get #table(): string {
    return this.runner.tables.audit.quoted;
  }
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
