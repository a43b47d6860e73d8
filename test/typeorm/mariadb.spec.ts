import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { SystemClock } from 'nestjs-latchkey';
import { hasMariaDb, startMariaDb } from '../support/mariadb.js';
import type { Server } from '../support/database-server.js';
import { requireOrSkip } from '../support/skips.js';
import { checkReady } from '../support/store-suite.js';
import { openDataSource, storesOf, testTypeOrmStores } from '../support/typeorm-suite.js';

requireOrSkip('mariadb-server', hasMariaDb())('TypeORM stores on MariaDB', () => {
  let server: (Server & { readonly url: string }) | undefined;
  beforeAll(async () => {
    server = await startMariaDb();
  }, 120_000);
  afterAll(() => server?.stop());

  testTypeOrmStores(() => ({ type: 'mariadb', url: server?.url ?? '', poolSize: 10 }));

  it('is not ready if ids are stored as text, which MariaDB compares without case', async () => {
    const dataSource = await openDataSource({ type: 'mariadb', url: server?.url ?? '' });
    try {
      const stores = await storesOf(dataSource, new SystemClock());
      await expect(checkReady(stores)).resolves.toBeUndefined();
      await dataSource.query('ALTER TABLE latchkey_logins MODIFY sid varchar(255) NOT NULL');
      await expect(checkReady(stores)).rejects.toThrow('latchkey_logins.sid');
    } finally {
      await dataSource.destroy();
    }
  });
});
