// One application with refresh tokens on a PostgreSQL, in a process of its own: started by refreshes.js, which asks how much
// processor time it has used.
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuthModule, TokenService, UserSource } from 'nestjs-latchkey';
import { tokenController } from 'nestjs-latchkey/controllers';
import { latchkeyEntities, latchkeyMigrations, typeOrmStores } from 'nestjs-latchkey/typeorm';

const [url = ''] = process.argv.slice(2);

/** @typedef {import('nestjs-latchkey').AuthUser & { id: string }} User */

class AccountResolver extends UserSource {
  /**
   * @override
   * @param {{ id: string }} subject
   */
  async findBySubject({ id }) {
    return /** @type {User} */ ({ id });
  }

  /**
   * @override
   * @param {import('nestjs-latchkey').AuthUser} user
   */
  describe(user) {
    return { id: /** @type {User} */ (user).id, active: true };
  }

  /** @override */
  async verifyCredentials() {
    return undefined;
  }
}

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
  users: AccountResolver,
  stores: typeOrmStores(),
  controllers: [tokenController()],
  // A busy machine is slow, not down.
  revocation: { timeout: '1s' },
});
const app = await NestFactory.create(
  { module: Application, imports: [database, auth], providers: [AccountResolver] },
  new FastifyAdapter(),
  { logger: ['error'] },
);
await app.listen(0, '127.0.0.1');
const tokens = app.get(TokenService);

/** One refresh token for each of so many sign-ins. */
const signIn = (/** @type {number} */ count) =>
  Promise.all(
    Array.from(
      { length: count },
      async (_, at) => (await tokens.issue(/** @type {User} */ ({ id: `user-${at}` }))).refreshToken,
    ),
  );

process.on('message', (/** @type {'cpu' | 'stop' | { signIn: number }} */ message) => {
  const { user, system } = process.cpuUsage();
  if (message === 'cpu') process.send?.({ microseconds: user + system });
  else if (message === 'stop') void app.close().then(() => process.disconnect());
  else void signIn(message.signIn).then((held) => process.send?.({ held }));
});
process.send?.({ url: await app.getUrl() });
