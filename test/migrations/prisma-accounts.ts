// The rows of the application on Prisma and SQLite.
import { Global, Module, type DynamicModule } from '@nestjs/common';
import type { PrismaLike } from 'nestjs-latchkey/sql';
import { Accounts, Mailbox, Secrets, type Account, type AccountKey, type Session } from './application.js';

/** The models of the application. Those of the library stand beside them. */
export const MODELS = `
  model Account {
    id           Int     @id @default(autoincrement())
    email        String  @unique
    passwordHash String?
    role         String
    confirmed    Boolean
    socialId     String? @unique
  }
  model Session {
    id        Int    @id @default(autoincrement())
    accountId Int
    hash      String
  }
`;

/** What `prisma migrate` makes of them. */
const TABLES = [
  `CREATE TABLE "Account" ("id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "email" TEXT NOT NULL UNIQUE, "passwordHash" TEXT,
    "role" TEXT NOT NULL, "confirmed" BOOLEAN NOT NULL, "socialId" TEXT UNIQUE)`,
  `CREATE TABLE "Session" ("id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "accountId" INTEGER NOT NULL, "hash" TEXT NOT NULL)`,
];

interface Delegate<Row extends { readonly id: number }> {
  findUnique(query: { where: object }): Promise<Row | null>;
  findMany(): Promise<Row[]>;
  create(query: { data: Omit<Row, 'id'> }): Promise<Row>;
  update(query: { where: object; data: Partial<Omit<Row, 'id'>> }): Promise<Row>;
  deleteMany(query: { where: object }): Promise<{ count: number }>;
}

/** What the application uses of its generated client. */
export interface AccountsClient extends PrismaLike {
  readonly account: Delegate<Account>;
  readonly session: Delegate<Session>;
  $disconnect(): Promise<void>;
}

export async function makeAccountTables(client: PrismaLike): Promise<void> {
  for (const statement of TABLES) await client.$executeRawUnsafe(statement);
}

class PrismaAccounts extends Accounts {
  constructor(private readonly client: AccountsClient) {
    super();
  }

  override find(where: AccountKey) {
    return this.client.account.findUnique({ where });
  }
  override list() {
    return this.client.account.findMany();
  }
  override create(data: Omit<Account, 'id'>) {
    return this.client.account.create({ data });
  }
  override update(id: number, data: Partial<Omit<Account, 'id'>>) {
    return this.client.account.update({ where: { id }, data });
  }
  override findSession(id: number) {
    return this.client.session.findUnique({ where: { id } });
  }
  override createSession(data: Omit<Session, 'id'>) {
    return this.client.session.create({ data });
  }
  override updateSession(id: number, hash: string) {
    return this.client.session.update({ where: { id }, data: { hash } });
  }
  override async deleteSession(id: number) {
    return (await this.client.session.deleteMany({ where: { id } })).count;
  }
}

@Global()
@Module({})
class PrismaDataModule {}

export function prismaData(client: AccountsClient, secrets: Secrets): DynamicModule {
  return {
    module: PrismaDataModule,
    providers: [
      { provide: Accounts, useValue: new PrismaAccounts(client) },
      { provide: Secrets, useValue: secrets },
      Mailbox,
    ],
    exports: [Accounts, Secrets, Mailbox],
  };
}
