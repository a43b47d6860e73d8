// How the audit trail looks as a TypeORM entity.
import { EntitySchema, type EntitySchemaColumnOptions } from 'typeorm';

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
