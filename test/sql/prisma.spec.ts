import { expect, it } from '@jest/globals';
import { PrismaBetterSqlite3 } from '@prisma/adapter-better-sqlite3';
import { PrismaMariaDb } from '@prisma/adapter-mariadb';
import { PrismaPg } from '@prisma/adapter-pg';
import { SystemClock } from 'nestjs-latchkey';
import { joinTransaction, prismaDatabase, sqlStores } from 'nestjs-latchkey/sql';
import { temporaryFolder } from '../support/database-server.js';
import { generatePrisma, installPrisma } from '../support/prisma.js';
import { readText } from '../support/repository.js';
import { requireOrSkip } from '../support/skips.js';
import { testOnMariaDb, testOnPostgres } from '../support/sql-servers.js';
import { loginOf, makeTables, sqlStoresOn, testSqlStores } from '../support/sql-suite.js';

const FEW = { histories: 10 };
const folder = installPrisma();
const modelsOf = (dialect: string) => readText(`libs/auth/schema/${dialect}.prisma`);

requireOrSkip('the prisma package of npm', folder !== undefined)('Prisma', () => {
  testOnPostgres(
    'SQL stores on Prisma and PostgreSQL',
    (connectionString) => {
      const open = generatePrisma(folder ?? '', 'postgresql', modelsOf('postgres'));
      const prisma = open(new PrismaPg({ connectionString }));
      return { database: prismaDatabase(prisma, { dialect: 'postgres' }), close: () => prisma.$disconnect() };
    },
    FEW,
  );

  testOnMariaDb(
    'SQL stores on Prisma and MariaDB',
    (url) => {
      const open = generatePrisma(folder ?? '', 'mysql', modelsOf('mysql'));
      const prisma = open(new PrismaMariaDb(url.replace('mysql:', 'mariadb:')));
      return { database: prismaDatabase(prisma, { dialect: 'mysql' }), close: () => prisma.$disconnect() };
    },
    FEW,
  );

  requireOrSkip('nothing', true)('SQL stores on Prisma and SQLite', () => {
    const open = () => generatePrisma(folder ?? '', 'sqlite', modelsOf('sqlite'));
    testSqlStores(async () => {
      const prisma = open()(new PrismaBetterSqlite3({ url: ':memory:' }));
      return { database: prismaDatabase(prisma, { dialect: 'sqlite' }), close: () => prisma.$disconnect() };
    }, FEW);

    it('writes a login with an interactive transaction, and takes it back with it', async () => {
      const prisma = open()(new PrismaBetterSqlite3({ url: `file:${temporaryFolder('prisma')}/database` }));
      const database = prismaDatabase(prisma, { dialect: 'sqlite' });
      await makeTables(database);
      const { logins } = sqlStoresOn(database);
      const inTransaction = (sid: string, after: () => void) =>
        prisma.$transaction((tx) =>
          joinTransaction(database, prismaDatabase(tx, { dialect: 'sqlite' }), async () => {
            await logins.open(loginOf(sid));
            after();
          }),
        );
      const failed = inTransaction('sid-1', () => {
        throw new Error('rolled back');
      });
      await expect(failed).rejects.toThrow('rolled back');
      expect(await logins.find('i', 'sid-1')).toBeUndefined();
      await inTransaction('sid-2', () => {});
      expect((await logins.find('i', 'sid-2'))?.sid).toBe('sid-2');
      await prisma.$disconnect();
    });

    it('lets an application read its rows through the models of the shipped schema', async () => {
      const prisma = open()(new PrismaBetterSqlite3({ url: ':memory:' }));
      const database = prismaDatabase(prisma, { dialect: 'sqlite' });
      await makeTables(database);
      const stores = await sqlStores({ database }).useFactory(new SystemClock());
      await stores.logins.open(loginOf('sid-1'));
      const { currentExpiresAt, ...login } = loginOf('sid-1');
      const expected = { sid: login.sid, subject: login.subject, currentExpiresAt: BigInt(currentExpiresAt) };
      expect(await prisma.latchkeyLogin.findMany()).toMatchObject([expected]);
      await prisma.$disconnect();
    });
  });
});
