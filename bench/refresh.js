// Measures refreshes over HTTP on a PostgreSQL: `node bench/refresh.js postgres://... [seconds]`, after `npm run build`. Every client
// chains the token that it was given, as clients do. The server is a process of its own.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuthModule, TokenService, UserSource } from 'nestjs-latchkey';
import { tokenController } from 'nestjs-latchkey/controllers';
import { latchkeyEntities, latchkeyMigrations, typeOrmStores } from 'nestjs-latchkey/typeorm';

const [, , url = '', seconds = '10'] = process.argv;
const CLIENTS = 16;

/** @typedef {import('nestjs-latchkey').AuthUser} User */

class Users extends UserSource {
  /**
   * @override
   * @param {{ id: string }} subject
   */
  async findBySubject({ id }) {
    return /** @type {User} */ (/** @type {unknown} */ ({ id }));
  }

  /**
   * @override
   * @param {User} user
   */
  describe(user) {
    const { id } = /** @type {{ id: string }} */ (/** @type {unknown} */ (user));
    return { id, active: true };
  }

  /** @override */
  async verifyCredentials() {
    return undefined;
  }
}

async function serve() {
  class Application {}
  const database = TypeOrmModule.forRoot({
    type: 'postgres',
    url,
    poolSize: 10,
    entities: [...latchkeyEntities],
    migrations: [...latchkeyMigrations],
    migrationsRun: true,
  });
  const auth = AuthModule.forRoot({
    users: Users,
    stores: typeOrmStores(),
    controllers: [tokenController()],
    // A busy machine is slow, not down.
    revocation: { timeout: '1s' },
  });
  const app = await NestFactory.create(
    { module: Application, imports: [database, auth], providers: [Users] },
    new FastifyAdapter(),
    { logger: ['error'] },
  );
  await app.listen(0, '127.0.0.1');
  const tokens = app.get(TokenService);
  const first = [];
  for (let at = 0; at < CLIENTS; at += 1)
    first.push((await tokens.issue(/** @type {any} */ ({ id: `user-${at}` }))).refreshToken);
  process.on('message', () => process.send?.(process.cpuUsage()));
  process.send?.({ address: await app.getUrl(), first });
}

async function measure() {
  const server = fork(import.meta.filename, [url], { env: { ...process.env, LATCHKEY_BENCH_SERVER: '1' } });
  const [{ address, first }] = await once(server, 'message');
  let done = 0;
  const over = new AbortController();
  const client = async (/** @type {string} */ token) => {
    let held = token;
    while (!over.signal.aborted) {
      const answer = await fetch(`${address}/auth/token/refresh`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ refresh_token: held }),
      });
      if (answer.status !== 200) throw new Error(`A refresh answered ${answer.status}: ${await answer.text()}`);
      held = /** @type {{ refresh_token: string }} */ (await answer.json()).refresh_token;
      done += 1;
    }
  };
  const running = first.map(client);
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const used = async () => {
    server.send('cpu');
    const [{ user, system }] = await once(server, 'message');
    return user + system;
  };
  const [warm, startedMs, before] = [done, performance.now(), await used()];
  await new Promise((resolve) => setTimeout(resolve, Number(seconds) * 1_000));
  const rate = (done - warm) / ((performance.now() - startedMs) / 1_000);
  const each = ((await used()) - before) / (done - warm);
  over.abort();
  await Promise.all(running);
  process.stdout.write(
    `${rate.toFixed(0)} refreshes/s over HTTP, ${CLIENTS} clients; target at least 600\n${each.toFixed(0)} microseconds of the server's processor each\n`,
  );
  server.kill();
}

await (process.env['LATCHKEY_BENCH_SERVER'] === '1' ? serve() : measure());
