// One of several processes: the built package on shared stores, without HTTP. It executes the calls of its parent and returns their results.
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuthModule, LoginService, TokenService } from 'nestjs-latchkey';
import { keysFromDirectory } from 'nestjs-latchkey/keys';
import { redisStores } from 'nestjs-latchkey/redis';
import { latchkeyEntities, latchkeyMigrations, typeOrmStores } from 'nestjs-latchkey/typeorm';
import { createClient } from 'redis';

/** @typedef {{ database: string, keys: string, freshness: 'every-request' | { withinMs: number } }} Options */
/** @typedef {{ id: number, does: string, values: string[] }} Call */

const ISSUER = 'https://accounts.test';
/** @type {Options} */
const { database, keys, freshness } = JSON.parse(process.argv[2] ?? '');

async function redis() {
  const client = createClient({ url: database });
  client.on('error', () => {});
  return { imports: [], stores: redisStores({ client: await client.connect() }) };
}

function postgres() {
  const source = TypeOrmModule.forRoot({
    type: 'postgres',
    url: database,
    entities: [...latchkeyEntities],
    migrations: [...latchkeyMigrations],
  });
  return { imports: [source], stores: typeOrmStores() };
}

const { imports, stores } = database.startsWith('redis:') ? await redis() : postgres();
class Machine {}
const auth = AuthModule.forRoot({
  issuer: ISSUER,
  audience: 'accounts',
  keys: keysFromDirectory(keys, { createIfMissing: true }),
  stores,
  // Many processes share two cores here: a slow store is not down.
  revocation: { freshness, timeout: '1s' },
});
const application = await NestFactory.createApplicationContext(
  { module: Machine, imports: [...imports, auth] },
  { logger: false, abortOnError: false },
);
const tokens = application.get(TokenService);
const logins = application.get(LoginService);

/** @type {Record<string, (...values: string[]) => Promise<unknown>>} */
const deeds = {
  issue: (subject) => tokens.issue(/** @type {string} */ (subject)),
  refresh: (token) => tokens.refresh(/** @type {string} */ (token)),
  verify: async (token) => (await tokens.verify(/** @type {string} */ (token), { kind: 'access' })).sid,
  revoke: (token) => tokens.revoke(/** @type {string} */ (token)),
  end: (subject, sid) => logins.end(subjectOf(subject), /** @type {string} */ (sid)),
  endAll: (subject) => logins.endAll(subjectOf(subject)),
};

/** @param {string | undefined} id */
function subjectOf(id) {
  return { issuer: ISSUER, id: id ?? '' };
}

process.on('message', (/** @type {Call} */ { id, does, values }) => {
  void Promise.resolve(deeds[does]?.(...values)).then(
    (value) => process.send?.({ id, code: 'accepted', value }),
    (/** @type {{ code?: string }} */ error) => process.send?.({ id, code: error.code ?? String(error) }),
  );
});
process.on('disconnect', () => process.exit());
process.send?.('ready');
