import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Which user of ours an account at an identity provider belongs to. Neither a name nor an e-mail address is part of it. */
@Entity('external_accounts')
export class ExternalAccount {
  /** Of issuer and subject, in hex: some databases compare texts without case, and subjects differ by it. */
  @PrimaryColumn('varchar', { length: 64 })
  digest!: string;

  @Column('varchar', { length: 255 })
  issuer!: string;

  @Column('varchar', { length: 255 })
  subject!: string;

  @Column('varchar', { name: 'user_id', length: 36 })
  userId!: string;
}
