// A sign-in that met a conflict is retried within the time of the call.
import { generateKeyPairSync } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import { SystemClock } from 'nestjs-latchkey';
import type { Login, Stores } from 'nestjs-latchkey/stores';
import type { DataSource, QueryRunner } from 'typeorm';
import { MemoryLoginStore, MemoryBlocklistStore } from '../../../libs/auth/src/core/stores/memory-stores.js';
import { startInstance } from '../../support/login-model-harness.js';
import { openDataSource, storesOf } from '../../support/typeorm-suite.js';

const { privateKey: keys } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

class ContendedStore extends MemoryLoginStore {
  opened = 0;

  constructor(
    private readonly failures: number,
    private readonly error: object,
  ) {
    super();
  }

  override async open(login: Login): Promise<void> {
    this.opened += 1;
    if (this.opened <= this.failures) throw Object.assign(new Error('others were in the way'), this.error);
    await super.open(login);
  }
}

let close: (() => Promise<void>) | undefined;
afterEach(() => close?.());

async function issuing(stores: Stores) {
  const started = await startInstance({ stores, clock: new SystemClock(), keys });
  close = started.close;
  return started.instance.tokens;
}

describe('a sign-in under contention', () => {
  it.each([
    ['a unique violation on PostgreSQL', { code: '23505' }],
    ['a unique violation on MariaDB, as TypeORM wraps it', { driverError: { code: 'ER_DUP_ENTRY' } }],
    ['a unique violation on SQLite', { code: 'SQLITE_CONSTRAINT_PRIMARYKEY' }],
    ['a deadlock on PostgreSQL', { code: '40P01' }],
    ['a deadlock on MariaDB', { code: 'ER_LOCK_DEADLOCK' }],
  ])('succeeds after %s, and can be refreshed', async (_, error) => {
    const logins = new ContendedStore(2, error);
    const tokens = await issuing({ logins, revocations: new MemoryBlocklistStore() });
    const pair = await tokens.issue('ada');
    expect(logins.opened).toBe(3);
    await expect(tokens.refresh(pair.refreshToken)).resolves.toBeDefined();
  });

  it('is unavailable if the third attempt fails too, or if another error occurred', async () => {
    for (const [failures, code, opened] of [[3, '23505', 3] as const, [1, 'ECONNREFUSED', 1] as const]) {
      const logins = new ContendedStore(failures, { code });
      const tokens = await issuing({ logins, revocations: new MemoryBlocklistStore() });
      await expect(tokens.issue('ada')).rejects.toMatchObject({ code: 'store_unavailable' });
      expect(logins.opened).toBe(opened);
      await close?.();
    }
  });

  it('is the stored one if the response to the first attempt was lost, on a real database', async () => {
    const dataSource = await openDataSource({ type: 'better-sqlite3', database: ':memory:' });
    const asked = insertingTwice(dataSource);
    const tokens = await issuing(await storesOf(dataSource, new SystemClock()));
    const pair = await tokens.issue('ada');
    expect(asked()).toBe(2);
    await expect(tokens.refresh(pair.refreshToken)).resolves.toBeDefined();
    await close?.();
    close = undefined;
    await dataSource.destroy();
  });
});

/** Sends each new login twice, as a proxy does that lost a response. */
function insertingTwice(dataSource: DataSource): () => number {
  let inserts = 0;
  // TypeORM has one runner for SQLite.
  const wrapped = new WeakSet<QueryRunner>();
  const create = dataSource.createQueryRunner.bind(dataSource);
  dataSource.createQueryRunner = (mode) => {
    const runner: QueryRunner = create(mode);
    if (wrapped.has(runner)) return runner;
    wrapped.add(runner);
    const query = runner.query.bind(runner);
    runner.query = async (sql: string, values?: unknown[], structured?: boolean) => {
      const isInsert = sql.startsWith('INSERT INTO "latchkey_logins"');
      if (isInsert) {
        inserts += 1;
        await query(sql, values, true);
        inserts += 1;
      }
      return structured === true ? query(sql, values, true) : query(sql, values);
    };
    return runner;
  };
  return () => inserts;
}
