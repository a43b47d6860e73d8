// How the two stores look as TypeORM entities: ids and times, never a token. They are for readers and for the check
// at boot; the stores write SQL of their own, and only our migrations make the tables.
import { EntitySchema, type EntitySchemaColumnOptions } from 'typeorm';
import { readOptionalString, readOptionalInteger } from '../core/internal.js';
import type { RevocationKind } from '../stores.js';
import { AuditEntity } from './audit-entity.js';
import { KeySetEntity } from './key-set-entity.js';
import { OneTimeEntity } from './one-time-entity.js';

/** A row of `latchkey_revocations`. Times are epoch seconds. */
export interface RevocationRow {
  readonly issuer: string;
  readonly kind: RevocationKind;
  readonly id: string;
  readonly revokedAt: number;
  readonly expiresAt: number;
  readonly exceptSid: string | null;
  readonly reason: string | null;
  /** When the row was last written, by the clock of the database. */
  readonly changedAt: number;
}

/** A row of `latchkey_logins`: one sign-in. Times are epoch seconds unless the name says otherwise. */
export interface LoginRow {
  readonly issuer: string;
  readonly sid: string;
  readonly subject: string;
  readonly currentJti: string;
  readonly currentIssuedAt: number;
  readonly currentExpiresAt: number;
  readonly previousJti: string | null;
  readonly rotatedAtMs: number | null;
  /** A JSON list of pairs, `[jti, epoch milliseconds]`: what was replaced before the previous one and within its grace. */
  readonly replacedEarlier: string | null;
  readonly createdAt: number;
  readonly lastUsedAt: number;
  readonly absoluteExpiresAt: number;
  readonly label: string | null;
}

const text = (name: string, more: Partial<EntitySchemaColumnOptions> = {}): EntitySchemaColumnOptions => ({
  type: 'varchar',
  length: 255,
  name,
  ...more,
  transformer: { from: (value: unknown) => readOptionalString({ [name]: value }, name) ?? null, to: asIs },
});

const whole = (name: string, more: Partial<EntitySchemaColumnOptions> = {}): EntitySchemaColumnOptions => ({
  type: 'bigint',
  name,
  ...more,
  transformer: { from: (value: unknown) => readOptionalInteger({ [name]: value }, name) ?? null, to: asIs },
});

/** The blocklist. Read it as you like; write it through `BlocklistService`. */
export const RevocationEntity = new EntitySchema<RevocationRow>({
  name: 'LatchkeyRevocation',
  tableName: 'latchkey_revocations',
  // `synchronize` would know neither the exact comparison that MariaDB needs nor that migrations were here first.
  synchronize: false,
  columns: {
    issuer: text('issuer', { primary: true }),
    kind: text('kind', { primary: true, length: 16 }),
    id: text('id', { primary: true }),
    revokedAt: whole('revoked_at'),
    expiresAt: whole('expires_at'),
    exceptSid: text('except_sid', { nullable: true }),
    reason: text('reason', { nullable: true }),
    changedAt: whole('changed_at'),
  },
  indices: [
    { name: 'latchkey_revocations_moment', columns: ['revokedAt'] },
    { name: 'latchkey_revocations_end', columns: ['expiresAt'] },
    { name: 'latchkey_revocations_change', columns: ['changedAt'] },
  ],
});

/** The sign-ins. Read it as you like; write it through `TokenService`. */
export const LoginEntity = new EntitySchema<LoginRow>({
  name: 'LatchkeyLogin',
  tableName: 'latchkey_logins',
  synchronize: false,
  columns: {
    issuer: text('issuer', { primary: true }),
    sid: text('sid', { primary: true }),
    subject: text('subject'),
    currentJti: text('current_jti'),
    currentIssuedAt: whole('current_issued_at'),
    currentExpiresAt: whole('current_expires_at'),
    previousJti: text('previous_jti', { nullable: true }),
    rotatedAtMs: whole('rotated_at_ms', { nullable: true }),
    replacedEarlier: { type: 'text', name: 'replaced_earlier', nullable: true },
    createdAt: whole('created_at'),
    lastUsedAt: whole('last_used_at'),
    absoluteExpiresAt: whole('absolute_expires_at'),
    label: text('label', { nullable: true }),
  },
  // None on the ends: every refresh would have to move it, and pruning can afford to read the table.
  indices: [{ name: 'latchkey_logins_subject', columns: ['issuer', 'subject'] }],
});

/**
 * All entities, for the `entities` of a DataSource.
 *
 * @example
 * ```ts
 * import { latchkeyEntities, latchkeyMigrations } from 'nestjs-latchkey/typeorm';
 * import { DataSource } from 'typeorm';
 *
 * export const dataSource = new DataSource({
 *   type: 'postgres',
 *   entities: [...latchkeyEntities],
 *   migrations: [...latchkeyMigrations],
 *   migrationsRun: true,
 * });
 * ```
 */
export const latchkeyEntities = [RevocationEntity, LoginEntity, KeySetEntity, AuditEntity, OneTimeEntity] as const;

function asIs(value: unknown): unknown {
  return value;
}
