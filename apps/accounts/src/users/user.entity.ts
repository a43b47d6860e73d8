import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('users')
export class User {
  @PrimaryColumn('varchar', { length: 36 })
  id!: string;

  /** As `normaliseUsername` writes it. */
  @Column('varchar', { length: 64, unique: true })
  username!: string;

  /** Read only where a password is checked, so that it cannot be answered or logged by mistake. */
  @Column('varchar', { name: 'password_hash', length: 255, select: false })
  passwordHash?: string;

  @Column('boolean', { default: true })
  active!: boolean;

  /** In base32, for users who have an authenticator. Read only where a code is checked. A product would encrypt it under a key of its own. */
  @Column('varchar', { name: 'totp_secret', length: 64, nullable: true, select: false })
  totpSecret?: string | null;

  /** The time step of the last code that was accepted: it and all before it are used up. */
  @Column('int', { name: 'totp_last_step', default: 0, select: false })
  totpLastStep?: number;

  /** Goes up with every change of the password: what was issued before ends. */
  @Column('int', { default: 1 })
  version!: number;

  @Column('simple-array')
  roles!: string[];

  @Column('simple-array')
  scopes!: string[];

  @Column('varchar', { length: 255, default: '' })
  motto!: string;

  /** As its owner confirmed it. */
  @Column('varchar', { length: 254, nullable: true })
  email!: string | null;
}

declare module 'nestjs-latchkey' {
  interface Register {
    user: User;
  }
}
