// What TypeORM stores are put through on each database, beyond what all stores are.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SystemClock, type Clock } from 'nestjs-latchkey';
import type { Login, LoginStore, Stores } from 'nestjs-latchkey/stores';
import {
  AuditEntity,
  LoginEntity,
  KeySetEntity,
  latchkeyEntities,
  latchkeyMigrations,
  RememberReplacedTokens1764417600000,
  TypeOrmAuditSink,
  TypeOrmKeySetCache,
  typeOrmStores,
} from 'nestjs-latchkey/typeorm';
import { auditSinkContract, FixedClock, keySetCacheContract } from 'nestjs-latchkey/testing';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { temporaryFolder } from './database-server.js';
import { checkReady, testStores } from './store-suite.js';

const NOW = 1_900_000_000;
const DAY = 86_400;
const login: Login = {
  issuer: 'i',
  sid: 'sid-1',
  subject: 'user-1',
  currentJti: 'jti-0',
  currentIssuedAt: NOW,
  currentExpiresAt: NOW + 100,
  createdAt: NOW,
  lastUsedAt: NOW,
  absoluteExpiresAt: NOW + 1_000,
};

async function refreshTwentyTimes(logins: LoginStore, sid: string): Promise<void> {
  for (let at = 1; at <= 20; at += 1) {
    const to = { jti: `jti-${at}`, issuedAt: NOW + at, expiresAt: NOW + at + 100 };
    const rotation = { issuer: 'i', sid, from: `jti-${at - 1}`, to, nowMs: (NOW + at) * 1_000, graceMs: 0 };
    expect((await logins.rotate(rotation)).outcome).toBe('rotated');
  }
}

export async function openDataSource(options: DataSourceOptions): Promise<DataSource> {
  const dataSource = await new DataSource({
    ...options,
    entities: [...latchkeyEntities],
    migrations: [...latchkeyMigrations],
  }).initialize();
  await dataSource.runMigrations();
  return dataSource;
}

