// Tables of nestjs-latchkey, version 5 of the schema. Its stores write them; read them as you like.
import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';

export const latchkeyRevocations = sqliteTable(
  'latchkey_revocations',
  {
    issuer: text('issuer').notNull(),
    kind: text('kind').notNull(),
    id: text('id').notNull(),
    revokedAt: integer('revoked_at', { mode: 'number' }).notNull(),
    expiresAt: integer('expires_at', { mode: 'number' }).notNull(),
    exceptSid: text('except_sid'),
    reason: text('reason'),
    changedAt: integer('changed_at', { mode: 'number' }).notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.issuer, table.kind, table.id] }),
    index('latchkey_revocations_moment').on(table.revokedAt),
    index('latchkey_revocations_end').on(table.expiresAt),
    index('latchkey_revocations_change').on(table.changedAt),
  ],
);

export const latchkeyLogins = sqliteTable(
  'latchkey_logins',
  {
    issuer: text('issuer').notNull(),
    sid: text('sid').notNull(),
    subject: text('subject').notNull(),
    currentJti: text('current_jti').notNull(),
    currentIssuedAt: integer('current_issued_at', { mode: 'number' }).notNull(),
    currentExpiresAt: integer('current_expires_at', { mode: 'number' }).notNull(),
    previousJti: text('previous_jti'),
    rotatedAtMs: integer('rotated_at_ms', { mode: 'number' }),
    createdAt: integer('created_at', { mode: 'number' }).notNull(),
    lastUsedAt: integer('last_used_at', { mode: 'number' }).notNull(),
    absoluteExpiresAt: integer('absolute_expires_at', { mode: 'number' }).notNull(),
    label: text('label'),
    replacedEarlier: text('replaced_earlier'),
  },
  (table) => [
    primaryKey({ columns: [table.issuer, table.sid] }),
    index('latchkey_logins_subject').on(table.issuer, table.subject),
  ],
);

export const latchkeyKeySets = sqliteTable(
  'latchkey_key_sets',
  {
    address: text('address').notNull(),
    body: text('body'),
    fetchedAtMs: integer('fetched_at_ms', { mode: 'number' }).notNull(),
    freshUntilMs: integer('fresh_until_ms', { mode: 'number' }).notNull(),
    holder: text('holder').notNull(),
    leaseEndsAtMs: integer('lease_ends_at_ms', { mode: 'number' }).notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.address] }),
  ],
);

export const latchkeyAudit = sqliteTable(
  'latchkey_audit',
  {
    id: text('id').notNull(),
    atMs: integer('at_ms', { mode: 'number' }).notNull(),
    type: text('type').notNull(),
    issuer: text('issuer'),
    subject: text('subject'),
    sid: text('sid'),
    code: text('code'),
    detail: text('detail'),
  },
  (table) => [
    primaryKey({ columns: [table.id] }),
    index('latchkey_audit_subject').on(table.subject, table.atMs),
    index('latchkey_audit_moment').on(table.atMs),
  ],
);

export const latchkeyOneTime = sqliteTable(
  'latchkey_one_time',
  {
    id: text('id').notNull(),
    expiresAt: integer('expires_at', { mode: 'number' }).notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.id] }),
    index('latchkey_one_time_end').on(table.expiresAt),
  ],
);
