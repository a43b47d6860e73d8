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

  /** Goes up with every change of the password: what was issued before ends. */
  @Column('int', { default: 1 })
  version!: number;

  @Column('simple-array')
  roles!: string[];

  @Column('simple-array')
  scopes!: string[];

  @Column('varchar', { length: 255, default: '' })
  motto!: string;
}

declare module 'nestjs-latchkey' {
  interface Register {
    user: User;
  }
}
