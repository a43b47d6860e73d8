// What SQL stores are put through on each database and through each adapter.
import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SystemClock, type Clock } from 'nestjs-latchkey';
import type { Login, Stores } from 'nestjs-latchkey/stores';
import {
  SqlKeySetCache,
  sqlAuditSink,
  sqlSchema,
  sqlStores,
  type OpenPgListener,
  type SqlDatabase,
  type PushOptions,
  type SqlPlace,
} from 'nestjs-latchkey/sql';
import { auditSinkContract, keySetCacheContract } from 'nestjs-latchkey/testing';
import { testOneUse } from './one-use-suite.js';
import { checkReady, testStores } from './store-suite.js';

/** A database of a test, and how it is closed. */
export interface OpenedDatabase {
  readonly database: SqlDatabase;
  readonly listen?: OpenPgListener;
  close(): Promise<void> | void;
}

export interface SqlSuiteOptions extends SqlPlace {
  /** How many random histories. */
  readonly histories?: number;
  /** Whether whole applications use up what can be used once, too. One adapter of each database does. @defaultValue false */
  readonly oneUse?: boolean;
}

const NOW = 1_900_000_000;
const TABLES = ['revocations', 'logins', 'key_sets', 'audit', 'one_time'] as const;
const ROUNDS = process.env['LATCHKEY_SOAK'] === '1' ? 10_000 : 20;

/** A login that was opened just now, by the sid. */
export const loginOf = (sid: string, more: Partial<Login> = {}): Login => ({
  issuer: 'i',
  sid,
  subject: 'user-1',
  currentJti: 'jti-0',
  currentIssuedAt: NOW,
  currentExpiresAt: NOW + 100,
  createdAt: NOW,
  lastUsedAt: NOW,
  absoluteExpiresAt: NOW + 1_000,
  ...more,
});

/** Runs every statement of the schema. */
export async function makeTables(database: SqlDatabase, place: SqlPlace = {}): Promise<void> {
  for (const statement of sqlSchema({ dialect: database.dialect, ...place })) await database.execute(statement, []);
}

export function sqlStoresOn(
  database: SqlDatabase,
  place: SqlPlace & PushOptions = {},
  clock: Clock = new SystemClock(),
): Stores {
  return sqlStores({ database, ...place }).useFactory(clock) as Stores;
}

/** Runs everything on one database, which is opened once its server is there. */
export function testSqlStores(open: () => Promise<OpenedDatabase>, options: SqlSuiteOptions = {}): void {
  const { histories, oneUse = false, ...place } = options;
  let opened: OpenedDatabase;
  beforeAll(async () => {
    opened = await open();
    await makeTables(opened.database, place);
    // A second time it changes nothing.
    await makeTables(opened.database, place);
  }, 120_000);
  afterAll(() => opened?.close());

  const empty = async (): Promise<SqlDatabase> => {
    for (const table of TABLES) await opened.database.execute(`DELETE FROM ${place.prefix ?? ''}latchkey_${table}`, []);
    return opened.database;
  };
  const joinedStores = (clock: Clock): Stores =>
    sqlStoresOn(opened.database, { ...place, listen: opened.listen }, clock);
  const freshStores = async (clock: Clock): Promise<Stores> => {
    await empty();
    return joinedStores(clock);
  };
  testStores(freshStores, joinedStores, histories);
  if (oneUse) testOneUse(freshStores, joinedStores);

  it('is ready once the printed statements ran', async () => {
    const database = await empty();
    await expect(checkReady(joinedStores(new SystemClock()))).resolves.toBeUndefined();
    await expect(new SqlKeySetCache(database, place).checkReady()).resolves.toBeUndefined();
  });

  it('has one winner of each race of eight, and the other seven are given its token', async () => {
    const { logins } = await freshStores(new SystemClock());
    for (let round = 0; round < ROUNDS; round += 1) await race(logins, `race-${round}`);
  }, 3_600_000);

  it('binds every value, whatever is in it', async () => {
    const { logins, revocations } = await freshStores(new SystemClock());
    for (const odd of [`'; DROP TABLE x; --`, '\\', `\\' OR 1=1 -- `, '?', ':now', '$1', '"`', '%s', 'ß😀']) {
      await logins.open(loginOf(odd, { subject: odd, label: odd }));
      expect(await logins.find('i', odd)).toMatchObject({ sid: odd, subject: odd, label: odd });
      await revocations.add({ kind: 'token', issuer: 'i', id: odd, revokedAt: 1, expiresAt: 9_999_999_999 });
      expect(await revocations.find({ issuer: 'i', jti: odd, subject: 'other' })).toBe('token');
    }
  });

  it('compares ids exactly: case, accents and trailing spaces', async () => {
    const { logins } = await freshStores(new SystemClock());
    const ids = ['id', 'ID', 'id ', 'íd', 'i\u0301d', 'Id'];
    for (const sid of ids) await logins.open(loginOf(sid, { subject: sid }));
    for (const sid of ids) {
      expect((await logins.find('i', sid))?.sid).toBe(sid);
      expect((await logins.list({ issuer: 'i', id: sid }, NOW)).map((login) => login.sid)).toEqual([sid]);
    }
  });

  describe('the contract of audit sinks', () => {
    for (const { name, run } of auditSinkContract)
      it(name, () => run(async () => sqlAuditSink({ database: await empty(), ...place }).useFactory()));
  });

  describe('the contract of shared key sets', () => {
    for (const { name, run } of keySetCacheContract)
      it(name, () => run(async () => new SqlKeySetCache(await empty(), place)));
  });
}

async function race(logins: Stores['logins'], sid: string): Promise<void> {
  await logins.open(loginOf(sid));
  const rivals = Array.from({ length: 8 }, async (_, rival) => {
    if (randomInt(2) === 0) await new Promise((resolve) => setTimeout(resolve, randomInt(3)));
    const to = { jti: `${sid}/${rival}`, issuedAt: NOW, expiresAt: NOW + 100 };
    return logins.rotate({ issuer: 'i', sid, from: 'jti-0', to, nowMs: NOW * 1_000, graceMs: 60_000 });
  });
  const told = await Promise.all(rivals);
  expect(told.map(({ outcome }) => outcome).toSorted()).toEqual([
    ...Array.from({ length: 7 }, () => 'retry'),
    'rotated',
  ]);
  const live = (await logins.find('i', sid))?.currentJti;
  expect(new Set(told.map((each) => ('login' in each ? each.login.currentJti : '')))).toEqual(new Set([live]));
}
