import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A host session. Its id is in the user's cookie, so only a digest of it is stored: the table cannot be used to open a session. */
@Entity('http_sessions')
export class SessionRow {
  @PrimaryColumn('varchar', { length: 64 })
  digest!: string;

  /** What the session holds, as JSON. */
  @Column('text')
  content!: string;

  /** Epoch seconds. */
  @Index('http_sessions_expires_at')
  @Column('bigint', { name: 'expires_at', transformer: { to: Number, from: Number } })
  expiresAt!: number;
}
