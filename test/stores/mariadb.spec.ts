import { afterAll, beforeAll } from '@jest/globals';
import { hasMariaDb, startMariaDb } from '../support/mariadb.js';
import type { Server } from '../support/server.js';
import { requireOrSkip } from '../support/skips.js';
import { testTypeOrmStores } from '../support/type-orm-suite.js';

requireOrSkip('mariadb-server', hasMariaDb())('TypeORM stores on MariaDB', () => {
  let server: (Server & { readonly url: string }) | undefined;
  beforeAll(async () => {
    server = await startMariaDb();
  }, 120_000);
  afterAll(() => server?.stop());

  testTypeOrmStores(() => ({ type: 'mariadb', url: server?.url ?? '', poolSize: 10 }));
});
