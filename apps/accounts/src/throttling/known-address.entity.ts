import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A name and a network from which it signed in before, as a digest of both. */
@Entity('known_addresses')
export class KnownAddress {
  @PrimaryColumn('varchar', { length: 64 })
  digest!: string;

  /** How often. With each success the failures before it are forgotten. */
  @Column('int')
  successes!: number;

  /** Epoch seconds. */
  @Column('bigint', { name: 'seen_at' })
  seenAt!: number;
}
