// One application with refresh tokens on a PostgreSQL, in a process of its own: started by refreshes.js, which asks how much
// processor time it has used.
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuthModule, TokenService, UserSource } from 'nestjs-latchkey';
import { tokenController } from 'nestjs-latchkey/controllers';
import { pgDatabase, sqlSchema, sqlStores } from 'nestjs-latchkey/sql';
import { latchkeyEntities, latchkeyMigrations, typeOrmStores } from 'nestjs-latchkey/typeorm';
import { Pool } from 'pg';

const [url = '', through = 'typeorm'] = process.argv.slice(2);

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

const POOL = 10;

function typeOrm() {
  const database = TypeOrmModule.forRoot({
    type: 'postgres',
    url,
    poolSize: POOL,
    entities: [...latchkeyEntities],
    migrations: [...latchkeyMigrations],
    migrationsRun: true,
  });
  return { imports: [database], stores: typeOrmStores() };
}

/** The same server, in tables of its own. */
async function pg() {
  const place = { prefix: 'pg_' };
  const database = pgDatabase(new Pool({ connectionString: url, max: POOL }));
  for (const statement of sqlSchema({ dialect: 'postgres', ...place })) await database.execute(statement, []);
  return { imports: [], stores: sqlStores({ database, ...place }) };
}

const { imports, stores } = await (through === 'pg' ? pg() : typeOrm());
const auth = AuthModule.forRoot({
  users: AccountResolver,
  stores,
  controllers: [tokenController()],
  // On a busy host the store is slow, not down.
  revocation: { timeout: '1s' },
});
const app = await NestFactory.create(
  { module: Application, imports: [...imports, auth], providers: [AccountResolver] },
  new FastifyAdapter(),
  { logger: ['error'] },
);
await app.listen(0, '127.0.0.1');
const tokens = app.get(TokenService);

/** One refresh token for each of so many logins; a few at once, because it is not what is measured. */
const signIn = async (/** @type {number} */ count) => {
  /** @type {string[]} */
  const held = [];
  while (held.length < count) {
    const some = Array.from({ length: Math.min(16, count - held.length) }, (_, at) =>
      tokens.issue(/** @type {User} */ ({ id: `user-${held.length + at}` })),
    );
    for (const { refreshToken } of await Promise.all(some)) held.push(refreshToken);
  }
  return held;
};

process.on('message', (/** @type {'cpu' | 'stop' | { signIn: number }} */ message) => {
  const { user, system } = process.cpuUsage();
  if (message === 'cpu') process.send?.({ microseconds: user + system });
  else if (message === 'stop') void app.close().then(() => process.disconnect());
  else void signIn(message.signIn).then((held) => process.send?.({ held }));
});
process.send?.({ url: await app.getUrl() });
