// Fetched key sets in SQL, so that many processes ask a provider once. One row per address holds the set and the lease; each
// write is one conditional statement.
import { EntitySchema, type DataSource } from 'typeorm';
import { readOptionalString, readInteger } from '../core/internal.js';
import type { CheckedStore } from '../stores.js';
import { KeySetCache, type CachedKeySet, type LeaseRequest } from '../issuers.js';
import { dialectOf, execute, tableOf, type SqlValues } from './database.js';
import { exactId } from './exact-id.js';
import { checkTable } from './readiness.js';

/** A row of `latchkey_key_sets`. Times are epoch milliseconds. */
export interface KeySetRow {
  readonly address: string;
  readonly body: string | null;
  readonly fetchedAtMs: number;
  readonly freshUntilMs: number;
  readonly holder: string;
  readonly leaseEndsAtMs: number;
}

/** Fetched key sets: public keys of other issuers. It may be emptied at any time. */
export const KeySetEntity = new EntitySchema<KeySetRow>({
  name: 'LatchkeyKeySet',
  tableName: 'latchkey_key_sets',
  // Only our migrations know the exact comparison that MariaDB needs.
  synchronize: false,
  columns: {
    address: { type: 'varchar', length: 255, primary: true },
    body: { type: 'text', nullable: true },
    fetchedAtMs: { type: 'bigint', name: 'fetched_at_ms' },
    freshUntilMs: { type: 'bigint', name: 'fresh_until_ms' },
    holder: { type: 'varchar', length: 64 },
    leaseEndsAtMs: { type: 'bigint', name: 'lease_ends_at_ms' },
  },
});

const COLUMNS = 'address, body, fetched_at_ms, fresh_until_ms, holder, lease_ends_at_ms';
const VALUES = ':address, :body, :fetchedAtMs, :freshUntilMs, :holder, :leaseEndsAtMs';
const EMPTY = { body: null, fetchedAtMs: 0, freshUntilMs: 0, holder: '', leaseEndsAtMs: 0 } as const;

/**
 * Shares fetched key sets in one table of your database: name it as `sharedCache` of the issuers in `trust`.
 *
 * @example
 * ```ts
 * import { AuthModule } from 'nestjs-latchkey';
 * import { TypeOrmKeySetCache } from 'nestjs-latchkey/typeorm';
 * import { DataSource } from 'typeorm';
 *
 * export const auth = AuthModule.forRootAsync({
 *   inject: [DataSource],
 *   useFactory: (dataSource: DataSource) => ({
 *     trust: [
 *       {
 *         issuer: 'https://accounts.example.com',
 *         audience: 'courses',
 *         keys: { discovery: true, sharedCache: new TypeOrmKeySetCache(dataSource) },
 *       },
 *     ],
 *   }),
 * });
 * ```
 */
export class TypeOrmKeySetCache extends KeySetCache implements CheckedStore {
  constructor(private readonly dataSource: DataSource) {
    super();
  }

  override async get(address: string): Promise<CachedKeySet | undefined> {
    const sql = `SELECT body, fetched_at_ms, fresh_until_ms FROM ${this.#table} WHERE address = :address AND body IS NOT NULL`;
    const [row] = (await execute(this.dataSource, sql, { address: exactId(address) })).rows;
    if (row === undefined) return undefined;
    return {
      body: readOptionalString(row, 'body') ?? '',
      fetchedAtMs: readInteger(row, 'fetched_at_ms'),
      freshUntilMs: readInteger(row, 'fresh_until_ms'),
    };
  }

  override async put(address: string, set: CachedKeySet): Promise<void> {
    const values = { ...EMPTY, address: exactId(address), ...set };
    const update = `UPDATE ${this.#table} SET body = :body, fetched_at_ms = :fetchedAtMs, fresh_until_ms = :freshUntilMs
      WHERE address = :address AND fetched_at_ms <= :fetchedAtMs`;
    if (await this.#wrote(update, values)) return;
    // Somebody may make the row in between; then it is there to be updated.
    if (!(await this.#insert(values))) await this.#wrote(update, values);
  }

  override async lease({ address, holder, nowMs, leaseMs }: LeaseRequest): Promise<boolean> {
    const values = { ...EMPTY, address: exactId(address), holder, leaseEndsAtMs: nowMs + leaseMs };
    const update = `UPDATE ${this.#table} SET holder = :holder, lease_ends_at_ms = :leaseEndsAtMs
      WHERE address = :address AND lease_ends_at_ms <= :nowMs`;
    return (await this.#wrote(update, { ...values, nowMs })) || this.#insert(values);
  }

  override async release(address: string, holder: string): Promise<void> {
    const sql = `UPDATE ${this.#table} SET holder = '', lease_ends_at_ms = 0 WHERE address = :address AND holder = :holder`;
    await this.#wrote(sql, { address: exactId(address), holder });
  }

  async checkReady(): Promise<void> {
    await checkTable(this.dataSource, KeySetEntity);
  }

  async #insert(values: SqlValues): Promise<boolean> {
    const [verb, unlessThere] =
      dialectOf(this.dataSource) === 'mysql' ? ['INSERT IGNORE', ''] : ['INSERT', 'ON CONFLICT DO NOTHING'];
    return this.#wrote(`${verb} INTO ${this.#table} (${COLUMNS}) VALUES (${VALUES}) ${unlessThere}`, values);
  }

  async #wrote(sql: string, values: SqlValues): Promise<boolean> {
    return (await execute(this.dataSource, sql, values)).affected > 0;
  }

  get #table(): string {
    return tableOf(this.dataSource, KeySetEntity);
  }
}
