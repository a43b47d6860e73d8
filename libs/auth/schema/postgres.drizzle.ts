// Tables of nestjs-latchkey, version 5 of the schema. Its stores write them; read them as you like.
import { bigint, index, pgTable, primaryKey, text, varchar } from 'drizzle-orm/pg-core';

export const latchkeyRevocations = pgTable(
  'latchkey_revocations',
  {
    issuer: varchar('issuer', { length: 255 }).notNull(),
    kind: varchar('kind', { length: 16 }).notNull(),
    id: varchar('id', { length: 255 }).notNull(),
    revokedAt: bigint('revoked_at', { mode: 'number' }).notNull(),
    expiresAt: bigint('expires_at', { mode: 'number' }).notNull(),
    exceptSid: varchar('except_sid', { length: 255 }),
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

export const latchkeyLogins = pgTable(
  'latchkey_logins',
  {
    issuer: varchar('issuer', { length: 255 }).notNull(),
    sid: varchar('sid', { length: 255 }).notNull(),
    subject: varchar('subject', { length: 255 }).notNull(),
    currentJti: varchar('current_jti', { length: 255 }).notNull(),
    currentIssuedAt: bigint('current_issued_at', { mode: 'number' }).notNull(),
    currentExpiresAt: bigint('current_expires_at', { mode: 'number' }).notNull(),
    previousJti: varchar('previous_jti', { length: 255 }),
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

export const latchkeyKeySets = pgTable(
  'latchkey_key_sets',
  {
    address: varchar('address', { length: 255 }).notNull(),
    body: text('body'),
    fetchedAtMs: bigint('fetched_at_ms', { mode: 'number' }).notNull(),
    freshUntilMs: bigint('fresh_until_ms', { mode: 'number' }).notNull(),
    holder: varchar('holder', { length: 64 }).notNull(),
    leaseEndsAtMs: bigint('lease_ends_at_ms', { mode: 'number' }).notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.address] }),
  ],
);

export const latchkeyAudit = pgTable(
  'latchkey_audit',
  {
    id: varchar('id', { length: 255 }).notNull(),
    atMs: bigint('at_ms', { mode: 'number' }).notNull(),
    type: varchar('type', { length: 32 }).notNull(),
    issuer: varchar('issuer', { length: 255 }),
    subject: varchar('subject', { length: 255 }),
    sid: varchar('sid', { length: 255 }),
    code: varchar('code', { length: 64 }),
    detail: varchar('detail', { length: 255 }),
  },
  (table) => [
    primaryKey({ columns: [table.id] }),
    index('latchkey_audit_subject').on(table.subject, table.atMs),
    index('latchkey_audit_moment').on(table.atMs),
  ],
);

export const latchkeyOneTime = pgTable(
  'latchkey_one_time',
  {
    id: varchar('id', { length: 255 }).notNull(),
    expiresAt: bigint('expires_at', { mode: 'number' }).notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.id] }),
    index('latchkey_one_time_end').on(table.expiresAt),
  ],
);
