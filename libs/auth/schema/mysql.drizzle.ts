// Tables of nestjs-latchkey, version 5 of the schema. Its stores write them; read them as you like.
import { bigint, index, mediumtext, mysqlTable, primaryKey, text, varbinary, varchar } from 'drizzle-orm/mysql-core';

export const latchkeyRevocations = mysqlTable(
  'latchkey_revocations',
  {
    issuer: varbinary('issuer', { length: 765 }).notNull(),
    kind: varbinary('kind', { length: 16 }).notNull(),
    id: varbinary('id', { length: 765 }).notNull(),
    revokedAt: bigint('revoked_at', { mode: 'number' }).notNull(),
    expiresAt: bigint('expires_at', { mode: 'number' }).notNull(),
    exceptSid: varbinary('except_sid', { length: 765 }),
    reason: varchar('reason', { length: 255 }),
    changedAt: bigint('changed_at', { mode: 'number' }).notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.issuer, table.kind, table.id] }),
    index('latchkey_revocations_moment').on(table.revokedAt),
    index('latchkey_revocations_end').on(table.expiresAt),
    index('latchkey_revocations_change').on(table.changedAt),
  ],
);

export const latchkeyLogins = mysqlTable(
  'latchkey_logins',
  {
    issuer: varbinary('issuer', { length: 765 }).notNull(),
    sid: varbinary('sid', { length: 765 }).notNull(),
    subject: varbinary('subject', { length: 765 }).notNull(),
    currentJti: varbinary('current_jti', { length: 765 }).notNull(),
    currentIssuedAt: bigint('current_issued_at', { mode: 'number' }).notNull(),
    currentExpiresAt: bigint('current_expires_at', { mode: 'number' }).notNull(),
    previousJti: varbinary('previous_jti', { length: 765 }),
    rotatedAtMs: bigint('rotated_at_ms', { mode: 'number' }),
    createdAt: bigint('created_at', { mode: 'number' }).notNull(),
    lastUsedAt: bigint('last_used_at', { mode: 'number' }).notNull(),
    absoluteExpiresAt: bigint('absolute_expires_at', { mode: 'number' }).notNull(),
    label: varchar('label', { length: 255 }),
    replacedEarlier: text('replaced_earlier'),
  },
  (table) => [
    primaryKey({ columns: [table.issuer, table.sid] }),
    index('latchkey_logins_subject').on(table.issuer, table.subject),
  ],
);

export const latchkeyKeySets = mysqlTable(
  'latchkey_key_sets',
  {
    address: varbinary('address', { length: 765 }).notNull(),
    body: mediumtext('body'),
    fetchedAtMs: bigint('fetched_at_ms', { mode: 'number' }).notNull(),
    freshUntilMs: bigint('fresh_until_ms', { mode: 'number' }).notNull(),
    holder: varchar('holder', { length: 64 }).notNull(),
    leaseEndsAtMs: bigint('lease_ends_at_ms', { mode: 'number' }).notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.address] }),
  ],
);

export const latchkeyAudit = mysqlTable(
  'latchkey_audit',
  {
    id: varbinary('id', { length: 765 }).notNull(),
    atMs: bigint('at_ms', { mode: 'number' }).notNull(),
    type: varchar('type', { length: 32 }).notNull(),
    issuer: varbinary('issuer', { length: 765 }),
    subject: varbinary('subject', { length: 765 }),
    sid: varbinary('sid', { length: 765 }),
    code: varchar('code', { length: 64 }),
    detail: varchar('detail', { length: 255 }),
  },
  (table) => [
    primaryKey({ columns: [table.id] }),
    index('latchkey_audit_subject').on(table.subject, table.atMs),
    index('latchkey_audit_moment').on(table.atMs),
  ],
);

export const latchkeyOneTime = mysqlTable(
  'latchkey_one_time',
  {
    id: varbinary('id', { length: 765 }).notNull(),
    expiresAt: bigint('expires_at', { mode: 'number' }).notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.id] }),
    index('latchkey_one_time_end').on(table.expiresAt),
  ],
);
