import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SystemClock } from 'nestjs-latchkey';
import type { Login, Stores } from 'nestjs-latchkey/stores';
import { LoginEntity, RevocationEntity } from 'nestjs-latchkey/typeorm';
import { QueryFailedError, type DataSource } from 'typeorm';
import { openDataSource, storesOf } from '../support/typeorm-suite.js';

const NOW = 1_900_000_000;

const login: Login = {
  issuer: 'https://issuer.example',
  sid: 'sid-1',
  subject: 'user-1',
  currentJti: 'jti-0',
  currentIssuedAt: NOW,
  currentExpiresAt: NOW + 3_600,
  createdAt: NOW,
  lastUsedAt: NOW,
  absoluteExpiresAt: NOW + 3_600,
};
const rotation = {
  issuer: login.issuer,
  sid: login.sid,
  from: 'jti-0',
  to: { jti: 'jti-1', issuedAt: NOW, expiresAt: NOW + 3_600 },
  nowMs: NOW * 1_000,
  graceMs: 10_000,
};
const entry = { kind: 'token', issuer: login.issuer, id: 'jti-0', revokedAt: NOW, expiresAt: NOW + 60 } as const;

describe('TypeORM stores', () => {
  let dataSource: DataSource;
  let stores: Stores;

  beforeEach(async () => {
    dataSource = await openDataSource({ type: 'better-sqlite3', database: ':memory:' });
    stores = await storesOf(dataSource, new SystemClock());
    await stores.logins.open(login);
    await stores.revocations.add(entry);
  });

  afterEach(() => dataSource.destroy());

  it.each(['40001', '40P01', 'ER_LOCK_DEADLOCK', 'ER_CHECKREAD', 'SQLITE_BUSY'])(
    'retry up to three times if the database reports %s, and decide once',
    async (code) => {
      const asked = failing(dataSource, { code, times: 3 });
      expect((await stores.logins.rotate(rotation)).outcome).toBe('rotated');
      expect(asked()).toBe(4);
    },
  );

  it('give up after the third retry, and leave the live token as it was', async () => {
    const asked = failing(dataSource, { code: '40001', times: 4 });
    await expect(stores.logins.rotate(rotation)).rejects.toThrow();
    expect(asked()).toBe(4);
    expect((await stores.logins.rotate(rotation)).outcome).toBe('rotated');
  });

  it('do not retry other failures', async () => {
    const asked = failing(dataSource, { code: 'ECONNRESET', times: 1 });
    await expect(stores.logins.rotate(rotation)).rejects.toThrow();
    expect(asked()).toBe(1);
  });

  it('query the primary alone, for reading too', async () => {
    const modes: unknown[] = [];
    const create = dataSource.createQueryRunner.bind(dataSource);
    dataSource.createQueryRunner = (mode) => {
      modes.push(mode);
      return create(mode);
    };
    await stores.logins.rotate(rotation);
    await stores.logins.find(login.issuer, login.sid);
    await stores.revocations.find({ issuer: login.issuer, subject: 'user-1', jti: 'jti-0' });
    expect(new Set(modes)).toEqual(new Set(['master']));
  });

  it.each([
    ['current_expires_at', `'2026-11-23T00:00:00Z'`],
    ['current_expires_at', `''`],
    ['current_expires_at', `1.5`],
    ['rotated_at_ms', `'soon'`],
  ])('are unavailable if %s of a login holds %s', async (column, value) => {
    await dataSource.query(`UPDATE latchkey_logins SET ${column} = ${value}`);
    await expect(stores.logins.find(login.issuer, login.sid)).rejects.toThrow(column);
  });

  it('are unavailable if an entry of the blocklist holds invalid data', async () => {
    await dataSource.query(`UPDATE latchkey_revocations SET revoked_at = 'soon'`);
    await expect(stores.revocations.find({ issuer: login.issuer, subject: 'user-1', jti: 'jti-0' })).rejects.toThrow(
      'revoked_at',
    );
  });

  it('refuse an id that is not a string before it is in any SQL', async () => {
    const asked = failing(dataSource, { code: 'none', times: 0 });
    const object = JSON.parse('{"id":1}');
    await expect(stores.logins.find(login.issuer, object)).rejects.toThrow(TypeError);
    await expect(stores.logins.rotate({ ...rotation, from: object })).rejects.toThrow(TypeError);
    await expect(stores.revocations.add({ ...entry, id: object })).rejects.toThrow(TypeError);
    await expect(stores.revocations.find({ issuer: 'i', subject: object })).rejects.toThrow(TypeError);
    expect(asked()).toBe(0);
  });

  it('can be read by an application as entities, with numbers as numbers', async () => {
    const [row] = await dataSource.getRepository(LoginEntity).find();
    expect(row).toMatchObject({ ...login, previousJti: null, rotatedAtMs: null, label: null });
    const [revocation] = await dataSource.getRepository(RevocationEntity).find();
    expect(revocation).toMatchObject({ ...entry, exceptSid: null, reason: null });
  });
});

/** Makes the next statements fail as a driver would. Returns how many were executed since. SQLite has one query runner only. */
function failing(dataSource: DataSource, { code, times }: { code: string; times: number }): () => number {
  let asked = 0;
  const runner = dataSource.createQueryRunner();
  const query = runner.query.bind(runner);
  Object.assign(runner, {
    query: async (...args: Parameters<typeof query>) => {
      asked += 1;
      if (asked > times) return query(...args);
      throw new QueryFailedError('', [], Object.assign(new Error('as a driver fails'), { code }));
    },
  });
  return () => asked;
}