/** Runs everything on one database. `options` is asked once the server is there. */
export function testTypeOrmStores(options: () => DataSourceOptions, histories?: number): void {
  let dataSource: DataSource;
  beforeAll(async () => {
    dataSource = await openDataSource(options());
  }, 60_000);
  afterAll(() => dataSource?.destroy());

  const freshStores = async (clock: Clock): Promise<Stores> => {
    for (const entity of latchkeyEntities) await dataSource.getRepository(entity.options.name).clear();
    return storesOf(dataSource, clock);
  };
  testStores(freshStores, (clock) => storesOf(dataSource, clock), histories);

  it('keeps one row for each login, however often it is refreshed', async () => {
    const { logins } = await freshStores(new SystemClock());
    const sids = ['sid-1', 'sid-2', 'sid-3'];
    for (const sid of sids) await logins.open({ ...login, sid });
    for (const sid of sids) await refreshTwentyTimes(logins, sid);
    const rows = await dataSource.getRepository(LoginEntity).find();
    expect(Array.from(rows, ({ sid, currentJti }) => `${sid} ${currentJti}`).toSorted()).toEqual([
      'sid-1 jti-20',
      'sid-2 jti-20',
      'sid-3 jti-20',
    ]);
  });

  it('migrates logins of tables without replaced tokens', async () => {
    const { logins } = await freshStores(new SystemClock());
    const runner = dataSource.createQueryRunner();
    await new RememberReplacedTokens1764417600000().down(runner);
    // As the version before left a sign-in that was refreshed a second ago.
    await dataSource.query(
      `INSERT INTO latchkey_logins (issuer, sid, subject, current_jti, current_issued_at, current_expires_at, previous_jti,
         rotated_at_ms, created_at, last_used_at, absolute_expires_at)
       VALUES ('i', 'old', 'user-1', 'jti-1', ${NOW}, ${NOW + 100}, 'jti-0', ${Date.now() - 1_000}, ${NOW}, ${NOW}, ${NOW + 1_000})`,
    );
    await new RememberReplacedTokens1764417600000().up(runner);
    // A second time it changes nothing.
    await new RememberReplacedTokens1764417600000().up(runner);
    await runner.release();
    const present = async (from: string) => {
      const to = { jti: `after ${from}`, issuedAt: NOW, expiresAt: NOW + 100 };
      const told = await logins.rotate({ issuer: 'i', sid: 'old', from, to, nowMs: NOW * 1_000, graceMs: 60_000 });
      return `${told.outcome} ${'login' in told ? told.login.currentJti : ''}`;
    };
    expect(await present('jti-0')).toBe('retry jti-1');
    expect(await present('jti-1')).toBe('rotated after jti-1');
    expect(await present('jti-0')).toBe('retry after jti-1');
  });

  it('deletes expired rows a day later, by the clock of the database and of the caller', async () => {
    const clock = new FixedClock(new Date(NOW * 1_000));
    const { logins, revocations } = await freshStores(clock);
    const entry = { kind: 'token', issuer: 'i', id: 'jti-0', revokedAt: NOW, expiresAt: NOW + 100 } as const;
    await logins.open(login);
    await revocations.add(entry);
    const prune = async (now: number) => [await logins.prune(now), await revocations.prune(now)];
    clock.advance(100 + DAY - 1);
    expect(await prune(NOW + 100 + 2 * DAY)).toEqual([0, 0]);
    clock.advance(1);
    expect(await prune(NOW + 100 + DAY - 1)).toEqual([0, 0]);
    expect(await prune(NOW + 100 + DAY)).toEqual([1, 1]);
  });

  it.each([
    ['a_', 'b_'],
    ['accounts_of_the_northern_region_in_winter_', 'accounts_of_the_northern_region_in_summer_'],
  ])('migrate two applications in one schema, with the prefixes %s and %s', async (...prefixes) => {
    const file = join(temporaryFolder('prefixes'), 'database');
    const target = options().type === 'better-sqlite3' ? { database: file } : {};
    const opened: DataSource[] = [];
    for (const entityPrefix of prefixes) {
      const own = { entityPrefix, migrationsTableName: `${entityPrefix}migrations` };
      const source = await openDataSource({ ...options(), ...target, ...own } as DataSourceOptions);
      opened.push(source);
      const { logins } = await storesOf(source, new SystemClock());
      await checkReady(await storesOf(source, new SystemClock()));
      await new TypeOrmAuditSink(source).checkReady();
      await new TypeOrmKeySetCache(source).checkReady();
      await logins.open(login);
      await refreshTwentyTimes(logins, 'sid-1');
    }
    // What one application takes away, the other still has.
    for (const _ of latchkeyMigrations) await opened[0]?.undoLastMigration();
    for (const source of opened.slice(1)) await checkReady(await storesOf(source, new SystemClock()));
    for (const _ of latchkeyMigrations) await opened[1]?.undoLastMigration();
    for (const source of opened) await source.destroy();
  });

  it('report that an application with a prefix needs a table of its own for migrations', async () => {
    const entityPrefix = 'late_';
    const source = await new DataSource({ ...options(), entityPrefix, entities: [...latchkeyEntities] }).initialize();
    await expect(checkReady(await storesOf(source, new SystemClock()))).rejects.toThrow('migrationsTableName');
    await source.destroy();
  });

  describe('the contract of audit sinks', () => {
    for (const { name, run } of auditSinkContract)
      it(name, () =>
        run(async () => {
          await dataSource.getRepository(AuditEntity).clear();
          return new TypeOrmAuditSink(dataSource);
        }),
      );
  });

  describe('the contract of shared key sets', () => {
    for (const { name, run } of keySetCacheContract)
      it(name, () =>
        run(async () => {
          await dataSource.getRepository(KeySetEntity).clear();
          return new TypeOrmKeySetCache(dataSource);
        }),
      );
  });
}

export function storesOf(dataSource: DataSource, clock: Clock): Stores | Promise<Stores> {
  return typeOrmStores().useFactory(clock, dataSource);
}
