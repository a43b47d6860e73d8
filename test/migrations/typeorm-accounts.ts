// The rows of the application on TypeORM and SQLite.
import { Global, Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { latchkeyEntities, latchkeyMigrations } from 'nestjs-latchkey/typeorm';
import { DataSource, EntitySchema, type DataSourceOptions } from 'typeorm';
import { Accounts, Mailbox, Secrets, type Account, type AccountKey, type Session } from './application.js';

type Row<T> = { -readonly [Name in keyof T]: T[Name] };

const AccountEntity = new EntitySchema<Row<Account>>({
  name: 'Account',
  columns: {
    id: { type: 'integer', primary: true, generated: true },
    email: { type: 'varchar', unique: true },
    passwordHash: { type: 'varchar', nullable: true },
    role: { type: 'varchar' },
    confirmed: { type: 'boolean' },
    socialId: { type: 'varchar', nullable: true, unique: true },
  },
});

const SessionEntity = new EntitySchema<Row<Session>>({
  name: 'Session',
  columns: {
    id: { type: 'integer', primary: true, generated: true },
    accountId: { type: 'integer' },
    hash: { type: 'varchar' },
  },
});

class TypeOrmAccounts extends Accounts {
  constructor(private readonly dataSource: DataSource) {
    super();
  }

  private get rows() {
    return this.dataSource.getRepository(AccountEntity);
  }

  private get sessions() {
    return this.dataSource.getRepository(SessionEntity);
  }

  override find(where: AccountKey) {
    return this.rows.findOneBy(where);
  }
  override list() {
    return this.rows.find();
  }
  override create(row: Omit<Account, 'id'>) {
    return this.rows.save({ ...row } as Row<Account>);
  }
  override update(id: number, change: Partial<Omit<Account, 'id'>>) {
    return this.rows.update({ id }, change);
  }
  override findSession(id: number) {
    return this.sessions.findOneBy({ id });
  }
  override createSession(row: Omit<Session, 'id'>) {
    return this.sessions.save({ ...row } as Row<Session>);
  }
  override updateSession(id: number, hash: string) {
    return this.sessions.update({ id }, { hash });
  }
  override async deleteSession(id: number) {
    return (await this.sessions.delete({ id })).affected ?? 0;
  }
}

@Global()
@Module({})
class TypeOrmDataModule {}

/** @param hasLibrary whether the DataSource has the tables of the library as well */
export function typeOrmData(file: string, secrets: Secrets, hasLibrary: boolean): DynamicModule {
  const options: DataSourceOptions = {
    type: 'better-sqlite3',
    database: file,
    entities: [AccountEntity, SessionEntity, ...(hasLibrary ? latchkeyEntities : [])],
    migrations: hasLibrary ? [...latchkeyMigrations] : [],
    migrationsRun: true,
    synchronize: true,
  };
  return {
    module: TypeOrmDataModule,
    imports: [TypeOrmModule.forRoot(options)],
    providers: [
      { provide: Accounts, inject: [DataSource], useFactory: (source: DataSource) => new TypeOrmAccounts(source) },
      { provide: Secrets, useValue: secrets },
      Mailbox,
    ],
    exports: [Accounts, Secrets, Mailbox],
  };
}
