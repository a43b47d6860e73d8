// How fetched key sets look as a TypeORM entity.
import { EntitySchema } from 'typeorm';

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
