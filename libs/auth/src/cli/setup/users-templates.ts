// The user source that is generated, for each place where users may be kept.

/** A file to make. */
export interface NewFile {
  readonly path: string;
  readonly text: string;
}

/** What the templates of users are filled with. */
export interface UsersParts {
  readonly folder: string;
  readonly extension: '.js' | '';
  /** The class that is a PrismaClient, and where it is, seen from the folder. */
  readonly prisma?: { readonly name: string; readonly from: string } | undefined;
}

const CREDENTIALS = `  override async verifyCredentials({ username, password }: SignInCredentials) {
    const account = await this.find(username);
    // Hashes whether there is an account or not, so that the time of the answer does not tell.
    const { matches } = await this.passwords.verify(account?.passwordHash, password);
    return matches ? account : undefined;
  }
`;

const DESCRIPTION = `  override describe({ id, active, passwordVersion }: Account): UserDescription {
    // A new password counts passwordVersion up: whatever was issued before ends.
    return { id, active, stamp: String(passwordVersion), scopes: [] };
  }
`;

const IN_MEMORY = `import { randomUUID } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { UserSource, type SignInCredentials, type Subject, type UserDescription } from 'nestjs-latchkey';
import { Passwords } from 'nestjs-latchkey/passwords';

export interface Account {
  id: string;
  username: string;
  passwordHash: string;
  passwordVersion: number;
  active: boolean;
}

/**
 * TODO: keep accounts in your database, delete onModuleInit() with its demo user, and then delete developmentOnly: while it is here, the
 * application refuses to start with NODE_ENV=production.
 */
@Injectable()
export class UsersService extends UserSource<Account> implements OnModuleInit {
  override readonly developmentOnly = 'accounts are in memory, and one has a known password';

  private readonly accounts = new Map<string, Account>();
  private readonly passwords = new Passwords();

  async onModuleInit() {
    if (process.env.NODE_ENV === 'production') return;
    await this.register('ada', 'correct horse battery staple');
  }

  async register(username: string, password: string): Promise<Account> {
    const passwordHash = await this.passwords.hash(password);
    const account = { id: randomUUID(), username, passwordHash, passwordVersion: 1, active: true };
    this.accounts.set(username, account);
    return account;
  }

  override async findBySubject({ id }: Subject) {
    return [...this.accounts.values()].find((account) => account.id === id);
  }

${DESCRIPTION}
${CREDENTIALS}
  private async find(username: string): Promise<Account | undefined> {
    return this.accounts.get(username);
  }
}
`;

const ENTITY = `import { Column, Entity, PrimaryColumn } from 'typeorm';

// Its migration makes the table, and nothing else changes it.
@Entity('accounts', { synchronize: false })
export class Account {
  @PrimaryColumn('varchar', { length: 36 })
  id!: string;

  @Column('varchar', { length: 255, unique: true })
  username!: string;

  @Column('varchar', { name: 'password_hash', length: 255 })
  passwordHash!: string;

  /** Goes up with every change of the password: what was issued before ends. */
  @Column('int', { name: 'password_version', default: 1 })
  passwordVersion!: number;

  /** An account that is not active is refused everywhere. */
  @Column('boolean', { default: true })
  active!: boolean;
}
`;

const MIGRATION = `import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';

export class CreateAccounts1764547200000 implements MigrationInterface {
  // Spelt out, because a bundler that shortens class names would make TypeORM run it again.
  readonly name = 'CreateAccounts1764547200000';

  async up(queryRunner: QueryRunner): Promise<void> {
    // Fails if there is a table of that name, which would be another one.
    await queryRunner.createTable(
      new Table({
        name: 'accounts',
        columns: [
          { name: 'id', type: 'varchar', length: '36', isPrimary: true },
          { name: 'username', type: 'varchar', length: '255', isUnique: true },
          { name: 'password_hash', type: 'varchar', length: '255' },
          { name: 'password_version', type: 'int', default: 1 },
          { name: 'active', type: 'boolean', default: true },
        ],
      }),
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable('accounts');
  }
}
`;

const IN_TYPEORM = `import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { UserSource, type SignInCredentials, type Subject, type UserDescription } from 'nestjs-latchkey';
import { Passwords } from 'nestjs-latchkey/passwords';
import { Repository } from 'typeorm';
import { Account } from './account.entity$extension';

@Injectable()
export class UsersService extends UserSource<Account> {
  private readonly passwords = new Passwords();

  constructor(@InjectRepository(Account) private readonly accounts: Repository<Account>) {
    super();
  }

  async register(username: string, password: string): Promise<Account> {
    const passwordHash = await this.passwords.hash(password);
    const account = { id: randomUUID(), username, passwordHash, passwordVersion: 1, active: true };
    await this.accounts.insert(account);
    return account;
  }

  override findBySubject({ id }: Subject) {
    return this.accounts.findOneBy({ id });
  }

${DESCRIPTION}
${CREDENTIALS}
  private find(username: string): Promise<Account | null> {
    return this.accounts.findOneBy({ username });
  }
}
`;

const IN_PRISMA = `import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { UserSource, type SignInCredentials, type Subject, type UserDescription } from 'nestjs-latchkey';
import { Passwords } from 'nestjs-latchkey/passwords';
import { $client } from '$from';

/** As the model Account of the schema says. */
export interface Account {
  id: string;
  username: string;
  passwordHash: string;
  passwordVersion: number;
  active: boolean;
}

@Injectable()
export class UsersService extends UserSource<Account> {
  private readonly passwords = new Passwords();

  constructor(private readonly prisma: $client) {
    super();
  }

  async register(username: string, password: string): Promise<Account> {
    const passwordHash = await this.passwords.hash(password);
    return this.prisma.account.create({ data: { id: randomUUID(), username, passwordHash } });
  }

  override async findBySubject({ id }: Subject) {
    return this.prisma.account.findUnique({ where: { id } });
  }

${DESCRIPTION}
${CREDENTIALS}
  private async find(username: string): Promise<Account | null> {
    return this.prisma.account.findUnique({ where: { username } });
  }
}
`;

/** Accounts in memory, with one to try things out. Production refuses them. */
export function memoryUsers({ folder }: UsersParts): readonly NewFile[] {
  return [{ path: `${folder}/users.service.ts`, text: IN_MEMORY }];
}

/** Accounts in a table of TypeORM, with the migration that makes it. */
export function typeOrmUsers(parts: UsersParts): readonly NewFile[] {
  const { folder } = parts;
  return [
    { path: `${folder}/account.entity.ts`, text: ENTITY },
    { path: `${folder}/create-accounts.migration.ts`, text: MIGRATION },
    { path: `${folder}/users.service.ts`, text: filled(IN_TYPEORM, parts) },
  ];
}

/** Accounts in a model of Prisma. */
export function prismaUsers(parts: UsersParts): readonly NewFile[] {
  return [{ path: `${parts.folder}/users.service.ts`, text: filled(IN_PRISMA, parts) }];
}

/** A template with what the project has: `$extension`, and `$client` from `$from`, the class of Prisma. */
export function filled(template: string, { extension, prisma }: UsersParts): string {
  const { name = 'PrismaService', from = '../prisma.service' } = prisma ?? {};
  return template.replaceAll('$extension', extension).replaceAll('$client', name).replaceAll('$from', from);
}

/** The model of an account, beside those of the stores. */
export const ACCOUNT_MODEL = `model Account {
  id              String  @id
  username        String  @unique
  passwordHash    String  @map("password_hash")
  passwordVersion Int     @default(1) @map("password_version")
  active          Boolean @default(true)

  @@map("accounts")
}`;
