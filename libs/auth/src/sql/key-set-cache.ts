// Fetched key sets in SQL, so that many processes ask a provider once. One row per URL holds the set and the lease; each write is one
// conditional statement.
import { readInteger, readOptionalString } from '../core/internal.js';
import type { CheckedStore } from '../stores.js';
import { KeySetCache, type CachedKeySet, type LeaseRequest } from '../issuers.js';
import { exactId } from './column-text.js';
import { checkTable, type Remedy } from './readiness.js';
import { insertUnlessThere, type SqlRunner } from './runner.js';
import type { SqlValues } from './statements.js';

const COLUMNS = {
  address: ':address',
  body: ':body',
  fetched_at_ms: ':fetchedAtMs',
  fresh_until_ms: ':freshUntilMs',
  holder: ':holder',
  lease_ends_at_ms: ':leaseEndsAtMs',
} as const;
const EMPTY = { body: null, fetchedAtMs: 0, freshUntilMs: 0, holder: '', leaseEndsAtMs: 0 } as const;

/** The cache over a database that is known already. */
export class StoredKeySetCache extends KeySetCache implements CheckedStore {
  /** @internal */
  constructor(
    private readonly runner: SqlRunner,
    private readonly remedy: Remedy,
  ) {
    super();
  }

  override async get(address: string): Promise<CachedKeySet | undefined> {
    const sql = `SELECT body, fetched_at_ms, fresh_until_ms FROM ${this.#table} WHERE address = :address AND body IS NOT NULL`;
    const [row] = (await this.runner.execute(sql, { address: exactId(address) })).rows;
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
    // Another process may make the row in between; then it is there to be updated.
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
    await checkTable(this.runner, 'keySets', this.remedy);
  }

  async #insert(values: SqlValues): Promise<boolean> {
    return this.#wrote(insertUnlessThere(this.runner.dialect, this.#table, COLUMNS), values);
  }

  async #wrote(sql: string, values: SqlValues): Promise<boolean> {
    return (await this.runner.execute(sql, values)).affected > 0;
  }

  get #table(): string {
    return this.runner.tables.keySets.quoted;
  }
}
