// How used one-time tokens look as a TypeORM entity.
import { EntitySchema } from 'typeorm';

/** A row of `latchkey_one_time`: an id that was used. */
export interface OneTimeRow {
  readonly id: string;
  /** Epoch seconds. */
  readonly expiresAt: number;
}

/** What was used once. Read it as you like; write it through `OneTimeTokens`. */
export const OneTimeEntity = new EntitySchema<OneTimeRow>({
  name: 'LatchkeyOneTime',
  tableName: 'latchkey_one_time',
  // Only our migrations know the exact comparison that MariaDB needs.
  synchronize: false,
  columns: {
    id: { type: 'varchar', length: 255, primary: true },
    expiresAt: { type: 'bigint', name: 'expires_at' },
  },
  indices: [{ name: 'latchkey_one_time_end', columns: ['expiresAt'] }],
});
